//! The facts of lines that statistics need, for a receiver that counts and does not read lines: a line takes it ten times as long.
//!
//! In: whole JSON lines. Out: tables of so many messages. Refuses to know: what is counted, where the lines go.
//!
//! A table is records of eight doubles each (little-endian), and then text. The first record is its head: how many connections,
//! how many targets, and how many bytes the text of each takes. One for each message follows, in their order:
//!
//! | double | request                                     | response                                        | other line |
//! |--------|---------------------------------------------|-------------------------------------------------|------------|
//! | 0      | `0`, + 32 if its response follows in the table | `1`, + 32 if it says what it answers, + 64 if that is here, + 4 × how it ended, + 256 × status | `2` |
//! | 1      | connection + 65 536 × target                | the same; if its request is here, the record of that for the target | |
//! | 2      | number of the exchange                      | the same                                        | where its text begins |
//! | 3      | ms since the epoch                          | the same                                        | its bytes  |
//! | 4      | bytes of the body                           | the same                                        |            |
//! | 5      | `durationMs` or NaN                         | the same                                        |            |
//! | 6, 7   |                                             | `latencyMs`, `waitMs`                           |            |
//!
//! After them come two doubles for each connection: its number, and where its text ends. The text is the JSON of the two endpoints of
//! each connection, a line for each target (method, path and, if there is one, host, with tabs between), and the lines that are not as
//! usual: their receiver reads them as JSON. They are whole, but for the body of long lines, which takes the memory and which no
//! statistics need. A table holds by itself: no reader has to remember another table.

mod body;
mod line;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use ahash::RandomState;
use memchr::memchr_iter;

use crate::batch::{Batch, Buffer};
use line::{Facts, Reader, Target};

/// Messages of a table: JS counts them in about two milliseconds. Fewer than exchanges may wait for their other half there, so that the
/// exchange that waits for longest is never of the table itself.
const MAX_MESSAGES: usize = 8_192;
/// A table with more text is handed on before; one line may go beyond it.
const MAX_TEXT_BYTES: usize = 256 << 10;
/// The text of a table may take so much memory also after it was handed on: a few long lines are not to be paid for as long as the
/// capture runs.
const MAX_KEPT_TEXT_BYTES: usize = 2 * MAX_TEXT_BYTES;
/// A line that is not as usual comes without its body if it is longer: there is room for the heads of most messages.
const MAX_WHOLE_LINE_BYTES: usize = 32 << 10;
const RECORD_BYTES: usize = 64;

const RESPONSE: u32 = 1;
const OTHER: u32 = 2;
const INCOMPLETE_SHIFT: u32 = 2;
const IS_PAIRED: u32 = 32;
const IS_HERE: u32 = 64;
const STATUS_SHIFT: u32 = 8;
const TARGET_FACTOR: usize = 65_536;
/// Indices of a table go into halves of a word.
const _: () = assert!(MAX_MESSAGES < TARGET_FACTOR);

/// Texts that are told once, each by its index.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    spans: Vec<Range<usize>>,
    by_key: HashMap<u64, usize, RandomState>,
}

impl Texts {
    /// The index of the text of these parts. `None` if another text has the key.
    fn index(&mut self, key: u64, parts: &[&[u8]]) -> Option<usize> {
        let Self { bytes, spans, by_key } = self;
        match by_key.entry(key) {
            Entry::Occupied(known) => {
                let text = spans.get(*known.get()).and_then(|span| bytes.get(span.clone()))?;
                let rest = parts.iter().try_fold(text, |rest, part| rest.strip_prefix(*part));
                rest.is_some_and(<[u8]>::is_empty).then(|| *known.get())
            }
            Entry::Vacant(new) => {
                let start = bytes.len();
                parts.iter().for_each(|part| bytes.extend_from_slice(part));
                spans.push(start..bytes.len());
                Some(*new.insert(spans.len() - 1))
            }
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(MAX_KEPT_TEXT_BYTES);
        self.spans.clear();
        self.by_key.clear();
    }
}

/// The table that is being written.
#[derive(Debug, Default)]
pub(super) struct Table {
    records: Buffer,
    messages: usize,
    /// By their numbers.
    connections: Texts,
    numbers: Vec<u64>,
    targets: Texts,
    others: Vec<u8>,
    /// The records of requests whose response has not come yet, by connection and exchange.
    open: HashMap<(usize, u64), usize, RandomState>,
    random: RandomState,
    reader: Reader,
}

impl Table {
    /// Takes whole lines; `hand_on` gets each table that is full.
    pub(super) fn add(&mut self, lines: &Buffer, mut hand_on: impl FnMut(Batch)) {
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            if self.messages == 0 {
                self.records = lines.another(RECORD_BYTES * (MAX_MESSAGES + 1));
                self.records.extend_from_slice(&[0; RECORD_BYTES]);
            }
            let line = lines.get(start..end).unwrap_or_default();
            start = end + 1;
            match self.reader.read(line) {
                Some(facts) if self.push(&facts) => {}
                _ => self.push_other(line),
            }
            let text = self.connections.bytes.len() + self.targets.bytes.len() + self.others.len();
            if self.messages >= MAX_MESSAGES || text >= MAX_TEXT_BYTES {
                self.take().into_iter().for_each(&mut hand_on);
            }
        }
    }

