//! Which request a response answers.
//!
//! In step, responses answer requests in their order (RFC 9112 §9.3.2), provided that the server had received the
//! request's first byte when it sent the response. After a loss that may have swallowed whole messages the order is no
//! longer known. Then only position tells, and only of a client that waits for each answer: it sends a request when it has
//! the whole answer before, so the answer to a request starts at or after what the client had received when it sent that
//! request. Position alone does not tell a client that waits from a client that pipelines (RFC 9112 §9.3.2), so the client has
//! to have shown that it waits (`PROOF_TURNS`), or the connection was silent before the request (`REST_MICROS`; of a client
//! that was seen to pipeline `QUIET_MICROS`). A client that is met while it keeps two requests open, and sends the next request
//! after each answer, takes the same turns as a client that waits, and nothing in TCP tells them apart.

use std::collections::VecDeque;

use super::framing::Asked;
use crate::flow::{DataMeta, Position};
use crate::message::{Direction, HttpCounters, RequestVerdict, Switch};
use crate::protocol::names::protocol_met_in_the_middle;
use crate::protocol::pending_request::PendingRequest;
use crate::protocol::websocket::Agreement;
use crate::time::Timestamp;

/// Requests of one connection that wait for their answer.
const MAX_OUTSTANDING: usize = 256;
/// Turns in a row, each of one request and one answer, after which a client is known to wait for answers. Requests that
/// are pipelined fall into step with the answers by chance, but hardly twice in a row.
const PROOF_TURNS: u8 = 2;
/// When both sides were silent for so long, nothing was outstanding: far above what a pipelining client lets pass between
/// two requests, and far below what people do.
pub(super) const REST_MICROS: i64 = 100_000;
/// The same for a client that pipelines, which may also send a request while a slow server works at those before.
pub(super) const QUIET_MICROS: i64 = 1_000_000;
/// The bytes that a client receives before the final response may be a 100 (Continue), which is no longer than this.
pub(super) const MAX_CONTINUE_BYTES: u64 = 64;

#[derive(Debug)]
pub(super) struct Exchange {
    pub number: u32,
    pub asked: Asked,
    pub switch_asked: Option<Switch>,
    pub request: PendingRequest,
    start: Position,
    /// How far the client had received the server's stream when it sent the request.
    acked: Position,
    turn: Turn,
    /// Before this request bytes were lost: what the client had last acked before that.
    after_loss: Option<Position>,
}

/// A switch to a protocol that is read.
#[derive(Debug)]
pub(super) struct Upgrade {
    /// Of its exchange.
    pub number: u32,
    /// The request that asked for it, if it was seen.
    pub request: Option<Box<Exchange>>,
    pub switch: Switch,
    /// Of a WebSocket.
    pub agreement: Agreement,
    /// How far the server had received when it switched.
    pub acked: Position,
}

impl Upgrade {
    fn asked_by(&mut self) -> Option<&mut Exchange> {
        self.request.as_deref_mut()
    }
}

/// How a request stands to what the server had said when it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// How far the server had come is not known.
    Unknown,
    /// The server had begun, or sent, an answer that the client had not acked to its end; or no answer to the request before.
    Overlaps,
    /// The client had acked all of it, and the server was between two messages.
    Follows,
    /// That, and neither side had said anything for a while: no request was outstanding.
    Rested,
    /// That, and for so long that it is true even of a client that pipelines.
    Quiet,
}

impl Turn {
    fn follows(self) -> bool {
        self >= Self::Follows
    }
}

/// A request's place in its stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub at: Timestamp,
    pub position: Position,
    pub acked: Position,
    /// Of a response `Unknown` if the server had received more than was captured of its client, else `Follows`.
    pub turn: Turn,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Order {
    #[default]
    InStep,
    /// Messages may be missing.
    Lost,
}

