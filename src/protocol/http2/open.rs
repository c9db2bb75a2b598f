//! A message whose head is there and whose end is not.

use super::head::{Control, HeadBuffer};
use super::reader::Packet;
use crate::message::{Direction, Fields, Head, StreamOf};
use crate::protocol::Context;
use crate::protocol::body::Body;
use crate::protocol::content_length::is_length_of;
use crate::protocol::grpc::{Carries, GrpcBody};
use crate::protocol::inside::Inside;
use crate::protocol::stall::Stall;
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Open {
    pub head: Head,
    pub head_bytes: Box<[u8]>,
    pub control: Control,
    pub began: Packet,
    /// The newest packet with a part of it.
    pub last: Packet,
    pub stall: Stall,
    pub body: Body,
    /// Of a body that is read as it comes.
    pub inside: Option<Inside>,
    /// Bytes of the body that are known to be lost.
    pub gap_bytes: u64,
    /// Frames of it may be lost, and it is not known how many bytes.
    pub has_gap: bool,
}

impl Open {
    /// `call`: what is known of that.
    pub fn new(buffer: &HeadBuffer, began: Packet, last: Packet, call: Carries) -> Self {
        let body = match buffer.control.unknown {
            0 => Body::after(Fields { lines: &buffer.head.fields, bytes: buffer.bytes() }, call),
            _ => Body::after_partial(&buffer.head, buffer.bytes(), call),
        };
        Self {
            head: buffer.head.clone(),
            head_bytes: buffer.bytes().into(),
            control: buffer.control,
            began,
            last,
            stall: Stall::default(),
            body,
            inside: None,
            gap_bytes: 0,
            has_gap: false,
        }
    }

    pub fn carries(&self) -> Carries {
        GrpcBody::carries(self.body.grpc())
    }

    /// Reads its body as it comes from here on, if there is a reader of such a body. `path`: the request's.
    pub fn read_inside(&mut self, direction: Direction, carries: Carries, of: StreamOf, path: &[u8]) {
        let known = match carries {
            Carries::Grpc(kind) => self.body.grpc().map(|body| (kind, body.index())),
            Carries::Unknown | Carries::Other => None,
        };
        self.inside = Inside::of(direction, &self.head, &self.head_bytes, of, path, known);
    }

    /// A packet with more of it.
    pub fn note_packet(&mut self, packet: Packet) {
        if packet.number != self.last.number {
            if packet.waited {
                self.stall.note(self.began.at, packet.at, self.last.at);
            }
            self.last = Packet { at: packet.at.max(self.last.at), ..packet };
        }
    }

    /// Frames of it may be lost.
    pub fn lose(&mut self, cx: &mut Context<'_>) {
        self.has_gap = true;
        self.body.lose(0);
        self.pass_gap_inside(0, cx);
    }

    fn pass_gap_inside(&mut self, bytes: u64, cx: &mut Context<'_>) {
        if let Some(inside) = &mut self.inside {
            inside.on_gap(bytes, cx);
        }
    }

    /// Nothing of it is known to be lost.
    pub fn is_whole(&self) -> bool {
        !self.has_gap && self.gap_bytes == 0
    }

    /// Nothing of its body is missing, by its Content-Length: a peer that has all of it may leave before END_STREAM comes.
    pub fn has_whole_body(&self) -> bool {
        let fields = Fields { lines: &self.head.fields, bytes: &self.head_bytes };
        self.is_whole() && self.control.unknown == 0 && is_length_of(fields, self.body.bytes) == Some(true)
    }

    pub fn lose_bytes(&mut self, bytes: u64, cx: &mut Context<'_>) {
        self.gap_bytes += bytes;
        self.body.lose(bytes);
        self.pass_gap_inside(bytes, cx);
    }

    /// Bytes that its body holds, and those that the reader of the body holds.
    pub fn body_bytes(&self) -> usize {
        self.body.buffered_bytes() + self.inside.as_ref().map_or(0, Inside::held_bytes)
    }

    pub fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.head_bytes.len() + self.head.fields.memory_bytes() + self.body_bytes()
    }
}

/// When the last of several packets was captured.
pub(super) fn last_at(began: Packet, last: Packet) -> Option<Timestamp> {
    (began.number != last.number).then_some(last.at.max(began.at))
}
