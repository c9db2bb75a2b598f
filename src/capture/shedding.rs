//! Load shedding of a live capture: looks at the clocks, says the level, and tells of it at a limited rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ahash::RandomState;

use super::limiter::Limiter;
use super::options::CpuLimit;
use crate::delivery::{Feedback, cpu_of_process, cpu_of_this_thread};
use crate::engine::ShedLevel;
use crate::notice::{Level, Notice};
use crate::source::system_time;

/// Between two lines about it.
const NOTICE_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Shedding {
    limit: CpuLimit,
    limiter: Limiter,
    feedback: Arc<Feedback>,
    began: Instant,
    level: ShedLevel,
    told: ShedLevel,
    last_told: Option<Instant>,
    /// Chooses the connections that are left out; of this capture alone.
    pub(super) seed: u64,
}

impl Shedding {
    pub(super) fn new(limit: CpuLimit, feedback: Arc<Feedback>) -> Self {
        if !limit.of_process {
            feedback.measure_cpu();
        }
        Self {
            limit,
            limiter: Limiter::new(limit.share),
            feedback,
            began: Instant::now(),
            level: ShedLevel::NONE,
            told: ShedLevel::NONE,
            last_told: None,
            seed: RandomState::new().hash_one(0),
        }
    }

    /// On the capture thread. Returns the level, if it has changed.
    pub(super) fn due(&mut self, now: Instant) -> Option<ShedLevel> {
        let cpu = if self.limit.of_process {
            cpu_of_process()
        } else {
            cpu_of_this_thread() + self.feedback.cpu_of_sending()
        };
        let level = self.limiter.sample(now.saturating_duration_since(self.began), cpu);
        (std::mem::replace(&mut self.level, level) != level).then_some(level)
    }

    /// The line about a level that was not told yet.
    pub(super) fn take_notice(&mut self, now: Instant) -> Option<Notice> {
        let is_early = self.last_told.is_some_and(|last| now.saturating_duration_since(last) < NOTICE_EVERY);
        if self.level == self.told || is_early {
            return None;
        }
        let told = std::mem::replace(&mut self.told, self.level);
        self.last_told = Some(now);
        let [limit, taken] = [self.limit.share, self.limiter.excess()].map(|share| format!("{:.1} %", share * 100.0));
        let why = if self.level > told {
            format!("{taken} of a core was taken, more than cpuLimitShare ({limit})")
        } else {
            format!("less than cpuLimitShare ({limit}) is taken")
        };
        Some(Notice {
            at: system_time(),
            level: Level::Warn,
            kind: "load-shed",
            message: format!("{why}: {}", self.level.describe()),
            fields: vec![("shedLevel", self.level.number().to_string())],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shedding(share: f64, of_process: bool) -> Shedding {
        Shedding::new(CpuLimit { share, of_process }, Arc::default())
    }

    /// Takes CPU time until the clock says so: no other load of the machine changes that.
    fn work() {
        let begin = cpu_of_this_thread();
        while cpu_of_this_thread() - begin < Duration::from_millis(20) {
            std::hint::black_box((0..1_000u64).sum::<u64>());
        }
    }

    #[test]
    fn both_measures_see_the_work_of_the_capture_thread() {
        for of_process in [false, true] {
            let mut shedding = shedding(0.001, of_process);
            let began = shedding.began;
            assert_eq!(shedding.due(began), None);
            work();
            assert_eq!(shedding.due(began + Duration::from_secs(1)), Some(ShedLevel::NONE.up()));
            assert_eq!(shedding.due(began + Duration::from_secs(1)), None, "the same window");
        }
    }

    #[test]
    fn the_work_of_the_sending_thread_counts() {
        let feedback = Arc::<Feedback>::default();
        let mut shedding = Shedding::new(CpuLimit { share: 0.015, of_process: false }, Arc::clone(&feedback));
        let began = shedding.began;
        shedding.due(began);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                work();
                feedback.tell_cpu();
            });
        });
        assert!(shedding.due(began + Duration::from_secs(1)).is_some());
    }

    #[test]
    fn a_level_is_told_at_once_and_what_follows_later() {
        let mut shedding = shedding(0.3, true);
        let now = shedding.began;
        assert!(shedding.take_notice(now).is_none());
        shedding.level = ShedLevel::NONE.up();
        let first = shedding.take_notice(now).unwrap();
        assert!(first.message.ends_with("more than cpuLimitShare (30.0 %): bodies are left out"), "{}", first.message);
        shedding.level = ShedLevel::ALL;
        assert!(shedding.take_notice(now + Duration::from_secs(1)).is_none());
        let second = shedding.take_notice(now + NOTICE_EVERY).unwrap();
        assert_eq!(second.fields, [("shedLevel", "6".to_owned())]);
        shedding.level = ShedLevel::NONE;
        let last = shedding.take_notice(now + 2 * NOTICE_EVERY).unwrap();
        assert_eq!(
            last.message,
            "less than cpuLimitShare (30.0 %) is taken: everything is read, connections that were left out within a minute"
        );
        assert!(shedding.take_notice(now + 3 * NOTICE_EVERY).is_none());
    }
}
