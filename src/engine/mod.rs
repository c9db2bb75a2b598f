//! The whole pipeline on one thread: frames and time in, batches, notices and counters out.
//!
//! Refuses to know: libpcap, sleeping, the system's clock (time comes in with packets and ticks; `clock` makes one of them
//! that never goes back).

mod app;
mod clock;
mod connections;
mod following;
mod joining;
mod layer;
mod lingering;
mod memory;
mod outlet;
mod pending_lines;
mod ports;
mod relays;
mod shed_level;
mod shedding;
#[cfg(test)]
mod tests;
mod tls_room;
mod to_protocol;
mod to_tls;
mod trail;
mod unread;
mod waits;

use std::collections::VecDeque;

use app::App;
use clock::{Clock, Step};
use outlet::Outlet;
use ports::PortSet;
pub use shed_level::ShedLevel;
use shed_level::Shedding;
use tls_room::TlsRoom;
use to_protocol::ToProtocol;
use to_tls::ToTls;
pub use trail::{MAX_NUMBER, Numbers, Trail};
pub use unread::NotUnderstood;

use crate::batch::Batch;
use crate::config::EngineConfig;
use crate::decode::{self, Decoded, Fragment, LinkType, Segment, Tunnel, Undecodable};
use crate::defrag::{Datagram, Defragmenter};
use crate::flow::{Connection, EntryId, FlowCounters, FlowKey, Next, Side, Table, prefetch};
use crate::message::Incomplete;
use crate::notice::Notice;
use crate::stats::Stats;
use crate::time::Timestamp;

/// How often, in packet time, idle connections are looked for.
const TICK_MS: u64 = 100;

/// Tunnels, one in the other, that are looked into. A mirrored overlay of an overlay has three.
pub const MAX_TUNNELS: usize = 8;

#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    ports: PortSet,
    defrag: Defragmenter,
    table: Table<App>,
    outlet: Outlet,
    tls: TlsRoom,
    flow: FlowCounters,
    /// Bytes held back in all connections; kept at or under `config.max_buffered_bytes`.
    buffered_bytes: usize,
    /// The connections that hold bytes back, in the order in which they began to, each with its serial.
    shed_queue: VecDeque<(EntryId, u64)>,
    clock: Clock,
    /// How much time has passed, as `clock` has it.
    now: Timestamp,
    /// The connections of the last packets, while the stamps leap: if it was a pause, these were active after it.
    leaping: VecDeque<(EntryId, u64)>,
    /// The stamp of this packet is not believed yet.
    leaps: bool,
    next_tick: Timestamp,
    /// When the capture began.
    began: Option<Timestamp>,
    draining: bool,
    shedding: Shedding,
    /// Only where packets are to be copied.
    trail: Option<Box<Trail>>,
}

impl Engine {
    pub fn new(config: EngineConfig) -> Self {
        Self {
            ports: PortSet::new(&config.ports),
            defrag: Defragmenter::new(),
            table: Table::new(config.patience),
            outlet: Outlet::new(&config),
            tls: TlsRoom::new(config.tls, config.tls_key_wait_ms),
            flow: FlowCounters::default(),
            buffered_bytes: 0,
            shed_queue: VecDeque::new(),
            clock: Clock::default(),
            now: Timestamp::UNKNOWN,
            leaping: VecDeque::new(),
            leaps: false,
            next_tick: Timestamp::UNKNOWN,
            began: None,
            draining: false,
            shedding: Shedding::default(),
            trail: None,
            config,
        }
    }

    /// One frame as captured; `wire_len` is its length before the snaplen cut it.
    #[inline]
    pub fn on_packet(&mut self, at: Timestamp, linktype: LinkType, frame: &[u8], wire_len: u32) {
        if let Some(trail) = &mut self.trail {
            trail.begin(self.outlet.stats.packets);
        }
        self.outlet.stats.packets += 1;
        if self.began.is_none() && at.is_known() {
            self.began = Some(at);
        }
        if decode::may_hold_both_sides(linktype, frame) {
            self.outlet.relays.look_everywhere();
        }
        let before = self.now;
        let step = self.clock.packet(at);
        self.now = self.clock.now();
        self.leaps = step != Step::Ordinary;
        match step {
            Step::Pause(micros) => self.wait_on_after(before, micros),
            Step::Ordinary if !self.leaping.is_empty() => self.leaping.clear(),
            Step::Ordinary | Step::Leap => {}
        }
        self.advance();
        match decode::decode(linktype, frame, wire_len) {
            Ok(Decoded::Segment(segment)) => self.on_segment(at, &segment),
            Err(Undecodable::UnknownLinkType) => self.outlet.count_unknown_linktype(self.now, linktype),
            other => self.on_decoded(at, other, 0),
        }
    }

