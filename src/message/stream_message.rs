//! A message inside a long exchange, borrowed from wherever its bytes lie.

use super::direction::Direction;
use super::verdict::RequestVerdict;
use crate::time::Timestamp;

/// The exchange that the stream is a part of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamOf {
    /// Its number on its connection.
    pub exchange: u32,
    /// Its request was seen.
    pub request_seen: bool,
    /// Which rules that request matches; means nothing if it was not seen.
    pub verdict: RequestVerdict,
    /// Of its final response, if that is there by now.
    pub status: Option<u16>,
}

#[derive(Debug, Clone, Copy)]
pub struct StreamMessage<'a> {
    pub of: StreamOf,
    pub direction: Direction,
    /// From 1 on, in its direction. A number that is left out is that of a message that could not be read.
    pub sequence: u64,
    /// Of the packet that began it.
    pub at: Timestamp,
    /// The kept part of it: its beginning.
    pub data: &'a [u8],
    /// Bytes of all of it, kept or not, with those known to be lost.
    pub data_bytes: u64,
    /// Bytes of it are missing in `data`.
    pub truncated: bool,
    pub gap_bytes: u64,
    pub part: Part<'a>,
}

/// The facts about a message that only some streams know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    WebSocket {
        opcode: Opcode,
        /// Of a close frame that has one.
        close_code: Option<u16>,
    },
    /// An event as the HTML standard has it.
    Sse { event: Option<&'a [u8]>, id: Option<&'a [u8]>, retry: Option<u64> },
    /// `path`: of the request. It names the service and the method.
    Grpc { path: &'a [u8] },
}

impl Part<'_> {
    /// As many as there are kinds of streams.
    pub const COUNT: usize = 3;

    /// Of its kind, below `COUNT`.
    pub const fn index(&self) -> usize {
        match self {
            Self::WebSocket { .. } => 0,
            Self::Sse { .. } => 1,
            Self::Grpc { .. } => 2,
        }
    }

    /// The name of the kind of stream.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::WebSocket { .. } => "websocket",
            Self::Sse { .. } => "sse",
            Self::Grpc { .. } => "grpc",
        }
    }
}

/// Of a WebSocket message (RFC 6455 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
        }
    }
}
