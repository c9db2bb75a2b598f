//! One direction of a connection: what is delivered, what waits after holes, what was given up.
//!
//! Invariant: `waiting` holds no byte before `next`, and no two entries overlap.

mod display;
mod kept;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::BTreeMap;

use super::copies::Recent;
use super::receiver::{Doubt, Sums};
use super::{MAX_LATE_SYN_BYTES, MAX_WINDOW_BYTES, Position, SeqNumber, Side};
use crate::decode::{Marks, Segment};
use crate::time::Timestamp;
use kept::Waiting;

/// The facts about the segment that brought some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataMeta {
    pub at: Timestamp,
    /// Where the first byte stands in its stream.
    pub position: Position,
    /// How much of the other direction the sender had received when it sent these bytes.
    pub acked: Position,
    /// The first byte is also the first byte of a segment's payload.
    pub segment_start: bool,
    /// They had to wait for bytes before them.
    pub waited: bool,
}

/// The events that a direction delivers, in stream order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    Data(&'a [u8], DataMeta),
    /// `len` bytes that were given up: they will never be delivered. 0 where a stream's beginning was not captured, so that
    /// it is not known how many.
    Gap {
        len: u64,
    },
    /// Nothing follows. `clean` when a FIN said so (RFC 9293 §3.6).
    End {
        clean: bool,
        /// The side whose reset broke the connection off (RFC 9293 §3.5.2), if that ended it.
        reset: Option<Side>,
    },
}

/// The waiting segment that stands first.
#[derive(Debug, Clone, Copy)]
pub(super) struct First {
    pub start: Position,
    pub end: Position,
    pub arrived: Timestamp,
    pub acked: Position,
    pub doubt: Option<Doubt>,
}

#[derive(Debug, Default)]
pub(super) struct Reassembler {
    /// The sequence number of position 0.
    base: u32,
    /// Everything before it was delivered or given up.
    next: Position,
    /// Where it was met: nothing before it was delivered.
    met_at: Position,
    started: bool,
    /// A packet of this direction was captured; until then its silence means nothing.
    pub seen: bool,
    /// Where it begins is only known from an ack of a sender that had sent something before.
    pub may_have_begun_before: bool,
    /// When the last packet of this direction arrived.
    pub spoke_at: Timestamp,
    /// The stream's first byte is known from its SYN.
    began_with_syn: bool,
    /// By how much its windows are shifted; `None` where the SYN, which says so, was not captured.
    window_shift: Option<u8>,
    /// Before it is shifted.
    largest_window: u16,
    pub tcp_sums: Sums,
    pub ip_sums: Sums,
    /// The newest timestamp that its receiver has of it (TS.Recent, RFC 7323 §4.3).
    stamp: Option<u32>,
    /// Its SYN had a signature.
    is_signed: bool,
    /// Its receiver took a segment in spite of its options, as far as is known.
    options_do_not_matter: bool,
    pub recent: Recent,
    /// How far the numbers of the MPTCP stream are ahead of this subflow's.
    mapping: Option<u32>,
    /// How far the other side has acknowledged; no further than what was captured.
    peer_acked: Position,
    /// How far beyond that it says it has received: lost here, captured later, or a lie.
    claimed: Position,
    /// How far its sender is known to have come, ahead of what is delivered, and what it had received by then.
    sent: Option<(Position, Position)>,
    fin: Option<Position>,
    pub ended: bool,
    waiting: BTreeMap<Position, Waiting>,
    waiting_bytes: usize,
}

/// Bytes of one segment, placed in the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub start: Position,
    pub payload: &'a [u8],
    pub missing: u32,
    /// The packet's own time, for the message.
    pub at: Timestamp,
    /// The engine's time, which never goes back, for the holes.
    pub arrived: Timestamp,
    pub acked: Position,
    pub doubt: Option<Doubt>,
    /// A FIN in doubt stands at its end.
    pub fin: bool,
}

impl Piece<'_> {
    fn end(&self) -> Position {
        self.start + self.payload.len() as u64 + u64::from(self.missing)
    }
}

