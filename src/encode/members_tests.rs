//! Lines with some of their members: each that is there says what it says in the whole line.

use serde_json::{Map, Value};

use super::*;
use crate::content::grpc::Kind;
use crate::message::members::NAMES;
use crate::message::{Answered, Extras, Field, Fields, Grpc, Head, Incomplete, Span, Tls};
use crate::time::Timestamp;

const ALWAYS: [&str; 5] = ["id", "timestamp", "direction", "receiver", "destination"];

/// The other members that come with a member.
fn companions(name: &str) -> &'static [&'static str] {
    match name {
        "body" => &["bodyTruncated"],
        "headers" | "trailers" | "method" | "path" | "statusCode" => &["headersIncomplete", "unknownHeaders"],
        _ => &[],
    }
}

fn push(members: Members, base: &HttpMessage<'_>, decode_body: bool) -> (String, Option<RawBody>) {
    let config = EngineConfig { members, decode_body, ..EngineConfig::for_ports(&[80]) };
    let end = |last, port| Endpoint { ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), port };
    let mut out = Vec::new();
    let raw = Encoder::new(&config).push_line(&mut out, &Origin::new(5, end(1, 80), end(2, 999)), base);
    (String::from_utf8_lossy(&out).into_owned(), raw)
}

fn object(line: &str) -> Map<String, Value> {
    assert!(line.ends_with("}\n"), "{line}");
    serde_json::from_str(line).unwrap()
}

/// A request and a response that have all there is, of which some cannot be in a single message of a real protocol.
fn with_messages(test: impl Fn(&HttpMessage<'_>)) {
    let bytes = b"POST/a?bOKx-ynograpcgzip";
    let field = Field::decoded(bytes, Span::new(10, 13), Span::new(13, 15));
    let head = |start| Head { start, version: Version { major: 1, minor: 1 }, fields: [field].into_iter().collect() };
    let request = head(StartLine::Request { method: Span::new(0, 4), target: Span::new(4, 8) });
    let response = head(StartLine::Status { code: 200, reason: Span::new(8, 10) });
    let lines = [field];
    let tls = Tls { version: "1.3", cipher: "TLS_AES_128_GCM_SHA256".into(), server_name: None, alpn: None };
    let grpc = Grpc {
        kind: Kind::Grpc,
        is_coded: true,
        status: Some((5, Some("NOT_FOUND"))),
        status_message: None,
        encoding: None,
        message_count: Some(1),
    };
    let extras = Extras {
        stream_id: Some(3),
        scheme: Some(b"http"),
        pushed: true,
        protocol: Some(b"websocket"),
        error_code: Some("CANCEL"),
        unknown_headers: Some(2),
        streamed_messages: Some(4),
        grpc: Some(grpc),
        tls: Some(&tls),
    };
    let end = Endpoint { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 9 };
    let message = HttpMessage {
        direction: Direction::Request,
        exchange: 3,
        at: Timestamp::from_micros(1_700_000_000_123_456),
        duration_micros: Some(3_000),
        stall_micros: Some(1_000),
        head: &request,
        head_bytes: bytes,
        trailers: Some(Fields { lines: &lines.into_iter().collect(), bytes }),
        body: b"hello",
        body_bytes: 9,
        incomplete: Some(Incomplete::Gap),
        gap_bytes: 4,
        answered: None,
        proxied: Some(Proxied { source: end, destination: end }),
        request_seen: true,
        verdict: Default::default(),
        extras: Some(&extras),
    };
    test(&message);
    let answered = Answered { method: b"GET", target: b"/c", latency_micros: Some(1_500), wait_micros: Some(1_000) };
    test(&HttpMessage { direction: Direction::Response, head: &response, answered: Some(answered), ..message });
}

#[test]
fn each_member_alone_is_as_in_the_whole_line() {
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    with_messages(|message| {
        let whole = object(&push(Members::ALL, message, false).0);
        let known = |name: &str| {
            ALWAYS.contains(&name) || NAMES.iter().any(|(known, _)| *known == name || companions(known).contains(&name))
        };
        assert!(whole.keys().all(|name| known(name)), "{whole:?}");
        for (name, _) in NAMES {
            let line = object(&push(Members::of([name]).unwrap(), message, false).0);
            let wanted = |key: &String| {
                ALWAYS.contains(&key.as_str()) || *key == name || companions(name).contains(&key.as_str())
            };
            let expected = whole.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value.clone()));
            assert_eq!(line, expected.collect::<Map<_, _>>(), "{name}");
            if line.contains_key(name) {
                seen.borrow_mut().insert(name);
            }
        }
    });
    let all: std::collections::BTreeSet<_> = NAMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(seen.into_inner(), all, "each is in the request or in the response");
}

