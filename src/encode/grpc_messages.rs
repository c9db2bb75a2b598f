//! The messages of a gRPC body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::json::push_number;
use crate::content::grpc::{Kind, Message, MessageCoding};
use crate::message::{Direction, Grpc, HttpMessage};

/// The facts about a body that are needed to show its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawGrpc {
    /// Where the member for them belongs: at the end of the line, so that a reader who looks for the engine's own members finds
    /// those first. Names in the JSON of messages are others' choice.
    pub at: usize,
    pub kind: Kind,
    pub coding: MessageCoding,
    pub direction: Direction,
    /// Of the request; empty if it is not known.
    pub path: Box<[u8]>,
    /// It is no body but the data of one message inside a stream, decompressed by now.
    pub is_message: bool,
}

impl RawGrpc {
    pub(super) fn of(grpc: &Grpc<'_>, message: &HttpMessage<'_>) -> Box<Self> {
        Box::new(Self {
            at: 0,
            kind: grpc.kind,
            coding: grpc.encoding.map(MessageCoding::of).unwrap_or_default(),
            direction: message.direction,
            path: message.request_target().into(),
            is_message: false,
        })
    }

    /// Of a message inside a stream.
    pub(super) fn of_message(path: &[u8], direction: Direction) -> Box<Self> {
        let (kind, coding) = (Kind::Grpc, MessageCoding::Identity);
        Box::new(Self { at: 0, kind, coding, direction, path: path.into(), is_message: true })
    }
}

/// Writes a message as JSON, where its type is known: appends it and returns true, or appends nothing and returns false.
pub type ToJson<'a> = &'a mut dyn FnMut(&[u8], &mut Vec<u8>) -> bool;

/// Appends `,"grpcMessages":[…]`. A message that is whole is handed to `to_json`; all others, and those that it does not take,
/// are written in base64: at most 4/3 of their bytes.
pub fn push_grpc_messages(out: &mut Vec<u8>, messages: &[Message<'_>], to_json: ToJson<'_>) {
    out.extend_from_slice(b",\"grpcMessages\":[");
    for (index, message) in messages.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"size\":" } else { b",{\"size\":" });
        push_number(out, u64::from(message.size));
        if message.compressed {
            out.extend_from_slice(b",\"compressed\":true");
        }
        if let Some(data) = &message.data {
            push_content(out, data, message.truncated, to_json);
        }
        if message.truncated {
            out.extend_from_slice(b",\"truncated\":true");
        }
        out.push(b'}');
    }
    out.push(b']');
}

fn push_content(out: &mut Vec<u8>, data: &[u8], truncated: bool, to_json: ToJson<'_>) {
    let start = out.len();
    out.extend_from_slice(b",\"json\":");
    if !truncated && to_json(data, out) {
        return;
    }
    out.truncate(start);
    out.extend_from_slice(b",\"data\":\"");
    let coded = out.len();
    out.resize(coded + data.len().div_ceil(3) * 4, 0);
    // The room is what it takes.
    let written = BASE64_STANDARD.encode_slice(data, out.get_mut(coded..).unwrap_or_default()).unwrap_or_default();
    out.truncate(coded + written);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_as_json_or_in_base64() {
        let message = |size, compressed, data: Option<&'static [u8]>, truncated| Message {
            size,
            compressed,
            data: data.map(Into::into),
            truncated,
            over_limit: false,
        };
        let mut json = |data: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(if data == b"json" { b"{}" } else { b"" });
            data == b"json"
        };
        let mut written = |messages: &[Message<'_>]| {
            let mut out = Vec::new();
            push_grpc_messages(&mut out, messages, &mut json);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&[]), r#","grpcMessages":[]"#);
        assert_eq!(
            written(&[
                message(4, false, Some(b"json"), false),
                message(9, true, Some(b"json"), true),
                message(1, false, Some(b"x"), false),
                message(0, false, Some(b""), false),
                message(7, true, None, false),
            ]),
            concat!(
                r#","grpcMessages":[{"size":4,"json":{}},{"size":9,"compressed":true,"data":"anNvbg==","truncated":true},"#,
                r#"{"size":1,"data":"eA=="},{"size":0,"data":""},{"size":7,"compressed":true}]"#
            )
        );
    }
}
