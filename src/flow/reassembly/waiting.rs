//! The segments of a direction that wait after holes.

use super::{DataMeta, First, Piece, Reassembler, StreamEvent, Waiting};
use crate::flow::Position;
use crate::flow::counters::Discarded;
use crate::flow::receiver::Doubt;
use crate::time::Timestamp;

/// Waiting segments whose acks one segment is compared with: so many were sent again or overtaken in a row.
const MAX_COMPARED_ACKS: usize = 32;

impl Reassembler {
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    pub fn first_waiting(&self) -> Option<First> {
        let (&start, waiting) = self.waiting.first_key_value()?;
        let end = start + waiting.len();
        Some(First { start, end, arrived: waiting.arrived, acked: waiting.acked, doubt: waiting.doubt })
    }

    /// The end of everything captured, holes included.
    pub fn captured_to(&self) -> Position {
        let waiting =
            self.waiting.last_key_value().map_or(Position::UNKNOWN, |(&start, waiting)| start + waiting.len());
        self.next.max(waiting)
    }

    pub fn wait_on_after(&mut self, since: Timestamp, micros: u64) {
        let arrivals = self.waiting.values_mut().map(|waiting| &mut waiting.arrived).chain([&mut self.spoke_at]);
        for at in arrivals.filter(|at| **at >= since) {
            *at = at.plus_micros(micros);
        }
    }

    /// Puts aside what is new of a piece; what waits already wins. Returns the bytes that were known.
    pub fn keep(&mut self, piece: &Piece<'_>, discarded: &mut Discarded) -> u64 {
        let data_end = piece.start + piece.payload.len() as u64;
        let end = piece.end();
        let mut cursor = piece.start.max(self.next);
        // The bytes that were acknowledged before came in another segment, which was not captured.
        let peer_acked = if piece.doubt == Some(Doubt::Ack) { self.peer_acked } else { Position::UNKNOWN };
        let mut is_cut = false;
        if let Some((&start, before)) = self.waiting.range(..=cursor).next_back() {
            cursor = cursor.max(start + before.len());
        }
        let mut fresh = 0;
        while cursor < end {
            let following = self.waiting.range(cursor..end).next().map(|(&start, w)| (start, start + w.len()));
            let (stop, resume) = following.unwrap_or((end, end));
            if stop > cursor {
                fresh += stop - cursor;
                is_cut |= peer_acked > cursor;
                let from = cursor.max(peer_acked);
                self.insert(piece, from, stop.min(data_end));
                self.insert_lost(piece, from.max(data_end), stop);
            }
            cursor = resume;
        }
        discarded.impossible_ack += u64::from(is_cut);
        (end - piece.start) - fresh
    }

    fn insert(&mut self, piece: &Piece<'_>, from: Position, to: Position) {
        if from >= to {
            return;
        }
        let range = (from - piece.start) as usize..(to - piece.start) as usize;
        let Some(bytes) = piece.payload.get(range) else { return };
        self.put(
            from,
            Waiting {
                bytes: bytes.into(),
                lost: 0,
                at: piece.at,
                arrived: piece.arrived,
                acked: self.acked_at_first(from, piece),
                segment_start: from == piece.start,
                doubt: piece.doubt,
                fin: piece.fin && to == piece.end(),
            },
        );
    }

    /// A piece that waits in doubt, or acked more than `possible`, makes way for a piece of which neither is true. If that has
    /// the same bytes, the waiting piece was sent again and captured first: only its ack is wrong. So are bytes on a SYN.
    pub fn displace_by(&mut self, piece: &Piece<'_>, possible: Position, discarded: &mut Discarded) {
        if piece.doubt.is_some() || piece.acked > possible {
            return;
        }
        let end = piece.start + piece.payload.len() as u64;
        let mut overlapping: Vec<Position> = Vec::new();
        for (&start, waiting) in self.waiting.range(..end).rev() {
            if start + waiting.len() <= piece.start {
                break;
            }
            if waiting.doubt.is_some() || waiting.acked > possible {
                overlapping.push(start);
            }
        }
        for start in overlapping {
            let Some(waiting) = self.waiting.remove(&start) else { continue };
            self.waiting_bytes -= waiting.cost();
            let stop = start + waiting.len();
            self.put_part(start, &waiting, start, piece.start);
            self.put_part(start, &waiting, end, stop);
            let may_be_sent_again = matches!(waiting.doubt, None | Some(Doubt::Syn));
            if may_be_sent_again && waiting.has_the_bytes_of(start, piece.payload, piece.start) {
                let sent = Waiting { acked: piece.acked.min(waiting.acked), doubt: None, ..waiting };
                self.put_part(start, &sent, start.max(piece.start), stop.min(end));
            } else {
                discarded.count(waiting.doubt.unwrap_or(Doubt::Ack));
            }
        }
    }

