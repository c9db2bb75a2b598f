//! Field sections that came before. Most heads of a client, or of a server, have the lines of one before, all of them or all up to
//! the first that says a time or a length.
//!
//! In: the bytes of a head after its start line. Out: the fields of the lines that stand there as they stood before, byte for byte,
//! without being parsed again. Kept are only sections whose lines decide each for itself (no folded line, none that is no field),
//! and few of them, whatever comes. They hold credentials, so their owner lets them be forgotten from time to time.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::{Zeroize, Zeroizing};

use super::head::{Field, FieldLines, SectionNumber};

/// Sections that are kept: clients and servers of so many makes, if no two have the same place.
pub const PLACES: usize = 16;
/// A longer section is not kept: that takes long cookies, which are seldom the same twice.
const MAX_SECTION_BYTES: usize = 2 << 10;
/// One with more fields is not kept, so that its fields take no more memory than its bytes.
const MAX_SECTION_FIELDS: usize = 64;
/// A section takes the place of another every so many times. A section that will come again is kept soon enough; where none comes
/// again, to keep each would cost more than it ever saves.
const TURNS: u8 = 8;
/// The end of a section.
const EMPTY_LINE: &[u8] = b"\r\n";

/// Each set of sections has so many numbers to itself in this process: no two sections have the same.
const NUMBERS: u64 = 1 << 44;
static NEXT_NUMBERS: AtomicU64 = AtomicU64::new(NUMBERS);

impl SectionNumber {
    /// Less than `PLACES`.
    #[inline]
    pub fn place(self) -> usize {
        self.0.get() as usize % PLACES
    }
}

#[derive(Debug)]
pub struct SeenFields {
    sections: [Section; PLACES],
    last_number: u64,
}

#[derive(Default)]
struct Section {
    /// With the empty line after it; nothing if there is none yet. There are credentials among them.
    bytes: Zeroizing<Vec<u8>>,
    /// Their spans count from the section's first byte, and they have its number.
    fields: FieldLines,
    /// How many others came since it did, of `TURNS`.
    others: u8,
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Default for SeenFields {
    fn default() -> Self {
        Self { sections: Default::default(), last_number: NEXT_NUMBERS.fetch_add(NUMBERS, Ordering::Relaxed) }
    }
}

/// The knowledge of a section.
#[derive(Debug, Clone, Copy)]
pub enum Known {
    /// All of it: where it ends.
    All(usize),
    /// Some lines, perhaps none: where they end.
    Lines(usize),
}

impl SeenFields {
    /// Reads as much of the section that begins at `at` as is known.
    #[inline]
    pub fn read(&self, fields: &mut FieldLines, bytes: &[u8], at: usize) -> Known {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(section) = place_of(rest).and_then(|place| self.sections.get(place)) else {
            fields.clear();
            return Known::Lines(at);
        };
        if rest.starts_with(&section.bytes) && !section.bytes.is_empty() {
            fields.copy_moved(&section.fields, at);
            return Known::All(at + section.bytes.len());
        }
        Known::Lines(at + section.read_beginning(fields, rest, at))
    }

    /// Keeps a section that was read, from `at` to `end`, if it is its turn: each of its lines is a field, and decided by that line
    /// alone.
    pub fn keep(&mut self, fields: &mut FieldLines, bytes: &[u8], at: usize, end: usize) {
        let place = bytes.get(at..).and_then(place_of);
        let Some((place, kept)) = place.and_then(|place| Some((place, self.sections.get_mut(place)?))) else { return };
        if !kept.bytes.is_empty() {
            kept.others = (kept.others + 1) % TURNS;
            if kept.others > 0 {
                return;
            }
        }
        let Some(section) = bytes.get(at..end).filter(|section| section.len() <= MAX_SECTION_BYTES) else { return };
        if fields.is_empty() || fields.len() > MAX_SECTION_FIELDS {
            return;
        }
        self.last_number += PLACES as u64;
        fields.set_section(NonZeroU64::new(self.last_number + place as u64).map(SectionNumber));
        if kept.bytes.capacity() < section.len() {
            kept.bytes.zeroize(); // growing frees the memory before
        }
        kept.bytes.clear();
        kept.bytes.extend_from_slice(section);
        kept.fields.copy_moved_back(fields, at);
    }

