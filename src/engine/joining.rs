//! Connections whose two directions have different addresses: their halves find each other by the handshake.

use super::Engine;
use super::outlet::four_tuple;
use crate::decode::Segment;
use crate::flow::{Apart, EntryId, FlowCounters, FlowKey, Half, SeqNumber, Side};
use crate::notice::Kind;
use crate::time::Timestamp;

impl Engine {
    /// A segment of which neither port is watched: one of its connection's other addresses may be.
    #[cold]
    pub(super) fn on_unwatched(&mut self, at: Timestamp, segment: &Segment<'_>) {
        let (key, side) = FlowKey::of(segment.source, segment.destination);
        let found = if self.table.has_joined() { self.table.find(&key, side) } else { None };
        let found =
            found.or_else(|| if segment.flags.syn { self.join_unwatched(key, side, at, segment) } else { None });
        match found {
            Some((id, side)) => self.take(id, side, at, segment),
            None => {
                self.outlet.stats.other_ports += 1;
                self.note_after_close(&key, side, segment);
            }
        }
    }

    fn join_unwatched(
        &mut self,
        key: FlowKey,
        side: Side,
        at: Timestamp,
        segment: &Segment<'_>,
    ) -> Option<(EntryId, Side)> {
        if segment.flags.ack && self.table.completes_apart(segment) {
            return None;
        }
        if let Some(Half::Entry(id, _)) = self.table.take_other_half(segment, self.now) {
            return self.join_entry(id, key, side, segment);
        }
        self.table.note_apart(segment, at, self.now, &mut self.flow);
        if let Some(trail) = &mut self.trail {
            let number = if segment.flags.ack { segment.ack } else { segment.seq.wrapping_add(1) };
            trail.apart(key, SeqNumber(number));
        }
        None
    }

    /// A segment with SYN was taken: what goes on from it may have other addresses.
    pub(super) fn note_half(&mut self, id: EntryId, segment: &Segment<'_>) {
        if segment.flags.ack && !self.table.lacks_syn(id, segment) {
            return self.note_copy(id);
        }
        let other = self.table.note_half(id, segment, self.now, &mut self.flow);
        if let Some(other) = other.filter(|_| !segment.flags.ack) {
            for (id, other) in [(id, other), (other, id)] {
                let serial = self.table.entry(other).map(|entry| entry.serial());
                if let (Some(entry), Some(serial)) = (self.table.entry(id), serial) {
                    entry.app.like_it = Some((other, serial));
                }
            }
        }
    }

    /// Says of a connection whose SYN was answered that it is another's copy, before NAT or after it.
    fn note_copy(&mut self, id: EntryId) {
        let Some((other, serial)) = self.table.entry(id).and_then(|entry| entry.app.like_it) else { return };
        let is_there = self.table.entry(other).is_some_and(|entry| entry.serial() == serial);
        if !is_there || !self.table.are_one([id, other]) {
            return;
        }
        let [here, there] = [id, other].map(|id| {
            let entry = self.table.entry(id)?;
            // Answers that are sent again say no more.
            entry.app.like_it = None;
            Some(four_tuple(entry.ends()))
        });
        self.outlet.stats.nat_copies += 1;
        self.outlet.notices.warn(self.now, Kind::NatCopy, || {
            let message = "a connection is captured before NAT and after it: its exchanges come out twice".to_owned();
            (message, vec![("connection", here.unwrap_or_default()), ("copy", there.unwrap_or_default())])
        });
    }

    /// A segment with SYN whose addresses are new: what it makes whole, if that began with others.
    pub(super) fn join(&mut self, key: FlowKey, side: Side, segment: &Segment<'_>) -> Option<(EntryId, Side)> {
        let apart = match self.table.take_other_half(segment, self.now)? {
            Half::Entry(id, _) => return self.join_entry(id, key, side, segment),
            Half::Apart(apart) => apart,
        };
        let half = apart.segment();
        let (own, own_side) = apart.key();
        if !self.is_sampled(if segment.flags.ack { &own } else { &key }) {
            return None;
        }
        if !segment.flags.ack {
            // The answer came first, and its port is not watched.
            let id = self.open(key);
            self.table.join(id, own, own_side, side.other());
            self.table.tell(id, side.other(), half.source);
            self.pass_on(id, side.other(), apart.at, &half);
            self.note_apart_packet(&apart, id);
            self.flow.joined_connections += 1;
            return Some((id, side));
        }
        let id = self.open(own);
        self.pass_on(id, own_side, apart.at, &half);
        self.note_apart_packet(&apart, id);
        self.join_entry(id, key, side, segment)
    }

    /// It may be the last of a connection that had these addresses too.
    fn note_after_close(&mut self, key: &FlowKey, side: Side, segment: &Segment<'_>) {
        if let Some(trail) = &mut self.trail
            && let Some(serial) = self.table.ended_serial(key)
            && self.table.is_after_close(key, side, segment, &mut FlowCounters::default())
        {
            trail.is_of(serial);
        }
    }

    /// The packet that was set apart is this connection's.
    fn note_apart_packet(&mut self, apart: &Apart, id: EntryId) {
        if let Some(trail) = &mut self.trail
            && let Some(entry) = self.table.entry(id)
        {
            trail.apart_is_of(&apart.key().0, apart.opening().number, entry.serial());
        }
    }

    /// Makes the segment's key one of this entry's, and says which side of it has sent the segment.
    fn join_entry(
        &mut self,
        id: EntryId,
        key: FlowKey,
        of_key: Side,
        segment: &Segment<'_>,
    ) -> Option<(EntryId, Side)> {
        let entry = self.table.entry(id)?;
        let side = entry.side_of_other_half(segment)?;
        let is_of_next = entry.connection.announced_syn(side, segment).is_some();
        if is_of_next && !entry.is_joined() && entry.connection.has_seen(side) {
            // Another server has spoken: a SYN and an answer that may both be forged do not end that.
            return None;
        }
        let id = if is_of_next { self.replace(id, side, segment)? } else { id };
        if !is_of_next && !self.table.join(id, key, of_key, side) {
            return None;
        }
        if segment.flags.ack {
            self.table.tell(id, side, segment.source);
            self.table.entry(id)?.app.origin = None;
        }
        self.flow.joined_connections += 1;
        Some((id, side))
    }
}
