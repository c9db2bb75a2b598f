//! The byte budget holds whatever the bytes are held for, and keeping it always comes to an end.

use super::*;
use crate::message::selection::Rule;

const BUDGET: usize = 1 << 20;

fn engine() -> Engine {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.max_buffered_bytes = BUDGET;
    Engine::new(config)
}

/// The packets that client `n` sends, over and over.
type Hoard = fn(&mut Engine, u32);

#[test]
fn nothing_that_is_held_back_goes_over_the_budget() {
    let hoards: [(&str, Hoard); 6] = [
        ("a long head whose body never comes", |engine, n| {
            let head = format!("POST / HTTP/1.1\r\nX: {}\r\nContent-Length: 9\r\n\r\n", "x".repeat(100_000));
            send(engine, From::Client(n), 1, 1, head.as_bytes());
        }),
        ("requests with long targets and no answer", |engine, n| {
            let request = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(50_000));
            (0..4).fold(1, |seq, _| send(engine, From::Client(n), seq, 1, request.as_bytes()));
        }),
        ("a head without an end", |engine, n| {
            send(engine, From::Client(n), 1, 1, format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(100_000)).as_bytes());
        }),
        ("a body without an end", |engine, n| {
            let seq = send(engine, From::Client(n), 1, 1, b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n");
            send(engine, From::Client(n), seq, 1, &[b'x'; 100_000]);
        }),
        ("trailers without an end", |engine, n| {
            let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ";
            let seq = send(engine, From::Client(n), 1, 1, head);
            send(engine, From::Client(n), seq, 1, &[b'x'; 60_000]);
        }),
        ("bytes behind a hole", |engine, n| {
            let seq = send(engine, From::Client(n), 1, 1, b"GET / HTTP/1.1\r\n");
            send(engine, From::Client(n), seq + 1, 1, &[b'x'; 100_000]);
        }),
    ];
    for (what, hoard) in hoards {
        let mut engine = engine();
        for n in 0..100 {
            hoard(&mut engine, n);
            assert!(engine.stats().buffered_bytes <= BUDGET as u64, "{what}");
        }
        // Ordinary traffic goes on as before.
        let opening = syn(From::Client(1_000), 0);
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &opening, opening.len() as u32);
        let seq = send(&mut engine, From::Client(1_000), 1, 1, b"GET /after HTTP/1.1\r\n\r\n");
        send(&mut engine, From::Server(1_000), 1, seq, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let lines = all_lines(&mut engine);
        let answer = lines.iter().find(|line| line["request"]["path"] == "/after").unwrap();
        assert_eq!(answer["body"], "ok", "{what}");
        assert_eq!(engine.stats().buffered_bytes, 0, "{what}");
    }
}

#[test]
fn lines_that_wait_for_an_answer_are_limited() {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.include = vec![Rule { status: Some("5xx".into()), ..Rule::default() }];
    let mut engine = Engine::new(config);
    let requests = b"GET / HTTP/1.1\r\n\r\n".repeat(1_000);
    send(&mut engine, From::Client(1), 1, 1, &requests);
    assert!(engine.stats().filtered > 400, "the oldest are given up");
    assert_eq!(all_lines(&mut engine).len(), 0);
    assert_eq!(engine.stats().filtered, 1_000);
}
