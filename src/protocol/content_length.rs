//! The length of a body that its field says, the same in all versions of HTTP.

use crate::message::{Fields, KnownName, trim_ows};

pub(super) static CONTENT_LENGTH: KnownName = KnownName::new(b"content-length");

/// All of these Content-Lengths are that of a body of so many bytes; `None` if there are none.
pub(super) fn is_length_of(fields: Fields<'_>, bytes: u64) -> Option<bool> {
    let lengths = fields.lines.named(&CONTENT_LENGTH, fields.bytes);
    let is_right = lengths.map(|field| content_length(&field.value(fields.bytes)) == Some(bytes));
    is_right.reduce(|all, next| all && next)
}

/// A Content-Length; the same one several times in a list counts once (RFC 9112 §6.3 item 5). `None` if it is none.
pub(super) fn content_length(value: &[u8]) -> Option<u64> {
    /// So many digits always fit.
    const SIMPLE_DIGITS: usize = 19;
    if (1..=SIMPLE_DIGITS).contains(&value.len()) && value.iter().all(u8::is_ascii_digit) {
        return Some(value.iter().fold(0, |length, digit| length * 10 + u64::from(digit - b'0')));
    }
    let mut length = None;
    for item in value.split(|&b| b == b',').map(trim_ows) {
        let digits = item.iter().all(u8::is_ascii_digit).then_some(item)?;
        let item: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        if length.replace(item).is_some_and(|before| before != item) {
            return None;
        }
    }
    length
}