    /// Overwrites and drops all sections. Numbers go on.
    pub fn forget(&mut self) {
        self.sections = Default::default();
    }
}

impl Section {
    /// Reads the lines that it and the `rest` both begin with, which begins at `at`: returns their length.
    fn read_beginning(&self, fields: &mut FieldLines, rest: &[u8], at: usize) -> usize {
        fields.clear();
        let same = common_length(&self.bytes, rest);
        let last_end = self.bytes.len().saturating_sub(EMPTY_LINE.len());
        let mut end = 0;
        for (index, field) in self.fields.iter().enumerate() {
            // Each line ends where the next one begins.
            let next = self.fields.get(index + 1).map_or(last_end, Field::start);
            if next > same {
                break;
            }
            fields.push(field.moved(at as i32));
            end = next;
        }
        end
    }
}

/// By its beginning, so that those of different senders have different places. `None` if it is shorter than what that takes.
#[inline]
fn place_of(section: &[u8]) -> Option<usize> {
    let (words, _) = section.first_chunk::<32>()?.as_chunks::<8>();
    let mixed = words.iter().fold(0_u64, |mixed, word| mixed.rotate_left(13) ^ u64::from_le_bytes(*word));
    let [.., last] = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    Some(usize::from(last) % PLACES)
}

/// How many bytes both begin with.
fn common_length(a: &[u8], b: &[u8]) -> usize {
    let (words_a, _) = a.as_chunks::<8>();
    let (words_b, _) = b.as_chunks::<8>();
    let mut same = 0;
    for (a, b) in words_a.iter().zip(words_b) {
        let difference = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if difference != 0 {
            return same + difference.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    let rest = |bytes| <[u8]>::get(bytes, same..).unwrap_or_default().iter();
    same + rest(a).zip(rest(b)).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sections_have_the_same_number() {
        let numbers = |seen: &mut SeenFields| {
            // In places of their own.
            ["one", "two"].map(|value| {
                let bytes = format!("name: {value}\r\nsome-other-name: {value}\r\n\r\n").into_bytes();
                let mut fields = FieldLines::default();
                fields.push(Field::decoded(&bytes, crate::message::Span::new(0, 4), crate::message::Span::new(6, 9)));
                seen.keep(&mut fields, &bytes, 0, bytes.len());
                fields.section().map(|number| number.0)
            })
        };
        let [a, b] = numbers(&mut SeenFields::default());
        let [c, d] = numbers(&mut SeenFields::default());
        let mut all: Vec<_> = [a, b, c, d].into_iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn what_was_forgotten_is_not_known_and_never_shown() {
        let bytes = b"authorization: Bearer secret\r\nname: value\r\n\r\n";
        let mut seen = SeenFields::default();
        let mut fields = FieldLines::default();
        fields.push(Field::decoded(bytes, crate::message::Span::new(0, 13), crate::message::Span::new(15, 28)));
        seen.keep(&mut fields, bytes, 0, bytes.len());
        assert!(matches!(seen.read(&mut fields, bytes, 0), Known::All(_)));
        let shown = format!("{seen:?}");
        assert!(!shown.contains("115, 101, 99") && !shown.contains("secret"), "{shown}");
        seen.forget();
        assert!(matches!(seen.read(&mut fields, bytes, 0), Known::Lines(0)));
        assert!(fields.is_empty() && seen.sections.iter().all(|section| section.bytes.capacity() == 0));
    }

    #[test]
    fn only_what_both_begin_with_is_common() {
        let text: Vec<u8> = (0..100).collect();
        for length in 0..=text.len() {
            assert_eq!(common_length(&text, &text[..length]), length);
            let mut other = text.clone();
            if let Some(byte) = other.get_mut(length) {
                *byte ^= 1;
            }
            assert_eq!(common_length(&other, &text), length);
        }
    }
}