    /// Time passes, by a clock that never goes back and began as the packets' timestamps did.
    pub fn on_tick(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
        self.clock.tick(now);
        self.now = self.clock.now();
        self.next_tick = self.next_tick.min(self.now);
        self.advance();
    }

    /// The source has ended: every connection ends, and what is in progress comes out marked, with the next batches.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// A batch that is full, or old enough; `force` returns a young one too. Call until `None`.
    pub fn take_batch(&mut self, force: bool) -> Option<Batch> {
        while self.draining && !self.outlet.batcher.has_full() {
            let Some(id) = self.table.oldest() else { break };
            self.outlet.stats.connections_stopped += 1;
            self.end(id, Incomplete::Stopped);
        }
        while self.draining && !self.outlet.batcher.has_full() && self.end_oldest_lingering() {}
        self.outlet.batcher.take(self.now, force || self.draining)
    }

    /// The notices since the last call, oldest first.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.outlet.notices.take()
    }

    /// The ids of exchanges that ended without a response since the last call, and how (`Unanswered::words`).
    pub fn take_unanswered(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.outlet.unanswered)
    }

    /// Messages that were finished but thrown away because the receiver was too slow.
    pub fn count_queue_drop(&mut self, messages: u64) {
        self.outlet.stats.queue_dropped += messages;
    }

    /// The ledger as it stands.
    pub fn stats(&self) -> Stats {
        Stats {
            connections_active: self.table.len() as u64,
            buffered_bytes: self.buffered_bytes as u64,
            flow: self.flow,
            http: self.outlet.http,
            notices_held_back: self.outlet.notices.held_back,
            unknown_codings: self.outlet.unknown_codings(),
            cut_heads: self.outlet.cut_heads(),
            cut_bodies: self.outlet.cut_bodies(),
            tls: self.tls.counters,
            tls_keys: self.tls.keys.counters,
            tls_keys_evicted: self.tls.keys.evicted,
            ..self.outlet.stats.clone()
        }
    }

    /// The packets that were not understood; `None` if all of them were understood.
    pub fn not_understood(&self) -> Option<NotUnderstood> {
        self.outlet.not_understood()
    }

    /// A pause ended with packets that were taken before it was known to be one: their connections have not waited since.
    #[cold]
    fn wait_on_after(&mut self, before: Timestamp, micros: u64) {
        for &(id, serial) in &self.leaping {
            let Some(entry) = self.table.entry(id).filter(|entry| entry.serial() == serial) else { continue };
            entry.connection.wait_on_after(before, micros);
            self.table.touch(id, self.now);
        }
    }

    fn advance(&mut self) {
        if !self.now.is_known() {
            return;
        }
        while let Some(id) = self.table.due(self.now) {
            let (now, patience) = (self.now, self.config.patience);
            let Some((connection, counters, mut to_tls)) = self.parts(id, Incomplete::Closed) else { continue };
            let next = connection.on_time(now, patience, counters, &mut |side, event| to_tls.deliver(side, event));
            self.settle(id, next);
        }
        if self.now < self.next_tick {
            return;
        }
        self.next_tick = self.now.plus_millis(TICK_MS);
        self.defrag.expire(self.now);
        self.outlet.forget_fields(self.now);
        self.end_waits();
        while let Some(id) = self.table.idle(self.now, self.config.connection_idle_timeout_ms) {
            self.outlet.stats.connections_timed_out += 1;
            self.end(id, Incomplete::Timeout);
        }
    }

    /// Takes a packet found inside so many tunnels. Each packet is counted once, as what it turns out to be in the end.
    #[inline(never)]
    fn on_decoded(&mut self, at: Timestamp, decoded: Result<Decoded<'_>, Undecodable>, tunnels: usize) {
        match decoded {
            Ok(Decoded::Segment(segment)) => self.on_segment(at, &segment),
            Ok(Decoded::Fragment(fragment)) => self.on_fragment(at, fragment, tunnels),
            Ok(Decoded::Tunnel(tunnel)) if self.config.decapsulate => self.on_tunnel(at, tunnel, tunnels + 1),
            Ok(Decoded::Tunnel(_) | Decoded::NotTcp) => self.outlet.stats.not_tcp += 1,
            Err(reason) => self.outlet.count_undecodable(reason),
        }
    }

    fn on_tunnel(&mut self, at: Timestamp, tunnel: Tunnel<'_>, tunnels: usize) {
        self.outlet.stats.decapsulated += u64::from(tunnels == 1);
        let inside = if tunnels > MAX_TUNNELS { Err(Undecodable::TooManyTunnels) } else { decode::decapsulate(tunnel) };
        self.on_decoded(at, inside, tunnels);
    }

    /// The fragment that completes a datagram is counted as what the datagram turns out to be.
    fn on_fragment(&mut self, at: Timestamp, fragment: Fragment<'_>, tunnels: usize) {
        let is_awaited = fragment.may_begin || self.defrag.has_begun(&fragment);
        if fragment.is_of_tunnel() && !(self.config.decapsulate && is_awaited) {
            self.outlet.stats.not_tcp += 1;
            return;
        }
        let datagram = self.defrag.push(self.now, fragment);
        if let Some(trail) = &mut self.trail {
            match &datagram {
                Some(datagram) => trail.completes(datagram.serial),
                None => trail.fragment(self.defrag.serial_of(&fragment)),
            }
        }
        self.outlet.stats.defrag = *self.defrag.stats();
        let Some(Datagram { source, destination, next_header, bytes, .. }) = datagram else {
            self.outlet.stats.fragments += 1;
            return;
        };
        self.on_decoded(at, decode::decode_reassembled(source, destination, next_header, &bytes), tunnels);
    }

    fn on_segment(&mut self, at: Timestamp, segment: &Segment<'_>) {
        if !self.ports.contains(segment.source.port) && !self.ports.contains(segment.destination.port) {
            return self.on_unwatched(at, segment);
        }
        let (key, side) = FlowKey::of(segment.source, segment.destination);
        let Some((id, side)) = self.table.find(&key, side).or_else(|| self.meet(key, side, segment)) else { return };
        if self.table.is_far() {
            self.fetch(id);
        }
        self.take(id, side, at, segment);
    }

    /// Its flows are on their way to the processor; so will be the rest that is used next.
    #[inline(never)]
    fn fetch(&mut self, id: EntryId) {
        if let Some(conversation) = self.table.entry(id).and_then(|entry| entry.app.conversation.as_deref()) {
            prefetch(conversation);
        }
    }

    #[inline]
    fn take(&mut self, id: EntryId, side: Side, at: Timestamp, segment: &Segment<'_>) {
        self.outlet.stats.segments += 1;
        if self.pass_on(id, side, at, segment) == Next::Replace
            && let Some(id) = self.replace(id, side, segment)
        {
            self.pass_on(id, side, at, segment);
        }
    }

    fn pass_on(&mut self, id: EntryId, side: Side, at: Timestamp, segment: &Segment<'_>) -> Next {
        let now = self.now;
        let Some((connection, counters, mut to_tls)) = self.parts(id, Incomplete::Closed) else {
            return Next::Continue;
        };
        to_tls.to_protocol.at = at;
        to_tls.to_protocol.unseen.take_if(|unseen| *unseen == side);
        let is_syn = segment.flags.syn;
        if is_syn {
            to_tls.to_protocol.role = connection.role_after(side, segment);
            to_tls.to_protocol.syn_seen |= !segment.flags.ack;
        }
        let next = connection.on_segment(side, segment, at, now, counters, &mut |side, event| {
            to_tls.deliver(side, event);
        });
        if self.trail.is_some() && next != Next::Replace {
            self.note_packet(id, segment);
        }
        if !segment.payload.is_empty() {
            self.table.touch(id, self.now);
        }
        if self.leaps {
            self.note_leaping(id);
        }
        if is_syn && next == Next::Continue {
            self.note_half(id, segment);
        }
        match next {
            Next::Replace => {}
            Next::Unreadable => self.leave_unread(id),
            Next::Continue | Next::Closed => self.settle(id, next),
        }
        next
    }

    #[cold]
    fn note_leaping(&mut self, id: EntryId) {
        let Some(entry) = self.table.entry(id) else { return };
        let serial = entry.serial();
        self.leaping.push_back((id, serial));
        if self.leaping.len() > clock::CONFIRMED_BY {
            self.leaping.pop_front();
        }
    }

    fn settle(&mut self, id: EntryId, next: Next) {
        if next == Next::Closed {
            self.outlet.stats.connections_closed += 1;
            self.remove(id);
            return;
        }
        self.table.arm(id);
        self.charge(id);
        self.shed();
    }

    /// A connection, what it counts, and where its bytes go.
    fn parts(&mut self, id: EntryId, ending: Incomplete) -> Option<(&mut Connection, &mut FlowCounters, ToTls<'_>)> {
        let entry = self.table.entry(id)?;
        let serial = entry.serial();
        let (ends, is_joined, connection, app) = entry.parts();
        let to_protocol = ToProtocol {
            serial,
            ends,
            role: connection.role(),
            is_joined,
            syn_seen: connection.saw_the_opening_syn(),
            unseen: connection.unseen(),
            ports: &self.ports,
            app,
            outlet: &mut self.outlet,
            now: self.now,
            at: self.now,
            ending,
            has_keys: self.tls.is_on,
        };
        Some((connection, &mut self.flow, ToTls { id, tls: &mut self.tls, to_protocol }))
    }
}
