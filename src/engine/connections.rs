//! How connections begin and end.

use super::Engine;
use super::app::App;
use super::outlet::four_tuple;
use crate::decode::Segment;
use crate::flow::{CLOSED_MEMORY_MS, EntryId, FlowKey, Next, Side};
use crate::message::Incomplete;
use crate::notice::Kind;
use crate::time::Timestamp;

impl Engine {
    /// A segment of a connection that is not in the table.
    pub(super) fn meet(&mut self, key: FlowKey, side: Side, segment: &Segment<'_>) -> Option<(EntryId, Side)> {
        if self.shedding.is_of_connections() && self.leaves_out(&key) {
            self.leave_out(&key, segment);
            return None;
        }
        if segment.flags.syn
            && let Some(found) = self.join(key, side, segment)
        {
            return Some(found);
        }
        if !self.is_sampled(&key) {
            self.outlet.stats.not_sampled += 1;
            return None;
        }
        let stats = &mut self.outlet.stats;
        if self.table.is_after_close(&key, side, segment, &mut self.flow) {
            stats.after_close += 1;
            if let Some(trail) = &mut self.trail
                && let Some(serial) = self.table.ended_serial(&key)
            {
                trail.is_of(serial);
            }
            return None;
        }
        if segment.flags.rst || !segment.flags.syn && (segment.payload.is_empty() || !segment.flags.ack) {
            stats.no_syn += 1;
            return None;
        }
        if !segment.flags.syn && self.table.is_left_out(&key, self.now) {
            self.leave_out_still(segment);
            return None;
        }
        // With its SYN it is not met in the middle.
        let quiet_since = if segment.flags.syn { None } else { self.quiet_since(&key) };
        let id = self.open(key);
        if let Some(entry) = self.table.entry(id) {
            entry.app.quiet_since = quiet_since;
        }
        Some((id, side))
    }

    pub(super) fn is_sampled(&self, key: &FlowKey) -> bool {
        self.config.sample_rate >= 1.0 || key.fraction() < self.config.sample_rate
    }

    /// While all connections that ended since the capture began are remembered, one of a key that is not has said nothing
    /// since then: it was there before and idle.
    fn quiet_since(&self, key: &FlowKey) -> Option<Timestamp> {
        let began = self.began?;
        let all_remembered = began.plus_millis(CLOSED_MEMORY_MS) > self.now && !self.table.remembers(key);
        all_remembered.then_some(began)
    }

    pub(super) fn open(&mut self, key: FlowKey) -> EntryId {
        while self.table.len() >= self.config.max_concurrent_connections {
            let Some(oldest) = self.table.oldest() else { break };
            self.outlet.stats.connections_evicted += 1;
            if let Some(entry) = self.table.entry(oldest) {
                let ends = *entry.ends();
                let limit = self.config.max_concurrent_connections;
                self.outlet.notices.warn(self.now, Kind::Evicted, || {
                    let message = format!("{limit} connections are open: the least recently active is evicted");
                    (message, vec![("connection", four_tuple(&ends))])
                });
            }
            self.end(oldest, Incomplete::Evicted);
        }
        self.outlet.stats.connections_opened += 1;
        self.table.insert(key, App::default(), self.now)
    }

    /// Ends a connection for a reason of our own, or because it is over.
    pub(super) fn end(&mut self, id: EntryId, ending: Incomplete) {
        if let Some((connection, counters, mut to_tls)) = self.parts(id, ending) {
            connection.finish(counters, &mut |side, event| to_tls.deliver(side, event));
            if ending != Incomplete::Closed {
                to_tls.finish_tls();
            }
        }
        self.remove(id);
    }

    pub(super) fn remove(&mut self, id: EntryId) {
        if self.tls.is_on && self.linger(id) {
            return;
        }
        if let Some((_, _, mut to_tls)) = self.parts(id, Incomplete::Closed) {
            to_tls.finish();
        }
        if let Some(entry) = self.table.entry(id) {
            self.buffered_bytes -= entry.app.charged_bytes;
            self.table.end(id, self.now);
        }
    }

    /// Ends a connection and opens the next on the same addresses, of which this segment is.
    #[cold]
    pub(super) fn replace(&mut self, id: EntryId, side: Side, segment: &Segment<'_>) -> Option<EntryId> {
        self.outlet.stats.connections_closed += 1;
        let entry = self.table.entry(id)?;
        let (key, server, before) = (entry.key, entry.ends().endpoint(side), entry.serial());
        let syn = entry.connection.announced_syn(side, segment);
        let text = syn.and_then(|(initiator, first)| entry.connection.take_syn_text(initiator, first));
        self.end(id, Incomplete::Closed);
        let id = self.open(key);
        if let (Some((initiator, first)), Some(entry)) = (syn, self.table.entry(id)) {
            entry.connection.begin_with_syn(initiator, first, text, self.now, &mut self.flow);
            if let Some(trail) = &mut self.trail {
                trail.syns_are_of(before, first, entry.serial());
            }
        }
        let (of_segment, of_key) = FlowKey::of(segment.source, segment.destination);
        if of_segment != key && self.table.join(id, of_segment, of_key, side) {
            // The same server answers as before.
            self.table.tell(id, side, server);
        }
        Some(id)
    }

    /// Ends what is read of a connection, which stays: what still comes of it is not to be met as a new connection.
    #[cold]
    pub(super) fn leave_unread(&mut self, id: EntryId) {
        if let Some((connection, counters, mut to_tls)) = self.parts(id, Incomplete::Gap) {
            connection.finish(counters, &mut |side, event| to_tls.deliver(side, event));
            to_tls.finish();
            let ends = *to_tls.to_protocol.ends;
            self.outlet.notices.warn(self.now, Kind::Mptcp, || {
                let message = "a connection is one of several paths of an MPTCP connection; it is not read".to_owned();
                (message, vec![("connection", four_tuple(&ends))])
            });
        }
        self.settle(id, Next::Continue);
    }
}
