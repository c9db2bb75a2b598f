//! Writes the messages of a gRPC body.

use crate::content::grpc::{MAX_MESSAGES, MessageCoding, MessageIndex, messages};
use crate::encode::{RawGrpc, push_grpc_messages};

/// What of them is not shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unshown {
    /// Compressed, and not as they say or by a coding that is not known.
    pub undecodable: u64,
    /// Compressed, and left so in haste.
    pub left_coded: u64,
    /// What they hold is cut: together they hold more than is shown.
    pub over_limit: u64,
    /// Over `MAX_MESSAGES`.
    pub over_count: u64,
}

/// Appends the member for those that begin in `body`, with at most `content_bytes` of what they hold; with `in_haste` without what
/// is in compressed ones.
pub(super) fn push_messages(
    out: &mut Vec<u8>,
    grpc: &RawGrpc,
    body: &[u8],
    content_bytes: usize,
    in_haste: bool,
) -> Unshown {
    let mut index = MessageIndex::new(grpc.kind);
    index.push(body);
    let coding = if in_haste { MessageCoding::Unknown } else { grpc.coding };
    let messages = messages(&index, body, coding, content_bytes);
    let without_data = messages.iter().filter(|message| message.data.is_none()).count() as u64;
    push_grpc_messages(out, &messages, &mut |_, _| false);
    Unshown {
        undecodable: if in_haste { 0 } else { without_data },
        left_coded: if in_haste { without_data } else { 0 },
        over_limit: messages.iter().filter(|message| message.over_limit).count() as u64,
        over_count: index.message_count().saturating_sub(MAX_MESSAGES as u64),
    }
}
