//! A stream that is a WebSocket (RFC 8441): its DATA frames hold the bytes of one. Read only if messages inside streams are asked for.

use super::brought::Brought;
use super::frames::Turn;
use super::streams::{Half, Stream};
use crate::flow::{Side, StreamEvent};
use crate::message::{Direction, RequestVerdict, StreamOf, Switch};
use crate::protocol::websocket::{Agreement, Begin, Pickup, Reader};

/// The sides of a stream, for the proof of it.
const CLIENT: Side = Side::Low;
const SERVER: Side = Side::High;

impl Turn<'_, '_> {
    /// A successful answer, whose head is at hand, makes a WebSocket of the stream. False if that is not read.
    pub fn begin_socket(&mut self, id: u32, opens: Option<Switch>) -> bool {
        if opens != Some(Switch::WebSocket) || !self.cx.readers.streams {
            return false;
        }
        let Some(agreement) = Agreement::of(&self.buffer.head, self.buffer.bytes()) else {
            return false;
        };
        let streams = &mut self.shared.streams;
        let is_asked = matches!(streams.half(id, Direction::Request), Some(Half::Tunnel));
        // The client's frames that are read before the answer, if its packets came late.
        let early = streams.take_pickup(id).filter(|_| is_asked);
        for direction in Direction::BOTH.into_iter().filter(|&direction| is_asked || direction == Direction::Response) {
            let reader = match &early {
                Some(early) if direction == Direction::Request && early.client_begin() != Begin::First => {
                    Reader::met(direction, Begin::Unknown)
                }
                _ => Reader::of(direction, &agreement),
            };
            streams.set_half(id, direction, Half::Socket(Box::new(reader)));
        }
        self.cx.counters.streams.web_sockets += 1;
        for (direction, event) in early.iter().flat_map(|early| early.pieces(CLIENT)) {
            self.on_socket_event(id, direction, event);
        }
        true
    }

    /// A stream may be a WebSocket of which a head was not seen: its frames prove it, or what they have proved is lost.
    pub fn look_for_socket(&mut self, id: u32, brought: Brought<'_>) {
        let (at, direction, reading) = (self.way.packet.at, self.way.direction, self.way_of_responses().reading());
        let Some(stream) = self.shared.streams.get(id) else { return };
        if !self.cx.readers.streams || !stream.may_be_socket() {
            return;
        }
        let is_asked = stream.opens == Some(Switch::WebSocket);
        if stream.pickup.is_none() && !is_asked && matches!(brought, Brought::Loss(_)) {
            return;
        }
        // Else the answer is still to come.
        let is_answered = !is_asked || matches!(stream.response, Half::Headless) || !stream.was_read(reading);
        let before = stream.pickup_bytes();
        let begun = || if is_asked { Pickup::after_request_of(CLIENT) } else { Pickup::default() };
        let pickup = stream.pickup.get_or_insert_with(|| Box::new(begun()));
        let side = if direction == Direction::Request { CLIENT } else { SERVER };
        let proved = pickup.push(side, &brought.as_event(at), true);
        let after = stream.pickup_bytes();
        self.shared.streams.held_bytes = self.shared.streams.held_bytes + after - before;
        if proved == Some(CLIENT) && is_answered {
            self.enter_socket(id);
        }
    }

    /// It is a WebSocket.
    #[cold]
    fn enter_socket(&mut self, id: u32) {
        let Some(picked_up) = self.shared.streams.take_pickup(id).and_then(|pickup| pickup.picked_up()) else { return };
        for (direction, reader) in Direction::BOTH.into_iter().zip(picked_up.readers()) {
            self.shared.streams.set_half(id, direction, Half::Socket(Box::new(reader)));
        }
        self.shared.is_used = true;
        self.cx.counters.streams.web_sockets += 1;
        for (direction, event) in picked_up.pieces() {
            self.on_socket_event(id, direction, event);
        }
    }

    /// Reads what one direction of such a stream brings.
    pub fn on_socket(&mut self, id: u32, direction: Direction, brought: Brought<'_>) {
        self.on_socket_event(id, direction, brought.as_event(self.way.packet.at));
    }

    fn on_socket_event(&mut self, id: u32, direction: Direction, event: StreamEvent<'_>) {
        let Some(stream) = self.shared.streams.get(id) else { return };
        let of = stream_of(stream);
        let Half::Socket(reader) = stream.half(direction) else { return };
        let before = reader.buffered_bytes();
        match event {
            StreamEvent::Data(bytes, meta) => reader.on_data(bytes, meta, &of, self.cx),
            StreamEvent::Gap { len } => reader.on_gap(len, &of, self.cx),
            StreamEvent::End { .. } => reader.end(&of, self.cx),
        }
        let after = reader.buffered_bytes();
        self.shared.streams.held_bytes = self.shared.streams.held_bytes + after - before;
    }

    /// It is not known where frames of HTTP/2 begin: what those of each socket held is lost.
    pub fn lose_sockets(&mut self) {
        let direction = self.way.direction;
        for id in self.shared.streams.ids() {
            self.on_socket(id, direction, Brought::Loss(0));
            self.look_for_socket(id, Brought::Loss(0));
        }
    }
}

/// The data of the stream that its messages carry.
pub(super) fn stream_of(stream: &Stream) -> StreamOf {
    StreamOf {
        exchange: stream.number,
        request_seen: stream.asked.is_some(),
        verdict: stream.asked.as_ref().map_or(RequestVerdict::default(), |asked| asked.verdict),
        status: Some(200),
    }
}
