//! A reset ends what it may end, when everything that it acknowledges is there; nothing after it is taken for a message.

use super::*;

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\n\r\n";
/// Of a body, at the start of a segment.
const LOOKALIKE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);

fn give(engine: &mut Engine, frame: &[u8]) {
    give_at(engine, 1_000_000, frame);
}

fn give_at(engine: &mut Engine, micros: i64, frame: &[u8]) {
    engine.on_packet(Timestamp::from_micros(micros), RAW_IP, frame, frame.len() as u32);
}

/// Handshake and request; both streams begin at 1.
fn asked() -> Engine {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    give(&mut engine, &syn(CLIENT, 0));
    give(&mut engine, &syn_ack(SERVER, 0, 1));
    give(&mut engine, &packet(CLIENT, 1, 1, REQUEST));
    engine
}

const ASKED: u32 = 1 + REQUEST.len() as u32;

/// Status codes, and how each message ended.
fn summary(engine: &mut Engine) -> Vec<(u64, String)> {
    let ended = |line: &serde_json::Value| line["incomplete"].as_str().unwrap_or("whole").to_owned();
    all_lines(engine).iter().map(|line| (line["statusCode"].as_u64().unwrap_or(0), ended(line))).collect()
}

#[test]
fn what_is_under_way_to_a_client_that_broke_off_is_no_new_connection() {
    let mut engine = asked();
    let answered = send(&mut engine, SERVER, 1, ASKED, b"HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\nxx");
    give(&mut engine, &reset(CLIENT, ASKED, answered));
    let more = send(&mut engine, SERVER, answered, ASKED, LOOKALIKE);
    send(&mut engine, SERVER, more, ASKED, LOOKALIKE);
    send(&mut engine, SERVER, 1, ASKED, b"HTTP/1.1 201 Created\r\n");
    assert_eq!(engine.stats().after_close, 3);
    assert_eq!(engine.stats().flow.unplaced_bytes, 2 * LOOKALIKE.len() as u64);
    assert_eq!(summary(&mut engine), [(0, "whole".into()), (201, "reset".into())]);
}

#[test]
fn what_a_reset_acknowledges_may_be_captured_behind_it() {
    let mut engine = asked();
    let response = b"HTTP/1.1 201 Created\r\nContent-Length: 38\r\n\r\n";
    let end = 1 + (response.len() + LOOKALIKE.len()) as u32;
    let body = send(&mut engine, SERVER, 1, ASKED, response);
    give(&mut engine, &reset(CLIENT, ASKED, end));
    send(&mut engine, SERVER, body, ASKED, LOOKALIKE);
    assert_eq!(engine.stats().connections_closed, 1);
    assert_eq!(summary(&mut engine), [(0, "whole".into()), (201, "whole".into())]);
}

#[test]
fn a_reset_of_what_is_long_received_ends_nothing() {
    let mut engine = asked();
    give(&mut engine, &packet(SERVER, 1, ASKED, b""));
    give(&mut engine, &reset(CLIENT, 1, 1));
    send(&mut engine, SERVER, 1, ASKED, LOOKALIKE);
    assert_eq!(engine.stats().connections_closed, 0);
    assert_eq!(summary(&mut engine), [(0, "whole".into()), (200, "whole".into())]);
}

/// The reset was not its own, or never arrived.
#[test]
fn who_goes_on_behind_its_reset_is_met_again() {
    let mut engine = asked();
    give(&mut engine, &reset(CLIENT, ASKED, 1));
    send(&mut engine, CLIENT, ASKED, 1, REQUEST);
    assert_eq!(summary(&mut engine).len(), 2);
}

#[test]
fn acknowledged_bytes_that_never_came_are_missing_at_the_end() {
    for end in [reset(SERVER, 301, ASKED), reset(CLIENT, ASKED, 301), packet(CLIENT, ASKED, 301, b"")] {
        let mut engine = asked();
        give(&mut engine, &end);
        assert_eq!(summary(&mut engine).len(), 1);
        let stats = engine.stats();
        // The last of them may have been a FIN.
        assert_eq!((stats.gaps, stats.gap_bytes), (1, 299));
    }
}

/// RFC 5961 §3.2: within the window, and not where the receiver has come, it only asks the sender to repeat it.
#[test]
fn a_reset_beyond_which_its_sender_goes_on_ends_nothing() {
    for ahead in [1, 30, 5_000] {
        let mut engine = asked();
        let mut answered = send(&mut engine, SERVER, 1, ASKED, LOOKALIKE);
        give(&mut engine, &reset(SERVER, answered + ahead, ASKED));
        give(&mut engine, &packet(CLIENT, ASKED, answered, b""));
        let mut asked = ASKED;
        for _ in 0..200 {
            asked = send(&mut engine, CLIENT, asked, answered, REQUEST);
            answered = send(&mut engine, SERVER, answered, asked, LOOKALIKE);
        }
        assert_eq!(engine.stats().connections_closed, 0, "{ahead}");
        assert_eq!(summary(&mut engine).iter().filter(|(_, end)| end == "whole").count(), 402, "{ahead}");
    }
}

fn fin(from: From, seq: u32, ack: u32) -> Vec<u8> {
    let mut bytes = packet(from, seq, ack, b"");
    bytes[33] = 0x11;
    bytes
}

/// An exchange without a response ended when the connection did, by the side that was the first.
#[test]
fn a_request_without_a_response_tells_who_ended_it_and_when() {
    let cases: [(&[Vec<u8>], &[&str]); 8] = [
        (&[reset(CLIENT, ASKED, 1)], &["1.1 reset client@2000000"]),
        (&[reset(SERVER, 1, ASKED)], &["1.1 reset server@2000000"]),
        (&[fin(CLIENT, ASKED, 1), fin(SERVER, 1, ASKED + 1)], &["1.1 closed client@2000000"]),
        (&[fin(SERVER, 1, ASKED), fin(CLIENT, ASKED, 2)], &["1.1 closed server@2000000"]),
        (&[fin(CLIENT, ASKED, 1), reset(SERVER, 1, ASKED + 1)], &["1.1 closed client@2000000"]),
        (&[fin(CLIENT, ASKED, 1), reset(CLIENT, ASKED + 1, 1)], &["1.1 closed client@2000000"]),
        // It has begun, or may have begun.
        (&[packet(SERVER, 1, ASKED, b"HTTP/1.1 200"), reset(SERVER, 13, ASKED)], &[]),
        (&[reset(CLIENT, ASKED, 301)], &[]),
    ];
    for (ends, told) in cases {
        let mut engine = asked();
        for (n, end) in ends.iter().enumerate() {
            give_at(&mut engine, 2_000_000 + 50_000 * n as i64, end);
        }
        engine.on_tick(Timestamp::from_micros(30_000_000));
        let words = engine.take_unanswered().into_iter().map(|(id, how)| format!("{id} {how}"));
        assert_eq!(words.collect::<Vec<_>>(), told);
    }
}

/// Where only the client was captured, there may have been a response. The server's own reset shows that it was captured.
#[test]
fn of_one_direction_alone_nothing_is_told() {
    for (end, told) in [(reset(CLIENT, ASKED, 1), 0), (fin(CLIENT, ASKED, 1), 0), (reset(SERVER, 1, ASKED), 1)] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        give(&mut engine, &syn(CLIENT, 0));
        give(&mut engine, &packet(CLIENT, 1, 1, REQUEST));
        give(&mut engine, &end);
        all_lines(&mut engine);
        assert_eq!(engine.take_unanswered().len(), told);
    }
}
