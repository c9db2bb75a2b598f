//! From each direction's ordered bytes to HTTP/2 messages, requests and responses paired by stream (RFC 9113, RFC 7541).
//!
//! In: `Data` with its position, `Gap`, `End`, per direction. Out: finished messages, and counters for what is none.
//! Refuses to know: sequence numbers, sockets, JSON, where messages go, what bodies mean.
//!
//! ```text
//! connection   both directions, and what they share
//!   way        one direction: in step (reader), searching (search, chain), or over
//!   reader     bytes as frame headers and pieces of payloads
//!   input      its bytes: read, or searched; loss: those that are lost
//!   frames     the effect of each frame
//!   block      a header block in assembly
//!   hpack/     a header block as fields
//!   head       fields as a message's head
//!   heads      what a head means for its stream
//!   streams    the open streams; open: a message in progress
//!   ends, emit how messages end and come out
//!   socket     a stream that is a WebSocket, and what DATA brings it (brought)
//!   search     the way back after a loss; chain: how much speaks for a row of frames
//! ```
//!
//! The unknown is left out and said, never guessed: a field whose table entry was not seen, a message whose
//! head was lost, a frame that may have been something else.

mod block;
mod brought;
mod chain;
mod connection;
mod emit;
mod ends;
mod frame;
mod frames;
mod head;
mod heads;
pub mod hpack;
mod input;
mod loss;
mod open;
mod reader;
mod said;
mod search;
mod shared;
mod socket;
mod streams;
#[cfg(test)]
mod tests;
mod way;
mod word;

pub use connection::Http2Connection;
pub(super) use head::HeadBuffer;
pub use reader::PREFACE;
