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
//! met, names     plain values that all of them know
//! ```
//!
//! The rule above all others: never a wrong message. In doubt (two lengths, a broken chunk, an unknown number of lost
//! messages) a stream stops or resynchronises, and says so.
//!
//! To add a protocol: a folder beside `http1`, and a variant of `Protocol` with its arms in `conversation`. Each protocol has
//! the functions that `Protocol` calls, by these names: `on_event`, `shed`, `buffered_bytes`, `is_used`, `is_untouched`,
//! `note_syn`, `passed_over`. A protocol is entered in one of two ways, both in `Conversation`:
//! - by its first bytes: `Opening` keeps what may be the beginning of a preface as it keeps what may be a proxy's prefix;
//! - from another protocol: its place is after `Protocol::on_event` in `Conversation`, when the response that switches was
//!   read (`Exchanges::switched`). Today what follows is counted and not read.

mod conversation;
pub mod http1;
mod met;
mod names;
mod proxy_prefix;
mod sniffing;
#[cfg(test)]
mod tests;

pub use conversation::{Conversation, Protocol, Unread};
pub use met::Met;
pub use sniffing::Parties;
