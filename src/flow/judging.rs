//! The verdict of the receiving TCP on a segment, as far as it takes the state of both directions.

use super::Position;
use super::counters::FlowCounters;
use super::reassembly::Reassembler;
use super::receiver::Verdict;
use crate::decode::{Segment, Sum};
use crate::time::Timestamp;

impl Reassembler {
    /// Of a segment at `start`, so many bytes are no news.
    #[cold]
    pub fn count_known(
        &self,
        known: u64,
        start: Position,
        segment: &Segment<'_>,
        now: Timestamp,
        counters: &mut FlowCounters,
    ) {
        if self.recent.has(segment, now) {
            counters.capture_copies += 1;
        } else if self.is_before_pickup(start) {
            counters.late_at_pickup_bytes += known;
        } else {
            counters.retransmitted_bytes += known;
        }
    }

    /// The receiver's verdict on a segment of this direction, by its checksums.
    #[inline(never)]
    pub fn judge(&mut self, segment: &Segment<'_>) -> Verdict {
        let length = segment.payload.len() as u64;
        let verdict = self.ip_sums.judge(segment.ip_sum(), length);
        if verdict != Verdict::Read || self.tcp_sums.are_left_to_the_card() {
            return verdict;
        }
        let is_unfilled = !self.tcp_sums.is_one_right() && segment.is_unfilled();
        self.tcp_sums.judge(if is_unfilled { Sum::Unfilled } else { segment.tcp_sum() }, length)
    }
}

/// True if `sender`, whose segment acknowledges `position` of `other`, can have meant it: its receiver takes what it has
/// sent itself, and what it has sent lately.
///
/// More than was captured of the other direction is no wonder: it may be lost or captured later.
pub(super) fn can_acknowledge(sender: &Reassembler, other: &Reassembler, position: Position) -> bool {
    other.is_near(position)
        && other.stream_end().is_none_or(|end| position <= end)
        && position >= other.oldest_ack(sender.largest_window())
}
