//! A set of numbers, a bit each.

const BITS: u64 = u64::BITS as u64;

/// Larger numbers are not taken: 512 MiB of bits. A savefile of so many packets has 64 GB at least.
pub const MAX_NUMBER: u64 = 1 << 32;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers(Vec<u64>);

impl Numbers {
    /// Of a bitmap: the lowest bit of the first byte is 0.
    pub fn from_bitmap(bytes: &[u8]) -> Self {
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let limit = (MAX_NUMBER / BITS) as usize;
        Self(bytes.chunks(size_of::<u64>()).take(limit).map(word).collect())
    }

    /// False if it is too large.
    pub fn insert(&mut self, number: u64) -> bool {
        if number >= MAX_NUMBER {
            return false;
        }
        let (index, bit) = place(number);
        if index >= self.0.len() {
            self.0.resize(index + 1, 0);
        }
        if let Some(word) = self.0.get_mut(index) {
            *word |= bit;
        }
        true
    }

    pub fn remove(&mut self, number: u64) {
        let (index, bit) = place(number);
        if let Some(word) = self.0.get_mut(index) {
            *word &= !bit;
        }
    }

    pub fn contains(&self, number: u64) -> bool {
        let (index, bit) = place(number);
        self.0.get(index).is_some_and(|word| word & bit != 0)
    }

    pub fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

fn place(number: u64) -> (usize, u64) {
    ((number / BITS) as usize, 1 << (number % BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_has_what_was_put_in(given in prop::collection::btree_set(0..5_000_u64, 0..50)) {
            let mut numbers = Numbers::default();
            let mut bitmap = vec![0_u8; 625];
            for &number in &given {
                prop_assert!(numbers.insert(number));
                bitmap[number as usize / 8] |= 1 << (number % 8);
            }
            for other in (0..6_000).filter(|number| !given.contains(number)).step_by(7) {
                numbers.insert(other);
                numbers.remove(other);
            }
            prop_assert_eq!(numbers.len(), given.len() as u64);
            prop_assert_eq!(numbers.is_empty(), given.is_empty());
            let read = Numbers::from_bitmap(&bitmap);
            for numbers in [numbers, read] {
                let found: BTreeSet<u64> = (0..6_000).filter(|&number| numbers.contains(number)).collect();
                prop_assert_eq!(&found, &given);
            }
        }
    }

    #[test]
    fn too_large_a_number_is_not_taken() {
        let mut numbers = Numbers::default();
        assert!(!numbers.insert(MAX_NUMBER) && numbers.is_empty());
    }
}
