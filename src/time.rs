//! Packet time: microseconds since the Unix epoch, as the capture says. Nothing here reads a clock.

/// Microseconds since the Unix epoch (UTC). Hostile savefiles may carry anything, so arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Of a packet without a time (pcapng's Simple Packet Block): before every other. It never moves a clock, since clocks keep the
    /// newest time.
    pub const UNKNOWN: Self = Self(i64::MIN);

    pub const fn is_known(self) -> bool {
        self.0 != Self::UNKNOWN.0
    }

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From `struct timeval` with `fraction` in µs; out-of-range values saturate.
    pub const fn from_parts(seconds: i64, micros: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000).saturating_add(micros))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From an unknown time on nothing is ever due.
    pub const fn plus_millis(self, millis: u64) -> Self {
        if !self.is_known() {
            return Self(i64::MAX);
        }
        let millis = if millis > i64::MAX as u64 { i64::MAX } else { millis as i64 };
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    pub const fn plus_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_add_unsigned(micros))
    }

    /// As `micros_since`; `None` when one of the two is not known.
    pub fn known_micros_since(self, earlier: Self) -> Option<i64> {
        (self.is_known() && earlier.is_known()).then(|| self.micros_since(earlier))
    }

    /// Microseconds from `earlier` to `self`; negative when packets were captured out of order, 0 when a time is not known.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        if self.is_known() && earlier.is_known() { self.0.saturating_sub(earlier.0) } else { 0 }
    }
}

/// From one packet's time to a later one's; `None` where the clocks contradict the order or a time is not known.
pub fn span_micros(from: Timestamp, to: Timestamp) -> Option<u64> {
    to.known_micros_since(from).and_then(|micros| u64::try_from(micros).ok())
}
