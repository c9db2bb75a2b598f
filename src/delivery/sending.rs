//! The sending thread: one for each capture, so that decoding bodies and waiting for the receiver cost the capture thread
//! nothing. In: batches, other events, the end. Out: lines on stdout if that is all that wants them; the rest, finished, to the
//! receiver as its credits allow, and facts of all, where it wants some; `End` as the last event, whatever happens. Refuses to
//! know: where batches come from.

use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select_biased, unbounded};

use super::changes::Changes;
use super::credits::Credits;
use super::event::{Delivery, Event};
use super::facts::Table;
use super::feedback::Feedback;
use super::finish::Finisher;
use super::outgoing::Outgoing;
use super::queue::{Item, MAX_QUEUE_BYTES, QueueOut, queue};
use crate::batch::Batch;
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::ledger::Ledger;
use crate::panics;

/// Linux shows 15 bytes of it.
pub const SENDING_THREAD_NAME: &str = "tcp-sniffer-out";
/// How often a receiver that returns no credit is looked at: it may be gone.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// When so much waits of a live capture, bodies are left as they are: decoding must not be what messages are lost for.
const HASTE_BYTES: usize = MAX_QUEUE_BYTES / 2;

/// Shared by the sending thread and others.
pub(crate) struct Shared {
    pub(crate) feedback: Arc<Feedback>,
    pub(crate) ledger: Arc<Ledger>,
    /// Wakes the capture thread.
    pub(crate) wake: Box<dyn Fn() + Send>,
}

/// Runs until the `Outgoing` is ended or dropped, and all is sent. `lossless`: the source waits, so there is no haste.
///
/// # Errors
/// When the system has no thread left.
pub(crate) fn spawn<D>(config: &EngineConfig, lossless: bool, shared: Shared, receiver: D) -> io::Result<Outgoing>
where
    D: Delivery + 'static,
{
    let finisher = Finisher::new(config);
    let (finisher, haste_bytes) =
        if lossless { (finisher, usize::MAX) } else { (finisher.with_rate(Instant::now), HASTE_BYTES) };
    let receiver: Arc<dyn Delivery> = Arc::new(receiver);
    let (queue_in, queue) = queue();
    let (tell, events) = unbounded();
    let outgoing = Outgoing::new(queue_in, tell, Arc::clone(&shared.feedback), Arc::clone(&receiver));
    let body = move || {
        panics::guard_this_thread();
        let (changes, facts) = (Changes::default(), Table::default());
        Sending { queue, events, shared, finisher, changes, facts, haste_bytes, receiver }.run();
    };
    thread::Builder::new().name(SENDING_THREAD_NAME.to_owned()).spawn(body)?;
    Ok(outgoing)
}

struct Sending {
    queue: QueueOut,
    events: Receiver<Event>,
    shared: Shared,
    finisher: Finisher,
    changes: Changes,
    facts: Table,
    haste_bytes: usize,
    receiver: Arc<dyn Delivery>,
}

impl Sending {
    fn run(mut self) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.send_all())) {
            let Self { queue, mut events, shared, mut facts, receiver, .. } = self;
            // The capture thread sees that it is gone, and ends.
            drop(queue);
            (shared.wake)();
            // Of messages that went to stdout already; those of the batch at which it failed may be among them. Should facts fail
            // too, the end comes all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| hand_over_facts(&mut events, &mut facts, &shared, &*receiver)));
            let message = panics::describe(&*payload);
            end(&*receiver, &shared.ledger, Some(EngineError::Panicked { message }));
        }
    }

    fn send_all(&mut self) {
        loop {
            select_biased! {
                recv(self.events) -> event => match event {
                    Ok(event) => self.receiver.deliver(event),
                    Err(_) => self.events = never(),
                },
                recv(self.queue.items()) -> item => match item {
                    Ok(Item::Batch(batch)) => self.send_batch(batch),
                    Ok(Item::End(error)) => {
                        let Self { events, shared, facts, receiver, .. } = self;
                        hand_over_facts(events, facts, shared, &**receiver);
                        // Told before it.
                        self.events.try_iter().for_each(|event| self.receiver.deliver(event));
                        return end(&*self.receiver, &self.shared.ledger, error);
                    }
                    Err(_) => return,
                },
            }
        }
    }

    fn send_batch(&mut self, batch: Batch) {
        let in_haste = self.queue.took(&batch) > self.haste_bytes;
        let Self { events, shared, finisher, changes, facts, receiver, .. } = self;
        let (feedback, receiver) = (&*shared.feedback, &**receiver);
        finisher.finish(batch, in_haste, |batch| {
            if feedback.wants_facts() {
                facts.add(&batch.lines, |table| {
                    hand_over(events, &feedback.facts_credits, receiver, Event::Facts(table));
                });
            }
            send(events, feedback, changes, receiver, batch);
        });
        shared.ledger.count_content(std::mem::take(&mut finisher.stats));
        shared.feedback.tell_cpu();
        if self.queue.done() {
            (self.shared.wake)();
        }
    }
}

/// To stdout where it goes, the rest to the receiver.
fn send(
    events: &mut Receiver<Event>,
    feedback: &Feedback,
    changes: &mut Changes,
    receiver: &dyn Delivery,
    mut batch: Batch,
) {
    if feedback.may_write_to_stdout() {
        let Some(rest) = feedback.stdout.write(io::stdout().as_fd(), batch) else { return };
        batch = rest;
    }
    if feedback.wants_changes_of(&batch) {
        batch.changes = changes.of(&batch.lines);
    }
    hand_over(events, &feedback.credits, receiver, Event::Batch(batch));
}

/// Those of the last messages.
fn hand_over_facts(events: &mut Receiver<Event>, facts: &mut Table, shared: &Shared, receiver: &dyn Delivery) {
    if let Some(rest) = facts.take() {
        hand_over(events, &shared.feedback.facts_credits, receiver, Event::Facts(rest));
    }
}

/// Waits for a credit as long as one may come; meanwhile events go out.
fn hand_over(events: &mut Receiver<Event>, credits: &Credits, receiver: &dyn Delivery, what: Event) {
    loop {
        select_biased! {
            recv(events) -> event => match event {
                Ok(event) => receiver.deliver(event),
                Err(_) => *events = never(),
            },
            recv(credits.left()) -> _credit => return receiver.deliver(what),
            default(LOOK_AGAIN) => if receiver.is_gone() {
                return;
            },
        }
    }
}

/// The counters with all that was sent in them.
fn end(receiver: &dyn Delivery, ledger: &Ledger, error: Option<EngineError>) {
    if let Some(error) = error {
        receiver.deliver(Event::Error(error));
    }
    receiver.deliver(Event::Stats(Box::new(ledger.stats())));
    receiver.deliver(Event::End);
}

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
