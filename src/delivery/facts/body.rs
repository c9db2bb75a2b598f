//! Where the members of a body stand in a line. In: a line of the encoder. Out: their place, without the size. Refuses to know: what a
//! body is.
//!
//! The headers end before them and the size comes after them, and each value in between is a string or `true`. Within a string a quote
//! is escaped, so that the end of headers stands in no text before it.

use std::ops::Range;

use memchr::memchr2;
use memchr::memmem;

const FIRST: &[u8] = b"},\"body";
const SIZE: &[u8] = b",\"bodySize\":";
const MEMBER: &[u8] = b",\"body";

/// Empty if there are none, or other members stand between.
pub(super) fn members(line: &[u8]) -> Range<usize> {
    let Some(end_of_headers) = memmem::find(line, FIRST) else { return 0..0 };
    let start = end_of_headers + 1;
    let mut rest = line.get(start..).unwrap_or_default();
    while !rest.starts_with(SIZE) {
        match after_member(rest) {
            Some(after) => rest = after,
            None => return 0..0,
        }
    }
    start..line.len() - rest.len()
}

fn after_member(line: &[u8]) -> Option<&[u8]> {
    let value = after_string(line.strip_prefix(MEMBER)?)?.strip_prefix(b":")?;
    match value.strip_prefix(b"\"") {
        Some(text) => after_string(text),
        None => value.strip_prefix(b"true"),
    }
}

/// After the quote that ends it.
fn after_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let (end, rest) = text.split_at_checked(memchr2(b'"', b'\\', text)?)?.1.split_first()?;
        if *end == b'"' {
            return Some(rest);
        }
        text = rest.get(1..)?;
    }
}
