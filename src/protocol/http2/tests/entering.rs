//! How a connection comes to be read as HTTP/2, and when it does not.

use super::wire::*;
use super::*;
use crate::flow::Side;
use crate::protocol::Met;
use crate::protocol::tests::Reader;

/// Messages of both versions.
#[derive(Debug, Default)]
struct Both(Seen);

impl Sink for Both {
    fn message(&mut self, message: &HttpMessage<'_>) {
        if message.extras.is_some() {
            return self.0.message(message);
        }
        let bytes = message.head_bytes;
        let start = match message.head.start {
            StartLine::Request { .. } => format!("> {}", message.head.target(bytes).escape_ascii()),
            StartLine::Status { code, .. } => format!("< {code}"),
        };
        let body = if message.body_bytes > 0 { format!(" '{}'", message.body.escape_ascii()) } else { String::new() };
        let answered = message.answered.map(|answered| format!(" for {}", answered.target.escape_ascii()));
        self.0.lines.push(format!("{start}{body}{} #{}", answered.unwrap_or_default(), message.exchange));
    }

    fn not_http(&mut self, direction: Direction, what: NotHttp<'_>, sample: &[u8]) {
        self.0.not_http(direction, what, sample);
    }
}

fn talk(met: Met, turns: &[Turn], cut: Cut) -> (Vec<String>, HttpCounters) {
    let mut reader = Reader::new(met, Both::default());
    let mut clock = Timestamp::from_micros(1_000_000);
    for (index, turn) in turns.iter().enumerate() {
        let (side, bytes) = match turn {
            C(bytes) => (Side::Low, bytes),
            S(bytes) => (Side::High, bytes),
            LostC(len) => {
                reader.lose(Side::Low, *len);
                continue;
            }
            LostS(len) => {
                reader.lose(Side::High, *len);
                continue;
            }
        };
        for piece in cut.pieces(index, bytes) {
            clock = clock.plus_millis(1);
            reader.say(side, clock, piece);
        }
    }
    reader.close(Side::Low);
    reader.close(Side::High);
    (reader.sink.0.lines, reader.counters)
}

#[track_caller]
fn check(met: Met, turns: &[Turn], expected: &[&str]) -> HttpCounters {
    let (lines, counters) = talk(met, turns, Cut::Nowhere);
    assert_eq!(lines, expected);
    let mut cuts = vec![Cut::Every(1), Cut::Every(5)];
    for (index, turn) in turns.iter().enumerate() {
        if let C(bytes) | S(bytes) = turn {
            cuts.extend((1..bytes.len()).map(|at| Cut::In(index, at)));
        }
    }
    for cut in cuts {
        assert_eq!(talk(met, turns, cut).0, expected, "{cut:?}");
    }
    counters
}

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")];
const OK: [(&str, &str); 1] = [(":status", "200")];
const UPGRADE: &str = "GET /up HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn by_its_preface() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let asked = [hello(), headers(1, &c.block(&GET), true)].concat();
    let answer = [settings(&[(3, 100)]), headers(1, &s.block(&OK), true)].concat();
    let expected = ["> 1 GET / {host=h}", "< 1 200 for GET /"];
    for prefix in ["", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "PROXY UNKNOWN\r\n"] {
        for met in [Met::AtItsSyn, Met::WithoutSyn, Met::InTheMiddle { quiet_since: None }] {
            let turns = [C([prefix.as_bytes(), &asked].concat()), S(answer.clone())];
            assert_eq!(check(met, &turns, &expected).http2.connections, 1);
        }
    }
    // The server speaks before the client.
    let first = [settings(&[(3, 100)]), window_update(0)].concat();
    let turns = [S(first), C(asked), S(answer[9 + 6..].to_vec())];
    let counters = check(Met::AtItsSyn, &turns, &expected);
    assert_eq!((counters.not_http_streams, counters.malformed_streams), (0, 0));
}

#[test]
fn by_an_upgrade() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let answer = [settings(&[]), headers(1, &s.block(&OK), false), data(1, b"up", true)].concat();
    let turns = [
        C(text(UPGRADE)),
        S([SWITCH.as_bytes(), &answer].concat()),
        C([hello(), headers(3, &c.block(&GET), true)].concat()),
        S(headers(3, &s.block(&OK), true)),
    ];
    let counters = check(
        Met::AtItsSyn,
        &turns,
        &["> /up #1", "< 101 for /up #1", "< 1 200 'up' for GET /up", "> 3 GET / {host=h}", "< 3 200 for GET /"],
    );
    assert_eq!((counters.switched_bytes, counters.http2.connections, counters.http2.resyncs), (0, 1, 0));
}

#[test]
fn by_an_upgrade_of_an_upload() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let upload = UPGRADE.replace("GET", "POST").replace("Host: h", "Host: h\r\nContent-Length: 6");
    let turns = [
        C(text(&format!("{upload}abc"))),
        S(text(SWITCH)),
        S(settings(&[])),
        C([b"def", &hello()[..]].concat()),
        S([headers(1, &s.block(&OK), true)].concat()),
        C(headers(3, &c.block(&GET), true)),
    ];
    check(
        Met::AtItsSyn,
        &turns,
        &["< 101 for /up #1", "> /up 'abcdef' #1", "< 1 200 for POST /up", "> 3 GET / {host=h}"],
    );
}

