//! The meaning of a whole header block: a request, a response before the final one, a final response, trailers, a promise.

use super::block::{BlockOwner, Defect};
use super::emit::{Ending, Trailers, emit_head, emit_open};
use super::frames::Turn;
use super::open::Open;
use super::socket::stream_of;
use super::streams::Half;
use crate::message::{Direction, Fields, Incomplete, StreamOf};
use crate::protocol::PendingRequest;
use crate::protocol::grpc::Carries;

impl Turn<'_, '_> {
    pub fn on_block_end(&mut self) {
        let Some((owner, bytes)) = self.way.block.end() else { return };
        match bytes {
            Ok(bytes) => {
                self.on_block(owner, Ok(&bytes));
                self.way.block.take_back(bytes);
            }
            Err(defect) => self.on_block(owner, Err(defect)),
        }
    }

    pub fn on_block(&mut self, owner: BlockOwner, bytes: Result<&[u8], Defect>) {
        let is_decoded = match bytes {
            Ok(bytes) => self.buffer.read(bytes, &mut self.way.decoder).is_ok(),
            Err(_) => {
                self.way.decoder.lose();
                false
            }
        };
        if !is_decoded {
            self.cx.counters.http2.lost_blocks += 1;
            return self.on_lost_block(owner);
        }
        self.cx.counters.http2.partial_blocks += u64::from(self.buffer.control.unknown > 0);
        match (owner.promised, self.way.direction) {
            (Some(promised), _) => self.on_promise(owner, promised),
            (None, Direction::Request) => self.on_request_block(owner),
            (None, Direction::Response) => self.on_response_block(owner),
        }
    }

    fn on_request_block(&mut self, owner: BlockOwner) {
        let id = owner.stream;
        let is_request = self.buffer.control.is_of_request();
        let was_met = self.shared.streams.was_met(id);
        match self.shared.streams.half(id, Direction::Request) {
            None if is_request && !was_met => self.on_request(owner),
            // Of a stream that is closed: sent before the client knew. After a loss it may be what the answer waited for.
            None if was_met => self.cx.counters.lost_heads += u64::from(is_request && self.way.losses > 0),
            None => self.cx.counters.lost_heads += 1,
            Some(Half::Idle) if is_request => self.on_request(owner),
            Some(Half::Open(_)) => self.on_trailers(owner, !is_request),
            Some(Half::Idle | Half::Headless | Half::Tunnel | Half::Socket(_)) if owner.end_stream => {
                self.end_half(id, Direction::Request, Ending::Whole);
            }
            Some(Half::Idle | Half::Headless | Half::Tunnel | Half::Socket(_) | Half::Over) => {}
        }
    }

    /// A request begins.
    fn on_request(&mut self, owner: BlockOwner) {
        let control = self.buffer.control;
        let is_connect = control.is_connect(self.buffer.bytes());
        // Malformed without them (RFC 9113 §8.3.1): no server answers it as a request.
        let lacks = control.method.is_none() || (control.path.is_none() && !is_connect);
        if lacks && control.unknown == 0 {
            self.cx.counters.lost_heads += 1;
            return;
        }
        self.ask(owner, owner.stream, false);
        // A tunnel's request has no content (RFC 9110 §9.3.6).
        if !owner.end_stream && !is_connect {
            return self.open(owner, Direction::Request);
        }
        self.emit_buffered(owner, owner.stream, Direction::Request);
        if owner.end_stream {
            self.end_half(owner.stream, Direction::Request, Ending::Whole);
        } else {
            self.note_whole_request(owner.stream);
            self.shared.streams.set_half(owner.stream, Direction::Request, Half::Tunnel);
        }
    }

    /// The fields at hand are a request, which is remembered.
    fn ask(&mut self, owner: BlockOwner, id: u32, pushed: bool) {
        self.shared.is_used = true;
        self.buffer.make_request();
        let (head, bytes) = (&self.buffer.head, self.buffer.bytes());
        let verdict = self.cx.selection.judge(head, bytes);
        let asked = PendingRequest::new(head.method(bytes), head.target(bytes), owner.began.at, verdict);
        let opens = self.buffer.control.opens(bytes);
        if self.shared.streams.get(id).is_none() {
            self.make_place();
            let reading = self.reading_of_responses();
            if let Some(stream) = self.shared.streams.begin(id, reading) {
                stream.pushed = pushed;
            }
        }
        self.shared.streams.set_asked(id, asked, opens);
    }

