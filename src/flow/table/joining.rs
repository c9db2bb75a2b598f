//! Connections whose two directions have different addresses: one entry with two keys (see `halves`).

use super::{Ended, Entry, Table};
use crate::decode::{Endpoint, Segment};
use crate::flow::counters::FlowCounters;
use crate::flow::halves::{Apart, Half, Noted, Opening};
use crate::flow::joined::Joined;
use crate::flow::{Connection, Ends, EntryId, FlowKey, SeqNumber, Side};
use crate::time::Timestamp;

/// Further keys of a connection. A direction has one; a SYN that is sent again may be led to another server.
const MAX_OTHER_KEYS: usize = 3;

impl<A> Entry<A> {
    pub fn is_joined(&self) -> bool {
        self.joined.is_some()
    }

    /// Its key and those that it was joined by.
    pub fn keys(&self) -> impl Iterator<Item = FlowKey> {
        let others = self.joined.iter().flat_map(|joined| &joined.keys);
        std::iter::once(self.key).chain(others.map(|&(key, _)| key))
    }

    /// Whether the sides of this further key are the other way round here.
    #[inline(never)]
    pub(super) fn flips(&self, key: &FlowKey) -> Option<bool> {
        self.joined.as_ref()?.keys.iter().find(|(other, _)| other == key).map(|&(_, flips)| flips)
    }

    pub fn ends(&self) -> &Ends {
        self.joined.as_ref().map_or(self.key.ends(), |joined| &joined.ends)
    }

    /// Its ends, whether it is joined, and what else it has.
    #[inline]
    pub fn parts(&mut self) -> (&Ends, bool, &mut Connection, &mut A) {
        let joined = self.joined.as_ref();
        let ends = joined.map_or(self.key.ends(), |joined| &joined.ends);
        (ends, joined.is_some(), &mut self.connection, &mut self.app)
    }

    /// The side that sends this segment, if it is the half that the handshake lacks.
    pub fn side_of_other_half(&self, segment: &Segment<'_>) -> Option<Side> {
        let Opening { client, number } = Opening::of(segment);
        let side = self.awaits(number, segment.flags.ack).filter(|&side| self.ends().endpoint(side) == client)?;
        Some(if segment.flags.ack { side.other() } else { side })
    }

    fn awaits(&self, number: SeqNumber, answer: bool) -> Option<Side> {
        if answer { self.connection.awaits_answer(number) } else { self.connection.awaits_syn(number) }
    }
}

impl<A> Table<A> {
    /// The SYN that this segment answers was not captured.
    pub fn lacks_syn(&mut self, id: EntryId, segment: &Segment<'_>) -> bool {
        self.entry(id).is_some_and(|entry| entry.connection.awaits_syn(SeqNumber(segment.ack)).is_some())
    }

    /// The handshake of this entry may go on with other addresses. Returns another entry that has the same client and the same
    /// number, and no answer either.
    pub fn note_half(
        &mut self,
        id: EntryId,
        segment: &Segment<'_>,
        now: Timestamp,
        counters: &mut FlowCounters,
    ) -> Option<EntryId> {
        let serial = self.entry(id)?.serial;
        let (other, serial) = self.note(segment, Half::Entry(id, serial), now, counters)?;
        let Opening { client, number } = Opening::of(segment);
        let entry = holder(&self.slots, other, serial)?;
        let side = entry.awaits(number, !segment.flags.ack)?;
        (entry.ends().endpoint(side) == client).then_some(other)
    }

    /// True if these are the same connection, before NAT and after it: that changes neither of their numbers.
    pub fn are_one(&self, ids: [EntryId; 2]) -> bool {
        let [one, other] = ids.map(|EntryId(slot)| self.slots.get(slot as usize)?.as_ref()?.connection.numbers());
        one.is_some() && one == other
    }

    /// The same for a segment with SYN of which no port is watched.
    pub fn note_apart(&mut self, segment: &Segment<'_>, at: Timestamp, now: Timestamp, counters: &mut FlowCounters) {
        if let Some(apart) = Apart::of(segment, at) {
            self.note(segment, Half::Apart(Box::new(apart)), now, counters);
        }
    }

