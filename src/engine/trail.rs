//! Which packets were those of some connections, for a copy of them.
//!
//! In: the numbers of the connections; then whose each packet turns out to be. Out: the numbers of their packets, from 0; where it is
//! asked for, the secrets of their TLS. Refuses to know: frames, files.
//!
//! A packet may be known for theirs only later: a fragment with the last one of its datagram, a SYN without a watched port or
//! on an open connection with its answer.

mod numbers;

use std::collections::{HashSet, VecDeque};

use zeroize::Zeroizing;

pub use numbers::{MAX_NUMBER, Numbers};

use crate::defrag;
use crate::flow::{FlowKey, SeqNumber};
use crate::tls::{KeyStore, MAX_KEY_BYTES, Random};

/// Packets with a SYN of which no port is watched, and others with a SYN whose connection is not known yet; past it the oldest is
/// forgotten. As many as the engine remembers.
const MAX_APART: usize = 4_096;

/// Datagrams whose fragments are remembered: as many as are put together at one time. The oldest of either goes first, so that no
/// datagram that is still put together is forgotten here.
const MAX_DATAGRAMS: usize = defrag::MAX_DATAGRAMS;

/// Of a datagram; real datagrams have at most some dozens.
const MAX_FRAGMENTS: usize = 8_192;

/// Randoms whose secrets are taken, each once; past it those of other connections are left out.
const MAX_RANDOMS: usize = 65_536;

#[derive(Debug, Default)]
pub struct Trail {
    connections: Numbers,
    /// Of `connections`: a packet of them came.
    met: Numbers,
    packets: Numbers,
    /// A packet of them has too large a number.
    overflows: bool,
    /// The packet at hand.
    packet: u64,
    /// Those before it that are of the same datagram.
    earlier: Vec<u64>,
    /// Each datagram by its serial: others have the same identification later.
    fragments: VecDeque<(u64, Vec<u64>)>,
    /// With its addresses, and the number by which the halves of a handshake find each other.
    apart: VecDeque<(FlowKey, SeqNumber, u64)>,
    /// SYNs on open connections: each its connection, its number, its packet.
    syns: VecDeque<(u64, SeqNumber, u64)>,
    secrets: Option<Secrets>,
}

#[derive(Debug, Default)]
struct Secrets {
    /// Whose secrets are in `log`.
    randoms: HashSet<Random, ahash::RandomState>,
    log: Zeroizing<Vec<u8>>,
}

impl Trail {
    /// Of these connections.
    pub fn new(connections: Numbers, with_secrets: bool) -> Self {
        Self { connections, secrets: with_secrets.then(Secrets::default), ..Self::default() }
    }

    /// Connections of which no packet came.
    pub fn missing(&self) -> u64 {
        self.connections.len() - self.met.len()
    }

    /// There are more packets than can be told apart.
    pub fn overflows(&self) -> bool {
        self.overflows
    }

    /// The numbers of the packets, and lines of a key log.
    pub fn into_parts(self) -> (Numbers, Zeroizing<Vec<u8>>) {
        (self.packets, self.secrets.map(|secrets| secrets.log).unwrap_or_default())
    }

    pub(super) fn begin(&mut self, packet: u64) {
        self.packet = packet;
        self.earlier.clear();
    }

    /// The packet at hand has a fragment of this datagram, which is not complete; of none if the fragment is ignored.
    pub(super) fn fragment(&mut self, serial: Option<u64>) {
        let Some(serial) = serial else { return };
        let own = self.earlier.iter().copied().chain([self.packet]);
        match self.fragments.iter_mut().find(|(known, _)| *known == serial) {
            Some((_, packets)) if packets.len() < MAX_FRAGMENTS => packets.extend(own),
            Some(_) => {}
            None => {
                let packets = own.collect();
                if self.fragments.len() >= MAX_DATAGRAMS {
                    self.fragments.pop_front();
                }
                self.fragments.push_back((serial, packets));
            }
        }
    }

    /// It completes this datagram.
    pub(super) fn completes(&mut self, serial: u64) {
        let Some(at) = self.fragments.iter().position(|(known, _)| *known == serial) else { return };
        if let Some((_, packets)) = self.fragments.remove(at) {
            self.earlier.extend(packets);
        }
    }

    /// It has a SYN, and whose that is the other half of the handshake may tell.
    pub(super) fn apart(&mut self, key: FlowKey, number: SeqNumber) {
        for &packet in self.earlier.iter().chain([&self.packet]) {
            if self.apart.len() >= MAX_APART {
                self.apart.pop_front();
            }
            self.apart.push_back((key, number, packet));
        }
    }

    /// It is a connection's. True if that is one of those that are looked for.
    pub(super) fn is_of(&mut self, connection: u64) -> bool {
        if !self.connections.contains(connection) {
            return false;
        }
        self.met.insert(connection);
        for &packet in self.earlier.iter().chain([&self.packet]) {
            self.overflows |= !self.packets.insert(packet);
        }
        true
    }

    /// It has a SYN of this connection, which had begun before: it may be the next one's.
    pub(super) fn syn(&mut self, connection: u64, number: SeqNumber) {
        if self.syns.len() >= MAX_APART {
            self.syns.pop_front();
        }
        self.syns.push_back((connection, number, self.packet));
    }

    /// The SYNs on `before` with this number are those of the connection in its place.
    pub(super) fn syns_are_of(&mut self, before: u64, number: SeqNumber, connection: u64) {
        let is_wanted = self.connections.contains(connection);
        let Self { syns, packets, overflows, .. } = self;
        syns.retain(|(known, of, packet)| {
            let is_it = (*known, *of) == (before, number);
            match (is_it, is_wanted) {
                (true, true) => *overflows |= !packets.insert(*packet),
                (true, false) => packets.remove(*packet),
                _ => {}
            }
            !is_it
        });
    }

    /// The packets that were set apart with this key and this number belong to this connection.
    pub(super) fn apart_is_of(&mut self, key: &FlowKey, number: SeqNumber, connection: u64) {
        let is_wanted = self.connections.contains(connection);
        let Self { apart, packets, overflows, .. } = self;
        apart.retain(|(known, of, packet)| {
            let is_it = known == key && *of == number;
            if is_it && is_wanted {
                *overflows |= !packets.insert(*packet);
            }
            !is_it
        });
    }

    /// A connection that is looked for has these randoms.
    pub(super) fn take_secrets(&mut self, randoms: &[Random], keys: &KeyStore) {
        let Some(Secrets { randoms: taken, log }) = &mut self.secrets else { return };
        for random in randoms {
            if taken.len() < MAX_RANDOMS && !taken.contains(random) && log.len() < MAX_KEY_BYTES {
                taken.insert(*random);
                keys.write_log(random, log);
            }
        }
    }
}
