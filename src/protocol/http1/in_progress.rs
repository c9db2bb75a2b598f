//! A message whose head is complete and whose body is not: what of it is lost, how it comes out.

use super::chunked::ChunkDecoder;
use super::exchange::{Exchange, Exchanges, Place};
use super::head::{Parsed, check_start_line, parse_fields};
use super::start_line::may_be_start;
use crate::flow::{DataMeta, Position};
use crate::message::{
    Direction, Extras, FieldLines, Fields, Head, HttpMessage, Incomplete, RequestVerdict, StartLine, Switch,
};
use crate::protocol::body::Body;
use crate::protocol::grpc::{Carries, GrpcEnd, Rest};
use crate::protocol::inside::Inside;
use crate::protocol::stall::Stall;
use crate::protocol::{Context, Scratch};
use crate::time::{Timestamp, span_micros};

#[derive(Debug)]
pub(super) enum BodyState {
    Length {
        left: u64,
    },
    Chunked(ChunkDecoder),
    CloseDelimited,
    /// `Transfer-Encoding: identity` beside a length: a receiver that knows the coding reads up to the close, other receivers
    /// read the length (RFC 9112 §6.3, RFC 2616 §3.6). The next bytes show which.
    LengthOrClose {
        left: u64,
    },
    /// More came than that length: where the message ends is in doubt.
    Doubtful,
}

/// A message whose head is complete and whose body is not.
#[derive(Debug)]
pub(super) struct InProgress {
    pub head: Head,
    pub head_bytes: Box<[u8]>,
    pub place: Place,
    pub number: u32,
    /// The switch after this message: a request asks for it, a response grants it.
    pub switch_after: Option<Switch>,
    pub request_seen: bool,
    pub verdict: RequestVerdict,
    /// Of a response: the request that it answers.
    pub exchange: Option<Exchange>,
    pub state: BodyState,
    pub body: Body,
    pub gap_bytes: u64,
    /// Bytes are lost, and it is not known how many, as after a loss inside TLS.
    pub has_unknown_gap: bool,
    /// When its last packet so far was captured, if it has several.
    pub last_at: Option<Timestamp>,
    pub stall: Stall,
    /// Its request is not known, and a HEAD is among those that it may answer.
    pub may_answer_head: bool,
    /// Of a body that is read as it comes.
    pub inside: Option<Inside>,
    /// How much of `STATUS_LINE` the bytes after the head have spelled so far; all of it once they differ.
    pub spelled: usize,
}

/// The bytes that the next response would begin with.
pub(super) const STATUS_LINE: &[u8] = b"HTTP/1.";

/// How far a loss goes.
pub(super) enum Crossing {
    Within,
    ToTheEnd,
    /// Over the message's end, or it is not known how many.
    Beyond,
}

impl InProgress {
    /// A packet with more of it; the rest of a packet that was looked at before has the same time.
    pub fn note_packet(&mut self, meta: DataMeta) {
        if meta.segment_start || meta.at != self.last_at.unwrap_or(self.place.at) {
            let last_at = self.last_at.unwrap_or(self.place.at);
            if meta.waited {
                self.stall.note(self.place.at, meta.at, last_at);
            }
            self.last_at = Some(meta.at.max(last_at));
        }
    }

