//! When a live capture that was asked to stop has read what the kernel already held for it. In: the time, packets'
//! times, dry spells. Out: whether that is all.

use std::time::{Duration, Instant};

use crate::time::Timestamp;

/// However busy the interface is. With a backlog of seconds some of it is given up.
const MAX_STOP: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Stopping {
    asked_at: Timestamp,
    asked: Instant,
    settle: Duration,
    /// Nothing older than `asked_at` is to be expected.
    complete: bool,
}

impl Stopping {
    /// `settle`: how long the kernel may hold packets back.
    pub(super) fn new(asked_at: Timestamp, asked: Instant, settle: Duration) -> Self {
        Self { asked_at, asked, settle, complete: false }
    }

    /// True if a packet of that time came after the stop; the kernel passes packets in order, so it was the last.
    pub(super) fn is_past(&mut self, at: Timestamp) -> bool {
        let past = at > self.asked_at;
        self.complete |= past;
        past
    }

    /// The source has nothing at this moment.
    pub(super) fn on_dry(&mut self, now: Instant) {
        self.complete |= now.saturating_duration_since(self.asked) >= self.settle;
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.complete || now.saturating_duration_since(self.asked) >= self.settle.max(MAX_STOP)
    }

    /// Until a dry source would be taken for complete.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.settle.saturating_sub(now.saturating_duration_since(self.asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_by_a_newer_packet_a_dry_spell_or_the_limit() {
        let (start, settle) = (Instant::now(), Duration::from_millis(120));
        let after = |millis| start + Duration::from_millis(millis);
        let asked = || Stopping::new(Timestamp::from_micros(1_000), start, settle);

        let mut newer = asked();
        assert!(!newer.is_past(Timestamp::from_micros(1_000)) && !newer.is_over(after(10)));
        assert!(newer.is_past(Timestamp::from_micros(1_001)) && newer.is_over(after(10)));

        let mut dry = asked();
        dry.on_dry(after(119));
        assert!(!dry.is_over(after(119)));
        dry.on_dry(after(120));
        assert!(dry.is_over(after(120)));

        let busy = asked();
        assert!(!busy.is_over(after(1_999)));
        assert!(busy.is_over(after(2_000)));
    }
}
