//! One direction: the ciphertext that is not read yet, and what it waits for.

use std::collections::VecDeque;

use super::keys::Protection;
use super::positions::{Ciphertext, Positions};
use crate::flow::{DataMeta, Position, Side, StreamEvent};
use crate::time::Timestamp;
use crate::tls::counters::Unread;
use crate::tls::handshake::Messages;

/// The cost of a waiting event besides its bytes.
const QUEUED_OVERHEAD_BYTES: usize = 64;

/// Why the next record is not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// For the secret that opens it, so long.
    Keys { ms: u64 },
    /// For the other direction's hello, or what it says of early data.
    Hello,
    /// For the other direction, which waits: it has what was sent before this.
    Order,
}

/// Where the next byte belongs.
#[derive(Debug, Default)]
pub(super) enum Reading {
    /// A record begins, or has begun.
    #[default]
    Records,
    /// So many bytes of a record are passed over.
    Skipping(u64),
    /// Bytes were lost: a record may begin anywhere.
    Searching(Search),
    /// Nothing more of it can be read.
    Discarding,
}

/// The next record is looked for, and proved by its tag.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Bytes that were lost, if that is known.
    pub lost: Option<u64>,
    /// Bytes that were passed over since.
    pub passed: u64,
    /// Bytes of records whose tags were tried.
    pub tried: u64,
    /// That plaintext is missing was said when the search began, and at each loss since.
    pub is_told: bool,
}

#[derive(Debug)]
pub(super) enum Queued {
    Data(Box<[u8]>, DataMeta),
    Gap(u64),
    End { clean: bool, reset: Option<Side> },
}

impl Queued {
    pub fn of(event: StreamEvent<'_>) -> Self {
        match event {
            StreamEvent::Data(bytes, meta) => Self::Data(bytes.into(), meta),
            StreamEvent::Gap { len } => Self::Gap(len),
            StreamEvent::End { clean, reset } => Self::End { clean, reset },
        }
    }

    pub fn event(&self) -> StreamEvent<'_> {
        match self {
            Self::Data(bytes, meta) => StreamEvent::Data(bytes, *meta),
            Self::Gap(len) => StreamEvent::Gap { len: *len },
            Self::End { clean, reset } => StreamEvent::End { clean: *clean, reset: *reset },
        }
    }

    fn cost(&self) -> usize {
        let bytes = if let Self::Data(bytes, _) = self { bytes.len() } else { 0 };
        bytes + QUEUED_OVERHEAD_BYTES
    }
}

/// Where a segment begins in the ciphertext, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub position: Ciphertext,
    pub at: Timestamp,
    /// Of the other direction's ciphertext.
    pub acked: Ciphertext,
    pub waited: bool,
}

#[derive(Debug)]
pub(super) struct Direction {
    /// The events that came while the next record waits.
    queue: VecDeque<Queued>,
    queued_bytes: usize,
    /// Bytes of a record of which more is to come, or that waits.
    pub buffer: Vec<u8>,
    /// Where the next byte to be read stands.
    pub position: Ciphertext,
    /// The segments of what is not read yet, and the last that was.
    pub marks: VecDeque<Mark>,
    pub reading: Reading,
    pub wait: Option<(Wait, Timestamp)>,
    /// With `Wait::Order`: so much of the other direction goes first.
    pub ordered_after: Ciphertext,
    /// It has waited for its keys as long as it may.
    pub given_up: bool,
    /// It has waited for the handshake's keys as long as it may, having those of the traffic.
    pub handshake_given_up: bool,
    /// No longer waits for a hello.
    pub hello_given_up: bool,
    pub protection: Protection,
    pub messages: Messages,
    /// Records that did not open, in a row.
    pub broken_in_a_row: u32,
    /// Records that did not open since the handshake's secret was not logged.
    pub unknown_handshake_records: u32,
    /// Records that opened.
    pub opened: u64,
    pub plain: Plain,
    /// Reasons that are counted already.
    pub counted: [bool; Unread::COUNT],
}

