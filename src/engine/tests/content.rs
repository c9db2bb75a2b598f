//! Bodies with content-codings, from packets to finished lines.

use std::io::Write as _;

use super::*;
use crate::config::BinaryBodies;
use crate::delivery::Finisher;
use crate::message::selection::Rule;
use crate::stats::ContentStats;

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn config() -> EngineConfig {
    EngineConfig { decode_body: true, ..EngineConfig::for_ports(&[SERVER_PORT]) }
}

pub(super) fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Every message of the exchanges, finished; each is a request and one of the responses.
pub(super) fn finished(config: EngineConfig, responses: &[Vec<u8>]) -> (Vec<serde_json::Value>, ContentStats, Stats) {
    let mut finisher = Finisher::new(&config);
    let mut engine = Engine::new(config);
    let (mut client, mut server) = (1, 1);
    for response in responses {
        client = send(&mut engine, From::Client(1), client, server, b"GET / HTTP/1.1\r\n\r\n");
        server = send(&mut engine, From::Server(1), server, client, response);
    }
    engine.drain();
    let mut lines = Vec::new();
    while let Some(batch) = engine.take_batch(true) {
        finisher.finish(batch, false, |batch| {
            assert!(batch.raw.is_empty());
            let before = lines.len();
            let text = batch.lines.split(|&b| b == b'\n').filter(|line| !line.is_empty());
            lines.extend(text.map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap()));
            assert_eq!(lines.len() - before, batch.messages as usize);
        });
    }
    (lines, finisher.stats, engine.stats())
}

/// The members that tell of one response's body.
fn body_of(config: EngineConfig, fields: &str, body: &[u8]) -> serde_json::Value {
    let (lines, ..) = finished(config, &[response(fields, body)]);
    let mut members = serde_json::Map::new();
    for name in ["body", "bodyEncoding", "bodyText", "bodyCharset", "bodyDecoded", "bodyTruncated"] {
        if let Some(value) = lines[1].get(name) {
            members.insert(name.into(), value.clone());
        }
    }
    assert_eq!(lines[1]["bodySize"], body.len(), "of the bytes as they were sent");
    members.into()
}

#[test]
fn what_is_shown_of_a_body() {
    use serde_json::json;
    let coded = gzip(b"hello");
    let base64 = || EngineConfig { binary_bodies: BinaryBodies::Base64, ..config() };
    let not_decoded = || EngineConfig { decode_body: false, ..config() };
    let binary = json!({"bodyEncoding": "binary"});
    for (config, fields, body, shown) in [
        (config(), "Content-Encoding: gzip", &coded[..], json!({"body": "hello", "bodyDecoded": "gzip"})),
        (config(), "content-ENCODING: X-GZip", &coded, json!({"body": "hello", "bodyDecoded": "x-gzip"})),
        (
            config(),
            "Content-Encoding: gzip\r\nX: y\r\nContent-Encoding: identity, gzip",
            &gzip(&coded),
            json!({"body": "hello", "bodyDecoded": "gzip, gzip"}),
        ),
        (
            config(),
            "Content-Encoding: gzip\r\nContent-Type: text/plain; charset=latin1",
            &gzip(b"caf\xe9"),
            json!({
                "bodyEncoding": "binary", "bodyText": "café", "bodyCharset": "windows-1252", "bodyDecoded": "gzip",
            }),
        ),
        (
            config(),
            "Content-Type: a/b;charset=latin1",
            b"caf\xe9",
            json!({"bodyEncoding": "binary", "bodyText": "café", "bodyCharset": "windows-1252"}),
        ),
        (config(), "Content-Type: a/b;charset=latin1", "café".as_bytes(), json!({"body": "café"})),
        (config(), "Content-Encoding: gzip", b"hello", json!({"body": "hello"})),
        (config(), "Content-Encoding: gzip", b"\x1f\x8bnone", binary.clone()),
        (config(), "Content-Encoding: compress", b"hello", json!({"body": "hello"})),
        (config(), "Content-Encoding: gzip, compress", &coded, binary.clone()),
        (
            config(),
            "Content-Encoding: gzip",
            &gzip(b"\xff\xfe"),
            json!({"bodyEncoding": "binary", "bodyDecoded": "gzip"}),
        ),
        (
            base64(),
            "Content-Type: a/b;charset=latin1",
            b"\xe9",
            json!({"body": "6Q==", "bodyEncoding": "base64", "bodyText": "é", "bodyCharset": "windows-1252"}),
        ),
        (
            config(),
            "Content-Type: a/b;charset=utf-16",
            b"h\0i\0",
            json!({"body": "h\u{0}i\u{0}", "bodyText": "hi", "bodyCharset": "utf-16le"}),
        ),
        (config(), "Content-Encoding: gzip", b"", json!({"body": ""})),
        (config(), "Content-Encoding: gzip", &gzip(b""), json!({"body": "", "bodyDecoded": "gzip"})),
        (config(), "X: y", b"\xff\xfe\n", binary.clone()),
        (base64(), "X: y", b"\xff\xfe\n", json!({"body": "//4K", "bodyEncoding": "base64"})),
        (base64(), "X: y", b"hello", json!({"body": "hello"})),
        (
            base64(),
            "Content-Encoding: gzip",
            &gzip(b"\xff\xfe"),
            json!({"body": "//4=", "bodyEncoding": "base64", "bodyDecoded": "gzip"}),
        ),
        (base64(), "Content-Encoding: gzip", b"\x1f\x8b!", json!({"body": "H4sh", "bodyEncoding": "base64"})),
        (not_decoded(), "Content-Encoding: gzip", &coded, binary.clone()),
        (not_decoded(), "Content-Type: a/b;charset=latin1", b"caf\xe9", binary),
        // The sender stopped early, in a message that is complete.
        (
            config(),
            "Content-Encoding: gzip",
            &coded[..coded.len() - 4],
            json!({"body": "hello", "bodyDecoded": "gzip", "bodyTruncated": true}),
        ),
        (config(), "Content-Encoding: br", b"hello", json!({"body": "hello"})),
        (config(), "Content-Encoding: deflate", b"hello", json!({"body": "hello"})),
    ] {
        assert_eq!(body_of(config, fields, body), shown, "{fields} {body:?}");
    }
}

