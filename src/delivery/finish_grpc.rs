//! Writes the messages of a gRPC body.

use crate::content::grpc::{Call, MAX_MESSAGES, MessageCoding, MessageIndex, messages};
use crate::encode::{RawGrpc, push_base64_data, push_grpc_messages};
use crate::protobuf::{Descriptors, MessageType};
use crate::redact::{Kind, Redactor};

/// Counts the messages that are not shown, or not in full, by reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unshown {
    /// Compressed, and not as they say or by a coding that is not known.
    pub undecodable: u64,
    /// Compressed, and left so in haste.
    pub left_coded: u64,
    /// Their content is cut: together they hold more than is shown.
    pub over_limit: u64,
    /// Over `MAX_MESSAGES`.
    pub over_count: u64,
}

/// Their bounds: the output for a body is in proportion to its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// For what they hold, all together.
    pub content_bytes: usize,
    /// For those that are written as JSON, all together.
    pub json_bytes: usize,
}

/// The descriptors make JSON of them, and the redactor hides values in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToShow<'a> {
    pub descriptors: Option<&'a Descriptors>,
    pub redactor: Option<&'a Redactor>,
}

fn type_of(grpc: &RawGrpc, descriptors: &Descriptors) -> Option<MessageType> {
    let Call { service, method } = Call::of_path(&grpc.path)?;
    descriptors.message_type(service, method, grpc.direction)
}

/// Appends the data of a message inside a stream, and returns the member with its JSON, which comes later in the line: of at most
/// `json_bytes`, and empty if its type is not known. If a value is hidden in its JSON, the data are not shown.
pub(super) fn push_passing(
    out: &mut Vec<u8>,
    grpc: &RawGrpc,
    data: &[u8],
    json_bytes: usize,
    ToShow { descriptors, redactor }: ToShow<'_>,
) -> Vec<u8> {
    let mut json = Vec::new();
    let kind = descriptors.and_then(|descriptors| type_of(grpc, descriptors));
    if !kind.is_some_and(|kind| kind.push_json(data, json_bytes, &mut json)) {
        push_base64_data(out, Some(data));
        return Vec::new();
    }
    let redacted = redactor.and_then(|redactor| redactor.redact(&json, &Kind::Json));
    push_base64_data(out, Some(data).filter(|_| redacted.is_none()));
    [b",\"json\":", redacted.map_or(json, |redacted| redacted.text).as_slice()].concat()
}

/// Appends the member for those that begin in `body`; with `in_haste` without what is in compressed ones. By `descriptors` those
/// whose method they name are JSON.
pub(super) fn push_messages(
    out: &mut Vec<u8>,
    grpc: &RawGrpc,
    body: &[u8],
    Room { content_bytes, json_bytes }: Room,
    in_haste: bool,
    ToShow { descriptors, redactor }: ToShow<'_>,
) -> Unshown {
    let mut index = MessageIndex::new(grpc.kind);
    index.push(body);
    let coding = if in_haste { MessageCoding::Unknown } else { grpc.coding };
    let messages = messages(&index, body, coding, content_bytes);
    let without_data = messages.iter().filter(|message| message.data.is_none()).count() as u64;
    let kind = descriptors.filter(|_| !in_haste).and_then(|descriptors| type_of(grpc, descriptors));
    let mut left = json_bytes;
    push_grpc_messages(out, &messages, &mut |data, out| {
        let start = out.len();
        let pushed = kind.as_ref().is_some_and(|kind| kind.push_json(data, left, out));
        left -= out.len() - start;
        let json = out.get(start..).unwrap_or_default();
        if let Some(redacted) = redactor.filter(|_| pushed).and_then(|redactor| redactor.redact(json, &Kind::Json)) {
            out.truncate(start);
            out.extend_from_slice(&redacted.text);
        }
        pushed
    });
    Unshown {
        undecodable: if in_haste { 0 } else { without_data },
        left_coded: if in_haste { without_data } else { 0 },
        over_limit: messages.iter().filter(|message| message.over_limit).count() as u64,
        over_count: index.message_count().saturating_sub(MAX_MESSAGES as u64),
    }
}
