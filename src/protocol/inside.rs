//! The reader of a message's body as it comes. There is none unless messages inside streams are asked for.

use super::event_stream::EventStream;
use super::grpc_stream::GrpcStream;
use crate::content::grpc::{Kind, MessageIndex};
use crate::message::{Direction, Head, StreamOf};
use crate::protocol::Context;
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) enum Inside {
    Events(Box<EventStream>),
    Grpc(Box<GrpcStream>),
}

impl Inside {
    /// Of a message with this head. `path`: the request's; empty if it is not known. `known`: it carries gRPC of this kind, and
    /// so much of it was there before.
    pub fn of(
        direction: Direction,
        head: &Head,
        bytes: &[u8],
        of: StreamOf,
        path: &[u8],
        known: Option<(Kind, &MessageIndex)>,
    ) -> Option<Self> {
        let events = || EventStream::of(head, bytes, of).filter(|_| direction == Direction::Response);
        GrpcStream::of(direction, head, bytes, of, path, known).map(Self::Grpc).or_else(|| events().map(Self::Events))
    }

    pub fn on_data(&mut self, bytes: &[u8], at: Timestamp, cx: &mut Context<'_>) {
        match self {
            Self::Events(events) => events.on_data(bytes, at, cx),
            Self::Grpc(grpc) => grpc.on_data(bytes, at, cx),
        }
    }

    /// So many bytes are lost; 0 if it is not known how many.
    pub fn on_gap(&mut self, len: u64, cx: &mut Context<'_>) {
        match self {
            Self::Events(events) => events.on_gap(len, cx),
            Self::Grpc(grpc) => grpc.on_gap(len, cx),
        }
    }

    /// The final response has this status, which rules may ask for: it comes while the body of the request is still sent.
    pub fn note_status(&mut self, status: Option<u16>) {
        match self {
            Self::Events(_) => {}
            Self::Grpc(grpc) => grpc.note_status(status),
        }
    }

    /// The body ends here. An event without its empty line is none.
    pub fn end(&mut self, cx: &mut Context<'_>) {
        match self {
            Self::Events(_) => {}
            Self::Grpc(grpc) => grpc.end(cx),
        }
    }

    /// Memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        match self {
            Self::Events(events) => events.shed(cx),
            Self::Grpc(grpc) => grpc.shed(cx),
        }
    }

    /// Messages that came out so far.
    pub fn count(&self) -> u64 {
        match self {
            Self::Events(events) => events.events(),
            Self::Grpc(grpc) => grpc.count(),
        }
    }

    pub fn held_bytes(&self) -> usize {
        match self {
            Self::Events(events) => size_of::<EventStream>() + events.held_bytes(),
            Self::Grpc(grpc) => size_of::<GrpcStream>() + grpc.held_bytes(),
        }
    }
}
