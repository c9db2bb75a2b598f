//! From positions in the ciphertext to positions in the plaintext of one direction.
//!
//! What one side had received of the other is known as a position in the ciphertext. A record can be read once all of it is there,
//! so that position stands for the plaintext of the records that had ended by then.

use std::collections::VecDeque;

use crate::flow::Position;

/// Where the plaintext begins; below it lies what no byte of it has.
pub const ORIGIN: Position = 1 << 32;

/// Records whose ends are remembered. Past it every second one is forgotten, the newest never: a position then stands for less
/// plaintext than was received, as if it had been acknowledged later.
const MAX_ENDS: usize = 1_024;

/// Ends before the newest position asked for that are kept: segments that were sent again bring older ones.
const KEPT_BEHIND: usize = 16;

#[derive(Debug, Default)]
pub struct Positions {
    /// Where records ended, in the ciphertext and in the plaintext, both ascending.
    ends: VecDeque<(Position, Position)>,
    /// The plaintext before the first of them.
    before: Option<Position>,
}

impl Positions {
    /// The plaintext up to here ends with the record that ends there.
    pub fn note(&mut self, ciphertext: Position, plaintext: Position) {
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

    /// How much of the plaintext has come with so much of the ciphertext. 0 for 0, which says that it is not known.
    pub fn plaintext_at(&mut self, ciphertext: Position) -> Position {
        if ciphertext == 0 {
            return 0;
        }
        let ended = self.ends.partition_point(|&(end, _)| end <= ciphertext);
        let found = ended.checked_sub(1).and_then(|last| self.ends.get(last)).map(|&(_, plaintext)| plaintext);
        let plaintext = found.or(self.before).unwrap_or(ORIGIN);
        for _ in KEPT_BEHIND..ended {
            self.before = self.ends.pop_front().map(|(_, plaintext)| plaintext);
        }
        plaintext
    }

    pub fn buffered_bytes(&self) -> usize {
        self.ends.capacity() * size_of::<(Position, Position)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_once_all_of_it_is_there() {
        let mut positions = Positions::default();
        positions.note(100, ORIGIN + 10);
        positions.note(200, ORIGIN + 30);
        for (ciphertext, plaintext) in [(0, 0), (1, ORIGIN), (99, ORIGIN), (100, ORIGIN + 10), (199, ORIGIN + 10)] {
            assert_eq!(positions.plaintext_at(ciphertext), plaintext, "{ciphertext}");
        }
        assert_eq!(positions.plaintext_at(1_000), ORIGIN + 30);
    }

    #[test]
    fn never_stands_for_more_than_was_received() {
        let mut positions = Positions::default();
        for record in 1..=50_000_u64 {
            positions.note(record * 30, ORIGIN + record);
            assert!(positions.ends.len() <= MAX_ENDS);
        }
        let exact = |ciphertext: u64| ORIGIN + ciphertext / 30;
        for ciphertext in (0..1_500_000).step_by(7_001).skip(1) {
            assert!(positions.plaintext_at(ciphertext) <= exact(ciphertext));
        }
        assert_eq!(positions.plaintext_at(1_500_000), exact(1_500_000));
        assert_eq!(positions.ends.len(), KEPT_BEHIND);
        assert!(positions.plaintext_at(1) <= exact(1_500_000));
    }
}
