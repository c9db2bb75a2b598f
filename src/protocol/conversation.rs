//! The state of a connection in any protocol: its two sides, the prefix of a proxy, the protocol in use.

use super::handover::Piece;
use super::http1::HttpConnection;
use super::http2::Http2Connection;
use super::in_use::Protocol;
use super::met::Met;
use super::opening::{Opening, Said, ServerSaid, begins_with_settings};
use super::sniffing::{Finding, Parties, reconsider};
use super::tunnel::Beginning;
use super::websocket::Pickup;
use crate::flow::{DataMeta, Side, StreamEvent};
use crate::message::{Direction, HttpCounters, Incomplete};
use crate::protocol::Context;

#[derive(Debug)]
pub struct Conversation {
    parties: Parties,
    opening: Opening,
    protocol: Protocol,
    /// The connection is read as HTTP/1.x until HTTP/2 is proven: it was met in the middle, or its beginning was lost.
    unproven: Option<Box<Http2Connection>>,
    /// So it is until a WebSocket is proven.
    pickup: Option<Box<Pickup>>,
    /// Bytes of what was passed over that were reported.
    reported_bytes: u64,
}

/// A connection of which no message was read, and yet bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// Since the last report.
    pub bytes: u64,
    pub is_first_report: bool,
    /// The name of the protocol that it looks like.
    pub protocol: &'static str,
}

/// The bytes that passed in a tunnel while it was not known to be one.
#[derive(Debug)]
pub struct Passed {
    pub pieces: Vec<(Side, Piece)>,
    /// A side that has ended after them; true if nothing before that is lost.
    pub end: Option<(Side, bool)>,
}

/// A connection met in the middle may yet come to its next message; after so many bytes it is reported.
const UNREAD_REPORT_BYTES: u64 = 64 << 10;

