//! JSON strings and numbers (RFC 8259 §6–7).
#![allow(clippy::indexing_slicing, reason = "tables of 256 entries, indexed by a byte")]

use crate::http::words::plain_length;

/// Appends bytes as a JSON string: UTF-8 as it is, anything else read as ISO 8859-1, as field values once were
/// (RFC 9110 §5.5).
pub(super) fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    if plain_length(bytes) == bytes.len() {
        push_plain(out, bytes);
        return;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => push_string(out, text),
        Err(_) => push_string(out, &bytes.iter().map(|&b| char::from(b)).collect::<String>()),
    }
}

/// Appends a JSON string with its quotes.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut staged = [0; STAGED_BYTES];
    let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        let flags = words.iter().fold(0, |flags, word| flags | escape_flags(u64::from_le_bytes(*word)));
        if flags & HIGH == 0 {
            out.extend_from_slice(block);
        } else {
            push_escaped(out, &mut staged, block);
        }
    }
    push_escaped(out, &mut staged, rest);
    out.push(b'"');
}

const BLOCK_BYTES: usize = 32;
/// Each byte of a block may take six, and the last is written as a word.
const STAGED_BYTES: usize = 6 * BLOCK_BYTES + 8;

/// Appends a block's bytes with their escapes. They are put together in `staged`, by words of which only the beginning may
/// count: where escapes are dense, as in JSON, a copy of its own for each piece between them would cost several times more.
fn push_escaped(out: &mut Vec<u8>, staged: &mut [u8; STAGED_BYTES], block: &[u8]) {
    let mut used = 0;
    let mut stage = |word: &[u8; 8], length: usize| {
        if let Some(place) = staged.get_mut(used..used + 8) {
            place.copy_from_slice(word);
        }
        used += length;
    };
    let mut rest = block;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let flags = escape_flags(u64::from_le_bytes(*word)) & HIGH;
        if flags == 0 {
            stage(word, 8);
            rest = behind;
            continue;
        }
        let clean = flags.trailing_zeros() as usize / 8;
        stage(word, clean);
        let Some((&byte, behind)) = rest.get(clean..).and_then(<[u8]>::split_first) else { break };
        let (escape, length) = &ESCAPES[byte as usize];
        stage(escape, usize::from(*length));
        rest = behind;
    }
    for &byte in rest {
        match &ESCAPES[byte as usize] {
            (_, 0) => stage(&[byte, 0, 0, 0, 0, 0, 0, 0], 1),
            (escape, length) => stage(escape, usize::from(*length)),
        }
    }
    out.extend_from_slice(staged.get(..used).unwrap_or_default());
}

/// Appends bytes that are known to need no escape.
fn push_plain(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// The lowest high bit that is set is that of the first byte that is below 0x20, a quote or a backslash; bits above it mean
/// nothing.
const fn escape_flags(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const fn has_zero(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = has_zero(word ^ (ONES * b'"' as u64));
    let backslash = has_zero(word ^ (ONES * b'\\' as u64));
    control | quote | backslash
}

/// For each byte its escape and the length of that, 0 for none.
static ESCAPES: [([u8; 8], u8); 256] = {
    let mut table = [([0; 8], 0); 256];
    let hex = b"0123456789abcdef";
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = ([b'\\', b'u', b'0', b'0', hex[byte >> 4], hex[byte & 15], 0, 0], 6);
        byte += 1;
    }
    let letters =
        [(0x08, b'b'), (b'\t', b't'), (b'\n', b'n'), (0x0c, b'f'), (b'\r', b'r'), (b'"', b'"'), (b'\\', b'\\')];
    let mut i = 0;
    while i < letters.len() {
        let (byte, letter) = letters[i];
        table[byte as usize] = ([b'\\', letter, 0, 0, 0, 0, 0, 0], 2);
        i += 1;
    }
    table
};

pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
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
        fn any_number_comes_back(number in any::<u64>()) {
            let mut out = Vec::new();
            push_number(&mut out, number);
            prop_assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
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
