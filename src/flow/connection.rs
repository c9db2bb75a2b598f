//! Both directions of a connection: a segment's way through them.

mod handshake;
mod syn_text;
mod waiting;

use std::ops::Range;

use super::counters::FlowCounters;
use super::judging::can_acknowledge;
use super::reassembly::{Piece, Reassembler, StreamEvent};
use super::receiver::{Doubt, Verdict};
use super::{Position, SeqNumber, Side};
use crate::decode::Segment;
use crate::time::Timestamp;
use syn_text::SynText;

/// Data segments in a row that lie outside of any window before the connection is taken for another, whose SYN
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

/// The caller's next step with the connection after a segment.
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
    /// The bytes on that.
    new_syn_text: Option<Box<SynText>>,
    /// The SYN of this side was captured again: a copy, or that of a connection to come that begins with the same number.
    same_syn: Option<Side>,
    /// Where this side sends if that is a connection to come: the other one acknowledged so much.
    awaited: Option<(Side, SeqNumber)>,
    strays: u8,
    /// The last stray: where it begins and ends.
    stray: Option<(Side, [SeqNumber; 2])>,
    reset: Option<Reset>,
    /// See `Next::Unreadable`.
    unreadable: bool,
    /// The SYN carried data (RFC 7413): the other side may have answered before anything else was sent.
    fast_open: bool,
    /// True once the client's side was waited for in vain: only the server's side is captured, and no byte of the client counts as
    /// missing.
    is_one_sided: bool,
    /// The stamp of the last segment.
    last_stamp: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Reset {
    at: Timestamp,
    side: Side,
    /// Where it stands in its sender's stream.
    position: Position,
    /// How much its sender had received of the other stream.
    acked: Position,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            low: Reassembler::default(),
            high: Reassembler::default(),
            role: Role::Unknown,
            new_syn: None,
            new_syn_text: None,
            same_syn: None,
            awaited: None,
            strays: 0,
            stray: None,
            reset: None,
            unreadable: false,
            fast_open: false,
            is_one_sided: false,
            last_stamp: Timestamp::default(),
        }
    }
}

