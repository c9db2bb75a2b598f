//! One direction's state machine: between messages, in a body, waiting for an upgrade's answer, lost, or not HTTP.

mod heads;
mod pending;

use super::chunked::Fed;
use super::exchange::{Exchanges, Place, Turn};
use super::head::find_end;
use super::in_progress::{BodyState, Crossing, InProgress};
use super::malformed::Malformed;
use super::opposite::Opposite;
use super::pending_stream::PendingStream;
use super::start_line::may_be_start;
use crate::flow::{DataMeta, Position};
use crate::message::{Direction, Incomplete, NotHttp, Switch};
use crate::protocol::Context;
use crate::protocol::names::protocol_name;

/// A partial head larger than this is given up when memory runs short.
const SHED_HEAD_BYTES: usize = 4 << 10;

#[derive(Debug)]
enum State {
    /// Between messages; the stream's `buffer` holds the beginning of a head, if any.
    Boundary,
    Body(Box<InProgress>),
    /// A request asked to leave HTTP/1.x: what follows depends on the answer to this exchange.
    Pending(PendingStream),
    /// A response that has no body was followed by one: passed over up to the response to a request that its sender had not
    /// received when it began.
    Excess {
        acked: Position,
    },
    /// In step with nothing: waiting for bytes that can only be the beginning of a message.
    Lost,
    /// No HTTP/1.x from here on: a tunnel, another protocol, or broken.
    Opaque,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) direction: Direction,
    state: State,
    /// The beginning of a head.
    buffer: Vec<u8>,
    /// So much of `buffer` was searched for the head's end.
    searched: usize,
    start_line_checked: bool,
    place: Place,
    /// The head in `buffer` was taken up without being in step: if it turns out to be none, that is not reported.
    tentative: bool,
    /// Nothing of this stream was seen yet.
    pub(super) untouched: bool,
    /// The end of what was delivered.
    position: Position,
    /// How far the sender of the last bytes had received.
    pub(super) last_acked: Option<Position>,
    /// Bytes were lost since then.
    pub(super) lost_since: bool,
    last_was_interim: bool,
    /// The last message was a response that has no body whatever its fields say.
    is_bodyless: bool,
}

impl Stream {
    pub fn new(direction: Direction, midstream: bool) -> Self {
        Self {
            direction,
            state: if midstream { State::Lost } else { State::Boundary },
            buffer: Vec::new(),
            searched: 0,
            start_line_checked: false,
            place: Place {
                at: Default::default(),
                position: Position::UNKNOWN,
                acked: Position::UNKNOWN,
                turn: Turn::Unknown,
            },
            tentative: false,
            untouched: true,
            position: Position::UNKNOWN,
            last_acked: None,
            lost_since: false,
            last_was_interim: false,
            is_bodyless: false,
        }
    }

    pub fn as_opposite(&self) -> Opposite {
        Opposite {
            untouched: self.untouched,
            lost: matches!(self.state, State::Lost),
            in_message: match self.state {
                State::Boundary => !self.buffer.is_empty(),
                State::Body(_) => true,
                State::Pending(_) | State::Excess { .. } | State::Lost | State::Opaque => false,
            },
            last_acked: self.last_acked,
            position: self.position,
            last_was_interim: self.last_was_interim,
            is_pending: matches!(self.state, State::Pending(_)),
        }
    }

    pub fn is_untouched(&self) -> bool {
        self.untouched
    }

    /// Not one byte of a message has come after the last.
    pub fn is_between_messages(&self) -> bool {
        matches!(self.state, State::Boundary) && self.buffer.is_empty()
    }

    pub fn is_opaque(&self) -> bool {
        matches!(self.state, State::Opaque)
    }

    #[cold]
    fn make_opaque(&mut self) {
        self.state = State::Opaque;
        self.buffer = Vec::new();
    }

