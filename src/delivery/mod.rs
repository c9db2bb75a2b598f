//! From the capture thread to the receiver: the sending thread and what lies before it.
//!
//! In: batches, notices, counters, the end. Out: the same events in order; lines on stdout. Refuses to know: sources, the engine,
//! JavaScript.
//!
//! ```text
//!                    at once, where nothing waits
//!                 +-------------------------------------------------------+
//!                 |                                                       v
//! capture --> [outgoing] -- batches, the end --> [queue] --> [sending] --> [event] Delivery
//!                 |                                    [finish] [facts] [changes] --> [stdout]
//!                 +-------- other events ------------------------^
//!        credits, stdout is open <-- [feedback] <-- the receiver
//! ```
//! Two channels lead to the sending thread: batches keep their order and end with the end, other events go ahead of them. The
//! memory of a batch goes home by itself ([`Buffer`](crate::batch::Buffer)).

mod changes;
mod cpu;
mod credits;
mod event;
mod facts;
mod feedback;
mod finish;
mod finish_grpc;
mod outgoing;
mod queue;
mod sending;
mod stdout;

pub(crate) use cpu::{cpu_of_process, cpu_of_this_thread};
pub use credits::CREDITS;
pub use event::{Delivery, Event};
pub(crate) use feedback::Feedback;
pub use finish::Finisher;
pub(crate) use outgoing::Outgoing;
pub use queue::MAX_QUEUE_BYTES;
pub use sending::SENDING_THREAD_NAME;
pub(crate) use sending::{Shared, spawn};
pub use stdout::{keep_from_waiting, take_back};
