//! gRPC messages as they pass (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>). Read only if messages inside
//! streams are asked for.
//!
//! In: bytes of the body of a request or a response once framing of HTTP is removed, losses. Out: messages to the `Sink` of the
//! `Context`. Refuses to know: HTTP's framing, Protocol Buffers.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::body::Body;
use crate::content::grpc::{
    Call, FrameReader, Kind, MessageCoding, MessageIndex, Part as FramePart, Plain, decompress_passing as decompress,
};
use crate::message::{Direction, Head, KnownName, Part, StreamMessage, StreamOf};
use crate::protocol::{Context, Scratch};
use crate::time::Timestamp;

static CONTENT_TYPE: KnownName = KnownName::new(b"content-type");
static CONTENT_ENCODING: KnownName = KnownName::new(b"content-encoding");
static ENCODING: KnownName = KnownName::new(b"grpc-encoding");

/// One direction of a call.
#[derive(Debug)]
pub struct GrpcStream {
    frames: FrameReader,
    reading: Reading,
}

#[derive(Debug)]
struct Reading {
    of: StreamOf,
    direction: Direction,
    /// Of the request.
    path: Box<[u8]>,
    coding: MessageCoding,
    /// Messages that began and are over.
    sequence: u64,
    /// Those of them that came out.
    count: u64,
    /// When the prefix of the next one began.
    began: Timestamp,
    message: Option<Message>,
}

/// A message whose prefix is there.
#[derive(Debug)]
struct Message {
    at: Timestamp,
    size: u32,
    compressed: bool,
    /// As sent; at most the limit of a body.
    body: Body,
    gap_bytes: u64,
}

impl GrpcStream {
    /// Of a message of HTTP with this head, if its body can be read as it comes and the request's path names a method. `known`: it
    /// carries gRPC of this kind, and so much of it was there before.
    pub fn of(
        direction: Direction,
        head: &Head,
        bytes: &[u8],
        of: StreamOf,
        path: &[u8],
        known: Option<(Kind, &MessageIndex)>,
    ) -> Option<Box<Self>> {
        let value = |name| head.fields.named(name, bytes).next().map(|field| field.value(bytes));
        let kind = match known {
            Some((kind, _)) => kind,
            None => Kind::of_content_type(&value(&CONTENT_TYPE)?)?,
        };
        let is_coded = value(&CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
        if kind == Kind::WebText || is_coded || Call::of_path(path).is_none() {
            return None;
        }
        let coding = value(&ENCODING).as_deref().map(MessageCoding::of).unwrap_or_default();
        Some(Box::new(Self {
            frames: known.map_or_else(|| FrameReader::new(kind != Kind::Grpc), |(_, index)| index.frames()),
            reading: Reading {
                of,
                direction,
                path: path.into(),
                coding,
                sequence: known.map_or(0, |(_, index)| index.message_count()),
                count: 0,
                began: Timestamp::UNKNOWN,
                message: None,
            },
        }))
    }

    /// The final response to the request has this status.
    pub fn note_status(&mut self, status: Option<u16>) {
        self.reading.of.status = status;
    }

    /// Messages that came out so far.
    pub fn count(&self) -> u64 {
        self.reading.count
    }

    pub fn on_data(&mut self, bytes: &[u8], at: Timestamp, cx: &mut Context<'_>) {
        let Self { frames, reading } = self;
        if frames.is_lost() {
            return;
        }
        // A message that it joined in the middle began at a time that is not known.
        if frames.is_between_frames() || reading.began == Timestamp::UNKNOWN {
            reading.began = at;
        }
        frames.push(bytes, &mut |part| reading.on_part(part, at, cx));
        if frames.is_lost() {
            cx.counters.streams.given_up += 1;
        }
    }

    /// So many bytes are lost; 0 if it is not known how many. Within a message its length tells where the next one begins.
    pub fn on_gap(&mut self, len: u64, cx: &mut Context<'_>) {
        let Self { frames, reading } = self;
        if frames.is_lost() {
            return;
        }
        let began = reading.began;
        frames.gap(if len == 0 { u64::MAX } else { len }, &mut |part| reading.on_part(part, began, cx));
        if frames.is_lost() {
            cx.counters.streams.lost_boundaries += 1;
            if len > 0 {
                reading.lose_rest();
            }
            self.end(cx);
        }
    }

    /// Nothing more comes: what there is of a message comes out.
    pub fn end(&mut self, cx: &mut Context<'_>) {
        if let Some(message) = self.reading.message.take() {
            self.reading.hand_on(&message, cx);
        }
    }

    /// Memory is needed elsewhere: the message at hand comes out without what was kept of it.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        if let Some(message) = &mut self.reading.message {
            cx.counters.cut_bodies += u64::from(message.body.cut());
        }
    }

    pub fn held_bytes(&self) -> usize {
        let Reading { path, message, .. } = &self.reading;
        path.len() + message.as_ref().map_or(0, |message| message.body.buffered_bytes())
    }
}