/// The largest shift (RFC 7323 §2.3), where it is not known.
const UNKNOWN_WINDOW_SHIFT: u8 = 14;

impl Reassembler {
    /// The stream's next byte has this sequence number.
    pub fn start(&mut self, seq: SeqNumber) {
        self.started = true;
        self.next = Position::ORIGIN;
        self.met_at = Position::ORIGIN;
        self.peer_acked = Position::ORIGIN;
        self.base = seq.0.wrapping_sub(Position::ORIGIN.low_bits());
    }

    pub fn is_started(&self) -> bool {
        self.started
    }

    pub fn next(&self) -> Position {
        self.next
    }

    pub fn next_seq(&self) -> SeqNumber {
        SeqNumber(self.base.wrapping_add(self.next.low_bits()))
    }

    pub fn first_seq(&self) -> SeqNumber {
        SeqNumber(self.base.wrapping_add(Position::ORIGIN.low_bits()))
    }

    /// The stream began at this sequence number.
    pub fn began_at(&self, seq: SeqNumber) -> bool {
        self.started && self.first_seq() == seq
    }

    /// That is beyond the first byte of a stream whose SYN was captured: the other side may have answered.
    pub fn has_sent_before(&self, seq: SeqNumber) -> bool {
        self.began_with_syn && seq.since(self.first_seq()) > 0
    }

    pub fn has_delivered(&self) -> bool {
        self.started && self.next > Position::ORIGIN
    }

    pub fn position_of(&self, seq: SeqNumber) -> Position {
        self.next.moved(i64::from(seq.since(self.next_seq())))
    }

    pub fn is_near(&self, position: Position) -> bool {
        position.distance(self.next) <= MAX_WINDOW_BYTES
    }

    /// Outside of any window, and not where the stream was once.
    pub fn is_no_place(&self, position: Position) -> bool {
        (!self.is_near(position) || self.is_before_the_first(position))
            && !(Position::ORIGIN..=self.next).contains(&position)
    }

    /// No byte of it was ever sent: it is before the first byte of a stream whose SYN was captured.
    pub fn is_before_the_first(&self, position: Position) -> bool {
        self.began_with_syn && position < Position::ORIGIN
    }

    /// A reset counts only inside the window (RFC 9293 §3.10.7.4, RFC 5961 §3), which begins where the receiver has come.
    pub fn may_be_reset_at(&self, position: Position) -> bool {
        self.is_near(position) && position >= self.peer_acked
    }

    /// The stream's own SYN says where it begins and how its windows are scaled.
    pub fn begin_with(&mut self, syn: &Segment<'_>) {
        self.began_with_syn = true;
        self.window_shift = Some(syn.window_shift());
        self.is_signed = syn.marks().is_signed;
    }

    pub fn begin_at_syn(&mut self, first: SeqNumber) {
        self.start(first);
        self.began_with_syn = true;
    }

    /// True if bytes between those before and these came by another subflow.
    pub fn is_torn_by(&mut self, mapping: u32) -> bool {
        *self.mapping.get_or_insert(mapping) != mapping
    }

    /// These bytes stand before the first that was delivered or is to be.
    pub fn is_before_pickup(&self, position: Position) -> bool {
        !self.began_with_syn && position < self.met_at
    }

    /// True if a SYN that says so may be this stream's own, captured late: the pickup stands a little after it.
    pub fn may_have_begun_at(&self, seq: SeqNumber) -> bool {
        self.started && !self.began_with_syn && (0..=MAX_LATE_SYN_BYTES).contains(&self.first_seq().since(seq))
    }

    /// Its SYN may stand before this number.
    pub fn may_begin_at(&self, seq: SeqNumber) -> bool {
        self.began_at(seq) || self.may_have_begun_at(seq)
    }

    pub fn began_with_syn(&self) -> bool {
        self.began_with_syn
    }

