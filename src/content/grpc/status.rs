//! `grpc-status` and `grpc-message`.

use std::borrow::Cow;

use memchr::memchr;

/// By number: <https://github.com/grpc/grpc/blob/master/doc/statuscodes.md>.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The number in `grpc-status`; `None` if it is no number.
pub fn status_of(value: &[u8]) -> Option<u32> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

pub fn status_name(status: u32) -> Option<&'static str> {
    NAMES.get(usize::try_from(status).ok()?).copied()
}

/// The text of `grpc-message`: percent-encoded bytes are decoded, and what is not properly encoded stays as it is, as the
/// protocol wants it. Decoded bytes that are not UTF-8, such as the first half of a character, become U+FFFD: the rest is right.
pub fn message_text(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(b'%', value) else { return Cow::Borrowed(value) };
    let (plain, mut rest) = value.split_at(first);
    let mut text = Vec::with_capacity(value.len());
    text.extend_from_slice(plain);
    loop {
        match *rest {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                text.push(digit(high) << 4 | digit(low));
                rest = rest.get(3..).unwrap_or_default();
            }
            [byte, ..] => {
                text.push(byte);
                rest = rest.get(1..).unwrap_or_default();
            }
            [] => return Cow::Owned(String::from_utf8_lossy(&text).into_owned().into_bytes()),
        }
    }
}

fn digit(hex: u8) -> u8 {
    if hex.is_ascii_digit() { hex - b'0' } else { (hex | 0x20) - b'a' + 10 }
}
