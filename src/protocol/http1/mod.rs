//! HTTP/1.x: from each direction's ordered bytes to messages, requests and responses paired (RFC 9110, RFC 9112).
//!
//! In: `Data` with its position, `Gap`, `End`, per direction. Out: finished messages, and counters for what is none.
//! Refuses to know: which side is which, sequence numbers, sockets, JSON, where messages go.

mod begin;
mod chunked;
mod connection;
mod exchange;
mod framing;
mod head;
mod in_progress;
mod malformed;
mod opposite;
mod pending_stream;
mod resync;
mod start_line;
mod stream;
#[cfg(test)]
mod tests;

pub use connection::HttpConnection;
pub(super) use head::{Parsed, check_start_line};
pub use malformed::Malformed;
pub(super) use start_line::{looks_like_start, may_be_start};