    /// A loss of `len` bytes; 0 is a loss of an unknown number of them.
    pub fn cross(&mut self, len: u64, cx: &mut Context<'_>) -> Crossing {
        if len == 0 {
            self.pass_gap_inside(0, cx);
            self.has_unknown_gap = true;
            self.body.lose(0);
            self.spelled = STATUS_LINE.len();
            return match &mut self.state {
                BodyState::CloseDelimited => Crossing::Within,
                BodyState::Chunked(decoder) => {
                    decoder.trailers.clear();
                    Crossing::Beyond
                }
                _ => Crossing::Beyond,
            };
        }
        self.spelled = STATUS_LINE.len(); // what follows is not the beginning
        let (lost, crossing) = match &mut self.state {
            BodyState::CloseDelimited | BodyState::Doubtful => (len, Crossing::Within),
            BodyState::Chunked(decoder) => match decoder.cross(len) {
                true => (len, Crossing::Within),
                false => {
                    // How much of the loss was this message's, and how much of that its body, is not known.
                    self.gap_bytes += len;
                    decoder.trailers.clear();
                    (0, Crossing::Beyond)
                }
            },
            BodyState::Length { left } | BodyState::LengthOrClose { left } => {
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
        self.spelled = STATUS_LINE.len();
        self.gap_bytes += lost;
        self.body.lose(lost);
        self.pass_gap_inside(lost, cx);
        crossing
    }

    /// So many bytes of the body are lost; 0 if it is not known how many.
    fn pass_gap_inside(&mut self, len: u64, cx: &mut Context<'_>) {
        if let Some(inside) = &mut self.inside {
            inside.on_gap(len, cx);
        }
    }

    pub fn has_gap(&self) -> bool {
        self.gap_bytes > 0 || self.has_unknown_gap
    }

    /// Of a response that is not whole and whose request is not known it is not known either how far it goes.
    fn duration_micros(&self, direction: Direction, incomplete: Option<Incomplete>) -> Option<u64> {
        let known = direction == Direction::Request || self.exchange.is_some() || incomplete.is_none();
        self.last_at.filter(|_| known).and_then(|last_at| span_micros(self.place.at, last_at))
    }

    pub fn emit(&mut self, direction: Direction, incomplete: Option<Incomplete>, cx: &mut Context<'_>) {
        if let Some(inside) = &mut self.inside {
            inside.end(cx);
        }
        let gap = self.has_gap().then_some(Incomplete::Gap);
        let mut trailer_lines = FieldLines::default();
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
        let mut buffer = std::mem::take(&mut cx.scratch.body);
        let incomplete = incomplete.or(gap);
        let rest = Rest::new(trailers, 0, self.body.bytes, incomplete.is_some());
        let grpc = self.body.grpc().and_then(|grpc| grpc.end(&self.head, &self.head_bytes, rest, Carries::Unknown));
        let streamed_messages = self.inside.as_ref().map(Inside::count);
        let grpc = grpc.as_ref().map(GrpcEnd::lent);
        let has_extras = grpc.is_some() || streamed_messages.is_some();
        let extras = has_extras.then(|| Extras { grpc, streamed_messages, ..Extras::default() });
        cx.sink.message(&HttpMessage {
            direction,
            exchange: self.number,
            at: self.place.at,
            duration_micros: self.duration_micros(direction, incomplete),
            stall_micros: self.duration_micros(direction, incomplete).and_then(|_| self.stall.micros()),
            head: &self.head,
            head_bytes: &self.head_bytes,
            trailers,
            body: self.body.kept(&mut buffer),
            body_bytes: self.body.bytes,
            incomplete,
            gap_bytes: self.gap_bytes,
            request_seen: self.request_seen,
            verdict: self.verdict,
            extras: extras.as_ref(),
            proxied: cx.proxied,
            answered: self.exchange.as_ref().map(|exchange| exchange.request.answered(self.place.at)),
        });
        cx.scratch.body = Scratch::spare(buffer);
    }

    /// A response whose request was not seen announced a body, and now that the client has spoken again the next response
    /// begins: the request was a HEAD (RFC 9110 §9.3.2).
    pub fn has_answered_a_head_request(&self, bytes: &[u8], meta: DataMeta) -> bool {
        let response = matches!(self.head.start, StartLine::Status { .. });
        response
            && self.exchange.is_none()
            && self.body.bytes == 0
            && meta.segment_start
            && meta.acked > self.place.acked
            && matches!(check_start_line(Direction::Response, bytes), Ok(Parsed::Complete(_)))
    }

    /// A response whose request was not seen may answer a HEAD, and what comes in place of its body begins like the next
    /// response: nothing tells which it is.
    pub fn begins_like_a_response(&mut self, bytes: &[u8]) -> bool {
        let unseen = !self.request_seen && matches!(self.head.start, StartLine::Status { .. });
        let Some(rest) = STATUS_LINE.get(self.spelled..).filter(|rest| unseen && !rest.is_empty()) else {
            return false;
        };
        let common = bytes.iter().zip(rest).take_while(|(a, b)| a == b).count();
        let differs = common < rest.len() && common < bytes.len();
        self.spelled = if differs { STATUS_LINE.len() } else { self.spelled + common };
        !differs && (common == rest.len() || matches!(self.state, BodyState::Chunked(_)))
    }

    /// Why it is incomplete when its stream ends here, if it is.
    pub fn incomplete_at_end(&self, clean: bool, exchanges: &Exchanges, ending: Incomplete) -> Option<Incomplete> {
        match self.state {
            BodyState::CloseDelimited if clean && self.next_request(exchanges).is_some() => Some(Incomplete::Malformed),
            BodyState::CloseDelimited | BodyState::LengthOrClose { left: 0 } if clean => None,
            BodyState::Doubtful | BodyState::LengthOrClose { .. } if clean => Some(Incomplete::Malformed),
            _ if clean && self.expects_continue() && self.body.bytes == 0 => None,
            _ => Some(ending),
        }
    }

    pub fn may_be_over(&self) -> bool {
        matches!(self.state, BodyState::LengthOrClose { left: 0 }) || (self.may_answer_head && self.body.bytes == 0)
    }

    /// A request that waited for 100 (Continue) had its final answer before any byte of its body was sent, and here the next
    /// request begins: the body was never sent (RFC 9110 §10.1.1).
    pub fn was_refused(&self, bytes: &[u8], meta: DataMeta, exchanges: &Exchanges) -> bool {
        self.body.bytes == 0
            && meta.segment_start
            && meta.acked > self.place.acked
            && matches!(self.head.start, StartLine::Request { .. })
            && self.expects_continue()
            && !exchanges.is_outstanding(self.number)
            && may_be_start(Direction::Request, bytes)
    }

    /// A response up to the close of the connection, and yet a client that had acked a part of it has asked for more: where that
    /// request starts.
    fn next_request(&self, exchanges: &Exchanges) -> Option<Position> {
        let until_close = matches!(self.state, BodyState::CloseDelimited | BodyState::Doubtful);
        let response = matches!(self.head.start, StartLine::Status { .. });
        exchanges.was_asked_after(self.place.position).filter(|_| until_close && response)
    }

    /// That, and here the next response begins.
    pub fn belongs_to_next_message(&self, bytes: &[u8], meta: DataMeta, exchanges: &Exchanges) -> bool {
        meta.segment_start
            && may_be_start(Direction::Response, bytes)
            && self.next_request(exchanges).is_some_and(|start| meta.acked > start)
    }

    fn expects_continue(&self) -> bool {
        let fields = &self.head.fields;
        fields.iter().any(|field| {
            field.is_named(b"expect", &self.head_bytes)
                && field.value(&self.head_bytes).eq_ignore_ascii_case(b"100-continue")
        })
    }

    /// It has come to the middle of what looks like a status line.
    pub fn is_spelling_a_response(&self) -> bool {
        self.spelled > 0 && self.spelled < STATUS_LINE.len() && !self.request_seen
    }

    pub fn body_is_absent(&mut self) {
        self.state = BodyState::Length { left: 0 };
    }

    pub fn buffered_bytes(&self) -> usize {
        let decoder = match &self.state {
            BodyState::Chunked(decoder) => decoder.buffered_bytes(),
            _ => 0,
        };
        size_of::<Self>()
            + self.head_bytes.len()
            + self.head.fields.memory_bytes()
            + self.body.buffered_bytes()
            + self.inside.as_ref().map_or(0, Inside::held_bytes)
            + decoder
    }
}
