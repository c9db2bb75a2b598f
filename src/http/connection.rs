//! Both streams of a connection and their exchanges.

use super::exchange::Exchanges;
use super::head::{Parsed, check_start_line};
use super::held::Piece;
use super::proxied::{Prefix, Proxied};
use super::resync::{looks_like_start, may_be_start};
use super::stream::Stream;
use super::{Context, Direction, HttpCounters, Incomplete};
use crate::flow::{DataMeta, Position, Role, Side, StreamEvent};
use crate::time::Timestamp;

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
    opening: Opening,
    /// Bytes of `unread` that were reported.
    reported_bytes: u64,
}

/// What the client says before its first request.
#[derive(Debug)]
enum Opening {
    /// These bytes may be the beginning of a PROXY protocol prefix; the first of them came so.
    Awaited(Vec<u8>, Option<DataMeta>),
    Over(Option<Proxied>),
}

/// A connection of which no message was read, and yet bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// Since the last report.
    pub bytes: u64,
    pub is_first_report: bool,
    /// What it looks like.
    pub protocol: &'static str,
}

/// A connection met in the middle may yet come to its next message; after so many bytes it is reported.
const UNREAD_REPORT_BYTES: u64 = 64 << 10;

impl HttpConnection {
    /// `quiet_since`: of a connection met in the middle, since when nothing was said on it.
    /// Without the initiator's SYN requests may have been sent on it that were not seen.
    pub fn new(parties: Parties, role: Role, quiet_since: Option<Timestamp>, syn_seen: bool) -> Self {
        let midstream = role == Role::Unknown;
        let mut exchanges = Exchanges::default();
        if midstream {
            exchanges.begin_midstream(quiet_since);
        } else if !syn_seen {
            exchanges.begin_without_syn();
        }
        Self {
            parties,
            request: Stream::new(Direction::Request, midstream),
            response: Stream::new(Direction::Response, midstream),
            exchanges,
            opening: Opening::Awaited(Vec::new(), None),
            reported_bytes: 0,
        }
    }

    /// The initiator's SYN was captured, be it late.
    #[inline]
    pub fn note_syn(&mut self) {
        if self.exchanges.awaits_syn {
            self.exchanges.note_syn();
        }
    }

    /// What was passed over of a connection that gave no message, once there is enough of it or it has `ended`.
    pub fn take_unread(&mut self, ended: bool) -> Option<Unread> {
        let bytes = self.exchanges.passed_over_bytes - self.reported_bytes;
        let enough = self.reported_bytes == 0 && bytes >= UNREAD_REPORT_BYTES;
        if self.exchanges.is_used() || bytes == 0 || !(ended || enough) {
            return None;
        }
        let is_first_report = self.reported_bytes == 0;
        self.reported_bytes += bytes;
        Some(Unread { bytes, is_first_report, protocol: self.exchanges.passed_over_protocol.unwrap_or("unknown") })
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
                    let asks = bytes.contains(&b' ') && may_be_start(Direction::Request, bytes);
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
            *self = Self::new(Parties::UNDECIDED, Role::Unknown, None, false);
        } else if side == server && looks_like_start(Direction::Request, bytes) {
            // The supposed server asks: it is the client.
            let asks = match check_start_line(Direction::Request, bytes) {
                Ok(Parsed::Complete(_)) => true,
                Ok(Parsed::Partial) => initiator == Some(side),
                Err(_) => false,
            };
            if asks && begun {
                *self = Self::new(Parties::Server(server.other()), Role::Unknown, None, false);
            } else if asks {
                self.parties = Parties::Server(server.other());
            }
        }
    }

    /// Takes what one side delivered while it is not known who serves.
    pub fn pass_over(&mut self, event: &StreamEvent<'_>, counters: &mut HttpCounters) {
        if let StreamEvent::Data(bytes, _) = event {
            self.exchanges.pass_over(bytes, counters);
        }
    }

    /// Takes what one side delivered.
    pub fn on_event(&mut self, side: Side, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        let Some(server) = self.server() else { return };
        let direction = if side == server { Direction::Response } else { Direction::Request };
        cx.proxied = match self.opening {
            Opening::Over(proxied) => proxied,
            Opening::Awaited(..) => None,
        };
        match event {
            StreamEvent::Data(bytes, meta) if direction == Direction::Request => self.on_request_data(bytes, meta, cx),
            StreamEvent::Data(bytes, meta) => self.on_data(direction, bytes, meta, cx),
            StreamEvent::Gap { len } if direction == Direction::Request => {
                self.end_opening(cx);
                self.request.on_gap(len, &mut self.exchanges, cx);
            }
            StreamEvent::Gap { len } => self.response.on_gap(len, &mut self.exchanges, cx),
            StreamEvent::End { clean, reset } => {
                if reset {
                    cx.ending = Incomplete::Reset;
                }
                if direction == Direction::Request {
                    self.end_opening(cx);
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
        }
    }

    /// The client's bytes, without the prefix of a proxy.
    fn on_request_data(&mut self, bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        let Opening::Awaited(kept, first) = &mut self.opening else {
            return self.on_data(Direction::Request, bytes, meta, cx);
        };
        let before = kept.len();
        let prefix = if before == 0 {
            Prefix::of(bytes)
        } else {
            kept.extend_from_slice(bytes);
            Prefix::of(kept)
        };
        match prefix {
            Prefix::Partial => {
                first.get_or_insert(meta);
                if before == 0 {
                    kept.extend_from_slice(bytes);
                }
            }
            Prefix::Absent => {
                kept.truncate(before);
                self.end_opening(cx);
                self.on_data(Direction::Request, bytes, meta, cx);
            }
            Prefix::Complete(length, proxied) => {
                self.opening = Opening::Over(proxied);
                cx.proxied = proxied;
                let used = length.saturating_sub(before);
                meta.position += used as u64;
                let rest = bytes.get(used..).unwrap_or_default();
                if !rest.is_empty() {
                    self.on_data(Direction::Request, rest, meta, cx);
                }
            }
        }
    }

    /// There is no prefix: what was kept for one is the beginning of the stream.
    fn end_opening(&mut self, cx: &mut Context<'_>) {
        let opening = std::mem::replace(&mut self.opening, Opening::Over(None));
        match opening {
            Opening::Awaited(kept, Some(first)) => self.on_data(Direction::Request, &kept, first, cx),
            Opening::Awaited(_, None) => {}
            over @ Opening::Over(_) => self.opening = over,
        }
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        if let Opening::Awaited(kept, Some(_)) = &mut self.opening {
            let len = std::mem::take(kept).len() as u64;
            self.opening = Opening::Over(None);
            self.request.on_gap(len, &mut self.exchanges, cx);
        }
        self.request.shed(&mut self.exchanges, cx);
        self.response.shed(&mut self.exchanges, cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        let opening = match &self.opening {
            Opening::Awaited(kept, _) => kept.capacity(),
            Opening::Over(_) => 0,
        };
        opening + self.request.buffered_bytes() + self.response.buffered_bytes() + self.exchanges.buffered_bytes()
    }

    fn on_data(&mut self, direction: Direction, mut bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        if direction == Direction::Request {
            if !self.request.as_opposite().in_message {
                self.response.on_next_request(meta.heard, &mut self.exchanges, cx);
            }
            self.request.on_data(bytes, meta, self.response.as_opposite(), &mut self.exchanges, cx);
            if let Some(number) = self.request.goes_on_with_http() {
                self.release(number, cx);
            }
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
            self.request.on_end(clean, false, &self.exchanges, cx);
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
