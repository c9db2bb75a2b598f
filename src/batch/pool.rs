//! The memory of batches, in one place. In: buffers that are dropped, on any thread. Out: buffers for batches to come. Refuses
//! to know: what is written into them, and how long they are on their way.
//!
//! Memory that is new has to be asked of the system, which clears it page by page: so a few buffers are kept. The buffer that
//! came back last goes out first, since it is still in a cache: a channel, which would take turns, costs 4 % of a savefile's
//! time.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Kept at a time: one for each batch that a receiver may have in its hands.
pub const MAX_KEPT_BUFFERS: usize = 4;
/// A buffer with more memory than this is not kept: a batch with one long line is no measure of the next.
pub const MAX_KEPT_BUFFER_BYTES: usize = 512 << 10;
/// The share of its length that a new buffer has on top: the next batch is about as long, and grows for its last line otherwise.
const SPARE_SHARE: usize = 8;

/// Where buffers come from and go back to; clones are the same pool.
#[derive(Debug, Clone, Default)]
pub struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pool {
    /// An empty buffer for about so many bytes; it grows like a `Vec`.
    pub fn take(&self, bytes: usize) -> Buffer {
        let last = self.kept().pop();
        let bytes = match last {
            Some(kept) if kept.capacity() > bytes => kept,
            _ => Vec::with_capacity((bytes + bytes / SPARE_SHARE).min(MAX_KEPT_BUFFER_BYTES)),
        };
        Buffer { bytes, pool: Some(self.clone()) }
    }

    fn take_back(&self, mut bytes: Vec<u8>) {
        let mut kept = self.kept();
        if bytes.capacity() <= MAX_KEPT_BUFFER_BYTES && kept.len() < MAX_KEPT_BUFFERS {
            bytes.clear();
            kept.push(bytes);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes whose memory goes back to their pool when they are dropped.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// `None` for memory that no pool waits for.
    pool: Option<Pool>,
}

impl Buffer {
    /// Another writer of the same pool.
    #[must_use]
    pub fn another(&self, bytes: usize) -> Self {
        self.pool.as_ref().map_or_else(|| Vec::with_capacity(bytes).into(), |pool| pool.take(bytes))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.take_back(std::mem::take(&mut self.bytes));
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, pool: None }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Buffer {}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pool: &Pool) -> usize {
        pool.kept().len()
    }

    #[test]
    fn a_buffer_that_is_dropped_anywhere_is_the_next_one() {
        let pool = Pool::default();
        let mut buffer = pool.take(1_000);
        buffer.extend_from_slice(b"of an earlier batch");
        let memory = buffer.as_ptr();
        std::thread::spawn(move || drop(buffer)).join().unwrap();
        let next = pool.take(1_000);
        assert_eq!((next.as_ptr(), next.len()), (memory, 0));
        assert_eq!(next.another(7).capacity(), 7, "there is no other");
    }

    #[test]
    fn a_buffer_that_is_too_small_is_given_up() {
        let pool = Pool::default();
        drop(pool.take(100));
        let larger = pool.take(200);
        assert!(larger.capacity() > 200 && kept(&pool) == 0);
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_bytes() {
        let pool = Pool::default();
        let mut large = pool.take(1);
        large.reserve_exact(MAX_KEPT_BUFFER_BYTES + 1);
        drop(large);
        assert_eq!(kept(&pool), 0);
        let many: Vec<_> = (0..2 * MAX_KEPT_BUFFERS).map(|_| pool.take(1)).collect();
        drop(many);
        assert_eq!(kept(&pool), MAX_KEPT_BUFFERS);
    }

    #[test]
    fn a_buffer_outlives_its_pool_and_needs_none() {
        let pool = Pool::default();
        let buffer = pool.take(1);
        drop(pool);
        drop(buffer);
        assert_eq!(*Buffer::from(b"x".to_vec()), b"x");
    }
}
