//! The bytes of a sender from a pause on, if that is a row of frames.
//!
//! A body may hold whole frames, and a packet may begin with such a frame by chance or by intent. But its sender writes an outer
//! frame without waiting for anything; where it has paused, an outer frame begins, and a body's go on after its header only.

use std::collections::VecDeque;

use super::chain::{Chain, Known, Mark, Verdict, decodes};

/// Pauses after which a frame began.
const MIN_TURNS: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Word {
    /// Where the first pause of the row was.
    start: Option<usize>,
    chain: Chain,
    /// The last frame of the row begins there.
    last: usize,
    /// Pauses before frames of the row.
    turns: u32,
    /// No row begins at a pause before it.
    from: usize,
}

impl Word {
    /// Follows the row as far as the bytes go.
    pub fn follow(&mut self, bytes: &[u8], marks: &VecDeque<Mark>, from_client: bool, known: &Known<'_>) -> Verdict {
        loop {
            if self.start.is_none() && !self.begin(marks) {
                return Verdict::Open;
            }
            let found = self.go_on(bytes, marks, from_client, known);
            if found != Verdict::Open || self.start.is_some() {
                return found;
            }
        }
    }

    /// Begins at the next pause. Returns true if there is one.
    fn begin(&mut self, marks: &VecDeque<Mark>) -> bool {
        let first = marks.partition_point(|mark| mark.at < self.from);
        let Some(mark) = marks.iter().skip(first).find(|mark| mark.is_turn) else { return false };
        (self.start, self.chain, self.last, self.turns) = (Some(mark.at), Chain::beginning_at(mark.at), mark.at, 0);
        true
    }

    /// It is not what it seemed to be; the next one begins at `from` or later.
    fn end(&mut self, from: usize) -> Verdict {
        (self.start, self.from) = (None, from);
        Verdict::Open
    }

    fn go_on(&mut self, bytes: &[u8], marks: &VecDeque<Mark>, from_client: bool, known: &Known<'_>) -> Verdict {
        let Some(start) = self.start else { return Verdict::Open };
        loop {
            // A pause within a frame: it is none, or the pause was.
            let within = marks.partition_point(|mark| mark.at <= self.last);
            let mut inner = marks.iter().skip(within).take_while(|mark| mark.at < self.chain.next());
            if let Some(mark) = inner.find(|mark| mark.is_turn) {
                return self.end(mark.at);
            }
            match self.chain.step(bytes, from_client, known) {
                Ok(Some(at)) => {
                    self.last = at;
                    self.turns += u32::from(is_turn(marks, at));
                }
                Ok(None) => break,
                Err(at) => return self.end(at + 1),
            }
        }
        let is_steady = self.chain.is_strong() && self.turns >= MIN_TURNS && self.chain.next() <= bytes.len();
        let is_known = self.chain.ends_at(bytes.len()) && self.chain.speaks_of(known);
        if !is_steady && !is_known {
            return Verdict::Open;
        }
        match decodes(bytes, start..bytes.len(), from_client) {
            Ok(has_head) if is_steady || has_head => Verdict::Proven(start),
            Ok(_) => Verdict::Open,
            Err(wrong) => self.end(wrong + 1),
        }
    }

    /// So many bytes before it were let go of.
    pub fn move_back(&mut self, bytes: usize) {
        self.from = self.from.saturating_sub(bytes);
        match self.start.and_then(|start| start.checked_sub(bytes)) {
            Some(start) => {
                self.start = Some(start);
                self.last = self.last.saturating_sub(bytes);
                self.chain.move_back(bytes);
            }
            None => self.start = None,
        }
    }

    /// The streams of a row that is all its sender has said since the pause, and how many frames it has.
    pub fn streams_since_pause(&self, end: usize) -> Option<(&[u32], u32)> {
        let is_whole = self.start.is_some() && self.chain.frames() > 0 && self.chain.ends_at(end);
        is_whole.then(|| (self.chain.streams(), self.chain.frames()))
    }
}

fn is_turn(marks: &VecDeque<Mark>, at: usize) -> bool {
    let found = marks.binary_search_by_key(&at, |mark| mark.at);
    found.is_ok_and(|index| marks.get(index).is_some_and(|mark| mark.is_turn))
}
