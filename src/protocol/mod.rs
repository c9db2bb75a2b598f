//! From each direction's ordered bytes to messages: which side serves, which protocol a connection speaks, and the readers of
//! the protocols.
//!
//! In: `Data` with its position, `Gap`, `End`, by side. Out: finished messages to the `Sink` of the `Context`, and counters for
//! what is none. Refuses to know: sequence numbers, sockets, JSON, where messages go.
//!
//! ```text
//! conversation   what a connection has whatever it speaks: its sides, what they begin with, the protocol in use
//!   sniffing     who serves, by ports, SYN and first bytes
//!   opening      what comes before the first message: the prefix of a proxy (proxy_prefix), the preface of HTTP/2
//!   in_use       the protocols, and what each of them can do
//!   http1/       HTTP/1.x
//!   http2/       HTTP/2
//!   event_stream/, grpc_stream/ and websocket/   Server-Sent Events, gRPC messages and WebSocket, if messages inside streams
//!                are asked for; inside: the first two, which are bodies of messages of HTTP
//! tunnel         what a CONNECT opened: counted, or handed on to the reader of TLS
//! handover       what one protocol leaves to the next
//! context        what a reader is lent: limits, the sink, buffers that all connections share
//! met, names, pending_request   plain values that all of them know
//! ```
//!
//! The rule above all others: never a wrong message. In doubt (two lengths, a broken chunk, an unknown number of lost
//! messages) a stream stops or resynchronises, and says so.
//!
//! To add a protocol: a folder beside `http1`, its `mod` here, and a variant of `Protocol` in `in_use`, where rustc then asks for
//! an arm in each function: what it calls of a connection has the function's own name there. A fact of a variant
//! alone, such as that nothing was passed over, needs no function. A protocol is entered in one of three ways:
//! - by its first bytes: `Opening` keeps what may be the beginning of a preface as it keeps what may be a proxy's prefix;
//! - by proof, in the middle of a connection: `Conversation::unproven` reads along until it has found a message, and `pickup` until
//!   there are frames enough;
//! - from another protocol: `Protocol::follow` takes the `Handover` that `HttpConnection` makes when a response has taken the
//!   connection to a protocol that there is a reader of: the request that asked for it, and the bytes of both sides since
//!   then, with their positions and times.

mod body;
mod content_length;
mod context;
mod conversation;
mod event_stream;
mod grpc;
mod grpc_stream;
mod handover;
pub mod http1;
pub mod http2;
mod in_use;
mod inside;
mod met;
mod names;
mod opening;
mod pending_request;
mod proxy_prefix;
mod sniffing;
mod stall;
#[cfg(test)]
mod tests;
mod tunnel;
mod websocket;

pub use context::{Context, Limits, Readers, Scratch};
pub use conversation::{Conversation, Passed, Unread};
pub use handover::{Handover, Piece};
pub use in_use::Protocol;
pub use met::Met;
pub use pending_request::PendingRequest;
pub use proxy_prefix::Prefix;
pub use sniffing::Parties;
