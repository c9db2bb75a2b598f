//! Where frames come from, the one thread that carries them through the engine, and the one that sends what comes out.
//!
//! In: an interface or a savefile, *stop*, *credits*. Out: frames to the engine; batches, notices, counters and
//! the end to a [`Delivery`]. Refuses to know: protocols, JavaScript.
//!
//! ```text
//! [interfaces] name -> [live] (libpcap)  --\
//!                                           +-> PacketSource --> [runner] --> Engine --> [outbox] --> [sending] --> Delivery
//! file, pipe -> [savefile] (pcap, pcapng) --/       [control]: stop, wake, counters, the outbox with its credits
//! ```
//! A batch that waits for nothing goes from the outbox to the delivery on the capture thread. Where the delivery would do no
//! more than write lines to stdout, the sending thread does ([bypass]), and the delivery gets what stdout does not take at once.

mod bypass;
mod control;
mod counters;
mod delivery;
mod filter;
mod interfaces;
mod live;
mod options;
mod outbox;
mod panics;
mod pipeline;
mod quiet;
mod reports;
mod runner;
mod savefile;
mod sending;
mod source;
mod stopping;
mod thread;
mod wake;

pub use bypass::{keep_from_waiting, take_back};
pub use control::{CaptureControl, StatsSnapshot};
pub use delivery::{Delivery, Event};
pub use interfaces::{InterfaceInfo, list_interfaces};
pub use live::LiveSource;
pub use options::{CaptureOptions, LiveOptions, SourceOptions};
pub use outbox::{CREDITS, MAX_QUEUE_BYTES};
pub use reports::MAX_EVENT_BACKLOG;
pub use savefile::SavefileSource;
pub use sending::SENDING_THREAD_NAME;
pub use source::{CaptureInfo, Pace, Packet, PacketSource, Progress};
pub use thread::{THREAD_NAME, spawn};
