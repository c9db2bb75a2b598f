//! The lines of a batch once more, for a receiver that makes objects of them: most messages differ from one before in few values,
//! and only those need to be read.
//!
//! In: whole JSON lines. Out: words, texts and JSON arrays, each read from its beginning. Refuses to know: what the members mean, how
//! objects are made.
//!
//! | words               | message                                                                                 |
//! |---------------------|-----------------------------------------------------------------------------------------|
//! | `0`                 | as it stands in the arrays                                                              |
//! | `-n`                | as it stands in the arrays; it has `n` values, and is the next pattern: 1, 2, 3…        |
//! | `p`, `w…`, `v…`     | the last one of pattern `p` with other values: the way of each value in two bits, the first one lowest, `PLACES` in a word; then a word for each number and short text |
//!
//! | way | value                                                                                                   |
//! |-----|---------------------------------------------------------------------------------------------------------|
//! | 0   | as before                                                                                               |
//! | 1   | a number: its word, without the lowest three bits, divided by ten as often as those say                 |
//! | 2   | a short text: so many bytes of the texts as its word says, or if all bits of that are turned, the text before of that number: 0, 1, 2… |
//! | 3   | the next item of the arrays                                                                             |
//!
//! A value is a string, a number, `true`, `false` or `null`; its place is counted in the text. A pattern holds for its batch alone:
//! no reader has to remember more than a batch, and none can get out of step.
//!
//! First come the arrays, each ended by `\n`; then the texts, and spaces until words are where words may be read; the words; two more:
//! how many words there are, and how many bytes of arrays. Words are of 32 bits, as this machine has them.
//!
//! Not all of it is JSON: V8 enters each string of up to ten bytes that it parses into its table of names, and for ids of messages, which
//! never come again, that took as long as all else.
//!
//! That a line is like a pattern is never guessed: every byte outside of the values was compared. A hash only finds the pattern that
//! is worth it.

mod line;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::VecDeque;
use std::hash::BuildHasher;

use ahash::RandomState;
use memchr::memchr_iter;

use crate::batch::Buffer;
use line::{Comparison, Span, read};
use writer::{Writer, word};

/// In a smaller batch too few lines are like one before.
pub(super) const MIN_MESSAGES: u32 = 16;
/// At a time; the pattern that was not used for longest is replaced. A service has some dozen kinds of messages.
const MAX_PATTERNS: usize = 64;
/// So many are compared with before a line is read to find the right one: requests and responses take turns.
const FIRST_TRIES: usize = 3;
/// Kinds that came before are told from new kinds by the hashes of their keys: so many of those are kept.
const MAX_KNOWN: usize = 256;
/// After two batches in which most lines were of new kinds, so many are left as they are: a sender may use ever new field names, and
/// what is done for a kind of message does not pay for few of it.
const REST_BATCHES: u32 = 15;

/// The last line of its kind.
#[derive(Debug)]
struct Pattern {
    /// Where in the batch.
    line: Span,
    /// Where in the line.
    values: Vec<Span>,
    keys: u64,
    is_new: bool,
    /// It has one once there is a second line like it.
    number: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Used last comes first.
    patterns: Vec<Pattern>,
    /// That have a number.
    numbered: usize,
    comparison: Comparison,
    writer: Writer,
    random: RandomState,
    /// The hashes of keys of earlier patterns.
    known: VecDeque<u64>,
    /// Most of the last batch was new.
    was_new: bool,
    rest: u32,
}

impl Changes {
    /// Empty if they are not worth it.
    pub(super) fn of(&mut self, lines: &Buffer) -> Buffer {
        if self.rest > 0 {
            self.rest -= 1;
            return Buffer::default();
        }
        self.patterns.clear();
        self.numbered = 0;
        self.writer.begin(lines.another(lines.len() / 4));
        let mut start = 0;
        let (mut known, mut new) = (0, 0);
        for end in memchr_iter(b'\n', lines) {
            match self.push(lines, Span { start, end }) {
                true => known += 1,
                false => new += 1,
            }
            start = end + 1;
        }
        let is_new = new > known;
        if is_new && self.was_new {
            self.rest = REST_BATCHES;
        }
        self.was_new = is_new;
        self.writer.end()
    }

    /// Tells of one line. Says whether it is like one before, of a kind that was known before that.
    fn push(&mut self, lines: &[u8], at: Span) -> bool {
        let line = at.of(lines);
        let Some(index) = self.find(lines, at) else {
            self.writer.push_line(0, line);
            return false;
        };
        // Now it is the first.
        if let Some(used) = self.patterns.get_mut(..=index) {
            used.rotate_right(1);
        }
        let Some(pattern) = self.patterns.first_mut() else { return false };
        pattern.line = at;
        std::mem::swap(&mut pattern.values, &mut self.comparison.values);
        match pattern.number {
            Some(number) => self.writer.push_changes(number, line, &pattern.values, &self.comparison.changed),
            None => {
                self.numbered += 1;
                pattern.number = Some(self.numbered);
                self.writer.push_line(-word(pattern.values.len()), line);
            }
        }
        !pattern.is_new
    }

    /// The pattern that it is like. Where there is none, there is one now.
    fn find(&mut self, lines: &[u8], at: Span) -> Option<usize> {
        let Self { patterns, comparison, random, known, .. } = self;
        let line = at.of(lines);
        let mut is_like = |pattern: &Pattern| comparison.is_like(line, pattern.line.of(lines), &pattern.values);
        let first = patterns.iter().take(FIRST_TRIES).position(&mut is_like);
        if first.is_some() {
            return first;
        }
        let mut values = Vec::new();
        let keys = read(line, &mut values, random.build_hasher())?;
        let found = patterns.iter().position(|pattern| pattern.keys == keys && is_like(pattern));
        if found.is_none() {
            let before = known.iter().position(|hash| *hash == keys);
            let is_new = before.and_then(|index| known.remove(index)).is_none();
            known.truncate(MAX_KNOWN - 1);
            known.push_front(keys);
            patterns.truncate(MAX_PATTERNS - 1);
            patterns.insert(0, Pattern { line: at, values, keys, is_new, number: None });
        }
        found
    }
}