impl Connection {
    /// Bytes that are held back, with their overhead.
    pub fn waiting_bytes(&self) -> usize {
        self.low.waiting_bytes() + self.high.waiting_bytes() + self.new_syn_text.as_ref().map_or(0, |text| text.cost())
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

    /// Bytes that this side has sent, as far as they are known to have been sent.
    pub fn length(&self, side: Side) -> u64 {
        self.flow(side).next().since(Position::ORIGIN)
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
        if self.awaited.is_some() && doubt.is_none() && self.is_answer_of_another(side, segment, now, counters) {
            return Next::Replace;
        }
        if segment.flags.syn {
            if self.on_syn(side, segment, at) == Next::Replace {
                return Next::Replace;
            }
        } else if !segment.flags.ack && !segment.flags.rst {
            counters.discarded.no_ack += 1;
            return Next::Continue;
        } else if self.goes_on_from_new_syn(side, SeqNumber(segment.seq))
            && !segment.payload.is_empty()
            && self.next_seq(side) != Some(SeqNumber(segment.seq))
        {
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
        let may_be_another = self.same_syn.is_some() || self.stray.is_some();
        let (me, other) = self.flows(side);
        if !me.is_started() {
            // A single byte without PSH is what some stacks send as a keep-alive probe (RFC 1122 §4.2.3.6).
            let probe = length == 1 && !segment.flags.psh && !segment.flags.fin;
            if (length > 0 && !probe) || segment.flags.fin {
                me.start(first_seq);
                if fast_open || (segment.flags.ack && other.has_sent_before(SeqNumber(segment.ack))) {
                    sink(side, StreamEvent::Gap { len: 0 });
                }
            }
        } else if !me.seen && (length > 0 || !segment.flags.rst) && me.is_near(me.position_of(first_seq)) {
            // A probe stands before what is next.
            let is_exact = length > 0 || !midstream;
            let len = me.rewind_unseen(if is_exact { me.position_of(first_seq) } else { me.next() });
            if std::mem::take(&mut me.may_have_begun_before) || len > 0 {
                sink(side, StreamEvent::Gap { len });
            }
        }
        me.seen = true;
        me.spoke_at = now;
        if segment.flags.rst && me.is_started() && !me.may_be_reset_at(me.position_of(first_seq)) {
            return Next::Continue;
        }
        me.note_window(segment.window);
        if segment.has_options() && doubt.is_none() && !segment.flags.rst && me.is_started() {
            let by_options = me.judge_options(segment, me.position_of(first_seq));
            doubt = by_options.filter(|_| length > 0);
        }
        let mut acked = Position::UNKNOWN;
        let ack = SeqNumber(segment.ack);
        let was_acked = may_be_another && other.is_acked_to(other.position_of(ack));
        if segment.flags.ack && doubt.is_none() && other.seen && other.takes_ack(other.position_of(ack)) {
            acked = other.position_of(ack);
            if may_be_another && !was_acked && other.has_delivered() {
                self.forget_signs_of_another();
            }
        } else if segment.flags.ack {
            if !other.is_started() && (length > 0 || !midstream) {
                other.start(ack);
                other.may_have_begun_before = !other.seen && me.has_sent_before(first_seq);
                if fast_open || (other.seen && me.has_sent_before(first_seq)) {
                    sink(side.other(), StreamEvent::Gap { len: 0 });
                }
            }
            let position = self.on_ack(side, ack, first_seq.plus(length as u32), doubt.is_none());
            if position.is_none() && may_be_another {
                self.await_answer(side, segment);
            }
            match position {
                Some(position) => acked = position,
                None if self.is_of_another(side, segment) => return Next::Replace,
                None if length > 0 => {
                    doubt = doubt.or(Some(Doubt::Ack));
                    acked = self.flow(side.other()).next();
                }
                None if segment.flags.rst => acked = self.flow(side.other()).next(),
                None => {
                    counters.discarded.impossible_ack += 1;
                    return Next::Continue;
                }
            }
        }
        if segment.flags.rst {
            return self.on_reset(side, first_seq, acked, now, counters, sink);
        }
        let me = self.flow(side);
        if !me.is_started() {
            return Next::Continue;
        }
        let start = me.position_of(first_seq);
        // A probe may stand one before the first.
        let near = me.is_near(start) && !me.is_before_the_first(start + u64::from(length < 2));
        if segment.flags.syn && !me.may_begin_at(first_seq) {
            return self.on_foreign_syn(side, segment, start..start + length, counters);
        }
        let me = self.flow_mut(side);
        let is_received = me.was_received(start);
        if me.has_claim() && near && doubt.is_none() {
            me.settle_claim(start + length);
        }
        if length == 0 && !segment.flags.fin {
            if start > me.next() && near && doubt.is_none() {
                me.note_sent(start, acked);
            }
            if near && acked.is_known() {
                self.strays = 0; // what seemed to be another connection was none
            }
            return self.settle(counters, sink);
        }
        // Bytes that come again with an ack that this connection cannot have sent are another connection's.
        let is_foreign = doubt == Some(Doubt::Ack) && start + length <= me.next();
        if !near || is_foreign {
            let rested = last_stamp.plus_millis(REUSE_PAUSE_MS) <= at;
            return self.on_stray(side, segment, start..start + length, rested, counters);
        }
        if segment.flags.syn && doubt.is_none() && !me.is_acked_to(start + length) {
            doubt = Some(Doubt::Syn);
        }
        if segment.flags.fin && doubt.is_none() {
            me.finish_at(start + length);
        }
        let is_probe =
            is_received && length == 1 && !segment.flags.psh && !segment.flags.fin && start + 1 >= me.sent_to();
        if is_probe || (length > 0 && !me.has_text_at(start)) {
            return self.on_no_text(side, segment, start, now, counters, sink);
        }
        let is_taken = doubt.is_none_or(|doubt| doubt == Doubt::Unfilled);
        if is_taken && self.reset.is_some_and(|reset| reset.side == side && start + length > reset.position) {
            self.reset = None; // its sender goes on: it was not its own
        }
        let (me, other) = self.flows(side);
        let fin = segment.flags.fin && doubt.is_some();
        let (payload, missing) = me.text_of(start, segment);
        let length = payload.len() as u64 + u64::from(missing);
        let piece = Piece { start, payload, missing, at, arrived: now, acked, doubt, fin };
        if me.is_in_order(&piece) && acked <= other.next() {
            let known = me.next().since(start).min(length);
            if known > 0 {
                me.count_known(known, start, segment, now, counters);
            }
            me.recent.note(segment, now);
            me.pass(&piece, &mut |event| sink(side, event));
        } else {
            counters.out_of_order_segments += u64::from(start > me.next());
            let possible = other.captured_to();
            me.displace_by(&piece, possible, &mut counters.discarded);
            if doubt.is_none() && acked.is_known() {
                me.lower_acked_before(start + length, acked, possible);
                me.note_sent(start + length, acked);
            }
            let known = me.keep(&piece, &mut counters.discarded);
            if known > 0 {
                me.count_known(known, start, segment, now, counters);
            }
            me.recent.note(segment, now);
        }
        self.strays = 0;
        self.settle(counters, sink)
    }

    /// Bytes of a segment that are of no place here. `rested`: both sides were silent before it.
    #[cold]
    fn on_stray(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        place: Range<Position>,
        rested: bool,
        counters: &mut FlowCounters,
    ) -> Next {
        counters.out_of_window_segments += 1;
        self.strays = self.strays.saturating_add(1);
        let (me, other) = self.flows(side);
        let ack = other.position_of(SeqNumber(segment.ack));
        let length = place.end - place.start;
        // Neither side's numbers fit, after a pause: no stray.
        let fits_neither = segment.flags.ack && other.is_started() && !other.may_be_acked_next(ack);
        let first = SeqNumber(segment.seq).plus(u32::from(segment.flags.syn));
        let stray = me.is_no_place(place.start).then(|| (side, [first, first.plus(length as u32)]));
        self.stray = stray.or(self.stray);
        if (fits_neither && rested) || self.strays >= MAX_STRAYS {
            return Next::Replace;
        }
        counters.unplaced_bytes += length;
        Next::Continue
    }

    /// A SYN that is not this connection's, with its bytes: another connection may begin, else the receiver takes nothing of it
    /// (RFC 5961 §4). Its ack and its window were noted as those of any segment: they end doubts, and bring no bytes.
    #[cold]
    fn on_foreign_syn(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        place: Range<Position>,
        counters: &mut FlowCounters,
    ) -> Next {
        if place.is_empty() {
            return Next::Continue;
        }
        if self.flow(side).is_near(place.start) {
            counters.unplaced_bytes += place.end - place.start;
            return Next::Continue;
        }
        self.on_stray(side, segment, place, false, counters)
    }

    /// A byte of a keep-alive probe, or bytes after a FIN: they bring no news.
    #[cold]
    fn on_no_text(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        start: Position,
        now: Timestamp,
        counters: &mut FlowCounters,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        let me = self.flow_mut(side);
        me.count_known(segment.payload.len() as u64, start, segment, now, counters);
        me.recent.note(segment, now);
        self.settle(counters, sink)
    }

    /// The receiver's verdict on the segment, by its checksums.
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
    /// be. A segment that was acknowledged up to its `end` is past doubt: it is captured late.
    #[inline(never)]
    fn on_ack(&mut self, side: Side, ack: SeqNumber, end: SeqNumber, believed: bool) -> Option<Position> {
        let midstream = self.role == Role::Unknown;
        let (me, other) = self.flows(side);
        if !other.is_started() {
            return Some(Position::UNKNOWN);
        }
        let position = other.position_of(ack);
        if !other.seen && !other.is_near(position) {
            return Some(other.next());
        }
        if other.seen && !can_acknowledge(me, other, position) {
            let end = me.position_of(end);
            let is_late = me.is_started() && me.is_acked_to(end) && !me.is_before_the_first(end);
            return (is_late && other.is_near(position) && !other.is_before_the_first(position)).then_some(position);
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
        acked: Position,
        now: Timestamp,
        counters: &mut FlowCounters,
        sink: &mut impl FnMut(Side, StreamEvent<'_>),
    ) -> Next {
        let (me, _) = self.flows(side);
        let position = if me.is_started() { me.position_of(seq) } else { Position::UNKNOWN };
        self.reset.get_or_insert(Reset { at: now, side, position, acked });
        self.settle(counters, sink)
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
