//! A connection's two directions and the streams that they share.

use super::frames::Turn;
use super::head::HeadBuffer;
use std::collections::VecDeque;

use super::hpack::Decoder;
use super::shared::Shared;
use super::streams::{Half, Streams};
use super::way::{Place, Way};
use crate::flow::{DataMeta, StreamEvent};
use crate::message::Direction;
use crate::protocol::Context;
use crate::protocol::PendingRequest;

#[derive(Debug)]
pub struct Http2Connection {
    request: Way,
    response: Way,
    shared: Shared,
    /// The bytes so far show that it is HTTP/2.
    is_certain: bool,
    is_counted: bool,
    passed_over_bytes: u64,
}

/// Room that is kept for the next head: enough for any but an attack.
const MAX_SPARE_BYTES: usize = 64 << 10;

impl Http2Connection {
    /// Both directions are seen from their first byte on.
    pub fn new() -> Self {
        Self::with(|| Place::Frames, Decoder::new)
    }

    /// Each direction is seen from its first byte on, or there was something before that was not read.
    pub fn begun(request: bool, response: bool) -> Self {
        let mut connection = Self::new();
        for (way, is_seen) in [(&mut connection.request, request), (&mut connection.response, response)] {
            if !is_seen {
                *way = Way::new(way.direction, Place::Frames, Decoder::new_unknown());
                way.search();
            }
        }
        connection
    }

    /// HTTP/2 follows an upgrade by a request of HTTP/1.1, which is stream 1 (RFC 7540 §3.2): exchange `number` of so far
    /// `last_number`.
    pub fn upgraded(request: Option<PendingRequest>, number: u32, last_number: u32) -> Self {
        let mut connection = Self::new();
        connection.shared.streams = Streams::after(last_number);
        // They came in a field of the request (RFC 7540 §3.2.1).
        connection.response.decoder.lose_settings();
        let streams = &mut connection.shared.streams;
        streams.insert(1, number, connection.response.reading());
        if let Some(request) = request {
            streams.set_asked(1, request, None);
        }
        streams.set_half(1, Direction::Request, Half::Over);
        connection
    }

    /// Exchanges up to `last_number` came before it.
    pub fn after(mut self, last_number: u32) -> Self {
        self.shared.streams = Streams::after(last_number);
        self
    }

    /// Met in the middle: it has to be proven that it is HTTP/2 at all.
    pub fn unproven() -> Self {
        Self::with(|| Place::Over, Decoder::new_unknown).searching()
    }

    fn with(place: fn() -> Place, decoder: fn() -> Decoder) -> Self {
        Self {
            request: Way::new(Direction::Request, place(), decoder()),
            response: Way::new(Direction::Response, place(), decoder()),
            shared: Shared::default(),
            is_certain: true,
            is_counted: false,
            passed_over_bytes: 0,
        }
    }

    fn searching(mut self) -> Self {
        self.request.search();
        self.response.search();
        self.is_certain = false;
        self
    }

    /// It is HTTP/2: by its beginning, or since frames with the head of a message were found.
    pub fn is_proven(&self) -> bool {
        self.is_certain || self.shared.is_used
    }

    /// A message was read on it, or begins.
    pub fn is_used(&self) -> bool {
        self.shared.is_used
    }

    /// Bytes that are in no frame that was read.
    pub fn passed_over_bytes(&self) -> u64 {
        self.passed_over_bytes
    }

    /// One direction, for as long as an event takes.
    fn turn<'a, 'b>(
        &'a mut self,
        direction: Direction,
        buffer: &'a mut HeadBuffer,
        cx: &'a mut Context<'b>,
    ) -> Turn<'a, 'b> {
        let (way, peer) = match direction {
            Direction::Request => (&mut self.request, &mut self.response),
            Direction::Response => (&mut self.response, &mut self.request),
        };
        Turn { way, peer, shared: &mut self.shared, buffer, cx }
    }

    pub fn on_event(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        let passed_over = cx.counters.passed_over_bytes;
        let mut buffer = cx.scratch.head_of_http2.take().unwrap_or_default();
        match event {
            StreamEvent::Data(bytes, meta) => self.on_data(direction, bytes, meta, &mut buffer, cx),
            StreamEvent::Gap { len } => self.turn(direction, &mut buffer, cx).on_gap(len),
            StreamEvent::End { .. } => {
                let mut turn = self.turn(direction, &mut buffer, cx);
                turn.end_way();
                turn.way.end(turn.cx.counters);
            }
        }
        if !self.is_counted && self.is_proven() {
            self.is_counted = true;
            cx.counters.http2.connections += 1;
        }
        self.passed_over_bytes += cx.counters.passed_over_bytes - passed_over;
        cx.scratch.head_of_http2 = Some(buffer).filter(|buffer| buffer.memory_bytes() <= MAX_SPARE_BYTES);
    }

    fn on_data(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        meta: DataMeta,
        buffer: &mut HeadBuffer,
        cx: &mut Context<'_>,
    ) {
        let mut turn = self.turn(direction, buffer, cx);
        let is_in_step = matches!(turn.way.place, Place::Frames);
        if is_in_step && !matches!(turn.peer.place, Place::Search(_)) {
            turn.read_all(bytes, meta);
        } else {
            let waiting = if is_in_step { VecDeque::new() } else { turn.search(bytes, meta) };
            let ahead = match turn.way.place {
                Place::Frames if is_in_step => turn.streams_ahead(std::iter::once(bytes)),
                Place::Frames => turn.streams_ahead(waiting.iter().map(|(bytes, _)| bytes.as_slice())),
                Place::Search(_) | Place::Over => Vec::new(),
            };
            // A response is read after its request.
            if direction == Direction::Response {
                self.turn(Direction::Request, buffer, cx).search_again(&ahead);
            }
            let mut turn = self.turn(direction, buffer, cx);
            turn.take_waiting(waiting);
            if is_in_step {
                turn.read_all(bytes, meta);
            }
            if direction == Direction::Request {
                self.turn(Direction::Response, buffer, cx).search_again(&ahead);
            }
        }
        let way = self.turn(direction, buffer, cx).way;
        way.said.note(meta.position + bytes.len() as u64, meta.acked);
    }

    /// Lets go of kept bodies and partial blocks: memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        let mut buffer = HeadBuffer::default();
        self.turn(Direction::Request, &mut buffer, cx).shed();
        self.turn(Direction::Response, &mut buffer, cx).shed();
    }

    pub fn buffered_bytes(&self) -> usize {
        self.request.buffered_bytes() + self.response.buffered_bytes() + self.shared.streams.buffered_bytes()
    }
}

impl Default for Http2Connection {
    fn default() -> Self {
        Self::new()
    }
}
