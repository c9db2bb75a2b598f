//! How much load is shed, so that no more CPU time is taken than is allowed. In: samples of both clocks. Out: the level. Pure.
//!
//! Bodies are left out at once, with the first window over the limit. Levels that leave out connections cost whole exchanges, so each of
//! them takes several windows whose mean is over the limit: fewer where it is far over. Down after a time well under it. It is not known before how much a
//! level saves: if the load comes back as soon as it is let in, the next try waits twice as long.

use std::time::Duration;

use crate::engine::ShedLevel;

/// A window that is measured. CPU time of threads is exact, so it may be short.
const WINDOW: Duration = Duration::from_millis(250);
/// Windows whose mean is compared with the limit, all of them since the last change of the level: one answer of some megabytes fills one window.
const WINDOWS: usize = 4;
/// So many are enough if their mean is over this multiple of the limit.
const FAR_WINDOWS: usize = 2;
const FAR: f64 = 2.0;
/// Under this share of the limit a level down is tried.
const CALM_SHARE: f64 = 0.6;
/// Calm windows before that, at first and at most: 2 s and a minute.
const MIN_CALM: u32 = 8;
const MAX_CALM: u32 = 256;
/// A level up within so many windows after one down says that it was too early.
const RELAPSE: u32 = 8;

#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    wall: Duration,
    cpu: Duration,
}

#[derive(Debug)]
pub(super) struct Limiter {
    limit: f64,
    level: ShedLevel,
    /// The share of a core that led to the last level up.
    excess: f64,
    last: Option<Sample>,
    /// The shares of the last windows since the level changed, the newest first.
    recent: [f64; WINDOWS],
    window_count: usize,
    calm: u32,
    calm_needed: u32,
    since_down: u32,
}

impl Limiter {
    /// `limit`: a share of one core.
    pub(super) fn new(limit: f64) -> Self {
        Self {
            limit,
            level: ShedLevel::NONE,
            excess: 0.0,
            last: None,
            recent: [0.0; WINDOWS],
            window_count: 0,
            calm: 0,
            calm_needed: MIN_CALM,
            since_down: u32::MAX,
        }
    }

    /// The share of a core that was taken when that was too much last.
    pub(super) fn excess(&self) -> f64 {
        self.excess
    }

    /// Both clocks since any fixed moment. Returns the level from now on.
    pub(super) fn sample(&mut self, wall: Duration, cpu: Duration) -> ShedLevel {
        let Some(last) = self.last else {
            self.last = Some(Sample { wall, cpu });
            return self.level;
        };
        let passed = wall.saturating_sub(last.wall);
        if passed < WINDOW {
            return self.level;
        }
        self.last = Some(Sample { wall, cpu });
        let share = cpu.saturating_sub(last.cpu).as_secs_f64() / passed.as_secs_f64();
        self.since_down = self.since_down.saturating_add(1);
        if let Some(excess) = self.excess_of(share) {
            self.excess = excess;
            self.go_up();
        } else if share < self.limit * CALM_SHARE && self.level > ShedLevel::NONE {
            self.calm += 1;
            if self.calm >= self.calm_needed {
                self.go_down();
            }
        } else {
            self.calm = 0;
        }
        self.level
    }

    /// With the share of one more window. Returns the share that is too much, if it is.
    fn excess_of(&mut self, share: f64) -> Option<f64> {
        if self.level == ShedLevel::NONE {
            return (share > self.limit).then_some(share);
        }
        self.recent.rotate_right(1);
        self.recent[0] = share;
        self.window_count = (self.window_count + 1).min(WINDOWS);
        let mean = self.recent.iter().take(self.window_count).sum::<f64>() / self.window_count as f64;
        let is_enough = self.window_count == WINDOWS || self.window_count >= FAR_WINDOWS && mean > self.limit * FAR;
        (is_enough && mean > self.limit).then_some(mean)
    }

    fn go_up(&mut self) {
        self.calm = 0;
        self.window_count = 0;
        if self.since_down <= RELAPSE {
            self.calm_needed = (self.calm_needed * 2).min(MAX_CALM);
            // One relapse, however many levels it goes up.
            self.since_down = u32::MAX;
        }
        self.level = self.level.up();
    }

