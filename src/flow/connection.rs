//! Both directions of a connection: handshake, order between the directions, holes given up, the end.

use super::reassembly::{Piece, Reassembler, StreamEvent};
use super::{HOLE_TIMEOUT_MS, MAX_WAITING_BYTES, Patience, Position, SeqNumber, Side};
use crate::decode::Segment;
use crate::time::Timestamp;

/// Data segments in a row that lie outside of any window before the connection is taken for another one, whose SYN
/// was not captured.
const MAX_STRAYS: u8 = 3;

/// Who opened the connection, as far as a SYN told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Midstream pickup: no SYN was captured.
    Unknown,
    InitiatedBy(Side),
}

/// What the caller does with the connection after a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Continue,
    /// Both directions have ended.
    Closed,
    /// The segment belongs to a new connection on the same 4-tuple: end this one and give it to a fresh one.
    Replace,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowCounters {
    pub retransmitted_bytes: u64,
    pub out_of_order_segments: u64,
    pub out_of_window_segments: u64,
}

#[derive(Debug)]
pub struct Connection {
    low: Reassembler,
    high: Reassembler,
    role: Role,
    /// A SYN with another ISN on a connection that carries data: only an answer proves it real (RFC 5961 §4).
    new_syn: Option<(Side, SeqNumber)>,
    strays: u8,
    reset: Option<Reset>,
}

#[derive(Debug, Clone, Copy)]
struct Reset {
    at: Timestamp,
    side: Side,
    /// Where it stands in its sender's stream.
    position: Position,
    /// What its sender had received of the other stream.
    heard: Position,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            low: Reassembler::default(),
            high: Reassembler::default(),
            role: Role::Unknown,
            new_syn: None,
            strays: 0,
            reset: None,
        }
    }
}

impl Connection {
    pub fn role(&self) -> Role {
        self.role
    }

    /// What `role` will be once this segment is taken.
    pub fn role_after(&self, side: Side, segment: &Segment<'_>) -> Role {
        match self.role {
            Role::Unknown if segment.flags.syn => {
                Role::InitiatedBy(if segment.flags.ack { side.other() } else { side })
            }
            role => role,
        }
    }

    /// Bytes that wait behind holes, with their overhead.
    pub fn waiting_bytes(&self) -> usize {
        self.low.waiting_bytes() + self.high.waiting_bytes()
    }

    /// The sequence number of the direction's first byte; where it is known from a SYN or guessed at pickup.
    pub fn first_seq(&self, side: Side) -> Option<SeqNumber> {
        let flow = self.flow(side);
        flow.is_started().then(|| flow.first_seq())
    }

    pub fn next_seq(&self, side: Side) -> Option<SeqNumber> {
        let flow = self.flow(side);
        flow.is_started().then(|| flow.next_seq())
    }

    /// Who broke the connection off.
    pub fn reset_by(&self) -> Option<Side> {
        self.reset.map(|reset| reset.side)
    }

