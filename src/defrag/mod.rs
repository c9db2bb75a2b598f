//! IP reassembly: fragments in, whole datagrams out (RFC 791 §3.2, RFC 8200 §4.5).
//!
//! In: fragments that may carry TCP, and packet time. Out: a datagram's bytes, copied once, for `decode::decode_reassembled`.
//! Knows neither TCP nor the frame nor a clock, and what it does follows from its input alone. All it holds is bounded;
//! each datagram that it gives up is counted once.

mod pieces;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use crate::decode::Fragment;
use crate::time::Timestamp;
use pieces::{Pieces, Refusal};

/// Datagrams in progress; the oldest goes. TCP avoids fragments, so more than a few at once is loss or an attack.
pub const MAX_DATAGRAMS: usize = 256;
/// Bytes held in all, with what holding them costs; the oldest datagram goes. Sixty of the largest fit. It is exceeded
/// by one fragment at most, while that is taken in.
pub const MAX_HELD_BYTES: usize = 4 * 1024 * 1024;
/// From a datagram's first fragment, in packet time; as long as Linux waits (`ipfrag_time`).
pub const LIFETIME_MICROS: i64 = 30_000_000;

/// Datagrams just completed, whose late duplicates begin no new datagram: where a packet is captured twice (`any`, a bridge)
/// the second copy of the last fragment would wait in vain and be counted as a loss.
const MAX_FINISHED: usize = 16;
/// How late a duplicate may be. Much less than it takes a sender to come round to an identification again.
const DUPLICATE_MICROS: i64 = 1_000_000;

/// A reassembled datagram's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// The protocol that `bytes` begin with: TCP, a tunnel, or an extension header that TCP may follow.
    pub next_header: u8,
    /// As [`Defragmenter::serial_of`] returned it while it was in progress.
    pub serial: u64,
    pub bytes: Vec<u8>,
}

/// Monotonic counters of datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DefragStats {
    pub reassembled: u64,
    /// Not complete within `LIFETIME_MICROS`.
    pub timed_out: u64,
    /// The oldest when `MAX_DATAGRAMS` or `MAX_HELD_BYTES` was reached.
    pub evicted: u64,
    /// IPv6 fragments that overlap (RFC 5722 §4). In IPv4 the first arrival wins and nothing is lost.
    pub overlap: u64,
    /// Larger than an IP datagram can be, or in more pieces than any real path makes.
    pub oversize: u64,
    /// Fragments that contradict each other about the datagram's end, are empty, or are ragged (IPv6).
    pub malformed: u64,
    /// A fragment was cut off by the snaplen.
    pub cut: u64,
}

impl DefragStats {
    /// Datagrams given up, whatever the reason.
    pub fn lost(&self) -> u64 {
        self.timed_out + self.evicted + self.overlap + self.oversize + self.malformed + self.cut
    }
}

/// RFC 791 tells datagrams apart by protocol too; RFC 8200 does not, since there the first fragment's value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct DatagramKey {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: Option<u8>,
}

impl DatagramKey {
    fn of(fragment: &Fragment<'_>) -> Self {
        Self {
            source: fragment.source,
            destination: fragment.destination,
            identification: fragment.identification,
            protocol: fragment.source.is_ipv4().then_some(fragment.next_header),
        }
    }
}

#[derive(Debug)]
struct Assembly {
    /// Its place in `Defragmenter::by_age`.
    serial: u64,
    began: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    Collecting(Pieces),
    /// Counted already; what is still to come of it is ignored until its time is over.
    GivenUp,
}

#[derive(Debug, Default)]
pub struct Defragmenter {
    datagrams: HashMap<DatagramKey, Assembly, ahash::RandomState>,
    /// Exactly the keys of `datagrams`, oldest first.
    by_age: BTreeMap<u64, DatagramKey>,
    next_serial: u64,
    /// Sum of `Pieces::cost` over `datagrams`.
    held_bytes: usize,
    /// At most `MAX_FINISHED`, oldest first.
    finished: VecDeque<(DatagramKey, Timestamp)>,
    stats: DefragStats,
}