    /// Of `waiting`, which stood at `start`, what lies between `from` and `to`.
    fn put_part(&mut self, start: Position, waiting: &Waiting, from: Position, to: Position) {
        if from >= to {
            return;
        }
        let whole = waiting.bytes.len() as u64;
        let cut = |position: Position| position.since(start).min(whole) as usize;
        let bytes: Box<[u8]> = waiting.bytes.get(cut(from)..cut(to)).unwrap_or_default().into();
        let lost = if waiting.lost > 0 { (to - from).min(u64::from(u32::MAX)) as u32 } else { 0 };
        let segment_start = waiting.segment_start && from == start;
        let fin = waiting.fin && to == start + waiting.len();
        self.put(from, Waiting { bytes, lost, segment_start, fin, ..*waiting });
    }

    /// The first that waits is what its receiver threw away. Returns its length.
    pub fn discard_first(&mut self, discarded: &mut Discarded) -> u64 {
        let Some((_, waiting)) = self.waiting.pop_first() else { return 0 };
        self.waiting_bytes -= waiting.cost();
        discarded.count(waiting.doubt.unwrap_or(Doubt::Ack));
        waiting.len()
    }

    /// The first that waits is what its receiver read, as far as can be known.
    pub fn believe_first(&mut self) {
        if let Some(mut first) = self.waiting.first_entry() {
            self.options_do_not_matter |= first.get().doubt == Some(Doubt::Options);
            first.get_mut().doubt = None;
        }
    }

    fn insert_lost(&mut self, piece: &Piece<'_>, from: Position, to: Position) {
        if from < to {
            let lost = (to - from).min(u64::from(u32::MAX)) as u32;
            self.put(
                from,
                Waiting {
                    bytes: Box::default(),
                    lost,
                    at: piece.at,
                    arrived: piece.arrived,
                    acked: piece.acked,
                    segment_start: false,
                    doubt: piece.doubt,
                    fin: piece.fin && to == piece.end(),
                },
            );
        }
    }

    fn put(&mut self, at: Position, waiting: Waiting) {
        self.waiting_bytes += waiting.cost();
        self.waiting.insert(at, waiting);
    }

    /// Delivers the first waiting entry, if no hole is before it. Returns true if it did.
    pub fn deliver_first(&mut self, sink: &mut impl FnMut(StreamEvent<'_>)) -> bool {
        let Some(first) = self.waiting.first_entry() else { return false };
        if *first.key() > self.next {
            return false;
        }
        let (start, waiting) = first.remove_entry();
        self.waiting_bytes -= waiting.cost();
        match waiting.doubt {
            Some(Doubt::Unfilled) => {
                self.tcp_sums.unfilled_is_usual = true;
                self.ip_sums.unfilled_is_usual = true;
            }
            Some(Doubt::Options) => self.options_do_not_matter = true,
            _ => {}
        }
        if waiting.fin {
            self.finish_at(start + waiting.len());
        }
        if waiting.lost > 0 {
            self.give_up_to(start + waiting.len(), sink);
            return true;
        }
        let known = self.next.since(start);
        let Waiting { at, acked, segment_start, .. } = waiting;
        let meta = DataMeta { at, position: self.next, acked, segment_start, waited: true };
        self.emit(&waiting.bytes, known, meta, sink);
        true
    }

    /// A segment that is sent again acknowledges what its sender has received by now. When it sent these bytes first, that
    /// was no more than when it sent what follows them.
    fn acked_at_first(&self, start: Position, piece: &Piece<'_>) -> Position {
        let acked = piece.acked;
        if piece.doubt.is_some() || !acked.is_known() {
            return acked;
        }
        let following = self.waiting.range(start..).next().filter(|(_, waiting)| waiting.doubt.is_none());
        let sent = self.sent.filter(|&(sent, _)| sent > start);
        let known = following.map(|(_, waiting)| waiting.acked).into_iter().chain(sent.map(|(_, acked)| acked));
        known.min().filter(|&most| most < acked).map_or(acked, Position::or_less)
    }

    /// The same for what waits before `end`, by a segment that ends there.
    pub fn lower_acked_before(&mut self, end: Position, acked: Position, possible: Position) {
        for (_, waiting) in self.waiting.range_mut(..end).rev().take(MAX_COMPARED_ACKS) {
            if waiting.acked <= acked {
                break;
            }
            if waiting.doubt.is_none() && waiting.acked <= possible {
                waiting.acked = acked.or_less();
            }
        }
    }

    /// The first waiting bytes were sent, up to `end`, by a sender that had received no more than `acked`.
    pub fn lower_first(&mut self, acked: Position, end: Position) {
        let Some((start, mut waiting)) = self.waiting.pop_first() else { return };
        self.waiting_bytes -= waiting.cost();
        let stop = start + waiting.len();
        self.put_part(start, &waiting, end.max(start), stop);
        waiting.acked = waiting.acked.min(acked);
        self.put_part(start, &waiting, start, end.min(stop));
    }
}
