//! Writes the messages of a gRPC body.

use crate::content::grpc::{Call, MAX_MESSAGES, MessageCoding, MessageIndex, messages};
use crate::encode::{RawGrpc, Shown, push_base64_data, push_grpc_messages};
use crate::protobuf::{Descriptors, MessageType};
use crate::redact::{Kind, Names, Redactor};

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
pub(super) struct MessageLimits {
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
    /// Of fields, which may stand in trailers of gRPC-Web.
    pub secret_fields: &'a Names,
    /// Nothing is decompressed, and nothing is made JSON.
    pub in_haste: bool,
}

impl ToShow<'_> {
    fn type_of(&self, grpc: &RawGrpc) -> Option<MessageType> {
        let Call { service, method } = Call::of_path(&grpc.path)?;
        self.descriptors?.message_type(service, method, grpc.direction)
    }
}

/// Appends the data of a message inside a stream, and returns the member with its JSON, which comes later in the line: of at most
/// `json_bytes`, and empty if its type is not known. The data are not shown if a value is hidden in its JSON, or would be if its
/// JSON could be made.
pub(super) fn push_passing(
    out: &mut Vec<u8>,
    grpc: &RawGrpc,
    data: &[u8],
    cut: bool,
    json_bytes: usize,
    show: ToShow<'_>,
) -> Vec<u8> {
    let mut json = Vec::new();
    let kind = show.type_of(grpc);
    let may_be_json = !cut && !show.in_haste;
    if !kind.as_ref().is_some_and(|kind| may_be_json && kind.push_json(data, json_bytes, &mut json)) {
        let is_hidden = kind.is_some() && show.redactor.is_some();
        push_base64_data(out, Some(data).filter(|_| !is_hidden));
        return Vec::new();
    }
    let redacted = show.redactor.and_then(|redactor| redactor.redact(&json, &Kind::Json));
    push_base64_data(out, Some(data).filter(|_| redacted.is_none()));
    [b",\"json\":", redacted.map_or(json, |redacted| redacted.text).as_slice()].concat()
}

/// Appends the member for those that begin in `body`; in haste without what is in compressed messages. By `descriptors` those whose
/// method they name are JSON. Says too whether `body` may not be shown: a value is hidden in them, or not all of them were looked at.
pub(super) fn push_messages(
    out: &mut Vec<u8>,
    grpc: &RawGrpc,
    body: &[u8],
    MessageLimits { content_bytes, json_bytes }: MessageLimits,
    show: ToShow<'_>,
) -> (Unshown, bool) {
    let ToShow { redactor, secret_fields, in_haste, .. } = show;
    let mut index = MessageIndex::new(grpc.kind);
    index.push(body);
    let coding = if in_haste { MessageCoding::Unknown } else { grpc.coding };
    let messages = messages(&index, body, coding, content_bytes);
    let without_data = messages.iter().filter(|message| message.data.is_none()).count() as u64;
    let unshown = Unshown {
        undecodable: if in_haste { 0 } else { without_data },
        left_coded: if in_haste { without_data } else { 0 },
        over_limit: messages.iter().filter(|message| message.over_limit).count() as u64,
        over_count: index.message_count().saturating_sub(MAX_MESSAGES as u64),
    };
    let kind = show.type_of(grpc);
    let mut left = json_bytes;
    let is_read = unshown == Unshown::default() && (!index.is_lost() || messages.is_empty());
    let mut holds_hidden = redactor.is_some() && !is_read
        || !secret_fields.is_empty() && index.may_have_trailer(|name| secret_fields.find(name).is_some());
    push_grpc_messages(out, &messages, &mut |data, truncated, out| {
        let start = out.len();
        let may_be_json = !truncated && !in_haste;
        let is_json = kind.as_ref().is_some_and(|kind| may_be_json && kind.push_json(data, left, out));
        left -= out.len() - start;
        let Some(redactor) = redactor else { return if is_json { Shown::Json } else { Shown::Data } };
        if kind.is_some() && !is_json {
            holds_hidden = true;
            return Shown::Hidden;
        }
        let (text, kind) =
            if is_json { (out.get(start..).unwrap_or_default(), &Kind::Json) } else { (data, &grpc.text) };
        let redacted = redactor.redact(text, kind).map(|redacted| redacted.text);
        holds_hidden |= redacted.is_some();
        match redacted {
            Some(redacted) if is_json => {
                out.truncate(start);
                out.extend_from_slice(&redacted);
                Shown::Json
            }
            None if is_json => Shown::Json,
            Some(redacted) => Shown::Instead(redacted),
            None => Shown::Data,
        }
    });
    (unshown, holds_hidden)
}
