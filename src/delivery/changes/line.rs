//! Where in a line its values stand, and which of them another line has too. In: lines of the encoder, JSON without a blank. Refuses
//! to know: batches, what is written of them.

use std::hash::Hasher;

use memchr::memchr2;

/// Values of a line that may be a pattern: what is kept of each is bounded. A message with sixty fields has fewer.
pub(super) const MAX_VALUES: usize = 120;
/// Objects in objects: `proxied` has its two ends in it.
const MAX_DEPTH: usize = 3;
/// Compared at once.
const BLOCK_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// Appends where the values stand, and returns a hash of the keys. `None` if the line may not be a pattern: a value in an array has
/// no place of its own, an object does not keep keys that are numbers in the order of the text, and `__proto__` is no key like others.
pub(super) fn read(line: &[u8], values: &mut Vec<Span>, mut keys: impl Hasher) -> Option<u64> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = line.get(at) {
        match byte {
            b'{' if depth < MAX_DEPTH => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' => {}
            b'"' => {
                let key = Span { start: at, end: value_end(line, at)? };
                let name = key.of(line);
                if matches!(name, [_, b'0'..=b'9', ..] | b"\"__proto__\"") || name.contains(&b'\\') {
                    return None;
                }
                keys.write(name);
                at = key.end + 1;
                if line.get(at) != Some(&b'{') {
                    let value = Span { start: at, end: value_end(line, at)? };
                    if values.len() == MAX_VALUES {
                        return None;
                    }
                    values.push(value);
                    at = value.end;
                }
                continue;
            }
            _ => return None,
        }
        keys.write_u8(*byte);
        at += 1;
    }
    (depth == 0 && !values.is_empty()).then(|| keys.finish())
}

/// The comparison of a line with another line.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Where the values of the line stand.
    pub values: Vec<Span>,
    /// Those that the other line has not, by their places.
    pub changed: Vec<usize>,
}

impl Comparison {
    /// True if `line` is `other`, whose `values` those are, but for the values.
    pub fn is_like(&mut self, line: &[u8], other: &[u8], others: &[Span]) -> bool {
        self.values.clear();
        self.changed.clear();
        let mut others = others.iter();
        // Up to there they are alike.
        let (mut here, mut there) = (0, 0);
        loop {
            let same = same_bytes(line.get(here..).unwrap_or_default(), other.get(there..).unwrap_or_default());
            (here, there) = (here + same, there + same);
            let Some(value) = others.find(|value| {
                let before = value.end < there;
                if before {
                    self.values.push(Span { start: value.start + here - there, end: value.end + here - there });
                }
                !before
            }) else {
                return here == line.len() && there == other.len();
            };
            let is_text = other.get(value.start) == Some(&b'"');
            if there < value.start || is_text && there == value.end {
                return false; // it is in a key that they differ
            }
            let start = value.start + here - there;
            let Some(end) = value_end(line, start) else { return false };
            self.changed.push(self.values.len());
            self.values.push(Span { start, end });
            (here, there) = (end, value.end);
        }
    }
}

/// How many bytes they begin with that are the same.
fn same_bytes(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.as_chunks::<BLOCK_BYTES>().0.iter().zip(b.as_chunks().0).take_while(|(a, b)| a == b);
    let same = blocks.count() * BLOCK_BYTES;
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let differences = words.map(|(a, b)| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b));
    let mut within = 0;
    for difference in differences {
        if difference != 0 {
            return same + within + difference.trailing_zeros() as usize / 8;
        }
        within += 8;
    }
    same + within + a.iter().zip(b).skip(within).take_while(|(a, b)| a == b).count()
}

/// Where the string, number or word ends that begins there.
fn value_end(line: &[u8], start: usize) -> Option<usize> {
    if line.get(start) != Some(&b'"') {
        let rest = line.get(start..)?;
        let len = rest
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'.' | b'-' | b'+'))
            .count();
        return (len > 0).then_some(start + len);
    }
    let mut at = start + 1;
    loop {
        let rest = line.get(at..)?;
        let found = memchr2(b'"', b'\\', rest)?;
        if rest.get(found) == Some(&b'"') {
            return Some(at + found + 1);
        }
        at += found + 2; // what is escaped, or the beginning of it
    }
}
