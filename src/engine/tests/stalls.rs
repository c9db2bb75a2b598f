//! How long a message stood still since a segment was missing that came later.

use super::*;

const REQUEST: &[u8] = b"POST /a HTTP/1.1\r\nContent-Length: 8\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n";
const BODY: &[u8] = b"abcdefgh";

/// A segment of the client's body: when it is captured in ms, and its bytes.
type Piece = (i64, std::ops::Range<usize>);

struct Run(Engine);

impl Run {
    fn give(&mut self, micros: i64, frame: &[u8]) {
        let at = Timestamp::from_micros(1_700_000_000_000_000 + micros);
        self.0.on_packet(at, RAW_IP, frame, frame.len() as u32);
    }
}

/// `durationMs` and `stallMs` of a request of which these segments come, and of a response that comes at once, 300 ms after its beginning.
fn times(pieces: &[Piece]) -> [[f64; 2]; 2] {
    let mut run = Run(Engine::new(EngineConfig::for_ports(&[SERVER_PORT])));
    let (client, server) = (From::Client(1), From::Server(1));
    run.give(-2_000, &syn(client, 0));
    run.give(-1_000, &syn_ack(server, 0, 1));
    run.give(0, &packet(client, 1, 1, REQUEST));
    let body = 1 + REQUEST.len() as u32;
    for (millis, range) in pieces {
        run.give(millis * 1_000, &packet(client, body + range.start as u32, 1, &BODY[range.clone()]));
    }
    let asked = body + BODY.len() as u32;
    run.give(300_000, &packet(server, 1, asked, &[RESPONSE, BODY].concat()));
    let lines = all_lines(&mut run.0);
    let [request, response] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((request["body"].as_str(), response["statusCode"].as_u64()), (Some("abcdefgh"), Some(200)));
    let of = |line: &serde_json::Value| ["durationMs", "stallMs"].map(|name| line[name].as_f64().unwrap_or_default());
    // The server is not blamed for what its client took.
    let wait = response["latencyMs"].as_f64().unwrap() - of(request)[0];
    assert!((response["waitMs"].as_f64().unwrap() - wait).abs() < 0.001, "{response}");
    [of(request), of(response)]
}

#[test]
fn a_segment_that_is_sent_again_is_a_stall() {
    let cases: [(&[Piece], [f64; 2]); 9] = [
        // In order.
        (&[(1, 0..4), (9, 4..8)], [9.0, 0.0]),
        // The hole is known from the first segment beyond it on.
        (&[(20, 4..8), (220, 0..4)], [220.0, 200.0]),
        (&[(5, 0..2), (20, 4..6), (30, 6..8), (220, 2..4)], [220.0, 200.0]),
        // Waiting segments in another order: it may be a little more.
        (&[(20, 6..8), (30, 4..6), (220, 0..4)], [220.0, 190.0]),
        // Two holes at one time are a time once.
        (&[(10, 2..4), (20, 6..8), (100, 0..2), (150, 4..6)], [150.0, 140.0]),
        (&[(10, 2..4), (20, 6..8), (150, 4..6), (160, 0..2)], [160.0, 150.0]),
        // Two, one after the other.
        (&[(10, 2..4), (20, 0..2), (30, 6..8), (50, 4..6)], [50.0, 30.0]),
        // Sent again for no reason.
        (&[(10, 0..4), (100, 0..4), (110, 4..8)], [110.0, 0.0]),
        // Bytes that came together with the missing bytes did not wait.
        (&[(10, 4..6), (50, 0..8)], [50.0, 40.0]),
    ];
    for (pieces, expected) in cases {
        assert_eq!(times(pieces), [expected, [0.0, 0.0]], "{pieces:?}");
    }
}

#[test]
fn segments_that_overtake_each_other_are_no_stall() {
    let mut run = Run(Engine::new(EngineConfig::for_ports(&[SERVER_PORT])));
    let client = From::Client(1);
    run.give(-1_000, &syn(client, 0));
    run.give(0, &packet(client, 1, 1, REQUEST));
    let body = 1 + REQUEST.len() as u32;
    run.give(100, &packet(client, body + 4, 1, &BODY[4..]));
    run.give(1_099, &packet(client, body, 1, &BODY[..4]));
    let lines = all_lines(&mut run.0);
    assert_eq!((lines[0]["durationMs"].as_f64(), lines[0].get("stallMs")), (Some(1.099), None));
}

#[test]
fn a_clock_that_goes_back_is_no_stall() {
    assert_eq!(times(&[(200, 0..4), (100, 4..8)])[0], [200.0, 0.0]);
}

/// The missing segment began the message: it is later than all of it, and the message began with it.
#[test]
fn before_a_message_began_it_did_not_stand_still() {
    let mut run = Run(Engine::new(EngineConfig::for_ports(&[SERVER_PORT])));
    let client = From::Client(1);
    run.give(-1_000, &syn(client, 0));
    run.give(10_000, &packet(client, 1 + REQUEST.len() as u32, 1, BODY));
    run.give(210_000, &packet(client, 1, 1, REQUEST));
    let lines = all_lines(&mut run.0);
    assert_eq!((lines[0]["body"].as_str(), lines[0].get("stallMs")), (Some("abcdefgh"), None));
}

/// A frame, with the segment that it comes in.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn a_message_of_http2_stands_still_by_its_own_packets() {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    /// `:method: POST`, `:scheme: http`, `:path: /`, by the static table.
    const HEAD: &[u8] = &[0x83, 0x86, 0x84];
    let mut run = Run(Engine::new(EngineConfig::for_ports(&[SERVER_PORT])));
    let client = From::Client(1);
    run.give(-1_000, &syn(client, 0));
    let start = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &frame(SETTINGS, 0, 0, b""),
        &frame(HEADERS, 4, 1, HEAD),
        &frame(HEADERS, 4, 3, HEAD),
    ]
    .concat();
    let lost = frame(DATA, 0, 1, b"lost");
    let kept = [frame(DATA, 1, 1, b" and kept"), frame(DATA, 1, 3, b"kept")].concat();
    run.give(0, &packet(client, 1, 1, &start));
    let at = 1 + start.len() as u32;
    run.give(20_000, &packet(client, at + lost.len() as u32, 1, &kept));
    run.give(220_000, &packet(client, at, 1, &lost));
    let lines = all_lines(&mut run.0);
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["body"].as_str().unwrap(), line["durationMs"].as_f64(), line["stallMs"].as_f64()))
        .collect();
    assert_eq!(seen, [("lost and kept", Some(220.0), Some(200.0)), ("kept", Some(20.0), None)]);
}
