//! From one direction's bytes to its frames' effects.

use super::block::BlockOwner;
use super::brought::Brought;
use super::emit::Ending;
use super::frame::{ACK, END_HEADERS, END_STREAM, FrameHeader, Kind, MIN_MAX_FRAME_BYTES};
use super::head::HeadBuffer;
use super::shared::Shared;
use super::streams::Half;
use super::way::{Frame, Way};
use crate::message::Direction;
use crate::protocol::Context;

/// SETTINGS_HEADER_TABLE_SIZE and SETTINGS_MAX_FRAME_SIZE (RFC 9113 §6.5.2).
const HEADER_TABLE_SIZE: u16 = 1;
const MAX_FRAME_SIZE: u16 = 5;

/// One direction with what both share, for as long as an event takes.
pub(super) struct Turn<'a, 'b> {
    pub way: &'a mut Way,
    pub peer: &'a mut Way,
    pub shared: &'a mut Shared,
    /// For the head at hand.
    pub buffer: &'a mut HeadBuffer,
    pub cx: &'a mut Context<'b>,
}

/// The frames are not what they seem: where the next one begins is not known.
pub(super) struct OutOfStep;

impl Turn<'_, '_> {
    pub fn on_header(&mut self, header: FrameHeader) -> Result<(), OutOfStep> {
        let in_block = self.way.block.owner();
        let continues = header.kind == Kind::Continuation;
        // RFC 9113 §6.10: nothing else may come before the block's end.
        let fits = match in_block {
            Some(owner) => continues && owner.stream == header.stream,
            None => !continues,
        };
        let is_settings = header.kind == Kind::Settings && !header.has(ACK);
        let is_first = std::mem::take(&mut self.way.expects_settings);
        let begins_well = !is_first || is_settings;
        if is_first {
            // Unless this frame says more.
            self.peer.max_frame_bytes.get_or_insert(MIN_MAX_FRAME_BYTES);
        }
        if !fits || !begins_well || !header.is_legal(self.way.is_from_client()) {
            return Err(OutOfStep);
        }
        self.way.frame = Frame::new(header);
        match header.kind {
            Kind::Continuation => self.way.block.note_continuation(),
            Kind::Headers => self.way.block.begin(BlockOwner {
                stream: header.stream,
                promised: None,
                end_stream: header.has(END_STREAM),
                began: self.way.reader.began(),
            }),
            _ => {}
        }
        if header.length == 0 {
            self.on_frame_end();
        }
        Ok(())
    }

    pub fn on_payload(&mut self, mut piece: &[u8]) {
        let left = self.way.reader.payload_left();
        if self.way.frame.header.kind == Kind::Settings {
            self.on_settings(piece);
        } else {
            if self.way.frame.take_prefix(&mut piece) {
                self.on_prefix(left + piece.len() as u32);
            }
            let padding = self.way.frame.pad.saturating_sub(left) as usize;
            let content = piece.get(..piece.len().saturating_sub(padding)).unwrap_or_default();
            self.on_content(content, left, piece.len());
        }
        if left == 0 {
            self.on_frame_end();
        }
    }

    /// The bytes before the content are there; so many bytes follow them.
    fn on_prefix(&mut self, rest: u32) {
        let Frame { header, prefix, .. } = self.way.frame;
        let [pad, ..] = prefix;
        if header.is_padded() {
            // Longer padding is an error (RFC 9113 §6.1), and yet it is clear where the frame ends: nothing else is in it.
            self.way.frame.pad = u32::from(pad).min(rest);
        }
        if header.kind == Kind::PushPromise {
            let number = match prefix {
                [_, a, b, c, d, _] if header.is_padded() => [a, b, c, d],
                [a, b, c, d, ..] => [a, b, c, d],
            };
            self.way.block.begin(BlockOwner {
                stream: header.stream,
                promised: Some(u32::from_be_bytes(number) & 0x7fff_ffff),
                end_stream: false,
                began: self.way.reader.began(),
            });
        }
    }

