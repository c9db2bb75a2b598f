//! The facts that the bytes of a frame tell before they are decoded (RFC 8878 §3.1).

/// Frames that hold nothing for us (§3.1.2); 16 magics, which LZ4 has too.
const SKIPPABLE: u32 = 0x184d_2a50;
pub const SKIPPABLE_HEADER_BYTES: usize = 8;
pub const BLOCK_HEADER_BYTES: usize = 3;
pub const CHECKSUM_BYTES: usize = 4;
/// Of its content, which is never smaller than the block (§3.1.1.2.4).
pub const MAX_BLOCK_BYTES: usize = 128 << 10;
/// A raw block of no bytes, the last one (§3.1.1.2), and room for a checksum.
pub const EMPTY_LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

/// Of a frame (§3.1.1.1).
#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub len: usize,
    pub has_checksum: bool,
    /// How far back its blocks may refer; `None` if as far as there is content.
    pub window_bytes: Option<u64>,
}

/// With its header (§3.1.1.2).
#[derive(Debug, Clone, Copy)]
pub struct Block {
    pub len: usize,
    pub is_last: bool,
}

pub fn is_skippable(magic: [u8; 4]) -> bool {
    u32::from_le_bytes(magic) & !0x0f == SKIPPABLE
}

impl Header {
    /// Of the frame that `raw` begins with, whatever its magic is.
    ///
    /// # Errors
    /// How many bytes it takes to tell, if those are more than there are.
    pub fn of(raw: &[u8]) -> Result<Self, usize> {
        let descriptor = raw.get(4).ok_or(5_usize)?;
        let is_single_segment = descriptor & 0x20 != 0;
        let dictionary_id = match descriptor & 3 {
            3 => 4,
            len => usize::from(len),
        };
        let content_size = match descriptor >> 6 {
            0 => usize::from(is_single_segment),
            log => 1 << log,
        };
        let len = 5 + usize::from(!is_single_segment) + dictionary_id + content_size;
        let window = raw.get(..len).and_then(|header| header.get(5)).ok_or(len)?;
        // §3.1.1.1.2
        let eighth = 1 << (7 + (window >> 3));
        let window_bytes = (!is_single_segment).then(|| eighth * (8 + u64::from(window & 7)));
        Ok(Self { len, has_checksum: descriptor & 4 != 0, window_bytes })
    }
}

impl Block {
    /// `None` if `raw` has not enough of it.
    pub fn of(raw: &[u8]) -> Option<Self> {
        const RUN_LENGTH: u32 = 1;
        let &[a, b, c] = raw.first_chunk::<BLOCK_HEADER_BYTES>()?;
        let header = u32::from_le_bytes([a, b, c, 0]);
        let content = if header >> 1 & 3 == RUN_LENGTH { 1 } else { (header >> 3) as usize };
        Some(Self { len: BLOCK_HEADER_BYTES + content, is_last: header & 1 == 1 })
    }
}
