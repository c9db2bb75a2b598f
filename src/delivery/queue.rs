//! Batches on their way from the capture thread to the sending thread, in their order, and the end after the last batch. In:
//! batches, the end. Out: the same; whether the other side is where one waits for it. Refuses to know: credits, the receiver.
//!
//! The channel has no bound of its own, since a batch counts by its bytes. There is one producer, so it may look at the counter
//! first and add to it afterwards: meanwhile others only take away from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::batch::Batch;
use crate::error::EngineError;

/// The bytes that a live capture keeps for a slow receiver: some seconds of busy traffic, an eighth of what the sidecar may
/// use in all. A batch that does not fit is refused as a whole, so that a message is either delivered or counted.
pub const MAX_QUEUE_BYTES: usize = 32 << 20;

/// A lossless source is not read while so many batches wait: one for the sending thread to go on with, and the next.
const MAX_LOSSLESS_BATCHES: usize = 2;

/// Counted for each batch on top of its lines, so that many small batches are bounded as well.
const BATCH_OVERHEAD_BYTES: usize = 256;

#[derive(Debug)]
pub(super) enum Item {
    Batch(Batch),
    /// Nothing follows. With an error where that is the reason.
    End(Option<EngineError>),
}

/// The order is `SeqCst` where one side sets a flag and then looks at a counter, and the other side does it the other way
/// around: one of them sees what the other did.
#[derive(Debug, Default)]
struct Shared {
    /// The cost of the batches that wait.
    bytes: AtomicUsize,
    /// Batches that wait or are in the sending thread's hands.
    pending: AtomicUsize,
    /// The capture thread sleeps until fewer are pending.
    is_awaited: AtomicBool,
    is_gone: AtomicBool,
}

/// The capture thread's side: the one producer.
#[derive(Debug)]
pub(super) struct QueueIn {
    items: Sender<Item>,
    shared: Arc<Shared>,
}

/// The sending thread's side. Once it is dropped nothing is taken out any more.
#[derive(Debug)]
pub(super) struct QueueOut {
    items: Receiver<Item>,
    shared: Arc<Shared>,
}

pub(super) fn queue() -> (QueueIn, QueueOut) {
    let (sender, receiver) = unbounded();
    let shared = Arc::new(Shared::default());
    (QueueIn { items: sender, shared: Arc::clone(&shared) }, QueueOut { items: receiver, shared })
}

impl QueueIn {
    /// Returns the number of messages that were refused because `max_bytes` would be exceeded: all of this batch, or
    /// none. When no other waits a batch of any size is taken.
    #[must_use]
    pub(super) fn push(&mut self, batch: Batch, max_bytes: usize) -> u64 {
        let (messages, cost) = (u64::from(batch.messages), cost(&batch));
        let waiting = self.shared.bytes.load(Ordering::Relaxed);
        if waiting > 0 && waiting.saturating_add(cost) > max_bytes {
            return messages;
        }
        self.shared.bytes.fetch_add(cost, Ordering::Relaxed);
        self.shared.pending.fetch_add(1, Ordering::SeqCst);
        match self.items.send(Item::Batch(batch)) {
            Ok(()) => 0,
            Err(_) => messages,
        }
    }

    pub(super) fn end(&mut self, error: Option<EngineError>) {
        // An error: there is no receiver for it.
        let _ = self.items.send(Item::End(error));
    }

    /// No batch is before a batch that would come now.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.pending.load(Ordering::SeqCst) == 0
    }

    /// Whether a lossless source has to wait. If so, `done` will say that the capture thread waits for it.
    pub(super) fn is_full(&self) -> bool {
        self.await_unless(|| self.items.len() < MAX_LOSSLESS_BATCHES)
    }

    /// Whether a batch is still on its way. If so, `done` will say that the capture thread waits for it.
    pub(super) fn has_pending(&self) -> bool {
        self.await_unless(|| self.is_idle())
    }

    pub(super) fn is_gone(&self) -> bool {
        self.shared.is_gone.load(Ordering::SeqCst)
    }

    fn await_unless(&self, reached: impl Fn() -> bool) -> bool {
        let over = || self.is_gone() || reached();
        if !over() {
            self.shared.is_awaited.store(true, Ordering::SeqCst);
            // It may have come about meanwhile, and then no wake-up says so.
            if !over() {
                return true;
            }
        }
        self.shared.is_awaited.store(false, Ordering::SeqCst);
        false
    }
}

