//! The way back after a loss, and into a connection met in the middle: where a frame begins, by proof.
//!
//! A body may hold anything, whole frames and whole conversations too. So headers that look right in a row are not enough; they
//! are believed
//! - when, after as many as are no chance, they go on for longer than a frame may be, from there on: a body that holds frames is
//!   itself cut into frames, and where one of those ends the row breaks off; or
//! - from a pause of their sender on (see `word`), when they go on after another pause, or when streams of them are those that
//!   the other direction is known to have open, or speaks of after a pause too.
//!
//! The bytes before the first pause of a connection met in the middle may be the end of a body, whatever they look like.
//!
//! In: bytes with the packets that brought them. Out: those from the proven place on, to be read as if they came now.

use std::collections::VecDeque;

use super::chain::{Chain, Known, Mark, Verdict};
use super::word::Word;
use crate::flow::DataMeta;
use crate::message::{Direction, HttpCounters};

/// Bytes that wait for proof: some frames of twice the usual largest size.
const MAX_WAITING_BYTES: usize = 256 << 10;
/// After so many bytes without proof a direction is given up: far more than frames of any size in use would need.
const MAX_SEARCHED_BYTES: u64 = 16 << 20;
/// Packets that wait with them. Empty frames come in packets of their own.
const MAX_MARKS: usize = 4_096;

#[derive(Debug)]
pub(super) struct Search {
    from_client: bool,
    bytes: Vec<u8>,
    /// Of the packets in `bytes`, by `at`.
    marks: VecDeque<Mark>,
    /// Nothing in `bytes` before it begins a row of frames.
    from: usize,
    /// The row that begins there.
    chain: Chain,
    word: Word,
    /// Bytes that were looked at.
    searched: u64,
}

/// The result of the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    NotYet,
    /// Frames begin: pieces by packet.
    Frames(Vec<(Vec<u8>, DataMeta)>),
    GiveUp,
}

impl Search {
    pub fn new(direction: Direction) -> Self {
        Self {
            from_client: direction == Direction::Request,
            bytes: Vec::new(),
            marks: VecDeque::new(),
            from: 0,
            chain: Chain::default(),
            word: Word::default(),
            searched: 0,
        }
    }

    /// Takes more bytes. `paused`: their sender did before it sent them; `known`: what is known of the streams.
    pub fn push(
        &mut self,
        bytes: &[u8],
        meta: DataMeta,
        paused: bool,
        known: &Known<'_>,
        counters: &mut HttpCounters,
    ) -> Found {
        self.searched += bytes.len() as u64;
        if self.searched > MAX_SEARCHED_BYTES {
            counters.passed_over_bytes += (self.bytes.len() + bytes.len()) as u64;
            counters.http2.given_up += 1;
            return Found::GiveUp;
        }
        let is_turn = meta.segment_start && paused;
        if meta.segment_start || self.marks.is_empty() {
            self.marks.push_back(Mark { at: self.bytes.len(), meta, is_turn });
        }
        self.bytes.extend_from_slice(bytes);
        self.run(known, counters)
    }

    /// Looks again: more is known of the streams.
    pub fn run(&mut self, known: &Known<'_>, counters: &mut HttpCounters) -> Found {
        if let Verdict::Proven(at) = self.word.follow(&self.bytes, &self.marks, self.from_client, known) {
            return Found::Frames(self.take_from(at, counters));
        }
        loop {
            match self.chain.follow(&self.bytes, self.from, self.from_client, known) {
                Verdict::Refuted(before) => {
                    self.from = before.max(self.from);
                    self.skip(counters);
                }
                Verdict::Proven(at) => return Found::Frames(self.take_from(at, counters)),
                Verdict::Open => {
                    if self.bytes.len() <= MAX_WAITING_BYTES && self.marks.len() <= MAX_MARKS {
                        self.let_go(counters);
                        return Found::NotYet;
                    }
                    self.skip(counters);
                }
            }
            if self.from >= self.bytes.len() {
                self.let_go(counters);
                return Found::NotYet;
            }
        }
    }

    /// A row begins later, if at all: where a byte is 0, as that of a length below 64 KiB is.
    fn skip(&mut self, counters: &mut HttpCounters) {
        let rest = self.bytes.get(self.from + 1..).unwrap_or_default();
        self.from += 1 + memchr::memchr(0, rest).unwrap_or(rest.len());
        self.chain = Chain::default();
        if self.from > MAX_WAITING_BYTES / 2 {
            self.let_go(counters);
        }
    }

    /// Forgets what was refuted.
    fn let_go(&mut self, counters: &mut HttpCounters) {
        if self.from == 0 {
            return;
        }
        counters.passed_over_bytes += self.from as u64;
        self.bytes.drain(..self.from);
        self.chain.move_back(self.from);
        self.word.move_back(self.from);
        let from = std::mem::take(&mut self.from);
        // The packet that holds the first byte keeps its mark.
        while self.marks.get(1).is_some_and(|next| next.at <= from) {
            self.marks.pop_front();
        }
        for mark in &mut self.marks {
            if mark.at < from {
                mark.meta.position += (from - mark.at) as u64;
                mark.meta.segment_start = false;
                mark.is_turn = false;
            }
            mark.at = mark.at.saturating_sub(from);
        }
        if self.bytes.is_empty() {
            self.marks.clear();
        }
    }

    fn take_from(&mut self, at: usize, counters: &mut HttpCounters) -> Vec<(Vec<u8>, DataMeta)> {
        self.from = at;
        self.let_go(counters);
        let bytes = std::mem::take(&mut self.bytes);
        let ends = self.marks.iter().skip(1).map(|mark| mark.at).chain([bytes.len()]);
        let pieces = self
            .marks
            .iter()
            .zip(ends)
            .map(|(mark, end)| (bytes.get(mark.at..end).unwrap_or_default().to_vec(), mark.meta));
        pieces.filter(|(bytes, _)| !bytes.is_empty()).collect()
    }

    /// Bytes are lost: what came before stands alone.
    pub fn on_gap(&mut self, counters: &mut HttpCounters) {
        counters.passed_over_bytes += self.bytes.len() as u64;
        self.bytes.clear();
        self.marks.clear();
        self.from = 0;
        self.chain = Chain::default();
        self.word = Word::default();
    }

    /// Memory is needed elsewhere.
    pub fn shed(&mut self, counters: &mut HttpCounters) {
        self.on_gap(counters);
        self.bytes = Vec::new();
    }

    /// The streams of a row of frames that is all its sender said since it paused, and how many frames it has.
    pub fn streams_since_pause(&self) -> Option<(&[u32], u32)> {
        self.word.streams_since_pause(self.bytes.len())
    }

    pub fn buffered_bytes(&self) -> usize {
        self.bytes.capacity() + self.marks.capacity() * size_of::<Mark>()
    }
}
