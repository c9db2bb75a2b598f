//! The two signals that go against the stream, *stop* and *credits*, and the counters for whoever asks.
//!
//! Shared by the capture thread, the sending thread and their owner; nothing here waits for the other side.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::outbox::Outbox;
use super::wake::Wake;
use crate::stats::{CaptureStats, ContentStats, Stats};

/// The loss ledger at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatsSnapshot {
    pub capture: CaptureStats,
    pub engine: Stats,
    pub content: ContentStats,
}

#[derive(Debug)]
pub struct CaptureControl {
    stop: AtomicBool,
    pub(super) outbox: Outbox,
    pub(super) wake: Wake,
    snapshot: Mutex<StatsSnapshot>,
}

impl CaptureControl {
    /// # Errors
    /// When the process is out of file descriptors (`eventfd(2)`).
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            stop: AtomicBool::new(false),
            outbox: Outbox::default(),
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
        // A young batch need not wait for company now.
        if self.outbox.release() {
            self.wake.signal();
        }
    }

    /// Whether lines may go to stdout past the receiver, as far as stdout takes them at once and as long as the receiver has
    /// given all its credits back.
    pub fn open_bypass(&self, open: bool) {
        self.outbox.open_bypass(open);
    }

    /// Messages that went so, whole.
    pub fn bypassed(&self) -> u64 {
        self.outbox.bypassed()
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

    pub(super) fn count_content(&self, more: ContentStats) {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).content.add(&more);
    }
}
