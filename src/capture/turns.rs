//! Short turns of work, so that the service gets the core in between. In: when the thread waited for packets, the time. Out: whether
//! to rest.
//!
//! The kernel hands packets over in blocks of 256 kB, and at full load the thread works on a block for some 0.2 ms. Where no core is idle, a
//! request that comes meanwhile takes so much longer. It rests only if it has waited for packets before; if they come too
//! fast for that, it works on.

use std::time::{Duration, Instant};

const TURN: Duration = Duration::from_micros(100);
/// The kernel adds up to 50 µs to it (prctl(2), `PR_SET_TIMERSLACK`).
pub(super) const REST: Duration = Duration::from_micros(100);
/// After a shorter wait there is too much traffic for rests: at some GB/s a block fills in 0.1 ms.
const LEAST_WAIT: Duration = Duration::from_millis(1);
/// As long as the thread does not wait again: at some GB/s it would fall further behind with each rest, until the ring is full.
const MAX_RESTS: u32 = 8;

#[derive(Debug)]
pub(super) struct Turns {
    began: Instant,
    /// Until the thread has caught up again.
    rests_left: u32,
}

impl Turns {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, rests_left: 0 }
    }

    pub(super) fn on_wait(&mut self, from: Instant, until: Instant) {
        self.began = until;
        self.rests_left = if until.duration_since(from) < LEAST_WAIT { 0 } else { MAX_RESTS };
    }

    pub(super) fn on_rest(&mut self, until: Instant) {
        self.began = until;
        self.rests_left = self.rests_left.saturating_sub(1);
    }

    /// True if it is time to rest for `REST`.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.rests_left > 0 && now.duration_since(self.began) >= TURN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_after_some_turns_only_if_it_waited() {
        let start = Instant::now();
        let mut turns = Turns::new(start);
        let mut now = start + TURN;
        assert!(!turns.is_over(now));
        for (waited, rests) in [(LEAST_WAIT, MAX_RESTS), (LEAST_WAIT / 2, 0), (2 * LEAST_WAIT, MAX_RESTS)] {
            turns.on_wait(now, now + waited);
            now += waited;
            for rest in 0..3 * MAX_RESTS {
                assert!(!turns.is_over(now + TURN / 2));
                now += TURN;
                assert_eq!(turns.is_over(now), rest < rests);
                if rest < rests {
                    now += REST;
                    turns.on_rest(now);
                }
            }
        }
    }
}
