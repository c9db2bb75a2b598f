//! Collects JSON lines until there are enough of them, in number or bytes, or the first is old enough.
//!
//! In: lines and the time. Out: batches, whose memory comes back by itself when they are dropped ([`Pool`]). Refuses to know:
//! where a batch goes.

mod pool;

use std::collections::VecDeque;

use pool::MAX_KEPT_BUFFER_BYTES;
pub use pool::{Buffer, Pool};

use crate::encode::RawBody;
use crate::time::Timestamp;

/// A batch is full with so many messages: JS parses them in one turn of its event loop, in about a millisecond.
const MAX_BATCH_MESSAGES: u32 = 512;
/// Or with so many bytes; one line may go beyond it.
pub const MAX_BATCH_BYTES: usize = 256 << 10;
/// The memory of a full batch is kept, also if its last line is long.
const _: () = assert!(MAX_KEPT_BUFFER_BYTES == 2 * MAX_BATCH_BYTES);
/// A batch that is not full waits for more at most so long.
const MAX_BATCH_AGE_MS: u64 = 50;

/// Whole JSON lines, each ended by `\n`, once no body is `raw` any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub lines: Buffer,
    pub messages: u32,
    /// Bodies that `finish` writes, in the order of their lines, each with the number of messages before it.
    pub raw: Vec<(u32, RawBody)>,
    /// The lines once more, as what changes from one to another. Empty where that is not wanted, or not worth it.
    pub changes: Buffer,
}

/// One line by itself.
#[derive(Debug, Default)]
pub struct Line {
    pub text: Vec<u8>,
    pub raw: Option<RawBody>,
}

#[derive(Debug)]
pub struct Batcher {
    young: Batch,
    /// When the first line of `young` was written.
    since: Timestamp,
    full: VecDeque<Batch>,
    pool: Pool,
}

impl Default for Batcher {
    fn default() -> Self {
        let pool = Pool::default();
        let young = Batch { lines: pool.take(0), ..Batch::default() };
        Self { young, since: Timestamp::default(), full: VecDeque::new(), pool }
    }
}

impl Batcher {
    /// Lets `write` append one line; it returns the body that is still to be written.
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
        // The next batch will be about as long.
        let bytes = self.young.lines.len();
        let next = Batch { lines: self.pool.take(bytes), ..Batch::default() };
        // It was not: what waits is counted by its lines, not by their memory.
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
        assert_eq!(
            batcher.take(START, true),
            Some(Batch { lines: b"{}\n".to_vec().into(), messages: 1, ..Batch::default() })
        );
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
        let mut full = |byte| {
            push(&mut batcher, &[byte; MAX_BATCH_BYTES]);
            batcher.take(START, false).unwrap()
        };
        drop(full(b'a'));
        let second = full(b'b');
        let memory = second.lines.as_ptr();
        drop(second);
        assert_ne!(full(b'c').lines.as_ptr(), memory, "it was begun before");
        let fourth = full(b'd');
        assert_eq!((fourth.lines.as_ptr(), fourth.lines.as_slice()), (memory, [b'd'; MAX_BATCH_BYTES].as_slice()));
    }

    #[test]
    fn a_small_batch_after_a_large_one_does_not_keep_its_memory() {
        let mut batcher = Batcher::default();
        push(&mut batcher, &[b'x'; 3 * MAX_BATCH_BYTES]);
        push(&mut batcher, b"{}\n");
        let [large, small] = [batcher.take(START, true).unwrap(), batcher.take(START, true).unwrap()];
        assert_eq!((large.lines.len(), small.lines.len()), (3 * MAX_BATCH_BYTES, 3));
        assert!(small.lines.capacity() < 100, "{}", small.lines.capacity());
    }
}
