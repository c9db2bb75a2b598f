//! Writes the form that `changes` describes. In: lines, and which of their values are new. Out: the buffer of a batch. Refuses to know:
//! how a pattern is found.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ahash::RandomState;

use super::line::Span;
use crate::batch::Buffer;

/// Values whose ways are in one word. Its sign is not used.
pub(super) const PLACES: usize = 15;
/// A text of so many bytes is copied by V8 where it is cut from a longer text, which it then does not keep alive.
const MAX_TEXT_BYTES: usize = 12;
/// A number has fewer than so many units, tenths, hundredths…; in its word there is room for so many decimals.
const MAX_NUMBER: u32 = 1 << 28;
const DECIMALS_BITS: u32 = 3;
/// An array ends after so many bytes: its reader makes one string of it.
pub(super) const ARRAY_BYTES: usize = 32 << 10;

#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The arrays, and at last all of it.
    out: Buffer,
    array_start: usize,
    words: Vec<i32>,
    texts: Vec<u8>,
    /// Which of the texts that is.
    known: HashMap<[u8; MAX_TEXT_BYTES], i32, RandomState>,
}

impl Writer {
    pub fn begin(&mut self, out: Buffer) {
        self.out = out;
        self.array_start = 0;
        self.words.clear();
        self.texts.clear();
        self.known.clear();
    }

    pub fn end(&mut self) -> Buffer {
        let Self { out, array_start, words, texts, .. } = self;
        if out.len() > *array_start {
            out.extend_from_slice(b"]\n");
        }
        let lens = [word(words.len()), word(out.len())];
        out.append(texts);
        let words_at = out.len().next_multiple_of(size_of::<i32>());
        out.resize(words_at, b' ');
        out.reserve(size_of::<i32>() * (words.len() + lens.len()));
        for word in words.iter().chain(&lens) {
            out.extend_from_slice(&word.to_ne_bytes());
        }
        std::mem::take(out)
    }

    pub fn push_line(&mut self, word: i32, line: &[u8]) {
        self.words.push(word);
        self.push_item(line);
    }

    /// `changed`: the places of the values that are not as before.
    pub fn push_changes(&mut self, pattern: usize, line: &[u8], values: &[Span], changed: &[usize]) {
        self.words.push(word(pattern));
        let ways_at = self.words.len();
        self.words.resize(ways_at + values.len().div_ceil(PLACES), 0);
        for place in changed {
            let Some(value) = values.get(*place) else { continue };
            let way = self.push_value(value.of(line));
            if let Some(word) = self.words.get_mut(ways_at + place / PLACES) {
                *word |= way << (2 * (place % PLACES));
            }
        }
    }

    /// Returns its way.
    fn push_value(&mut self, value: &[u8]) -> i32 {
        if let Some(number) = number(value) {
            self.words.push(number);
            1
        } else if let Some(text) = short_text(value) {
            self.push_text(text);
            2
        } else {
            self.push_item(value);
            3
        }
    }

    /// Once: a request and its response have the same id, and who keeps both has one string.
    fn push_text(&mut self, text: &[u8]) {
        let Self { words, texts, known, .. } = self;
        let mut key = [0; MAX_TEXT_BYTES];
        key.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        let next = word(known.len());
        match known.entry(key) {
            Entry::Occupied(entry) => words.push(!*entry.get()),
            Entry::Vacant(entry) => {
                entry.insert(next);
                words.push(word(text.len()));
                texts.extend_from_slice(text);
            }
        }
    }

    fn push_item(&mut self, item: &[u8]) {
        let Self { out, array_start, .. } = self;
        let before = if out.len() == *array_start { b'[' } else { b',' };
        out.push(before);
        out.extend_from_slice(item);
        if out.len() - *array_start >= ARRAY_BYTES {
            out.extend_from_slice(b"]\n");
            *array_start = out.len();
        }
    }
}

/// Of what is counted in a batch, which has no more bytes.
pub(super) fn word(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The word of a number without an exponent, and not below zero.
fn number(value: &[u8]) -> Option<i32> {
    let (mut digits, mut decimals, mut in_fraction) = (0_u32, 0, false);
    for byte in value {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u32::from(byte - b'0');
                decimals += u32::from(in_fraction);
                if digits >= MAX_NUMBER {
                    return None;
                }
            }
            b'.' => in_fraction = true,
            _ => return None,
        }
    }
    (decimals < 1 << DECIMALS_BITS).then_some((digits << DECIMALS_BITS | decimals).cast_signed())
}

/// The bytes between its quotes, if they are the same as text.
fn short_text(value: &[u8]) -> Option<&[u8]> {
    let [b'"', text @ .., b'"'] = value else { return None };
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    (text.len() <= MAX_TEXT_BYTES && text.iter().all(is_plain)).then_some(text)
}
