//! Batches that wait for a credit. In: batches. Out: the oldest first. The cap is in bytes; what does not fit is
//! refused whole, so that a message is either delivered or counted.

use std::collections::VecDeque;

use crate::batch::Batch;

/// What a live capture keeps for a receiver that is slow: some seconds of busy traffic, an eighth of what the sidecar
/// may use in all.
pub const MAX_QUEUE_BYTES: usize = 32 << 20;

/// Counted for each batch on top of its lines, so that many small ones are bounded as well.
const BATCH_OVERHEAD_BYTES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct OutQueue {
    batches: VecDeque<Batch>,
    /// The cost of `batches`.
    bytes: usize,
}

impl OutQueue {
    /// Gives the number of messages that were refused because `max_bytes` would be exceeded: all of this batch, or
    /// none. An empty queue takes a batch of any size.
    #[must_use]
    pub(super) fn push(&mut self, batch: Batch, max_bytes: usize) -> u64 {
        let cost = cost(&batch);
        if !self.batches.is_empty() && self.bytes.saturating_add(cost) > max_bytes {
            return u64::from(batch.messages);
        }
        self.bytes += cost;
        self.batches.push_back(batch);
        0
    }

    pub(super) fn pop(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.bytes -= cost(&batch);
        Some(batch)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

fn cost(batch: &Batch) -> usize {
    batch.lines.len() + BATCH_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(len: usize, messages: u32) -> Batch {
        Batch { lines: vec![b'x'; len], messages }
    }

    #[test]
    fn refuses_the_newest_whole() {
        let mut queue = OutQueue::default();
        assert_eq!(queue.push(batch(5_000, 2), 1_000), 0, "the first one fits whatever its size");
        assert_eq!(queue.push(batch(10, 3), 1_000), 3);
        assert_eq!(queue.pop().map(|b| b.messages), Some(2));
        assert_eq!(queue.push(batch(10, 4), 1_000), 0);
        assert_eq!(queue.push(batch(10, 5), 1_000), 0);
        assert_eq!(queue.push(batch(1_000, 6), 1_000), 6);
        assert_eq!(queue.pop().map(|b| b.messages), Some(4));
        assert_eq!(queue.pop().map(|b| b.messages), Some(5));
        assert!(queue.pop().is_none());
        assert_eq!(queue.bytes, 0);
    }
}
