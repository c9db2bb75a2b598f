//! The way from a connection's flows to its conversation: begins that with the first bytes, notices gaps.

use super::app::App;
use super::outlet::{OfConnection, Outlet, four_tuple};
use super::ports::PortSet;
use super::relays::Relays;
use crate::encode::Origin;
use crate::flow::{Ends, Role, Side, StreamEvent};
use crate::message::{Incomplete, Tls};
use crate::notice::Kind;
use crate::protocol::Readers;
use crate::protocol::{Conversation, Met, Parties, Unread};
use crate::time::Timestamp;
use crate::tls::Described;

pub(super) struct ToProtocol<'a> {
    pub serial: u64,
    pub ends: &'a Ends,
    pub role: Role,
    /// The two directions have different addresses.
    pub is_joined: bool,
    /// The initiator's SYN was captured, so it is known where its stream begins: a SYN may carry data (RFC 7413).
    pub syn_seen: bool,
    /// The side of which no packet was captured.
    pub unseen: Option<Side>,
    pub ports: &'a PortSet,
    pub app: &'a mut App,
    pub outlet: &'a mut Outlet,
    pub now: Timestamp,
    /// Of the packet at hand, else `now`.
    pub at: Timestamp,
    /// The reason if a message ends here before it is complete.
    pub ending: Incomplete,
    /// There are keys of TLS: what a CONNECT opens may be read.
    pub has_keys: bool,
}

impl ToProtocol<'_> {
    #[inline]
    pub fn deliver(&mut self, side: Side, event: StreamEvent<'_>) {
        if let StreamEvent::Gap { len } = event {
            self.note_gap(len);
        }
        self.hand_on(side, event);
    }

    /// Remembers how the connection's first direction ended.
    #[inline]
    pub fn note_end(&mut self, side: Side, event: &StreamEvent<'_>) {
        if let StreamEvent::End { reset, .. } = *event {
            self.app.ended.get_or_insert((reset.unwrap_or(side), self.at, reset.is_some()));
        }
    }

    /// Counts bytes that were not captured, and says it once.
    #[cold]
    pub fn note_gap(&mut self, len: u64) {
        self.outlet.stats.gaps += 1;
        self.outlet.stats.gap_bytes += len;
        if !std::mem::replace(&mut self.app.gap_noticed, true) {
            self.outlet.notices.warn(self.now, Kind::Gap, || {
                let message = match len {
                    0 => "the beginning of a connection was not captured".to_owned(),
                    _ => format!("{len} bytes of a connection were not captured"),
                };
                (message, vec![("connection", four_tuple(self.ends))])
            });
        }
    }

    /// Sets the description that messages have of the TLS that they come in.
    pub fn describe(&mut self, described: &Described<'_>) {
        if self.app.secured.as_ref().is_none_or(|known| !is_same(known, described)) {
            self.app.secured = Some(Box::new(Tls {
                version: described.version.name(),
                cipher: described.cipher.into(),
                server_name: described.server_name.map(|name| name.as_bytes().into()),
                alpn: described.alpn.map(|name| name.as_bytes().into()),
            }));
        }
    }

    /// To the conversation, which the first bytes begin.
    #[inline]
    pub fn hand_on(&mut self, side: Side, event: StreamEvent<'_>) {
        if self.app.conversation.is_none() && matches!(event, StreamEvent::End { .. }) {
            return;
        }
        let conversation = self.app.conversation.get_or_insert_with(|| {
            let met = Met::of(self.role, self.syn_seen, self.app.quiet_since);
            Box::new(Conversation::new(parties(self.ends, self.ports, self.role, self.is_joined), met))
        });
        if self.syn_seen {
            conversation.note_syn();
        }
        let Some(server) = conversation.decide(side, &event, self.outlet.streams) else {
            conversation.pass_over(&event, &mut self.outlet.http);
            return self.report_unread(false);
        };
        let origin = origin_of(&mut self.app.origin, self.serial, self.ends, server, &mut self.outlet.relays);
        let (pending, secured) = (&mut self.app.pending, self.app.secured.as_deref());
        // TLS in TLS is not read.
        let readers = Readers { streams: self.outlet.streams, tunnels: self.has_keys && secured.is_none() };
        let of_connection = OfConnection { origin, secured, server, ended: &self.app.ended, unseen: self.unseen };
        self.outlet.with_context(&of_connection, pending, self.now, self.ending, readers, |cx| {
            conversation.on_event(side, event, cx);
        });
        if conversation.has_unread() {
            self.report_unread(false);
        }
    }

    /// Says once of a connection that none of it could be read.
    #[cold]
    fn report_unread(&mut self, ended: bool) {
        let Some(conversation) = &mut self.app.conversation else { return };
        let Some(Unread { bytes, is_first_report, protocol }) = conversation.take_unread(ended) else { return };
        self.outlet.stats.unread_bytes += bytes;
        if is_first_report {
            self.outlet.stats.unread_connections += 1;
            self.outlet.notices.warn(self.now, Kind::Unread, || {
                let message =
                    format!("a connection whose beginning was not captured gave no message: {bytes} bytes so far");
                (message, vec![("connection", four_tuple(self.ends)), ("protocol", protocol.to_owned())])
            });
        }
    }

    pub fn shed(&mut self) {
        if let Some(conversation) = &mut self.app.conversation
            && let Some(server) = conversation.server()
        {
            let origin = origin_of(&mut self.app.origin, self.serial, self.ends, server, &mut self.outlet.relays);
            let (pending, secured) = (&mut self.app.pending, self.app.secured.as_deref());
            let readers = Readers { streams: self.outlet.streams, tunnels: false };
            let of_connection = OfConnection { origin, secured, server, ended: &None, unseen: None };
            self.outlet.with_context(&of_connection, pending, self.now, self.ending, readers, |cx| {
                conversation.shed(cx);
            });
        }
        self.outlet.finish_pending(&mut self.app.pending, self.now);
    }

    /// No more answers come: what waited for them is decided.
    pub fn finish(&mut self) {
        if self.app.conversation.as_ref().is_some_and(|conversation| conversation.has_unread()) {
            self.report_unread(true);
        }
        self.outlet.finish_pending(&mut self.app.pending, self.now);
    }
}

