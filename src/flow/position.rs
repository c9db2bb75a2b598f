//! Where bytes stand in their stream. A type of its own, so that a place is never added to a place or taken for a length.

use std::ops::{Add, AddAssign, Sub};

/// A place in one direction's byte stream. Grows without wrapping; only differences mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(u64);

impl Position {
    /// Before all others: it is not known how far a stream has come.
    pub const UNKNOWN: Self = Self(0);

    /// A stream's first byte; room below it lets a late earlier segment have a position too.
    pub const ORIGIN: Self = Self(1 << 32);

    pub const fn is_known(self) -> bool {
        self.0 > 0
    }

    /// Bytes from `earlier` to here; 0 if that is not earlier.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// So many bytes before; `UNKNOWN` if there is no such place.
    pub const fn back(self, bytes: u64) -> Self {
        Self(self.0.saturating_sub(bytes))
    }

    /// How much a sender had received that had received no more than what is before this, and perhaps less: no message is to be
    /// taken to begin exactly there.
    pub fn or_less(self) -> Self {
        if self > Self::ORIGIN { self.back(1) } else { self }
    }

    /// So many bytes on, or back if it is less than 0.
    pub const fn moved(self, bytes: i64) -> Self {
        Self(self.0.saturating_add_signed(bytes))
    }

    /// Counted from the stream's first byte; negative for a place before that.
    pub const fn offset(self) -> i64 {
        self.since(Self::ORIGIN) as i64 - Self::ORIGIN.since(self) as i64
    }

    pub const fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The last 32 bits, which a sequence number of TCP has.
    pub const fn low_bits(self) -> u32 {
        self.0 as u32
    }
}

impl Add<u64> for Position {
    type Output = Self;

    #[inline]
    fn add(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }
}

impl AddAssign<u64> for Position {
    #[inline]
    fn add_assign(&mut self, bytes: u64) {
        self.0 += bytes;
    }
}

/// Bytes from the right one, which stands before, to the left one.
impl Sub for Position {
    type Output = u64;

    #[inline]
    fn sub(self, earlier: Self) -> u64 {
        self.0 - earlier.0
    }
}
