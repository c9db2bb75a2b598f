//! Where everything that comes out is collected: lines, notices, counters.

use super::pending_lines::{MessageVerdict, PendingLines, is_interim};
use super::relays::{Answered, Between, Pair, Relays};
use super::unread::{NotUnderstood, UnreadLinkTypes};
use crate::batch::{Batcher, Line};
use crate::config::EngineConfig;
use crate::decode::{Endpoint, LinkType, Undecodable, describe_linktype};
use crate::encode::{Encoder, Origin};
use crate::flow::{Ends, Side};
use crate::message::{
    Direction, Ended, Extras, HttpCounters, HttpMessage, Incomplete, NotHttp, RequestVerdict, Selection, Sink,
    StartLine, StreamMessage, Tls, Unanswered,
};
use crate::notice::{Kind, Notices};
use crate::protocol::{Context, Limits, Readers, Scratch};
use crate::stats::Stats;
use crate::time::Timestamp;
use crate::tls::{ClientHello, first_hello};

/// Bytes of a stream that is not HTTP that a log line shows: enough to tell a binary protocol.
const BINARY_SAMPLE_BYTES: usize = 16;
/// Enough to tell a protocol of lines by its first command. The rest of the line, or a first word that is none, may be a password.
const TEXT_SAMPLE_BYTES: usize = 4;

/// Either text or binary, as it begins: what follows of the other kind may be a password too.
fn sample_of(bytes: &[u8]) -> String {
    let text = bytes.first().is_some_and(u8::is_ascii_graphic);
    let limit = if text { TEXT_SAMPLE_BYTES } else { BINARY_SAMPLE_BYTES };
    let end = bytes.iter().take(limit).take_while(|b| b.is_ascii_graphic() == text).count();
    bytes.get(..end).unwrap_or_default().escape_ascii().to_string()
}

/// Field sections hold credentials: so long after the last time all that are kept are forgotten. To read them again once costs nothing
/// to speak of, and less than to know of each when it was read last.
const FIELDS_KEPT_MS: u64 = 60_000;

/// Exchanges that ended without a response and were not told yet; past it their receiver is left to find out by waiting.
const MAX_UNANSWERED: usize = 16_384;

#[derive(Debug)]
pub(super) struct Outlet {
    /// All but `http`.
    pub stats: Stats,
    /// By itself, so that parsing can count in it while messages are counted in `stats`.
    pub http: HttpCounters,
    pub notices: Notices,
    pub batcher: Batcher,
    /// Ids of exchanges that ended without a response, and how.
    pub unanswered: Vec<(String, String)>,
    pub relays: Relays,
    encoder: Encoder,
    limits: Limits,
    selection: Selection,
    scratch: Scratch,
    /// Messages inside streams are handed on.
    pub streams: bool,
    unread_linktypes: UnreadLinkTypes,
    forget_fields_at: Timestamp,
}

impl Outlet {
    pub fn new(config: &EngineConfig) -> Self {
        Self {
            stats: Stats::default(),
            http: HttpCounters::default(),
            notices: Notices::default(),
            batcher: Batcher::default(),
            unanswered: Vec::new(),
            relays: Relays::default(),
            encoder: Encoder::new(config),
            limits: Limits { max_body_bytes: config.max_body_size },
            selection: Selection::new(&config.include, &config.exclude).without_posts_to(&config.own_outputs),
            scratch: Scratch::default(),
            streams: config.stream_messages,
            unread_linktypes: UnreadLinkTypes::default(),
            forget_fields_at: Timestamp::UNKNOWN,
        }
    }

    /// Time passes.
    pub fn forget_fields(&mut self, now: Timestamp) {
        if now >= self.forget_fields_at {
            self.forget_fields_at = now.plus_millis(FIELDS_KEPT_MS);
            self.scratch.seen_fields.forget();
            self.encoder.forget_fields();
        }
    }

    pub fn unknown_codings(&self) -> u64 {
        self.encoder.bodies.unknown_codings
    }

    pub fn cut_heads(&self) -> u64 {
        self.encoder.cut_heads
    }

    pub fn cut_bodies(&self) -> u64 {
        self.encoder.bodies.cut
    }

