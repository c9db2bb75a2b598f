//! Collects JSON lines until there are enough of them, in number or bytes, or the first is old enough.

use std::collections::VecDeque;

use crate::encode::RawBody;
use crate::time::Timestamp;

/// A batch is full with so many messages: JS parses them in one turn of its event loop, in about a millisecond.
const MAX_BATCH_MESSAGES: u32 = 512;
/// Or with so many bytes; one line may go beyond it.
pub const MAX_BATCH_BYTES: usize = 256 << 10;
/// Of the length of a batch, the room that the next one gets on top.
const ROOM_SHARE: usize = 8;
/// Memory of more than this is not kept for the next batch.
pub const MAX_ROOM_BYTES: usize = 2 * MAX_BATCH_BYTES;
/// A batch that is not full waits for more at most so long.
const MAX_BATCH_AGE_MS: u64 = 50;

/// Whole JSON lines, each ended by `\n`, once no body is `raw` any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub lines: Vec<u8>,
    pub messages: u32,
    /// Bodies that `finish` writes, in the order of their lines, each with the number of messages before it.
    pub raw: Vec<(u32, RawBody)>,
}

/// One line by itself.
#[derive(Debug, Default)]
pub struct Line {
    pub text: Vec<u8>,
    pub raw: Option<RawBody>,
}

#[derive(Debug, Default)]
pub struct Batcher {
    young: Batch,
    /// The memory of a batch that was copied, for the next one: new memory is cleared by the system page by page.
    spare: Option<Vec<u8>>,
    /// When the first line of `young` was written.
    since: Timestamp,
    full: VecDeque<Batch>,
}

impl Batcher {
    /// Lets `write` append one line; it gives the body that is still to be written.
    pub fn push(&mut self, now: Timestamp, write: impl FnOnce(&mut Vec<u8>) -> Option<RawBody>) {
        let young = &mut self.young;
        if young.messages == 0 {
            self.since = now;
        }
        if let Some(raw) = write(&mut young.lines) {
            young.raw.push((young.messages, raw));
        }
        young.messages += 1;
        if young.messages >= MAX_BATCH_MESSAGES || young.lines.len() >= MAX_BATCH_BYTES {
            self.seal();
        }
    }

    pub fn push_line(&mut self, now: Timestamp, line: Line) {
        self.push(now, |out| {
            let start = out.len();
            out.extend_from_slice(&line.text);
            line.raw.map(|raw| raw.moved(start))
        });
    }

    /// Memory to be used again, in place of what was given before.
    pub fn give_room(&mut self, mut room: Vec<u8>) {
        room.clear();
        self.spare = (room.capacity() <= MAX_ROOM_BYTES).then_some(room);
    }

    pub fn has_full(&self) -> bool {
        !self.full.is_empty()
    }

    /// The oldest batch that is full, or old enough at `now`; with `force` a young one too.
    pub fn take(&mut self, now: Timestamp, force: bool) -> Option<Batch> {
        if self.full.is_empty() && self.young.messages > 0 && (force || self.since.plus_millis(MAX_BATCH_AGE_MS) <= now)
        {
            self.seal();
        }
        self.full.pop_front()
    }

    fn seal(&mut self) {
        // The next batch will be about as large; without some room more every other one would grow for its last line.
        let bytes = self.young.lines.len();
        let lines = match self.spare.take() {
            Some(spare) if spare.capacity() > bytes => spare,
            _ => Vec::with_capacity((bytes + bytes / ROOM_SHARE).min(MAX_ROOM_BYTES)),
        };
        let next = Batch { lines, ..Batch::default() };
        // It was not: what waits is counted by its lines, not by their room.
        if self.young.lines.capacity() > 2 * bytes {
            self.young.lines.shrink_to_fit();
        }
        self.full.push_back(std::mem::replace(&mut self.young, next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000);

    fn push(batcher: &mut Batcher, line: &[u8]) {
        batcher.push(START, |out| {
            out.extend_from_slice(line);
            None
        });
    }

    #[test]
    fn a_young_batch_waits_unless_forced() {
        let mut batcher = Batcher::default();
        push(&mut batcher, b"{}\n");
        assert_eq!(batcher.take(START.plus_millis(MAX_BATCH_AGE_MS - 1), false), None);
        assert_eq!(batcher.take(START, true), Some(Batch { lines: b"{}\n".to_vec(), messages: 1, raw: Vec::new() }));
        assert_eq!(batcher.take(START, true), None);
    }

    #[test]
    fn a_batch_is_full_by_age_number_or_bytes() {
        let mut batcher = Batcher::default();
        push(&mut batcher, b"{}\n");
        assert!(batcher.take(START.plus_millis(MAX_BATCH_AGE_MS), false).is_some());
        (0..MAX_BATCH_MESSAGES).for_each(|_| push(&mut batcher, b"{}\n"));
        assert_eq!(batcher.take(START, false).unwrap().messages, MAX_BATCH_MESSAGES);
        push(&mut batcher, &[b'x'; MAX_BATCH_BYTES]);
        assert_eq!(batcher.take(START, false).unwrap().messages, 1);
        assert_eq!(batcher.take(START, true), None);
    }

    #[test]
    fn the_memory_of_one_batch_is_that_of_a_later_one() {
        let mut batcher = Batcher::default();
        let mut room = Vec::with_capacity(MAX_BATCH_BYTES + 100);
        room.extend_from_slice(b"of an earlier one");
        let memory = room.as_ptr();
        batcher.give_room(room);
        push(&mut batcher, &[b'x'; MAX_BATCH_BYTES]);
        push(&mut batcher, &[b'y'; MAX_BATCH_BYTES]);
        let [first, second] = [batcher.take(START, false).unwrap(), batcher.take(START, false).unwrap()];
        assert_ne!(first.lines.as_ptr(), memory, "it was begun before");
        assert_eq!((second.lines.as_ptr(), second.lines.as_slice()), (memory, [b'y'; MAX_BATCH_BYTES].as_slice()));
        batcher.give_room(Vec::with_capacity(3 * MAX_BATCH_BYTES));
        assert_eq!(batcher.spare, None, "it would be kept for nothing");
    }

    #[test]
    fn a_small_batch_behind_a_large_one_does_not_keep_its_room() {
        let mut batcher = Batcher::default();
        push(&mut batcher, &[b'x'; 3 * MAX_BATCH_BYTES]);
        push(&mut batcher, b"{}\n");
        let [large, small] = [batcher.take(START, true).unwrap(), batcher.take(START, true).unwrap()];
        assert_eq!((large.lines.len(), small.lines.len()), (3 * MAX_BATCH_BYTES, 3));
        assert!(small.lines.capacity() < 100, "{}", small.lines.capacity());
    }
}
