//! Bytes of one direction that are lost, or let go of.

use super::block::{BlockOwner, Defect};
use super::brought::Brought;
use super::frame::Kind;
use super::frames::Turn;
use super::reader::Crossed;
use super::streams::Half;
use super::way::{Frame, Place};

impl Turn<'_, '_> {
    /// `len` bytes are lost.
    pub fn on_gap(&mut self, len: u64) {
        let crossed = match &mut self.way.place {
            Place::Over => return,
            Place::Search(search) => return search.on_gap(self.cx.counters),
            Place::Frames if len == 0 => Crossed::Beyond(0),
            Place::Frames => self.way.reader.cross(len),
        };
        let (Crossed::Within(lost) | Crossed::Beyond(lost)) = crossed;
        if lost > 0 {
            self.lose_payload(lost);
            if self.way.reader.payload_left() == 0 {
                self.on_frame_end();
            }
        }
        if let Crossed::Beyond(_) = crossed {
            self.lose_step();
        }
    }

    fn lose_payload(&mut self, lost: u32) {
        let direction = self.way.direction;
        let left = self.way.reader.payload_left();
        self.way.frame.has_gap = true;
        let Frame { header, pad, .. } = self.way.frame;
        match header.kind {
            Kind::Data => {
                let knows_padding = self.way.frame.has_prefix();
                let padding = pad.saturating_sub(left).min(lost);
                self.way.frame.filled = header.prefix_bytes() as u8;
                let content = if knows_padding { u64::from(lost - padding) } else { 0 };
                if !knows_padding {
                    // How much of the rest is padding is lost too.
                    self.way.frame.pad = u32::MAX;
                }
                match self.shared.streams.half(header.stream, direction) {
                    // Nothing is lost with padding.
                    Some(Half::Open(_) | Half::Socket(_)) if knows_padding && content == 0 => {}
                    Some(Half::Open(open)) => {
                        let before = open.body_bytes();
                        if knows_padding {
                            open.lose_bytes(content, self.cx)
                        } else {
                            open.lose(self.cx)
                        }
                        let after = open.body_bytes();
                        self.shared.streams.held_bytes = self.shared.streams.held_bytes + after - before;
                    }
                    Some(Half::Socket(_)) => {
                        self.on_socket(header.stream, direction, Brought::Loss(content));
                    }
                    Some(Half::Idle | Half::Headless | Half::Tunnel) => {
                        self.look_for_socket(header.stream, Brought::Loss(content));
                    }
                    Some(Half::Over) | None => {}
                }
            }
            Kind::PushPromise if !self.way.frame.has_prefix() => {
                // On which stream the answer comes is lost too.
                self.way.block.begin(BlockOwner {
                    stream: header.stream,
                    promised: Some(0),
                    end_stream: false,
                    began: self.way.reader.began(),
                });
                self.way.block.mark_undecodable(Defect::Lost);
            }
            Kind::Headers | Kind::PushPromise | Kind::Continuation => self.way.block.mark_undecodable(Defect::Lost),
            Kind::Settings => self.peer.decoder.lose_settings(),
            _ => {}
        }
        self.way.frame.filled = header.prefix_bytes() as u8;
    }

    /// Where the next frame begins is not known: blocks, and whole messages, may be lost.
    pub fn lose_step(&mut self) {
        let direction = self.way.direction;
        if self.way.block.end().is_some() {
            self.cx.counters.lost_heads += 1;
        }
        self.way.decoder.lose();
        self.peer.decoder.lose_settings();
        self.cx.counters.http2.resyncs += 1;
        let mut freed = 0;
        for stream in self.shared.streams.iter_mut() {
            if let Half::Open(open) = stream.half(direction) {
                let before = open.body_bytes();
                open.lose(self.cx);
                freed += before.saturating_sub(open.body_bytes());
            }
        }
        self.shared.streams.held_bytes -= freed;
        self.lose_sockets();
        self.way.search();
    }

    /// Lets go of what can be let go of.
    pub fn shed(&mut self) {
        let direction = self.way.direction;
        if let Place::Search(search) = &mut self.way.place {
            search.shed(self.cx.counters);
        }
        if self.way.block.buffered_bytes() > 0 {
            self.way.block.mark_undecodable(Defect::Lost);
        }
        let mut freed = 0;
        for stream in self.shared.streams.iter_mut() {
            freed += stream.shed_pickup();
            match stream.half(direction) {
                Half::Open(open) => {
                    let before = open.body_bytes();
                    self.cx.counters.cut_bodies += u64::from(open.body.cut());
                    if let Some(inside) = &mut open.inside {
                        inside.shed(self.cx);
                    }
                    freed += before.saturating_sub(open.body_bytes());
                }
                Half::Socket(reader) => {
                    let before = reader.buffered_bytes();
                    reader.shed(self.cx);
                    freed += before - reader.buffered_bytes();
                }
                Half::Idle | Half::Headless | Half::Tunnel | Half::Over => {}
            }
        }
        self.shared.streams.held_bytes -= freed;
    }
}
