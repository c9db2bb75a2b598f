//! Bytes of a segment that wait after a hole.

use crate::flow::receiver::Doubt;
use crate::flow::{Position, WAITING_OVERHEAD_BYTES};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Waiting {
    pub bytes: Box<[u8]>,
    /// Bytes known to be lost (cut off by the snaplen) in place of `bytes`.
    pub lost: u32,
    pub at: Timestamp,
    pub arrived: Timestamp,
    pub acked: Position,
    pub segment_start: bool,
    pub doubt: Option<Doubt>,
    /// A FIN that counts once these bytes do.
    pub fin: bool,
}

impl Waiting {
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64 + u64::from(self.lost)
    }

    /// Where this, which stands at `start`, and `payload`, which stands at `from`, overlap, both have the same bytes.
    pub fn has_the_bytes_of(&self, start: Position, payload: &[u8], from: Position) -> bool {
        let first = start.max(from);
        let mine = self.bytes.get((first - start) as usize..).unwrap_or_default();
        let theirs = payload.get((first - from) as usize..).unwrap_or_default();
        self.lost == 0 && mine.iter().zip(theirs).all(|(one, other)| one == other)
    }

    pub fn cost(&self) -> usize {
        self.bytes.len() + WAITING_OVERHEAD_BYTES
    }
}
