//! Between messages: from the first bytes of a start line to a complete head, and the message that needs nothing more.

use super::{State, Stream};
use crate::message::{Direction, Fields, Head, HttpMessage, Incomplete};
use crate::protocol::Context;
use crate::protocol::body::Body;
use crate::protocol::grpc::{Carries, GrpcBody, GrpcEnd, Rest};
use crate::protocol::http1::begin::Begun;
use crate::protocol::http1::chunked::ChunkDecoder;
use crate::protocol::http1::exchange::Exchanges;
use crate::protocol::http1::framing::{self, Framing};
use crate::protocol::http1::head::{Parsed, check_start_line, find_end};
use crate::protocol::http1::in_progress::{BodyState, InProgress};
use crate::protocol::http1::malformed::{MAX_HEAD_BYTES, Malformed};
use crate::protocol::http1::start_line::{MAX_METHOD_BYTES, has_common_form, is_cut_or_glued, looks_like_start};
use crate::protocol::stall::Stall;
use crate::time::{Timestamp, span_micros};

impl Stream {
    pub(super) fn on_head_bytes(
        &mut self,
        bytes: &[u8],
        at: Timestamp,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> usize {
        if self.buffer.is_empty() {
            // Empty lines before a start line are skipped (RFC 9112 §2.2).
            let empty = bytes.iter().take_while(|&&b| b == b'\r' || b == b'\n').count();
            if empty > 0 {
                return empty;
            }
            let mut head = std::mem::take(&mut cx.scratch.head);
            let parsed = head.parse(self.direction, bytes, &mut cx.scratch.seen_fields);
            // A head that is complete begins as it has to, but for its method's length.
            let is_start = match parsed {
                Ok(Parsed::Complete(_)) if head.method(bytes).len() < MAX_METHOD_BYTES => true,
                _ => looks_like_start(self.direction, bytes),
            };
            let used = match parsed {
                _ if !is_start => {
                    self.give_up(Malformed::StartLine, bytes, exchanges, cx);
                    bytes.len()
                }
                Ok(Parsed::Complete(length)) => {
                    let (head_bytes, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
                    length + self.on_head(&mut head, head_bytes, rest, None, exchanges, cx)
                }
                Ok(Parsed::Partial) if bytes.len() > MAX_HEAD_BYTES => {
                    self.give_up(Malformed::HeadTooLong, bytes, exchanges, cx);
                    bytes.len()
                }
                Ok(Parsed::Partial) => {
                    self.buffer.extend_from_slice(bytes);
                    self.searched = bytes.len();
                    if self.direction == Direction::Request {
                        exchanges.note_unread(self.place.acked);
                    }
                    self.start_line_checked = false;
                    bytes.len()
                }
                Err(reason) => {
                    self.give_up(reason, bytes, exchanges, cx);
                    bytes.len()
                }
            };
            cx.scratch.head = head;
            return used;
        }
        self.on_more_head_bytes(bytes, at, exchanges, cx)
    }

    fn on_more_head_bytes(
        &mut self,
        bytes: &[u8],
        at: Timestamp,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> usize {
        let known = self.buffer.len();
        let room = MAX_HEAD_BYTES.saturating_sub(known);
        self.buffer.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        if let Some(end) = find_end(&self.buffer, self.searched) {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.truncate(end);
            let used = end.saturating_sub(known);
            let rest = bytes.get(used..).unwrap_or_default();
            let mut head = std::mem::take(&mut cx.scratch.head);
            let used = match head.parse(self.direction, &buffer, &mut cx.scratch.seen_fields) {
                Ok(Parsed::Complete(_)) => {
                    used + self.on_head(&mut head, &buffer, rest, Some(at.max(self.place.at)), exchanges, cx)
                }
                Ok(Parsed::Partial) => {
                    self.give_up(Malformed::FramingField, &buffer, exchanges, cx);
                    bytes.len()
                }
                Err(reason) => {
                    self.give_up(reason, &buffer, exchanges, cx);
                    bytes.len()
                }
            };
            cx.scratch.head = head;
            return used;
        }
        self.searched = self.buffer.len();
        let reason = if bytes.len() > room {
            Some(Malformed::HeadTooLong)
        } else if self.start_line_checked {
            None
        } else if !looks_like_start(self.direction, &self.buffer) {
            Some(Malformed::StartLine)
        } else if bytes.contains(&b'\n') {
            self.start_line_checked = true;
            check_start_line(self.direction, &self.buffer).err()
        } else {
            None
        };
        if let Some(reason) = reason {
            let buffer = std::mem::take(&mut self.buffer);
            self.give_up(reason, &buffer, exchanges, cx);
        }
        bytes.len()
    }

    /// A complete head; `last_at` is the time of its last packet, if it has several. Takes the bytes of its body from `rest`, and
    /// returns how many there were.
    #[allow(clippy::too_many_arguments, reason = "a message's parts, none of which is kept")]
    fn on_head(
        &mut self,
        head: &mut Head,
        head_bytes: &[u8],
        rest: &[u8],
        last_at: Option<Timestamp>,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> usize {
        if self.tentative
            && self.direction == Direction::Request
            && (is_cut_or_glued(head.method(head_bytes)) || !has_common_form(head_bytes))
        {
            self.give_up(Malformed::StartLine, head_bytes, exchanges, cx);
            return rest.len();
        }
        let place = self.place;
        let begun = match self.direction {
            Direction::Request => Begun::request(head, head_bytes, place, exchanges, cx.selection),
            Direction::Response => Begun::response(head, head_bytes, place, exchanges, cx.readers),
        };
        if begun.may_answer_a_head_request(head) && begun.spells_a_response(rest) {
            self.give_up(Malformed::UnknownRequest, head_bytes, exchanges, cx);
            return rest.len();
        }
        self.tentative = false;
        self.last_was_interim = begun.interim;
        self.is_bodyless = begun.bodyless;
        if let Some(switch) = begun.switch
            && !begun.is_followed_to_a_web_socket()
        {
            cx.counters.count_switch(switch);
        }
        if self.direction == Direction::Response && !begun.interim && begun.exchange.is_none() {
            cx.counters.unpaired_responses += 1;
        }
        let inside = if cx.readers.streams { begun.inside(head, head_bytes) } else { None };
        let state = match begun.framing {
            // The whole message lies in this segment: it goes out without a copy.
            Ok(Framing::NoBody) => {
                let used = self.emit_whole(head, head_bytes, &[], &begun, last_at, None, exchanges, cx);
                if begun.hands_over {
                    self.begin_handover(begun, exchanges);
                }
                return used;
            }
            Ok(Framing::Length(length)) if length <= rest.len() as u64 && inside.is_none() => {
                let body = rest.get(..length as usize).unwrap_or_default();
                return self.emit_whole(head, head_bytes, body, &begun, last_at, None, exchanges, cx);
            }
            // The head is clear, where the message ends is not: it comes out alone.
            Err(reason) => {
                self.emit_whole(head, head_bytes, &[], &begun, last_at, Some(Incomplete::Malformed), exchanges, cx);
                self.give_up(reason, head_bytes, exchanges, cx);
                return rest.len();
            }
            Ok(Framing::Length(left)) => BodyState::Length { left },
            Ok(Framing::LengthOrClose(left)) => BodyState::LengthOrClose { left },
            Ok(Framing::Chunked) => BodyState::Chunked(ChunkDecoder::new()),
            // Up to the close, or over already, if the request was a HEAD or a CONNECT: that is for the client to show.
            Ok(Framing::CloseDelimited) if begun.exchange.is_none() && !framing::announces_close(head, head_bytes) => {
                BodyState::LengthOrClose { left: 0 }
            }
            Ok(Framing::CloseDelimited) => BodyState::CloseDelimited,
        };
        let body = Body::after(Fields { lines: &head.fields, bytes: head_bytes }, Carries::Unknown);
        self.state = State::Body(Box::new(InProgress {
            head: std::mem::take(head),
            head_bytes: head_bytes.into(),
            place,
            number: begun.number,
            switch_after: begun.switch_after,
            request_seen: begun.request_seen,
            verdict: begun.verdict,
            exchange: begun.exchange,
            state,
            body,
            gap_bytes: 0,
            has_unknown_gap: false,
            last_at,
            stall: Stall::default(),
            may_answer_head: begun.may_answer_head,
            inside,
            spelled: 0,
        }));
        0
    }

    #[allow(clippy::too_many_arguments, reason = "a message's parts, none of which is kept")]
    fn emit_whole(
        &mut self,
        head: &Head,
        head_bytes: &[u8],
        body: &[u8],
        begun: &Begun,
        last_at: Option<Timestamp>,
        incomplete: Option<Incomplete>,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> usize {
        let place = self.place;
        let answering = match &begun.exchange {
            None if begun.interim => exchanges.find(place),
            exchange => exchange.as_ref(),
        };
        let mut grpc = GrpcBody::of(Fields { lines: &head.fields, bytes: head_bytes }, Carries::Unknown);
        if let Some(grpc) = &mut grpc {
            grpc.push(body);
        }
        let rest = Rest::new(None, 0, body.len() as u64, false);
        let grpc = grpc.as_ref().and_then(|grpc| grpc.end(head, head_bytes, rest, Carries::Unknown));
        let extras = grpc.as_ref().map(GrpcEnd::extras);
        cx.sink.message(&HttpMessage {
            direction: self.direction,
            exchange: begun.number,
            at: place.at,
            duration_micros: last_at.and_then(|last_at| span_micros(place.at, last_at)),
            stall_micros: None,
            head,
            head_bytes,
            trailers: None,
            body: body.get(..body.len().min(cx.limits.max_body_bytes)).unwrap_or_default(),
            body_bytes: body.len() as u64,
            incomplete,
            gap_bytes: 0,
            request_seen: begun.request_seen,
            verdict: begun.verdict,
            extras: extras.as_ref(),
            proxied: cx.proxied,
            answered: answering.map(|exchange| exchange.request.answered(place.at)),
        });
        if self.direction == Direction::Request && incomplete.is_none() {
            exchanges.note_whole_request(begun.number, last_at.unwrap_or(place.at));
        }
        self.after_message(begun.number, begun.switch_after, exchanges);
        body.len()
    }
}
