//! From positions in the ciphertext to positions in the plaintext of one direction.
//!
//! How much one side had received of the other is known as a position in the ciphertext. A record can be read once all of it is
//! there, so that position stands for the plaintext of the records that had ended by then.

use std::collections::VecDeque;
use std::ops::{Add, AddAssign, Sub};

use crate::flow::Position;

/// A place in the ciphertext of one direction. A type of its own, so that it is never taken for one in the plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ciphertext(pub Position);

impl Ciphertext {
    pub const UNKNOWN: Self = Self(Position::UNKNOWN);
}

impl Add<u64> for Ciphertext {
    type Output = Self;

    fn add(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }
}

impl Sub for Ciphertext {
    type Output = u64;

    fn sub(self, earlier: Self) -> u64 {
        self.0 - earlier.0
    }
}

impl AddAssign<u64> for Ciphertext {
    fn add_assign(&mut self, bytes: u64) {
        self.0 += bytes;
    }
}

/// Records whose ends are remembered. Past it every second is forgotten, the newest never: a position then stands for less
/// plaintext than was received, as if it had been acknowledged later.
const MAX_ENDS: usize = 1_024;

/// Ends before the newest position asked for that are kept: segments that were sent again bring older records.
const KEPT_BEHIND: usize = 16;

#[derive(Debug, Default)]
pub struct Positions {
    /// Where records ended, in the ciphertext and in the plaintext, both ascending.
    ends: VecDeque<(Ciphertext, Position)>,
    /// The plaintext before the first of them.
    before: Option<Position>,
    /// The last of them is the end of bytes without plaintext.
    ends_with_skip: bool,
}

impl Positions {
    /// Bytes without plaintext end there; of several in a row the end of the last is remembered.
    pub fn skip(&mut self, ciphertext: Ciphertext, plaintext: Position) {
        if self.ends_with_skip {
            self.ends.pop_back();
        }
        self.note(ciphertext, plaintext);
        self.ends_with_skip = true;
    }

    /// The plaintext up to here ends with the record that ends there.
    pub fn note(&mut self, ciphertext: Ciphertext, plaintext: Position) {
        self.ends_with_skip = false;
        self.ends.push_back((ciphertext, plaintext));
        if self.ends.len() <= MAX_ENDS {
            return;
        }
        let mut index = 0;
        self.ends.retain(|_| {
            index += 1;
            index % 2 == 0 || index > MAX_ENDS
        });
    }

    /// How much of the plaintext has come with so much of the ciphertext. If that is not known, neither is this.
    pub fn plaintext_at(&mut self, ciphertext: Ciphertext) -> Position {
        if ciphertext == Ciphertext::UNKNOWN {
            return Position::UNKNOWN;
        }
        let ended = self.ends.partition_point(|&(end, _)| end <= ciphertext);
        let found = ended.checked_sub(1).and_then(|last| self.ends.get(last)).map(|&(_, plaintext)| plaintext);
        let plaintext = found.or(self.before).unwrap_or(Position::ORIGIN);
        for _ in KEPT_BEHIND..ended {
            self.before = self.ends.pop_front().map(|(_, plaintext)| plaintext);
        }
        plaintext
    }

    pub fn buffered_bytes(&self) -> usize {
        self.ends.capacity() * size_of::<(Ciphertext, Position)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ciphertext(bytes: u64) -> Ciphertext {
        Ciphertext::UNKNOWN + bytes
    }

    fn plaintext(bytes: u64) -> Position {
        Position::ORIGIN + bytes
    }

    #[test]
    fn a_record_counts_once_all_of_it_is_there() {
        let mut positions = Positions::default();
        positions.note(ciphertext(100), plaintext(10));
        positions.note(ciphertext(200), plaintext(30));
        assert_eq!(positions.plaintext_at(Ciphertext::UNKNOWN), Position::UNKNOWN);
        for (come, read) in [(1, 0), (99, 0), (100, 10), (199, 10), (1_000, 30)] {
            assert_eq!(positions.plaintext_at(ciphertext(come)), plaintext(read), "{come}");
        }
    }

    #[test]
    fn bytes_without_plaintext_take_one_place() {
        let mut positions = Positions::default();
        positions.note(ciphertext(100), plaintext(10));
        (1..=50).for_each(|lost| positions.skip(ciphertext(100 + lost), plaintext(10 + lost)));
        positions.note(ciphertext(200), plaintext(90));
        positions.skip(ciphertext(210), plaintext(100));
        assert_eq!(positions.ends.len(), 4);
        for (come, read) in [(100, 10), (149, 10), (150, 60), (199, 60), (200, 90), (210, 100)] {
            assert_eq!(positions.plaintext_at(ciphertext(come)), plaintext(read), "{come}");
        }
    }

    #[test]
    fn never_stands_for_more_than_was_received() {
        let mut positions = Positions::default();
        for record in 1..=50_000_u64 {
            positions.note(ciphertext(record * 30), plaintext(record));
            assert!(positions.ends.len() <= MAX_ENDS);
        }
        let exact = |come: u64| plaintext(come / 30);
        for come in (0..1_500_000).step_by(7_001).skip(1) {
            assert!(positions.plaintext_at(ciphertext(come)) <= exact(come));
        }
        assert_eq!(positions.plaintext_at(ciphertext(1_500_000)), exact(1_500_000));
        assert_eq!(positions.ends.len(), KEPT_BEHIND);
        assert!(positions.plaintext_at(ciphertext(1)) <= exact(1_500_000));
    }
}
