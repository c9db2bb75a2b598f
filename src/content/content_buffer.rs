//! Where decoders write, and how far they came.

/// Memory for decoded bytes grows by doubling from here.
pub(super) const FIRST_GROWTH_BYTES: usize = 16 << 10;

/// The bytes are not what their coding says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// How far decoding came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// To the end.
    Whole,
    /// To the limit.
    Limit,
    /// To the last coded byte, with the end still to come.
    Early,
    /// To the end, where the sender's check of the content does not hold.
    Unchecked,
}

/// Decoded bytes, never more than the limit.
#[derive(Debug)]
pub(super) struct ContentBuffer {
    pub bytes: Vec<u8>,
    pub max_bytes: usize,
}

impl ContentBuffer {
    pub fn new(max_bytes: usize) -> Self {
        Self { bytes: Vec::new(), max_bytes }
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() >= self.max_bytes
    }

    /// Lets `fill` write after the bytes that are there, as far as there is room; it says how many it wrote.
    pub fn fill<T>(&mut self, fill: impl FnOnce(&mut [u8]) -> (usize, T)) -> T {
        let start = self.bytes.len();
        let more = start.max(FIRST_GROWTH_BYTES).min(self.max_bytes - start);
        self.bytes.resize(start + more, 0);
        let (written, result) = fill(self.bytes.get_mut(start..).unwrap_or_default());
        self.bytes.truncate(start + written.min(more));
        result
    }
}
