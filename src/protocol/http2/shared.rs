//! State that both directions of a connection share.

use super::streams::Streams;

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub streams: Streams,
    /// The head of a message was read.
    pub is_used: bool,
}
