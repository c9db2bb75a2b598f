//! The one thread that carries frames through the engine, and the one that sends what comes out.
//!
//! In: a source of frames, *stop*, *credits*. Out: batches, notices, counters and the end to a [`Delivery`]. Refuses to know:
//! where frames come from, protocols, JavaScript.
//!
//! ```text
//! PacketSource --> [runner] --> Engine --> [outbox] --> [sending] --> Delivery
//!                     [control]: stop, wake, counters, the outbox with its credits
//! ```
//! A batch that waits for nothing goes from the outbox to the delivery on the capture thread. Where the delivery would do no
//! more than write lines to stdout, the sending thread does ([bypass]), and the delivery gets what stdout does not take at once.

mod bypass;
mod control;
mod delivery;
mod options;
mod outbox;
mod panics;
mod pipeline;
mod quiet;
mod reports;
mod runner;
mod sending;
mod stopping;
mod thread;
mod wake;

pub use bypass::{keep_from_waiting, take_back};
pub use control::{CaptureControl, StatsSnapshot};
pub use delivery::{Delivery, Event};
pub use options::CaptureOptions;
pub use outbox::{CREDITS, MAX_QUEUE_BYTES};
pub use reports::MAX_EVENT_BACKLOG;
pub use sending::SENDING_THREAD_NAME;
pub use thread::{THREAD_NAME, spawn};