/// How much of the plaintext has been handed on.
#[derive(Debug)]
pub(super) struct Plain {
    pub next: Position,
    pub positions: Positions,
    pub has_begun: bool,
    /// Plaintext is missing here, and this was not said yet.
    pub is_missing: bool,
    pub has_ended: bool,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            queued_bytes: 0,
            buffer: Vec::new(),
            position: Ciphertext::UNKNOWN,
            marks: VecDeque::new(),
            reading: Reading::Records,
            wait: None,
            ordered_after: Ciphertext::UNKNOWN,
            given_up: false,
            handshake_given_up: false,
            hello_given_up: false,
            protection: Protection::None,
            messages: Messages::default(),
            broken_in_a_row: 0,
            unknown_handshake_records: 0,
            opened: 0,
            plain: Plain {
                next: Position::ORIGIN,
                positions: Positions::default(),
                has_begun: false,
                is_missing: false,
                has_ended: false,
            },
            counted: [false; Unread::COUNT],
        }
    }
}

impl Direction {
    /// The bytes that were passed over while the next record is looked for.
    pub fn passed_in_search(&self) -> u64 {
        if let Reading::Searching(search) = &self.reading { search.passed } else { 0 }
    }

    pub fn must_queue(&self) -> bool {
        self.wait.is_some() || !self.queue.is_empty()
    }

    pub fn enqueue(&mut self, event: StreamEvent<'_>) {
        let queued = Queued::of(event);
        self.queued_bytes += queued.cost();
        self.queue.push_back(queued);
    }

    pub fn dequeue(&mut self) -> Option<Queued> {
        let queued = self.queue.pop_front()?;
        self.queued_bytes -= queued.cost();
        if self.queue.is_empty() {
            self.queue = VecDeque::new(); // what waited for keys was much
        }
        Some(queued)
    }

    pub fn waiting_bytes(&self) -> usize {
        self.queued_bytes
    }

    pub fn buffered_bytes(&self) -> usize {
        let marks = self.marks.capacity() * size_of::<Mark>();
        self.queued_bytes
            + self.buffer.capacity()
            + marks
            + self.messages.buffered_bytes()
            + self.plain.positions.buffered_bytes()
    }

    /// Bytes come: where they stand, and when and by what segment they came.
    pub fn note_segment(&mut self, meta: &DataMeta) {
        let mark = Mark {
            position: Ciphertext(meta.position),
            at: meta.at,
            acked: Ciphertext(meta.acked),
            waited: meta.waited,
        };
        if self.buffer.is_empty() {
            self.position = mark.position;
            self.marks.clear();
        }
        let is_alike = |last: &Mark| (last.at, last.acked) == (mark.at, mark.acked);
        if !self.marks.back().is_some_and(is_alike) {
            self.marks.push_back(mark);
        }
    }

    /// So many bytes are read.
    pub fn pass(&mut self, count: usize) {
        self.position += count as u64;
        while self.marks.get(1).is_some_and(|next| next.position <= self.position) {
            self.marks.pop_front();
        }
    }

    /// The next record waits from `now` on, unless it does already.
    pub fn wait_for(&mut self, wait: Wait, now: Timestamp) {
        match &mut self.wait {
            Some((known, _)) if *known == wait => {}
            other => *other = Some((wait, now)),
        }
    }

    /// It does not wait any longer for its secret or the other direction's hello.
    pub fn stop_waiting(&mut self) {
        match self.wait {
            Some((Wait::Keys { .. }, _)) => match &self.protection {
                Protection::Tls13(epochs) if epochs.awaits_handshake_only() => self.handshake_given_up = true,
                _ => self.given_up = true,
            },
            Some((Wait::Hello, _)) => self.hello_given_up = true,
            Some((Wait::Order, _)) | None => {}
        }
    }

    /// The plaintext of so many bytes from here on will never be known.
    pub fn lose_plaintext(&mut self, ciphertext_bytes: u64) {
        self.plain.is_missing = true;
        // How many bytes it was is not known. So that two places in the stream with a loss between them stay two.
        self.skip_plaintext(ciphertext_bytes, ciphertext_bytes.max(1));
    }

    /// Of so many bytes from here on no plaintext comes. The other side goes on as having received what was in them.
    pub fn skip_plaintext(&mut self, ciphertext_bytes: u64, plaintext_bytes: u64) {
        self.plain.next += plaintext_bytes;
        self.plain.positions.skip(self.position + ciphertext_bytes, self.plain.next);
    }
}

/// The segment that brought the byte at `position`.
pub(super) fn mark_at(marks: &VecDeque<Mark>, position: Ciphertext) -> Mark {
    let after = marks.partition_point(|mark| mark.position <= position);
    let found = after.checked_sub(1).and_then(|index| marks.get(index)).or(marks.front());
    found.copied().unwrap_or(Mark { position, at: Timestamp::UNKNOWN, acked: Ciphertext::UNKNOWN, waited: false })
}
