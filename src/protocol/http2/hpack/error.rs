//! The errors of a header block.

/// A block that is not HPACK. The connection cannot go on for its peers (RFC 7541 §2.3.3, RFC 9113 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpackError {
    #[error("the header block ends within a field")]
    Truncated,
    #[error("an integer has more than 32 bits or is too long")]
    IntegerTooLarge,
    #[error("a Huffman-coded string ends with wrong padding or contains EOS")]
    Huffman,
    #[error("index {0} does not exist")]
    BadIndex(u32),
    #[error("the table size changes after the first field")]
    LateSizeUpdate,
    #[error("the table size changes to {bytes} bytes, over the limit of {limit}")]
    SizeOverLimit { bytes: u32, limit: u32 },
}
