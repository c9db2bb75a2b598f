//! The events that leave the two threads, and the receiver's side of them.

use crate::batch::Batch;
use crate::error::EngineError;
use crate::ledger::StatsSnapshot;
use crate::notice::Notice;

#[derive(Debug)]
pub enum Event {
    /// Costs a credit; the receiver returns it with `CaptureControl::release`.
    Batch(Batch),
    /// The facts of so many messages, where the receiver wants them, in `lines`. Costs a credit of its own:
    /// `CaptureControl::release_facts`.
    Facts(Batch),
    Notice(Notice),
    /// Exchanges that ended without a response, by their ids, and how. May come before their requests.
    Unanswered(Vec<(String, String)>),
    /// Fatal: only the last `Stats` and `End` follow.
    Error(EngineError),
    Stats(Box<StatsSnapshot>),
    /// The very last event, always.
    End,
}

/// The receiver of a capture's events: the binding, or a channel in tests. Its methods never block.
pub trait Delivery: Send + Sync {
    fn deliver(&self, event: Event);

    /// Events handed over that the receiver has not begun to take.
    fn backlog(&self) -> usize;

    /// No event will be taken and no credit come back: the capture just ends.
    fn is_gone(&self) -> bool;
}