    /// The receiver's doubt about a segment at `start`, by its options.
    #[inline]
    pub fn judge_options(&mut self, segment: &Segment<'_>, start: Position) -> Option<Doubt> {
        let Marks { stamp, is_signed } = segment.marks();
        // Timestamps wrap (RFC 7323 §5.2).
        let is_old = |newest| stamp.is_some_and(|stamp: u32| (stamp.wrapping_sub(newest) as i32) < 0);
        if self.stamp.is_some_and(is_old) || (is_signed && self.began_with_syn && !self.is_signed) {
            return (!self.options_do_not_matter).then_some(Doubt::Options);
        }
        if start <= self.next {
            self.stamp = stamp.or(self.stamp);
        }
        None
    }

    pub fn note_window(&mut self, window: u16) {
        self.largest_window = self.largest_window.max(window);
    }

    /// The most that its sender was ready to receive, in bytes.
    pub fn largest_window(&self) -> u64 {
        u64::from(self.largest_window) << self.window_shift.unwrap_or(UNKNOWN_WINDOW_SHIFT)
    }

    /// The least that a receiver with this window may acknowledge: what was sent may have crossed what it had received by
    /// then (RFC 5961 §5), but nothing was sent before the SYN.
    pub fn oldest_ack(&self, window: u64) -> Position {
        let oldest = self.peer_acked.back(window);
        if self.began_with_syn { oldest.max(Position::ORIGIN) } else { oldest }
    }

    /// After the FIN, where nothing can follow.
    pub fn stream_end(&self) -> Option<Position> {
        self.fin.map(|fin| fin + 1)
    }

    pub fn acknowledge(&mut self, position: Position) {
        if position <= self.next || position <= self.captured_to().max(self.stream_end().unwrap_or_default()) {
            self.peer_acked = self.peer_acked.max(position);
        } else {
            self.claimed = self.claimed.max(position);
        }
    }

    /// The ordinary case of `acknowledge`: no less than before, no more than was delivered. Returns true if it was that.
    #[inline]
    pub fn takes_ack(&mut self, position: Position) -> bool {
        let is_ordinary = self.started && position >= self.peer_acked && position <= self.next;
        if is_ordinary {
            self.peer_acked = position;
        }
        is_ordinary
    }

    pub fn has_claim(&self) -> bool {
        self.claimed.is_known()
    }

    /// Its own side has sent up to `position`, and nothing beyond by then: what was said to be received is that, or was a lie.
    pub fn settle_claim(&mut self, position: Position) {
        if position >= self.claimed {
            self.peer_acked = self.peer_acked.max(self.claimed);
            self.claimed = Position::UNKNOWN;
        } else if position >= self.captured_to() {
            self.claimed = Position::UNKNOWN;
        }
    }

    /// Moves on without a gap: nothing of this direction was ever captured, so nothing is missing.
    pub fn skip_unseen(&mut self, position: Position) {
        self.next = self.next.max(position);
        self.met_at = self.next;
        self.peer_acked = self.next;
    }

    /// The stream's first captured packet stands before what the other side had acknowledged: it was captured late, or what
    /// was acknowledged is lost (data on the SYN, RFC 7413). So is what the other side acknowledged since it was met: it is waited for, or given
    /// up if it is more than any window. Returns how much is given up.
    pub fn rewind_unseen(&mut self, position: Position) -> u64 {
        self.next = self.next.min(position);
        let is_near = self.is_near(Position::ORIGIN);
        if is_near {
            self.next = self.next.min(Position::ORIGIN);
        }
        self.met_at = self.next;
        if is_near { 0 } else { self.next.since(Position::ORIGIN) }
    }

    pub fn finish_at(&mut self, position: Position) {
        if self.fin.is_none() && position >= self.next {
            self.fin = Some(position);
        }
    }

    /// Nothing follows a FIN (RFC 9293 §3.6).
    pub fn has_text_at(&self, position: Position) -> bool {
        self.fin.is_none_or(|fin| position < fin)
    }