    fn on_promise(&mut self, owner: BlockOwner, promised: u32) {
        let is_new = promised != 0 && promised.is_multiple_of(2) && !self.shared.streams.was_met(promised);
        if !is_new || !self.buffer.control.is_of_request() {
            self.cx.counters.lost_heads += 1;
            return;
        }
        self.ask(owner, promised, true);
        self.emit_buffered(owner, promised, Direction::Request);
        self.note_whole_request(promised);
        self.shared.streams.set_half(promised, Direction::Request, Half::Over);
    }

    fn on_response_block(&mut self, owner: BlockOwner) {
        let id = owner.stream;
        let control = self.buffer.control;
        if self.shared.streams.get(id).is_none() {
            // All that was asked was seen: the stream is closed, and this was sent before the server knew.
            let is_late = self.shared.streams.was_met(id) && self.way.losses == 0 && self.peer.losses == 0;
            if is_late {
                return;
            }
            if control.status.is_none() {
                self.cx.counters.lost_heads += 1;
                return;
            }
            self.make_place();
            let reading = self.way.reading();
            if let Some(stream) = self.shared.streams.begin(id, reading) {
                stream.pushed = id.is_multiple_of(2);
            }
        }
        let Some(stream) = self.shared.streams.get(id) else { return };
        let nothing_lost = stream.was_read(self.way.reading());
        match &stream.response {
            Half::Idle | Half::Headless if control.status.is_some() => self.on_response(owner),
            // Its first block, and one of the fields that are not known is the status.
            Half::Idle if nothing_lost && control.unknown > 0 => self.on_response(owner),
            Half::Idle => {
                self.cx.counters.lost_heads += 1;
                self.shared.streams.set_half(id, Direction::Response, Half::Headless);
                if owner.end_stream {
                    self.end_half(id, Direction::Response, Ending::Whole);
                }
            }
            // A block that ends nothing comes after an interim response only, and that is what the open one was.
            Half::Open(open) if open.control.status.is_none() && (control.status.is_some() || !owner.end_stream) => {
                self.end_interim(id);
                self.on_response(owner);
            }
            // These are trailers, or the final response after an interim one: neither's status is known.
            Half::Open(open) if open.control.status.is_none() && control.begins_unknown && open.body.bytes == 0 => {
                self.cx.counters.lost_heads += 1;
                self.end_half(id, Direction::Response, Ending::Early(Incomplete::Gap));
            }
            Half::Open(_) => self.on_trailers(owner, control.status.is_none()),
            Half::Headless | Half::Tunnel | Half::Socket(_) if owner.end_stream => {
                self.end_half(id, Direction::Response, Ending::Whole);
            }
            Half::Headless | Half::Tunnel | Half::Socket(_) | Half::Over => {}
        }
    }

    /// The open response is one before the final one, which goes on with its stream.
    fn end_interim(&mut self, id: u32) {
        let direction = Direction::Response;
        if let Some(Half::Open(mut open)) = self.shared.streams.set_half(id, direction, Half::Idle)
            && let Some(stream) = self.shared.streams.get(id)
        {
            emit_open(stream, direction, &mut open, Ending::Whole, None, self.cx);
        }
    }

    fn on_response(&mut self, owner: BlockOwner) {
        let id = owner.stream;
        self.shared.is_used = true;
        self.buffer.make_response();
        let control = self.buffer.control;
        if control.is_interim() && !owner.end_stream {
            return self.emit_buffered(owner, id, Direction::Response);
        }
        let Some(stream) = self.shared.streams.get(id) else { return };
        let succeeds = control.status.is_some_and(|status| (200..300).contains(&status));
        let opens = stream.opens.filter(|_| succeeds);
        self.cx.counters.unpaired_responses += u64::from(stream.asked.is_none());
        if !owner.end_stream && opens.is_none() {
            return self.open(owner, Direction::Response);
        }
        self.emit_buffered(owner, id, Direction::Response);
        if !self.begin_socket(id, opens) {
            if let Some(switch) = opens {
                self.cx.counters.count_switch(switch);
            }
            self.shared.streams.set_half(id, Direction::Response, Half::Tunnel);
        }
        if owner.end_stream {
            self.end_half(id, Direction::Response, Ending::Whole);
        }
    }