impl Defragmenter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn stats(&self) -> &DefragStats {
        &self.stats
    }

    /// Gauge: what is held now, at most `MAX_HELD_BYTES`.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// True when others of its datagram came before.
    pub fn has_begun(&self, fragment: &Fragment<'_>) -> bool {
        self.datagrams.contains_key(&DatagramKey::of(fragment))
    }

    /// Of the datagram in progress to which this fragment was added; no other has the same number. `None` if what comes of its datagram
    /// is ignored: it was given up, or it is complete.
    pub fn serial_of(&self, fragment: &Fragment<'_>) -> Option<u64> {
        let assembly = self.datagrams.get(&DatagramKey::of(fragment))?;
        matches!(assembly.state, State::Collecting(_)).then_some(assembly.serial)
    }

    /// Takes in one fragment; returns the datagram that it completes.
    pub fn push(&mut self, now: Timestamp, fragment: Fragment<'_>) -> Option<Datagram> {
        self.expire(now);
        let key = DatagramKey::of(&fragment);
        if !self.datagrams.contains_key(&key) {
            if self.is_late_duplicate(&key, now) {
                return None;
            }
            self.begin(key, now);
        }
        let assembly = self.datagrams.get_mut(&key)?;
        let State::Collecting(pieces) = &mut assembly.state else { return None };
        self.held_bytes -= pieces.cost();
        if let Err(refusal) = pieces.add(&fragment) {
            assembly.state = State::GivenUp;
            self.count(refusal);
            return None;
        }
        if pieces.is_complete() {
            let (next_header, bytes) = pieces.join();
            let serial = assembly.serial;
            self.by_age.remove(&serial);
            self.datagrams.remove(&key);
            self.finish(key, now);
            return Some(Datagram { source: key.source, destination: key.destination, next_header, serial, bytes });
        }
        self.held_bytes += pieces.cost();
        while self.held_bytes > MAX_HELD_BYTES && self.evict_oldest() {}
        None
    }

    /// Gives up what has waited too long; `push` does so too, a tick frees the memory when nothing is pushed.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((_, key)) = self.by_age.first_key_value() {
            let key = *key;
            if self.datagrams.get(&key).is_some_and(|oldest| now.micros_since(oldest.began) < LIFETIME_MICROS) {
                break;
            }
            self.stats.timed_out += u64::from(self.remove_oldest());
        }
    }

    fn begin(&mut self, key: DatagramKey, now: Timestamp) {
        while self.datagrams.len() >= MAX_DATAGRAMS && self.evict_oldest() {}
        let serial = self.next_serial;
        self.next_serial += 1;
        self.by_age.insert(serial, key);
        self.datagrams.insert(key, Assembly { serial, began: now, state: State::Collecting(Pieces::default()) });
    }

    fn finish(&mut self, key: DatagramKey, now: Timestamp) {
        self.stats.reassembled += 1;
        if self.finished.len() >= MAX_FINISHED {
            self.finished.pop_front();
        }
        self.finished.push_back((key, now));
    }

    fn is_late_duplicate(&self, key: &DatagramKey, now: Timestamp) -> bool {
        self.finished.iter().any(|(other, at)| other == key && now.micros_since(*at) < DUPLICATE_MICROS)
    }

    /// False when there is none.
    fn evict_oldest(&mut self) -> bool {
        let any = !self.by_age.is_empty();
        self.stats.evicted += u64::from(self.remove_oldest());
        any
    }

    /// True when that lost a datagram which was not counted before.
    fn remove_oldest(&mut self) -> bool {
        let removed = self.by_age.pop_first().and_then(|(_, key)| self.datagrams.remove(&key));
        match removed.map(|assembly| assembly.state) {
            Some(State::Collecting(pieces)) => {
                self.held_bytes -= pieces.cost();
                true
            }
            Some(State::GivenUp) | None => false,
        }
    }

    fn count(&mut self, refusal: Refusal) {
        let counter = match refusal {
            Refusal::Overlap => &mut self.stats.overlap,
            Refusal::Oversize => &mut self.stats.oversize,
            Refusal::Malformed => &mut self.stats.malformed,
            Refusal::Cut => &mut self.stats.cut,
        };
        *counter += 1;
    }
}
