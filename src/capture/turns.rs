//! Short turns of work, so that the service gets the core in between. In: when the thread waited for packets, the time. Out: whether
//! to rest.
//!
//! The kernel hands packets over in blocks of 256 kB, and at full load the thread works on a block for some 0.2 ms. Where no core is idle, a
//! request that comes meanwhile takes so much longer. It rests only if it has caught up with its source; as long as
//! it is behind, it works on.

use std::time::{Duration, Instant};

const TURN: Duration = Duration::from_micros(100);
/// The kernel adds up to 50 µs to it (prctl(2), `PR_SET_TIMERSLACK`).
pub(super) const REST: Duration = Duration::from_micros(100);
/// A wait that is shorter was none: there were packets already.
const LEAST_WAIT: Duration = Duration::from_micros(20);

#[derive(Debug)]
pub(super) struct Turns {
    began: Instant,
    caught_up: bool,
}

impl Turns {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, caught_up: false }
    }

    pub(super) fn on_wait(&mut self, from: Instant, until: Instant) {
        self.began = until;
        self.caught_up = until.duration_since(from) >= LEAST_WAIT;
    }

    pub(super) fn on_rest(&mut self, until: Instant) {
        self.began = until;
    }

    /// True if it is time to rest for `REST`.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.caught_up && now.duration_since(self.began) >= TURN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_after_each_turn_only_if_it_waited() {
        let start = Instant::now();
        let mut turns = Turns::new(start);
        let mut now = start + TURN;
        assert!(!turns.is_over(now));
        for (waited, caught_up) in [(LEAST_WAIT, true), (Duration::ZERO, false), (2 * TURN, true)] {
            turns.on_wait(now, now + waited);
            now += waited;
            for _ in 0..3 {
                assert!(!turns.is_over(now + TURN / 2));
                now += TURN;
                assert_eq!(turns.is_over(now), caught_up);
                turns.on_rest(now + REST);
                now += REST;
            }
        }
    }
}
