//! What waits between the capture thread and the sending thread. In: batches, other events, credits. Out: events at once,
//! batches in their order, a credit for each that the receiver gets. Neither side waits in here for the other, except the
//! sending thread for something to do. A batch that has to wait for nothing goes to the receiver at once: another thread
//! that wakes for it is a core that the watched service has not.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::delivery::{Delivery, Event};
use crate::batch::Batch;

/// What a live capture keeps for a receiver that is slow: some seconds of busy traffic, an eighth of what the sidecar
/// may use in all. What does not fit is refused by whole batches, so that a message is either delivered or counted.
pub const MAX_QUEUE_BYTES: usize = 32 << 20;

/// A lossless source is not read while so many batches wait: one for the sending thread to go on with, and the next.
const MAX_LOSSLESS_BATCHES: usize = 2;

/// Counted for each batch on top of its lines, so that many small ones are bounded as well.
const BATCH_OVERHEAD_BYTES: usize = 256;

/// Batches that the receiver may hold at one time: enough that it never runs dry while the next one is on its way,
/// few enough that what it holds is bounded (a batch is bounded in bytes).
pub const CREDITS: u32 = 4;

#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
    /// The sending thread's.
    receiver: OnceLock<Weak<dyn Delivery>>,
}

#[derive(Debug)]
struct State {
    batches: VecDeque<Batch>,
    /// The cost of `batches`.
    bytes: usize,
    events: VecDeque<Event>,
    /// At most `CREDITS`.
    credits: u32,
    /// What the sending thread sleeps for: only that, or an event, wakes it.
    awaits: Option<Want>,
    /// The sending thread has a batch in its hands.
    sending: bool,
    /// The capture thread waits until less is waiting.
    is_awaited: bool,
    /// The capture thread has a young batch for a receiver that was not hungry.
    young_waits: bool,
    /// The receiver leaves it to the sending thread to write lines to stdout.
    bypass: bool,
    /// Messages that went to stdout past the receiver.
    bypassed: u64,
    /// Nothing more will come.
    closed: bool,
    /// The receiver's, when it was asked last.
    backlog: usize,
    gone: bool,
}

/// What the sending thread does next.
#[derive(Debug)]
pub(super) enum Next {
    Event(Event),
    /// With the cost of all that waited, its own included.
    Batch(Batch, usize),
    /// One was taken.
    Credit,
    /// Nothing happened for a while.
    Nothing,
    Closed,
}

/// What it waits for besides events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Batch,
    Credit,
}

impl Default for Outbox {
    fn default() -> Self {
        let state = State {
            batches: VecDeque::new(),
            bytes: 0,
            events: VecDeque::new(),
            credits: CREDITS,
            awaits: None,
            sending: false,
            is_awaited: false,
            young_waits: false,
            bypass: false,
            bypassed: 0,
            closed: false,
            backlog: 0,
            gone: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), receiver: OnceLock::new() }
    }
}

/// The capture thread's side, and the receiver's credits.
impl Outbox {
    /// Gives the number of messages that were refused because `max_bytes` would be exceeded: all of this batch, or
    /// none. When nothing waits a batch of any size is taken.
    #[must_use]
    pub fn push(&self, batch: Batch, max_bytes: usize) -> u64 {
        let mut state = self.state();
        if state.would_go_on(&batch)
            && let Some(receiver) = self.receiver.get().and_then(Weak::upgrade)
        {
            state.credits -= 1;
            drop(state);
            receiver.deliver(Event::Batch(batch));
            return 0;
        }
        let cost = cost(&batch);
        if !state.batches.is_empty() && state.bytes.saturating_add(cost) > max_bytes {
            return u64::from(batch.messages);
        }
        state.bytes += cost;
        state.batches.push_back(batch);
        self.wake_sender(&state);
        0
    }

    /// Whether the receiver could have another batch at once. If not, the capture thread is woken by its next credit.
    pub fn is_hungry(&self) -> bool {
        let mut state = self.state();
        state.young_waits = !state.is_hungry();
        !state.young_waits
    }

    /// The receiver's: from now on lines may go to stdout past it, or may not. Ahead of what it has in its hands none do.
    pub fn open_bypass(&self, open: bool) {
        self.state().bypass = open;
    }

    pub fn may_bypass(&self) -> bool {
        let state = self.state();
        state.bypass && state.credits == CREDITS
    }

    pub fn count_bypassed(&self, messages: u32) {
        self.state().bypassed += u64::from(messages);
    }

    pub fn bypassed(&self) -> u64 {
        self.state().bypassed
    }

    /// Whether a lossless source has to wait. If so, its thread is woken when that may have changed.
    pub fn is_full(&self) -> bool {
        self.await_unless(|state| state.batches.len() < MAX_LOSSLESS_BATCHES)
    }

    /// Whether a batch is still on its way. If so, the capture thread is woken when that may have changed.
    pub fn has_batches(&self) -> bool {
        self.await_unless(|state| state.batches.is_empty() && !state.sending)
    }