    /// Takes one segment, captured `at`, and delivers all that it makes deliverable. `now` never goes back.
    pub fn on_segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        at: Timestamp,
        now: Timestamp,
        counters: &mut FlowCounters,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        if segment.flags.syn {
            if self.on_syn(side, segment) == Next::Replace {
                return Next::Replace;
            }
        } else if self.new_syn == Some((side, SeqNumber(segment.seq))) && !segment.payload.is_empty() {
            return Next::Replace; // data on the new ISN: its SYN-ACK was not captured
        }
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        let first_seq = SeqNumber(segment.seq).plus(u32::from(segment.flags.syn));
        let midstream = self.role == Role::Unknown;
        let (me, other) = self.flows(side);
        if !me.is_started() {
            // A single byte without PSH is what some stacks send as a keep-alive probe (RFC 1122 §4.2.3.6).
            let probe = length == 1 && !segment.flags.psh && !segment.flags.fin;
            if (length > 0 && !probe) || segment.flags.fin {
                me.start(first_seq);
            }
        } else if midstream && !me.seen && length > 0 && me.is_near(me.position_of(first_seq)) {
            me.rewind_unseen(me.position_of(first_seq));
        }
        me.seen = true;
        if segment.flags.rst && me.is_started() && !me.may_be_reset_at(me.position_of(first_seq)) {
            return Next::Continue;
        }
        let mut heard = 0;
        if segment.flags.ack {
            let ack = SeqNumber(segment.ack);
            if !other.is_started() && (length > 0 || !midstream) {
                other.start(ack);
            }
            heard = self.on_ack(side, ack);
        }
        if segment.flags.rst {
            return self.on_reset(side, first_seq, heard, now, sink);
        }
        if length == 0 && !segment.flags.fin {
            return self.settle(sink);
        }
        let (me, other) = self.flows(side);
        if !me.is_started() {
            return Next::Continue;
        }
        let start = me.position_of(first_seq);
        if !me.is_near(start) {
            counters.out_of_window_segments += 1;
            self.strays = self.strays.saturating_add(1);
            return if self.strays >= MAX_STRAYS { Next::Replace } else { Next::Continue };
        }
        if segment.flags.fin {
            me.finish_at(start + length);
        }
        let piece = Piece { start, payload: segment.payload, missing: segment.missing, at, arrived: now, heard };
        if me.is_in_order(&piece) && heard <= other.next() {
            counters.retransmitted_bytes += me.next().saturating_sub(start).min(length);
            me.pass(&piece, &mut |event| sink(side, event));
        } else {
            counters.out_of_order_segments += u64::from(start > me.next());
            counters.retransmitted_bytes += me.keep(&piece);
        }
        self.strays = 0;
        self.settle(sink)
    }

    /// When `on_time` is to be called at the latest; `None` while nothing waits.
    pub fn deadline(&self, patience: Patience) -> Option<Timestamp> {
        let holes = Side::BOTH.into_iter().filter_map(|side| self.hole_deadline(side, patience)).min();
        let reset = self.reset.map(|reset| reset.at.plus_millis(patience.reset_ms));
        match (holes, reset) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Gives up the holes whose time is over at `now`.
    pub fn on_time(
        &mut self,
        now: Timestamp,
        patience: Patience,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        if self.reset.is_some_and(|reset| reset.at.plus_millis(patience.reset_ms) <= now) {
            self.finish(sink);
            return Next::Closed;
        }
        while let Some(side) = Side::BOTH
            .into_iter()
            .find(|&side| self.hole_deadline(side, patience).is_some_and(|deadline| deadline <= now))
        {
            self.give_up_first(side, sink);
            self.deliver(sink);
        }
        self.closed_or_continue()
    }

    /// Gives up every hole: memory is needed elsewhere.
    pub fn shed(&mut self, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        while let Some(side) = self.longest_waiting() {
            self.give_up_first(side, sink);
            self.deliver(sink);
        }
    }

    /// Ends both directions here: what waits is delivered with its gaps, then the ends.
    pub fn finish(&mut self, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        self.deliver(sink);
        self.shed(sink);
        if let Some(Reset { side, position, .. }) = self.reset {
            // Everything before it was sent.
            self.flow_mut(side).acknowledge(position);
        }
        for side in Side::BOTH {
            self.flow_mut(side).end_now(&mut |event| sink(side, event));
        }
    }

    fn on_syn(&mut self, side: Side, segment: &Segment<'_>) -> Next {
        let first = SeqNumber(segment.seq).plus(1);
        let new_syn = self.new_syn;
        let carries_data = self.low.has_delivered() || self.high.has_delivered();
        let over = self.reset.is_some() || (self.low.ended && self.high.ended);
        let (me, other) = self.flows(side);
        if !me.is_started() {
            me.start(first);
        } else if !me.began_at(first) {
            let confirms = segment.flags.ack && new_syn == Some((side.other(), SeqNumber(segment.ack)));
            let stray =
                segment.flags.ack && other.is_started() && !other.is_near(other.position_of(SeqNumber(segment.ack)));
            if over || !carries_data || confirms || stray {
                return Next::Replace;
            }
            if !segment.flags.ack {
                self.new_syn = Some((side, first));
            }
            return Next::Continue;
        }
        self.role = self.role_after(side, segment);
        Next::Continue
    }

    /// Notes what the sender on `side` had received; returns it as a position of the other direction.
    fn on_ack(&mut self, side: Side, ack: SeqNumber) -> Position {
        let midstream = self.role == Role::Unknown;
        let (_, other) = self.flows(side);
        if !other.is_started() {
            return 0;
        }
        let position = other.position_of(ack);
        if !other.is_near(position) {
            return other.next();
        }
        if other.seen || !midstream {
            other.acknowledge(position);
        } else {
            other.skip_unseen(position);
        }
        position
    }

    fn on_reset(
        &mut self,
        side: Side,
        seq: SeqNumber,
        heard: Position,
        now: Timestamp,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        let (me, _) = self.flows(side);
        let position = if me.is_started() { me.position_of(seq) } else { 0 };
        self.reset.get_or_insert(Reset { at: now, side, position, heard });
        self.settle(sink)
    }

    /// Delivers what can be delivered, keeps the limit, and says whether the connection is over.
    fn settle(&mut self, sink: &mut impl FnMut(Side, StreamEvent<'_>)) -> Next {
        if self.low.is_quiet() && self.high.is_quiet() && self.reset.is_none() {
            return Next::Continue;
        }
        self.deliver(sink);
        for side in Side::BOTH {
            while self.flow(side).waiting_bytes() > MAX_WAITING_BYTES {
                self.give_up_first(side, sink);
                self.deliver(sink);
            }
        }
        // Bytes before the reset that are still missing may have been captured behind it.
        if let Some(Reset { side, position, heard, .. }) = self.reset
            && self.waiting_bytes() == 0
            && self.flow(side).next() >= position
            && self.flow(side.other()).next() >= heard
        {
            self.finish(sink);
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
        let other = self.flow(side.other());
        self.flow(side).first_waiting().is_some_and(|first| first.heard > other.next() && other.seen && !other.ended)
    }

    fn hole_deadline(&self, side: Side, patience: Patience) -> Option<Timestamp> {
        let flow = self.flow(side);
        let first = flow.first_waiting()?;
        let wait = if first.start <= flow.next() || flow.is_acked_to(first.start) {
            patience.acked_hole_ms
        } else {
            HOLE_TIMEOUT_MS
        };
        Some(first.arrived.plus_millis(wait))
    }

    /// Removes what keeps the first waiting bytes of `side` from being delivered.
    fn give_up_first(&mut self, side: Side, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        let Some(first) = self.flow(side).first_waiting() else { return };
        if first.start > self.flow(side).next() {
            self.flow_mut(side).give_up_to(first.start, &mut |event| sink(side, event));
        } else if self.is_blocked(side) {
            let other = self.flow_mut(side.other());
            let hole_end = other.first_waiting().map_or(first.heard, |waiting| waiting.start.min(first.heard));
            if hole_end > other.next() {
                other.give_up_to(hole_end, &mut |event| sink(side.other(), event));
            } else {
                // Each side waits for the other: no order is right, so the older goes first.
                self.flow_mut(side).deliver_first(&mut |event| sink(side, event));
            }
        }
    }

    fn longest_waiting(&self) -> Option<Side> {
        Side::BOTH
            .into_iter()
            .filter_map(|side| Some((self.flow(side).first_waiting()?.arrived, side)))
            .min_by_key(|&(at, _)| at)
            .map(|(_, side)| side)
    }

    fn flow(&self, side: Side) -> &Reassembler {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    fn flow_mut(&mut self, side: Side) -> &mut Reassembler {
        self.flows(side).0
    }

    /// The flow that `side` sends, and the other.
    fn flows(&mut self, side: Side) -> (&mut Reassembler, &mut Reassembler) {
        match side {
            Side::Low => (&mut self.low, &mut self.high),
            Side::High => (&mut self.high, &mut self.low),
        }
    }
}
