//! The line that a message has to give, computed from what was sent.

use serde_json::{Map, Value, json};

use super::conversation::{Field, From, Payload, Sent, framing_field};
use super::rendered::Rendered;
use super::wire::Link;

/// The captured part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Bytes of the body before the first that was lost.
    pub body_bytes: usize,
    pub lost_bytes: usize,
}

/// A message's line without `id`, `timestamp` and `latencyMs`.
pub fn line(rendered: &Rendered, sent: &Sent, link: &Link, seen: Seen, max_body_bytes: usize) -> Value {
    let exchange = &rendered.conversation.exchanges[sent.exchange];
    let request = &exchange.request;
    let mut line = Map::new();
    line.insert("receiver".into(), link.endpoint(From::Server));
    line.insert("destination".into(), link.endpoint(From::Client));
    let (minor, fields, payload) = match sent.from {
        From::Client => {
            line.insert("direction".into(), json!("request"));
            line.insert("method".into(), json!(request.method));
            line.insert("path".into(), json!(request.target));
            (request.minor, &request.fields, &request.payload)
        }
        From::Server => {
            let response = response_of(rendered, sent);
            line.insert("direction".into(), json!("response"));
            line.insert("statusCode".into(), json!(response.code));
            if !response.reason.is_empty() {
                line.insert("reason".into(), json!(response.reason));
            }
            line.insert("request".into(), json!({ "method": request.method, "path": request.target }));
            (response.minor, &response.fields, &response.payload)
        }
    };
    line.insert("httpVersion".into(), json!(format!("1.{minor}")));
    let all: Vec<Field> = fields.iter().cloned().chain(framing_field(payload)).collect();
    line.insert("headers".into(), joined(&all));
    if let Payload::Chunked { trailers, .. } = payload
        && !trailers.is_empty()
    {
        line.insert("trailers".into(), joined(trailers));
    }
    let kept = seen.body_bytes.min(max_body_bytes);
    let cut = kept < sent.body.len();
    match text(&sent.body[..kept], cut) {
        Some(text) => line.insert("body".into(), json!(text)),
        None => line.insert("bodyEncoding".into(), json!("binary")),
    };
    line.insert("bodySize".into(), json!(sent.body.len()));
    if cut || seen.lost_bytes > 0 {
        line.insert("bodyTruncated".into(), json!(true));
    }
    if seen.lost_bytes > 0 {
        line.insert("incomplete".into(), json!("gap"));
        line.insert("gapBytes".into(), json!(seen.lost_bytes));
    }
    Value::Object(line)
}

fn response_of<'a>(rendered: &'a Rendered, sent: &Sent) -> &'a super::conversation::Response {
    let exchange = &rendered.conversation.exchanges[sent.exchange];
    if !sent.interim {
        return &exchange.response;
    }
    let same = |other: &&Sent| other.from == From::Server && other.exchange == sent.exchange;
    let index = rendered.sent.iter().filter(same).position(|other| other.range == sent.range).unwrap();
    &exchange.interims[index]
}

fn joined(fields: &[Field]) -> Value {
    let mut object: Map<String, Value> = Map::new();
    for (name, value) in fields {
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        let redacted = name == "authorization" || name == "cookie";
        let value = if redacted { "[REDACTED]" } else { value };
        match object.get_mut(&name) {
            None => drop(object.insert(name, json!(value))),
            Some(_) if redacted => {}
            Some(before) => *before = json!(format!("{}, {value}", before.as_str().unwrap())),
        }
    }
    Value::Object(object)
}

/// The bytes as text; a character that the cut went through is left out.
fn text(bytes: &[u8], cut: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if cut && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}
