//! The states in which a stream waits: for the answer to a request that asks to leave HTTP/1.x, and for the protocol that takes over.

use super::{State, Stream};
use crate::flow::DataMeta;
use crate::message::{HttpCounters, Switch};
use crate::protocol::Context;
use crate::protocol::handover::Piece;
use crate::protocol::http1::begin::Begun;
use crate::protocol::http1::exchange::{Exchanges, Place, Upgrade};
use crate::protocol::http1::pending_stream::PendingStream;

impl Stream {
    /// The connection has left HTTP/1.x; a message in progress still comes to its end, and what another protocol takes over waits
    /// for it.
    #[cold]
    pub(in crate::protocol::http1) fn leave_http(&mut self, exchanges: &Exchanges, counters: &mut HttpCounters) {
        match &self.state {
            State::Body(_) => {}
            // The server had not received all of its head when it switched.
            State::Boundary if !self.buffer.is_empty() && exchanges.upgrade.is_none() => {}
            State::Pending(pending) if exchanges.may_be_upgraded(pending.number) => {}
            State::Boundary | State::Lost => match &exchanges.upgrade {
                Some(Upgrade { number, request: None, .. }) => self.keep_unread(*number),
                _ => self.make_opaque(),
            },
            State::Pending(pending) => {
                // Another request may have been granted, and the answer to this request not seen: then these were requests,
                // and so is what the server had received besides.
                let awaits_more = self.position < exchanges.switched_at;
                match exchanges.switched_at.is_known() {
                    true => counters.lost_heads += u64::from(awaits_more || pending.is_worth_counting()),
                    false => counters.switched_bytes += pending.data_bytes,
                }
                self.make_opaque();
            }
            State::Excess { .. } | State::Opaque => self.make_opaque(),
        }
    }

    /// The request that asked for the switch was not seen: what comes now is another protocol's, and so is what waits for more.
    fn keep_unread(&mut self, number: u32) {
        let mut pending = PendingStream::after(number, Switch::H2c);
        let buffer = std::mem::take(&mut self.buffer);
        if matches!(self.state, State::Lost) {
            pending.push_gap(0);
        } else if !buffer.is_empty() {
            let Place { at, position, acked, .. } = self.place;
            pending.push(&buffer, DataMeta { at, position, acked, segment_start: true, waited: false });
        }
        self.state = State::Pending(pending);
    }

    /// Takes the bytes that are pending for the protocol that takes over from here on. Nothing more is read here.
    pub(in crate::protocol::http1) fn take_pending(&mut self) -> Option<PendingStream> {
        match std::mem::replace(&mut self.state, State::Opaque) {
            State::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    /// It is in step with nothing.
    pub(in crate::protocol::http1) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// The bytes after a request for a WebSocket whose answer is awaited.
    pub(in crate::protocol::http1) fn awaits_web_socket(&self) -> Option<&PendingStream> {
        match &self.state {
            State::Pending(pending) if pending.switch == Switch::WebSocket => Some(pending),
            _ => None,
        }
    }

    pub(in crate::protocol::http1) fn is_in_message(&self) -> bool {
        matches!(self.state, State::Body(_))
    }

    /// How this stream ended, if its end waits for an answer.
    pub(in crate::protocol::http1) fn deferred_end(&self) -> Option<bool> {
        match &self.state {
            State::Pending(pending) => pending.ended,
            _ => None,
        }
    }

    /// The number of the request that asked to leave HTTP/1.x and whose client shows that it did not: it sends a request where
    /// the other protocol begins otherwise, or where the server has answered and not switched. No client sends bytes of the other
    /// protocol before it knows that the server speaks that, but for those of a tunnel.
    pub(in crate::protocol::http1) fn goes_on_with_http(&self, exchanges: &Exchanges) -> Option<u32> {
        let State::Pending(pending) = &self.state else { return None };
        let is_http =
            pending.switch.begins_unlike_http() || (pending.switch != Switch::Tunnel && exchanges.has_answered());
        (is_http && pending.begins_with_a_request()).then_some(pending.number)
    }

    /// The answer to exchange `number` is no: returns what was pending, to be read again.
    #[cold]
    pub(in crate::protocol::http1) fn release(
        &mut self,
        number: u32,
        exchanges: &mut Exchanges,
        cx: &mut Context<'_>,
    ) -> Vec<Piece> {
        if !matches!(&self.state, State::Pending(pending) if pending.number == number) {
            return Vec::new();
        }
        let State::Pending(pending) = std::mem::replace(&mut self.state, State::Boundary) else { return Vec::new() };
        if pending.has_loss {
            cx.counters.lost_heads += 1;
            self.lose(exchanges, cx);
        }
        pending.into_pieces()
    }

    /// A response has taken the connection to a protocol that has a reader: what follows is kept for that reader.
    #[cold]
    pub(super) fn begin_handover(&mut self, begun: Begun, exchanges: &mut Exchanges) {
        if let Some(switch) = begun.switch {
            self.state = State::Pending(PendingStream::after(begun.number, switch));
            exchanges.upgrade = Some(Upgrade {
                number: begun.number,
                request: begun.exchange.map(Box::new),
                switch,
                agreement: begun.agreement,
                acked: self.place.acked,
            });
        }
    }
}
