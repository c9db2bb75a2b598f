//! The members that tell of a body. Text in UTF-8 is written at once. What takes work (content-codings, charsets, base64)
//! is not done on the capture thread: the bytes stand in the line as they are, with a note of what they are, until
//! `finish` writes the members in their place.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Encoder;
use super::json::{push_number, push_string};
use crate::content::{self, Charset, Coding, Content, Converted};
use crate::http::{Fields, HttpMessage, KnownName};

/// A body in a line that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody {
    /// Where its bytes stand.
    pub at: Range<usize>,
    /// As they were applied.
    pub codings: Vec<Coding>,
    pub(crate) charset: Option<Charset>,
    /// Bytes are missing, and the line says so.
    pub cut: bool,
}

impl RawBody {
    /// The same in a line that begins so many bytes later.
    #[must_use]
    pub fn moved(self, bytes: usize) -> Self {
        Self { at: self.at.start + bytes..self.at.end + bytes, ..self }
    }

    /// Appends the members for these bytes, or for their `content` where they were decoded.
    pub fn push_members(&self, out: &mut Vec<u8>, bytes: &[u8], content: Option<&Content<'_>>, base64: bool) {
        let (shown, cut) = content.map_or((bytes, self.cut), |content| (&*content.bytes, self.cut || content.cut));
        match content::utf8(shown, cut) {
            Some(text) => push_member_string(out, b",\"body\":", text),
            None if base64 => push_base64(out, shown),
            None => push_binary(out),
        }
        if let Some(Converted { text, charset }) =
            self.charset.and_then(|charset| content::convert(shown, cut, charset))
        {
            push_member_string(out, b",\"bodyText\":", &text);
            push_member_string(out, b",\"bodyCharset\":", &charset);
        }
        if content.is_some() {
            let names: Vec<_> = self.codings.iter().map(|coding| coding.name()).collect();
            push_member_string(out, b",\"bodyDecoded\":", &names.join(", "));
        }
        if cut && !self.cut {
            out.extend_from_slice(b",\"bodyTruncated\":true");
        }
    }
}

impl Encoder {
    /// To be called right after the fields of the head were written.
    pub(super) fn push_body(&mut self, out: &mut Vec<u8>, message: &HttpMessage<'_>) -> Option<RawBody> {
        let raw = self.push_body_or_bytes(out, message);
        out.extend_from_slice(b",\"bodySize\":");
        push_number(out, message.body_bytes);
        raw
    }

    fn push_body_or_bytes(&mut self, out: &mut Vec<u8>, message: &HttpMessage<'_>) -> Option<RawBody> {
        let cut = message.is_truncated();
        let (mut codings, mut charset) = (Vec::new(), None);
        if self.decode_body && !message.body.is_empty() {
            codings = self.codings(message);
            charset = declared_charset(message);
        }
        if codings.is_empty() {
            match content::utf8(message.body, cut) {
                Some(text) if charset.is_none_or(|charset| charset.is_ascii_compatible()) => {
                    push_member_string(out, b",\"body\":", text);
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
        Some(RawBody { at: start..out.len(), codings, charset, cut })
    }

    /// None where there is one that is not known.
    fn codings(&mut self, message: &HttpMessage<'_>) -> Vec<Coding> {
        let mut codings = Vec::new();
        for value in values(&CONTENT_ENCODING, message.fields()) {
            if content::add_codings(&value, &mut codings).is_err() {
                self.unknown_codings += 1;
                return Vec::new();
            }
        }
        codings
    }
}

fn declared_charset(message: &HttpMessage<'_>) -> Option<Charset> {
    content::charset_of(&values(&CONTENT_TYPE, message.fields()).next()?)
}

static CONTENT_ENCODING: KnownName = KnownName::new(b"content-encoding");
static CONTENT_TYPE: KnownName = KnownName::new(b"content-type");

fn values<'a>(name: &KnownName, Fields { lines, bytes }: Fields<'a>) -> impl Iterator<Item = Cow<'a, [u8]>> {
    lines.iter().filter(|field| field.is(name, bytes)).map(|field| field.value(bytes))
}

fn push_member_string(out: &mut Vec<u8>, start: &[u8], text: &str) {
    out.extend_from_slice(start);
    push_string(out, text);
}

fn push_binary(out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"bodyEncoding\":\"binary\"");
}

fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b",\"body\":\"");
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    let written = BASE64_STANDARD.encode_slice(bytes, out.get_mut(start..).unwrap_or_default());
    debug_assert!(written.is_ok(), "there is room for all of it");
    out.extend_from_slice(b"\",\"bodyEncoding\":\"base64\"");
}