    pub fn count_undecodable(&mut self, reason: Undecodable) {
        if let Some(count) = self.stats.undecodable.get_mut(reason.index()) {
            *count += 1;
        }
    }

    #[cold]
    pub fn count_unknown_linktype(&mut self, now: Timestamp, linktype: LinkType) {
        self.count_undecodable(Undecodable::UnknownLinkType);
        if self.unread_linktypes.count(linktype) {
            self.notices.warn(now, Kind::UnknownLinkType, || {
                let name = describe_linktype(linktype);
                (format!("packets of link type {name} are not understood; they are counted"), vec![("linkType", name)])
            });
        }
    }

    pub fn not_understood(&self) -> Option<NotUnderstood> {
        NotUnderstood::of(&self.stats, &self.unread_linktypes)
    }

    pub fn finish_pending(&mut self, pending: &mut PendingLines, now: Timestamp) {
        let (shown, hidden) = pending.finish(&self.selection);
        self.stats.filtered += hidden;
        for line in shown {
            self.batcher.push_line(now, line);
        }
    }

    /// Lends `act` what parsing a connection needs.
    pub fn with_context(
        &mut self,
        connection: &OfConnection<'_>,
        pending: &mut PendingLines,
        now: Timestamp,
        ending: Incomplete,
        readers: Readers,
        act: impl FnOnce(&mut Context<'_>),
    ) {
        let mut to_lines = ToLines {
            stats: &mut self.stats,
            notices: &mut self.notices,
            batcher: &mut self.batcher,
            unanswered: &mut self.unanswered,
            relays: self.relays.is_on().then_some(&mut self.relays),
            encoder: &mut self.encoder,
            selection: &self.selection,
            pending,
            connection,
            now,
        };
        act(&mut Context {
            limits: self.limits,
            selection: &self.selection,
            counters: &mut self.http,
            sink: &mut to_lines,
            ending,
            proxied: None,
            scratch: &mut self.scratch,
            readers,
        });
    }
}

/// The facts of the connection that is read.
pub(super) struct OfConnection<'a> {
    pub origin: &'a Origin,
    /// The TLS that its messages come in.
    pub secured: Option<&'a Tls>,
    pub server: Side,
    /// Which side ended it first, when, and if it was by a reset.
    pub ended: &'a Option<(Side, Timestamp, bool)>,
    /// The side of which no packet was captured.
    pub unseen: Option<Side>,
}

impl OfConnection<'_> {
    fn ended(&self) -> Option<Ended> {
        let (by, at, by_reset) = (*self.ended)?;
        Some(Ended { by: if by == self.server { Direction::Response } else { Direction::Request }, at, by_reset })
    }
}

/// Turns one connection's messages into lines and its troubles into notices.
struct ToLines<'a> {
    stats: &'a mut Stats,
    notices: &'a mut Notices,
    batcher: &'a mut Batcher,
    unanswered: &'a mut Vec<(String, String)>,
    relays: Option<&'a mut Relays>,
    encoder: &'a mut Encoder,
    selection: &'a Selection,
    pending: &'a mut PendingLines,
    connection: &'a OfConnection<'a>,
    now: Timestamp,
}