#[derive(Debug, Default)]
pub(super) struct Exchanges {
    outstanding: VecDeque<Exchange>,
    text_bytes: usize,
    last_number: u32,
    /// That of the last exchange before this connection, which is the inside of a tunnel.
    before: u32,
    order: Order,
    /// Requests may be outstanding that were not seen.
    may_miss_requests: bool,
    /// Those could only have come with the SYN, which was not captured yet.
    pub awaits_syn: bool,
    /// Bytes were lost after the last request; see `Exchange::after_loss`.
    loss: Option<Position>,
    /// The client was seen to send a request before it had the whole answer to the one before. Forever after, what it had acked
    /// when it sent a request tells which answers come before the request's own, and not that there are no others: after a
    /// loss only a silence tells that (`first_after_rest`), or that there can be none (`is_next_answer`).
    pipelines: bool,
    /// At least so many requests are outstanding: those since the beginning, or since the server's stream was in step again,
    /// less the answers since. Requests of which it is not known whether their answer was passed over are not counted.
    unanswered: usize,
    /// Turns in a row in which the client waited for the one answer to its one request, up to `PROOF_TURNS`: from there on
    /// it is known to wait.
    turns: u8,
    /// The last request followed all that the server had said.
    in_turn: bool,
    /// Final responses since the last request.
    answers: u8,
    /// When the newest bytes of either direction were captured; `None` if bytes were lost since.
    last_data_at: Option<Timestamp>,
    /// How far the client had received when it sent the last request.
    last_acked: Option<Position>,
    /// After the last request there are bytes that are not read yet, since it asks to leave HTTP/1.x or since they are the
    /// beginning of a head: what the client had received when it sent the first of them.
    unread: Option<Position>,
    /// The last request that asked to leave HTTP/1.x and was answered otherwise: its number.
    pub declined: Option<u32>,
    /// A tunnel was granted or a 101 came, asked for or not: nothing after it is HTTP/1.x any more.
    pub switched: bool,
    /// A switch to a protocol that is read, until that one takes over.
    pub upgrade: Option<Upgrade>,
    /// Up to there the client still speaks HTTP/1.x: its request for that was not seen yet when it was granted. 0 if it was.
    pub switched_at: Position,
    /// Bytes of either direction that were passed over.
    pub passed_over_bytes: u64,
    /// The protocol that the first of them look like.
    pub passed_over_protocol: Option<&'static str>,
    /// The connection was said to be another protocol's: what the other side sends of it is no news.
    pub told_not_http: bool,
}

impl Exchanges {
    /// Midstream pickup: requests may be outstanding that were never seen.
    /// Only the initiator's SYN was not captured yet: if it comes late and nothing else was lost, all is known.
    pub fn begin_without_syn(&mut self) {
        self.begin_midstream(None);
        self.awaits_syn = true;
    }

    /// It is known by now where the client's stream begins.
    pub fn note_syn(&mut self) {
        if std::mem::take(&mut self.awaits_syn) {
            self.order = Order::InStep;
            self.may_miss_requests = false;
        }
    }

    pub fn begin_midstream(&mut self, quiet_since: Option<Timestamp>) {
        self.last_data_at = quiet_since;
        self.order = Order::Lost;
        self.may_miss_requests = true;
    }

    pub fn begin_after(&mut self, last_number: u32) {
        (self.last_number, self.before) = (last_number, last_number);
    }

    /// A message was read on this connection.
    pub fn is_used(&self) -> bool {
        self.last_number > self.before
    }

    /// The request of that number was, or may have been, answered with a switch to a protocol that is read.
    pub fn may_be_upgraded(&self, number: u32) -> bool {
        self.upgrade.as_ref().is_some_and(|upgrade| upgrade.request.is_none() || upgrade.number == number)
    }

    pub fn last_number(&self) -> u32 {
        self.last_number
    }

    /// The number of an exchange whose request was not seen.
    pub fn next_number(&mut self) -> u32 {
        self.last_number = self.last_number.wrapping_add(1);
        self.last_number
    }

