//! The byte budget over all connections (`EngineConfig::max_buffered_bytes`): who holds what, and who lets go first.

use super::{Engine, EntryId, outlet};
use crate::message::Incomplete;
use crate::notice::Kind;

/// A connection that holds less is left alone while others hold more: the default number of connections, each with such a
/// little holding, stays under the default budget, so that none is evicted for it.
const WORTH_SHEDDING_BYTES: usize = 2 << 10;

/// The cost of a connection by itself: its entry in the table and the index, its conversation, its ends as text.
const CONNECTION_BYTES: usize = 1 << 10;

/// Entries of connections that are gone which the queue may hold beyond the table's size.
const SHED_QUEUE_SLACK: usize = 1_024;

impl Engine {
    /// Counts what the connection holds back now.
    pub(super) fn charge(&mut self, id: EntryId) {
        let Some(entry) = self.table.entry(id) else { return };
        let conversation = entry.app.conversation.as_ref().map_or(0, |conversation| conversation.buffered_bytes());
        let held_back = entry.connection.waiting_bytes()
            + entry.app.layer.buffered_bytes()
            + conversation
            + entry.app.pending.buffered_bytes();
        let bytes = CONNECTION_BYTES + held_back;
        self.buffered_bytes = self.buffered_bytes - entry.app.charged_bytes + bytes;
        entry.app.charged_bytes = bytes;
        if held_back >= WORTH_SHEDDING_BYTES && !entry.app.in_shed_queue {
            entry.app.in_shed_queue = true;
            let serial = entry.serial();
            self.shed_queue.push_back((id, serial));
            self.forget_stale_in_shed_queue();
        }
    }

    /// Past the memory budget: the connections that began to hold bytes back first let go of them. A connection that cannot
    /// (heads, requests that wait for their answer) is evicted, so that each turn frees something and keeping the budget ends.
    pub(super) fn shed(&mut self) {
        while self.buffered_bytes > self.config.max_buffered_bytes {
            if self.end_oldest_lingering() {
                self.tls.counters.waits_cut += 1;
                continue;
            }
            let Some((id, serial)) = self.shed_queue.pop_front() else {
                let Some(oldest) = self.table.oldest() else { return };
                self.evict_for_memory(oldest);
                continue;
            };
            if self.table.entry(id).is_none_or(|entry| entry.serial() != serial) {
                continue;
            }
            let limit = self.config.max_buffered_bytes;
            self.outlet.notices.warn(self.now, Kind::MemoryLimit, || {
                (format!("{limit} bytes are buffered: bodies and out-of-order bytes are dropped"), Vec::new())
            });
            if let Some((connection, counters, mut to_tls)) = self.parts(id, Incomplete::Closed) {
                connection.shed(counters, &mut |side, event| to_tls.deliver(side, event));
                to_tls.shed();
                to_tls.to_protocol.app.in_shed_queue = false;
            }
            self.charge(id);
            if self.table.entry(id).is_some_and(|entry| entry.app.in_shed_queue) {
                self.evict_for_memory(id);
            }
        }
    }

    #[cold]
    fn evict_for_memory(&mut self, id: EntryId) {
        self.outlet.stats.connections_evicted += 1;
        if let Some(entry) = self.table.entry(id) {
            let ends = *entry.ends();
            let limit = self.config.max_buffered_bytes;
            self.outlet.notices.warn(self.now, Kind::Evicted, || {
                let message = format!("{limit} bytes are buffered: a connection that holds many of them is evicted");
                (message, vec![("connection", outlet::four_tuple(&ends))])
            });
        }
        self.end(id, Incomplete::Evicted);
    }

    /// Keeps the queue in proportion to the table: entries of connections that are gone go too.
    fn forget_stale_in_shed_queue(&mut self) {
        if self.shed_queue.len() > 2 * self.table.len() + SHED_QUEUE_SLACK {
            let table = &mut self.table;
            self.shed_queue.retain(|&(id, serial)| table.entry(id).is_some_and(|entry| entry.serial() == serial));
        }
    }
}