    /// Fields after the body of the message that is open.
    fn on_trailers(&mut self, owner: BlockOwner, may_be_trailers: bool) {
        let direction = self.way.direction;
        if !may_be_trailers || !owner.end_stream {
            // Malformed (RFC 9113 §8.1). The message is what came before.
            self.cx.counters.malformed_streams += 1;
            if owner.end_stream {
                self.end_half(owner.stream, direction, Ending::Early(Incomplete::Malformed));
            }
            return;
        }
        let packet = self.way.packet;
        let Some(Half::Open(mut open)) = self.shared.streams.set_half(owner.stream, direction, Half::Over) else {
            return;
        };
        open.note_packet(packet);
        let buffer = &self.buffer;
        let trailers = Trailers {
            fields: Fields { lines: &buffer.head.fields, bytes: buffer.bytes() },
            unknown: buffer.control.unknown,
        };
        if let Some(stream) = self.shared.streams.get(owner.stream) {
            emit_open(stream, direction, &mut open, Ending::Whole, Some(trailers), self.cx);
        }
        self.after_half(owner.stream, direction, open.is_whole().then_some(open.last.at));
    }

    /// A block of it was lost.
    fn on_lost_block(&mut self, owner: BlockOwner) {
        let (id, direction) = (owner.stream, self.way.direction);
        self.cx.counters.lost_heads += 1;
        if owner.promised.is_some() {
            return;
        }
        if self.shared.streams.get(id).is_none() && !self.shared.streams.was_met(id) {
            self.begin_headless(id);
        }
        match self.shared.streams.half(id, direction) {
            Some(half @ Half::Idle) => *half = Half::Headless,
            // Its trailers.
            Some(Half::Open(open)) if owner.end_stream => open.lose(self.cx),
            _ => {}
        }
        if owner.end_stream {
            self.end_half(id, direction, Ending::Whole);
        }
    }

    /// The head at hand begins a message with a body.
    fn open(&mut self, owner: BlockOwner, direction: Direction) {
        let Some(stream) = self.shared.streams.get(owner.stream) else { return };
        let mut open = Box::new(Open::new(self.buffer, owner.began, self.way.packet, stream.carries));
        let carries = open.carries();
        stream.note_carried(direction, carries);
        if self.cx.readers.streams {
            let status = self.buffer.control.status.filter(|_| direction == Direction::Response);
            let of = StreamOf { status, ..stream_of(stream) };
            let path = stream.asked.as_ref().map_or(&[][..], PendingRequest::target);
            // Of a response that succeeds what its call carries, unless it says itself what that is.
            let carries = if carries == Carries::Unknown && status == Some(200) { stream.carries } else { carries };
            open.read_inside(direction, carries, of, path);
            if let Half::Open(request) = &mut stream.request
                && direction == Direction::Response
            {
                let before = request.body_bytes();
                // Its own head did not say so.
                if request.inside.is_none() && request.carries() == Carries::Unknown {
                    request.read_inside(Direction::Request, stream.carries, of, path);
                }
                if let Some(inside) = &mut request.inside {
                    inside.note_status(status);
                }
                let after = request.body_bytes();
                self.shared.streams.held_bytes += after - before;
            }
        }
        self.shared.streams.set_half(owner.stream, direction, Half::Open(open));
    }

    /// The head at hand is all of the message.
    fn emit_buffered(&mut self, owner: BlockOwner, id: u32, direction: Direction) {
        let buffer = &self.buffer;
        let head = (&buffer.head, buffer.bytes(), &buffer.control);
        if let Some(stream) = self.shared.streams.get(id) {
            emit_head(stream, direction, head, (owner.began, self.way.packet), self.cx);
        }
    }

    fn note_whole_request(&mut self, id: u32) {
        let at = self.way.packet.at;
        if let Some(asked) = self.shared.streams.get(id).and_then(|stream| stream.asked.as_mut()) {
            asked.ended_at = Some(at);
        }
    }
}
