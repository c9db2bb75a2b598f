//! The members that tell of a body. Text in UTF-8 is written at once. Work (content-codings, charsets, base64)
//! is not done on the capture thread: the bytes stand in the line as they are, with a note of what they are, until
//! `finish` writes the members in their place. So do bodies in which a name of `redactBody` may stand.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::grpc_messages::RawGrpc;
use super::json::{push_string, push_string_within, push_utf8, push_utf8_within};
use crate::content::{self, Charset, Coding, Content, Converted};
use crate::message::{Fields, HttpMessage, KnownName};
use crate::redact::{Extent, Kind, Nothing, Redacted, Redactor};

/// A text may take this much more in its line than twice its bytes, which is what quotes and line breaks take. Only control
/// characters take more: six times.
const ESCAPE_ALLOWANCE_BYTES: usize = 256 << 10;

/// That so few bytes are ASCII is known sooner than that they are UTF-8, and no escapes make them too long.
const SHORT_BYTES: usize = 64;

pub(super) const TRUNCATED: &[u8] = b",\"bodyTruncated\":true";

/// How much the text of a body of so many bytes may take in its line.
pub const fn max_written_bytes(body_bytes: usize) -> usize {
    body_bytes.saturating_mul(2).saturating_add(ESCAPE_ALLOWANCE_BYTES)
}

/// A body in a line that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody {
    /// Where its bytes stand.
    pub at: Range<usize>,
    /// As they were applied.
    pub codings: Vec<Coding>,
    pub(crate) charset: Option<Charset>,
    /// If it is one of gRPC.
    pub grpc: Option<Box<RawGrpc>>,
    /// Bytes are missing, and the line says so.
    pub cut: bool,
    /// Values in it may have to be replaced.
    pub(crate) unredacted: Option<Unredacted>,
}

/// The facts that decide how a body is redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unredacted {
    kind: Kind,
    /// It has a content-coding that is not removed.
    is_coded: bool,
}

/// How a body was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// An end had to be left out.
    pub too_long: bool,
    pub redacted: Option<Extent>,
}

impl RawBody {
    /// Data of a message inside a stream.
    pub(super) fn of_message(at: Range<usize>, grpc: Box<RawGrpc>, cut: bool) -> Self {
        Self { at, codings: Vec::new(), charset: None, grpc: Some(grpc), cut, unredacted: None }
    }

    /// The same in a line that begins so many bytes later.
    #[must_use]
    pub fn moved(self, bytes: usize) -> Self {
        let grpc = self.grpc.map(|mut grpc| {
            grpc.at += bytes;
            grpc
        });
        Self { at: self.at.start + bytes..self.at.end + bytes, grpc, ..self }
    }

    /// Appends the members for these bytes, or for their `content` where they were decoded. Each text takes at most `max_bytes`
    /// as it is written, in base64 too.
    pub fn push_members(
        &self,
        out: &mut Vec<u8>,
        bytes: &[u8],
        content: Option<&Content<'_>>,
        Showing { base64, max_bytes, redactor, holds_hidden }: Showing<'_>,
    ) -> Written {
        let (shown, cut) = content.map_or((bytes, self.cut), |content| (&*content.bytes, self.cut || content.cut));
        let mut converted = self.charset.and_then(|charset| content::convert(shown, cut, charset));
        let text = || match &converted {
            Some(converted) => Some(converted.text.as_str()),
            None => content::utf8(shown, cut),
        };
        let redacted = match (redactor, &self.unredacted) {
            _ if holds_hidden => Some(Redacted::all()),
            (Some(redactor), Some(unredacted)) => {
                let left_coded = unredacted.is_coded || !self.codings.is_empty() && content.is_none();
                let in_bytes = || converted.is_some() && redactor.finds_in_bytes(shown, &unredacted.kind);
                let redacted = unredacted.redact(redactor, text(), shown, left_coded);
                redacted.or_else(|| in_bytes().then(Redacted::all))
            }
            _ => None,
        };
        let redacted = redacted.filter(|_| base64 || text().is_some());
        let shown = match (&redacted, &mut converted) {
            (None, _) => Some(shown),
            (Some(redacted), None) => Some(&*redacted.text),
            (Some(redacted), Some(converted)) => {
                converted.text = String::from_utf8_lossy(&redacted.text).into_owned();
                None // what is hidden in the text is in the bytes
            }
        };
        let mut too_long = false;
        match shown.map(|bytes| (bytes, content::utf8(bytes, cut))) {
            Some((_, Some(text))) => too_long |= push_member_within(out, b",\"body\":", text, max_bytes),
            Some((bytes, None)) if base64 => too_long |= push_base64(out, bytes, max_bytes),
            _ => push_binary(out),
        }
        if let Some(Converted { text, charset }) = converted {
            too_long |= push_member_within(out, b",\"bodyText\":", &text, max_bytes);
            push_member_string(out, b",\"bodyCharset\":", &charset);
        }
        let redacted = redacted.map(|redacted| redacted.extent);
        if let Some(extent) = redacted {
            push_member_string(out, b",\"bodyRedacted\":", extent.name());
        }
        if content.is_some() {
            let names: Vec<_> = self.codings.iter().map(|coding| coding.name()).collect();
            push_member_string(out, b",\"bodyDecoded\":", &names.join(", "));
        }
        if (cut || too_long) && !self.cut {
            out.extend_from_slice(TRUNCATED);
        }
        Written { too_long, redacted }
    }
}

