//! Collects JSON lines until there are enough of them, in number or bytes, or the first is old enough.

/// Whole JSON lines, each ended by `\n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub lines: Vec<u8>,
    pub messages: u32,
}
