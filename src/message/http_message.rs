//! A finished message, borrowed from wherever its bytes lie.

use super::direction::Direction;
use super::extras::Extras;
use super::head::{FieldLines, Head};
use super::verdict::RequestVerdict;
use crate::decode::Endpoint;
use crate::time::Timestamp;

/// Why a message ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incomplete {
    Gap,
    Closed,
    /// By a TCP reset.
    Reset,
    Evicted,
    Timeout,
    Stopped,
    /// Where it ends is in doubt.
    Malformed,
}

impl Incomplete {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Evicted => "evicted",
            Self::Timeout => "timeout",
            Self::Stopped => "stopped",
            Self::Malformed => "malformed",
        }
    }
}

/// Field lines with the bytes that they point into.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    pub lines: &'a FieldLines,
    pub bytes: &'a [u8],
}

/// The request that a response answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    /// From the request's first packet to the response's first; `None` where the clocks contradict that order.
    pub latency_micros: Option<u64>,
    /// From the request's last packet to the response's first: what the server took. `None` where the request was not seen
    /// whole, or the response began first.
    pub wait_micros: Option<u64>,
}

/// Both ends of the connection that the proxy accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxied {
    pub source: Endpoint,
    pub destination: Endpoint,
}

impl Answered<'_> {
    /// A compressed head may have come without them.
    pub fn is_known(&self) -> bool {
        !self.method.is_empty() && !self.target.is_empty()
    }
}

#[derive(Debug, Clone, Copy)]
pub struct HttpMessage<'a> {
    pub direction: Direction,
    /// The exchange's number on its connection.
    pub exchange: u32,
    /// Of the packet that began the message.
    pub at: Timestamp,
    /// From the message's first packet to its last, if there are several and their clocks agree with their order.
    pub duration_micros: Option<u64>,
    /// In that time bytes of it were there and bytes before them were missing.
    pub stall_micros: Option<u64>,
    pub head: &'a Head,
    pub head_bytes: &'a [u8],
    pub trailers: Option<Fields<'a>>,
    /// The kept part of the body: its beginning.
    pub body: &'a [u8],
    /// Bytes of the body once framing is removed, kept or not, with those known to be lost.
    pub body_bytes: u64,
    pub incomplete: Option<Incomplete>,
    pub gap_bytes: u64,
    pub answered: Option<Answered<'a>>,
    /// Both ends of the connection that a proxy handed on, where it said so.
    pub proxied: Option<Proxied>,
    /// The exchange's request was seen: of a request always true.
    pub request_seen: bool,
    /// Which rules that request matches; means nothing if it was not seen.
    pub verdict: RequestVerdict,
    /// The facts that HTTP/1.x in the clear does not know.
    pub extras: Option<&'a Extras<'a>>,
}

impl<'a> HttpMessage<'a> {
    pub fn fields(&self) -> Fields<'a> {
        Fields { lines: &self.head.fields, bytes: self.head_bytes }
    }

    /// Of the request, also where this is the response; empty if it is not known.
    pub fn request_target(&self) -> &'a [u8] {
        match self.direction {
            Direction::Request => self.head.target(self.head_bytes),
            Direction::Response => self.answered.map(|answered| answered.target).unwrap_or_default(),
        }
    }

    /// Bytes of the body are missing here: over the limit, lost, or the message ended early.
    pub fn is_truncated(&self) -> bool {
        self.incomplete.is_some() || (self.body.len() as u64) < self.body_bytes
    }
}
