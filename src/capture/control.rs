//! The owner's side of a capture: *stop* and the receiver's [`Feedback`] go in, the counters come out.
//!
//! Shared by the capture thread, the sending thread and their owner; nothing here waits for another side.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::wake::Wake;
use crate::delivery::Feedback;
use crate::ledger::{Ledger, StatsSnapshot};

/// Lines of key logs that wait for the capture thread, which takes them some 20 times a second.
const MAX_PENDING_KEY_BYTES: usize = 4 << 20;

pub struct CaptureControl {
    stop: AtomicBool,
    /// Lines of key logs that the capture thread has not taken yet.
    tls_keys: Mutex<Zeroizing<Vec<u8>>>,
    pub(super) wake: Wake,
    pub(super) feedback: Arc<Feedback>,
    pub(super) ledger: Arc<Ledger>,
}

impl CaptureControl {
    /// # Errors
    /// When the process is out of file descriptors (`eventfd(2)`).
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            stop: AtomicBool::new(false),
            tls_keys: Mutex::default(),
            wake: Wake::new()?,
            feedback: Arc::default(),
            ledger: Arc::default(),
        })
    }

    /// Asks for the end; idempotent, at any time, also before the capture is open.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake.signal();
    }

    /// Whole lines of a key log. False if so many wait already that these are not taken.
    pub fn add_tls_keys(&self, text: &str) -> bool {
        let mut pending = self.tls_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let needed = pending.len() + text.len() + 1;
        if needed > MAX_PENDING_KEY_BYTES {
            return false;
        }
        if needed > pending.capacity() {
            // Growing in place would leave an old copy.
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
            larger.extend_from_slice(&pending);
            *pending = larger;
        }
        pending.extend_from_slice(text.as_bytes());
        pending.push(b'\n');
        true
    }

    pub(super) fn take_tls_keys(&self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut *self.tls_keys.lock().unwrap_or_else(PoisonError::into_inner))
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

    /// The receiver makes objects of the messages from now on, or no longer does: large batches come with their `changes`.
    pub fn want_changes(&self, want: bool) {
        self.feedback.want_changes(want);
    }

    /// The receiver counts messages from now on, or no longer does: it gets the facts of each.
    pub fn want_facts(&self, want: bool) {
        self.feedback.want_facts(want);
    }

    /// The receiver has finished with some facts.
    pub fn release_facts(&self) {
        self.feedback.release_facts();
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

impl std::fmt::Debug for CaptureControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureControl").field("stop", &self.stop).finish_non_exhaustive()
    }
}
