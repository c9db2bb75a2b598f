//! Messages of gRPC as they pass: from packets to lines, and which of them come out.

use serde_json::{Value, json};

use super::streams::{config, count};
use super::*;
use crate::delivery::Finisher;

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