/// How a body is shown.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    /// Where it is not UTF-8.
    pub base64: bool,
    pub max_bytes: usize,
    pub redactor: Option<&'a Redactor>,
    /// It is made of messages, and values in them are hidden.
    pub holds_hidden: bool,
}

impl Unredacted {
    /// Of a body that is shown as it is. `None` if it may have to be redacted; `text` returns what can be read of it.
    fn nothing_in<'a>(
        &self,
        redactor: &Redactor,
        body: &[u8],
        text: impl FnOnce() -> Option<&'a str>,
    ) -> Option<Nothing> {
        if self.is_coded && self.kind != Kind::Other {
            return None;
        }
        let nothing = redactor.nothing_in(body, &self.kind);
        if nothing.is_some_and(|nothing| nothing.is_ascii) || text().is_some() {
            return nothing;
        }
        let is_unread = self.is_coded || *self.kind.in_fact(body) != Kind::Other;
        (!is_unread).then_some(Nothing { is_ascii: false })
    }

    /// `None` where nothing is to be hidden. `text` is what can be read of the `bytes`.
    fn redact(&self, redactor: &Redactor, text: Option<&str>, bytes: &[u8], left_coded: bool) -> Option<Redacted> {
        match (text, &self.kind) {
            // With any type JSON may stand under the coding; text was not coded in fact.
            (None, _) if left_coded => Some(Redacted::all()),
            (_, kind) if left_coded && *kind != Kind::Other => Some(Redacted::all()),
            (Some(text), kind) => redactor.redact(text.as_bytes(), kind),
            // Its parts may be files.
            (None, kind @ Kind::Multipart { .. }) => redactor.redact(bytes, kind),
            (None, kind) => (*kind.in_fact(bytes) != Kind::Other).then(Redacted::all),
        }
    }
}

/// Writes bodies as far as that is done at once.
#[derive(Debug, Default)]
pub struct BodyWriter {
    pub(super) decode: bool,
    pub(super) base64: bool,
    pub(super) redactor: Option<Redactor>,
    /// Bodies with a content-coding that cannot be removed.
    pub unknown_codings: u64,
    /// Bodies of text that were cut since they hold too many characters that need an escape.
    pub cut: u64,
}

impl BodyWriter {
    /// To be called right after the fields of the head were written.
    /// Says too if bytes are missing in the line.
    pub(super) fn push(&mut self, out: &mut Vec<u8>, message: &HttpMessage<'_>) -> (Option<RawBody>, bool) {
        let mut cut = message.is_truncated();
        if message.body.is_empty() {
            out.extend_from_slice(b",\"body\":\"\"");
            return (None, cut);
        }
        let raw = self.push_body_or_bytes(out, message, &mut cut);
        (raw, cut)
    }

