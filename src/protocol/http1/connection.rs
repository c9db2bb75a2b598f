//! Both streams of a connection and their exchanges.

use super::exchange::Exchanges;
use super::stream::Stream;
use crate::flow::{DataMeta, Position, StreamEvent};
use crate::message::{Direction, HttpCounters, Switch, Unanswered};
use crate::protocol::Context;
use crate::protocol::handover::{Handover, Piece};
use crate::protocol::met::Met;
use crate::protocol::pending_request::PendingRequest;

#[derive(Debug)]
pub struct HttpConnection {
    request: Stream,
    response: Stream,
    exchanges: Exchanges,
}

impl HttpConnection {
    #[inline]
    pub fn new(met: Met) -> Self {
        let midstream = matches!(met, Met::InTheMiddle { .. });
        let mut exchanges = Exchanges::default();
        match met {
            Met::AtItsSyn => {}
            Met::WithoutSyn => exchanges.begin_without_syn(),
            Met::InTheMiddle { quiet_since } => exchanges.begin_midstream(quiet_since),
        }
        Self {
            request: Stream::new(Direction::Request, midstream),
            response: Stream::new(Direction::Response, midstream),
            exchanges,
        }
    }

    /// Exchanges up to `last_number` came before it: it is the inside of a tunnel.
    pub fn after(mut self, last_number: u32) -> Self {
        self.exchanges.begin_after(last_number);
        self
    }

    pub fn last_number(&self) -> u32 {
        self.exchanges.last_number()
    }

    /// The initiator's SYN was captured, be it late.
    #[inline]
    pub fn note_syn(&mut self) {
        if self.exchanges.awaits_syn {
            self.exchanges.note_syn();
        }
    }

    /// A message was read on this connection.
    #[inline]
    pub fn is_used(&self) -> bool {
        self.exchanges.is_used()
    }

    /// Nothing of this direction was seen yet.
    #[inline]
    pub fn is_untouched(&self, direction: Direction) -> bool {
        match direction {
            Direction::Request => self.request.is_untouched(),
            Direction::Response => self.response.is_untouched(),
        }
    }

    /// Takes bytes of which it is not known who sent them.
    #[cold]
    pub fn pass_over(&mut self, bytes: &[u8], counters: &mut HttpCounters) {
        self.exchanges.pass_over(bytes, counters);
    }

    /// Bytes that were passed over, and what the first of them look like.
    #[inline]
    pub fn passed_over(&self) -> (u64, Option<&'static str>) {
        (self.exchanges.passed_over_bytes, self.exchanges.passed_over_protocol)
    }

    /// Takes what one side delivered.
    #[inline]
    pub fn on_event(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        match (event, direction) {
            (StreamEvent::Data(bytes, meta), Direction::Request) => self.on_request_data(bytes, meta, cx),
            (StreamEvent::Data(bytes, meta), Direction::Response) => self.on_response_data(bytes, meta, cx),
            (StreamEvent::Gap { len }, Direction::Request) => {
                self.request.on_gap(len, &mut self.exchanges, cx);
                self.leave_http(self.request.as_opposite().position, cx.counters);
            }
            (StreamEvent::Gap { len }, Direction::Response) => self.response.on_gap(len, &mut self.exchanges, cx),
            (StreamEvent::End { clean, .. }, _) => self.on_end(direction, clean, cx),
        }
    }

