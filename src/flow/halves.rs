//! Halves of handshakes: a SYN whose answer has not come, or an answer whose SYN has not.
//!
//! NAT may rewrite the addresses of one direction only where a capture sees them (REDIRECT to a proxy on the loopback, a
//! cluster IP that this host serves): `client -> proxy`, `server -> client`. The halves of such a handshake have the
//! client's endpoint and a number in common: the answer acknowledges the SYN (RFC 9293 §3.5).

use ahash::RandomState;

use super::key::{EntryId, FlowKey, Side};
use super::seq::SeqNumber;
use crate::decode::{Endpoint, Flags, Segment};
use crate::time::Timestamp;

/// Halves remembered at one time, of either kind. Where the addresses of one direction are rewritten the other half is
/// microseconds away, so that these are thousands of connections being opened at once.
pub const MAX_HALVES: usize = 4_096;

/// Where answers came that late after their SYNs, or before them, it is not looked for what they belong to.
pub const HALF_MEMORY_MS: u64 = 10_000;

/// Halves whose numbers come to the same bucket; the oldest makes room.
const WAYS: usize = 4;
const BUCKETS: usize = MAX_HALVES / WAYS;

/// Who has the half of a handshake.
#[derive(Debug)]
pub enum Half {
    /// An entry of the table, with its serial.
    Entry(EntryId, u64),
    /// It has no watched port: its other half may have one.
    Apart(Box<Apart>),
}

impl Half {
    fn is_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Entry(one, serial), Self::Entry(other, of_other)) => (one, serial) == (other, of_other),
            (Self::Apart(one), Self::Apart(other)) => one.key() == other.key(),
            _ => false,
        }
    }
}

/// A SYN, or an answer to one, of which the ports are not watched.
#[derive(Debug)]
pub struct Apart {
    pub at: Timestamp,
    source: Endpoint,
    destination: Endpoint,
    seq: u32,
    ack: u32,
    flags: Flags,
    window: u16,
    headers: Vec<u8>,
    ip_header_len: u8,
    /// The other half came, on the same addresses.
    pub(super) is_whole: bool,
}

impl Apart {
    /// `None` if it has data, which is not kept.
    pub fn of(segment: &Segment<'_>, at: Timestamp) -> Option<Self> {
        let Segment { source, destination, seq, ack, flags, window, ip_header_len, .. } = *segment;
        let headers = segment.headers.to_vec();
        let has_data = !segment.payload.is_empty() || segment.missing > 0;
        (!has_data).then_some(Self {
            at,
            source,
            destination,
            seq,
            ack,
            flags,
            window,
            headers,
            ip_header_len,
            is_whole: false,
        })
    }

    pub fn opening(&self) -> Opening {
        Opening::of(&self.segment())
    }

    pub fn segment(&self) -> Segment<'_> {
        let Self { source, destination, seq, ack, flags, window, ip_header_len, .. } = *self;
        Segment {
            source,
            destination,
            seq,
            ack,
            flags,
            window,
            payload: &[],
            missing: 0,
            headers: &self.headers,
            ip_header_len,
        }
    }

    pub fn key(&self) -> (FlowKey, Side) {
        FlowKey::of(self.source, self.destination)
    }
}

/// Shared by both halves of a handshake: the client's endpoint, and the number after its SYN's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    pub client: Endpoint,
    pub number: SeqNumber,
}

impl Opening {
    /// Of a segment with SYN.
    pub fn of(segment: &Segment<'_>) -> Self {
        if segment.flags.ack {
            Self { client: segment.destination, number: SeqNumber(segment.ack) }
        } else {
            Self { client: segment.source, number: SeqNumber(segment.seq).plus(1) }
        }
    }
}

#[derive(Debug, Default)]
struct Bucket {
    halves: [Option<(SeqNumber, Half)>; WAYS],
    /// Where the oldest is.
    next: u8,
}

/// Halves of one kind, found by their numbers.
#[derive(Debug, Default)]
pub(super) struct Halves {
    /// The factor that numbers are multiplied with, odd and of this process: a sender cannot choose numbers of one bucket.
    secret: u32,
    /// None until there is a half.
    buckets: Vec<Bucket>,
    noted_at: Timestamp,
}

/// The result of remembering a half.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// It made room.
    pub forgotten: Option<(SeqNumber, Half)>,
    /// An entry's with the same number.
    pub like_it: Option<(EntryId, u64)>,
}

impl Halves {
    /// Remembers a half. Returns the half that makes room for it, and another half with its number.
    pub fn note(&mut self, number: SeqNumber, half: Half, now: Timestamp) -> Noted {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS, Bucket::default);
            self.secret = RandomState::default().hash_one(number.0) as u32 | 1;
        }
        self.noted_at = now;
        let mut noted = Noted::default();
        let Some(bucket) = self.bucket(number) else { return noted };
        for place in &bucket.halves {
            match place {
                Some((known, other)) if *known == number => {
                    if other.is_the_same(&half) {
                        return Noted::default();
                    }
                    if let Half::Entry(id, serial) = other {
                        noted.like_it = Some((*id, *serial));
                    }
                }
                _ => {}
            }
        }
        let oldest = usize::from(bucket.next) % WAYS;
        bucket.next = bucket.next.wrapping_add(1);
        noted.forgotten = bucket.halves.get_mut(oldest).and_then(|place| place.replace((number, half)));
        noted
    }

    /// The half with this number that `fits`. None if there are several: it is not known which of them it is.
    pub fn take(&mut self, number: SeqNumber, mut fits: impl FnMut(&Half) -> bool) -> Option<Half> {
        if self.buckets.is_empty() {
            return None;
        }
        let mut is_it = |held: &&mut Option<(SeqNumber, Half)>| {
            held.as_ref().is_some_and(|(known, half)| *known == number && fits(half))
        };
        let bucket = self.bucket(number)?;
        let mut found = bucket.halves.iter_mut().filter(|held| is_it(held));
        let half = found.next()?;
        if found.next().is_some() { None } else { half.take().map(|(_, half)| half) }
    }

    /// True if it has the SYN of this key, apart: it has its answer now.
    pub fn complete(&mut self, number: SeqNumber, key: FlowKey) -> bool {
        if self.buckets.is_empty() {
            return false;
        }
        let halves = self.bucket(number).into_iter().flat_map(|bucket| bucket.halves.iter_mut().flatten());
        for (known, half) in halves {
            match half {
                Half::Apart(apart) if *known == number && apart.key().0 == key => {
                    apart.is_whole = true;
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// There may be a half that is not too old.
    pub fn is_in_use(&self, now: Timestamp) -> bool {
        !self.buckets.is_empty() && self.noted_at.plus_millis(HALF_MEMORY_MS) > now
    }

    fn bucket(&mut self, number: SeqNumber) -> Option<&mut Bucket> {
        let mixed = number.0.wrapping_mul(self.secret);
        self.buckets.get_mut((mixed >> (u32::BITS - BUCKETS.ilog2())) as usize)
    }
}
