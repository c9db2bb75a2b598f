//! The messages of a gRPC body.

use super::base64::push_base64;
use super::json::{push_member, push_number};
use crate::content::grpc::{Kind, Message, MessageCoding};
use crate::message::{Direction, Grpc, HttpMessage};
use crate::redact::{Kind as TextKind, REDACTED};

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
    /// How messages are read for what is hidden in them.
    pub text: TextKind,
    /// It is no body but the data of one message inside a stream, decompressed by now.
    pub is_message: bool,
}

impl RawGrpc {
    pub(super) fn of(grpc: &Grpc<'_>, message: &HttpMessage<'_>, text: TextKind) -> Box<Self> {
        Box::new(Self {
            at: 0,
            kind: grpc.kind,
            coding: grpc.encoding.map(MessageCoding::of).unwrap_or_default(),
            direction: message.direction,
            path: message.request_target().into(),
            text,
            is_message: false,
        })
    }

    /// Of a message inside a stream.
    pub(super) fn of_message(path: &[u8], direction: Direction) -> Box<Self> {
        let (kind, coding) = (Kind::Grpc, MessageCoding::Identity);
        Box::new(Self { at: 0, kind, coding, direction, path: path.into(), text: TextKind::Other, is_message: true })
    }
}

/// How the data of a message are shown.
#[derive(Debug)]
pub enum Shown {
    /// As JSON, which was appended.
    Json,
    /// In base64: at most 4/3 of their bytes.
    Data,
    /// So are these in their place.
    Instead(Vec<u8>),
    Hidden,
}

/// Gets the data of a message, and whether they are cut; may append JSON.
pub type Show<'a> = &'a mut dyn FnMut(&[u8], bool, &mut Vec<u8>) -> Shown;

/// Appends `,"grpcMessages":[…]`.
pub fn push_grpc_messages(out: &mut Vec<u8>, messages: &[Message<'_>], show: Show<'_>) {
    out.extend_from_slice(b",\"grpcMessages\":[");
    for (index, message) in messages.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"size\":" } else { b",{\"size\":" });
        push_number(out, u64::from(message.size));
        if message.compressed {
            out.extend_from_slice(b",\"compressed\":true");
        }
        if let Some(data) = &message.data {
            push_content(out, data, message.truncated, show);
        }
        if message.truncated {
            out.extend_from_slice(b",\"truncated\":true");
        }
        out.push(b'}');
    }
    out.push(b']');
}

fn push_content(out: &mut Vec<u8>, data: &[u8], truncated: bool, show: Show<'_>) {
    let start = out.len();
    out.extend_from_slice(b",\"json\":");
    let shown = show(data, truncated, out);
    if matches!(shown, Shown::Json) {
        return;
    }
    out.truncate(start);
    let bytes = match &shown {
        Shown::Hidden => return push_member(out, b",\"data\":", REDACTED),
        Shown::Instead(bytes) => bytes,
        _ => data,
    };
    out.extend_from_slice(b",\"data\":\"");
    push_base64(out, bytes);
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
        let mut show = |data: &[u8], truncated: bool, out: &mut Vec<u8>| match data {
            b"json" if !truncated => {
                out.extend_from_slice(b"{}");
                Shown::Json
            }
            b"secret" => Shown::Hidden,
            b"part" => Shown::Instead(b"p".to_vec()),
            _ => Shown::Data,
        };
        let mut written = |messages: &[Message<'_>]| {
            let mut out = Vec::new();
            push_grpc_messages(&mut out, messages, &mut show);
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
                message(6, false, Some(b"secret"), true),
                message(4, false, Some(b"part"), false),
            ]),
            concat!(
                r#","grpcMessages":[{"size":4,"json":{}},{"size":9,"compressed":true,"data":"anNvbg==","truncated":true},"#,
                r#"{"size":1,"data":"eA=="},{"size":0,"data":""},{"size":7,"compressed":true},"#,
                r#"{"size":6,"data":"[REDACTED]","truncated":true},{"size":4,"data":"cA=="}]"#
            )
        );
    }
}
