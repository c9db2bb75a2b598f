//! What a connection has whatever it speaks: its two sides, the prefix of a proxy, the protocol in use.

use super::handover::{Handover, Piece};
use super::http1::HttpConnection;
use super::met::Met;
use super::proxy_prefix::Prefix;
use super::sniffing::{Finding, Parties, reconsider};
use crate::flow::{DataMeta, Side, StreamEvent};
use crate::message::{Context, Direction, HttpCounters, Incomplete, Proxied};

/// The reader of a connection, by the protocol that it speaks.
#[derive(Debug)]
pub enum Protocol {
    Http1(HttpConnection),
}

#[derive(Debug)]
pub struct Conversation {
    parties: Parties,
    opening: Opening,
    protocol: Protocol,
    /// Bytes of what was passed over that were reported.
    reported_bytes: u64,
}

/// What the client says before its first message.
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

impl Protocol {
    #[inline]
    fn on_event(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        match self {
            Self::Http1(http) => {
                http.on_event(direction, event, cx);
                if http.is_handed_over()
                    && let Some(handover) = http.take_handover(cx.counters)
                {
                    self.follow(&handover, cx);
                }
            }
        }
    }

    /// Goes on with the protocol that a response has taken the connection to.
    #[cold]
    fn follow(&mut self, handover: &Handover, cx: &mut Context<'_>) {
        // No reader of it is there yet: it is counted, as what comes next is.
        for piece in &handover.server {
            if let Piece::Data(bytes, _) = piece {
                cx.counters.switched_bytes += bytes.len() as u64;
            }
        }
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    fn shed(&mut self, cx: &mut Context<'_>) {
        match self {
            Self::Http1(http) => http.shed(cx),
        }
    }

    #[inline]
    fn buffered_bytes(&self) -> usize {
        match self {
            Self::Http1(http) => http.buffered_bytes(),
        }
    }

    /// A message was read on this connection.
    #[inline]
    fn is_used(&self) -> bool {
        match self {
            Self::Http1(http) => http.is_used(),
        }
    }

    /// Nothing of this direction was seen yet.
    #[inline]
    fn is_untouched(&self, direction: Direction) -> bool {
        match self {
            Self::Http1(http) => http.is_untouched(direction),
        }
    }

    #[inline]
    fn note_syn(&mut self) {
        match self {
            Self::Http1(http) => http.note_syn(),
        }
    }

    /// Takes bytes of which it is not known who sent them.
    fn pass_over(&mut self, bytes: &[u8], counters: &mut HttpCounters) {
        match self {
            Self::Http1(http) => http.pass_over(bytes, counters),
        }
    }

    /// Bytes that were passed over, and what the first of them look like.
    #[inline]
    fn passed_over(&self) -> (u64, Option<&'static str>) {
        match self {
            Self::Http1(http) => http.passed_over(),
        }
    }
}

impl Conversation {
    pub fn new(parties: Parties, met: Met) -> Self {
        Self {
            parties,
            opening: Opening::Awaited(Vec::new(), None),
            protocol: Protocol::Http1(HttpConnection::new(met)),
            reported_bytes: 0,
        }
    }

    /// The initiator's SYN was captured, be it late.
    #[inline]
    pub fn note_syn(&mut self) {
        self.protocol.note_syn();
    }

    /// Bytes were passed over since the last report: only then has `take_unread` anything to say.
    #[inline]
    pub fn has_unread(&self) -> bool {
        self.protocol.passed_over().0 > self.reported_bytes
    }

    /// What was passed over of a connection that gave no message, once there is enough of it or it has `ended`.
    pub fn take_unread(&mut self, ended: bool) -> Option<Unread> {
        let (passed_over_bytes, protocol) = self.protocol.passed_over();
        let bytes = passed_over_bytes.saturating_sub(self.reported_bytes);
        let enough = self.reported_bytes == 0 && bytes >= UNREAD_REPORT_BYTES;
        if self.protocol.is_used() || bytes == 0 || !(ended || enough) {
            return None;
        }
        let is_first_report = self.reported_bytes == 0;
        self.reported_bytes += bytes;
        Some(Unread { bytes, is_first_report, protocol: protocol.unwrap_or("unknown") })
    }

    /// The server's side, if it is known.
    pub fn server(&self) -> Option<Side> {
        self.parties.server()
    }

