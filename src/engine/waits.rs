//! Waits for secrets: of connections that are open, and of those that are over while the secrets of their records are still to come.
//!
//! Node writes a connection's secrets some ms after its data, and later if a handler keeps it busy; a short connection is over by then.

use super::Engine;
use super::lingering::Lingering;
use super::to_protocol::ToProtocol;
use super::to_tls::ToTls;
use crate::flow::EntryId;
use crate::message::Incomplete;
use crate::tls::KeyStore;

/// Connections that are over and wait; past it the oldest waits no longer. As many as the default of connections at one time.
const MAX_LINGERING: usize = 10_000;

impl Engine {
    /// Secrets, from wherever they come: `give` adds them.
    pub fn add_tls_keys(&mut self, give: impl FnOnce(&mut KeyStore)) {
        let before = self.tls.keys.counters.secrets;
        give(&mut self.tls.keys);
        self.tls.is_on |= self.tls.keys.counters.secrets > before;
        for (id, serial) in self.tls.take_arrived() {
            self.resume(id, serial, |to_tls| to_tls.on_keys());
        }
    }

    /// Ends what has waited for its secrets long enough.
    pub(super) fn end_waits(&mut self) {
        for (id, serial) in self.tls.take_waiting() {
            self.resume(id, serial, |to_tls| to_tls.on_time());
        }
    }

    /// Something happened that a waiting connection may go on with.
    fn resume(&mut self, id: EntryId, serial: u64, go_on: impl FnOnce(&mut ToTls<'_>)) {
        if self.table.entry(id).is_some_and(|entry| entry.serial() == serial) {
            if let Some((_, _, mut to_tls)) = self.parts(id, Incomplete::Closed) {
                go_on(&mut to_tls);
            }
            self.charge(id);
            self.shed();
        } else if let Some(mut lingering) = self.tls.lingering.remove(&serial) {
            self.with_lingering(serial, &mut lingering, go_on);
            if lingering.app.layer.is_waiting() {
                self.tls.lingering.insert(serial, lingering);
            } else {
                self.let_go(serial, lingering);
            }
        }
    }

    /// Takes a connection that is over out of the table and keeps it, if it waits for secrets. True if it does.
    pub(super) fn linger(&mut self, id: EntryId) -> bool {
        let waits = self.table.entry(id).is_some_and(|entry| entry.app.layer.is_waiting());
        if !waits || self.draining || self.tls.wait_ms == 0 {
            return false;
        }
        let Some(entry) = self.table.entry(id) else { return false };
        let (serial, role) = (entry.serial(), entry.connection.role());
        let (syn_seen, unseen) = (entry.connection.saw_the_opening_syn(), entry.connection.unseen());
        let (ends, is_joined) = (*entry.ends(), entry.is_joined());
        let app = std::mem::take(&mut entry.app);
        self.table.end(id, self.now);
        let lingering = Lingering { id, ends, role, is_joined, syn_seen, unseen, app };
        self.tls.lingering.insert(serial, lingering);
        if self.tls.lingering.len() > MAX_LINGERING {
            self.tls.counters.waits_cut += 1;
            self.end_oldest_lingering();
        }
        true
    }

    /// False if there is none.
    pub(super) fn end_oldest_lingering(&mut self) -> bool {
        let Some((serial, lingering)) = self.tls.lingering.pop_first() else { return false };
        self.let_go(serial, lingering);
        true
    }

    fn let_go(&mut self, serial: u64, mut lingering: Lingering) {
        self.with_lingering(serial, &mut lingering, |to_tls| to_tls.finish());
        self.buffered_bytes -= lingering.app.charged_bytes;
    }

    fn with_lingering(&mut self, serial: u64, lingering: &mut Lingering, act: impl FnOnce(&mut ToTls<'_>)) {
        let to_protocol = ToProtocol {
            serial,
            ends: &lingering.ends,
            role: lingering.role,
            is_joined: lingering.is_joined,
            syn_seen: lingering.syn_seen,
            unseen: lingering.unseen,
            ports: &self.ports,
            app: &mut lingering.app,
            outlet: &mut self.outlet,
            now: self.now,
            at: self.now,
            ending: Incomplete::Closed,
            has_keys: true,
        };
        act(&mut ToTls { id: lingering.id, tls: &mut self.tls, to_protocol });
    }
}
