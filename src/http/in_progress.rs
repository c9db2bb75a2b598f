//! A message whose head is complete and whose body is not: what of it is lost, how it comes out.

use super::body::Body;
use super::chunked::ChunkDecoder;
use super::exchange::{Exchange, Place};
use super::framing::Wish;
use super::head::{Field, Head, Parsed, StartLine, check_start_line, parse_fields};
use super::message::{Fields, HttpMessage, Incomplete};
use super::{Context, Direction};
use crate::flow::DataMeta;
use crate::selection::Judged;

#[derive(Debug)]
pub(super) enum BodyState {
    Length { left: u64 },
    Chunked(ChunkDecoder),
    CloseDelimited,
}

/// A message whose head is complete and whose body is not.
#[derive(Debug)]
pub(super) struct InProgress {
    pub head: Head,
    pub head_bytes: Box<[u8]>,
    pub place: Place,
    pub number: u32,
    pub wish: Wish,
    pub judged: Option<Judged>,
    /// Of a response: the request that it answers.
    pub exchange: Option<Exchange>,
    pub state: BodyState,
    pub body: Body,
    pub gap_bytes: u64,
}

/// How far a loss goes.
pub(super) enum Crossing {
    Within,
    ToTheEnd,
    /// Over the message's end, or nobody knows.
    Beyond,
}

impl InProgress {
    pub fn cross(&mut self, len: u64) -> Crossing {
        let (lost, crossing) = match &mut self.state {
            BodyState::CloseDelimited => (len, Crossing::Within),
            BodyState::Chunked(decoder) => match decoder.cross(len) {
                true => (len, Crossing::Within),
                false => {
                    // How much of the loss was this message's, and how much of that its body, is not known.
                    self.gap_bytes += len;
                    (0, Crossing::Beyond)
                }
            },
            BodyState::Length { left } => {
                let lost = len.min(*left);
                *left -= lost;
                let crossing = match (*left, len - lost) {
                    (0, 0) => Crossing::ToTheEnd,
                    (0, _) => Crossing::Beyond,
                    _ => Crossing::Within,
                };
                (lost, crossing)
            }
        };
        self.gap_bytes += lost;
        self.body.lose(lost);
        crossing
    }

    pub fn emit(&self, direction: Direction, incomplete: Option<Incomplete>, cx: &mut Context<'_>) {
        let gap = (self.gap_bytes > 0).then_some(Incomplete::Gap);
        let mut trailer_lines = Vec::new();
        let trailers = match &self.state {
            BodyState::Chunked(decoder) if incomplete.is_none() && !decoder.trailers.is_empty() => {
                // Broken trailers are left out: the body before them is whole all the same.
                parse_fields(&mut trailer_lines, &decoder.trailers, 0)
                    .is_ok()
                    .then_some(Fields { lines: &trailer_lines, bytes: &decoder.trailers })
                    .filter(|trailers| !trailers.lines.is_empty())
            }
            _ => None,
        };
        cx.sink.message(&HttpMessage {
            direction,
            exchange: self.number,
            at: self.place.at,
            head: &self.head,
            head_bytes: &self.head_bytes,
            trailers,
            body: self.body.kept(),
            body_bytes: self.body.bytes,
            incomplete: incomplete.or(gap),
            gap_bytes: self.gap_bytes,
            judged: self.judged,
            answered: self.exchange.as_ref().map(|exchange| exchange.answered(self.place.at)),
        });
    }

    /// A response whose request was not seen announced a body, and now that the client has spoken again the next response
    /// begins: the request was a HEAD (RFC 9110 §9.3.2).
    pub fn has_answered_a_head_request(&self, bytes: &[u8], meta: DataMeta) -> bool {
        let response = matches!(self.head.start, StartLine::Status { .. });
        response
            && self.exchange.is_none()
            && self.body.bytes == 0
            && meta.segment_start
            && meta.heard > self.place.heard
            && matches!(check_start_line(Direction::Response, bytes), Ok(Parsed::Complete(_)))
    }

    /// A response whose request was not seen announced a body, and what came looks like the next response.
    pub fn is_ambiguous(&self) -> bool {
        let response = matches!(self.head.start, StartLine::Status { .. });
        response && self.exchange.is_none() && self.body.kept().starts_with(b"HTTP/1.")
    }

    pub fn has_sound_trailers(&self) -> bool {
        match &self.state {
            BodyState::Chunked(decoder) => decoder.has_sound_trailers(),
            BodyState::Length { .. } | BodyState::CloseDelimited => true,
        }
    }

    pub fn body_is_absent(&mut self) {
        self.state = BodyState::Length { left: 0 };
    }

    pub fn buffered_bytes(&self) -> usize {
        let decoder = match &self.state {
            BodyState::Chunked(decoder) => decoder.buffered_bytes(),
            BodyState::Length { .. } | BodyState::CloseDelimited => 0,
        };
        size_of::<Self>()
            + self.head_bytes.len()
            + self.head.fields.capacity() * size_of::<Field>()
            + self.body.buffered_bytes()
            + decoder
    }
}
