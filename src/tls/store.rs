//! The secrets of the key logs, by the client's random, bounded.

use std::collections::{HashMap, HashSet, VecDeque};

use zeroize::Zeroizing;

use super::hello::Random;
use super::secret::{Label, MAX_LINE_BYTES, Secret, push_hex};

/// Connections whose secrets are kept until they are used: past it the oldest go. A minute of a server with 1 000 handshakes a
/// second.
pub const MAX_KEYED_CONNECTIONS: usize = 65_536;

/// The same in memory: 65 536 connections of TLS 1.3 with SHA-384, with their share of the table.
pub const MAX_KEY_BYTES: usize = 40 << 20;

/// A random, its place in the order, its share of the table.
const ENTRY_BYTES: usize = 160;

/// A secret's allocation and what points to it.
const SECRET_BYTES: usize = 32;

/// Entries of the order beyond twice the connections: what is taken out stays in it for a while.
const ORDER_SLACK: usize = 1_024;

/// Counters of the lines that were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyLogCounters {
    /// Secrets that were taken; doubled secrets once.
    pub secrets: u64,
    /// Lines with labels that open no record, and comments.
    pub ignored_lines: u64,
    /// No key log lines.
    pub broken_lines: u64,
}

#[derive(Debug, Default)]
struct Entry {
    serial: u64,
    /// At most one of each label.
    secrets: Vec<(Label, Secret)>,
}

impl Entry {
    fn cost(&self) -> usize {
        ENTRY_BYTES + self.secrets.iter().map(|(_, secret)| secret.bytes().len() + SECRET_BYTES).sum::<usize>()
    }
}

#[derive(Debug, Default)]
pub struct KeyStore {
    entries: HashMap<Random, Entry, ahash::RandomState>,
    /// By age, each with its serial; what was taken out in the meantime is passed over.
    order: VecDeque<(Random, u64)>,
    serial: u64,
    bytes: usize,
    awaited: HashSet<Random, ahash::RandomState>,
    arrived: Vec<Random>,
    pub counters: KeyLogCounters,
    /// Connections whose secrets made room for newer secrets before they were used.
    pub evicted: u64,
    max_connections: Option<usize>,
}

impl KeyStore {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The memory that it holds, about.
    pub fn buffered_bytes(&self) -> usize {
        self.bytes
    }

    /// Of the same label the newest counts: a line that was cut where it still is one may come again whole.
    pub fn add(&mut self, random: &Random, label: Label, secret: Secret) {
        if !self.entries.contains_key(random) {
            self.serial += 1;
            self.entries.insert(*random, Entry { serial: self.serial, secrets: Vec::new() });
            self.order.push_back((*random, self.serial));
            self.bytes += ENTRY_BYTES;
        }
        let Some(entry) = self.entries.get_mut(random) else { return };
        let before = entry.cost();
        match entry.secrets.iter_mut().find(|(known, _)| *known == label) {
            Some((_, known)) if *known == secret => return,
            Some((_, known)) => *known = secret,
            None => {
                entry.secrets.reserve_exact(1);
                entry.secrets.push((label, secret));
            }
        }
        self.bytes = self.bytes + entry.cost() - before;
        self.counters.secrets += 1;
        if self.awaited.contains(random) && self.arrived.last() != Some(random) {
            self.arrived.push(*random);
        }
        self.make_room();
    }

    pub fn secret(&self, random: &Random, label: Label) -> Option<&Secret> {
        self.entries.get(random)?.secrets.iter().find(|(known, _)| *known == label).map(|(_, secret)| secret)
    }

    /// Appends the secrets of this connection as lines of a key log.
    pub fn write_log(&self, random: &Random, log: &mut Zeroizing<Vec<u8>>) {
        for (label, secret) in self.entries.get(random).into_iter().flat_map(|entry| &entry.secrets) {
            let needed = log.len() + MAX_LINE_BYTES;
            if needed > log.capacity() {
                // Growing in place would leave an old copy.
                let mut larger = Zeroizing::new(Vec::with_capacity(2 * needed));
                larger.extend_from_slice(log);
                *log = larger;
            }
            log.extend_from_slice(label.name());
            for bytes in [random.as_slice(), secret.bytes()] {
                log.push(b' ');
                push_hex(log, bytes);
            }
            log.push(b'\n');
        }
    }

    /// Nothing asks for these any more: they are overwritten.
    pub fn remove(&mut self, random: &Random) {
        self.awaited.remove(random);
        if let Some(entry) = self.entries.remove(random) {
            self.bytes -= entry.cost();
        }
        if self.order.len() > 2 * self.entries.len() + ORDER_SLACK {
            let entries = &self.entries;
            self.order.retain(|(random, serial)| entries.get(random).is_some_and(|entry| entry.serial == *serial));
        }
    }

    /// `take_arrived` is to name this connection when a secret of it comes.
    pub fn watch(&mut self, random: &Random) {
        self.awaited.insert(*random);
    }

    /// Connections that are watched and got secrets since the last call.
    pub fn take_arrived(&mut self) -> Vec<Random> {
        std::mem::take(&mut self.arrived)
    }

    pub fn has_arrived(&self) -> bool {
        !self.arrived.is_empty()
    }

    fn make_room(&mut self) {
        let max_connections = self.max_connections.unwrap_or(MAX_KEYED_CONNECTIONS);
        while self.entries.len() > max_connections || self.bytes > MAX_KEY_BYTES {
            let Some((random, serial)) = self.order.pop_front() else { return };
            if self.entries.get(&random).is_some_and(|entry| entry.serial == serial)
                && let Some(entry) = self.entries.remove(&random)
            {
                self.bytes -= entry.cost();
                self.evicted += 1;
            }
        }
    }

    #[cfg(test)]
    pub fn with_max_connections(max: usize) -> Self {
        Self { max_connections: Some(max), ..Self::default() }
    }
}
