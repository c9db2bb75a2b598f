//! When a direction's sender spoke, as far as it takes to see the pauses of the other.

use crate::flow::Position;

/// Entries that are remembered: of what is on the way at one time.
const REMEMBERED: usize = 8;

/// How far the sender of a direction had received when its own stream had come to a position.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// Ends of packets in whose header more was acknowledged than before, and how much that was.
    ends: [(Position, Position); REMEMBERED],
    newest: usize,
}

impl Said {
    /// A packet's bytes end at `end`; its sender had received `acked`.
    #[inline]
    pub fn note(&mut self, end: Position, acked: Position) {
        let newest = self.ends.get(self.newest).copied().unwrap_or_default();
        if acked <= newest.1 && newest.0.is_known() {
            return;
        }
        self.newest = (self.newest + 1) % REMEMBERED;
        if let Some(place) = self.ends.get_mut(self.newest) {
            *place = (end, acked);
        }
    }

    /// Its receiver, which had come to `position`, paused there: the sender had all of that when it sent something that the
    /// receiver had, as it had received up to `acked`.
    pub fn shows_pause(&self, position: Position, acked: Position) -> bool {
        self.ends.iter().any(|&(end, had)| end.is_known() && end <= acked && had >= position)
    }
}
