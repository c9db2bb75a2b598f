//! How long a message's body is (RFC 9112 §6.3), and what its head asks of the connection.

use super::malformed::Malformed;
use crate::message::{Field, Head, KnownName, StartLine, Switch, Version, is_token, trim_ows};
use crate::protocol::content_length::{CONTENT_LENGTH, content_length};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    NoBody,
    /// Length-delimited, of at least one byte.
    Length(u64),
    Chunked,
    CloseDelimited,
    /// By that length or by the close, as what follows shows: `Transfer-Encoding: identity` stands beside the length.
    LengthOrClose(u64),
}

/// The request that a response answers, as far as it bears on framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Head,
    Connect,
    Other,
}

impl Asked {
    pub fn by(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

const FRAMING_NAMES: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];

static TRANSFER_ENCODING: KnownName = KnownName::new(b"transfer-encoding");
static UPGRADE: KnownName = KnownName::new(b"upgrade");
static CONNECTION: KnownName = KnownName::new(b"connection");

#[derive(Default)]
struct FramingFields {
    length: Option<u64>,
    /// There is a Transfer-Encoding; whether its last coding is chunked.
    coded: Option<bool>,
    /// The only coding is `identity`, which RFC 2616 §3.6 had and RFC 9112 §7 has no more.
    identity: bool,
}

pub(super) fn of_request(head: &Head, bytes: &[u8]) -> Result<(Framing, Option<Switch>), Malformed> {
    if head.fields.iter().any(|field| is_smuggled(field, bytes)) {
        return Err(Malformed::FramingField);
    }
    let fields = FramingFields::of(head, bytes)?;
    let framing = match (fields.coded, fields.length) {
        (Some(true), _) => Framing::Chunked,
        (Some(false), length) if fields.identity => Framing::LengthOrClose(length.unwrap_or(0)),
        // The length of such a request cannot be known (RFC 9112 §6.3 item 4).
        (Some(false), _) => return Err(Malformed::TransferEncoding),
        (None, None | Some(0)) => Framing::NoBody,
        (None, Some(length)) => Framing::Length(length),
    };
    let switch_asked = if head.method(bytes) == b"CONNECT" {
        Some(Switch::Tunnel)
    } else if asks_for_upgrade(head, bytes) {
        Some(Switch::named_in(head, bytes))
    } else {
        None
    };
    Ok((framing, switch_asked))
}

pub(super) fn of_response(head: &Head, bytes: &[u8], asked: Asked) -> Result<Framing, Malformed> {
    let StartLine::Status { code, .. } = head.start else { return Ok(Framing::NoBody) };
    if asked == Asked::Head || matches!(code, 100..=199 | 204 | 304) {
        return Ok(Framing::NoBody);
    }
    if asked == Asked::Connect && matches!(code, 200..=299) {
        return Ok(Framing::NoBody); // a tunnel follows (RFC 9110 §9.3.6)
    }
    let fields = FramingFields::of(head, bytes)?;
    Ok(match (fields.coded, fields.length) {
        (Some(true), _) => Framing::Chunked,
        (Some(false), Some(length)) if fields.identity => Framing::LengthOrClose(length),
        (Some(false), _) | (None, None) => Framing::CloseDelimited,
        (None, Some(0)) => Framing::NoBody,
        (None, Some(length)) => Framing::Length(length),
    })
}

/// A field that some servers take for a framing field and others do not: odd bytes beside its name, or a value over
/// several lines or with a CR or a NUL in it (RFC 9112 §5.1, §5.2, RFC 9110 §5.5: reject, or read what RFC 9112 §11.2 warns of).
fn is_smuggled(field: &Field, bytes: &[u8]) -> bool {
    let frames = |name: &[u8]| FRAMING_NAMES.iter().any(|framing| name.eq_ignore_ascii_case(framing));
    (field.odd_name || field.uneven) && field.name.of(bytes).split(|&b| !is_token(b)).any(frames)
}

/// Both are needed (RFC 9110 §7.8).
fn asks_for_upgrade(head: &Head, bytes: &[u8]) -> bool {
    let mut connections = head.fields.named(&CONNECTION, bytes);
    head.fields.named(&UPGRADE, bytes).next().is_some()
        && connections.any(|field| tokens(&field.value(bytes)).any(|option| option.eq_ignore_ascii_case(b"upgrade")))
}

/// The connection ends with this message (RFC 9112 §9.3).
pub(super) fn announces_close(head: &Head, bytes: &[u8]) -> bool {
    let options = |name: &[u8]| {
        let mut fields = head.fields.named(&CONNECTION, bytes);
        fields.any(|field| tokens(&field.value(bytes)).any(|option| option.eq_ignore_ascii_case(name)))
    };
    if head.version == Version::HTTP_1_0 { !options(b"keep-alive") } else { options(b"close") }
}

impl FramingFields {
    fn of(head: &Head, bytes: &[u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        if !head.fields.may_have(&CONTENT_LENGTH) && !head.fields.may_have(&TRANSFER_ENCODING) {
            return Ok(found);
        }
        for field in head.fields.iter() {
            if field.is(&CONTENT_LENGTH, bytes) {
                let length = content_length(&field.value(bytes)).ok_or(Malformed::ContentLength)?;
                if found.length.replace(length).is_some_and(|before| before != length) {
                    return Err(Malformed::ContentLength);
                }
            } else if field.is(&TRANSFER_ENCODING, bytes) {
                let value = field.value(bytes);
                let last = tokens(&value).last();
                found.identity = (found.coded.is_none() || found.identity)
                    && last.is_some()
                    && tokens(&value).all(|coding| coding.eq_ignore_ascii_case(b"identity"));
                found.coded = Some(last.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")));
            }
        }
        // RFC 9112 §6.1: in HTTP/1.0 a Transfer-Encoding is faulty framing; with a length beside it, who knows which counts.
        let in_doubt = found.coded.is_some() && !found.identity && found.length.is_some();
        if in_doubt && head.version == Version::HTTP_1_0 {
            return Err(Malformed::TransferEncoding);
        }
        Ok(found)
    }
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(trim_ows).filter(|token| !token.is_empty())
}
