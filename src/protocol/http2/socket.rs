//! A stream that is a WebSocket (RFC 8441): its DATA frames hold the bytes of one. Read only if messages inside streams are asked for.

use super::brought::Brought;
use super::frames::Turn;
use super::streams::{Half, Stream};
use crate::flow::{DataMeta, Position};
use crate::message::{Direction, RequestVerdict, StreamOf, Switch};
use crate::protocol::websocket::{Agreement, Reader};

impl Turn<'_, '_> {
    /// A successful answer, whose head is at hand, makes a WebSocket of the stream. False if that is not read.
    pub fn begin_socket(&mut self, id: u32, opens: Option<Switch>) -> bool {
        if opens != Some(Switch::WebSocket) || !self.cx.readers.streams {
            return false;
        }
        let Some(agreement) = Agreement::of(&self.shared.buffer.head, &self.shared.buffer.bytes) else {
            return false;
        };
        let streams = &mut self.shared.streams;
        let is_asked = matches!(streams.half(id, Direction::Request), Some(Half::Tunnel));
        for direction in Direction::BOTH.into_iter().filter(|&direction| is_asked || direction == Direction::Response) {
            streams.set_half(id, direction, Half::Socket(Box::new(Reader::of(direction, &agreement))));
        }
        self.cx.counters.streams.web_sockets += 1;
        true
    }

    /// Reads what one direction of such a stream brings.
    pub fn on_socket(&mut self, id: u32, direction: Direction, brought: Brought<'_>) {
        let at = self.way.packet.at;
        let Some(stream) = self.shared.streams.get(id) else { return };
        let of = stream_of(stream);
        let Half::Socket(reader) = stream.half(direction) else { return };
        let before = reader.buffered_bytes();
        match brought {
            Brought::Bytes(bytes, segment_start) => {
                let meta = DataMeta {
                    at,
                    position: Position::UNKNOWN,
                    acked: Position::UNKNOWN,
                    segment_start,
                    waited: false,
                };
                reader.on_data(bytes, meta, &of, self.cx);
            }
            Brought::Loss(len) => reader.on_gap(len, &of, self.cx),
            Brought::End => reader.end(&of, self.cx),
        }
        let after = reader.buffered_bytes();
        self.shared.streams.held_bytes = self.shared.streams.held_bytes + after - before;
    }

    /// It is not known where frames of HTTP/2 begin: what those of each socket held is lost.
    pub fn lose_sockets(&mut self) {
        let direction = self.way.direction;
        for id in self.shared.streams.ids() {
            self.on_socket(id, direction, Brought::Loss(0));
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