#[test]
fn a_body_that_repeats_itself_is_whole_and_a_bomb_is_cut_and_counted() {
    let record =
        |n: usize| format!("{{\"id\":{},\"name\":\"somebody or other\",\"city\":\"somewhere\",\"active\":true}},\n", n);
    let json: String = (0..1_500).map(|n| record(n) + &record(0).repeat(6)).collect();
    let coded = gzip(json.as_bytes());
    assert!(
        json.len() > 400_000 && json.len() / coded.len() > 50 && json.len() / coded.len() < 150,
        "{} to {}",
        json.len(),
        coded.len()
    );
    let (lines, content, _) = finished(config(), &[response("Content-Encoding: gzip", &coded)]);
    assert!(lines[1]["body"] == json && lines[1].get("bodyTruncated").is_none());
    assert_eq!(content, ContentStats { decoded: 1, ..ContentStats::default() });
    let text: String = (0..400_000).map(|n: u32| format!("{:x} ", n.wrapping_mul(0x9e37_79b9))).collect();
    let (lines, content, _) = finished(config(), &[response("Content-Encoding: gzip", &gzip(text.as_bytes()))]);
    assert_eq!(lines[1]["body"].as_str().unwrap().len(), 1 << 20);
    assert_eq!(content, ContentStats { decoded: 1, over_limit: 1, ..ContentStats::default() });
    let bomb = gzip(&vec![b'x'; 4 << 20]);
    let (lines, content, _) = finished(config(), &[response("Content-Encoding: gzip", &bomb)]);
    let shown = lines[1]["body"].as_str().unwrap().len();
    assert!(shown > 700_000 && shown < 1 << 20, "{shown}");
    assert_eq!(lines[1]["bodyTruncated"], true);
    assert_eq!(content, ContentStats { decoded: 1, over_ratio: 1, ..ContentStats::default() });
}

/// The size of 87 bytes in a line, with any bytes in them.
#[test]
fn the_line_of_a_small_bomb_is_small() {
    for byte in [0, b'"', b'x', 0xff] {
        let bomb = [0, 1].into_iter().fold(gzip(&vec![byte; 1 << 20]), |coded, _| gzip(&coded));
        assert!(bomb.len() < 150, "{}", bomb.len());
        for (config, charset) in [
            (config(), "utf-8"),
            (config(), "latin1"),
            (config(), "utf-16"),
            (EngineConfig { binary_bodies: BinaryBodies::Base64, ..config() }, "utf-8"),
        ] {
            let fields = format!("Content-Type: a/b; charset={charset}\r\nContent-Encoding: gzip, gzip, gzip");
            let (lines, content, _) = finished(config, &[response(&fields, &bomb)]);
            let texts = if charset == "utf-8" { 1 } else { 2 };
            let line = lines[1].to_string();
            assert!(line.len() < texts * (290 << 10), "{byte} {charset}: {}", line.len());
            assert_eq!((&lines[1]["bodyTruncated"], content.over_ratio), (&true.into(), 1), "{byte} {charset}");
            assert_eq!(lines[1]["bodySize"], bomb.len());
        }
    }
}

