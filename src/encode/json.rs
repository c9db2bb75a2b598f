//! JSON strings and numbers (RFC 8259 §6–7).
#![allow(clippy::indexing_slicing, reason = "tables of 256 entries, indexed by a byte")]

use std::borrow::Cow;

use super::escapes::ESCAPES;
use super::pieces::{push_pieces, put, put_short};
#[cfg(target_arch = "x86_64")]
use super::shuffle;
use crate::message::words::is_plain;

/// Appends bytes as a JSON string: UTF-8 as it is, anything else read as ISO 8859-1, as field values once were
/// (RFC 9110 §5.5).
pub(super) fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    if is_plain(bytes) {
        push_plain(out, bytes);
        return;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => push_string(out, text),
        Err(_) => push_string(out, &bytes.iter().map(|&b| char::from(b)).collect::<String>()),
    }
}

/// The same, in at most `max_bytes` with quotes and escapes: says whether the end had to be left out.
#[inline]
pub(super) fn push_text_within(out: &mut Vec<u8>, bytes: &[u8], max_bytes: usize) -> bool {
    let start = out.len();
    push_text(out, bytes);
    out.len() - start > max_bytes && cut_text(out, start, bytes, max_bytes)
}

#[cold]
fn cut_text(out: &mut Vec<u8>, start: usize, bytes: &[u8], max_bytes: usize) -> bool {
    out.truncate(start);
    let latin1 = || bytes.iter().map(|&b| char::from(b)).collect();
    let text = std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(latin1()), Cow::Borrowed);
    push_string_within(out, &text, max_bytes)
}

/// Appends a JSON string in at most `max_bytes` with quotes and escapes, two at least. Says whether the end had to be left out.
#[inline]
pub(super) fn push_string_within(out: &mut Vec<u8>, text: &str, max_bytes: usize) -> bool {
    push_utf8_within(out, text.as_bytes(), max_bytes)
}

/// The same of bytes that are known to be UTF-8.
#[inline]
pub(super) fn push_utf8_within(out: &mut Vec<u8>, text: &[u8], max_bytes: usize) -> bool {
    let start = out.len();
    // Hardly any text is too long: it is counted when it is written.
    push_utf8(out, text);
    out.len() - start > max_bytes && cut_string(out, start, text, max_bytes)
}

#[cold]
fn cut_string(out: &mut Vec<u8>, start: usize, text: &[u8], max_bytes: usize) -> bool {
    out.truncate(start);
    push_string(out, beginning(&String::from_utf8_lossy(text), max_bytes.saturating_sub(2)));
    true
}

/// As much of it as takes at most `max_bytes` with its escapes.
fn beginning(text: &str, max_bytes: usize) -> &str {
    let mut bytes = 0;
    let fits = |(_, char): &(usize, char)| {
        bytes += match u8::try_from(*char) {
            Ok(byte) if byte < 0x80 => usize::from(ESCAPES[usize::from(byte)].1.max(1)),
            _ => char.len_utf8(),
        };
        bytes <= max_bytes
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, char)| at + char.len_utf8());
    text.get(..end).unwrap_or_default()
}

/// Appends a JSON string with its quotes.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    push_utf8(out, text.as_bytes());
}

/// The same of bytes that are known to be UTF-8.
pub(super) fn push_utf8(out: &mut Vec<u8>, text: &[u8]) {
    if text.is_empty() {
        out.extend_from_slice(b"\"\"");
        return;
    }
    // With escapes as dense as in JSON; room that is given up again and again is what costs.
    out.reserve(text.len() + text.len() / 4 + 2);
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// How many bytes are looked through at once: the compiler makes vector instructions of it.
const BLOCK_BYTES: usize = 32;
/// A block with as much after it, so that from each of its bytes on a whole block can be copied.
const WINDOW_BYTES: usize = 2 * BLOCK_BYTES;
/// Each byte of a block may take six, and the last piece is written as a block.
const STAGED_BYTES: usize = 7 * BLOCK_BYTES;

/// Appends bytes of UTF-8 with the escapes that a JSON string needs.
fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if shuffle::push_escaped(out, bytes) {
        return;
    }
    push_escaped_by_blocks(out, bytes);
}

/// On any processor.
fn push_escaped_by_blocks(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut staged = [0; STAGED_BYTES];
    let mut rest = bytes;
    while let Some(window) = rest.first_chunk() {
        push_block(out, &mut staged, window, BLOCK_BYTES);
        rest = rest.get(BLOCK_BYTES..).unwrap_or_default();
    }
    for block in rest.chunks(BLOCK_BYTES) {
        let mut window = [b' '; WINDOW_BYTES];
        window.iter_mut().zip(block).for_each(|(place, byte)| *place = *byte);
        push_block(out, &mut staged, &window, block.len());
    }
}

/// Appends the first `length` bytes of a window with their escapes, at most a block. They are put together in `staged`, by
/// blocks of which only the beginning may count: where escapes are dense, as in JSON, a copy of its own for each piece
/// between them would cost several times more.
#[inline]
fn push_block(out: &mut Vec<u8>, staged: &mut [u8; STAGED_BYTES], window: &[u8; WINDOW_BYTES], length: usize) {
    let (block, _) = window.split_at(BLOCK_BYTES);
    let mut marks = block.first_chunk().map_or(0, marks);
    if marks == 0 {
        match block.first_chunk::<BLOCK_BYTES>().filter(|_| length == BLOCK_BYTES) {
            Some(block) => out.extend_from_slice(block),
            None => out.extend_from_slice(block.get(..length).unwrap_or_default()),
        }
        return;
    }
    let (mut used, mut from) = (0, 0);
    while marks != 0 {
        let at = marks.trailing_zeros() as usize;
        copy_chunk::<BLOCK_BYTES>(staged, used, window, from);
        used += at - from;
        let (escape, escape_length) = &ESCAPES[window[at % BLOCK_BYTES] as usize];
        copy_chunk::<8>(staged, used, escape, 0);
        used += usize::from(*escape_length);
        from = at + 1;
        marks &= marks - 1;
    }
    copy_chunk::<BLOCK_BYTES>(staged, used, window, from);
    used += length - from;
    out.extend_from_slice(staged.get(..used).unwrap_or_default());
}