impl Reading {
    fn on_part(&mut self, part: FramePart<'_>, at: Timestamp, cx: &mut Context<'_>) {
        match (part, &mut self.message) {
            // The trailers of gRPC-Web are no message.
            (FramePart::Begin { is_trailers: true, .. }, _) => {}
            (FramePart::Begin { compressed, size, .. }, message) => {
                *message = Some(Message { at: self.began, size, compressed, body: Body::default(), gap_bytes: 0 });
            }
            (FramePart::Data(bytes), Some(message)) => message.body.push(bytes, cx.limits.max_body_bytes),
            (FramePart::Gap(lost), Some(message)) => {
                message.gap_bytes += u64::from(lost);
                message.body.lose(u64::from(lost));
            }
            (FramePart::End, message) => {
                if let Some(message) = message.take() {
                    self.hand_on(&message, cx);
                }
                self.began = at;
            }
            (FramePart::Data(_) | FramePart::Gap(_), None) => {}
        }
    }

    /// A loss goes over the end of the message at hand.
    fn lose_rest(&mut self) {
        if let Some(message) = &mut self.message {
            message.gap_bytes += u64::from(message.size).saturating_sub(message.body.bytes);
        }
    }

    fn hand_on(&mut self, message: &Message, cx: &mut Context<'_>) {
        self.sequence += 1;
        let mut buffer = std::mem::take(&mut cx.scratch.body);
        match self.shown(message, &mut buffer, cx) {
            None => cx.counters.streams.unread_messages += 1,
            Some(Shown { data, data_bytes, truncated }) => {
                self.count += 1;
                cx.sink.stream_message(&StreamMessage {
                    of: self.of,
                    direction: self.direction,
                    sequence: self.sequence,
                    at: message.at,
                    data: &data,
                    data_bytes,
                    truncated,
                    gap_bytes: message.gap_bytes,
                    part: Part::Grpc { path: &self.path },
                });
            }
        }
        cx.scratch.body = Scratch::spare(buffer);
    }

    /// `None` if it cannot be decompressed.
    fn shown<'a>(&mut self, message: &'a Message, buffer: &'a mut Vec<u8>, cx: &mut Context<'_>) -> Option<Shown<'a>> {
        let sent = message.body.kept(buffer);
        let size = u64::from(message.size);
        let is_cut = (sent.len() as u64) < size;
        if !message.compressed || size == 0 {
            return Some(Shown { data: Cow::Borrowed(sent), data_bytes: size, truncated: is_cut });
        }
        let max = cx.limits.max_body_bytes;
        let plain = decompress(sent, is_cut, self.coding, max, message.at, &mut cx.scratch.inflating);
        let Some(Plain { bytes, is_cut, is_over_ratio }) = plain else {
            // Nothing else bounds the work that goes into messages that are not coded as they say.
            if self.coding.of_message(sent, is_cut).is_some() {
                self.coding = MessageCoding::Unknown;
            }
            return None;
        };
        cx.counters.streams.over_ratio += u64::from(is_over_ratio);
        Some(Shown { data_bytes: bytes.len() as u64, data: Cow::Owned(bytes), truncated: is_cut })
    }
}

/// The data of a message as it comes out.
struct Shown<'a> {
    data: Cow<'a, [u8]>,
    data_bytes: u64,
    truncated: bool,
}