    /// Takes `bytes`, all of them or as far as the answer that declines an upgrade: what was held back for it comes first.
    /// Returns how many it took.
    pub fn on_data(
        &mut self,
        mut bytes: &[u8],
        mut meta: DataMeta,
        opposite: &Self,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> usize {
        let (all, declined) = (bytes.len(), exchanges.declined);
        let silence = exchanges.note_data(meta.at);
        if self.is_glued(meta) {
            exchanges.pass_over(&self.buffer, cx.counters);
            self.tentative = false;
            self.lose(exchanges, cx);
        }
        while !bytes.is_empty() && exchanges.declined == declined {
            let used = match &mut self.state {
                State::Opaque => {
                    cx.counters.switched_bytes += if exchanges.switched { bytes.len() as u64 } else { 0 };
                    bytes.len()
                }
                State::Pending(pending) => {
                    exchanges.note_unread(meta.acked);
                    pending.push(bytes, meta);
                    bytes.len()
                }
                State::Excess { acked } => {
                    if begins_next_response(bytes, meta, *acked) {
                        exchanges.forget_unanswered();
                        self.state = State::Boundary;
                        continue;
                    }
                    cx.counters.excess_bytes += bytes.len() as u64;
                    bytes.len()
                }
                State::Lost => {
                    if !self.may_begin_here(bytes, meta, opposite.as_opposite(), exchanges) {
                        exchanges.pass_over(bytes, cx.counters);
                        if meta.segment_start
                            && self.direction == Direction::Request
                            && may_be_start(self.direction, bytes)
                        {
                            exchanges.note_unread(meta.acked);
                        }
                        if is_switch(self.direction, bytes, meta) {
                            // It is not shown, since it may be a body's text; if it is none, nothing after it is HTTP/1.x.
                            cx.counters.count_switch(Switch::Other);
                            exchanges.switched = true;
                            exchanges.switched_at = meta.acked;
                            self.make_opaque();
                        }
                        meta.position += bytes.len() as u64;
                        bytes = &[];
                        break;
                    }
                    self.state = State::Boundary;
                    self.tentative = true;
                    if self.direction == Direction::Response {
                        exchanges.forget_unanswered();
                    }
                    continue;
                }
                State::Boundary => {
                    if self.buffer.is_empty() {
                        let turn = match self.direction {
                            Direction::Request => {
                                let opposite = opposite.as_opposite();
                                // A silence in which an answer is still to come tells nothing.
                                let is_open =
                                    opposite.last_was_interim || exchanges.has_open_request(opposite.last_acked);
                                opposite.turn_at(meta, if is_open { 0 } else { silence }, self.untouched)
                            }
                            Direction::Response if meta.acked > opposite.position => {
                                if opposite.as_opposite().has_asked_more(meta.acked) {
                                    exchanges.note_asked_more(meta.position);
                                }
                                Turn::Unknown
                            }
                            Direction::Response => Turn::Follows,
                        };
                        self.place = Place { at: meta.at, position: meta.position, acked: meta.acked, turn };
                    }
                    self.on_head_bytes(bytes, meta.at, exchanges, cx)
                }
                State::Body(message) if message.has_answered_a_head_request(bytes, meta) => {
                    message.body_is_absent();
                    self.finish(None, exchanges, cx);
                    continue;
                }
                State::Body(message) if message.was_refused(bytes, meta, exchanges) => {
                    message.body_is_absent();
                    self.finish(None, exchanges, cx);
                    continue;
                }
                State::Body(message) if message.belongs_to_next_message(bytes, meta, exchanges) => {
                    self.finish(Some(Incomplete::Malformed), exchanges, cx);
                    self.lose(exchanges, cx);
                    continue;
                }
                State::Body(_) => self.on_body_bytes(bytes, meta, exchanges, cx),
            };
            self.untouched = false;
            bytes = bytes.get(used..).unwrap_or_default();
            meta.position += used as u64;
            meta.segment_start = false;
        }
        self.untouched = false;
        self.position = meta.position;
        self.last_acked = self.last_acked.max(Some(meta.acked));
        self.lost_since = false;
        all - bytes.len()
    }

    pub fn on_gap(&mut self, len: u64, exchanges: &mut Exchanges, cx: &mut Context<'_>) {
        self.position += len;
        self.untouched &= len == 0; // the stream's beginning was not captured
        self.lost_since = true;
        exchanges.note_gap();
        let in_step = match &mut self.state {
            State::Opaque => return,
            State::Pending(pending) => return pending.push_gap(len),
            State::Lost | State::Excess { .. } => false,
            State::Boundary => {
                cx.counters.lost_heads += u64::from(!self.buffer.is_empty());
                false
            }
            State::Body(message) if message.is_spelling_a_response() => {
                cx.counters.lost_heads += 1;
                false
            }
            State::Body(message) => match message.cross(len, cx) {
                Crossing::Within => return,
                Crossing::ToTheEnd => {
                    self.finish(None, exchanges, cx);
                    true
                }
                Crossing::Beyond => {
                    self.finish(None, exchanges, cx);
                    false
                }
            },
        };
        if !in_step {
            self.lose(exchanges, cx);
        }
    }

    /// The stream ends; what is held back waits on, if an answer may still come.
    pub fn on_end(&mut self, clean: bool, opposite_ended: bool, exchanges: &Exchanges, cx: &mut Context<'_>) {
        if let State::Pending(pending) = &mut self.state
            && !opposite_ended
        {
            pending.ended = Some(clean);
            return;
        }
        match std::mem::replace(&mut self.state, State::Opaque) {
            State::Boundary => cx.counters.lost_heads += u64::from(!self.buffer.is_empty()),
            State::Body(message) if message.is_spelling_a_response() => cx.counters.lost_heads += 1,
            State::Body(mut message) => {
                let incomplete = message.incomplete_at_end(clean, exchanges, cx.ending);
                message.emit(self.direction, incomplete, cx);
            }
            State::Pending(pending) if exchanges.switched => cx.counters.switched_bytes += pending.data_bytes,
            State::Pending(pending) => cx.counters.lost_heads += u64::from(pending.is_worth_counting()),
            State::Excess { .. } | State::Lost | State::Opaque => {}
        }
        self.buffer = Vec::new();
    }

    /// Lets go of what can be let go of.
    pub fn shed(&mut self, exchanges: &mut Exchanges, cx: &mut Context<'_>) {
        match &mut self.state {
            State::Body(message) => {
                cx.counters.cut_bodies += u64::from(message.body.cut());
                if let Some(inside) = &mut message.inside {
                    inside.shed(cx);
                }
            }
            State::Boundary if self.buffer.capacity() > SHED_HEAD_BYTES => {
                cx.counters.lost_heads += 1;
                self.lose(exchanges, cx);
            }
            State::Pending(pending) => pending.lose(),
            State::Boundary | State::Excess { .. } | State::Lost | State::Opaque => {}
        }
    }

    pub fn buffered_bytes(&self) -> usize {
        self.buffer.capacity()
            + match &self.state {
                State::Body(message) => message.buffered_bytes(),
                State::Pending(pending) => pending.buffered_bytes(),
                State::Boundary | State::Excess { .. } | State::Lost | State::Opaque => 0,
            }
    }

    /// The supposed beginning of a request is the end of a body: the server answered before the request's line went on.
    fn is_glued(&self, meta: DataMeta) -> bool {
        self.tentative
            && self.direction == Direction::Request
            && !self.buffer.is_empty()
            && meta.acked > self.place.acked
    }

    /// The client goes on with another request, having received everything up to `acked`: so for it a message that may be
    /// over, or whose body may be none, is over there.
    pub fn on_next_request(&mut self, acked: Position, exchanges: &mut Exchanges, cx: &mut Context<'_>) {
        if let State::Body(message) = &mut self.state
            && message.may_be_over()
            && acked >= self.position
        {
            message.body_is_absent();
            self.finish(None, exchanges, cx);
        }
    }

    #[cold]
    fn lose(&mut self, exchanges: &mut Exchanges, cx: &mut Context<'_>) {
        self.state = State::Lost;
        self.buffer = Vec::new();
        exchanges.lose_step(self.direction, self.last_acked);
        cx.counters.lost_pairings += 1;
    }

    fn on_body_bytes(
        &mut self,
        bytes: &[u8],
        meta: DataMeta,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> usize {
        let State::Body(message) = &mut self.state else { return bytes.len() };
        if message.begins_like_a_response(bytes) {
            self.give_up(Malformed::UnknownRequest, bytes, exchanges, cx);
            return bytes.len();
        }
        let InProgress { state, body, place, inside, .. } = &mut **message;
        let max = cx.limits.max_body_bytes;
        let mut push = |bytes: &[u8]| {
            body.push(bytes, max);
            if let Some(inside) = inside {
                inside.on_data(bytes, meta.at, cx);
            }
        };
        let fed = match state {
            BodyState::CloseDelimited | BodyState::Doubtful => {
                push(bytes);
                Ok(Fed::All)
            }
            BodyState::LengthOrClose { left: 0 } => {
                if meta.segment_start && may_be_start(self.direction, bytes) && meta.acked > place.acked {
                    Ok(Fed::Done(0))
                } else {
                    *state = BodyState::Doubtful;
                    push(bytes);
                    Ok(Fed::All)
                }
            }
            BodyState::LengthOrClose { left } => {
                let take = (*left).min(bytes.len() as u64);
                push(bytes.get(..take as usize).unwrap_or_default());
                *left -= take;
                if take < bytes.len() as u64 {
                    *state = BodyState::Doubtful;
                    push(bytes.get(take as usize..).unwrap_or_default());
                }
                Ok(Fed::All)
            }
            BodyState::Length { left } => {
                let take = (*left).min(bytes.len() as u64);
                push(bytes.get(..take as usize).unwrap_or_default());
                *left -= take;
                Ok(if *left == 0 { Fed::Done(take as usize) } else { Fed::All })
            }
            BodyState::Chunked(decoder) => match decoder.feed(bytes, push) {
                Ok(Fed::Done(_)) if !decoder.has_sound_trailers() => Err(Malformed::TrailerLine),
                fed => fed,
            },
        };
        if fed != Ok(Fed::Done(0)) {
            message.note_packet(meta);
        }
        match fed {
            // All of it is the beginning of a status line.
            Ok(Fed::Done(_)) if message.is_spelling_a_response() => {
                self.give_up(Malformed::UnknownRequest, bytes, exchanges, cx);
                bytes.len()
            }
            Ok(Fed::All) => bytes.len(),
            Ok(Fed::Done(used)) => {
                self.finish(None, exchanges, cx);
                used
            }
            Err(reason) => {
                self.finish(Some(Incomplete::Malformed), exchanges, cx);
                self.give_up(reason, bytes, exchanges, cx);
                bytes.len()
            }
        }
    }

    /// The message in progress is over.
    fn finish(&mut self, incomplete: Option<Incomplete>, exchanges: &mut Exchanges, cx: &mut Context<'_>) {
        let State::Body(mut message) = std::mem::replace(&mut self.state, State::Boundary) else { return };
        let (number, switch_after) = (message.number, message.switch_after);
        if self.direction == Direction::Request && incomplete.is_none() && !message.has_gap() {
            exchanges.note_whole_request(number, message.last_at.unwrap_or(message.place.at));
        }
        message.emit(self.direction, incomplete, cx);
        self.after_message(number, switch_after, exchanges);
    }

    fn after_message(&mut self, number: u32, switch_after: Option<Switch>, exchanges: &Exchanges) {
        self.state = match (self.direction, switch_after) {
            (Direction::Request, Some(switch)) if exchanges.may_be_upgraded(number) => {
                State::Pending(PendingStream::after(number, switch))
            }
            // The client went on up to there, so an upgrade asked for before that was declined; but a tunnel may hold HTTP.
            (Direction::Request, switch_after) if exchanges.switched => match (exchanges.switched_at, switch_after) {
                (Position::UNKNOWN, _) | (_, Some(Switch::Tunnel)) => State::Opaque,
                _ => State::Boundary,
            },
            (_, None) => State::Boundary,
            (Direction::Response, _) => State::Opaque,
            (Direction::Request, _) if exchanges.declined == Some(number) => State::Boundary,
            (Direction::Request, Some(switch)) => State::Pending(PendingStream::after(number, switch)),
        };
    }

    /// This stream is not HTTP/1.x from here on, or never was.
    #[cold]
    fn give_up(&mut self, reason: Malformed, sample: &[u8], exchanges: &mut Exchanges, cx: &mut Context<'_>) {
        if self.is_bodyless && reason == Malformed::StartLine {
            self.is_bodyless = false;
            self.state = State::Excess { acked: self.place.acked };
            cx.counters.excess_bytes += sample.len() as u64;
            cx.sink.not_http(self.direction, NotHttp::Excess, sample);
            return;
        }
        if self.tentative || reason == Malformed::UnknownRequest {
            self.tentative = false;
            cx.counters.lost_heads += 1;
            self.lose(exchanges, cx);
            return;
        }
        // Only what comes before any message is surely in no body.
        let first = reason == Malformed::StartLine && !exchanges.is_used();
        if first || reason == Malformed::Http09 {
            cx.counters.not_http_streams += 1;
            let name = if reason == Malformed::Http09 { "http/0.9" } else { protocol_name(sample) };
            if !std::mem::replace(&mut exchanges.told_not_http, true) {
                cx.sink.not_http(self.direction, NotHttp::Protocol(name), sample);
            }
        } else {
            cx.counters.malformed_streams += 1;
            cx.sink.not_http(self.direction, NotHttp::Malformed(&reason), sample);
        }
        self.make_opaque();
    }
}

/// A whole 101 (Switching Protocols) at the start of a segment, met while not in step.
#[cold]
fn is_switch(direction: Direction, bytes: &[u8], meta: DataMeta) -> bool {
    let starts = bytes.starts_with(b"HTTP/1.1 101 ") || bytes.starts_with(b"HTTP/1.0 101 ");
    direction == Direction::Response && meta.segment_start && starts && find_end(bytes, 0).is_some()
}

/// The next request has reached the server since, and here a segment begins with a status line.
fn begins_next_response(bytes: &[u8], meta: DataMeta, acked: Position) -> bool {
    meta.segment_start && meta.acked > acked && may_be_start(Direction::Response, bytes)
}