#[test]
fn all_by_name_are_the_whole_line_and_none_says_which_message_it_is() {
    with_messages(|message| {
        let all = Members::of(NAMES.iter().map(|(name, _)| *name)).unwrap();
        assert_eq!(push(all, message, true), push(Members::ALL, message, true));
        let line = push(Members::of([]).unwrap(), message, true).0;
        let direction = if message.direction == Direction::Request { "request" } else { "response" };
        let expected = format!(
            concat!(
                r#"{{"id":"5.3","timestamp":"2023-11-14T22:13:20.123Z","direction":"{}","#,
                r#""receiver":{{"ip":"10.0.0.1","port":80}},"destination":{{"ip":"10.0.0.2","port":999}}}}"#,
                "\n"
            ),
            direction
        );
        assert_eq!(line, expected);
    });
}

#[test]
fn a_time_that_is_not_known_is_always_marked() {
    with_messages(|message| {
        let timeless = HttpMessage { at: Timestamp::UNKNOWN, ..*message };
        let line = object(&push(Members::of([]).unwrap(), &timeless, true).0);
        assert_eq!(line.get("timestampUnknown"), Some(&Value::Bool(true)));
    });
}

/// Bytes that are not UTF-8 would have to be looked at later.
#[test]
fn a_body_that_is_not_wanted_is_no_work() {
    let head_bytes = b"content-encodinggzip";
    let field = Field::decoded(head_bytes, Span::new(0, 16), Span::new(16, 20));
    with_messages(|message| {
        let head = Head {
            start: StartLine::Status { code: 200, reason: Span::default() },
            fields: [field].into_iter().collect(),
            ..*message.head
        };
        let coded = HttpMessage { head: &head, head_bytes, body: b"\x1f\x8b", trailers: None, ..*message };
        assert!(push(Members::ALL, &coded, true).1.is_some());
        let others = NAMES.iter().map(|(name, _)| *name).filter(|name| *name != "body");
        let (line, raw) = push(Members::of(others).unwrap(), &coded, true);
        assert_eq!(raw, None);
        let line = object(&line);
        assert!(line.keys().all(|name| !name.starts_with("body") || name == "bodySize"), "{line:?}");
    });
}

#[test]
fn what_is_cut_of_a_head_is_marked_where_it_is_shown() {
    let value = vec![1; 200 << 10];
    let bytes = [b"x".as_slice(), &value].concat();
    let field = Field::decoded(&bytes, Span::new(0, 1), Span::new(1, bytes.len()));
    with_messages(|message| {
        let head = Head {
            start: StartLine::Status { code: 200, reason: Span::default() },
            fields: [field].into_iter().collect(),
            ..*message.head
        };
        let long = HttpMessage { head: &head, head_bytes: &bytes, trailers: None, ..*message };
        for (name, marked) in [("headers", true), ("path", false)] {
            let line = object(&push(Members::of([name]).unwrap(), &long, false).0);
            assert_eq!(line.contains_key("headersTruncated"), marked, "{name}");
        }
    });
}