    /// No event comes after these; the sending thread ends when all is sent.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.wake_sender(&state);
    }

    /// The receiver has finished with one batch. Says whether the capture thread waits to hear that.
    pub fn release(&self) -> bool {
        let mut state = self.state();
        state.credits = (state.credits + 1).min(CREDITS);
        self.wake_sender(&state);
        std::mem::take(&mut state.young_waits)
    }

    fn wake_sender(&self, state: &State) {
        if state.awaits.is_some_and(|want| state.is_ready(want)) {
            self.changed.notify_one();
        }
    }

    fn await_unless(&self, done: impl FnOnce(&State) -> bool) -> bool {
        let mut state = self.state();
        state.is_awaited = !state.gone && !done(&state);
        state.is_awaited
    }
}

/// The sending thread's side.
impl Outbox {
    /// Who gets what goes at once; the sending thread keeps it alive.
    pub fn attach(&self, receiver: &Arc<dyn Delivery>) {
        self.state().look_at(&**receiver);
        let attached = self.receiver.set(Arc::downgrade(receiver));
        debug_assert!(attached.is_ok(), "an outbox has one receiver");
    }

    /// What is there, or comes within `patience`. Tells the capture thread how the receiver is.
    pub fn next(&self, want: Want, patience: Duration, receiver: &dyn Delivery) -> Next {
        let mut state = self.state();
        state.look_at(receiver);
        if !state.is_ready(want) {
            state.awaits = Some(want);
            state = self.changed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
            state.awaits = None;
        }
        if let Some(event) = state.events.pop_front() {
            return Next::Event(event);
        }
        match want {
            Want::Credit if state.credits > 0 => {
                state.credits -= 1;
                Next::Credit
            }
            Want::Credit => Next::Nothing,
            Want::Batch => match state.batches.pop_front() {
                Some(batch) => {
                    let waiting = state.bytes;
                    state.bytes -= cost(&batch);
                    state.sending = true;
                    Next::Batch(batch, waiting)
                }
                None if state.closed => Next::Closed,
                None => Next::Nothing,
            },
        }
    }

    /// The batch is delivered. Says whether the capture thread waits to hear that.
    pub fn sent(&self) -> bool {
        let mut state = self.state();
        state.sending = false;
        std::mem::take(&mut state.is_awaited)
    }

    /// Nothing will be taken out any more.
    pub fn give_up(&self) {
        self.state().gone = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look_at(&mut self, receiver: &dyn Delivery) {
        self.backlog = receiver.backlog();
        self.gone = receiver.is_gone();
    }

    fn is_hungry(&self) -> bool {
        self.batches.is_empty() && !self.sending && self.credits > 0
    }

    /// Nothing is before it, and nothing is to be done for it: a file may take its time, so the capture thread writes none.
    fn would_go_on(&self, batch: &Batch) -> bool {
        self.is_hungry() && batch.raw.is_empty() && !self.bypass
    }

    fn is_ready(&self, want: Want) -> bool {
        !self.events.is_empty()
            || match want {
                Want::Batch => !self.batches.is_empty() || self.closed,
                Want::Credit => self.credits > 0,
            }
    }
}

/// For what costs no credit: it goes ahead of batches.
impl Delivery for Outbox {
    fn deliver(&self, event: Event) {
        let mut state = self.state();
        state.events.push_back(event);
        self.wake_sender(&state);
    }

    fn backlog(&self) -> usize {
        let state = self.state();
        state.events.len() + state.backlog
    }