impl Conversation {
    #[inline]
    pub fn new(parties: Parties, met: Met) -> Self {
        let is_in_the_middle = matches!(met, Met::InTheMiddle { .. });
        Self {
            parties,
            opening: Opening::default(),
            protocol: Protocol::Http1(HttpConnection::new(met)),
            unproven: is_in_the_middle.then(|| Box::new(Http2Connection::unproven())),
            pickup: is_in_the_middle.then(Box::default),
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

    /// The bytes passed over of a connection without messages, once there are enough of them or it has `ended`.
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

    /// Takes the beginning of a tunnel that was opened, as far as it has passed; once.
    pub fn take_tunnel(&mut self) -> Option<Passed> {
        let Protocol::Tunnel(tunnel) = &mut self.protocol else { return None };
        let server = self.parties.server()?;
        let Beginning { pieces, client_ended } = tunnel.take_beginning()?;
        let side = |direction| if direction == Direction::Response { server } else { server.other() };
        Some(Passed {
            pieces: pieces.into_iter().map(|(direction, piece)| (side(direction), piece)).collect(),
            end: client_ended.map(|clean| (server.other(), clean)),
        })
    }

    #[inline]
    pub fn is_tunnel(&self) -> bool {
        matches!(self.protocol, Protocol::Tunnel(_))
    }

    /// A conversation in the tunnel takes the place of the conversation that opened it.
    pub fn enter_tunnel(&mut self) {
        if self.is_tunnel() {
            self.begin_again(self.parties, Met::AtItsSyn);
        }
    }

    /// Another conversation comes than it seemed. Its exchanges have numbers after those so far, and the ends that a proxy
    /// has named are its ends too.
    #[cold]
    fn begin_again(&mut self, parties: Parties, met: Met) {
        let (last_number, proxied) = (self.protocol.last_number(), self.opening.proxied);
        let Self { mut opening, protocol, unproven, pickup, .. } = Self::new(parties, met);
        opening.proxied = proxied;
        *self = Self {
            parties,
            opening,
            protocol: protocol.after(last_number),
            unproven: unproven.map(|http2| Box::new(http2.after(last_number))),
            pickup,
            reported_bytes: 0,
        };
    }

    /// The server's side, if it is known.
    pub fn server(&self) -> Option<Side> {
        self.parties.server()
    }

    /// The same, after a look at what `side` delivers. `streams`: messages inside streams are asked for.
    pub fn decide(&mut self, side: Side, event: &StreamEvent<'_>, streams: bool) -> Option<Side> {
        if self.pickup.is_some() {
            self.look_for_web_socket(side, event, streams);
        }
        if let StreamEvent::Data(bytes, meta) = *event {
            match self.parties {
                Parties::Server(_) => {}
                Parties::Expected { server, initiator } => self.reconsider(server, initiator, side, bytes),
                Parties::Undecided { .. } => self.parties.listen(side, bytes, meta),
            }
        }
        self.server()
    }

    /// The side whose frames are masked is the client, even if ports and SYN say otherwise.
    #[cold]
    fn look_for_web_socket(&mut self, side: Side, event: &StreamEvent<'_>, streams: bool) {
        let is_read = self.protocol.is_used() && !(streams && self.protocol.may_be_web_socket());
        let is_over = is_read || matches!(event, StreamEvent::End { .. });
        let Some(pickup) = self.pickup.as_mut().filter(|_| !is_over) else {
            self.pickup = None;
            return;
        };
        if let Some(client) = pickup.push(side, event, streams) {
            self.parties = Parties::Server(client.other());
        }
    }

    /// A side's first bytes may show that ports and SYN mislead.
    fn reconsider(&mut self, server: Side, initiator: Option<Side>, side: Side, bytes: &[u8]) {
        let (first, begun) = match side == server {
            true => (Direction::Response, Direction::Request),
            false => (Direction::Request, Direction::Response),
        };
        // The client's first bytes, which are kept in doubt, are no less said.
        let has_begun = self.protocol.is_used() || self.opening.is_unconfirmed();
        if has_begun || !self.protocol.is_untouched(first) {
            return;
        }
        match reconsider(server, initiator, side, bytes) {
            None => {}
            // HTTP may follow the proxy's handshake, in either direction (RFC 1928 §4: BIND).
            Some(Finding::Socks) => self.begin_again(Parties::UNDECIDED, Met::InTheMiddle { quiet_since: None }),
            Some(Finding::Asks) if !self.protocol.is_untouched(begun) => {
                self.begin_again(Parties::Server(server.other()), Met::InTheMiddle { quiet_since: None });
            }
            Some(Finding::Asks) => self.parties = Parties::Server(server.other()),
        }
    }

    /// Takes what one side delivered while it is not known who serves.
    #[cold]
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
        if self.opening.proxied.is_some() {
            cx.proxied = self.opening.proxied;
        }
        if let StreamEvent::End { reset: Some(_), .. } = event {
            cx.ending = Incomplete::Reset;
        }
        if let Some(pickup) = self.pickup.take_if(|pickup| pickup.is_proved()) {
            return self.enter_web_socket(*pickup, Some(event), cx);
        }
        match (direction, event) {
            (Direction::Request, StreamEvent::Data(bytes, meta)) => self.on_request_data(bytes, meta, cx),
            (Direction::Response, StreamEvent::Data(bytes, meta)) if self.may_be_server_first(bytes) => {
                self.on_server_first(bytes, meta, cx);
            }
            (Direction::Response, StreamEvent::Data(..)) => {
                if self.opening.is_unconfirmed() {
                    self.end_opening(cx);
                }
                self.deliver(direction, event, cx);
            }
            (_, StreamEvent::Gap { .. } | StreamEvent::End { .. }) => {
                if direction == Direction::Request || self.opening.has_server_first() || self.opening.is_unconfirmed() {
                    self.end_opening(cx);
                }
                self.deliver(direction, event, cx);
            }
        }
    }

    /// The bytes that prove it, `last` included, are read as the WebSocket's if that is read at all.
    #[cold]
    fn enter_web_socket(&mut self, pickup: Pickup, last: Option<StreamEvent<'_>>, cx: &mut Context<'_>) {
        self.unproven = None;
        let proxied = self.opening.proxied;
        self.opening = Opening::default();
        (self.opening.is_over, self.opening.proxied) = (true, proxied);
        self.protocol.enter_web_socket(pickup, cx);
        if let Some(last) = last.filter(|_| !cx.readers.streams) {
            self.protocol.on_event(Direction::Request, last, cx);
        }
    }

    /// The client's bytes, without the prefix of a proxy.
    fn on_request_data(&mut self, mut bytes: &[u8], mut meta: DataMeta, cx: &mut Context<'_>) {
        if self.opening.is_unconfirmed() {
            return self.doubt(bytes, meta, cx);
        }
        while !self.opening.is_over {
            match self.opening.take_client(bytes, meta) {
                Said::Partial => return,
                Said::Prefix(used) => {
                    cx.proxied = self.opening.proxied;
                    bytes = bytes.get(used..).unwrap_or_default();
                    meta.position += used as u64;
                    if bytes.is_empty() {
                        return;
                    }
                }
                Said::Http2 if self.may_be_in_a_body() => return self.doubt(bytes, meta, cx),
                Said::Http2 => {
                    self.begin_http2();
                    self.end_opening(cx);
                }
                Said::Other => {
                    self.opening.is_over = true;
                    self.read_opening(cx);
                }
            }
        }
        self.deliver(Direction::Request, StreamEvent::Data(bytes, meta), cx);
    }

    /// Bytes like a preface of HTTP/2 may stand in a body of HTTP/1.x: the client may have sent something before.
    fn may_be_in_a_body(&self) -> bool {
        self.unproven.is_some() && self.opening.server_settings() != Some(true)
    }

    /// The server's first bytes will tell, if it has not spoken yet.
    #[cold]
    fn doubt(&mut self, bytes: &[u8], meta: DataMeta, cx: &mut Context<'_>) {
        let can_wait = self.opening.doubt(bytes, meta) && self.protocol.is_untouched(Direction::Response);
        if !can_wait {
            self.end_opening(cx);
        }
    }

    /// The server speaks, and has said nothing before that was not SETTINGS of HTTP/2.
    fn may_be_server_first(&self, bytes: &[u8]) -> bool {
        let may_begin = bytes.first() == Some(&0) || self.opening.has_server_first();
        may_begin && !self.protocol.is_used() && self.protocol.is_untouched(Direction::Response)
    }

    #[cold]
    fn on_server_first(&mut self, bytes: &[u8], meta: DataMeta, cx: &mut Context<'_>) {
        if !self.opening.is_over {
            return match self.opening.take_server(bytes, meta) {
                ServerSaid::Kept => {}
                ServerSaid::Http2 => self.end_opening(cx),
                ServerSaid::Other if self.opening.is_unconfirmed() => self.end_opening(cx),
                ServerSaid::Other => self.read_opening(cx),
            };
        }
        // The client's beginning was lost, or is not HTTP/1.x.
        if self.unproven.is_some() && begins_with_settings(bytes) == Some(true) {
            self.begin_http2();
        }
        self.deliver(Direction::Response, StreamEvent::Data(bytes, meta), cx);
    }

    /// It is HTTP/2. Its bytes that were passed over so far are lost.
    #[cold]
    fn begin_http2(&mut self) {
        let [request, response] = Direction::BOTH.map(|direction| self.protocol.is_untouched(direction));
        let http2 = Http2Connection::begun(request, response).after(self.protocol.last_number());
        self.protocol = Protocol::Http2(Box::new(http2));
        (self.unproven, self.pickup) = (None, None);
    }

    /// The client says nothing more that would tell: what was kept is the beginning of both streams.
    #[cold]
    fn end_opening(&mut self, cx: &mut Context<'_>) {
        if matches!(self.protocol, Protocol::Http1(_)) && self.opening.server_settings() == Some(true) {
            self.begin_http2();
        }
        self.opening.is_over = true;
        self.read_opening(cx);
    }

    fn read_opening(&mut self, cx: &mut Context<'_>) {
        if self.opening.keeps_nothing() {
            return;
        }
        for (bytes, meta) in self.opening.take_unconfirmed() {
            self.deliver(Direction::Request, StreamEvent::Data(&bytes, meta), cx);
        }
        for (bytes, meta) in self.opening.take_server_first() {
            self.deliver(Direction::Response, StreamEvent::Data(&bytes, meta), cx);
        }
        if self.opening.is_over
            && let Some((bytes, meta)) = self.opening.take_kept()
        {
            self.deliver(Direction::Request, StreamEvent::Data(&bytes, meta), cx);
        }
    }

    /// Reads what one side delivered.
    #[inline]
    fn deliver(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        if let StreamEvent::Gap { .. } = event {
            self.note_gap();
        }
        if self.unproven.is_some() && self.prove(direction, event, cx) {
            return;
        }
        self.protocol.on_event(direction, event, cx);
        if let StreamEvent::Gap { .. } = event {
            self.note_lost_switch(cx);
        }
    }

    /// After messages too what made a WebSocket of the connection may be among the bytes that are lost.
    #[cold]
    fn note_lost_switch(&mut self, cx: &mut Context<'_>) {
        let Some(client) = self.server().map(Side::other) else { return };
        if !cx.readers.streams || !self.protocol.may_be_web_socket() {
            return;
        }
        let Some(pieces) = self.protocol.after_request() else {
            self.pickup.get_or_insert_default();
            return;
        };
        if self.pickup.as_ref().is_some_and(|pickup| pickup.is_after_request()) {
            return;
        }
        let mut pickup = Pickup::after_request_of(client);
        for piece in pieces {
            pickup.push(client, &piece.as_event(), true);
        }
        if pickup.is_proved() {
            self.enter_web_socket(pickup, None, cx);
        } else {
            self.pickup = Some(Box::new(pickup));
        }
    }

    /// Before any message bytes are lost: what tells the protocol may be among them.
    #[cold]
    fn note_gap(&mut self) {
        if self.unproven.is_none() && matches!(self.protocol, Protocol::Http1(_)) && !self.protocol.is_used() {
            self.unproven = Some(Box::new(Http2Connection::unproven().after(self.protocol.last_number())));
            self.pickup.get_or_insert_default();
        }
    }

    /// Returns true if the connection is proven to be HTTP/2, and has read the event.
    #[cold]
    fn prove(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) -> bool {
        if self.protocol.is_used() {
            self.unproven = None;
        }
        let Some(unproven) = &mut self.unproven else { return false };
        let counted = *cx.counters;
        unproven.on_event(direction, event, cx);
        if !unproven.is_proven() {
            // HTTP/1.x counts what is passed over.
            *cx.counters = counted;
            return false;
        }
        if let Some(proven) = self.unproven.take() {
            self.protocol = Protocol::Http2(proven);
            self.pickup = None;
        }
        true
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        self.end_opening(cx);
        if let Some(unproven) = &mut self.unproven {
            let counted = *cx.counters;
            unproven.shed(cx);
            *cx.counters = counted;
        }
        if let Some(pickup) = &mut self.pickup {
            pickup.shed();
        }
        self.protocol.shed(cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        self.opening.buffered_bytes()
            + self.unproven.as_ref().map_or(0, |unproven| unproven.buffered_bytes())
            + self.pickup.as_ref().map_or(0, |pickup| pickup.buffered_bytes())
            + self.protocol.buffered_bytes()
    }
}
