//! Messages of gRPC as they pass: from packets to lines, and which of them come out.

use serde_json::{Value, json};

use super::streams::{config, count};
use super::*;
use crate::delivery::Finisher;
use crate::message::selection::Rule;

/// Every line that has come out by now.
fn lines(engine: &mut Engine) -> Vec<Value> {
    let mut finisher = Finisher::new(&config());
    let mut lines = Vec::new();
    while let Some(batch) = engine.take_batch(true) {
        finisher.finish(batch, false, |batch| {
            let text = batch.lines.split(|&b| b == b'\n').filter(|line| !line.is_empty());
            lines.extend(text.map(|line| serde_json::from_slice::<Value>(line).unwrap()));
        });
    }
    lines
}

/// A call by gRPC-Web over HTTP/1.1, whose answer comes before the end of its request.
fn call(config: EngineConfig) -> (Vec<Value>, Stats) {
    let mut engine = Engine::new(config);
    let syn = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    let head = "POST /pkg.S/M?key=secret HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web\r\nContent-Length: 12\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 26\r\n\r\n";
    let client = send(&mut engine, From::Client(1), 1, 1, &[head.as_bytes(), b"\0\0\0\0\x01a"].concat());
    let body = b"\0\0\0\0\x01A\x80\0\0\0\x0fgrpc-status: 0\n";
    let server = send(&mut engine, From::Server(1), 1, client, &[answer.as_bytes(), &body[..26]].concat());
    send(&mut engine, From::Client(1), client, server, b"\0\0\0\0\x01b");
    engine.drain();
    let lines = lines(&mut engine);
    (lines, engine.stats())
}

#[test]
fn grpc_messages_are_lines_of_their_exchange() {
    let (lines, stats) = call(config());
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            json!([line["stream"], line["direction"], line["sequence"], line["data"], line["streamedMessages"]])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["grpc", "request", 1, "YQ==", null]),
            json!(["grpc", "response", 1, "QQ==", null]),
            json!([null, "response", null, null, 1]),
            json!(["grpc", "request", 2, "Yg==", null]),
            json!([null, "request", null, null, 2]),
        ]
    );
    assert!(lines.iter().all(|line| line["id"] == "1.1"));
    assert_eq!(lines[0]["grpc"], json!({"service": "pkg.S", "method": "M"}));
    assert_eq!(count(&stats, "streamMessagesGrpc"), 3);
    let (lines, stats) = call(EngineConfig { stream_messages: false, ..config() });
    assert_eq!((lines.len(), count(&stats, "streamMessagesGrpc")), (2, 0));
    assert!(lines.iter().all(|line| line.get("streamedMessages").is_none()));
}

#[test]
fn messages_wait_where_the_status_decides() {
    for (status, shown) in [("200", 5), ("404", 0)] {
        let include = vec![Rule { status: Some(status.to_owned()), ..Rule::default() }];
        let (lines, stats) = call(EngineConfig { include, ..config() });
        assert_eq!((lines.len(), count(&stats, "filtered")), (shown, 5 - shown as u64), "{lines:#?}");
        let of = |direction: &str| -> Vec<u64> {
            lines
                .iter()
                .filter(|line| line["direction"] == direction)
                .filter_map(|line| line["sequence"].as_u64())
                .collect()
        };
        if shown > 0 {
            assert_eq!((of("request"), of("response")), (vec![1, 2], vec![1]));
        }
    }
}

/// A frame of HTTP/2 on the first stream, and a message in a frame of gRPC.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let stream = u8::from(kind != 4);
    [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], payload].concat()
}

fn data(message: &[u8]) -> Vec<u8> {
    frame(0, 0, &[&[0, 0, 0, 0, message.len() as u8], message].concat())
}

/// A field of a header block that refers to no table.
fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
}

/// Sequence and direction of the messages inside streams that came out by now; 0 for the exchange.
fn taken(engine: &mut Engine) -> Vec<(u64, String)> {
    let seen = |line: Value| (line["sequence"].as_u64().unwrap_or(0), line["direction"].as_str().unwrap().to_owned());
    lines(engine).into_iter().map(seen).collect()
}

#[test]
fn messages_of_a_request_wait_for_the_head_of_the_response_and_no_longer() {
    for (status, is_shown) in [("200", true), ("404", false)] {
        let include = vec![Rule { status: Some(status.to_owned()), ..Rule::default() }];
        let mut engine = Engine::new(EngineConfig { include, ..config() });
        let syn = syn(From::Client(1), 0);
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
        let kind = field("content-type", "application/grpc");
        let ask = [b"\x83\x86".to_vec(), field(":path", "/S/M"), kind.clone()].concat();
        let ask =
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, b""), frame(1, 4, &ask), data(b"a")].concat();
        let client = send(&mut engine, From::Client(1), 1, 1, &ask);
        assert_eq!(taken(&mut engine), []);
        let answer = [frame(4, 0, b""), frame(1, 4, &[b"\x88".to_vec(), kind].concat()), data(b"A")].concat();
        let server = send(&mut engine, From::Server(1), 1, client, &answer);
        let expect = |engine: &mut Engine, seen: &[(u64, &str)]| {
            let seen: Vec<_> = seen.iter().map(|(n, direction)| (*n, (*direction).to_owned())).collect();
            assert_eq!(taken(engine), if is_shown { seen } else { vec![] });
        };
        expect(&mut engine, &[(1, "request"), (1, "response")]);
        send(&mut engine, From::Client(1), client, server, &data(b"b"));
        expect(&mut engine, &[(2, "request")]);
        engine.drain();
        expect(&mut engine, &[(0, "request"), (0, "response")]);
        assert_eq!(count(&engine.stats(), "filtered"), if is_shown { 0 } else { 5 });
    }
}

#[test]
fn messages_that_wait_do_not_drive_requests_out() {
    let include = vec![Rule { status: Some("200".to_owned()), ..Rule::default() }];
    let mut engine = Engine::new(EngineConfig { include, ..config() });
    let syn = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    let ask = "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST /S/M HTTP/1.1\r\nHost: a\r\n\
               Content-Type: application/grpc\r\nContent-Length: 3600\r\n\r\n";
    let messages = b"\0\0\0\0\x01a".repeat(600);
    let client = send(&mut engine, From::Client(1), 1, 1, &[ask.as_bytes(), &messages].concat());
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".repeat(2);
    send(&mut engine, From::Server(1), 1, client, answer.as_bytes());
    engine.drain();
    let lines = lines(&mut engine);
    let paths: Vec<_> = lines.iter().filter_map(|line| line["path"].as_str()).collect();
    assert_eq!(paths, ["/first", "/S/M"]);
    // 512 lines wait, and two of them are the requests.
    let sequence: Vec<_> = lines.iter().filter_map(|line| line["sequence"].as_u64()).collect();
    assert_eq!(sequence, (91..=600).collect::<Vec<_>>());
    assert_eq!(count(&engine.stats(), "filtered"), 90);
}