    fn is_gone(&self) -> bool {
        self.state().gone
    }
}

fn cost(batch: &Batch) -> usize {
    batch.lines.len() + BATCH_OVERHEAD_BYTES
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::encode::RawBody;

    struct Nobody;

    impl Delivery for Nobody {
        fn deliver(&self, _: Event) {}

        fn backlog(&self) -> usize {
            7
        }

        fn is_gone(&self) -> bool {
            false
        }
    }

    fn batch(len: usize, messages: u32) -> Batch {
        Batch { lines: vec![b'x'; len].into(), messages, raw: Vec::new() }
    }

    fn next(outbox: &Outbox, want: Want) -> Next {
        outbox.next(want, Duration::ZERO, &Nobody)
    }

    pub(in crate::capture) fn take_credit(outbox: &Outbox) -> bool {
        matches!(next(outbox, Want::Credit), Next::Credit)
    }

    /// The messages of the batch that is next.
    fn pop(outbox: &Outbox) -> Option<u32> {
        match next(outbox, Want::Batch) {
            Next::Batch(batch, _) => Some(batch.messages),
            _ => None,
        }
    }

    #[test]
    fn refuses_the_newest_whole() {
        let outbox = Outbox::default();
        assert_eq!(outbox.push(batch(5_000, 2), 1_000), 0, "the first one fits whatever its size");
        assert_eq!(outbox.push(batch(10, 3), 1_000), 3);
        assert_eq!(pop(&outbox), Some(2));
        assert_eq!(outbox.push(batch(10, 4), 1_000), 0);
        assert_eq!(outbox.push(batch(10, 5), 1_000), 0);
        assert_eq!(outbox.push(batch(1_000, 6), 1_000), 6);
        assert_eq!([pop(&outbox), pop(&outbox), pop(&outbox)], [Some(4), Some(5), None]);
        assert_eq!(outbox.state().bytes, 0);
    }

    #[test]
    fn credits_are_bounded_both_ways() {
        let outbox = Outbox::default();
        outbox.release();
        (0..CREDITS).for_each(|_| assert!(take_credit(&outbox)));
        assert!(!take_credit(&outbox) && !outbox.is_hungry());
        outbox.release();
        assert!(outbox.is_hungry());
        assert!(take_credit(&outbox));
        assert!(!take_credit(&outbox));
    }

    #[test]
    fn a_credit_wakes_the_capture_thread_where_a_young_batch_waits_for_it() {
        let outbox = Outbox::default();
        assert!(outbox.is_hungry() && !outbox.release(), "it does not wait");
        assert_eq!(outbox.push(batch(1, 1), 1_000), 0);
        assert!(!outbox.is_hungry() && outbox.release());
        assert!(!outbox.release(), "it was told");
    }

    /// The messages of each batch that came.
    struct Receiver(Mutex<Vec<u32>>);

    impl Delivery for Receiver {
        fn deliver(&self, event: Event) {
            let Event::Batch(batch) = event else { panic!("{event:?}") };
            self.0.lock().unwrap().push(batch.messages);
        }

        fn backlog(&self) -> usize {
            0
        }

        fn is_gone(&self) -> bool {
            false
        }
    }

    #[test]
    fn what_waits_for_nothing_is_there_at_once() {
        let (outbox, receiver) = (Outbox::default(), Arc::new(Receiver(Mutex::default())));
        let attached: Arc<dyn Delivery> = receiver.clone();
        outbox.attach(&attached);
        let push = |batch| assert_eq!(outbox.push(batch, 1_000), 0);
        let received = || receiver.0.lock().unwrap().clone();
        push(batch(1, 1));
        assert_eq!(received(), [1]);
        assert!(!outbox.has_batches());
        let raw = RawBody { at: 0..1, codings: Vec::new(), charset: None, cut: false };
        push(Batch { raw: vec![(0, raw)], ..batch(1, 2) });
        push(batch(1, 3));
        assert_eq!(received(), [1], "one is to be finished, the next stays behind it");
        assert_eq!([pop(&outbox), pop(&outbox)], [Some(2), Some(3)]);
        push(batch(1, 4));
        assert_eq!((received(), pop(&outbox)), (vec![1], Some(4)), "one before it is in hand");
        outbox.sent();
        (1..CREDITS).for_each(|more| push(batch(1, 10 + more)));
        push(batch(1, 20));
        assert_eq!(received(), [1, 11, 12, 13], "a credit for each");
        outbox.release();
        assert_eq!(pop(&outbox), Some(20));
        outbox.sent();
        (0..CREDITS).for_each(|_| _ = outbox.release());
        outbox.open_bypass(true);
        push(batch(1, 25));
        assert_eq!((received().len(), pop(&outbox)), (4, Some(25)), "the sending thread writes it");
        outbox.sent();
        outbox.open_bypass(false);
        drop((attached, receiver));
        push(batch(1, 30));
        assert_eq!(pop(&outbox), Some(30), "nobody is there: it waits for who may be");
    }

    #[test]
    fn events_go_ahead_and_the_end_is_last() {
        let outbox = Outbox::default();
        assert_eq!(outbox.push(batch(1, 1), 1_000), 0);
        outbox.deliver(Event::End);
        outbox.close();
        assert!(matches!(next(&outbox, Want::Batch), Next::Event(Event::End)));
        assert_eq!(pop(&outbox), Some(1));
        assert!(matches!(next(&outbox, Want::Batch), Next::Closed));
        assert_eq!(outbox.backlog(), 7);
    }

    #[test]
    fn whoever_waits_is_told() {
        let outbox = Outbox::default();
        assert!(!outbox.has_batches() && !outbox.is_full() && !outbox.sent());
        (0..MAX_LOSSLESS_BATCHES).for_each(|_| assert_eq!(outbox.push(batch(1, 1), 1_000), 0));
        assert!(outbox.is_full());
        assert!(pop(&outbox).is_some() && outbox.sent());
        assert!(!outbox.is_full() && outbox.has_batches());
        assert!(pop(&outbox).is_some() && outbox.has_batches(), "one is in hand");
        assert!(outbox.sent() && !outbox.has_batches());
        assert_eq!(outbox.push(batch(1, 1), 1_000), 0);
        outbox.give_up();
        assert!(!outbox.has_batches(), "nobody takes it");
    }
}
