//! Who opened a connection, and when another connection takes its place.

use super::syn_text::SynText;
use super::{Connection, Next, Role};
use crate::decode::Segment;
use crate::flow::MAX_LATE_SYN_BYTES;
use crate::flow::counters::FlowCounters;
use crate::flow::key::Side;
use crate::flow::receiver::Doubt;
use crate::flow::seq::SeqNumber;
use crate::time::Timestamp;

impl Connection {
    pub fn role(&self) -> Role {
        self.role
    }

    /// The `role` once this segment is taken.
    pub fn role_after(&self, side: Side, segment: &Segment<'_>) -> Role {
        match self.role {
            Role::Unknown if segment.flags.syn => {
                Role::InitiatedBy(if segment.flags.ack { side.other() } else { side })
            }
            role => role,
        }
    }

    /// The SYN of a connection to come, if this segment answers it or goes on from it.
    pub fn announced_syn(&self, side: Side, segment: &Segment<'_>) -> Option<(Side, SeqNumber)> {
        let announced = self.new_syn.filter(|&(initiator, _)| match side == initiator {
            true => self.goes_on_from_new_syn(side, SeqNumber(segment.seq)),
            false => segment.flags.syn && segment.flags.ack && self.answers_new_syn(side, SeqNumber(segment.ack)),
        });
        let renewed = || self.is_renewed_by(side, segment).then_some((side.other(), SeqNumber(segment.ack)));
        announced.or_else(renewed).or_else(|| self.answered_syn(side, segment))
    }

    /// The SYN that was captured twice, if this segment is sent from where an ack awaits its sender.
    fn answered_syn(&self, side: Side, segment: &Segment<'_>) -> Option<(Side, SeqNumber)> {
        let first = SeqNumber(segment.seq).plus(u32::from(segment.flags.syn));
        let (_, awaited) = self.awaited.filter(|&(answerer, _)| answerer == side && !segment.flags.rst)?;
        let is_there = (0..=MAX_LATE_SYN_BYTES).contains(&first.since(awaited));
        is_there.then(|| (side.other(), self.flow(side.other()).first_seq()))
    }

    /// The other side sends from where only a connection to come has it: `await_answer`. Bytes with such an ack are not this
    /// connection's, and are not read.
    #[cold]
    pub(super) fn is_answer_of_another(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        now: Timestamp,
        counters: &mut FlowCounters,
    ) -> bool {
        if self.answered_syn(side, segment).is_none() {
            return false;
        }
        let (me, other) = self.flows(side);
        me.spoke_at = now;
        while other.first_waiting().is_some_and(|first| first.doubt == Some(Doubt::Ack)) {
            counters.unplaced_bytes += other.discard_first(&mut counters.discarded);
        }
        true
    }

    /// The segment acknowledges what was never sent here, after a second SYN with the same number: of a connection to come whose
    /// SYN-ACK was not captured, or a forgery that its receiver throws away (RFC 5961 §5). The other side's next number tells.
    #[cold]
    pub(super) fn await_answer(&mut self, side: Side, segment: &Segment<'_>) {
        let (ack, other) = (SeqNumber(segment.ack), self.flow(side.other()));
        let is_no_place = other.is_no_place(other.position_of(ack));
        if is_no_place && !segment.flags.rst && self.same_syn_before(side, segment) {
            self.awaited = Some((side.other(), ack));
        }
    }

    /// This connection goes on: nothing was another connection's.
    #[cold]
    pub(super) fn forget_signs_of_another(&mut self) {
        (self.same_syn, self.awaited, self.stray) = (None, None, None);
    }

    /// True if the segment goes on from a SYN that was captured twice.
    fn same_syn_before(&self, side: Side, segment: &Segment<'_>) -> bool {
        let distance = SeqNumber(segment.seq).since(self.flow(side).first_seq());
        self.same_syn == Some(side) && (0..=MAX_LATE_SYN_BYTES).contains(&distance)
    }

    /// The segment acknowledges what was never sent here, and it is known where it was: where the other side's strays belong.
    #[cold]
    pub(super) fn is_of_another(&self, side: Side, segment: &Segment<'_>) -> bool {
        let ack = SeqNumber(segment.ack);
        let acknowledges_stray = self
            .stray
            .is_some_and(|(sender, [start, end])| sender != side && ack.since(start) > 0 && end.since(ack) >= 0);
        !segment.flags.rst && acknowledges_stray
    }

