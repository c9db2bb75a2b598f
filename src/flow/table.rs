//! All connections: found by key, ordered by activity, woken by deadline; and those that ended lately.
//!
//! `A` is what the layer above keeps for each connection.

mod joining;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use ahash::RandomState;

use super::counters::FlowCounters;
use super::halves::Halves;
use super::index::Index;
use super::joined::Joined;
use super::prefetch::prefetch;
use super::{
    CLOSED_MEMORY_MS, Connection, EntryId, FlowKey, MAX_CLOSED_REMEMBERED, MAX_LATE_SYN_BYTES, MAX_WINDOW_BYTES,
    Patience, SeqNumber, Side,
};
use crate::decode::Segment;
use crate::time::Timestamp;

/// Stale timers (of connections that are gone) allowed beyond one for each connection.
const STALE_TIMERS: usize = 1_024;

/// With fewer bytes after `first`, a number before it is not mistaken for a number 4 GiB later: they are told apart within
/// 2 GiB, of which a window takes its part.
const MAX_SHORT_BYTES: u64 = 1 << 30;

/// So many entries, with all that is theirs, are in a processor's second cache at least.
const NEAR_ENTRIES: usize = 256;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub struct Entry<A> {
    pub key: FlowKey,
    joined: Option<Box<Joined>>,
    pub connection: Connection,
    pub app: A,
    last_active: Timestamp,
    /// Unique among all entries, so that timers of an earlier tenant of the slot are recognised.
    serial: u64,
    armed: Option<Timestamp>,
    older: u32,
    newer: u32,
}

impl<A> Entry<A> {
    pub fn serial(&self) -> u64 {
        self.serial
    }
}

/// An ended connection: where each direction began and ended.
#[derive(Debug, Clone, Copy)]
struct Ended {
    at: Timestamp,
    /// Of its entry.
    serial: u64,
    /// It went on, and was left out from then on.
    is_left_out: bool,
    /// Who sent the reset that ended it.
    reset_by: Option<Side>,
    first: [Option<SeqNumber>; 2],
    /// `first` is known from a SYN.
    began_with_syn: [bool; 2],
    next: [Option<SeqNumber>; 2],
    /// So little came after `first` that the numbers before and after it are told apart.
    is_short: [bool; 2],
}

impl Ended {
    fn of<A>(Entry { serial, connection, .. }: &Entry<A>, at: Timestamp) -> Self {
        Self {
            at,
            serial: *serial,
            is_left_out: false,
            reset_by: connection.reset_by(),
            first: Side::BOTH.map(|side| connection.first_seq(side)),
            began_with_syn: Side::BOTH.map(|side| connection.began_with_syn(side)),
            next: Side::BOTH.map(|side| connection.next_seq(side)),
            is_short: Side::BOTH.map(|side| connection.length(side) < MAX_SHORT_BYTES),
        }
    }

    /// True of a number before the first of a side whose SYN was captured: nothing stood there.
    fn is_before_the_first(&self, index: usize, number: SeqNumber) -> bool {
        let [is_exact, is_short] = [&self.began_with_syn, &self.is_short].map(|of| of.get(index) == Some(&true));
        let first = self.first.get(index).copied().flatten();
        is_exact && is_short && first.is_some_and(|first| number.since(first) < 0)
    }

    /// For a key whose sides are the other way round.
    fn flipped(mut self) -> Self {
        self.reset_by = self.reset_by.map(Side::other);
        self.first.reverse();
        self.began_with_syn.reverse();
        self.next.reverse();
        self.is_short.reverse();
        self
    }
}

#[derive(Debug)]
pub struct Table<A> {
    patience: Patience,
    index: Index,
    /// SYNs without an answer on their key, and answers without a SYN.
    syns: Halves,
    answers: Halves,
    /// Entries with further keys.
    joined: usize,
    slots: Vec<Option<Entry<A>>>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    next_serial: u64,
    timers: BinaryHeap<Reverse<(Timestamp, u32, u64)>>,
    ended: HashMap<FlowKey, Ended, RandomState>,
    /// In order of their end; an entry with another time than `ended` has is of an earlier connection of that key.
    ended_order: VecDeque<(Timestamp, FlowKey)>,
}

