//! Numbers from a seed (splitmix64): the same in every run and on every machine.

#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another sequence for each name.
    pub fn named(name: &str, seed: u64) -> Self {
        let hash = name.bytes().fold(seed, |hash, byte| Self(hash ^ u64::from(byte)).next());
        Self(hash)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn percent(&mut self, percent: u32) -> bool {
        self.next() % 100 < u64::from(percent)
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// At least 1, and on average so much: a geometric length.
    pub fn burst(&mut self, mean: usize) -> usize {
        let mut length = 1;
        while mean > 1 && length < 20 * mean && self.below(mean) > 0 {
            length += 1;
        }
        length
    }

    /// Most are small, some are large: about half under 400, one in fifty over 10 000.
    pub fn size(&mut self, most: usize) -> usize {
        let scale = 1 << self.below(13);
        (scale + self.below(scale) * (1 + self.below(8))).min(most)
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
