//! A message inside a stream as its JSON line (`StreamMessage` in docs/messages.md).

use super::base64::push_base64_data;
use super::body::max_written_bytes;
use super::json::{push_member, push_number, push_string_within};
use super::{Encoder, Origin, RawBody, RawGrpc};
use crate::content;
use crate::content::grpc::Call;
use crate::message::{Direction, Opcode, Part, StreamMessage};
use crate::redact::Kind;

impl Encoder {
    /// Appends the message's line to `out`. Its data may have to be finished.
    pub fn push_stream_line(
        &mut self,
        out: &mut Vec<u8>,
        origin: &Origin,
        message: &StreamMessage<'_>,
    ) -> Option<RawBody> {
        push_member(out, b"{\"stream\":", message.part.name().as_bytes());
        let (id, ends) = origin.parts();
        out.push(b',');
        // Without the brace of a line of its own.
        out.extend_from_slice(id.get(1..).unwrap_or_default());
        push_number(out, u64::from(message.of.exchange));
        push_count(out, b"\",\"sequence\":", message.sequence);
        out.extend_from_slice(ends);
        out.extend_from_slice(match message.direction {
            Direction::Request => b",\"direction\":\"request\",\"timestamp\":\"".as_slice(),
            Direction::Response => b",\"direction\":\"response\",\"timestamp\":\"".as_slice(),
        });
        out.extend_from_slice(&self.timestamps.text(message.at));
        out.push(b'"');
        let redacted = match &self.bodies.redactor {
            Some(redactor) => redactor.redact(message.data, kind_of(message.part)),
            None => None,
        };
        let data = redacted.as_ref().map_or(message.data, |redacted| &redacted.text);
        let mut raw = match message.part {
            // Data that are cut are not made JSON, but may have to be hidden.
            Part::Grpc { path }
                if self.has_descriptors
                    && redacted.is_none()
                    && (!message.truncated || self.bodies.redactor.is_some()) =>
            {
                let start = out.len();
                out.extend_from_slice(data);
                let grpc = RawGrpc::of_message(path, message.direction);
                Some(RawBody::of_message(start..out.len(), grpc, message.truncated))
            }
            _ => None,
        };
        let truncated = if raw.is_some() { message.truncated } else { push_data(out, message, data) };
        push_count(out, b",\"dataSize\":", message.data_bytes);
        if truncated {
            out.extend_from_slice(b",\"truncated\":true");
        }
        if message.gap_bytes > 0 {
            push_count(out, b",\"gapBytes\":", message.gap_bytes);
        }
        match message.part {
            Part::WebSocket { opcode, close_code } => {
                push_member(out, b",\"opcode\":", opcode.name().as_bytes());
                push_known(out, b",\"closeCode\":", close_code.map(u64::from));
            }
            Part::Sse { event, id, retry } => {
                push_text(out, b",\"event\":", event);
                push_text(out, b",\"eventId\":", id);
                push_known(out, b",\"retry\":", retry);
            }
            Part::Grpc { path } => {
                // As in the messages of the exchange: secrets already removed.
                if let Some(Call { service, method }) = Call::of_path(&self.targets.redact(path)) {
                    push_member(out, b",\"grpc\":{\"service\":", service);
                    push_member(out, b",\"method\":", method);
                    out.push(b'}');
                }
            }
        }
        if !message.at.is_known() {
            out.extend_from_slice(b",\"timestampUnknown\":true");
        }
        if let Some(grpc) = raw.as_mut().and_then(|raw| raw.grpc.as_mut()) {
            grpc.at = out.len();
        }
        out.extend_from_slice(b"}\n");
        raw
    }
}