    /// The table as it is; `None` if it is empty.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let messages = u32::try_from(self.messages).ok().filter(|&messages| messages > 0)?;
        let Self { records, connections, numbers, targets, others, open, .. } = self;
        let mut lines = std::mem::take(records);
        let head = [connections.spans.len(), targets.spans.len(), connections.bytes.len(), targets.bytes.len()];
        for (index, value) in head.into_iter().enumerate() {
            if let Some(place) = lines.get_mut(8 * index..8 * (index + 1)) {
                place.copy_from_slice(&(value as f64).to_le_bytes());
            }
        }
        for (number, span) in numbers.drain(..).zip(&connections.spans) {
            lines.extend_from_slice(&(number as f64).to_le_bytes());
            lines.extend_from_slice(&(span.end as f64).to_le_bytes());
        }
        lines.extend_from_slice(&connections.bytes);
        lines.extend_from_slice(&targets.bytes);
        lines.extend_from_slice(others);
        connections.clear();
        targets.clear();
        others.clear();
        others.shrink_to(MAX_KEPT_TEXT_BYTES);
        open.clear();
        self.messages = 0;
        Some(Batch { lines, messages, ..Batch::default() })
    }

    /// Says whether it could.
    fn push(&mut self, facts: &Facts<'_>) -> bool {
        let Some(connection) = self.connection(facts) else { return false };
        let key = (connection, facts.exchange);
        let mut word = 0;
        let mut target = 0;
        if facts.is_request {
            match facts.target.and_then(|asked| self.target(asked)) {
                Some(index) => target = index,
                None => return false,
            }
            self.open.insert(key, self.messages);
        } else {
            word = RESPONSE | u32::from(facts.incomplete) << INCOMPLETE_SHIFT | u32::from(facts.status) << STATUS_SHIFT;
            if let Some(asked) = facts.target {
                word |= IS_PAIRED;
                // Interim responses come before the final response, and end no exchange (RFC 9110 §15.2); 101 ends HTTP.
                let is_final = facts.status >= 200 || facts.status == 101;
                let request = if is_final { self.open.remove(&key) } else { None };
                match request {
                    Some(request) => {
                        word |= IS_HERE;
                        target = request;
                        self.mark_answered(request);
                    }
                    None => match self.target(asked) {
                        Some(index) => target = index,
                        None => return false,
                    },
                }
            }
        }
        let Facts { exchange, at_ms, body_size, duration_ms, latency_ms, wait_ms, .. } = *facts;
        let ends = (connection + TARGET_FACTOR * target) as f64;
        self.record([f64::from(word), ends, exchange as f64, at_ms, body_size, duration_ms, latency_ms, wait_ms]);
        true
    }

    fn push_other(&mut self, line: &[u8]) {
        let start = self.others.len();
        let body = if line.len() > MAX_WHOLE_LINE_BYTES { body::members(line) } else { 0..0 };
        self.others.extend_from_slice(line.get(..body.start).unwrap_or_default());
        self.others.extend_from_slice(line.get(body.end..).unwrap_or_default());
        let bytes = self.others.len() - start;
        self.record([f64::from(OTHER), 0.0, start as f64, bytes as f64, 0.0, 0.0, 0.0, 0.0]);
    }

    fn record(&mut self, values: [f64; 8]) {
        let mut bytes = [0; RECORD_BYTES];
        for (place, value) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
        self.records.extend_from_slice(&bytes);
        self.messages += 1;
    }

    fn mark_answered(&mut self, request: usize) {
        let start = RECORD_BYTES * (request + 1);
        if let Some(word) = self.records.get_mut(start..start + 8) {
            word.copy_from_slice(&f64::from(IS_PAIRED).to_le_bytes());
        }
    }

    fn connection(&mut self, &Facts { connection, peers, .. }: &Facts<'_>) -> Option<usize> {
        let index = self.connections.index(connection, &[peers])?;
        if index == self.numbers.len() {
            self.numbers.push(connection);
        }
        Some(index)
    }

    fn target(&mut self, Target { method, path, host }: Target<'_>) -> Option<usize> {
        let key = self.random.hash_one((method, path, host));
        let before_host: &[u8] = if host.is_some() { b"\t" } else { b"" };
        self.targets.index(key, &[method, b"\t", path, before_host, host.unwrap_or_default(), b"\n"])
    }
}
