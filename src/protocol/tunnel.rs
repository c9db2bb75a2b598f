//! A tunnel that a CONNECT has opened (RFC 9110 §9.3.6): its bytes are another connection's, and here they are only counted. Bytes
//! that came before its reader knows of it are kept for that reader.

use super::handover::{Handover, Piece};
use crate::flow::StreamEvent;
use crate::message::Direction;
use crate::protocol::Context;

#[derive(Debug)]
pub struct Tunnel {
    /// Until it is taken. HTTP/1.x has bounded it.
    beginning: Option<Beginning>,
    /// Of the last exchange before it.
    last_number: u32,
}

/// The bytes that both sides have sent in a tunnel before its reader knows of it.
#[derive(Debug)]
pub struct Beginning {
    pub pieces: Vec<(Direction, Piece)>,
    /// The client has sent its FIN after them; true if nothing before it is lost.
    pub client_ended: Option<bool>,
}

impl Tunnel {
    /// The client goes first, since in TLS it does.
    pub fn new(handover: Handover) -> Self {
        let Handover { client, client_ended, server, last_number, .. } = handover;
        let client = client.into_iter().map(|piece| (Direction::Request, piece));
        let server = server.into_iter().map(|piece| (Direction::Response, piece));
        Self { beginning: Some(Beginning { pieces: client.chain(server).collect(), client_ended }), last_number }
    }

    pub fn on_event(&mut self, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        if let StreamEvent::Data(bytes, _) = event {
            cx.counters.switched_bytes += bytes.len() as u64;
        }
    }

    /// Takes the bytes that have passed in it so far, once. They are not counted.
    pub fn take_beginning(&mut self) -> Option<Beginning> {
        self.beginning.take()
    }

    pub fn last_number(&self) -> u32 {
        self.last_number
    }

    pub fn buffered_bytes(&self) -> usize {
        let pieces = self.beginning.iter().flat_map(|beginning| &beginning.pieces);
        pieces.map(|(_, piece)| if let Piece::Data(bytes, _) = piece { bytes.len() } else { 0 }).sum()
    }
}