impl ToLines<'_> {
    fn take(&mut self, message: &HttpMessage<'_>) {
        let stats = &mut *self.stats;
        match message.direction {
            Direction::Request => stats.requests += 1,
            Direction::Response => stats.responses += 1,
        }
        match message.incomplete {
            Some(Incomplete::Gap) => stats.incomplete_gap += 1,
            Some(Incomplete::Closed) => stats.incomplete_closed += 1,
            Some(Incomplete::Reset) => stats.incomplete_reset += 1,
            Some(Incomplete::Evicted) => stats.incomplete_evicted += 1,
            Some(Incomplete::Timeout) => stats.incomplete_timeout += 1,
            Some(Incomplete::Stopped) => stats.incomplete_stopped += 1,
            Some(Incomplete::Malformed) => stats.incomplete_malformed += 1,
            None => stats.over_body_limit += u64::from(message.is_truncated()),
        }
        let (encoder, origin) = (&mut *self.encoder, self.connection.origin);
        let verdict = self.pending.decide(self.selection, message, origin.server.port);
        if !matches!(verdict, MessageVerdict::Hide { own: true, .. }) && message.verdict.is_marked() {
            stats.falsely_marked += 1;
            self.notices.warn(self.now, Kind::FalselyMarked, || {
                let message = "a message carries the marker of our own POSTs and is none: it is shown; \
                               if another sniffer posts it, exclude its path";
                (message.to_owned(), endpoint_fields(origin))
            });
        }
        if let Some(relays) = &mut self.relays
            && !matches!(verdict, MessageVerdict::Hide { .. })
        {
            note_relayed(relays, origin, message, stats, self.notices, self.now);
        }
        let bare;
        let message = if stats.shed_level > 0 && !message.body.is_empty() {
            stats.shed_bodies += u64::from(!matches!(verdict, MessageVerdict::Hide { .. }));
            // As if it was cut before its first byte.
            bare = HttpMessage { body: &[], ..*message };
            &bare
        } else {
            message
        };
        match verdict {
            MessageVerdict::Show(waited) => {
                for line in waited {
                    self.batcher.push_line(self.now, line);
                }
                self.batcher.push(self.now, |out| encoder.push_line(out, origin, message));
            }
            MessageVerdict::Hide { own: true, .. } => stats.own_messages += 1,
            MessageVerdict::Hide { own: false, waited } => stats.filtered += 1 + waited,
            MessageVerdict::Wait(verdict) => {
                let mut line = Line::default();
                line.raw = encoder.push_line(&mut line.text, origin, message);
                self.wait((message.exchange, message.direction == Direction::Request), verdict, line);
            }
        }
    }

    fn wait(&mut self, what: (u32, bool), verdict: RequestVerdict, line: Line) {
        match self.pending.wait(self.selection, what, verdict, line) {
            None => {}
            Some(Some(oldest)) => self.batcher.push_line(self.now, oldest),
            Some(None) => self.stats.filtered += 1,
        }
    }
}

impl Sink for ToLines<'_> {
    #[inline]
    fn message(&mut self, message: &HttpMessage<'_>) {
        match self.connection.secured {
            None => self.take(message),
            Some(tls) => {
                let extras = Extras { tls: Some(tls), ..message.extras.copied().unwrap_or_default() };
                self.take(&HttpMessage { extras: Some(&extras), ..*message });
            }
        }
    }

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        let (encoder, origin) = (&mut *self.encoder, self.connection.origin);
        if let Some(count) = self.stats.stream_messages.get_mut(message.part.index()) {
            *count += 1;
        }
        let verdict = self.pending.decide_inside(self.selection, message.of, origin.server.port);
        let bare;
        let message = if self.stats.shed_level > 0 && !message.data.is_empty() {
            self.stats.shed_bodies += u64::from(!matches!(verdict, MessageVerdict::Hide { .. }));
            bare = StreamMessage { data: &[], truncated: true, ..*message };
            &bare
        } else {
            message
        };
        match verdict {
            MessageVerdict::Show(waited) => {
                for line in waited {
                    self.batcher.push_line(self.now, line);
                }
                self.batcher.push(self.now, |out| encoder.push_stream_line(out, origin, message));
            }
            MessageVerdict::Hide { own: true, .. } => self.stats.own_messages += 1,
            MessageVerdict::Hide { own: false, waited } => self.stats.filtered += 1 + waited,
            MessageVerdict::Wait(verdict) => {
                let mut line = Line::default();
                line.raw = encoder.push_stream_line(&mut line.text, origin, message);
                self.wait((message.of.exchange, false), verdict, line);
            }
        }
    }

    fn unanswered(&mut self, exchange: u32, verdict: RequestVerdict, how: Unanswered) {
        let OfConnection { origin, server, unseen, .. } = *self.connection;
        let is_shown = self.pending.shows_unanswered(self.selection, exchange, verdict, origin.server.port);
        // Where only the client's direction was captured, nothing says that there was no response.
        if is_shown && unseen != Some(server) && self.unanswered.len() < MAX_UNANSWERED {
            self.unanswered.push((origin.id(exchange), how.words(self.connection.ended())));
        }
    }

    fn not_http(&mut self, direction: Direction, what: NotHttp<'_>, sample: &[u8]) {
        let origin = self.connection.origin;
        if let NotHttp::Protocol("tls") = what {
            self.stats.tls_unread_no_keylog += 1;
            if let Some(hello) = first_hello(sample) {
                return self.tls_without_keys(&hello);
            }
        }
        let kind = match what {
            NotHttp::Protocol(_) => Kind::NotHttp,
            NotHttp::Malformed(_) | NotHttp::Excess => Kind::Malformed,
        };
        self.notices.warn(self.now, kind, || {
            let mut fields = endpoint_fields(origin);
            fields.push(("direction", if direction == Direction::Request { "request" } else { "response" }.to_owned()));
            let message = match what {
                NotHttp::Protocol(name) => {
                    fields.push(("protocol", name.to_owned()));
                    fields.push(("sample", sample_of(sample)));
                    "a stream is not HTTP/1.x; it is not followed".to_owned()
                }
                // No sample here: the bytes are of a message.
                NotHttp::Excess => "bytes follow a response that has no body; they are passed over".to_owned(),
                NotHttp::Malformed(reason) => format!("a stream is no longer followed: {reason}"),
            };
            (message, fields)
        });
    }
}

