//! Which request a response answers.
//!
//! In step, responses answer requests in their order (RFC 9112 §9.3.2), provided that the server had received the
//! request's first byte when it sent the response. After a loss that may have swallowed whole messages the order is no
//! longer known. Then only position tells: a client that does not pipeline sends a request when it has the whole answer
//! before, so the answer to a request starts at or behind what the client had received when it sent that request.

use std::collections::VecDeque;

use super::Direction;
use super::framing::{Asked, Wish};
use super::message::Answered;
use crate::flow::{DataMeta, Position};
use crate::selection::Judged;
use crate::time::Timestamp;

/// Requests of one connection that wait for their answer.
const MAX_OUTSTANDING: usize = 256;
/// What the allocation of an exchange's text costs besides its bytes.
const TEXT_OVERHEAD_BYTES: usize = 32;

#[derive(Debug)]
pub(super) struct Exchange {
    pub number: u32,
    pub asked: Asked,
    pub wish: Wish,
    pub judged: Judged,
    /// Method and target, one behind the other.
    text: Box<[u8]>,
    method_bytes: usize,
    at: Timestamp,
    start: Position,
    /// What the client had received of the server when it sent the request.
    heard: Position,
    /// Before this request bytes were lost: what the client had last been heard to have received before that.
    behind_loss: Option<Position>,
}

impl Exchange {
    pub fn answered(&self, at: Timestamp) -> Answered<'_> {
        let (method, target) = self.text.split_at_checked(self.method_bytes).unwrap_or_default();
        Answered { method, target, latency_micros: at.micros_since(self.at) }
    }
}

/// A request's place in its stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub at: Timestamp,
    pub position: Position,
    pub heard: Position,
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
    order: Order,
    /// Bytes were lost behind the last request; see `Exchange::behind_loss`.
    loss: Option<Position>,
    /// The client was seen to send a request before the answer to the one before.
    pipelines: bool,
    /// What the client had received when it sent the last request.
    last_heard: Option<Position>,
    /// Behind the last request, which wishes to leave HTTP/1.x, there are bytes that are not read yet: what the client had
    /// received when it sent the first of them.
    unread: Option<Position>,
    /// The last request that wished to leave HTTP/1.x and was answered otherwise: its number.
    pub declined: Option<u32>,
    /// A tunnel was granted or a 101 came, asked for or not: nothing behind it is HTTP/1.x any more.
    pub switched: bool,
    /// The connection was said to be another protocol's: what the other side sends of it is no news.
    pub told_not_http: bool,
}

impl Exchanges {
    /// Midstream pickup: requests may be outstanding that were never seen.
    pub fn begin_midstream(&mut self) {
        self.order = Order::Lost;
    }

    /// A message was read on this connection.
    pub fn is_used(&self) -> bool {
        self.last_number > 0
    }

    /// The number of an exchange whose request was not seen.
    pub fn next_number(&mut self) -> u32 {
        self.last_number = self.last_number.wrapping_add(1);
        self.last_number
    }

    pub fn asked(&mut self, method: &[u8], target: &[u8], wish: Wish, judged: Judged, place: Place) -> u32 {
        if let Some(last) = self.outstanding.back() {
            self.pipelines |= match self.order {
                Order::InStep => self.loss.is_none() || last.heard == place.heard,
                Order::Lost => last.heard == place.heard,
            };
        }
        self.unread = None;
        self.pipelines |= self.last_heard.replace(place.heard) == Some(place.heard);
        if self.outstanding.len() >= MAX_OUTSTANDING {
            self.take(0);
            self.order = Order::Lost;
        }
        let number = self.next_number();
        let text: Box<[u8]> = [method, target].concat().into();
        self.text_bytes += text.len() + TEXT_OVERHEAD_BYTES;
        if self.outstanding.capacity() == 0 {
            // Most clients wait for each answer: room for one is always the same memory, and a quarter of what would be taken.
            self.outstanding.reserve_exact(1);
        }
        self.outstanding.push_back(Exchange {
            number,
            asked: Asked::by(method),
            wish,
            judged,
            text,
            method_bytes: method.len(),
            at: place.at,
            start: place.position,
            heard: place.heard,
            behind_loss: self.loss.take(),
        });
        number
    }

    pub fn note_unread(&mut self, heard: Position) {
        self.unread.get_or_insert(heard);
    }

    /// The outstanding request that a response starting there answers, if that is beyond doubt.
    pub fn find(&mut self, response: Place) -> Option<&Exchange> {
        if self.order == Order::Lost || self.outstanding.front().is_some_and(|first| first.behind_loss.is_some()) {
            self.order = Order::Lost;
            let index = self.find_by_position(response)?;
            (0..index).for_each(|_| drop(self.take(0)));
            self.order = Order::InStep;
            if let Some(first) = self.outstanding.front_mut() {
                first.behind_loss = None;
            }
        }
        if self.outstanding.front().is_none_or(|exchange| exchange.start >= response.heard) {
            // Its request is not seen yet, or never: what comes then is not the next one's answer.
            self.order = Order::Lost;
            return None;
        }
        self.outstanding.front()
    }

    fn find_by_position(&self, response: Place) -> Option<usize> {
        // It may answer a request that is not read yet.
        if self.pipelines || self.unread.is_some_and(|heard| heard <= response.position) {
            return None;
        }
        let index = self.outstanding.iter().rposition(|exchange| exchange.heard <= response.position)?;
        let exchange = self.outstanding.get(index)?;
        // A request that was lost behind this one may be the one that is answered, unless nothing was answered before.
        let next = self.outstanding.get(index + 1);
        if next.map_or(self.loss, |next| next.behind_loss).is_some() && exchange.heard != response.position {
            return None;
        }
        // A lost request may still be unanswered, unless the client heard something since.
        let mut before = self.outstanding.iter().take(index + 1).filter_map(|exchange| exchange.behind_loss);
        (before.all(|mark| exchange.heard > mark) && exchange.start < response.heard).then_some(index)
    }

    /// Removes the request that `find` gave: its final response is there.
    pub fn take_first(&mut self) -> Option<Exchange> {
        self.take(0)
    }

    fn take(&mut self, index: usize) -> Option<Exchange> {
        let exchange = self.outstanding.remove(index)?;
        self.text_bytes -= exchange.text.len() + TEXT_OVERHEAD_BYTES;
        Some(exchange)
    }

    /// A loss in this direction may have swallowed messages. `heard`: what its sender had last been heard to have
    /// received before the loss.
    pub fn lose_step(&mut self, direction: Direction, heard: Option<Position>) {
        match direction {
            Direction::Request => self.loss = self.loss.max(heard.or(Some(0))),
            Direction::Response => self.order = Order::Lost,
        }
    }

    /// A request was sent by a client that had received everything before these bytes, and their sender has it.
    pub fn expects_answer_at(&self, meta: DataMeta) -> bool {
        self.outstanding.iter().any(|exchange| exchange.heard == meta.position && exchange.start < meta.heard)
    }

    pub fn is_in_step_and_idle(&self) -> bool {
        self.order == Order::InStep && self.loss.is_none() && self.outstanding.is_empty()
    }

    pub fn buffered_bytes(&self) -> usize {
        self.text_bytes + self.outstanding.capacity() * size_of::<Exchange>()
    }
}
