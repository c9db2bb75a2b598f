//! The lines of a batch once more, for a receiver that makes objects of them: most messages differ from one before in few values,
//! and only those need to be read.
//!
//! In: whole JSON lines. Out: JSON arrays, each ended by `\n`, whose items are read one after another. Refuses to know: what the
//! members mean, how objects are made.
//!
//! | items               | message                                                                                 |
//! |---------------------|-----------------------------------------------------------------------------------------|
//! | `{…}`               | as it stands                                                                            |
//! | `-n`, `{…}`         | as it stands; it has `n` values, and is the next pattern: 0, 1, 2…                      |
//! | `p`, `b…`, `v…`     | the last one of pattern `p` with other values: a bit for each value, the first one lowest, `BITS` in a number; then those that differ |
//!
//! A value is a string, a number, `true`, `false` or `null`; its place is counted in the text. A pattern holds for its batch alone:
//! no reader has to remember more than a batch, and none can get out of step.
//!
//! That a line is like a pattern is never guessed: every byte outside of the values was compared. A hash only finds the pattern that
//! is worth it.

mod line;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::hash::BuildHasher;

use ahash::RandomState;
use memchr::memchr_iter;

use crate::batch::Buffer;
use line::{Comparison, Span, read};

/// In one number: any reader takes it for a small whole one.
const BITS: usize = 30;
/// In a smaller batch too few lines are like one before.
pub(super) const MIN_MESSAGES: u32 = 16;
/// At a time; the pattern that was not used for longest is replaced. A service has some dozen kinds of messages.
const MAX_PATTERNS: usize = 64;
/// So many are compared with before a line is read to find the right one: requests and responses take turns.
const FIRST_TRIES: usize = 3;
/// An array ends after so many bytes: its reader makes one string of it.
const ARRAY_BYTES: usize = 32 << 10;
/// Kinds that came before are told from new ones by the hashes of their keys: so many of those are kept.
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
        let mut out = lines.another(lines.len() / 4);
        let (mut start, mut array_start) = (0, 0);
        let (mut known, mut new) = (0, 0);
        for end in memchr_iter(b'\n', lines) {
            let before = if out.len() == array_start { b'[' } else { b',' };
            out.push(before);
            match self.push(&mut out, lines, Span { start, end }) {
                true => known += 1,
                false => new += 1,
            }
            start = end + 1;
            if out.len() - array_start >= ARRAY_BYTES || start == lines.len() {
                out.extend_from_slice(b"]\n");
                array_start = out.len();
            }
        }
        let is_new = new > known;
        if is_new && self.was_new {
            self.rest = REST_BATCHES;
        }
        self.was_new = is_new;
        out
    }

    /// Appends the items of one line. Says whether it is like one before, of a kind that was known before that.
    fn push(&mut self, out: &mut Vec<u8>, lines: &[u8], at: Span) -> bool {
        let line = at.of(lines);
        let Some(index) = self.find(lines, at) else {
            out.extend_from_slice(line);
            return false;
        };
        // Now it is the first one.
        if let Some(used) = self.patterns.get_mut(..=index) {
            used.rotate_right(1);
        }
        let Some(pattern) = self.patterns.first_mut() else { return false };
        let is_known = !pattern.is_new;
        pattern.line = at;
        std::mem::swap(&mut pattern.values, &mut self.comparison.values);
        match pattern.number {
            Some(number) => push_changes(out, number, line, &pattern.values, &self.comparison.changed),
            None => {
                pattern.number = Some(self.numbered);
                self.numbered += 1;
                out.push(b'-');
                push_number(out, pattern.values.len());
                out.push(b',');
                out.extend_from_slice(line);
            }
        }
        is_known
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

fn push_changes(out: &mut Vec<u8>, number: usize, line: &[u8], values: &[Span], changed: &[usize]) {
    push_number(out, number);
    let mut rest = changed;
    for first in (0..values.len()).step_by(BITS) {
        let (these, others) = rest.split_at(rest.partition_point(|place| *place < first + BITS));
        out.push(b',');
        push_number(out, these.iter().fold(0, |bits, place| bits | 1 << (place - first)));
        rest = others;
    }
    for span in changed.iter().filter_map(|place| values.get(*place)) {
        out.push(b',');
        out.extend_from_slice(span.of(line));
    }
}

fn push_number(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
