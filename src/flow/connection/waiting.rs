//! Bytes that wait for missing bytes, of their own direction or of the other: in which order they go, and when the missing
//! bytes are given up.

use super::{Connection, Next, Reset, Role};
use crate::flow::counters::FlowCounters;
use crate::flow::key::Side;
use crate::flow::reassembly::{First, StreamEvent};
use crate::flow::receiver::Doubt;
use crate::flow::{HOLE_TIMEOUT_MS, MAX_WAITING_BYTES, Patience};
use crate::time::Timestamp;

impl Connection {
    /// Nothing waits, and no end is in sight: there is no deadline.
    #[inline]
    pub fn is_quiet(&self) -> bool {
        self.low.is_quiet() && self.high.is_quiet() && self.reset.is_none()
    }

    /// When `on_time` is to be called at the latest; `None` while nothing waits.
    pub fn deadline(&self, patience: Patience) -> Option<Timestamp> {
        let holes = Side::BOTH.into_iter().filter_map(|side| self.hole_deadline(side, patience)).min();
        let reset = self.reset.map(|reset| reset.at.plus_millis(HOLE_TIMEOUT_MS));
        match (holes, reset) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// So many microseconds passed before what came at `since` or later, and not after it.
    pub fn wait_on_after(&mut self, since: Timestamp, micros: u64) {
        self.low.wait_on_after(since, micros);
        self.high.wait_on_after(since, micros);
        if let Some(reset) = self.reset.as_mut().filter(|reset| reset.at >= since) {
            reset.at = reset.at.plus_micros(micros);
        }
    }

    /// Gives up the holes whose time is over at `now`.
    pub fn on_time(
        &mut self,
        now: Timestamp,
        patience: Patience,
        counters: &mut FlowCounters,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        if self.reset.is_some_and(|reset| reset.at.plus_millis(HOLE_TIMEOUT_MS) <= now) {
            self.finish(counters, sink);
            return Next::Closed;
        }
        while let Some(side) = Side::BOTH
            .into_iter()
            .find(|&side| self.hole_deadline(side, patience).is_some_and(|deadline| deadline <= now))
        {
            self.give_up_first(side, counters, sink);
            self.deliver(sink);
        }
        self.closed_or_continue()
    }

    /// Gives up every hole: memory is needed elsewhere.
    pub fn shed(&mut self, counters: &mut FlowCounters, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        while let Some(side) = self.longest_waiting() {
            self.give_up_first(side, counters, sink);
            self.deliver(sink);
        }
    }

    /// Ends both directions here: what waits is delivered with its gaps, then the ends.
    pub fn finish(&mut self, counters: &mut FlowCounters, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        self.deliver(sink);
        self.shed(counters, sink);
        if let Some(Reset { side, position, .. }) = self.reset {
            // Everything before it was sent.
            self.flow_mut(side).acknowledge(position);
        }
        let reset = self.reset_by();
        for side in Side::BOTH {
            self.flow_mut(side).end_now(reset, &mut |event| sink(side, event));
        }
    }

    /// Ends both streams where they stand. The bytes that wait after a hole are let go, and the hole is no gap: it might have been
    /// filled yet.
    pub fn leave(&mut self, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        self.deliver(sink);
        for side in Side::BOTH.into_iter().filter(|&side| !self.flow(side).ended) {
            sink(side, StreamEvent::End { clean: false, reset: None });
        }
    }

    /// Delivers what can be delivered, keeps the limit, and returns what becomes of the connection.
    pub(super) fn settle(&mut self, counters: &mut FlowCounters, sink: &mut impl FnMut(Side, StreamEvent<'_>)) -> Next {
        if self.is_quiet() {
            return Next::Continue;
        }
        self.deliver(sink);
        for side in Side::BOTH {
            while self.flow(side).waiting_bytes() > MAX_WAITING_BYTES {
                self.give_up_first(side, counters, sink);
                self.deliver(sink);
            }
        }
        // Bytes before the reset that are still missing may have been captured after it.
        if let Some(Reset { side, position, acked, .. }) = self.reset
            && self.low.waiting_bytes() + self.high.waiting_bytes() == 0
            && self.flow(side).next() >= position
            && self.flow(side.other()).next() >= acked
        {
            self.finish(counters, sink);
        }
        self.closed_or_continue()
    }

    fn closed_or_continue(&self) -> Next {
        if self.low.ended && self.high.ended { Next::Closed } else { Next::Continue }
    }

    /// Delivers from both sides, cause before effect, until neither can go on.
    fn deliver(&mut self, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        loop {
            let mut moved = false;
            for side in Side::BOTH {
                while !self.is_blocked(side) && self.flow_mut(side).deliver_first(&mut |event| sink(side, event)) {
                    moved = true;
                }
                self.flow_mut(side).end_at_fin(&mut |event| sink(side, event));
            }
            if !moved {
                return;
            }
        }
    }

    /// The first waiting bytes of `side` answer bytes of the other side that are not delivered yet.
    fn is_blocked(&self, side: Side) -> bool {
        self.flow(side)
            .first_waiting()
            .is_some_and(|first| self.is_in_doubt(side, first) || self.overtakes_its_cause(side, first))
    }

    fn overtakes_its_cause(&self, side: Side, first: First) -> bool {
        let other = self.flow(side.other());
        first.acked > other.next() && (other.seen || self.may_be_early(side)) && !other.ended
    }

    /// This side answered a SYN, and nothing of the other side was captured yet: two taps, and its tap is
    /// ahead, or a single tap.
    fn may_be_early(&self, side: Side) -> bool {
        let other = side.other();
        !self.is_one_sided && self.role == Role::InitiatedBy(other) && !self.flow(other).seen
    }

    /// The receiver has not acknowledged these bytes yet, and may have thrown them away.
    fn is_in_doubt(&self, side: Side, first: First) -> bool {
        first.doubt.is_some() && !self.flow(side).is_acked_to(first.end)
    }

    /// The receiver of these bytes has spoken since and did not acknowledge them.
    fn is_passed_over(&self, side: Side, first: First) -> bool {
        self.flow(side.other()).spoke_at > first.arrived && !self.flow(side).is_acked_to(first.end)
    }

    fn hole_deadline(&self, side: Side, patience: Patience) -> Option<Timestamp> {
        let flow = self.flow(side);
        let first = flow.first_waiting()?;
        let wait = if first.start <= flow.next() && self.may_be_early(side) {
            patience.unseen_ms
        } else if first.start <= flow.next() || flow.is_acked_to(first.start) {
            patience.acked_hole_ms
        } else {
            HOLE_TIMEOUT_MS
        };
        Some(first.arrived.plus_millis(wait))
    }

    /// Removes what keeps the first waiting bytes of `side` from being delivered.
    fn give_up_first(&mut self, side: Side, counters: &mut FlowCounters, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        let Some(first) = self.flow(side).first_waiting() else { return };
        if first.doubt.is_some_and(|doubt| doubt != Doubt::Unfilled) && self.is_passed_over(side, first) {
            let length = self.flow_mut(side).discard_first(&mut counters.discarded);
            counters.unplaced_bytes += if first.doubt == Some(Doubt::Checksum) { 0 } else { length };
        } else if first.start > self.flow(side).next() {
            self.flow_mut(side).give_up_to(first.start, &mut |event| sink(side, event));
        } else if self.is_in_doubt(side, first) {
            self.flow_mut(side).believe_first();
        } else if first.acked > self.flow(side.other()).captured_to() && self.is_passed_over(side, first) {
            // Its ack says that bytes were received that were never sent, or are captured very late: no bytes are to be lost by
            // that.
            self.flow_mut(side).deliver_first(&mut |event| sink(side, event));
        } else if self.may_be_early(side) {
            self.is_one_sided = true;
        } else if self.is_blocked(side) {
            let other = self.flow_mut(side.other());
            let hole_end = other.first_waiting().map_or(first.acked, |waiting| waiting.start.min(first.acked));
            // The FIN has a sequence number and no byte.
            let hole_end = other.stream_end().map_or(hole_end, |end| hole_end.min(end.back(1)));
            if hole_end > other.next() {
                other.give_up_to(hole_end, &mut |event| sink(side.other(), event));
            } else {
                self.untangle(side, sink);
            }
        }
    }

    /// Each side waits for the other, so one of them was sent again, and its ack is newer than its bytes: the bytes that came
    /// later. As far as the other has acknowledged it, it was sent before that was received.
    fn untangle(&mut self, side: Side, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        let [mine, theirs] = [side, side.other()].map(|side| self.flow(side).first_waiting());
        match (mine, theirs) {
            (Some(mine), Some(theirs)) if mine.doubt.is_none() && theirs.doubt.is_none() => {
                let (resent, end) = match mine.arrived > theirs.arrived {
                    true => (side, theirs.acked),
                    false => (side.other(), mine.acked),
                };
                let position = self.flow(resent.other()).next().or_less();
                self.flow_mut(resent).lower_first(position, end);
            }
            _ => drop(self.flow_mut(side).deliver_first(&mut |event| sink(side, event))),
        }
    }

    fn longest_waiting(&self) -> Option<Side> {
        Side::BOTH
            .into_iter()
            .filter_map(|side| Some((self.flow(side).first_waiting()?.arrived, side)))
            .min_by_key(|&(at, _)| at)
            .map(|(_, side)| side)
    }
}
