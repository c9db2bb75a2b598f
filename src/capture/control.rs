//! What the owner of a capture has of it: *stop* and the receiver's [`Feedback`] go in, the counters come out.
//!
//! Shared by the capture thread, the sending thread and their owner; nothing here waits for another side.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::wake::Wake;
use crate::delivery::Feedback;
use crate::ledger::{Ledger, StatsSnapshot};

#[derive(Debug)]
pub struct CaptureControl {
    stop: AtomicBool,
    pub(super) wake: Wake,
    pub(super) feedback: Arc<Feedback>,
    pub(super) ledger: Arc<Ledger>,
}

impl CaptureControl {
    /// # Errors
    /// When the process is out of file descriptors (`eventfd(2)`).
    pub fn new() -> io::Result<Self> {
        Ok(Self { stop: AtomicBool::new(false), wake: Wake::new()?, feedback: Arc::default(), ledger: Arc::default() })
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
        if self.feedback.release() {
            self.wake.signal();
        }
    }

    /// Whether the engine writes lines to stdout: as far as stdout takes them at once, and as long as the receiver has given all
    /// its credits back. The receiver gets what is left.
    pub fn open_stdout(&self, open: bool) {
        self.feedback.stdout.open(open);
    }

    /// Messages that were written so, whole.
    pub fn written_to_stdout(&self) -> u64 {
        self.feedback.stdout.written()
    }

    /// The counters as of the thread's last tick, some 50 ms ago at most; final once `End` was delivered.
    pub fn stats(&self) -> StatsSnapshot {
        self.ledger.stats()
    }
}
