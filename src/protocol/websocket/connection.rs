//! A connection that a 101 took there (RFC 6455 §4.2.2): both directions from the first byte after HTTP on, or from where frames were
//! first found in each.

use super::agreement::Agreement;
use super::pickup::PickedUp;
use super::reader::Reader;
use crate::flow::{DataMeta, Position, StreamEvent};
use crate::message::{Direction, StreamOf};
use crate::protocol::Context;

#[derive(Debug)]
pub struct WebSocketConnection {
    of: StreamOf,
    client: Reader,
    server: Reader,
    /// Of a client whose request was not seen: where its frames begin, until they do.
    client_begins_at: Option<Position>,
}

impl WebSocketConnection {
    /// `client_begins_at`: where the client's frames begin, if bytes before that may come.
    pub fn new(of: StreamOf, agreement: Agreement, client_begins_at: Option<Position>) -> Self {
        let [client, server] = Direction::BOTH.map(|direction| Reader::of(direction, &agreement));
        Self { of, client, server, client_begins_at }
    }

    /// It was met in the middle.
    pub fn met(of: StreamOf, picked_up: &PickedUp, cx: &mut Context<'_>) -> Self {
        let [client, server] = picked_up.readers();
        let mut met = Self { of, client, server, client_begins_at: None };
        for (direction, event) in picked_up.pieces() {
            met.on_event(direction, event, cx);
        }
        met
    }

    pub fn on_event(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        if self.client_begins_at.is_some() && direction == Direction::Request {
            return self.on_client_beginning(event, cx);
        }
        let (reader, of) = match direction {
            Direction::Request => (&mut self.client, &self.of),
            Direction::Response => (&mut self.server, &self.of),
        };
        match event {
            StreamEvent::Data(bytes, meta) => reader.on_data(bytes, meta, of, cx),
            StreamEvent::Gap { len } => reader.on_gap(len, of, cx),
            StreamEvent::End { .. } => reader.end(of, cx),
        }
    }

    /// Its request was not seen: what the server had received of it when it answered is no frame.
    #[cold]
    fn on_client_beginning(&mut self, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        let StreamEvent::Data(mut bytes, mut meta) = event else {
            match event {
                StreamEvent::End { .. } => self.client.end(&self.of, cx),
                StreamEvent::Gap { len: 0 } => {
                    self.client_begins_at = None;
                    self.client.on_gap(0, &self.of, cx);
                }
                // Where the next bytes stand tells how much of it is the client's frames.
                StreamEvent::Gap { .. } | StreamEvent::Data(..) => {}
            }
            return;
        };
        let Some(begin) = self.client_begins_at else { return };
        let before = usize::try_from(begin.since(meta.position)).unwrap_or(usize::MAX).min(bytes.len());
        cx.counters.passed_over_bytes += before as u64;
        bytes = bytes.get(before..).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
        self.client_begins_at = None;
        let DataMeta { position, .. } = meta;
        let lost = position.since(begin);
        if lost > 0 {
            self.client.on_gap(lost, &self.of, cx);
        }
        meta.position += before as u64;
        meta.segment_start &= before == 0;
        self.client.on_data(bytes, meta, &self.of, cx);
    }

    pub fn shed(&mut self, cx: &mut Context<'_>) {
        self.client.shed(cx);
        self.server.shed(cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        size_of::<Self>() + self.client.buffered_bytes() + self.server.buffered_bytes()
    }
}