    pub fn asked(
        &mut self,
        method: &[u8],
        target: &[u8],
        switch_asked: Option<Switch>,
        verdict: RequestVerdict,
        place: Place,
    ) -> u32 {
        let waits = self.unanswered == 0 || place.turn == Turn::Unknown;
        let turn = if waits { place.turn } else { Turn::Overlaps };
        self.pipelines |= turn == Turn::Overlaps;
        self.take_turn(turn);
        self.unanswered += usize::from(turn != Turn::Unknown);
        if let Some(last) = self.outstanding.back() {
            let is_in_step = self.order == Order::InStep && self.loss.is_none();
            self.pipelines |= is_in_step || has_got_nothing_between(last.acked, place.acked);
        }
        self.unread = None;
        let before = self.last_acked.replace(place.acked);
        self.pipelines |= before.is_some_and(|before| has_got_nothing_between(before, place.acked));
        if self.outstanding.len() >= MAX_OUTSTANDING {
            self.take_first();
            self.order = Order::Lost;
            self.may_miss_requests = true;
        }
        let number = self.next_number();
        let request = PendingRequest::new(method, target, place.at, verdict);
        self.text_bytes += request.held_bytes();
        if self.outstanding.capacity() == 0 {
            // Most clients wait for each answer: room for one is always the same memory, and a quarter of what would be taken.
            self.outstanding.reserve_exact(1);
        }
        self.outstanding.push_back(Exchange {
            number,
            asked: Asked::by(method),
            switch_asked,
            request,
            start: place.position,
            acked: place.acked,
            turn,
            after_loss: self.loss.take(),
        });
        number
    }

    #[cold]
    pub fn pass_over(&mut self, bytes: &[u8], counters: &mut HttpCounters) {
        counters.passed_over_bytes += bytes.len() as u64;
        self.passed_over_bytes += bytes.len() as u64;
        self.passed_over_protocol.get_or_insert_with(|| protocol_met_in_the_middle(bytes));
    }

    fn take_turn(&mut self, turn: Turn) {
        let follows = turn.follows();
        if self.turns < PROOF_TURNS {
            self.turns = if follows && self.in_turn && self.answers == 1 { self.turns + 1 } else { 0 };
        }
        self.in_turn = follows;
        self.answers = 0;
    }

    /// A final response begins there, whatever it answers.
    pub fn note_answer(&mut self, response: Place) {
        self.answers = self.answers.saturating_add(1);
        // More answers than requests, and no request was lost in between: they were outstanding together.
        self.pipelines |= self.answers > 1 && self.is_used() && self.loss.is_none();
        // It and the last request crossed: a request before was outstanding when that was sent.
        let crossed = |last: &Exchange| last.start >= response.acked && last.acked <= response.position;
        self.pipelines |= self.order == Order::Lost && self.outstanding.back().is_some_and(crossed);
    }

    /// A response begins there whose server had another request than those that were seen. If the last of these is not answered
    /// yet, its client did not wait.
    #[cold]
    pub fn note_asked_more(&mut self, response: Position) {
        self.pipelines |= self.outstanding.back().is_some_and(|last| last.acked == response);
    }

    /// A request was sent by a client that had received something at or after `position`.
    pub fn was_asked_after(&self, position: Position) -> Option<Position> {
        self.outstanding.back().filter(|last| last.acked > position).map(|last| last.start)
    }

    /// The request of that number is over, seen whole; its last packet was captured `at`.
    pub fn note_whole_request(&mut self, number: u32, at: Timestamp) {
        let mut known = self.outstanding.iter_mut().rev().chain(self.upgrade.as_mut().and_then(Upgrade::asked_by));
        if let Some(exchange) = known.find(|exchange| exchange.number == number) {
            exchange.request.ended_at = Some(at);
        }
    }

    /// Bytes were captured `at`. Returns for how many microseconds neither side had said anything, if that is known.
    pub fn note_data(&mut self, at: Timestamp) -> i64 {
        let before = self.last_data_at.replace(at);
        before.map_or(0, |before| at.micros_since(before))
    }

    pub fn note_gap(&mut self) {
        self.last_data_at = None;
    }

    /// True if a response that starts there may answer such a request.
    pub fn may_answer(&self, response: Place, asked: Asked) -> bool {
        self.outstanding.iter().any(|exchange| {
            exchange.asked == asked && exchange.acked <= response.position && exchange.start < response.acked
        })
    }