/// As they were sent, which costs their sender the bytes.
#[test]
fn a_line_is_in_proportion_to_its_bytes() {
    let controls = vec![1; 1 << 20];
    let redacting = || EngineConfig { redact_body: vec!["pin".to_owned()], ..config() };
    for (config, fields) in [(config(), "X: y"), (redacting(), "X: y"), (redacting(), "Content-Type: application/json")]
    {
        let (lines, content, stats) = finished(config, &[response(fields, &controls)]);
        let written = lines[1].to_string().len();
        assert!(written > 2 << 20 && written < (2 << 20) + (257 << 10), "{written}");
        assert_eq!((&lines[1]["bodyTruncated"], &lines[1]["bodySize"]), (&true.into(), &(1 << 20).into()));
        assert_eq!((stats.cut_bodies, content.cut_escaped, lines[1].get("incomplete")), (1, 0, None));
    }
    let (lines, content, stats) =
        finished(config(), &[response("Content-Type: a/b; charset=utf-16", &[b'h', 0].repeat(500_000))]);
    assert_eq!((&lines[1]["bodyText"].as_str().unwrap().len(), &lines[1]["bodyTruncated"]), (&500_000, &true.into()));
    assert_eq!((stats.cut_bodies, content.cut_escaped), (0, 1));
    // The escapes of quotes and line breaks are no reason to cut.
    let quotes = b"\"\n\\\t".repeat(1 << 18);
    let (lines, content, stats) = finished(config(), &[response("X: y", &quotes)]);
    assert_eq!((lines[1]["body"].as_str().map(str::len), lines[1].get("bodyTruncated")), (Some(1 << 20), None));
    assert_eq!((stats.cut_bodies, content.cut_escaped), (0, 0));
}

#[test]
fn a_head_of_control_characters_is_cut_and_counted() {
    let value = "\x01".repeat(200_000);
    for (fields, left) in [
        (format!("X: {value}"), &["content-length", "x"][..]),
        (format!("A: b\r\nX: \"{value}\r\nC: \"d\"\r\nE: f"), &["a", "content-length", "e", "x"]),
        (format!("X\x01{value}: a\r\nB: c"), &["b", "content-length"]),
    ] {
        let (lines, _, stats) = finished(config(), &[response(&fields, b"ok")]);
        let written = lines[1].to_string().len();
        assert!(written < 2 * fields.len() + (17 << 10), "{written}");
        assert_eq!((&lines[1]["headersTruncated"], stats.cut_heads), (&true.into(), 1));
        let names: Vec<_> = lines[1]["headers"].as_object().unwrap().keys().collect();
        assert_eq!(names, left);
        assert_eq!(lines[1]["body"], "ok");
    }
    let reason = format!("HTTP/1.1 200 {value}\r\nContent-Length: 0\r\n\r\n");
    let (lines, ..) = finished(config(), &[reason.into_bytes()]);
    assert!(lines[1].to_string().len() < (420 << 10) && lines[1]["headersTruncated"] == true);
    let (lines, ..) = finished(config(), &[response(&format!("X: {}", "\"".repeat(200_000)), b"ok")]);
    assert_eq!((lines[1]["headers"]["x"].as_str().unwrap().len(), lines[1].get("headersTruncated")), (200_000, None));
}

#[test]
fn a_coded_body_over_the_limit_is_decoded_as_far_as_it_was_kept() {
    let content: String = (0..100_000).map(|n: u32| format!("{:x} ", n.wrapping_mul(0x9e37_79b9))).collect();
    let limited = EngineConfig { max_body_size: 50_000, ..config() };
    let coded = gzip(content.as_bytes());
    let (lines, stats, engine) = finished(limited, &[response("Content-Encoding: gzip", &coded)]);
    let body = lines[1]["body"].as_str().unwrap();
    assert!(content.starts_with(body) && body.len() > 40_000, "{}", body.len());
    assert_eq!((&lines[1]["bodyTruncated"], &lines[1]["bodySize"]), (&true.into(), &coded.len().into()));
    assert_eq!((stats.decoded, engine.over_body_limit), (1, 1));
}