    /// The same, after a look at what `side` delivers.
    pub fn decide(&mut self, side: Side, event: &StreamEvent<'_>) -> Option<Side> {
        if let StreamEvent::Data(bytes, meta) = *event {
            match self.parties {
                Parties::Server(_) => {}
                Parties::Expected { server, initiator } => self.reconsider(server, initiator, side, bytes),
                Parties::Undecided { .. } => self.parties.listen(side, bytes, meta),
            }
        }
        self.server()
    }

    /// A side's first bytes may show that ports and SYN mislead.
    fn reconsider(&mut self, server: Side, initiator: Option<Side>, side: Side, bytes: &[u8]) {
        let (first, begun) = match side == server {
            true => (Direction::Response, Direction::Request),
            false => (Direction::Request, Direction::Response),
        };
        if !self.protocol.is_untouched(first) || self.protocol.is_used() {
            return;
        }
        match reconsider(server, initiator, side, bytes) {
            None => {}
            // HTTP may follow the proxy's handshake, in either direction (RFC 1928 §4: BIND).
            Some(Finding::Socks) => *self = Self::new(Parties::UNDECIDED, Met::InTheMiddle { quiet_since: None }),
            Some(Finding::Asks) if !self.protocol.is_untouched(begun) => {
                *self = Self::new(Parties::Server(server.other()), Met::InTheMiddle { quiet_since: None });
            }
            Some(Finding::Asks) => self.parties = Parties::Server(server.other()),
        }
    }

    /// Takes what one side delivered while it is not known who serves.
    pub fn pass_over(&mut self, event: &StreamEvent<'_>, counters: &mut HttpCounters) {
        if let StreamEvent::Data(bytes, _) = event {
            self.protocol.pass_over(bytes, counters);
        }
    }

    /// Takes what one side delivered.
    pub fn on_event(&mut self, side: Side, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        let Some(server) = self.server() else { return };
        let direction = if side == server { Direction::Response } else { Direction::Request };
        cx.proxied = None;
        if let Opening::Over(Some(proxied)) = self.opening {
            cx.proxied = Some(proxied);
        }
        if let StreamEvent::End { reset: true, .. } = event {
            cx.ending = Incomplete::Reset;
        }
        if direction == Direction::Request {
            match event {
                StreamEvent::Data(bytes, meta) => return self.on_request_data(bytes, meta, cx),
                StreamEvent::Gap { .. } | StreamEvent::End { .. } => self.end_opening(cx),
            }
        }
        self.protocol.on_event(direction, event, cx);
    }

    /// The client's bytes, without the prefix of a proxy.
    fn on_request_data(&mut self, bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        let Opening::Awaited(kept, first) = &mut self.opening else {
            return self.protocol.on_event(Direction::Request, StreamEvent::Data(bytes, meta), cx);
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
                self.protocol.on_event(Direction::Request, StreamEvent::Data(bytes, meta), cx);
            }
            Prefix::Complete(length, proxied) => {
                self.opening = Opening::Over(proxied);
                cx.proxied = proxied;
                let used = length.saturating_sub(before);
                meta.position += used as u64;
                let rest = bytes.get(used..).unwrap_or_default();
                if !rest.is_empty() {
                    self.protocol.on_event(Direction::Request, StreamEvent::Data(rest, meta), cx);
                }
            }
        }
    }

    /// There is no prefix: what was kept for one is the beginning of the stream.
    fn end_opening(&mut self, cx: &mut Context<'_>) {
        let opening = std::mem::replace(&mut self.opening, Opening::Over(None));
        match opening {
            Opening::Awaited(kept, Some(first)) => {
                self.protocol.on_event(Direction::Request, StreamEvent::Data(&kept, first), cx);
            }
            Opening::Awaited(_, None) => {}
            over @ Opening::Over(_) => self.opening = over,
        }
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        if let Opening::Awaited(kept, Some(_)) = &mut self.opening {
            let len = std::mem::take(kept).len() as u64;
            self.opening = Opening::Over(None);
            self.protocol.on_event(Direction::Request, StreamEvent::Gap { len }, cx);
        }
        self.protocol.shed(cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        let opening = match &self.opening {
            Opening::Awaited(kept, _) => kept.capacity(),
            Opening::Over(_) => 0,
        };
        opening + self.protocol.buffered_bytes()
    }
}