    fn go_down(&mut self) {
        self.calm = 0;
        self.window_count = 0;
        if self.since_down > RELAPSE && self.since_down != u32::MAX {
            // The last level down was right.
            self.calm_needed = (self.calm_needed / 2).max(MIN_CALM);
        }
        self.since_down = 0;
        self.level = self.level.down();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: f64 = 0.2;

    /// Windows of a load that takes so much of a core at each level. Returns the levels.
    fn run(limiter: &mut Limiter, windows: u32, share: impl Fn(ShedLevel) -> f64) -> Vec<ShedLevel> {
        let Sample { mut wall, mut cpu } = limiter.last.unwrap_or_default();
        let mut level = limiter.sample(wall, cpu);
        (0..windows)
            .map(|_| {
                wall += WINDOW;
                cpu += WINDOW.mul_f64(share(level));
                level = limiter.sample(wall, cpu);
                level
            })
            .collect()
    }

    fn last(levels: &[ShedLevel]) -> ShedLevel {
        levels.last().copied().unwrap()
    }

    fn numbers(levels: &[ShedLevel]) -> Vec<u64> {
        levels.iter().map(|level| level.number()).collect()
    }

    fn ups(levels: &[ShedLevel]) -> usize {
        levels.windows(2).filter(|pair| pair[1] > pair[0]).count()
    }

    #[test]
    fn a_load_under_the_limit_is_left_alone() {
        let levels = run(&mut Limiter::new(LIMIT), 100, |_| LIMIT * 0.99);
        assert!(levels.iter().all(|&level| level == ShedLevel::NONE));
    }

    #[test]
    fn levels_rise_until_it_is_enough_and_fall_when_the_load_is_gone() {
        let mut limiter = Limiter::new(LIMIT);
        let load = |level: ShedLevel| 1.2 / f64::from(1u32 << level.number());
        let levels = run(&mut limiter, 10, load);
        // 0.6 is far over the limit, 0.3 is over it, 0.15 is not.
        assert_eq!(numbers(&levels), [1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        let levels = run(&mut limiter, 3 * MIN_CALM, |_| 0.0);
        assert_eq!(last(&levels), ShedLevel::NONE);
    }

    #[test]
    fn a_window_that_is_full_leaves_out_bodies_and_no_connection() {
        let mut limiter = Limiter::new(LIMIT);
        let busy = run(&mut limiter, 1, |_| 0.7);
        assert_eq!(numbers(&busy), [1]);
        for _ in 0..50 {
            assert_eq!(numbers(&run(&mut limiter, 1, |_| 0.7)), [1], "the mean of four is under the limit");
            assert_eq!(numbers(&run(&mut limiter, 3, |_| 0.02)), [1, 1, 1]);
        }
    }

    #[test]
    fn a_load_that_comes_back_is_tried_ever_more_rarely() {
        let mut limiter = Limiter::new(LIMIT);
        // Between these two there is nothing.
        let load = |level: ShedLevel| if level == ShedLevel::NONE { 0.9 } else { 0.01 };
        let first = ups(&run(&mut limiter, 400, load));
        let later = ups(&run(&mut limiter, 1_000, load));
        assert!(first > 3 && later <= 4, "{first} at first, then {later}");
        // It is not held against a load that is gone.
        run(&mut limiter, 2 * MAX_CALM, |_| 0.0);
        assert_eq!(last(&run(&mut limiter, 1, |_| 0.0)), ShedLevel::NONE);
    }

    #[test]
    fn samples_that_come_too_soon_or_from_clocks_that_stand_change_nothing() {
        let mut limiter = Limiter::new(LIMIT);
        for millis in 0..200 {
            limiter.sample(Duration::from_millis(millis), Duration::from_millis(millis));
        }
        assert_eq!(limiter.level, ShedLevel::NONE);
        limiter.sample(Duration::from_secs(9), Duration::ZERO);
        assert_eq!(limiter.level, ShedLevel::NONE);
    }

    proptest! {
        /// With any sampling a step is of one level, and only with a window over the limit among those compared; a load that takes too
        /// much at every level ends at the last.
        #[test]
        fn steps_are_of_one_level(shares in prop::collection::vec(0.0..3.0f64, 1..200)) {
            let mut limiter = Limiter::new(LIMIT);
            let mut before = ShedLevel::NONE;
            for (n, &share) in shares.iter().enumerate() {
                let level = last(&run(&mut limiter, 1, |_| share));
                prop_assert!(level.number().abs_diff(before.number()) <= 1);
                if before == ShedLevel::NONE {
                    prop_assert_eq!(level > before, share > LIMIT);
                } else if level > before {
                    prop_assert!(shares[n.saturating_sub(WINDOWS - 1)..=n].iter().any(|&share| share > LIMIT));
                }
                before = level;
            }
            prop_assert_eq!(last(&run(&mut limiter, WINDOWS as u32 * 6, |_| 1.0)), ShedLevel::ALL);
        }
    }
}