const fn kind_of(part: Part<'_>) -> &'static Kind {
    match part {
        Part::Sse { .. } => &Kind::Lines,
        Part::WebSocket { .. } | Part::Grpc { .. } => &Kind::Other,
    }
}

/// Text as text, anything else in base64; of binary messages all. Says whether bytes are missing.
fn push_data(out: &mut Vec<u8>, message: &StreamMessage<'_>, data: &[u8]) -> bool {
    let is_binary = matches!(message.part, Part::WebSocket { opcode: Opcode::Binary, .. } | Part::Grpc { .. });
    let text = if is_binary { None } else { content::utf8(data, message.truncated) };
    match text {
        Some(text) => {
            out.extend_from_slice(b",\"data\":");
            push_string_within(out, text, max_written_bytes(text.len())) || message.truncated
        }
        None => {
            push_base64_data(out, Some(data));
            message.truncated
        }
    }
}

fn push_text(out: &mut Vec<u8>, start: &[u8], text: Option<&[u8]>) {
    if let Some(text) = text {
        push_member(out, start, text);
    }
}

fn push_known(out: &mut Vec<u8>, start: &[u8], number: Option<u64>) {
    if let Some(number) = number {
        push_count(out, start, number);
    }
}

fn push_count(out: &mut Vec<u8>, start: &[u8], number: u64) {
    out.extend_from_slice(start);
    push_number(out, number);
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::config::EngineConfig;
    use crate::decode::Endpoint;
    use crate::message::StreamOf;
    use crate::time::Timestamp;

    const TEXT: Part<'_> = Part::WebSocket { opcode: Opcode::Text, close_code: None };

    fn message<'a>(part: Part<'a>, data: &'a [u8]) -> StreamMessage<'a> {
        StreamMessage {
            of: StreamOf { exchange: 3, ..StreamOf::default() },
            direction: Direction::Response,
            sequence: 7,
            at: Timestamp::from_micros(1_700_000_000_123_456),
            data,
            data_bytes: data.len() as u64,
            truncated: false,
            gap_bytes: 0,
            part,
        }
    }

    fn line(message: &StreamMessage<'_>) -> String {
        let endpoint = |last, port| Endpoint { ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), port };
        let origin = Origin::new(5, endpoint(1, 80), endpoint(2, 999));
        let mut out = Vec::new();
        Encoder::new(&EngineConfig::for_ports(&[80])).push_stream_line(&mut out, &origin, message);
        String::from_utf8(out).unwrap()
    }

    /// The text after the members that all messages have.
    fn own(message: &StreamMessage<'_>) -> String {
        let line = line(message);
        line.split_once("Z\"").map(|(_, own)| own.trim_end_matches("}\n").to_owned()).unwrap_or(line)
    }

    #[test]
    fn the_order_is_the_documented_one() {
        assert_eq!(
            line(&message(TEXT, b"h\"i")),
            concat!(
                r#"{"stream":"websocket","id":"5.3","sequence":7,"receiver":{"ip":"10.0.0.1","port":80},"#,
                r#""destination":{"ip":"10.0.0.2","port":999},"direction":"response","#,
                r#""timestamp":"2023-11-14T22:13:20.123Z","data":"h\"i","dataSize":3,"opcode":"text"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn each_part_is_written_only_if_it_is_there() {
        let close = Part::WebSocket { opcode: Opcode::Close, close_code: Some(1_001) };
        assert_eq!(own(&message(close, b"")), r#","data":"","dataSize":0,"opcode":"close","closeCode":1001"#);
        let binary = Part::WebSocket { opcode: Opcode::Binary, close_code: None };
        assert_eq!(
            own(&message(binary, b"text")),
            r#","data":"dGV4dA==","dataEncoding":"base64","dataSize":4,"opcode":"binary""#
        );
        let sse = Part::Sse { event: Some(b"note"), id: Some(b"4"), retry: Some(10) };
        assert_eq!(own(&message(sse, b"d")), r#","data":"d","dataSize":1,"event":"note","eventId":"4","retry":10"#);
        let none = Part::Sse { event: None, id: None, retry: None };
        assert_eq!(own(&message(none, b"d")), r#","data":"d","dataSize":1"#);
        let grpc = Part::Grpc { path: b"/pkg.S/M?key=x" };
        assert_eq!(
            own(&message(grpc, b"d")),
            r#","data":"ZA==","dataEncoding":"base64","dataSize":1,"grpc":{"service":"pkg.S","method":"M"}"#
        );
        assert_eq!(line(&message(grpc, b"d")).get(..16), Some(r#"{"stream":"grpc""#));
        assert_eq!(line(&message(sse, b"d")).get(..15), Some(r#"{"stream":"sse""#));
    }

    #[test]
    fn what_is_missing_is_said() {
        let cut = |data: &'static [u8]| StreamMessage {
            truncated: true,
            gap_bytes: 9,
            data_bytes: 100,
            ..message(TEXT, data)
        };
        assert_eq!(
            own(&cut(b"ab\xc3")),
            r#","data":"ab","dataSize":100,"truncated":true,"gapBytes":9,"opcode":"text""#
        );
        assert_eq!(
            own(&cut(b"\xff")),
            r#","data":"/w==","dataEncoding":"base64","dataSize":100,"truncated":true,"gapBytes":9,"opcode":"text""#
        );
        let untimed = StreamMessage { at: Timestamp::UNKNOWN, ..message(TEXT, b"") };
        assert!(line(&untimed).trim_end().ends_with(r#","opcode":"text","timestampUnknown":true}"#));
    }

    #[test]
    fn members_to_be_redacted_are_not_shown() {
        let config = EngineConfig { redact_body: vec!["password".to_owned()], ..EngineConfig::for_ports(&[80]) };
        let endpoint = |last, port| Endpoint { ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), port };
        let origin = Origin::new(5, endpoint(1, 80), endpoint(2, 999));
        let binary = Part::WebSocket { opcode: Opcode::Binary, close_code: None };
        let data = br#"{"a":1,"password":"s3cret"}"#;
        let sse = Part::Sse { event: None, id: None, retry: None };
        let lines = b"note\n{\"password\":1}";
        for (part, data, shown) in [
            (sse, &lines[..], r#""data":"note\n{\"password\":\"[REDACTED]\"}""#.to_owned()),
            (TEXT, data, r#""data":"{\"a\":1,\"password\":\"[REDACTED]\"}","dataSize":27"#.to_owned()),
            (binary, data, format!(r#""data":"{}""#, BASE64_STANDARD.encode(br#"{"a":1,"password":"[REDACTED]"}"#))),
        ] {
            let mut out = Vec::new();
            Encoder::new(&config).push_stream_line(&mut out, &origin, &message(part, data));
            let line = String::from_utf8(out).unwrap();
            assert!(line.contains(&shown), "{line}");
        }
    }

    #[test]
    fn text_of_control_characters_is_cut() {
        let data = vec![1; 300_000];
        let line = line(&message(TEXT, &data));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&read["truncated"], &read["dataSize"]), (&true.into(), &300_000.into()));
        assert!(line.len() < max_written_bytes(data.len()) + 1_000);
    }
}
