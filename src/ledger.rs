//! The loss ledger of one capture. In: counters of the capture thread and of the sending thread. Out: all of them as they stand,
//! for any thread. Refuses to know: what they count.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::stats::{CaptureStats, ContentStats, Stats};

/// The ledger at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatsSnapshot {
    pub capture: CaptureStats,
    pub engine: Stats,
    pub content: ContentStats,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<StatsSnapshot>);

impl Ledger {
    /// As of the capture thread's last tick, some 50 ms ago at most; final once `End` was delivered.
    pub(crate) fn stats(&self) -> StatsSnapshot {
        self.lock().clone()
    }

    /// The capture thread's counters, in place of those before.
    pub(crate) fn publish(&self, capture: CaptureStats, engine: Stats) {
        let mut snapshot = self.lock();
        snapshot.capture = capture;
        snapshot.engine = engine;
    }

    /// On top of the sending thread's counters.
    pub(crate) fn count_content(&self, more: ContentStats) {
        self.lock().content.add(&more);
    }

    fn lock(&self) -> MutexGuard<'_, StatsSnapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
