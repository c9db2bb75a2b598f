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
    let mut rest = text.as_bytes();
    loop {
        let clean = clean_length(rest);
        out.extend_from_slice(rest.get(..clean).unwrap_or_default());
        let Some((&byte, after)) = rest.get(clean..).and_then(<[u8]>::split_first) else { break };
        match ESCAPES[byte as usize] {
            b'u' => {
                let hex = b"0123456789abcdef";
                let digits = [hex[(byte >> 4) as usize], hex[(byte & 15) as usize]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
            escape => out.extend_from_slice(&[b'\\', escape]),
        }
        rest = after;
    }
    out.push(b'"');
}

/// Appends bytes that are known to need no escape.
fn push_plain(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}

/// How many bytes there are before the first that needs an escape.
fn clean_length(bytes: &[u8]) -> usize {
    let words = bytes.chunks_exact(8).take_while(|word| !flags_escape(load(word))).count() * 8;
    let rest = bytes.get(words..).unwrap_or_default();
    words + rest.iter().position(|&b| ESCAPES[b as usize] != 0).unwrap_or(rest.len())
}

fn load(word: &[u8]) -> u64 {
    word.first_chunk::<8>().map_or(0, |word| u64::from_ne_bytes(*word))
}

const HIGH: u64 = 0x8080_8080_8080_8080;

const fn flags_escape(word: u64) -> bool {
    escape_flags(word) & HIGH != 0
}

/// A high bit is set if one of eight bytes is below 0x20, a quote or a backslash.
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

/// For each byte the letter behind the backslash, `u` for a numeric escape, 0 for none.
static ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[b'\t' as usize] = b't';
    table[b'\n' as usize] = b'n';
    table[0x0c] = b'f';
    table[b'\r' as usize] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
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
        fn ascii_with_escapes_comes_back(text in "[ -~\\x00-\\x1f\"\\\\]{0,40}") {
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