#[test]
fn not_by_an_upgrade_that_is_declined() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let turns = [C(text(UPGRADE)), S(text(ok)), C(text("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")), S(text(ok))];
    check(Met::AtItsSyn, &turns, &["> /up #1", "< 200 'ok' for /up #1", "> /2 #2", "< 200 'ok' for /2 #2"]);
}

#[test]
fn a_server_of_http2_alone_answers_with_frames() {
    for start in [UPGRADE, "GET /up HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let turns = [C(text(start)), S([settings(&[]), goaway(0, 13)].concat())];
        check(Met::AtItsSyn, &turns, &["> /up #1", "x Response"]);
        // It may have spoken first.
        let turns = [S(settings(&[])), C(text(start)), S(goaway(0, 13))];
        let (lines, _) = talk(Met::AtItsSyn, &turns, Cut::Nowhere);
        assert_eq!(lines, ["x Response", "> /up #1"]);
    }
}

/// The first request met may be the end of a body, whatever it looks like. It is not shown, and the fields that it put into the
/// table of HPACK stay unknown. From the next one on the client is known to have paused.
#[test]
fn by_proof_in_the_middle() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let mut turns = Vec::new();
    let mut expected = vec!["< 101 200 'x'".to_owned()];
    for id in [101, 103, 105, 107] {
        turns.push(C(headers(id, &c.block(&GET), true)));
        turns.push(S([headers(id, &s.block(&OK), false), data(id, b"x", true)].concat()));
        if id > 101 {
            expected.extend([format!("> {id} GET  ?2"), format!("< {id} 200 'x' for GET ")]);
        }
    }
    let (mut lines, counters) = talk(Met::InTheMiddle { quiet_since: None }, &turns, Cut::Nowhere);
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
    assert_eq!(counters.http2.connections, 1);
    // The same after the loss of the beginning.
    turns.insert(0, LostC(100));
    turns.insert(1, LostS(100));
    let (mut lines, _) = talk(Met::AtItsSyn, &turns, Cut::Nowhere);
    lines.sort();
    assert_eq!(lines, expected);
}

/// A body may hold what another connection said, and the capture may begin exactly there.
#[test]
fn not_by_a_preface_in_a_body() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let body = [hello(), headers(1, &c.block(&GET), true)].concat();
    let ok = text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let next = text("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    let turns = |body: Vec<u8>| [C(body), S(ok.clone()), C(next.clone()), S(ok.clone())];
    let middle = Met::InTheMiddle { quiet_since: None };
    // As after any other body.
    let (expected, _) = talk(middle, &turns(vec![b'x'; body.len()]), Cut::Nowhere);
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(expected, ["< 200 'ok' #1", "> /2 #2", "< 200 'ok' #3"]);
    assert_eq!(check(middle, &turns(body.clone()), &expected).http2.connections, 0);
    // Nor after an answer: it holds one of HTTP/2 too.
    let echo = [settings(&[]), headers(1, &s.block(&OK), true)].concat();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", echo.len());
    let turns = [C(body.clone()), S([head.as_bytes(), &echo].concat())];
    let (lines, counters) = talk(middle, &turns, Cut::Nowhere);
    assert_eq!((lines.len(), counters.http2.connections), (1, 0), "{lines:?}");
    // The server's first bytes are lost, or it never speaks.
    for turns in [vec![C(body.clone()), LostS(100), S(ok)], vec![C(body)]] {
        assert_eq!(talk(middle, &turns, Cut::Nowhere).0, [""; 0]);
    }
}

/// Bytes that are kept in doubt stay those of their side, and are counted, whatever the other side begins with.
#[test]
fn a_doubted_preface_is_not_joined_with_the_other_side() {
    let get = text("GET /forged HTTP/1.1\r\nHost: h\r\n\r\n");
    for other in [get, PREFACE.to_vec(), vec![5, 1, 0], text("nothing")] {
        let turns = [C([hello(), b"POST ".to_vec()].concat()), S(other.clone()), C(vec![5, 1, 0])];
        let (lines, counters) = talk(Met::InTheMiddle { quiet_since: None }, &turns, Cut::Nowhere);
        let sent = hello().len() + 5 + other.len() + 3;
        assert_eq!((lines, counters.passed_over_bytes), (vec![], sent as u64), "{}", other.escape_ascii());
    }
}

#[test]
fn text_and_noise_in_the_middle_are_not_http2() {
    let zeros = vec![0; 40_000];
    let tls = [0x17, 3, 3, 0, 20].repeat(500);
    for bytes in [zeros, tls, text(&"GET / HTTP".repeat(1_000)), (0..60_000_u32).flat_map(u32::to_be_bytes).collect()] {
        for cut in [Cut::Nowhere, Cut::Every(1_000)] {
            let turns = [C(bytes.clone()), S(bytes.clone()), C(bytes.clone()), S(bytes.clone())];
            let (lines, counters) = talk(Met::InTheMiddle { quiet_since: None }, &turns, cut);
            assert_eq!((lines, counters.http2.connections), (vec![], 0));
        }
    }
}