    /// The other side began a new connection with the number with which it had begun this connection, and here is the answer:
    /// that has another number.
    fn is_renewed_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        let first = SeqNumber(segment.seq).plus(1);
        segment.flags.syn
            && segment.flags.ack
            && self.role != Role::InitiatedBy(side)
            && self.flow(side).began_with_syn()
            && !self.flow(side).began_at(first)
            && self.flow(side.other()).began_with_syn()
            && self.flow(side.other()).began_at(SeqNumber(segment.ack))
    }

    /// Bytes of it were delivered.
    pub fn carries_data(&self) -> bool {
        self.low.has_delivered() || self.high.has_delivered()
    }

    /// The first sequence numbers of the initiator and of the other side, if both are known from their SYNs.
    pub fn numbers(&self) -> Option<[SeqNumber; 2]> {
        let Role::InitiatedBy(client) = self.role else { return None };
        let [asks, answers] = [client, client.other()].map(|side| self.flow(side));
        let are_exact = asks.began_with_syn() && answers.began_with_syn();
        are_exact.then(|| [asks.first_seq(), answers.first_seq()])
    }

    /// Something that this side sent was captured.
    pub fn has_seen(&self, side: Side) -> bool {
        self.flow(side).seen
    }

    /// The side of which nothing was captured.
    pub fn unseen(&self) -> Option<Side> {
        match (self.low.seen, self.high.seen) {
            (false, _) => Some(Side::Low),
            (_, false) => Some(Side::High),
            _ => None,
        }
    }

    /// The side whose SYN, of the number before this, has no answer yet.
    pub fn awaits_answer(&self, number: SeqNumber) -> Option<Side> {
        let announced = self.new_syn.filter(|&(_, first)| first == number).map(|(client, _)| client);
        announced.or_else(|| self.opened_at(number).filter(|&client| !self.flow(client.other()).seen))
    }

    /// The side of which nothing was captured, not even the SYN that was answered with this number.
    pub fn awaits_syn(&self, number: SeqNumber) -> Option<Side> {
        self.opened_at(number).filter(|&client| !self.flow(client).seen)
    }

    /// The initiator, if its first byte has this number.
    fn opened_at(&self, number: SeqNumber) -> Option<Side> {
        match self.role {
            Role::InitiatedBy(client) if self.flow(client).began_at(number) => Some(client),
            _ => None,
        }
    }

    /// Takes the bytes of the SYN with that first number.
    pub fn take_syn_text(&mut self, initiator: Side, first: SeqNumber) -> Option<Box<SynText>> {
        self.new_syn_text.take_if(|_| self.new_syn == Some((initiator, first)))
    }

    /// It begins with a SYN that was captured before, and with the bytes on that.
    pub fn begin_with_syn(
        &mut self,
        initiator: Side,
        first: SeqNumber,
        text: Option<Box<SynText>>,
        now: Timestamp,
        counters: &mut FlowCounters,
    ) {
        self.role = Role::InitiatedBy(initiator);
        self.fast_open = text.is_some();
        let flow = self.flow_mut(initiator);
        flow.begin_at_syn(first);
        if let Some(text) = text {
            // They seemed to be of no place.
            counters.unplaced_bytes = counters.unplaced_bytes.saturating_sub(text.len() as u64);
            flow.seen = true;
            flow.keep(&text.piece(now), &mut counters.discarded);
        }
    }

    /// This side's bytes there follow its new SYN, with or without the bytes on that.
    pub(super) fn goes_on_from_new_syn(&self, side: Side, number: SeqNumber) -> bool {
        let is_there = |first: SeqNumber| number == first || number == first.plus(self.new_syn_length());
        self.new_syn.is_some_and(|(initiator, first)| initiator == side && is_there(first))
    }

    /// The other side's new SYN is acknowledged, with or without the bytes on it.
    fn answers_new_syn(&self, side: Side, ack: SeqNumber) -> bool {
        let is_there = |first: SeqNumber| (0..=self.new_syn_length() as i32).contains(&ack.since(first));
        self.new_syn.is_some_and(|(initiator, first)| initiator != side && is_there(first))
    }

    fn new_syn_length(&self) -> u32 {
        self.new_syn_text.as_ref().map_or(0, |text| text.len() as u32)
    }

    pub fn saw_the_opening_syn(&self) -> bool {
        matches!(self.role, Role::InitiatedBy(side) if self.began_with_syn(side))
    }

    pub fn began_with_syn(&self, side: Side) -> bool {
        self.flow(side).began_with_syn()
    }

    pub(super) fn on_syn(&mut self, side: Side, segment: &Segment<'_>, at: Timestamp) -> Next {
        let first = SeqNumber(segment.seq).plus(1);
        let confirms = segment.flags.ack && self.answers_new_syn(side, SeqNumber(segment.ack));
        let renewed = self.is_renewed_by(side, segment);
        let is_established = self.carries_data() || (self.low.began_with_syn() && self.high.began_with_syn());
        let over = self.reset.is_some() || (self.low.ended && self.high.ended);
        let (me, other) = self.flows(side);
        let answers_another = |is_there: bool| segment.flags.ack && other.is_started() && !is_there;
        let acknowledged = other.position_of(SeqNumber(segment.ack));
        if !me.is_started() {
            me.start(first);
            me.begin_with(segment);
        } else if me.began_at(first) && !(me.began_with_syn() && answers_another(!other.is_no_place(acknowledged))) {
            let is_again = me.began_with_syn() && !segment.flags.ack;
            me.begin_with(segment);
            self.same_syn = self.same_syn.or(is_again.then_some(side));
        } else if me.may_have_begun_at(first) {
            return Next::Continue;
        } else {
            let stray = answers_another(other.is_near(acknowledged)) && segment.payload.is_empty();
            if over || !is_established || confirms || renewed || stray {
                return Next::Replace;
            }
            if !segment.flags.ack {
                self.new_syn = Some((side, first));
                self.new_syn_text = SynText::of(segment, at);
            }
            return Next::Continue;
        }
        self.role = self.role_after(side, segment);
        Next::Continue
    }

    /// It carries only a part of its MPTCP streams: it joins another connection, or what came in between did.
    #[cold]
    pub(super) fn is_torn_by(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        segment.joins() || segment.mapping().is_some_and(|mapping| self.flow_mut(side).is_torn_by(mapping))
    }
}
