//! Load shedding: what is left out while the capture takes more of a CPU than it may. First the bodies of messages, then whole
//! connections. A connection that is left out stays so until the level falls; then it is met in the middle. If some of it had been
//! read, it is left out for as long as ended connections are remembered.
//!
//! In: a level. Refuses to know: clocks, and why the level is what it is.

use super::Engine;
use super::shed_level::{ShedLevel, Shedding};
use crate::decode::Segment;
use crate::flow::{EntryId, FlowKey};
use crate::message::Incomplete;

impl Engine {
    /// From now on so much is left out. With the same `seed` the connections of a level are those of the next level too.
    pub fn shed_load(&mut self, level: ShedLevel, seed: u64) {
        let before = std::mem::replace(&mut self.shedding, Shedding::new(level, seed));
        self.outlet.stats.shed_level = level.number();
        if level > before.level && self.shedding.is_of_connections() {
            self.shed_connections();
        }
        if level < before.level && before.is_of_connections() {
            // Those that come back have spoken meanwhile: what is known of their silence begins with the next packet.
            self.began = None;
        }
    }

    fn shed_connections(&mut self) {
        for id in self.table.ids() {
            let Some(entry) = self.table.entry(id) else { continue };
            if self.shedding.leaves_out_entry(entry, &self.ports) {
                let keys: Vec<_> = entry.keys().collect();
                self.outlet.stats.shed_connections += 1;
                self.leave(id);
                keys.iter().for_each(|key| self.table.leave_out(key));
            }
        }
    }

    fn leave(&mut self, id: EntryId) {
        if let Some((connection, _, mut to_tls)) = self.parts(id, Incomplete::Evicted) {
            connection.leave(&mut |side, event| to_tls.deliver(side, event));
            to_tls.finish_tls();
        }
        self.remove(id);
    }

    /// True if the segment, of a key that is not in the table, is of a connection that is left out.
    #[cold]
    pub(super) fn leaves_out(&self, key: &FlowKey) -> bool {
        self.shedding.leaves_out(key, &self.ports)
    }

    /// A segment of a connection that the level leaves out; a connection that is not sampled would not be read at all.
    #[cold]
    pub(super) fn leave_out(&mut self, key: &FlowKey, segment: &Segment<'_>) {
        if self.is_sampled(key) { self.count_left_out(segment) } else { self.outlet.stats.not_sampled += 1 }
    }

    /// A segment of a connection that does not come back yet: what is known of its silence begins after it.
    #[cold]
    pub(super) fn leave_out_still(&mut self, segment: &Segment<'_>) {
        self.count_left_out(segment);
        self.began = None;
    }

    fn count_left_out(&mut self, segment: &Segment<'_>) {
        let stats = &mut self.outlet.stats;
        stats.shed_packets += 1;
        stats.shed_bytes += segment.payload.len() as u64 + u64::from(segment.missing);
    }
}