impl ToLines<'_> {
    /// The same server is said once, as most of its connections are not read then.
    fn tls_without_keys(&mut self, hello: &ClientHello) {
        let origin = self.connection.origin;
        let name = hello.server_name.as_deref();
        // By its name it may have many addresses.
        let about = (name, origin.server.port, name.is_none().then_some(origin.server.ip));
        self.notices.warn_once(self.now, Kind::NotHttp, &about, || {
            let mut fields = endpoint_fields(origin);
            fields.push(("protocol", "tls".to_owned()));
            push_asked(&mut fields, name, &hello.protocols);
            let message = "connections to a server are TLS and not read: that takes a key log of the server or the client, \
                           by tlsKeylog";
            (message.to_owned(), fields)
        });
    }
}

/// Adds the names that a client asked for in its hello.
pub(super) fn push_asked(fields: &mut Vec<(&'static str, String)>, name: Option<&str>, protocols: &[Box<str>]) {
    if let Some(name) = name {
        fields.push(("serverName", name.to_owned()));
    }
    if !protocols.is_empty() {
        fields.push(("alpn", protocols.join(",")));
    }
}

/// Says once of a relay that exchanges come out twice by it.
fn note_relayed(
    relays: &mut Relays,
    &Origin { client, server, .. }: &Origin,
    message: &HttpMessage<'_>,
    stats: &mut Stats,
    notices: &mut Notices,
    now: Timestamp,
) {
    let HttpMessage { answered: Some(request), at, body_bytes, .. } = *message else { return };
    let (Some(latency), StartLine::Status { code: status, .. }) = (request.latency_micros, message.head.start) else {
        return;
    };
    if !request.is_known() || is_interim(message) {
        return;
    }
    let asked = Timestamp::from_micros(at.micros().saturating_sub_unsigned(latency));
    let (method, target) = (request.method, request.target);
    let exchange = Answered { client, server, method, target, status, body_bytes, asked, answered: at };
    let Some(Pair { outer, inner, known, is_first }) = relays.note(&exchange) else { return };
    stats.relayed_exchanges += known;
    if is_first {
        notices.warn(now, Kind::Relay, || {
            let message =
                "exchanges are captured as they reach a proxy or NAT, and as these send them on: they come out twice";
            let tuple = |Between { client, server }| format!("{} - {}", socket_address(server), socket_address(client));
            (message.to_owned(), vec![("connection", tuple(outer)), ("copy", tuple(inner))])
        });
    }
}

fn endpoint_fields(origin: &Origin) -> Vec<(&'static str, String)> {
    vec![("receiver", socket_address(origin.server)), ("destination", socket_address(origin.client))]
}

pub(super) fn four_tuple(ends: &Ends) -> String {
    let [low, high] = Side::BOTH.map(|side| socket_address(ends.endpoint(side)));
    format!("{low} - {high}")
}

fn socket_address(endpoint: Endpoint) -> String {
    std::net::SocketAddr::new(endpoint.ip, endpoint.port).to_string()
}