impl<A> Table<A> {
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            index: Index::default(),
            syns: Halves::default(),
            answers: Halves::default(),
            joined: 0,
            slots: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            next_serial: 1,
            timers: BinaryHeap::new(),
            ended: HashMap::default(),
            ended_order: VecDeque::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The connection of a key, and which side of it this side of the key is.
    pub fn find(&self, key: &FlowKey, side: Side) -> Option<(EntryId, Side)> {
        let is_far = self.is_far();
        let slot = self.index.find(key, |slot| {
            let Some(slot) = self.slots.get(slot as usize) else { return false };
            if is_far {
                prefetch(slot);
            }
            slot.as_ref().is_some_and(|entry| entry.key == *key || entry.is_joined() && entry.flips(key).is_some())
        })?;
        let id = EntryId(slot);
        Some((id, if self.has_joined() && self.flips(id, key) { side.other() } else { side }))
    }

    /// There are more entries than the fast memory of a processor holds.
    #[inline]
    pub fn is_far(&self) -> bool {
        self.slots.len() > NEAR_ENTRIES
    }

    pub fn entry(&mut self, id: EntryId) -> Option<&mut Entry<A>> {
        self.slots.get_mut(id.0 as usize)?.as_mut()
    }

    /// All connections, in no order.
    pub fn ids(&self) -> Vec<EntryId> {
        let used = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some());
        used.map(|(slot, _)| EntryId(slot as u32)).collect()
    }

    pub fn insert(&mut self, key: FlowKey, app: A, now: Timestamp) -> EntryId {
        let entry = Entry {
            key,
            joined: None,
            connection: Connection::default(),
            app,
            last_active: now,
            serial: self.next_serial,
            armed: None,
            older: NONE,
            newer: NONE,
        };
        self.next_serial += 1;
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(entry);
        }
        self.index.insert(&key, slot);
        self.link_newest(slot);
        EntryId(slot)
    }

    /// Removes an entry, and remembers how far it had come. It is dropped where it lies: to move it costs more than all else here.
    pub fn end(&mut self, id: EntryId, now: Timestamp) {
        self.unlink(id.0);
        let Some(entry) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let (key, joined) = (entry.key, entry.joined.take());
        let ended = Ended::of(entry, now);
        if let Some(place) = self.slots.get_mut(id.0 as usize) {
            *place = None;
        }
        self.free.push(id.0);
        self.index.remove(&key, id.0);
        self.remember(key, ended);
        if let Some(joined) = joined {
            self.part(id, &joined, &ended);
        }
    }

    /// New data: the connection is now the most recently active one.
    pub fn touch(&mut self, id: EntryId, now: Timestamp) {
        if self.newest != id.0 {
            self.unlink(id.0);
            self.link_newest(id.0);
        }
        if let Some(entry) = self.entry(id) {
            entry.last_active = now;
        }
    }

    /// The least recently active connection.
    pub fn oldest(&self) -> Option<EntryId> {
        (self.oldest != NONE).then_some(EntryId(self.oldest))
    }

    /// The least recently active connection, if it has been idle for so long.
    pub fn idle(&self, now: Timestamp, idle_timeout_ms: u64) -> Option<EntryId> {
        let entry = self.slots.get(self.oldest as usize)?.as_ref()?;
        (entry.last_active.plus_millis(idle_timeout_ms) <= now).then_some(EntryId(self.oldest))
    }

    /// Sets the timer by the connection's own deadline.
    pub fn arm(&mut self, id: EntryId) {
        let Some(entry) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        if entry.connection.is_quiet() {
            return;
        }
        let Some(deadline) = entry.connection.deadline(self.patience) else { return };
        if entry.armed.is_none_or(|armed| deadline < armed) {
            entry.armed = Some(deadline);
            self.timers.push(Reverse((deadline, id.0, entry.serial)));
        }
        if self.timers.len() > 2 * self.len() + STALE_TIMERS {
            let slots = &self.slots;
            self.timers.retain(|Reverse((deadline, slot, serial))| {
                let entry = slots.get(*slot as usize).and_then(Option::as_ref);
                entry.is_some_and(|entry| entry.serial == *serial && entry.armed == Some(*deadline))
            });
        }
    }

    /// A connection whose deadline has passed. Call until `None`, giving each `on_time` and arming it again.
    pub fn due(&mut self, now: Timestamp) -> Option<EntryId> {
        let patience = self.patience;
        while let Some(&Reverse((deadline, slot, serial))) = self.timers.peek() {
            if deadline > now {
                return None;
            }
            self.timers.pop();
            if let Some(entry) = self.entry(EntryId(slot)).filter(|entry| entry.serial == serial) {
                entry.armed = None;
                if entry.connection.deadline(patience).is_some_and(|deadline| deadline <= now) {
                    return Some(EntryId(slot));
                }
                self.arm(EntryId(slot));
            }
        }
        None
    }

    fn remember(&mut self, key: FlowKey, ended: Ended) {
        while let Some(&(at, key)) = self.ended_order.front() {
            if self.ended_order.len() < MAX_CLOSED_REMEMBERED && at.plus_millis(CLOSED_MEMORY_MS) > ended.at {
                break;
            }
            self.ended_order.pop_front();
            if self.ended.get(&key).is_some_and(|ended| ended.at == at) {
                self.ended.remove(&key);
            }
        }
        self.ended_order.push_back((ended.at, key));
        self.ended.insert(key, ended);
    }

    /// A connection on this key ended lately.
    pub fn remembers(&self, key: &FlowKey) -> bool {
        self.ended.contains_key(key)
    }

    /// The connection on this key, which ended just now, goes on, and is not read from now on.
    pub fn leave_out(&mut self, key: &FlowKey) {
        if let Some(ended) = self.ended.get_mut(key) {
            ended.is_left_out = true;
        }
    }

    /// True for so long that nothing that was read is sent again, which would be read twice, and that what was under way has ended.
    pub fn is_left_out(&self, key: &FlowKey, now: Timestamp) -> bool {
        self.ended.get(key).is_some_and(|ended| ended.is_left_out && ended.at.plus_millis(CLOSED_MEMORY_MS) > now)
    }

    /// The serial of the last connection on this key, if that ended lately.
    pub fn ended_serial(&self, key: &FlowKey) -> Option<u64> {
        self.ended.get(key).map(|ended| ended.serial)
    }

    /// True for a segment of a connection that has ended: nothing in it is new, or its receiver was not there any more (what was
    /// under way to the side that sent a reset still comes by). Bytes that were never delivered are counted.
    pub fn is_after_close(
        &self,
        key: &FlowKey,
        side: Side,
        segment: &Segment<'_>,
        counters: &mut FlowCounters,
    ) -> bool {
        let Some(ended) = self.ended.get(key) else { return false };
        let index = usize::from(side == Side::High);
        let [first, next] = [&ended.first, &ended.next].map(|of| of.get(index).copied().flatten());
        let is_exact = ended.began_with_syn.get(index) == Some(&true);
        let begins = SeqNumber(segment.seq).plus(u32::from(segment.flags.syn));
        let length = segment.payload.len() as u32 + segment.missing;
        let ahead = next.map(|next| begins.plus(length).since(next));
        let is_after = if segment.flags.syn {
            let late = first.map(|first| first.since(begins));
            late.is_some_and(|late| late == 0 || !is_exact && (0..=MAX_LATE_SYN_BYTES).contains(&late))
        } else {
            let next_of_other = ended.next.get(1 - index).copied().flatten();
            let is_near = |distance: i32| u64::from(distance.unsigned_abs()) <= MAX_WINDOW_BYTES;
            let ack = SeqNumber(segment.ack);
            let acks_it =
                next_of_other.is_none_or(|next| is_near(ack.since(next))) && !ended.is_before_the_first(1 - index, ack);
            let is_over = |ahead: i32| ahead <= 0 || ended.reset_by == Some(side.other());
            (acks_it || !segment.flags.ack)
                && ahead.is_some_and(|ahead| is_over(ahead) && is_near(ahead))
                && !ended.is_before_the_first(index, begins.plus(u32::from(length < 2)))
        };
        if is_after && length > 0 {
            let within = |bytes: i32| u64::from(bytes.clamp(0, length as i32).unsigned_abs());
            // Where the SYN did not tell where the stream begins.
            let before = first.filter(|_| !is_exact).map_or(0, |first| first.since(begins));
            counters.late_at_pickup_bytes += within(before);
            counters.unplaced_bytes += within(ahead.unwrap_or(0));
        }
        is_after
    }

    fn link_newest(&mut self, slot: u32) {
        let newest = self.newest;
        if let Some(entry) = self.entry(EntryId(slot)) {
            entry.older = newest;
            entry.newer = NONE;
        }
        match self.entry(EntryId(newest)) {
            Some(entry) => entry.newer = slot,
            None => self.oldest = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Some((older, newer)) = self.entry(EntryId(slot)).map(|entry| (entry.older, entry.newer)) else { return };
        match self.entry(EntryId(older)) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
        match self.entry(EntryId(newer)) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
    }
}
