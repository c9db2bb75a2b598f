//! The capture thread's half of the delivery. In: batches, other events, the end. Out: each in its queue, or at the receiver at
//! once. Refuses to know: how the sending thread works.
//!
//! A batch that has to wait for nothing goes to the receiver at once: another thread that wakes for it is a core that the
//! watched service has not.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::event::{Delivery, Event};
use super::feedback::Feedback;
use super::queue::QueueIn;
use crate::batch::Batch;
use crate::error::EngineError;

/// Dropping it ends the sending thread, once that has sent all.
pub struct Outgoing {
    queue: QueueIn,
    /// Events that cost no credit: they go ahead of batches.
    events: Sender<Event>,
    feedback: Arc<Feedback>,
    receiver: Arc<dyn Delivery>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl Outgoing {
    pub(super) fn new(
        queue: QueueIn,
        events: Sender<Event>,
        feedback: Arc<Feedback>,
        receiver: Arc<dyn Delivery>,
    ) -> Self {
        Self { queue, events, feedback, receiver }
    }

    /// Returns the number of messages that were refused because more than `max_bytes` would wait: all of this batch, or none.
    #[must_use]
    pub(crate) fn push(&mut self, batch: Batch, max_bytes: usize) -> u64 {
        if self.would_go_on(&batch) && self.feedback.credits.take() {
            self.receiver.deliver(Event::Batch(batch));
            return 0;
        }
        self.queue.push(batch, max_bytes)
    }

    /// True if no batch is before it, and no work is left for it: a file may take its time, so the capture thread writes none.
    fn would_go_on(&self, batch: &Batch) -> bool {
        let is_done = batch.raw.is_empty() && !self.feedback.wants_changes_of(batch) && !self.feedback.wants_facts();
        is_done && !self.feedback.stdout.is_open() && self.queue.is_idle() && !self.queue.is_gone()
    }

    /// Anything but a batch and the end.
    pub(crate) fn tell(&self, event: Event) {
        // An error: the sending thread is gone, and with it who would hear of it.
        let _ = self.events.send(event);
    }

    /// Ahead of every batch that is pushed after it, also of a batch that goes to the receiver at once.
    pub(crate) fn tell_at_once(&self, event: Event) {
        self.receiver.deliver(event);
    }

    /// Events that the receiver has not begun to take.
    pub(crate) fn backlog(&self) -> usize {
        self.events.len() + self.receiver.backlog()
    }

    /// The very last: after every batch and all that was told come the error, the counters as they are then, and `End`.
    pub(crate) fn end(mut self, error: Option<EngineError>) {
        self.queue.end(error);
    }

    /// Whether the receiver could have another batch at once. If not, the capture thread is woken by its next credit.
    pub(crate) fn is_hungry(&self) -> bool {
        self.feedback.note_hunger(|| self.queue.is_idle() && self.feedback.credits.has_any())
    }

    /// Whether a lossless source has to wait. If so, its thread is woken when that may have changed.
    pub(crate) fn is_full(&self) -> bool {
        !self.is_gone() && self.queue.is_full()
    }

    /// Whether a batch is still on its way. If so, the capture thread is woken when that may have changed.
    pub(crate) fn has_pending(&self) -> bool {
        !self.is_gone() && self.queue.has_pending()
    }

    /// Nothing is taken any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.queue.is_gone() || self.receiver.is_gone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crossbeam_channel::unbounded;

    use super::super::credits::CREDITS;
    use super::super::queue::{Item, QueueOut, queue};
    use super::*;
    use crate::encode::RawBody;

    /// The messages of each batch that came.
    #[derive(Default)]
    struct Receiver(Mutex<Vec<u32>>);

    impl Delivery for Receiver {
        fn deliver(&self, event: Event) {
            let Event::Batch(batch) = event else { panic!("{event:?}") };
            self.0.lock().unwrap().push(batch.messages);
        }

        fn backlog(&self) -> usize {
            7
        }

        fn is_gone(&self) -> bool {
            false
        }
    }

    fn batch(messages: u32) -> Batch {
        Batch { lines: vec![b'x'].into(), messages, ..Batch::default() }
    }

    /// The messages of the batch that is next; it is in hand then.
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
    fn what_waits_for_nothing_is_there_at_once() {
        let (queue_in, sending) = queue();
        let (feedback, receiver) = (Arc::new(Feedback::default()), Arc::new(Receiver::default()));
        let (events, waiting) = unbounded();
        let mut outgoing = Outgoing::new(queue_in, events, Arc::clone(&feedback), receiver.clone());
        let mut push = |batch| assert_eq!(outgoing.push(batch, 10_000), 0);
        let received = || receiver.0.lock().unwrap().clone();
        push(batch(1));
        assert_eq!((received(), pop(&sending)), (vec![1], None));
        let raw = RawBody { at: 0..1, codings: Vec::new(), charset: None, grpc: None, cut: false, unredacted: None };
        push(Batch { raw: vec![(0, raw)], ..batch(2) });
        push(batch(3));
        assert_eq!(received(), [1], "one is to be finished, the next stays behind it");
        assert_eq!(pop(&sending), Some(2));
        sending.done();
        assert_eq!(pop(&sending), Some(3));
        push(batch(4));
        assert_eq!(received(), [1], "one before it is in hand");
        sending.done();
        assert_eq!(pop(&sending), Some(4));
        sending.done();
        (1..CREDITS).for_each(|more| push(batch(10 + more as u32)));
        push(batch(20));
        assert_eq!(received(), [1, 11, 12, 13], "a credit for each");
        feedback.release();
        assert_eq!(pop(&sending), Some(20));
        sending.done();
        (0..CREDITS).for_each(|_| _ = feedback.release());
        feedback.stdout.open(true);
        push(batch(25));
        assert_eq!((received().len(), pop(&sending)), (4, Some(25)), "the sending thread writes it");
        sending.done();
        feedback.stdout.open(false);
        drop(sending);
        assert_eq!(outgoing.push(batch(30), 10_000), 30, "there is no receiver");
        assert!(outgoing.is_gone() && !outgoing.is_full() && !outgoing.has_pending());
        outgoing.tell(Event::End);
        assert_eq!(outgoing.backlog(), 8);
        drop(waiting);
    }
}
