//! The beginning of a header that lies in several pieces.

use super::frame::MAX_HEADER_BYTES;

#[derive(Debug, Clone, Copy)]
pub(super) struct Partial {
    bytes: [u8; MAX_HEADER_BYTES],
    filled: u8,
}

impl Partial {
    pub const EMPTY: Self = Self { bytes: [0; MAX_HEADER_BYTES], filled: 0 };

    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Takes as much as a header may have left. Returns how much that was.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        let free = self.bytes.get_mut(usize::from(self.filled)..).unwrap_or_default();
        let taken = free.len().min(bytes.len());
        free.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.filled += taken as u8;
        taken
    }

    pub fn filled(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.filled)).unwrap_or_default()
    }
}