fn is_same(known: &Tls, described: &Described<'_>) -> bool {
    known.version == described.version.name()
        && *known.cipher == *described.cipher
        && known.server_name.as_deref() == described.server_name.map(str::as_bytes)
        && known.alpn.as_deref() == described.alpn.map(str::as_bytes)
}

/// Made once a connection; again if it turns out that the sides were mistaken.
#[inline]
fn origin_of<'a>(
    known: &'a mut Option<Origin>,
    connection: u64,
    ends: &Ends,
    server: Side,
    relays: &mut Relays,
) -> &'a Origin {
    if known.as_ref().is_some_and(|origin| origin.server != ends.endpoint(server)) {
        *known = None;
    }
    known.get_or_insert_with(|| meet(connection, ends, server, relays))
}

#[cold]
fn meet(connection: u64, ends: &Ends, server: Side, relays: &mut Relays) -> Origin {
    let [client, server] = [server.other(), server].map(|side| ends.endpoint(side));
    relays.meet(server);
    Origin::new(connection, server, client)
}

/// The server is the side whose port is watched; where both are, the side the SYN went to, as well as where the server has
/// two ports.
fn parties(ends: &Ends, ports: &PortSet, role: Role, is_joined: bool) -> Parties {
    let [low, high] = Side::BOTH.map(|side| ports.contains(ends.endpoint(side).port));
    let initiator = match role {
        Role::InitiatedBy(side) => Some(side),
        Role::Unknown => None,
    };
    let server = match (low, high, initiator) {
        (_, _, Some(initiator)) if is_joined => initiator.other(),
        (true, false, _) => Side::Low,
        (false, _, _) => Side::High,
        (true, true, Some(initiator)) => initiator.other(),
        (true, true, None) => return Parties::UNDECIDED,
    };
    Parties::Expected { server, initiator }
}