    /// The payload of a segment at `start`, and how much of it is missing, as far as the FIN.
    #[inline]
    pub fn text_of<'a>(&self, start: Position, segment: &Segment<'a>) -> (&'a [u8], u32) {
        let Some(fin) = self.fin else { return (segment.payload, segment.missing) };
        let left = fin.since(start);
        let payload = segment.payload.get(..left as usize).unwrap_or(segment.payload);
        (payload, u64::from(segment.missing).min(left - payload.len() as u64) as u32)
    }

    /// A byte there was received before it was captured.
    pub fn was_received(&self, position: Position) -> bool {
        self.peer_acked.max(self.claimed) > position
    }

    /// Its sender had come to `position` when it had received so much of the other stream.
    pub fn note_sent(&mut self, position: Position, acked: Position) {
        match &mut self.sent {
            Some((sent, had)) if *sent == position => *had = acked.min(*had),
            Some((sent, _)) if *sent > position => {}
            sent => *sent = Some((position, acked)),
        }
    }

    /// How far its sender has come, as far as is known.
    pub fn sent_to(&self) -> Position {
        let sent = self.sent.map_or(Position::UNKNOWN, |(position, _)| position);
        self.captured_to().max(sent).max(self.peer_acked).max(self.claimed)
    }

    /// True if the next segment may acknowledge `position`: no less than the segments before it.
    pub fn may_be_acked_next(&self, position: Position) -> bool {
        self.is_near(position) && position >= self.peer_acked
    }

    pub fn is_acked_to(&self, position: Position) -> bool {
        self.peer_acked >= position
    }

    /// Nothing waits, and no end is in sight.
    pub fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.fin.is_none() && !self.ended
    }

    /// True if these bytes can go straight through: in order, not in doubt, and nothing waits before them.
    pub fn is_in_order(&self, piece: &Piece<'_>) -> bool {
        piece.start <= self.next && piece.missing == 0 && self.waiting.is_empty() && piece.doubt.is_none()
    }

    /// Delivers the new part of an in-order piece without copying it.
    pub fn pass(&mut self, piece: &Piece<'_>, sink: &mut impl FnMut(StreamEvent<'_>)) {
        let known = self.next.since(piece.start);
        let meta =
            DataMeta { at: piece.at, position: self.next, acked: piece.acked, segment_start: true, waited: false };
        self.emit(piece.payload, known, meta, sink);
    }

    /// Of `bytes` those that are new; so many are known.
    fn emit(&mut self, bytes: &[u8], known: u64, mut meta: DataMeta, sink: &mut impl FnMut(StreamEvent<'_>)) {
        let Some(fresh) = bytes.get(known as usize..).filter(|bytes| !bytes.is_empty()) else { return };
        meta.segment_start &= known == 0;
        self.next += fresh.len() as u64;
        sink(StreamEvent::Data(fresh, meta));
    }

    /// Gives up whatever is still missing before `position`.
    pub fn give_up_to(&mut self, position: Position, sink: &mut impl FnMut(StreamEvent<'_>)) {
        if position > self.next {
            let len = position - self.next;
            self.next = position;
            sink(StreamEvent::Gap { len });
        }
    }

    /// Ends the stream if its FIN is reached.
    pub fn end_at_fin(&mut self, sink: &mut impl FnMut(StreamEvent<'_>)) {
        if !self.ended && self.fin.is_some_and(|fin| fin <= self.next) {
            self.next += 1; // the FIN itself has a sequence number
            self.end(true, None, sink);
        }
    }

    /// Ends the stream here and now; a FIN that stands beyond a hole still makes it a clean end, and what the other side had
    /// acknowledged is missing.
    pub fn end_now(&mut self, reset: Option<Side>, sink: &mut impl FnMut(StreamEvent<'_>)) {
        if self.ended {
            return;
        }
        match self.fin {
            Some(fin) => {
                self.give_up_to(fin, sink);
                self.end_at_fin(sink);
            }
            None => {
                // The last of it may be a FIN. Where nothing was captured, nothing is missing.
                if self.seen {
                    self.give_up_to(self.peer_acked.max(self.claimed).back(1), sink);
                }
                self.end(false, reset, sink);
            }
        }
    }

    fn end(&mut self, clean: bool, reset: Option<Side>, sink: &mut impl FnMut(StreamEvent<'_>)) {
        self.ended = true;
        self.waiting.clear();
        self.waiting_bytes = 0;
        sink(StreamEvent::End { clean, reset });
    }
}