impl QueueOut {
    /// To wait for; a batch that is received from it goes through `took` and `done`.
    pub(super) fn items(&self) -> &Receiver<Item> {
        &self.items
    }

    /// Returns what waited in bytes, this batch included.
    pub(super) fn took(&self, batch: &Batch) -> usize {
        self.shared.bytes.fetch_sub(cost(batch), Ordering::Relaxed)
    }

    /// The batch that was taken is where it belongs. Says whether the capture thread waits to hear that.
    pub(super) fn done(&self) -> bool {
        self.shared.pending.fetch_sub(1, Ordering::SeqCst);
        self.shared.is_awaited.swap(false, Ordering::SeqCst)
    }
}

impl Drop for QueueOut {
    fn drop(&mut self) {
        self.shared.is_gone.store(true, Ordering::SeqCst);
    }
}

fn cost(batch: &Batch) -> usize {
    batch.lines.len() + BATCH_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(len: usize, messages: u32) -> Batch {
        Batch { lines: vec![b'x'; len].into(), messages, ..Batch::default() }
    }

    /// The messages of the batch that is next.
    fn pop(queue: &QueueOut) -> Option<u32> {
        match queue.items().try_recv() {
            Ok(Item::Batch(batch)) => {
                queue.took(&batch);
                Some(batch.messages)
            }
            _ => None,
        }
    }

    #[test]
    fn refuses_the_newest_whole() {
        let (mut capture, sending) = queue();
        assert_eq!(capture.push(batch(5_000, 2), 1_000), 0, "the first one fits whatever its size");
        assert_eq!(capture.push(batch(10, 3), 1_000), 3);
        assert_eq!(pop(&sending), Some(2));
        assert_eq!(capture.push(batch(10, 4), 1_000), 0);
        assert_eq!(capture.push(batch(10, 5), 1_000), 0);
        assert_eq!(capture.push(batch(1_000, 6), 1_000), 6);
        assert_eq!([pop(&sending), pop(&sending), pop(&sending)], [Some(4), Some(5), None]);
        assert_eq!(capture.shared.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn who_waits_is_told() {
        let (mut capture, sending) = queue();
        let mut push = |count: usize| (0..count).for_each(|_| assert_eq!(capture.push(batch(1, 1), 1_000), 0));
        push(1);
        assert!(pop(&sending).is_some() && !sending.done(), "the capture thread does not wait");
        push(MAX_LOSSLESS_BATCHES);
        assert!(!capture.is_idle() && capture.is_full());
        assert!(pop(&sending).is_some() && sending.done());
        assert!(!capture.is_full() && pop(&sending).is_some() && !sending.done(), "it no longer waits");
    }

    #[test]
    fn a_batch_is_pending_until_it_is_done() {
        let (mut capture, sending) = queue();
        assert!(!capture.has_pending());
        assert_eq!(capture.push(batch(1, 1), 1_000), 0);
        assert!(pop(&sending).is_some() && !capture.is_full() && capture.has_pending(), "it is in hand");
        assert!(sending.done() && !capture.has_pending() && capture.is_idle());
    }

    #[test]
    fn the_end_is_after_the_last_batch_and_nothing_waits_for_who_is_gone() {
        let (mut capture, sending) = queue();
        assert_eq!(capture.push(batch(1, 1), 1_000), 0);
        capture.end(None);
        assert_eq!(pop(&sending), Some(1));
        assert!(matches!(sending.items().try_recv(), Ok(Item::End(None))));
        drop(sending);
        assert!(capture.is_gone() && !capture.has_pending(), "it has no receiver");
        assert_eq!(capture.push(batch(1, 7), 1_000), 7, "what is not taken is counted");
    }

    /// Two threads; the producing thread sleeps only where it is told of the end of that.
    #[test]
    fn no_wake_up_is_lost() {
        let (mut capture, sending) = queue();
        let (wake, woken) = crossbeam_channel::unbounded();
        let consumer = std::thread::spawn(move || {
            while let Ok(Item::Batch(batch)) = sending.items().recv() {
                sending.took(&batch);
                if sending.done() {
                    wake.send(()).unwrap();
                }
            }
        });
        for _ in 0..50_000 {
            while capture.is_full() {
                woken.recv_timeout(std::time::Duration::from_secs(10)).expect("it is told");
            }
            assert_eq!(capture.push(batch(1, 1), usize::MAX), 0);
        }
        while capture.has_pending() {
            woken.recv_timeout(std::time::Duration::from_secs(10)).expect("it is told");
        }
        capture.end(None);
        consumer.join().unwrap();
    }
}
