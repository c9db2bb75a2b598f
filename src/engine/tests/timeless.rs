//! Packets without a time: their messages say so, and nothing is reckoned with it.

use super::*;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

#[test]
fn no_latency_and_a_flag() {
    let known = Timestamp::from_micros(1_700_000_000_000_000);
    for (asked, answered) in [
        (known, known),
        (Timestamp::UNKNOWN, known),
        (known, Timestamp::UNKNOWN),
        (Timestamp::UNKNOWN, Timestamp::UNKNOWN),
    ] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let acked = 2 + REQUEST.len() as u32;
        let opening = [syn(From::Client(1), 1), syn_ack(From::Server(1), 1, 2)];
        let exchange = [packet(From::Client(1), 2, 2, REQUEST), packet(From::Server(1), 2, acked, RESPONSE)];
        for frame in &opening {
            engine.on_packet(asked, RAW_IP, frame, frame.len() as u32);
        }
        for (at, frame) in [asked, answered].into_iter().zip(exchange) {
            engine.on_packet(at, RAW_IP, &frame, frame.len() as u32);
        }
        let lines = all_lines(&mut engine);
        assert_eq!(lines.len(), 2);
        for (line, at) in lines.iter().zip([asked, answered]) {
            let expected = if at.is_known() { "2023-11-14T22:13:20.000Z" } else { "1970-01-01T00:00:00.000Z" };
            assert_eq!(line["timestamp"], expected);
            assert_eq!(line.get("timestampUnknown").is_some(), !at.is_known());
        }
        assert_eq!(lines[1]["request"]["path"], "/", "{lines:?}");
        let has_latency = asked.is_known() && answered.is_known();
        assert_eq!(lines[1].get("latencyMs").is_some(), has_latency);
    }
}

/// Among others: they wait for nothing and expire nothing.
#[test]
fn they_move_no_clock() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let known = Timestamp::from_micros(1_700_000_000_000_000);
    let frame = packet(From::Client(1), 1, 1, b"GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab");
    engine.on_packet(known, RAW_IP, &frame, frame.len() as u32);
    for n in 2..100 {
        let frame = packet(From::Client(n), 1, 1, REQUEST);
        engine.on_packet(Timestamp::UNKNOWN, RAW_IP, &frame, frame.len() as u32);
    }
    let stats = engine.stats();
    assert_eq!((stats.connections_active, stats.connections_timed_out, stats.requests), (99, 0, 98));
}