/// The bytes of a block that need an escape, a bit each.
#[inline]
fn marks(block: &[u8; BLOCK_BYTES]) -> u32 {
    /// Gathers the lowest bit of each of eight bytes in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags = block.map(|byte| u8::from(byte < 0x20 || byte == b'"' || byte == b'\\'));
    let (words, _) = flags.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    if words.clone().fold(0, |any, word| any | word) == 0 {
        return 0;
    }
    words.rev().fold(0, |bits, word| (bits << 8) | (word.wrapping_mul(GATHER) >> 56) as u32)
}

fn copy_chunk<const N: usize>(to: &mut [u8], at: usize, from: &[u8], start: usize) {
    if let (Some(place), Some(piece)) = (to.get_mut(at..at + N), from.get(start..start + N)) {
        place.copy_from_slice(piece);
    }
}

/// Appends bytes that are known to need no escape.
fn push_plain(out: &mut Vec<u8>, bytes: &[u8]) {
    const SHORT_BYTES: usize = 30;
    if bytes.len() > SHORT_BYTES {
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    push_pieces::<{ SHORT_BYTES + 2 }>(out, |block| {
        put(block, 0, b"\"");
        put_short(block, 1, bytes);
        put(block, bytes.len() + 1, b"\"");
        bytes.len() + 2
    });
}

pub(super) fn push_member(out: &mut Vec<u8>, start: &[u8], value: &[u8]) {
    out.extend_from_slice(start);
    push_text(out, value);
}

pub(super) fn push_number(out: &mut Vec<u8>, number: u64) {
    // Status codes, numbers of exchanges, sizes of small bodies: of a length that is known here, so that no call copies them.
    match number {
        0..=9 => out.push(digit(number)),
        10..=99 => out.extend_from_slice(&[digit(number / 10), digit(number)]),
        100..=999 => out.extend_from_slice(&[digit(number / 100), digit(number / 10), digit(number)]),
        _ => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
    }
}

/// Its last byte.
pub(super) const fn digit(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By each way there is on this processor; the strings are the same as those of serde_json, byte for byte.
    fn expect_escaped(text: &str) {
        let expected = serde_json::to_string(text).unwrap();
        let expected = &expected[1..expected.len() - 1];
        let mut out = b"before".to_vec();
        push_escaped_by_blocks(&mut out, text.as_bytes());
        assert_eq!(std::str::from_utf8(&out[6..]).unwrap(), expected);
        #[cfg(target_arch = "x86_64")]
        {
            out.truncate(6);
            if shuffle::push_escaped(&mut out, text.as_bytes()) {
                assert_eq!(std::str::from_utf8(&out[6..]).unwrap(), expected);
            }
            assert!(out.starts_with(b"before"));
        }
    }

    #[test]
    fn escapes_in_every_place_beside_every_other() {
        for marks in 0..1_u32 << 16 {
            let quotes: String = (0..16).map(|i| if marks >> i & 1 == 1 { '"' } else { 'a' }).collect();
            expect_escaped(&quotes);
        }
        for byte in 0..128_u8 {
            for place in 0..40 {
                let mut text = vec![b'"'; 41];
                text[place] = byte;
                expect_escaped(std::str::from_utf8(&text).unwrap());
            }
        }
        for length in 0..5_000 {
            expect_escaped(&"\"\u{1}ä\n".repeat(1 + length / 5)[..length / 5 * 5]);
        }
    }

    proptest! {
        #[test]
        fn escapes_are_those_of_serde_json(text in "[ a-zäß漢\\x00-\\x1f\"\\\\]{0,3000}") {
            expect_escaped(&text);
        }

        #[test]
        fn any_string_comes_back(text in any::<String>()) {
            let mut out = Vec::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn ascii_with_escapes_comes_back(text in "[ -~\\x00-\\x1f\"\\\\]{0,400}") {
            let mut out = Vec::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn a_string_within_bounds_is_a_beginning(text in "[ a-zäß漢\\x00-\\x1f\"\\\\]{0,40}", max in 2usize..60) {
            let mut out = Vec::new();
            let cut = push_string_within(&mut out, &text, max);
            let shown = serde_json::from_slice::<String>(&out).unwrap();
            prop_assert!(out.len() <= max && text.starts_with(&shown));
            prop_assert_eq!(cut, shown != text);
            let mut again = Vec::new();
            prop_assert_eq!((push_text_within(&mut again, text.as_bytes(), max), again), (cut, out));
        }

        #[test]
        fn any_number_comes_back(number in any::<u64>()) {
            for shift in 0..64 {
                let mut out = Vec::new();
                push_number(&mut out, number >> shift);
                prop_assert_eq!(String::from_utf8(out).unwrap(), (number >> shift).to_string());
            }
        }

        #[test]
        fn bytes_that_are_not_utf8_are_latin1(bytes in any::<Vec<u8>>()) {
            let mut out = Vec::new();
            push_text(&mut out, &bytes);
            let text = serde_json::from_slice::<String>(&out).unwrap();
            match std::str::from_utf8(&bytes) {
                Ok(same) => prop_assert_eq!(text, same),
                Err(_) => prop_assert_eq!(text, bytes.iter().map(|&b| b as char).collect::<String>()),
            }
        }
    }
}
