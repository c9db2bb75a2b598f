//! Load shedding on single connections: what a message without its body says, and what is known of a connection that comes back.

use super::*;
use crate::message::own_posts::{OwnOutput, seal};

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);
const BODIES: u8 = 1;
const ALL: u8 = 6;

fn level(steps: u8) -> ShedLevel {
    (0..steps).fold(ShedLevel::NONE, |level, _| level.up())
}

fn begun(config: EngineConfig) -> Engine {
    let mut engine = Engine::new(config);
    let syn = syn(CLIENT, 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    engine
}

#[test]
fn a_message_without_its_body_is_one_that_was_cut_before_the_first_byte() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let request = b"GET /a HTTP/1.1\r\n\r\n";
    // In one segment, which is read as it lies there, and in two.
    for cut in [answer.len(), answer.len() - 3] {
        let mut engine = begun(EngineConfig::for_ports(&[SERVER_PORT]));
        let (mut client, mut server) = (1, 1);
        for (steps, answer) in [(BODIES, answer.as_slice()), (BODIES, empty), (0, answer)] {
            engine.shed_load(level(steps), 0);
            client = send(&mut engine, CLIENT, client, server, request);
            let (head, rest) = answer.split_at(cut.min(answer.len()));
            server = send(&mut engine, SERVER, server, client, head);
            server = send(&mut engine, SERVER, server, client, rest);
        }
        let lines = all_lines(&mut engine);
        let answers: Vec<_> = lines
            .iter()
            .filter(|line| line["direction"] == "response")
            .map(|line| ["body", "bodySize", "bodyTruncated", "incomplete"].map(|name| line[name].to_string()))
            .collect();
        assert_eq!(
            answers,
            [["\"\"", "5", "true", "null"], ["\"\"", "0", "null", "null"], ["\"hello\"", "5", "null", "null"]]
        );
        assert_eq!((engine.stats().shed_bodies, engine.stats().over_body_limit), (1, 0));
    }
}

#[test]
fn a_post_of_our_own_is_known_by_its_body_all_the_same() {
    let own_outputs = vec![OwnOutput { hosts: vec!["collector".to_owned()], port: 81, target: "/in".to_owned() }];
    let mut engine = begun(EngineConfig { own_outputs, ..EngineConfig::for_ports(&[SERVER_PORT]) });
    engine.shed_load(level(BODIES), 0);
    let marker = seal(b"line", 1 << 20);
    let post =
        format!("POST /in HTTP/1.1\r\nHost: proxy\r\nTcp-Sniffer-Output: 1 {marker}\r\nContent-Length: 4\r\n\r\nline");
    send(&mut engine, CLIENT, 1, 1, post.as_bytes());
    assert_eq!(all_lines(&mut engine).len(), 0);
    assert_eq!((engine.stats().own_messages, engine.stats().shed_bodies), (1, 0));
}

#[test]
fn a_message_inside_a_stream_comes_without_its_data() {
    let ask = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\
               Sec-WebSocket-Version: 13\r\n\r\n";
    let grant = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n";
    let mut engine = begun(super::streams::config());
    let client = send(&mut engine, CLIENT, 1, 1, ask.as_bytes());
    let server = send(&mut engine, SERVER, 1, client, grant.as_bytes());
    engine.shed_load(level(BODIES), 0);
    let server = send(&mut engine, SERVER, server, client, b"\x81\x05hello");
    engine.shed_load(ShedLevel::NONE, 0);
    send(&mut engine, SERVER, server, client, b"\x81\x05hello");
    let lines = all_lines(&mut engine);
    let inside: Vec<_> = lines
        .iter()
        .filter(|line| line["stream"] == "websocket")
        .map(|line| ["sequence", "data", "dataSize", "truncated"].map(|name| line[name].to_string()))
        .collect();
    assert_eq!(inside, [["1", "\"\"", "5", "true"], ["2", "\"hello\"", "5", "null"]]);
    assert_eq!(engine.stats().shed_bodies, 1);
}

/// While nothing was read a request was sent, whose answer is not that to the next request.
#[test]
fn a_connection_that_comes_back_was_not_silent() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let request = b"GET /b HTTP/1.1\r\n\r\n";
    let asked = 1 + 2 * request.len() as u32;
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let frames = [
        (0, None, syn(From::Client(2), 0)),
        (500_000, Some(ALL), packet(CLIENT, 1, 1, b"GET /a HTTP/1.1\r\n\r\n")),
        (650_000, Some(0), packet(CLIENT, 1 + request.len() as u32, 1, request)),
        (660_000, None, packet(SERVER, 1, asked, answer)),
    ];
    for (at, steps, frame) in &frames {
        if let Some(steps) = steps {
            engine.shed_load(level(*steps), 0);
        }
        engine.on_tick(Timestamp::from_micros(*at));
        engine.on_packet(Timestamp::from_micros(*at), RAW_IP, frame, frame.len() as u32);
    }
    let lines = all_lines(&mut engine);
    assert_eq!((lines.len(), &lines[1]["request"]), (2, &serde_json::Value::Null), "{lines:?}");
    assert_eq!((engine.stats().shed_packets, engine.stats().shed_bytes), (1, request.len() as u64));
}

/// Bytes that are sent again would be read twice, and the middle of a body might look like a message.
#[test]
fn a_connection_that_was_read_comes_back_with_its_next_syn_or_after_a_minute() {
    let (request, answer) = (&b"GET /a HTTP/1.1\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (next, acked) = (1 + request.len() as u32, 1 + answer.len() as u32);
    let twice = request.repeat(2);
    for (seq, ack, bytes, later, requests, left_out) in [
        (next, acked, request, 1_000_000, 1, 1),
        (next, acked, request, 58_000_000, 1, 1),
        (next, acked, request, 61_000_000, 2, 0),
        // The first of these was read.
        (1, acked, &twice, 1_000_000, 1, 1),
    ] {
        let mut engine = begun(EngineConfig::for_ports(&[SERVER_PORT]));
        send(&mut engine, CLIENT, 1, 1, request);
        send(&mut engine, SERVER, 1, next, answer);
        engine.shed_load(level(ALL), 0);
        engine.shed_load(ShedLevel::NONE, 0);
        assert_eq!((engine.stats().shed_connections, engine.stats().connections_active), (1, 0));
        let at = Timestamp::from_micros(1_000_000 + later);
        engine.on_tick(at);
        let frame = packet(CLIENT, seq, ack, bytes);
        engine.on_packet(at, RAW_IP, &frame, frame.len() as u32);
        let lines = all_lines(&mut engine);
        let shown = lines.iter().filter(|line| line["direction"] == "request").count();
        assert_eq!((shown, engine.stats().shed_packets), (requests, left_out), "{seq} {ack} {later}");
    }
    let mut engine = begun(EngineConfig::for_ports(&[SERVER_PORT]));
    send(&mut engine, CLIENT, 1, 1, request);
    engine.shed_load(level(ALL), 0);
    engine.shed_load(ShedLevel::NONE, 0);
    let frame = syn(CLIENT, 77_000);
    engine.on_packet(Timestamp::from_micros(2_000_000), RAW_IP, &frame, frame.len() as u32);
    send(&mut engine, CLIENT, 77_001, 1, request);
    assert_eq!((all_lines(&mut engine).len(), engine.stats().shed_packets), (2, 0));
}
