//! Sequence numbers wrap (RFC 9293 §3.4): they are subtracted, never compared.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    pub const fn plus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// Signed distance from `earlier` to `self`, right while they are less than 2 GiB apart.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::SeqNumber;

    #[test]
    fn distance_crosses_the_wrap() {
        for (later, earlier, distance) in
            [(5, 3, 2), (3, 5, -2), (2, u32::MAX, 3), (u32::MAX, 2, -3), (1 << 31, 0, i32::MIN)]
        {
            assert_eq!(SeqNumber(later).since(SeqNumber(earlier)), distance, "{later} - {earlier}");
        }
        assert_eq!(SeqNumber(u32::MAX).plus(2), SeqNumber(1));
    }
}
