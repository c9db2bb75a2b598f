//! From each direction's ordered bytes to messages: which side serves, which protocol a connection speaks, and the readers of
//! the protocols.
//!
//! In: `Data` with its position, `Gap`, `End`, by side. Out: finished messages to the `Sink` of the `Context`, and counters for
//! what is none. Refuses to know: sequence numbers, sockets, JSON, where messages go.
//!
//! ```text
//! conversation   what a connection has whatever it speaks: its sides, a proxy's prefix, the protocol in use
//!   sniffing     who serves, by ports, SYN and first bytes
//!   proxy_prefix the PROXY protocol
//!   http1/       HTTP/1.x
//! handover       what one protocol leaves to the next
//! met, names, pending_request   plain values that all of them know
//! ```
//!
//! The rule above all others: never a wrong message. In doubt (two lengths, a broken chunk, an unknown number of lost
//! messages) a stream stops or resynchronises, and says so.
//!
//! To add a protocol: a folder beside `http1`, and a variant of `Protocol` with its arms in `conversation`. Each protocol has
//! the functions that `Protocol` calls, by these names: `on_event`, `shed`, `buffered_bytes`, `is_used`, `is_untouched`,
//! `note_syn`, `passed_over`. A protocol is entered in one of two ways, both in `Conversation`:
//! - by its first bytes: `Opening` keeps what may be the beginning of a preface as it keeps what may be a proxy's prefix;
//! - from another protocol: `Protocol::follow` takes the `Handover` that `HttpConnection` makes when a response has taken the
//!   connection to a protocol that `Switch::is_followed`: the request that asked for it, and the bytes of both sides since
//!   then, with their positions and times. Today these are counted and not read.

mod body;
mod conversation;
mod handover;
pub mod http1;
pub mod http2;
mod met;
mod names;
mod pending_request;
mod proxy_prefix;
mod sniffing;
#[cfg(test)]
mod tests;

pub use conversation::{Conversation, Protocol, Unread};
pub use handover::{Handover, Piece};
pub use met::Met;
pub use pending_request::PendingRequest;
pub use sniffing::Parties;