    fn note(
        &mut self,
        segment: &Segment<'_>,
        half: Half,
        now: Timestamp,
        counters: &mut FlowCounters,
    ) -> Option<(EntryId, u64)> {
        let number = Opening::of(segment).number;
        let halves = if segment.flags.ack { &mut self.answers } else { &mut self.syns };
        let Noted { forgotten, like_it } = halves.note(number, half, now);
        let Some((number, oldest)) = forgotten else { return like_it };
        let is_lost = match oldest {
            Half::Entry(id, serial) => {
                let holder = holder(&self.slots, id, serial);
                holder.is_some_and(|entry| entry.awaits(number, !segment.flags.ack).is_some())
            }
            Half::Apart(apart) => !apart.is_whole,
        };
        counters.forgotten_handshakes += u64::from(is_lost);
        like_it
    }

    /// Takes the other half of the handshake of this segment with SYN, of whose key there is no connection.
    pub fn take_other_half(&mut self, segment: &Segment<'_>, now: Timestamp) -> Option<Half> {
        let Opening { client, number } = Opening::of(segment);
        let slots = &self.slots;
        let fits = |half: &Half| match half {
            Half::Entry(id, serial) => {
                holder(slots, *id, *serial).is_some_and(|entry| entry.side_of_other_half(segment).is_some())
            }
            Half::Apart(apart) => apart.opening().client == client,
        };
        if segment.flags.ack {
            self.syns.take(number, fits)
        } else if self.answers.is_in_use(now) {
            self.answers.take(number, fits)
        } else {
            None
        }
    }

    /// True if it answers a SYN that was set apart and has the same addresses.
    pub fn completes_apart(&mut self, segment: &Segment<'_>) -> bool {
        let (key, _) = FlowKey::of(segment.source, segment.destination);
        self.syns.complete(Opening::of(segment).number, key)
    }

    /// From now on segments with this key are of this connection too; its `of_key` is the connection's `side`. False if they
    /// are another's.
    pub fn join(&mut self, id: EntryId, key: FlowKey, of_key: Side, side: Side) -> bool {
        if self.find(&key, of_key).is_some() {
            return false;
        }
        let Some(entry) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else { return false };
        self.joined += usize::from(entry.joined.is_none());
        let ends = *entry.key.ends();
        let joined = entry.joined.get_or_insert_with(|| Box::new(Joined { ends, keys: Vec::new() }));
        if joined.keys.len() >= MAX_OTHER_KEYS {
            return false;
        }
        joined.keys.push((key, of_key != side));
        self.index.insert(&key, id.0);
        true
    }

    /// This side of a joined connection has another address than its key says.
    pub fn tell(&mut self, id: EntryId, side: Side, endpoint: Endpoint) {
        if let Some(joined) = self.entry(id).and_then(|entry| entry.joined.as_mut()) {
            joined.ends.replace(side, endpoint);
        }
    }

    #[cold]
    pub(super) fn flips(&self, id: EntryId, key: &FlowKey) -> bool {
        self.slots.get(id.0 as usize).and_then(Option::as_ref).and_then(|entry| entry.flips(key)) == Some(true)
    }

    /// There is a connection with several keys.
    pub fn has_joined(&self) -> bool {
        self.joined > 0
    }

    /// A joined connection has ended: so have its other keys.
    pub(super) fn part(&mut self, id: EntryId, joined: &Joined, ended: &Ended) {
        self.joined -= 1;
        for &(key, flipped) in &joined.keys {
            self.index.remove(&key, id.0);
            self.remember(key, if flipped { ended.flipped() } else { *ended });
        }
    }
}

fn holder<A>(slots: &[Option<Entry<A>>], id: EntryId, serial: u64) -> Option<&Entry<A>> {
    slots.get(id.0 as usize)?.as_ref().filter(|entry| entry.serial == serial)
}