    fn on_end(&mut self, direction: Direction, clean: bool, cx: &mut Context<'_>) {
        if direction == Direction::Response
            && self.response.is_between_messages()
            && let Some(how) = Unanswered::of_connection(cx.ending)
        {
            self.exchanges.unanswered().for_each(|(number, verdict)| cx.sink.unanswered(number, verdict, how));
        }
        let (stream, opposite_ended) = match direction {
            Direction::Request => (&mut self.request, self.response.is_opaque()),
            Direction::Response => (&mut self.response, true),
        };
        stream.on_end(clean, opposite_ended, &self.exchanges, cx);
        if let Some(clean) = self.request.deferred_end()
            && direction == Direction::Response
        {
            self.request.on_end(clean, true, &self.exchanges, cx);
        }
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        self.request.shed(&mut self.exchanges, cx);
        self.response.shed(&mut self.exchanges, cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        self.request.buffered_bytes() + self.response.buffered_bytes() + self.exchanges.buffered_bytes()
    }

    /// Of a connection that has left HTTP/1.x, so has the client once it is past its request for that.
    #[cold]
    fn leave_http(&mut self, position: Position, counters: &mut HttpCounters) {
        let is_pending = self.request.as_opposite().is_pending;
        if self.exchanges.switched && (is_pending || position >= self.exchanges.switched_at) {
            self.request.leave_http(&self.exchanges, counters);
        }
    }

    /// A response is lost that may have made a WebSocket of the connection: that of the last request for it, or any.
    pub fn may_be_web_socket(&self) -> bool {
        self.response.is_lost() && (self.request.is_lost() || self.request.awaits_web_socket().is_some())
    }

    /// The client's bytes after its request for a WebSocket, if that waits for its answer. A loss if they did not fit.
    pub fn after_request(&self) -> Option<&[Piece]> {
        let pending = self.request.awaits_web_socket()?;
        Some(if pending.has_loss { &[Piece::Gap(0)] } else { pending.pieces() })
    }

    /// That request was granted by a response that is lost: returns it with the number of its exchange.
    #[cold]
    pub fn take_granted_unseen(&mut self, counters: &mut HttpCounters) -> Option<(u32, PendingRequest)> {
        let pending = self.request.awaits_web_socket()?;
        counters.passed_over_bytes += pending.data_bytes;
        let number = pending.number;
        self.exchanges.take(number).map(|request| (number, request))
    }

    fn on_request_data(&mut self, bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        let left = self.exchanges.switched_at.since(meta.position);
        if left > 0
            && let Some((http, rest)) = bytes.split_at_checked(left as usize).filter(|(_, rest)| !rest.is_empty())
        {
            self.on_request_data(http, meta, cx);
            meta.position += left;
            meta.segment_start = false;
            return self.on_request_data(rest, meta, cx);
        }
        if left == 0 && self.exchanges.switched_at.is_known() {
            self.leave_http(meta.position, cx.counters);
        }
        if !self.request.as_opposite().in_message {
            self.response.on_next_request(meta.acked, &mut self.exchanges, cx);
        }
        self.request.on_data(bytes, meta, &self.response, &mut self.exchanges, cx);
        if !self.exchanges.switched
            && let Some(number) = self.request.goes_on_with_http(&self.exchanges)
        {
            self.release(number, cx);
        }
    }

    #[inline]
    fn on_response_data(&mut self, mut bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        while !bytes.is_empty() {
            let declined = self.exchanges.declined;
            let used = self.response.on_data(bytes, meta, &self.request, &mut self.exchanges, cx);
            if self.exchanges.switched {
                self.leave_http(self.request.as_opposite().position, cx.counters);
            }
            if let Some(number) = self.exchanges.declined
                && declined != Some(number)
            {
                self.release(number, cx);
            }
            bytes = bytes.get(used..).unwrap_or_default();
            meta.position += used as u64;
            meta.segment_start = false;
        }
    }

    /// A response has taken the connection to another protocol that is read, and nothing of HTTP/1.x is to come any more.
    #[inline]
    pub fn is_handed_over(&self) -> bool {
        self.exchanges.upgrade.is_some() && !self.request.is_in_message()
    }

    /// Returns the beginning of that protocol. `None` if one side sent something else.
    #[cold]
    pub fn take_handover(&mut self, counters: &mut HttpCounters) -> Option<Handover> {
        let upgrade = self.exchanges.upgrade.take()?;
        let (client, server) = (self.request.take_pending(), self.response.take_pending());
        let server_bytes = server.as_ref().map_or(0, |pending| pending.data_bytes);
        let (Some(client), Some(server)) = (client, server) else {
            counters.switched_bytes += server_bytes;
            if upgrade.switch == Switch::WebSocket {
                counters.count_switch(upgrade.switch);
            }
            return None;
        };
        for pending in [&client, &server].into_iter().filter(|pending| pending.has_loss) {
            counters.passed_over_bytes += pending.data_bytes;
        }
        Some(Handover {
            switch: server.switch,
            agreement: upgrade.agreement,
            acked: upgrade.acked,
            request: upgrade.request.map(|exchange| exchange.request),
            number: upgrade.number,
            last_number: self.exchanges.last_number(),
            client_ended: client.ended,
            client: client.into_pieces_or_gap(),
            server: server.into_pieces_or_gap(),
        })
    }

    /// Reads what the client sent after a request that asked to leave HTTP/1.x and was declined.
    #[cold]
    fn release(&mut self, number: u32, cx: &mut Context<'_>) {
        let end = self.request.deferred_end();
        for piece in self.request.release(number, &mut self.exchanges, cx) {
            match piece {
                Piece::Data(bytes, meta) => self.on_request_data(&bytes, meta, cx),
                Piece::Gap(len) => self.request.on_gap(len, &mut self.exchanges, cx),
            }
        }
        if let Some(clean) = end {
            self.request.on_end(clean, false, &self.exchanges, cx);
        }
    }
}