#[test]
fn lines_keep_their_order_and_batches_their_size() {
    let content = vec![b'x'; 100_000];
    let coded = gzip(&content);
    let responses: Vec<_> = (0..300)
        .map(|n| match n % 3 {
            0 => response(&format!("N: {n}"), b"plain"),
            _ => response(&format!("N: {n}\r\nContent-Encoding: gzip"), &coded),
        })
        .collect();
    let (lines, content_stats, _) = finished(config(), &responses);
    assert_eq!(lines.len(), 600);
    for (n, line) in lines.iter().filter(|line| line["direction"] == "response").enumerate() {
        assert_eq!(line["headers"]["n"], n.to_string());
        assert_eq!(line["body"].as_str().unwrap().len(), if n % 3 == 0 { 5 } else { content.len() });
    }
    assert_eq!(content_stats.decoded, 200);
}

#[test]
fn a_line_that_waited_for_its_answer_is_finished_too() {
    let mut config = config();
    config.include = vec![Rule { status: Some("2xx".into()), ..Rule::default() }];
    let mut finisher = Finisher::new(&config);
    let mut engine = Engine::new(config);
    let coded = gzip(b"asked");
    let head = format!("POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", coded.len());
    for client in 1..4 {
        let opening = syn(From::Client(client), 0);
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &opening, opening.len() as u32);
        let ack = send(&mut engine, From::Client(client), 1, 1, &[head.as_bytes(), &coded].concat());
        send(&mut engine, From::Server(client), 1, ack, &response("X: y", b"answered"));
    }
    engine.drain();
    let mut bodies = Vec::new();
    finisher.finish(engine.take_batch(true).unwrap(), false, |batch| {
        for line in batch.lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            bodies.push(serde_json::from_slice::<serde_json::Value>(line).unwrap()["body"].clone());
        }
    });
    assert_eq!(bodies, ["asked", "answered"].repeat(3));
}

#[test]
fn unknown_codings_are_counted() {
    let (_, content, engine) = finished(config(), &[response("Content-Encoding: dcz", b"x"), response("X: y", b"x")]);
    assert_eq!((content, engine.unknown_codings), (ContentStats::default(), 1));
}

#[test]
fn a_call_by_grpc_web() {
    use serde_json::json;
    let body = b"\0\0\0\0\x03one\x80\0\0\0\x18grpc-status:5\r\ngrpc-m: a";
    let response = response("Content-Type: application/grpc-web+proto", body);
    let (lines, stats, _) = finished(config(), std::slice::from_ref(&response));
    assert_eq!(lines[0].get("grpc"), None);
    assert_eq!(lines[1]["grpc"], json!({ "status": 5, "statusName": "NOT_FOUND", "messageCount": 1 }));
    assert_eq!(lines[1]["grpcMessages"], json!([{ "size": 3, "data": "b25l" }]));
    assert_eq!((&lines[1]["bodyEncoding"], &lines[1]["bodySize"]), (&json!("binary"), &json!(body.len())));
    assert_eq!(stats, ContentStats::default());
    let (undecoded, ..) = finished(EngineConfig { decode_body: false, ..config() }, &[response]);
    assert_eq!(undecoded, lines);
}

#[test]
fn a_grpc_body_that_is_coded_as_a_whole() {
    use serde_json::json;
    let body = gzip(b"\0\0\0\0\x03one\0\0\0\0\x01");
    let coded = |coding| response(&format!("Content-Type: application/grpc-web\r\nContent-Encoding: {coding}"), &body);
    let (lines, stats, _) = finished(config(), &[coded("gzip"), coded("dcz")]);
    assert_eq!((&lines[1]["grpc"], &lines[3]["grpc"]), (&json!({}), &json!({})));
    assert_eq!(
        lines[1]["grpcMessages"],
        json!([{ "size": 3, "data": "b25l" }, { "size": 1, "data": "", "truncated": true }])
    );
    assert_eq!(lines[3].get("grpcMessages"), None);
    assert_eq!(stats.decoded, 1);
    let (lines, ..) = finished(EngineConfig { decode_body: false, ..config() }, &[coded("gzip")]);
    assert_eq!(lines[1].get("grpcMessages"), None);
}