    /// `left` bytes of the frame follow, padding included; `whole`: bytes of this piece with its padding.
    fn on_content(&mut self, content: &[u8], left: u32, whole: usize) {
        let header = self.way.frame.header;
        match header.kind {
            Kind::Data => {
                let is_start = left + whole as u32 + header.prefix_bytes() as u32 == header.length;
                self.on_data(header.stream, content, is_start);
            }
            Kind::Headers | Kind::PushPromise | Kind::Continuation => {
                let is_all = left <= self.way.frame.pad && header.has(END_HEADERS);
                if is_all && let Some(owner) = self.way.block.end_at_once() {
                    self.on_block(owner, Ok(content));
                } else {
                    self.way.block.push(content);
                }
            }
            _ => {}
        }
    }

    /// `is_start`: it is the beginning of its frame.
    fn on_data(&mut self, id: u32, content: &[u8], is_start: bool) {
        let (packet, max) = (self.way.packet, self.cx.limits.max_body_bytes);
        let direction = self.way.direction;
        if !self.shared.streams.was_met(id) {
            self.cx.counters.lost_heads += 1;
            self.begin_headless(id);
        }
        // Of a stream that is closed: sent before the sender knew (RFC 9113 §5.1).
        let Some(half) = self.shared.streams.half(id, direction) else { return };
        match half {
            Half::Open(open) => {
                open.note_packet(packet);
                let before = open.body_bytes();
                open.body.push(content, max);
                if let Some(inside) = &mut open.inside {
                    inside.on_data(content, packet.at, self.cx);
                }
                let after = open.body_bytes();
                self.shared.streams.held_bytes = self.shared.streams.held_bytes + after - before;
            }
            half @ (Half::Idle | Half::Headless) => {
                self.cx.counters.lost_heads += u64::from(matches!(half, Half::Idle));
                *half = Half::Headless;
                self.cx.counters.passed_over_bytes += content.len() as u64;
                self.look_for_socket(id, Brought::Bytes(content, is_start));
            }
            Half::Tunnel => {
                self.cx.counters.switched_bytes += content.len() as u64;
                self.look_for_socket(id, Brought::Bytes(content, is_start));
            }
            Half::Socket(_) => self.on_socket(id, direction, Brought::Bytes(content, is_start)),
            Half::Over => {}
        }
    }

    fn on_settings(&mut self, mut piece: &[u8]) {
        if self.way.frame.has_gap {
            return; // which of their bytes these are is not known
        }
        while !piece.is_empty() {
            if !self.way.frame.take_prefix(&mut piece) {
                continue;
            }
            let [a, b, value @ ..] = self.way.frame.prefix;
            let value = u32::from_be_bytes(value);
            match u16::from_be_bytes([a, b]) {
                // It binds the encoder of the other direction.
                HEADER_TABLE_SIZE => self.peer.decoder.note_settings_limit(value),
                MAX_FRAME_SIZE => self.peer.max_frame_bytes = self.peer.max_frame_bytes.max(Some(value)),
                _ => {}
            }
            self.way.frame.filled = 0;
        }
    }

    pub fn on_frame_end(&mut self) {
        let Frame { header, prefix, has_gap, .. } = self.way.frame;
        match header.kind {
            Kind::Data if header.has(END_STREAM) => {
                let direction = self.way.direction;
                self.end_half(header.stream, direction, Ending::Whole);
            }
            Kind::Headers | Kind::PushPromise | Kind::Continuation if header.has(END_HEADERS) => self.on_block_end(),
            Kind::RstStream if !has_gap => {
                let [a, b, c, d, ..] = prefix;
                self.on_reset(header.stream, Some(u32::from_be_bytes([a, b, c, d])));
            }
            Kind::RstStream => self.on_reset(header.stream, None),
            _ => {}
        }
    }

    /// Begins a stream in the middle of a message.
    pub fn begin_headless(&mut self, id: u32) {
        self.make_place();
        let reading = self.reading_of_responses();
        let direction = self.way.direction;
        if let Some(stream) = self.shared.streams.begin(id, reading) {
            *stream.half(direction) = Half::Headless;
            stream.pushed = id.is_multiple_of(2);
        }
    }

    /// For a stream that is met now. `None` if its request waited: its response may have begun meanwhile.
    pub fn reading_of_responses(&self) -> Option<u32> {
        let way = self.way_of_responses();
        way.reading().filter(|_| self.way.direction == Direction::Response || !self.way.has_waited)
    }

    pub fn way_of_responses(&self) -> &Way {
        match self.way.direction {
            Direction::Request => self.peer,
            Direction::Response => self.way,
        }
    }
}
