//! How much time has passed: from the packets' stamps, and from ticks where there is a clock that runs by itself.
//!
//! Stamps are no clock. One packet is stamped a day ahead; the clock of the capturing host is set back while it captures;
//! two files stand one after the other. So what waits (holes, bodies, idle connections) waits in elapsed time, which never
//! goes back, and a leap of the stamps counts only when the packets that follow agree: forward it is a pause, back it is
//! another clock. Where ticks come, pauses are known from them, and a leap forward is another clock too.

use crate::time::Timestamp;

/// Stamps that differ by less are disorder of the capture, or ordinary waiting.
const LEAP_MICROS: i64 = 500_000;
/// So many packets in a row have to agree.
pub(super) const CONFIRMED_BY: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Clock {
    /// On the clock of the first stamp; `None` before it.
    elapsed: Option<i64>,
    /// From stamps to elapsed time.
    offset: i64,
    /// The same for the clock before it: packets of two clocks may be mixed.
    other_offset: Option<i64>,
    /// Stamps in a row, the newest last, that leap.
    leaps: Vec<i64>,
    ticks: bool,
}

/// The effect of a stamp on the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Ordinary,
    /// It leaps, and whether that counts is for the next packets to say.
    Leap,
    /// A pause is over, of so many microseconds, and was so when the first of these leaps came.
    Pause(u64),
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.elapsed.unwrap_or(i64::MIN))
    }

    /// `now` is on the clock of the first stamp, and never goes back.
    pub fn tick(&mut self, now: Timestamp) {
        self.ticks = true;
        let now = now.micros();
        self.elapsed = Some(self.elapsed.map_or(now, |elapsed| elapsed.max(now)));
    }

    #[inline]
    pub fn packet(&mut self, stamp: Timestamp) -> Step {
        if !stamp.is_known() {
            return Step::Ordinary;
        }
        let stamp = stamp.micros();
        let Some(elapsed) = self.elapsed else {
            self.elapsed = Some(stamp);
            return Step::Ordinary;
        };
        let at = stamp.saturating_add(self.offset);
        if at.saturating_sub(elapsed).saturating_abs() > LEAP_MICROS {
            return self.leap(stamp, elapsed);
        }
        if !self.leaps.is_empty() {
            self.leaps.clear();
        }
        self.elapsed = Some(elapsed.max(at));
        Step::Ordinary
    }

    #[cold]
    fn leap(&mut self, stamp: i64, elapsed: i64) -> Step {
        if let Some(other) = self.other_offset
            && stamp.saturating_add(other).saturating_sub(elapsed).saturating_abs() <= LEAP_MICROS
        {
            self.elapsed = Some(elapsed.max(stamp.saturating_add(other)));
            return Step::Ordinary;
        }
        if self.leaps.len() >= CONFIRMED_BY {
            self.leaps.remove(0);
        }
        self.leaps.push(stamp);
        if self.leaps.len() < CONFIRMED_BY {
            return Step::Leap;
        }
        let offset = self.offset;
        let at = |stamp: i64| stamp.saturating_add(offset);
        let (earliest, latest) = self.leaps.iter().fold((i64::MAX, i64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
        if at(earliest).saturating_sub(elapsed) > LEAP_MICROS && !self.ticks {
            self.elapsed = Some(at(earliest));
            self.leaps.retain(|&leap| at(leap).saturating_sub(at(earliest)) > LEAP_MICROS);
            return Step::Pause(at(earliest).abs_diff(elapsed));
        }
        let all_back = elapsed.saturating_sub(at(latest)) > LEAP_MICROS;
        let all_ahead = at(earliest).saturating_sub(elapsed) > LEAP_MICROS;
        if all_back || all_ahead {
            self.other_offset = Some(self.offset);
            self.offset = elapsed.saturating_sub(latest);
            self.leaps.clear();
            return Step::Ordinary;
        }
        Step::Leap
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;
    const START: i64 = 1_700_000_000 * SECOND;

    /// Elapsed time after each of these stamps, from the first.
    fn run(stamps: &[i64]) -> Vec<i64> {
        let mut clock = Clock::default();
        let mut elapsed = |stamp: &i64| {
            clock.packet(Timestamp::from_micros(START + stamp));
            clock.now().micros() - START
        };
        stamps.iter().map(&mut elapsed).collect()
    }

    #[test]
    fn one_packet_from_the_future_moves_nothing() {
        for ahead in [SECOND, 86_400 * SECOND, 10 * 365 * 86_400 * SECOND, i64::MAX - START] {
            assert_eq!(run(&[0, 1_000, ahead, 2_000, 3_000]), [0, 1_000, 1_000, 2_000, 3_000]);
            assert_eq!(run(&[0, ahead, ahead, 2_000]), [0, 0, 0, 2_000]);
        }
    }

    #[test]
    fn a_pause_counts_once_packets_agree() {
        let later = 5 * HOUR;
        assert_eq!(run(&[0, later, later + 10, later + 20, later + 30]), [0, 0, 0, later, later + 30]);
        // One packet a second: each is a leap, and time goes on all the same.
        let seconds: Vec<i64> = (0..60).map(|second| second * SECOND).collect();
        assert_eq!(run(&seconds).last(), Some(&(57 * SECOND)));
    }

    #[test]
    fn time_goes_on_when_the_clock_was_set_back() {
        let mut stamps: Vec<i64> = (0..5).map(|n| n * 100_000).collect();
        stamps.extend((0..20).map(|n| n * 100_000 - HOUR));
        let elapsed = run(&stamps);
        assert_eq!(elapsed[4], 400_000);
        assert_eq!(elapsed.last(), Some(&(400_000 + 17 * 100_000)));
    }

    #[test]
    fn a_first_packet_from_the_future_holds_nothing_up() {
        let elapsed = run(&[86_400 * SECOND, 0, 1, 2, 300_000, 600_000]);
        assert_eq!(elapsed.last().unwrap() - elapsed[0], 599_998);
    }

    #[test]
    fn packets_of_two_clocks_that_alternate_pass_the_time_of_one() {
        let stamps: Vec<i64> = (0..1_000).map(|n| n * 10_000 + if n / 5 % 2 == 0 { 0 } else { 37 * SECOND }).collect();
        let elapsed = run(&stamps);
        // The first change is taken for a pause.
        assert!((37 * SECOND..48 * SECOND).contains(elapsed.last().unwrap()), "{:?}", elapsed.last());
    }

    #[test]
    fn with_ticks_the_stamps_pass_no_time_by_leaps() {
        let mut clock = Clock::default();
        clock.packet(Timestamp::from_micros(START));
        clock.tick(Timestamp::from_micros(START + 10));
        (0..10).for_each(|n| _ = clock.packet(Timestamp::from_micros(START + HOUR + n)));
        assert!(clock.now() < Timestamp::from_micros(START + 100));
        clock.tick(Timestamp::from_micros(START + SECOND));
        clock.packet(Timestamp::from_micros(START + HOUR + SECOND + 5));
        assert!(clock.now() < Timestamp::from_micros(START + SECOND + 100));
    }

    proptest! {
        #[test]
        fn elapsed_time_never_goes_back(stamps in prop::collection::vec(any::<i64>(), 0..50)) {
            let mut clock = Clock::default();
            let mut before = clock.now();
            for stamp in stamps {
                clock.packet(Timestamp::from_micros(stamp));
                prop_assert!(clock.now() >= before);
                before = clock.now();
            }
        }

        /// A few strays do not move the clock, whatever they say.
        #[test]
        fn strays_change_nothing(
            steps in prop::collection::vec(0..100_000i64, 10..200),
            strays in prop::collection::vec((any::<prop::sample::Index>(), -100 * HOUR..100 * HOUR), 0..5),
        ) {
            let mut stamps: Vec<i64> = steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            let honest = run(&stamps).last().copied();
            let mut places: Vec<(usize, i64)> = strays.iter().map(|(at, by)| (at.index(stamps.len() - 1), *by)).collect();
            places.sort_unstable();
            places.dedup_by_key(|(at, _)| *at / 4);
            for &(at, by) in places.iter().rev().filter(|(at, by)| *at > 0 && by.abs() > 30 * SECOND) {
                stamps.insert(at, stamps[at] + by);
            }
            prop_assert_eq!(run(&stamps).last().copied(), honest);
        }

        /// Disorder is no leap: as many steps as there are, the time that passes is the time of the stamps.
        #[test]
        fn noise_passes_no_time(noise in prop::collection::vec(prop::sample::select(vec![0, 0, 0, -50_000, 50_000, -3 * SECOND]), 300)) {
            let stamps: Vec<i64> = noise.iter().enumerate().map(|(n, noise)| n as i64 * 1_000 + noise).collect();
            prop_assert!(*run(&stamps).last().unwrap() < 15 * SECOND);
        }
    }
}
