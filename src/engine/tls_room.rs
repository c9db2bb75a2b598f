//! The engine's state of TLS over all connections: the secrets, the connections that wait for them, the counters.

use std::collections::{BTreeMap, HashMap};

use super::lingering::Lingering;
use crate::flow::{EntryId, Side, StreamEvent};
use crate::time::Timestamp;
use crate::tls::{Context, Described, KeyStore, Random, TlsCounters};

#[derive(Debug, Default)]
pub(super) struct TlsRoom {
    /// Connections are looked at for TLS.
    pub is_on: bool,
    pub keys: KeyStore,
    /// How long records wait for their secrets.
    pub wait_ms: u64,
    pub counters: TlsCounters,
    scratch: Vec<u8>,
    /// The connections whose secrets are awaited, each with its serial. A capture may hold a connection twice, with other addresses.
    watchers: HashMap<Random, Vec<(EntryId, u64)>, ahash::RandomState>,
    /// Connections that hold records back.
    waiting: HashMap<u64, EntryId, ahash::RandomState>,
    /// Connections that are over and hold records back, by serial.
    pub lingering: BTreeMap<u64, Lingering>,
}

impl TlsRoom {
    pub fn new(is_on: bool, wait_ms: u64) -> Self {
        Self { is_on, wait_ms, ..Self::default() }
    }

    /// Lends what reading a connection needs.
    pub fn read(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Context<'_>),
        sink: &mut dyn FnMut(Option<Described<'_>>, Side, StreamEvent<'_>),
    ) {
        act(&mut Context {
            now,
            keys: &self.keys,
            key_wait_ms: self.wait_ms,
            counters: &mut self.counters,
            scratch: &mut self.scratch,
            sink,
        });
    }

    pub fn watch(&mut self, random: &Random, id: EntryId, serial: u64) {
        self.keys.watch(random);
        self.watchers.entry(*random).or_default().push((id, serial));
    }

    pub fn await_keys(&mut self, id: EntryId, serial: u64) {
        self.waiting.insert(serial, id);
    }

    /// The connections for which secrets have come.
    pub fn take_arrived(&mut self) -> Vec<(EntryId, u64)> {
        if !self.keys.has_arrived() {
            return Vec::new();
        }
        self.keys.take_arrived().iter().filter_map(|random| self.watchers.get(random)).flatten().copied().collect()
    }

    /// The connections that may have waited long enough; those that still wait say so again.
    pub fn take_waiting(&mut self) -> Vec<(EntryId, u64)> {
        std::mem::take(&mut self.waiting).into_iter().map(|(serial, id)| (id, serial)).collect()
    }

    /// The connection is over. Its secrets go, unless another waits for them.
    pub fn forget(&mut self, random: &Random, serial: u64) {
        if let Some(watchers) = self.watchers.get_mut(random) {
            watchers.retain(|&(_, watcher)| watcher != serial);
            if !watchers.is_empty() {
                return;
            }
            self.watchers.remove(random);
        }
        self.keys.remove(random);
    }
}
