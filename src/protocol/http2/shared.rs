//! State that both directions of a connection share.

use super::head::HeadBuffer;
use super::hpack::FieldBlock;
use super::streams::Streams;

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub streams: Streams,
    /// Used again for each block.
    pub fields: FieldBlock,
    pub buffer: HeadBuffer,
    /// The head of a message was read.
    pub is_used: bool,
}
