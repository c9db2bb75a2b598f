//! The bytes and facts that one protocol leaves to the next when a response takes the connection there.

use super::pending_request::PendingRequest;
use super::websocket::Agreement;
use crate::flow::{DataMeta, Position, StreamEvent};
use crate::message::Switch;

/// Bytes that one side sent, or a loss of such bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Data(Vec<u8>, DataMeta),
    Gap(u64),
}

impl Piece {
    pub fn as_event(&self) -> StreamEvent<'_> {
        match self {
            Self::Data(bytes, meta) => StreamEvent::Data(bytes, *meta),
            Self::Gap(len) => StreamEvent::Gap { len: *len },
        }
    }
}

#[derive(Debug)]
pub struct Handover {
    pub switch: Switch,
    /// Of a WebSocket.
    pub agreement: Agreement,
    /// How far the server had received when it switched.
    pub acked: Position,
    /// The request that asked for it, if it was seen. To HTTP/2 it is stream 1 (RFC 7540 §3.2): the answer is still to come.
    pub request: Option<PendingRequest>,
    /// Of the exchange of which the head that switches is a part.
    pub number: u32,
    /// Of the last exchange so far.
    pub last_number: u32,
    /// The pieces that the client sent after that request.
    pub client: Vec<Piece>,
    /// The client has sent its FIN since then; true if nothing before it is lost.
    pub client_ended: Option<bool>,
    /// The pieces that the server sent after the head that switches.
    pub server: Vec<Piece>,
}
