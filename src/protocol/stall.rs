//! How long a message stood still: later bytes of it were there and earlier bytes were missing, since their segment was lost and sent
//! again, or was overtaken. In: the packets of a message in the order of its bytes. Out: a time that is part of the message's own.
//!
//! Never more than that: of holes that overlap the second counts from the end of the first. A loss between the capture and the receiver leaves no hole here, so it says nothing of those.

use crate::time::{Timestamp, span_micros};

/// In shorter times packets overtake each other on their way, or in the capture.
const MIN_MICROS: u64 = 1_000;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stall {
    micros: u64,
    /// Up to then all of it is counted.
    counted_to: Option<Timestamp>,
}

impl Stall {
    /// Bytes that were captured at `from` had to wait for some of `until`. The message did not begin before `began`.
    pub fn note(&mut self, began: Timestamp, from: Timestamp, until: Timestamp) {
        let start = self.counted_to.map_or(from, |to| to.max(from)).max(began);
        if let Some(micros @ 1..) = span_micros(start, until) {
            self.micros += micros;
            self.counted_to = Some(until);
        }
    }

    pub fn micros(self) -> Option<u64> {
        (self.micros >= MIN_MICROS).then_some(self.micros)
    }
}
