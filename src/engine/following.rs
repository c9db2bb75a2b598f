//! Which packets are those of some connections: the engine tells a [`Trail`], if it has one.

use super::layer::Layer;
use super::{Engine, Trail};
use crate::decode::Segment;
use crate::flow::{EntryId, SeqNumber};

impl Engine {
    /// Notes from now on which packets are those of the connections of `trail`. Call it before the first packet.
    pub fn follow(&mut self, trail: Trail) {
        self.trail = Some(Box::new(trail));
    }

    pub fn take_trail(&mut self) -> Option<Trail> {
        self.trail.take().map(|trail| *trail)
    }

    /// The packet at hand is this connection's.
    #[cold]
    pub(super) fn note_packet(&mut self, id: EntryId, segment: &Segment<'_>) {
        let (Some(trail), Some(entry)) = (&mut self.trail, self.table.entry(id)) else { return };
        if segment.flags.syn && !segment.flags.ack && entry.connection.carries_data() {
            trail.syn(entry.serial(), SeqNumber(segment.seq).plus(1));
        }
        if trail.is_of(entry.serial())
            && let Layer::Tls(secure) = &entry.app.layer
        {
            trail.take_secrets(secure.connection.randoms(), &self.tls.keys);
        }
    }
}