    /// The requests that wait, if no response can have been lost: the number of each, and the verdict on it.
    pub fn unanswered(&self) -> impl Iterator<Item = (u32, RequestVerdict)> {
        let is_known = self.order == Order::InStep && !self.switched && self.upgrade.is_none();
        let known = self.outstanding.iter().take_while(move |exchange| is_known && exchange.after_loss.is_none());
        known.map(|exchange| (exchange.number, exchange.request.verdict))
    }

    /// Removes the request of that number, which was answered unseen.
    pub fn take(&mut self, number: u32) -> Option<PendingRequest> {
        let index = self.outstanding.iter().position(|exchange| exchange.number == number)?;
        let exchange = self.outstanding.remove(index)?;
        self.text_bytes -= exchange.request.held_bytes();
        Some(exchange.request)
    }

    pub fn is_outstanding(&self, number: u32) -> bool {
        self.outstanding.iter().any(|exchange| exchange.number == number)
    }

    pub fn note_unread(&mut self, acked: Position) {
        self.unread.get_or_insert(acked);
    }

    /// A final response came, and which request it answers is not known.
    pub fn note_unpaired(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// The last request is open for certain: the server had not received it when it last sent bytes, of which it had acked as
    /// much as `server_acked`.
    pub fn has_open_request(&self, server_acked: Option<Position>) -> bool {
        self.outstanding.back().is_some_and(|last| server_acked.is_none_or(|acked| acked <= last.start))
    }

    /// A final response came since the last request, and none that was not seen.
    pub fn has_answered(&self) -> bool {
        self.answers > 0
    }

    /// Answers may have passed unseen.
    pub fn forget_unanswered(&mut self) {
        self.unanswered = 0;
    }

    /// The outstanding request that a response starting there answers, if that is beyond doubt.
    pub fn find(&mut self, response: Place) -> Option<&Exchange> {
        if self.order == Order::Lost || self.outstanding.front().is_some_and(|first| first.after_loss.is_some()) {
            self.order = Order::Lost;
            let Some(index) = self.find_by_position(response) else {
                self.awaits_syn = false;
                return None;
            };
            (0..index).for_each(|_| drop(self.take_first()));
            self.order = Order::InStep;
            self.may_miss_requests = false;
            if let Some(first) = self.outstanding.front_mut() {
                first.after_loss = None;
            }
        }
        if self.outstanding.front().is_none_or(|exchange| exchange.start >= response.acked) {
            // Its request is not seen yet, or never: what comes then is not the next one's answer.
            self.order = Order::Lost;
            self.may_miss_requests = true;
            return None;
        }
        self.outstanding.front()
    }

    #[cold]
    fn find_by_position(&self, response: Place) -> Option<usize> {
        if let Some(index) = self.first_after_rest(response) {
            return Some(index);
        }
        // It may answer a request that is not read yet.
        if self.unread.is_some_and(|acked| acked <= response.position) {
            return None;
        }
        let index = self.outstanding.iter().rposition(|exchange| exchange.acked <= response.position)?;
        let exchange = self.outstanding.get(index)?;
        if self.pipelines {
            return (index == 0 && self.is_next_answer(exchange, response)).then_some(index);
        }
        if self.turns < PROOF_TURNS && exchange.turn < Turn::Rested && !self.is_beyond_doubt(index, response) {
            return None;
        }
        // A request that was lost after this, or is yet to be captured, may be what is answered, unless nothing was
        // answered before.
        let next = self.outstanding.get(index + 1);
        let may_miss_one = match next {
            Some(next) => next.after_loss.is_some(),
            None => self.loss.is_some() || response.turn == Turn::Unknown,
        };
        if may_miss_one && exchange.acked != response.position {
            return None;
        }
        // A lost request may still be unanswered, unless the client acked something since.
        let mut before = self.outstanding.iter().take(index + 1).filter_map(|exchange| exchange.after_loss);
        (before.all(|mark| exchange.acked > mark) && exchange.start < response.acked).then_some(index)
    }

    /// The request that was sent when nothing was outstanding, if the response begins just where the client had acked: the
    /// server has said nothing in between.
    fn first_after_rest(&self, response: Place) -> Option<usize> {
        let rest = if self.pipelines { Turn::Quiet } else { Turn::Rested };
        let is_it = |exchange: &Exchange| exchange.turn >= rest && exchange.acked == response.position;
        let index = self.outstanding.iter().position(is_it)?;
        let exchange = self.outstanding.get(index)?;
        let mut losses = self.outstanding.iter().take(index + 1).filter_map(|exchange| exchange.after_loss);
        (losses.all(|mark| exchange.acked > mark) && exchange.start < response.acked).then_some(index)
    }

    /// This is the only request that may be outstanding, and the response begins just where the client had acked when it sent
    /// that, so nothing has answered it yet. Of several requests with the same ack the first may have been sent again.
    fn is_next_answer(&self, first: &Exchange, response: Place) -> bool {
        let all_seen = !self.may_miss_requests && self.loss.is_none() && first.after_loss.is_none();
        all_seen && response.turn != Turn::Unknown && first.acked == response.position && first.start < response.acked
    }

    /// All requests were seen, each was sent by a client that had acked something of the answer to the one before, and this
    /// one by a client that had acked everything up to here. The bytes that it had acked in between were the answer to the
    /// request before: when the client sent that request, it had all earlier answers.
    fn is_beyond_doubt(&self, index: usize, response: Place) -> bool {
        let acked = || self.outstanding.iter().take(index + 1).map(|exchange| exchange.acked);
        !self.may_miss_requests
            && self.outstanding.iter().take(index).all(|exchange| exchange.turn.follows())
            // On a SYN there is no ack.
            && acked().zip(acked().skip(1)).all(|(one, next)| one.is_known() && next > one + MAX_CONTINUE_BYTES)
            && acked().next_back() == Some(response.position)
    }

    /// Removes the request that `find` returned: its final response is there.
    pub fn answer_first(&mut self) -> Option<Exchange> {
        let exchange = self.take_first();
        self.unanswered = self.outstanding.len();
        exchange
    }

    fn take_first(&mut self) -> Option<Exchange> {
        let exchange = self.outstanding.pop_front()?;
        self.text_bytes -= exchange.request.held_bytes();
        Some(exchange)
    }

    /// A loss in this direction may have swallowed messages. `acked`: what its sender had last acked
    /// before the loss.
    #[cold]
    pub fn lose_step(&mut self, direction: Direction, acked: Option<Position>) {
        if self.turns < PROOF_TURNS {
            self.turns = 0;
        }
        self.in_turn = false;
        self.awaits_syn = false;
        match direction {
            Direction::Request => {
                self.may_miss_requests = true;
                self.loss = self.loss.max(acked.or(Some(Position::UNKNOWN)));
            }
            Direction::Response => {
                self.order = Order::Lost;
                self.answers = 0;
                self.forget_unanswered();
            }
        }
    }

    /// A request was sent by a client that had received everything before these bytes, and their sender has it.
    pub fn expects_answer_at(&self, meta: DataMeta) -> bool {
        self.outstanding.iter().any(|exchange| exchange.acked == meta.position && exchange.start < meta.acked)
    }

    pub fn is_in_step_and_idle(&self) -> bool {
        self.order == Order::InStep && self.loss.is_none() && self.outstanding.is_empty()
    }

    pub fn buffered_bytes(&self) -> usize {
        let request = self.upgrade.as_ref().and_then(|upgrade| upgrade.request.as_ref());
        let upgraded = request.map_or(0, |exchange| exchange.request.held_bytes());
        upgraded + self.text_bytes + self.outstanding.capacity() * size_of::<Exchange>()
    }
}

/// True if a client that had acked `before` and then `now` need not have got an answer in between: of a request that was sent
/// again it is only known what it had acked at most (`Position::or_less`).
fn has_got_nothing_between(before: Position, now: Position) -> bool {
    before == now || before == now.or_less()
}