    #[inline(never)]
    fn push_body_or_bytes(&mut self, out: &mut Vec<u8>, message: &HttpMessage<'_>, cut: &mut bool) -> Option<RawBody> {
        let (mut codings, mut charset, mut grpc, mut is_coded) = (Vec::new(), None, None, false);
        if self.decode {
            (codings, is_coded) = self.codings(message).map_or((Vec::new(), true), |codings| (codings, false));
            charset = declared_charset(message);
        }
        if let Some(carried) = message.extras.and_then(|extras| extras.grpc.as_ref())
            && (!carried.is_coded || !codings.is_empty())
        {
            let kind = self.redactor.as_ref().map_or(Kind::Other, |_| kind_of(message));
            grpc = Some(RawGrpc::of(carried, message, kind));
        }
        let may_be_text = charset.is_none_or(|charset| charset.is_ascii_compatible());
        let is_cut = *cut;
        let text = LazyCell::new(|| content::utf8(message.body, is_cut));
        let (mut unredacted, mut is_ascii) = (None, false);
        if let Some(redactor) = &self.redactor {
            is_coded |= !self.decode && values(&CONTENT_ENCODING, message.fields()).next().is_some();
            is_coded |= values(&TRANSFER_ENCODING, message.fields()).any(|value| has_transfer_coding(&value));
            let kind = Unredacted { kind: kind_of(message), is_coded };
            let is_plain = codings.is_empty() && may_be_text;
            let nothing = is_plain.then(|| kind.nothing_in(redactor, message.body, || *text)).flatten();
            is_ascii = nothing.is_some_and(|nothing| nothing.is_ascii);
            unredacted = nothing.is_none().then_some(kind);
        }
        if codings.is_empty() && grpc.is_none() && unredacted.is_none() {
            if may_be_text && message.body.len() <= SHORT_BYTES && message.body.is_ascii() {
                out.extend_from_slice(b",\"body\":");
                push_utf8(out, message.body);
                return None;
            }
            let text = if is_ascii { Some(message.body) } else { text.map(str::as_bytes) };
            match text {
                Some(text) if may_be_text => {
                    out.extend_from_slice(b",\"body\":");
                    if push_utf8_within(out, text, max_written_bytes(text.len())) {
                        self.cut += 1;
                        *cut = true;
                    }
                    return None;
                }
                None if charset.is_none() && !self.base64 => {
                    push_binary(out);
                    return None;
                }
                _ => {}
            }
        }
        let start = out.len();
        out.extend_from_slice(message.body);
        Some(RawBody { at: start..out.len(), codings, charset, grpc, cut: *cut, unredacted })
    }

    /// `None` if a coding is not known.
    fn codings(&mut self, message: &HttpMessage<'_>) -> Option<Vec<Coding>> {
        let mut codings = Vec::new();
        for value in values(&CONTENT_ENCODING, message.fields()) {
            if content::add_codings(&value, &mut codings).is_err() {
                self.unknown_codings += 1;
                return None;
            }
        }
        Some(codings)
    }
}

/// The kind that a `Content-Type` field of the message names; there should be only one such field. Fields that were not seen may
/// be one, but for what is known to be gRPC.
fn kind_of(message: &HttpMessage<'_>) -> Kind {
    let mut kinds = values(&CONTENT_TYPE, message.fields()).map(|value| Kind::of(&value)).peekable();
    let may_be_unseen = message.extras.is_some_and(|extras| extras.unknown_headers.is_some() && extras.grpc.is_none());
    let other = if may_be_unseen && kinds.peek().is_none() { Kind::Unknown } else { Kind::Other };
    kinds.find(|kind| *kind != Kind::Other).unwrap_or(other)
}

fn declared_charset(message: &HttpMessage<'_>) -> Option<Charset> {
    content::charset_of(&values(&CONTENT_TYPE, message.fields()).next()?)
}

static CONTENT_ENCODING: KnownName = KnownName::new(b"content-encoding");
static CONTENT_TYPE: KnownName = KnownName::new(b"content-type");
static TRANSFER_ENCODING: KnownName = KnownName::new(b"transfer-encoding");

/// Another transfer coding than those that are removed: a compression (RFC 9112 §7.2).
fn has_transfer_coding(value: &[u8]) -> bool {
    let mut codings = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    codings.any(|coding| ![&b""[..], b"chunked", b"identity"].iter().any(|known| coding.eq_ignore_ascii_case(known)))
}

fn values<'a>(name: &'static KnownName, Fields { lines, bytes }: Fields<'a>) -> impl Iterator<Item = Cow<'a, [u8]>> {
    lines.named(name, bytes).map(|field| field.value(bytes))
}

fn push_member_within(out: &mut Vec<u8>, start: &[u8], text: &str, max_bytes: usize) -> bool {
    out.extend_from_slice(start);
    push_string_within(out, text, max_bytes)
}

fn push_member_string(out: &mut Vec<u8>, start: &[u8], text: &str) {
    out.extend_from_slice(start);
    push_string(out, text);
}

fn push_binary(out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"bodyEncoding\":\"binary\"");
}

/// Says whether the end had to be left out.
fn push_base64(out: &mut Vec<u8>, bytes: &[u8], max_bytes: usize) -> bool {
    let kept = bytes.get(..max_bytes / 4 * 3).unwrap_or(bytes);
    let (cut, bytes) = (kept.len() < bytes.len(), kept);
    out.extend_from_slice(b",\"body\":\"");
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    let written = BASE64_STANDARD.encode_slice(bytes, out.get_mut(start..).unwrap_or_default());
    debug_assert!(written.is_ok(), "there is room for all of it");
    out.extend_from_slice(b"\",\"bodyEncoding\":\"base64\"");
    cut
}
