//! A header block in assembly: one HEADERS or PUSH_PROMISE frame and the CONTINUATION frames that follow it (RFC 9113 §4.3).

use super::reader::Packet;

/// Of one block as it is sent: as much as a head of HTTP/1.x may have.
const MAX_BLOCK_BYTES: usize = 256 << 10;
/// Frames of one block: a block of the largest size in frames of the smallest limit that peers may set (RFC 9113 §4.2) takes
/// 16, and software that sends smaller frames exists. A peer can send empty frames without end.
const MAX_BLOCK_FRAMES: u32 = 256;

/// To whom the block belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockOwner {
    pub stream: u32,
    /// The stream on which the server will answer it (RFC 9113 §8.4).
    pub promised: Option<u32>,
    pub end_stream: bool,
    /// The packet in which it began.
    pub began: Packet,
}

/// Why a block is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    /// Bytes of it were lost.
    Lost,
    /// It is over a limit.
    TooLong,
}

#[derive(Debug, Default)]
pub(super) struct Block {
    owner: Option<BlockOwner>,
    bytes: Vec<u8>,
    frames: u32,
    defect: Option<Defect>,
}

impl Block {
    pub fn begin(&mut self, owner: BlockOwner) {
        self.bytes.clear();
        (self.owner, self.frames, self.defect) = (Some(owner), 1, None);
    }

    /// The block that only a CONTINUATION may follow now.
    pub fn owner(&self) -> Option<BlockOwner> {
        self.owner
    }

    pub fn note_continuation(&mut self) {
        self.frames = self.frames.saturating_add(1);
        if self.frames > MAX_BLOCK_FRAMES {
            self.mark_undecodable(Defect::TooLong);
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if self.defect.is_some() {
            return;
        }
        if self.bytes.len() + bytes.len() > MAX_BLOCK_BYTES {
            return self.mark_undecodable(Defect::TooLong);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// It will not be decoded; its frames are still to be read over.
    pub fn mark_undecodable(&mut self, defect: Defect) {
        self.defect.get_or_insert(defect);
        self.bytes = Vec::new();
    }

    /// Ends a block of which nothing has come yet: its bytes are there in one piece.
    pub fn end_at_once(&mut self) -> Option<BlockOwner> {
        let is_fresh = self.bytes.is_empty() && self.defect.is_none();
        if is_fresh { self.owner.take() } else { None }
    }

    /// Ends it: whose it is, and its bytes. `take_back` returns the buffer.
    pub fn end(&mut self) -> Option<(BlockOwner, Result<Vec<u8>, Defect>)> {
        let owner = self.owner.take()?;
        let bytes = std::mem::take(&mut self.bytes);
        Some((owner, self.defect.take().map_or(Ok(bytes), Err)))
    }

    pub fn take_back(&mut self, mut bytes: Vec<u8>) {
        const MAX_SPARE_BYTES: usize = 4 << 10;
        if bytes.capacity() <= MAX_SPARE_BYTES {
            bytes.clear();
            self.bytes = bytes;
        }
    }

    pub fn buffered_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: BlockOwner = BlockOwner { stream: 1, promised: None, end_stream: true, began: Packet::NONE };

    #[test]
    fn a_block_is_bounded_in_bytes_and_in_frames() {
        let mut block = Block::default();
        block.begin(OWNER);
        let piece = vec![0; 16 << 10];
        (0..16).for_each(|_| block.push(&piece));
        assert_eq!(block.end().map(|(_, bytes)| bytes.map(|bytes| bytes.len())), Some(Ok(MAX_BLOCK_BYTES)));
        block.begin(OWNER);
        (0..17).for_each(|_| block.push(&piece));
        assert_eq!(block.buffered_bytes(), 0);
        assert_eq!(block.end(), Some((OWNER, Err(Defect::TooLong))));
        block.begin(OWNER);
        (1..MAX_BLOCK_FRAMES).for_each(|_| block.note_continuation());
        assert_eq!(block.end(), Some((OWNER, Ok(vec![]))));
        block.begin(OWNER);
        (0..MAX_BLOCK_FRAMES).for_each(|_| block.note_continuation());
        assert_eq!(block.end(), Some((OWNER, Err(Defect::TooLong))));
        assert_eq!(block.end(), None);
    }
}
