//! A tunnel that a CONNECT has opened (RFC 9110 §9.3.6): its bytes are another connection's, and here they are only counted. What
//! came before its reader knows of it is kept for that one.

use super::handover::{Handover, Piece};
use crate::flow::StreamEvent;
use crate::message::{Context, Direction};

#[derive(Debug)]
pub struct Tunnel {
    /// What both sides have sent in it, until it is taken. HTTP/1.x has bounded it.
    beginning: Option<Vec<(Direction, Piece)>>,
    /// Of the last exchange before it.
    last_number: u32,
}

impl Tunnel {
    /// The client goes first, since in TLS it does.
    pub fn new(handover: Handover) -> Self {
        let Handover { client, server, last_number, .. } = handover;
        let client = client.into_iter().map(|piece| (Direction::Request, piece));
        let server = server.into_iter().map(|piece| (Direction::Response, piece));
        Self { beginning: Some(client.chain(server).collect()), last_number }
    }

    pub fn on_event(&mut self, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        if let StreamEvent::Data(bytes, _) = event {
            cx.counters.switched_bytes += bytes.len() as u64;
        }
    }

    /// What has passed in it so far, once. It is not counted.
    pub fn take_beginning(&mut self) -> Option<Vec<(Direction, Piece)>> {
        self.beginning.take()
    }

    pub fn last_number(&self) -> u32 {
        self.last_number
    }

    pub fn buffered_bytes(&self) -> usize {
        let pieces = self.beginning.iter().flatten();
        pieces.map(|(_, piece)| if let Piece::Data(bytes, _) = piece { bytes.len() } else { 0 }).sum()
    }
}
