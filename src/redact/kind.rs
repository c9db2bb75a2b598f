//! How a body is read for its members or fields: by its `Content-Type`, or since it begins as JSON does.

use memchr::memchr;

use super::json::{BYTE_ORDER_MARK, space_end};

/// Before a text of JSON in a sequence (RFC 7464).
const RECORD_SEPARATOR: &[u8] = b"\x1e";
/// Enough to tell JSON in UTF-32 by.
const WIDE_START_BYTES: usize = 32;

/// Where names and values stand, by a `Content-Type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    Multipart {
        boundary: Vec<u8>,
        /// Each part is a field with a name (RFC 7578).
        is_form: bool,
    },
    /// `text/event-stream`, whose events may be JSON.
    Events,
    /// The data of one event: JSON, or lines that may be.
    Lines,
    /// It may be any of these: the field that names its type was not seen.
    Unknown,
    /// Another type: it is read if it is JSON all the same.
    Other,
}

impl Kind {
    /// By the value of a `Content-Type`.
    pub fn of(content_type: &[u8]) -> Self {
        let end = memchr(b';', content_type).unwrap_or(content_type.len());
        let (essence, parameters) = content_type.split_at(end);
        let essence = essence.trim_ascii();
        let is = |known: &[u8]| essence.eq_ignore_ascii_case(known);
        // Some receivers read no further than to a comma or a space.
        let has = |known: &[u8]| essence.windows(known.len()).any(|part| part.eq_ignore_ascii_case(known));
        if has(b"json") {
            Self::Json
        } else if has(b"x-www-form-urlencoded") {
            Self::Form
        } else if is(b"text/event-stream") {
            Self::Events
        } else if essence.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/")) {
            Self::Multipart {
                boundary: parameter(parameters, b"boundary").unwrap_or_default(),
                is_form: is(b"multipart/form-data"),
            }
        } else {
            Self::Other
        }
    }

    /// The kind that a body of this kind has in fact: many clients send JSON as a form, many servers an error as JSON whatever
    /// was asked for, or say nothing of it.
    pub fn in_fact(&self, text: &[u8]) -> &Self {
        let may_be_json = matches!(self, Self::Form | Self::Events | Self::Lines | Self::Unknown | Self::Other);
        if may_be_json && (begins_as_json(text) || begins_as_wide_json(text)) { &Self::Json } else { self }
    }

    /// The kind that a text of an unknown type may be, by its first line. As a form it is read if it is no other.
    pub fn guessed(text: &[u8]) -> Self {
        let line = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii_start();
        let line = line.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        if let Some(boundary) = line.strip_prefix(b"--") {
            return Self::Multipart { boundary: boundary.trim_ascii_end().to_vec(), is_form: true };
        }
        let is_of_events = |field: &&[u8]| line.starts_with(field);
        let of_events = [&b"data:"[..], b"event:", b"id:", b"retry:", b":"];
        if of_events.iter().any(is_of_events) { Self::Events } else { Self::Form }
    }
}

/// An object, or an array with something that may be in one. Digits may stand right before it, as Socket.IO has them.
pub(super) fn begins_as_json(text: &[u8]) -> bool {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let text = text.strip_prefix(RECORD_SEPARATOR).unwrap_or(text);
    let next = |at: usize| {
        let at = space_end(text, at);
        (at, text.get(at))
    };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match if digits == 0 { next(0) } else { (digits, text.get(digits)) } {
        (at, Some(b'{')) => matches!(next(at + 1).1, None | Some(b'"' | b'}')),
        (at, Some(b'[')) => match next(at + 1) {
            (_, None | Some(b'{' | b'[' | b']' | b'"' | b'-' | b'0'..=b'9')) => true,
            (at, Some(_)) => begins_as_word(text.get(at..).unwrap_or_default()),
        },
        _ => false,
    }
}

/// A word that is a value, as far as the text goes.
fn begins_as_word(text: &[u8]) -> bool {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = text.get(..length).unwrap_or_default();
    let is_cut = length == text.len();
    [&b"null"[..], b"true", b"false"].iter().any(|known| *known == word || is_cut && known.starts_with(word))
}

/// The same in UTF-16 or UTF-32, of whose first characters half of the bytes and more are zeros (RFC 4627 §3).
fn begins_as_wide_json(text: &[u8]) -> bool {
    let start = text.get(..WIDE_START_BYTES).unwrap_or(text);
    if !start.contains(&0) {
        return false;
    }
    let start = without_zeros(start);
    let marked = [b"\xff\xfe", b"\xfe\xff"].iter().find_map(|mark| start.strip_prefix(*mark));
    begins_as_json(marked.unwrap_or(&start))
}

