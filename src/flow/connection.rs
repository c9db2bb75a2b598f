//! Both directions of a connection: handshake, order between the directions, holes given up, the end.

use super::counters::FlowCounters;
use super::judging::can_acknowledge;
use super::reassembly::{First, Piece, Reassembler, StreamEvent};
use super::receiver::{Doubt, Verdict};
use super::{HOLE_TIMEOUT_MS, MAX_WAITING_BYTES, Patience, Position, SeqNumber, Side};
use crate::decode::Segment;
use crate::time::Timestamp;

/// Data segments in a row that lie outside of any window before the connection is taken for another one, whose SYN
/// was not captured.
const MAX_STRAYS: u8 = 3;

/// A connection that was silent for so long may have given way to another on its 4-tuple.
const REUSE_PAUSE_MS: u64 = 1_000;

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
    /// Bytes of its streams come by other connections (MPTCP): end it here, and keep it so that the rest is not read.
    Unreadable,
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
    /// See `Next::Unreadable`.
    unreadable: bool,
    /// The SYN carried data (RFC 7413): the other side may have answered before anything else was sent.
    fast_open: bool,
    /// The stamp of the last segment.
    last_stamp: Timestamp,
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
            unreadable: false,
            fast_open: false,
            last_stamp: Timestamp::default(),
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

    /// The SYN of a connection to come, if this segment answers it or goes on from it.
    pub fn announced_syn(&self, side: Side, segment: &Segment<'_>) -> Option<(Side, SeqNumber)> {
        self.new_syn.filter(|&(initiator, first)| match side == initiator {
            true => SeqNumber(segment.seq) == first,
            false => segment.flags.syn && segment.flags.ack && SeqNumber(segment.ack) == first,
        })
    }

    /// It begins with a SYN that was captured before.
    pub fn begin_with_syn(&mut self, initiator: Side, first: SeqNumber) {
        self.role = Role::InitiatedBy(initiator);
        self.flow_mut(initiator).begin_at_syn(first);
    }

    pub fn saw_the_opening_syn(&self) -> bool {
        matches!(self.role, Role::InitiatedBy(side) if self.began_with_syn(side))
    }

    pub fn began_with_syn(&self, side: Side) -> bool {
        self.flow(side).began_with_syn()
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
        let mut doubt = match self.judge(side, segment) {
            Verdict::Read => None,
            Verdict::Doubt(doubt) => Some(doubt),
            Verdict::Discard(reason) => {
                counters.discarded.count(reason);
                return Next::Continue;
            }
        };
        if segment.flags.syn {
            if self.on_syn(side, segment) == Next::Replace {
                return Next::Replace;
            }
        } else if !segment.flags.ack && !segment.flags.rst {
            counters.discarded.no_ack += 1;
            return Next::Continue;
        } else if self.new_syn == Some((side, SeqNumber(segment.seq))) && !segment.payload.is_empty() {
            return Next::Replace; // data on the new ISN: its SYN-ACK was not captured
        }
        if self.unreadable {
            return if segment.flags.rst { Next::Closed } else { Next::Continue };
        }
        if (segment.flags.syn || segment.may_be_mapped()) && self.is_torn_by(side, segment) {
            self.unreadable = true;
            counters.mptcp_connections += 1;
            return Next::Unreadable;
        }
        self.fast_open |= segment.flags.syn && !segment.flags.ack && !segment.payload.is_empty();
        let (fast_open, last_stamp) = (self.fast_open, std::mem::replace(&mut self.last_stamp, at));
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        let first_seq = SeqNumber(segment.seq).plus(u32::from(segment.flags.syn));
        let midstream = self.role == Role::Unknown;
        let (me, other) = self.flows(side);
        if !me.is_started() {
            // A single byte without PSH is what some stacks send as a keep-alive probe (RFC 1122 §4.2.3.6).
            let probe = length == 1 && !segment.flags.psh && !segment.flags.fin;
            if (length > 0 && !probe) || segment.flags.fin {
                me.start(first_seq);
                if fast_open {
                    sink(side, StreamEvent::Gap { len: 0 });
                }
            }
        } else if !me.seen && (length > 0 || !midstream && !segment.flags.rst) && me.is_near(me.position_of(first_seq))
        {
            me.rewind_unseen(me.position_of(first_seq));
        }
        me.seen = true;
        me.spoke_at = now;
        if segment.flags.rst && me.is_started() && !me.may_be_reset_at(me.position_of(first_seq)) {
            return Next::Continue;
        }
        me.note_window(segment.window);
        let mut heard = 0;
        let ack = SeqNumber(segment.ack);
        if segment.flags.ack && doubt.is_none() && other.seen && other.takes_ack(other.position_of(ack)) {
            heard = other.position_of(ack);
        } else if segment.flags.ack {
            if !other.is_started() && (length > 0 || !midstream) {
                other.start(ack);
                if fast_open {
                    sink(side.other(), StreamEvent::Gap { len: 0 });
                }
            }
            match self.on_ack(side, ack, first_seq.plus(length as u32), doubt.is_none()) {
                Some(position) => heard = position,
                None if length > 0 => {
                    doubt = doubt.or(Some(Doubt::Ack));
                    heard = self.flow(side.other()).next();
                }
                None if segment.flags.rst => heard = self.flow(side.other()).next(),
                None => {
                    counters.discarded.impossible_ack += 1;
                    return Next::Continue;
                }
            }
        }
        if segment.flags.rst {
            return self.on_reset(side, first_seq, heard, now, counters, sink);
        }
        let (me, other) = self.flows(side);
        if !me.is_started() {
            return Next::Continue;
        }
        let start = me.position_of(first_seq);
        let near = me.is_near(start);
        if me.has_claim() && near && doubt.is_none() {
            me.settle_claim(start + length);
        }
        if length == 0 && !segment.flags.fin {
            return self.settle(counters, sink);
        }
        if !near {
            counters.out_of_window_segments += 1;
            // Neither side's numbers fit, after a pause: no stray.
            let fits_neither = segment.flags.ack && other.is_started() && !other.is_near(other.position_of(ack));
            self.strays = self.strays.saturating_add(1);
            if fits_neither && last_stamp.plus_millis(REUSE_PAUSE_MS) <= at {
                return Next::Replace;
            }
            return if self.strays >= MAX_STRAYS { Next::Replace } else { Next::Continue };
        }
        if segment.flags.fin && doubt.is_none() {
            me.finish_at(start + length);
        }
        let fin = segment.flags.fin && doubt.is_some();
        let (payload, missing) = (segment.payload, segment.missing);
        let piece = Piece { start, payload, missing, at, arrived: now, heard, doubt, fin };
        if me.is_in_order(&piece) && heard <= other.next() {
            let known = me.next().saturating_sub(start).min(length);
            if known > 0 {
                me.count_known(known, start, segment, now, counters);
            }
            me.recent.note(segment, now);
            me.pass(&piece, &mut |event| sink(side, event));
        } else {
            counters.out_of_order_segments += u64::from(start > me.next());
            me.displace_by(&piece, other.captured_to(), &mut counters.discarded);
            let known = me.keep(&piece);
            if known > 0 {
                me.count_known(known, start, segment, now, counters);
            }
            me.recent.note(segment, now);
        }
        self.strays = 0;
        self.settle(counters, sink)
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

    /// So many microseconds passed before what came at `since` or later, and not after it.
    pub fn wait_on_behind(&mut self, since: Timestamp, micros: u64) {
        self.low.wait_on_behind(since, micros);
        self.high.wait_on_behind(since, micros);
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
        if self.reset.is_some_and(|reset| reset.at.plus_millis(patience.reset_ms) <= now) {
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
        let reset = self.reset.is_some();
        for side in Side::BOTH {
            self.flow_mut(side).end_now(reset, &mut |event| sink(side, event));
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
            me.begin_with(segment);
        } else if me.began_at(first) {
            me.begin_with(segment);
        } else if me.may_have_begun_at(first) {
            return Next::Continue;
        } else {
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

    /// It carries only a part of its MPTCP streams: it joins another connection, or what came in between did.
    #[cold]
    fn is_torn_by(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        segment.joins() || segment.mapping().is_some_and(|mapping| self.flow_mut(side).is_torn_by(mapping))
    }

    /// What the receiver makes of the segment, by its checksums.
    #[inline]
    fn judge(&mut self, side: Side, segment: &Segment<'_>) -> Verdict {
        let me = self.flow_mut(side);
        let no_ip_sum = segment.ip_header_len == 0 || me.ip_sums.are_left_to_the_card();
        if no_ip_sum && me.tcp_sums.are_left_to_the_card() {
            return Verdict::Read;
        }
        me.judge(segment)
    }

    /// Notes what the sender on `side` had received; returns it as a position of the other direction, `None` if that cannot
    /// be. What ends before `end` was acknowledged is past doubt: it is captured late.
    #[inline(never)]
    fn on_ack(&mut self, side: Side, ack: SeqNumber, end: SeqNumber, believed: bool) -> Option<Position> {
        let midstream = self.role == Role::Unknown;
        let (me, other) = self.flows(side);
        if !other.is_started() {
            return Some(0);
        }
        let position = other.position_of(ack);
        if !other.seen && !other.is_near(position) {
            return Some(other.next());
        }
        if other.seen && !can_acknowledge(me, other, position) {
            let is_late = me.is_started() && me.is_acked_to(me.position_of(end));
            return (is_late && other.is_near(position)).then_some(position);
        }
        if !believed {
            return Some(position);
        }
        if other.seen || !midstream {
            other.acknowledge(position);
        } else {
            other.skip_unseen(position);
        }
        Some(position)
    }

    fn on_reset(
        &mut self,
        side: Side,
        seq: SeqNumber,
        heard: Position,
        now: Timestamp,
        counters: &mut FlowCounters,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        let (me, _) = self.flows(side);
        let position = if me.is_started() { me.position_of(seq) } else { 0 };
        self.reset.get_or_insert(Reset { at: now, side, position, heard });
        self.settle(counters, sink)
    }

    /// Delivers what can be delivered, keeps the limit, and says whether the connection is over.
    fn settle(&mut self, counters: &mut FlowCounters, sink: &mut impl FnMut(Side, StreamEvent<'_>)) -> Next {
        if self.low.is_quiet() && self.high.is_quiet() && self.reset.is_none() {
            return Next::Continue;
        }
        self.deliver(sink);
        for side in Side::BOTH {
            while self.flow(side).waiting_bytes() > MAX_WAITING_BYTES {
                self.give_up_first(side, counters, sink);
                self.deliver(sink);
            }
        }
        // Bytes before the reset that are still missing may have been captured behind it.
        if let Some(Reset { side, position, heard, .. }) = self.reset
            && self.waiting_bytes() == 0
            && self.flow(side).next() >= position
            && self.flow(side.other()).next() >= heard
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
        first.heard > other.next() && other.seen && !other.ended
    }

    /// The receiver has not acknowledged these bytes yet, and may have thrown them away.
    fn is_in_doubt(&self, side: Side, first: First) -> bool {
        first.doubt.is_some() && !self.flow(side).is_acked_to(first.end)
    }

    /// The receiver of these bytes has spoken since and acknowledged none of them.
    fn is_passed_over(&self, side: Side, first: First) -> bool {
        self.flow(side.other()).spoke_at > first.arrived && !self.flow(side).is_acked_to(first.end)
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
    fn give_up_first(&mut self, side: Side, counters: &mut FlowCounters, sink: &mut impl FnMut(Side, StreamEvent<'_>)) {
        let Some(first) = self.flow(side).first_waiting() else { return };
        if first.doubt.is_some_and(|doubt| doubt != Doubt::Unfilled) && self.is_passed_over(side, first) {
            self.flow_mut(side).discard_first(&mut counters.discarded);
        } else if first.start > self.flow(side).next() {
            self.flow_mut(side).give_up_to(first.start, &mut |event| sink(side, event));
        } else if self.is_in_doubt(side, first) {
            self.flow_mut(side).believe_first();
        } else if first.heard > self.flow(side.other()).captured_to() && self.is_passed_over(side, first) {
            // What it says it had received was never sent, or is captured very late: nobody is to lose bytes by that.
            self.flow_mut(side).deliver_first(&mut |event| sink(side, event));
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
