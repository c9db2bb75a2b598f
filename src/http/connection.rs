//! Both streams of a connection and their exchanges.

use super::exchange::Exchanges;
use super::head::{Parsed, check_start_line};
use super::held::Piece;
use super::resync::looks_like_start;
use super::stream::Stream;
use super::{Context, Direction};
use crate::flow::{DataMeta, Position, Role, Side, StreamEvent};

/// Which side is the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parties {
    /// Nothing was seen yet that contradicts what ports and SYN say.
    Expected {
        server: Side,
        initiator: Option<Side>,
    },
    Server(Side),
    /// Ports and SYN do not tell; the first message will. What each side's sender had received when it last sent bytes
    /// that were none.
    Undecided {
        heard: [Option<Position>; 2],
    },
}

impl Parties {
    pub const UNDECIDED: Self = Self::Undecided { heard: [None; 2] };
}

#[derive(Debug)]
pub struct HttpConnection {
    parties: Parties,
    request: Stream,
    response: Stream,
    exchanges: Exchanges,
}

impl HttpConnection {
    pub fn new(parties: Parties, role: Role) -> Self {
        let midstream = role == Role::Unknown;
        let mut exchanges = Exchanges::default();
        if midstream {
            exchanges.begin_midstream();
        }
        Self {
            parties,
            request: Stream::new(Direction::Request, midstream),
            response: Stream::new(Direction::Response, midstream),
            exchanges,
        }
    }

    /// The server's side, if it is known.
    pub fn server(&self) -> Option<Side> {
        match self.parties {
            Parties::Server(side) | Parties::Expected { server: side, .. } => Some(side),
            Parties::Undecided { .. } => None,
        }
    }

    /// The same, after a look at what `side` delivers.
    pub fn decide(&mut self, side: Side, event: &StreamEvent<'_>) -> Option<Side> {
        if let StreamEvent::Data(bytes, meta) = *event {
            match &mut self.parties {
                Parties::Server(_) => {}
                &mut Parties::Expected { server, initiator } => self.reconsider(server, initiator, side, bytes),
                Parties::Undecided { heard: [low, high] } => {
                    let heard = match side {
                        Side::Low => low,
                        Side::High => high,
                    };
                    // As at any pickup: a side's first bytes, or else the other side has to have spoken since.
                    let turn = heard.is_none_or(|heard| meta.heard > heard);
                    *heard = (*heard).max(Some(meta.heard));
                    let answers = bytes.len() >= 8 && looks_like_start(Direction::Response, bytes);
                    let asks = bytes.contains(&b' ')
                        && looks_like_start(Direction::Request, bytes)
                        && check_start_line(Direction::Request, bytes).is_ok();
                    if turn && (answers || asks) {
                        self.parties = Parties::Server(if answers { side } else { side.other() });
                    }
                }
            }
        }
        self.server()
    }

    /// A side's first bytes may show that ports and SYN mislead.
    fn reconsider(&mut self, server: Side, initiator: Option<Side>, side: Side, bytes: &[u8]) {
        let (first, begun) = match side == server {
            true => (self.response.is_untouched(), !self.request.is_untouched()),
            false => (self.request.is_untouched(), !self.response.is_untouched()),
        };
        if !first || self.exchanges.is_used() {
            return;
        }
        if is_socks(bytes) {
            // HTTP may follow the proxy's handshake, in either direction (RFC 1928 §4: BIND).
            *self = Self::new(Parties::UNDECIDED, Role::Unknown);
        } else if side == server && looks_like_start(Direction::Request, bytes) {
            // The supposed server asks: it is the client.
            let asks = match check_start_line(Direction::Request, bytes) {
                Ok(Parsed::Complete(_)) => true,
                Ok(Parsed::Partial) => initiator == Some(side),
                Err(_) => false,
            };
            if asks && begun {
                *self = Self::new(Parties::Server(server.other()), Role::Unknown);
            } else if asks {
                self.parties = Parties::Server(server.other());
            }
        }
    }

    /// Takes what one side delivered.
    pub fn on_event(&mut self, side: Side, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        let Some(server) = self.server() else { return };
        let direction = if side == server { Direction::Response } else { Direction::Request };
        let (stream, opposite_ended) = match direction {
            Direction::Request => (&mut self.request, self.response.is_opaque()),
            Direction::Response => (&mut self.response, true),
        };
        match event {
            StreamEvent::Data(bytes, meta) => self.on_data(direction, bytes, meta, cx),
            StreamEvent::Gap { len } => stream.on_gap(len, &mut self.exchanges, cx),
            StreamEvent::End { clean } => {
                stream.on_end(clean, opposite_ended, cx);
                if let Some(clean) = self.request.deferred_end()
                    && direction == Direction::Response
                {
                    self.request.on_end(clean, true, cx);
                }
            }
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

    fn on_data(&mut self, direction: Direction, mut bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        if direction == Direction::Request {
            self.request.on_data(bytes, meta, self.response.as_opposite(), &mut self.exchanges, cx);
            return;
        }
        while !bytes.is_empty() {
            let declined = self.exchanges.declined;
            let used = self.response.on_data(bytes, meta, self.request.as_opposite(), &mut self.exchanges, cx);
            if self.exchanges.switched {
                self.request.leave_http();
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

    /// Reads what the client sent behind a request that wished to leave HTTP/1.x and was declined.
    fn release(&mut self, number: u32, cx: &mut Context<'_>) {
        let end = self.request.deferred_end();
        for piece in self.request.release(number, &mut self.exchanges, cx) {
            match piece {
                Piece::Data(bytes, meta) => self.on_data(Direction::Request, &bytes, meta, cx),
                Piece::Gap(len) => self.request.on_gap(len, &mut self.exchanges, cx),
            }
        }
        if let Some(clean) = end {
            self.request.on_end(clean, false, cx);
        }
    }
}

/// A client's first bytes to a SOCKS proxy (RFC 1928 §3, and version 4).
fn is_socks(bytes: &[u8]) -> bool {
    match bytes {
        [5, count, methods @ ..] => *count > 0 && methods.len() == usize::from(*count),
        [4, 1 | 2, rest @ ..] => rest.len() >= 7 && rest.last() == Some(&0),
        _ => false,
    }
}