/// Text in UTF-16 or UTF-32 as if each character were a byte.
pub(super) fn without_zeros(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| *byte != 0).collect()
}

/// The value of a parameter (RFC 9110 §5.6.6), the first one of this name.
pub(super) fn parameter(parameters: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    all_parameters(parameters).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Names in lower case, and values without their quotes.
pub(super) fn all_parameters(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some(equals) = memchr(b'=', rest) {
        let (name, value) = rest.split_at(equals);
        let name = name.rsplit(|byte| *byte == b';').next().unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let (value, end) = match value.strip_prefix(b"\"") {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = memchr(b';', value).unwrap_or(value.len());
                let (value, rest) = value.split_at(end);
                (value.trim_ascii_end().to_vec(), rest)
            }
        };
        all.push((name.trim_ascii().to_ascii_lowercase(), value));
        rest = end;
    }
    all
}

/// A quoted string after its first quote, and what follows the last quote.
fn unquoted(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let (mut value, mut rest) = (Vec::new(), quoted);
    while let Some((byte, more)) = rest.split_first() {
        match (byte, more.split_first()) {
            (b'"', _) => return (value, more),
            (b'\\', Some((escaped, more))) => {
                value.push(*escaped);
                rest = more;
            }
            _ => {
                value.push(*byte);
                rest = more;
            }
        }
    }
    (value, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_content_types_say() {
        let multipart = |boundary: &str, is_form| Kind::Multipart { boundary: boundary.into(), is_form };
        for (text, kind) in [
            ("application/json", Kind::Json),
            (" Application/Problem+JSON ; charset=utf-8", Kind::Json),
            ("application/x-ndjson", Kind::Json),
            ("application/json-seq", Kind::Json),
            ("text/event-stream;charset=utf-8", Kind::Events),
            ("application/x-www-form-urlencoded", Kind::Form),
            ("Application/X-WWW-Form-URLencoded charset=utf-8", Kind::Form),
            ("application/x-www-form-urlencoded, text/plain", Kind::Form),
            ("multipart/form-data; boundary=abc", multipart("abc", true)),
            ("multipart/mixed; x=\"a;boundary=b\"; Boundary = \"a\\\"b c\"", multipart("a\"b c", false)),
            ("multipart/form-data", multipart("", true)),
            ("text/plain", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn what_a_text_of_an_unknown_type_may_be() {
        let multipart = Kind::Multipart { boundary: b"-x".to_vec(), is_form: true };
        for (text, kind) in [
            ("---x \r\na: b", multipart.clone()),
            ("\r\n---x", multipart),
            ("event: a\ndata: b", Kind::Events),
            ("\u{feff}: note\n", Kind::Events),
            ("a=b", Kind::Form),
            ("", Kind::Form),
        ] {
            assert_eq!(Kind::guessed(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn what_begins_as_json() {
        let wide = ["{\"", "[ nul", "[1"];
        for text in [
            "{\"a\"",
            " [ {",
            "\u{feff}{}",
            "\u{1e}{}",
            "[[1",
            "[-1",
            "[",
            "{ ",
            "[]",
            "[null",
            "[ true,",
            "[f",
            "42[\"a",
        ] {
            assert!(begins_as_json(text.as_bytes()), "{text}");
            assert_eq!(Kind::Events.in_fact(text.as_bytes()), &Kind::Json);
        }
        for text in ["a=b", "[info] x", "[nullable]", "[n]", "{a:1}", "", "\"{\"", "{{x}}", "<a>", "42", "4 ["] {
            assert!(!begins_as_json(text.as_bytes()), "{text}");
        }
        for text in wide {
            for text in [text.to_owned(), format!("\u{feff}{text}")] {
                let units = || text.encode_utf16();
                let chars = || text.chars().map(u32::from);
                for bytes in [
                    units().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
                    units().flat_map(u16::to_be_bytes).collect(),
                    chars().flat_map(u32::to_le_bytes).collect(),
                    chars().flat_map(u32::to_be_bytes).collect(),
                ] {
                    assert_eq!(Kind::Other.in_fact(&bytes), &Kind::Json, "{bytes:?}");
                }
            }
        }
        for bytes in [&b"a\0=\0b"[..], b"\0", b"\0[i", b"[\0i\0n\0"] {
            assert_eq!(Kind::Form.in_fact(bytes), &Kind::Form, "{bytes:?}");
        }
    }
}
