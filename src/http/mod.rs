//! From each direction's ordered bytes to HTTP/1.x messages, requests and responses paired (RFC 9110, RFC 9112).
//!
//! In: `Data` with its position, `Gap`, `End`, per direction. Out: finished messages, and counters for what is none.
//! Refuses to know: sequence numbers, sockets, JSON, where messages go.
//!
//! The rule above all others: never a wrong message. In doubt (two lengths, a broken chunk, an unknown number of lost
//! messages) a stream stops or resynchronises, and says so.

mod begin;
mod body;
mod chunked;
mod connection;
mod exchange;
mod framing;
mod head;
mod held;
mod in_progress;
mod message;
mod protocol;
mod proxied;
mod resync;
mod stream;
mod switch;
#[cfg(test)]
mod tests;
pub mod words;

pub use connection::{HttpConnection, Parties, Unread};
pub use head::{Field, Head, KnownName, Span, StartLine, Version};
pub use message::{Answered, Fields, HttpMessage, Incomplete};
pub use proxied::Proxied;
pub use switch::Switch;

use crate::selection::Selection;

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Client to server.
    Request,
    /// Server to client.
    Response,
}

/// Why a stream is not, or no longer, read as HTTP/1.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("start line is not HTTP/1.x")]
    StartLine,
    #[error("HTTP/0.9 request")]
    Http09,
    #[error("a field that may or may not frame the message: odd bytes in its name or its value")]
    FramingField,
    #[error("a line of the trailer section is no field")]
    TrailerLine,
    #[error("more than {} fields", head::MAX_FIELDS)]
    TooManyFields,
    #[error("head over {} bytes", head::MAX_HEAD_BYTES)]
    HeadTooLong,
    #[error("trailer section over {} bytes", chunked::MAX_TRAILER_BYTES)]
    TrailersTooLong,
    #[error("Content-Length is no number, or there are different ones")]
    ContentLength,
    #[error("Transfer-Encoding that does not tell how long the message is")]
    TransferEncoding,
    #[error("broken chunk size")]
    ChunkSize,
    #[error("chunk data does not end where its size says")]
    ChunkEnd,
    #[error("unclear whether a body follows: the request was not seen")]
    UnknownRequest,
}

/// Limits for each message.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_body_bytes: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HttpCounters {
    /// Heads of which a part was lost or never came.
    pub lost_heads: u64,
    pub malformed_streams: u64,
    pub not_http_streams: u64,
    /// Bodies dropped to keep within the memory budget.
    pub cut_bodies: u64,
    /// Times that a loss made it unknown which request a response answers.
    pub lost_pairings: u64,
    /// Bytes that were passed over because it was not known where a message begins.
    pub passed_over_bytes: u64,
    /// Bytes after a response that has no body.
    pub excess_bytes: u64,
    /// Final responses of which it is not known which request they answer.
    pub unpaired_responses: u64,
    /// Connections that left HTTP/1.x, by `Switch`.
    pub switched: [u64; Switch::COUNT],
    /// What they carried from there on.
    pub switched_bytes: u64,
}

impl HttpCounters {
    fn count_switch(&mut self, switch: Switch) {
        if let Some(count) = self.switched.get_mut(switch as usize) {
            *count += 1;
        }
    }

    pub fn add(&mut self, more: &Self) {
        self.lost_heads += more.lost_heads;
        self.malformed_streams += more.malformed_streams;
        self.not_http_streams += more.not_http_streams;
        self.cut_bodies += more.cut_bodies;
        self.lost_pairings += more.lost_pairings;
        self.passed_over_bytes += more.passed_over_bytes;
        self.excess_bytes += more.excess_bytes;
        self.unpaired_responses += more.unpaired_responses;
        self.switched_bytes += more.switched_bytes;
        self.switched.iter_mut().zip(more.switched).for_each(|(count, more)| *count += more);
    }
}

/// What the layer hands out: messages, and remarks on streams.
pub trait Sink {
    fn message(&mut self, message: &HttpMessage<'_>);
    /// A stream ends here as HTTP: `sample` holds its first bytes from where it went wrong. Of another protocol it is told once
    /// a connection, by whichever side is the first.
    fn not_http(&mut self, direction: Direction, what: NotHttp, sample: &[u8]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHttp {
    /// It never was HTTP/1.x; the protocol's name where it is known.
    Protocol(&'static str),
    Malformed(Malformed),
    /// It goes on after bytes that follow a response without a body.
    Excess,
}

/// What parsing needs besides the bytes.
pub struct Context<'a> {
    pub limits: Limits,
    pub selection: &'a Selection,
    pub counters: &'a mut HttpCounters,
    pub sink: &'a mut dyn Sink,
    /// What it means when a stream ends before its message.
    pub ending: Incomplete,
    /// What the PROXY protocol said of the connection.
    pub proxied: Option<Proxied>,
    pub scratch: &'a mut Scratch,
}

/// Room that is used again for each message.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For the fields of the head at hand.
    head: Head,
    /// For a body that lies in blocks.
    body: Vec<u8>,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("ending", &self.ending).finish_non_exhaustive()
    }
}
