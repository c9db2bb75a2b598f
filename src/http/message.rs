//! A finished message, borrowed from wherever its bytes lie.

use super::Direction;
use super::head::{Field, Head};
use crate::selection::Judged;
use crate::time::Timestamp;

/// Why a message ended early (SPEC §2, `incomplete`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incomplete {
    Gap,
    Closed,
    Evicted,
    Timeout,
    Stopped,
}

impl Incomplete {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Closed => "closed",
            Self::Evicted => "evicted",
            Self::Timeout => "timeout",
            Self::Stopped => "stopped",
        }
    }
}

/// Field lines with the bytes that they point into.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    pub lines: &'a [Field],
    pub bytes: &'a [u8],
}

/// The request that a response answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    /// From the request's first packet to the response's first.
    pub latency_micros: i64,
}

#[derive(Debug, Clone, Copy)]
pub struct HttpMessage<'a> {
    pub direction: Direction,
    /// The exchange's number on its connection.
    pub exchange: u32,
    /// Of the packet that began the message.
    pub at: Timestamp,
    pub head: &'a Head,
    pub head_bytes: &'a [u8],
    pub trailers: Option<Fields<'a>>,
    /// What was kept of the body: its beginning.
    pub body: &'a [u8],
    /// Bytes of the body once framing is removed, kept or not, with those known to be lost.
    pub body_bytes: u64,
    pub incomplete: Option<Incomplete>,
    pub gap_bytes: u64,
    pub answered: Option<Answered<'a>>,
    /// Which rules the exchange's request matches; `None` where that was not seen.
    pub judged: Option<Judged>,
}

impl<'a> HttpMessage<'a> {
    pub fn fields(&self) -> Fields<'a> {
        Fields { lines: &self.head.fields, bytes: self.head_bytes }
    }

    /// Bytes of the body are missing here: over the limit, lost, or the message ended early.
    pub fn is_truncated(&self) -> bool {
        self.incomplete.is_some() || (self.body.len() as u64) < self.body_bytes
    }
}
