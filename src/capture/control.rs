//! The two signals that go against the stream, *stop* and *credits*, and the counters for whoever asks.
//!
//! Shared by the capture thread and its owner; nothing here waits for the other side.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::wake::Wake;
use crate::stats::{CaptureStats, Stats};

/// Batches that the receiver may hold at one time: enough that it never runs dry while the next one is on its way,
/// few enough that what it holds is bounded (a batch is bounded in bytes).
pub const CREDITS: u32 = 4;

/// The loss ledger at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatsSnapshot {
    pub capture: CaptureStats,
    pub engine: Stats,
}

#[derive(Debug)]
pub struct CaptureControl {
    stop: AtomicBool,
    /// At most `CREDITS`.
    credits: AtomicU32,
    pub(super) wake: Wake,
    snapshot: Mutex<StatsSnapshot>,
}

impl CaptureControl {
    /// # Errors
    /// When the process is out of file descriptors (`eventfd(2)`).
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            stop: AtomicBool::new(false),
            credits: AtomicU32::new(CREDITS),
            wake: Wake::new()?,
            snapshot: Mutex::new(StatsSnapshot::default()),
        })
    }

    /// Asks for the end; idempotent, at any time, also before the capture is open.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake.signal();
    }

    pub fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// The receiver has finished with one batch. Giving back more than was taken changes nothing.
    pub fn release(&self) {
        let _ = self
            .credits
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |credits| (credits < CREDITS).then_some(credits + 1));
        self.wake.signal();
    }

    /// The counters as of the thread's last tick, some 50 ms ago at most; final once `End` was delivered.
    pub fn stats(&self) -> StatsSnapshot {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish(&self, capture: CaptureStats, engine: Stats) {
        let mut snapshot = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        snapshot.capture = capture;
        snapshot.engine = engine;
    }

    pub(super) fn has_credit(&self) -> bool {
        self.credits.load(Ordering::Acquire) > 0
    }

    pub(super) fn take_credit(&self) -> bool {
        self.credits.fetch_update(Ordering::AcqRel, Ordering::Acquire, |credits| credits.checked_sub(1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_bounded_both_ways() {
        let control = CaptureControl::new().unwrap();
        control.release();
        for _ in 0..CREDITS {
            assert!(control.take_credit());
        }
        assert!(!control.take_credit());
        assert!(!control.has_credit());
        control.release();
        assert!(control.take_credit());
        assert!(!control.take_credit());
    }
}
