//! Counters of what is lost or left out while connections are read as messages.

use super::switch::Switch;

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
    /// Bytes that they carried from there on.
    pub switched_bytes: u64,
    pub http2: Http2Counters,
    pub streams: StreamCounters,
}

/// Counters of what is lost or left out of messages inside streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamCounters {
    /// Connections, and streams of HTTP/2, that were read as WebSocket.
    pub web_sockets: u64,
    /// Messages that were left out: they refer to what is not known, or their beginning was not seen.
    pub unread_messages: u64,
    /// Times that it was not known where the next frame begins.
    pub lost_boundaries: u64,
    /// Directions of connections that broke the protocol, and were read no further.
    pub given_up: u64,
    /// Times that it was forgotten what later messages refer to: bytes were lost, or memory was needed elsewhere.
    pub lost_contexts: u64,
    /// Messages that were cut since they are too much for so few compressed bytes.
    pub over_ratio: u64,
}

/// Counters of what is lost or left out while connections are read as HTTP/2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Http2Counters {
    /// Connections that were read as HTTP/2.
    pub connections: u64,
    /// Times that it was not known where the next frame begins: bytes were lost, or the frames contradicted themselves.
    pub resyncs: u64,
    /// Directions of connections that were given up: no frame could be found in them any more.
    pub given_up: u64,
    /// Header blocks that were lost in part, over a limit, or no HPACK.
    pub lost_blocks: u64,
    /// Header blocks of which some fields are not known.
    pub partial_blocks: u64,
    /// Streams that were ended to make place for others.
    pub evicted_streams: u64,
}

impl HttpCounters {
    #[cold]
    pub fn count_switch(&mut self, switch: Switch) {
        if let Some(count) = self.switched.get_mut(switch as usize) {
            *count += 1;
        }
    }
}
