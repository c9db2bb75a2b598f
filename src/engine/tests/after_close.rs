//! A segment that is retransmitted after its connection has ended is not read again.

use super::*;

fn give(engine: &mut Engine, seconds: i64, frame: &[u8]) {
    engine.on_packet(Timestamp::from_parts(seconds, 0), RAW_IP, frame, frame.len() as u32);
}

/// A request at `isn + 1`; then, if it is not to go on, the reset that ends the connection.
fn connection(engine: &mut Engine, seconds: i64, client: u32, isn: u32) {
    give(engine, seconds, &syn(From::Client(client), isn));
    give(engine, seconds, &packet(From::Client(client), isn + 1, 1, REQUEST));
    give(engine, seconds, &reset(From::Client(client), isn + 1 + REQUEST.len() as u32, 1));
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

#[test]
fn a_port_that_was_used_before_keeps_its_memory() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    connection(&mut engine, 0, 1, 1_000);
    connection(&mut engine, 50, 1, 9_000_000);
    // Here the first connection is forgotten, and not the second.
    connection(&mut engine, 70, 2, 1_000);
    give(&mut engine, 71, &packet(From::Client(1), 9_000_001, 1, REQUEST));
    assert_eq!(engine.stats().after_close, 1);
    assert_eq!(all_lines(&mut engine).len(), 3);
}

/// The same packet from `second` on, as a second tap wrote it down.
fn exchange(engine: &mut Engine, second: i64, skip: usize) {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let [asked, answered] = [1 + REQUEST.len() as u32, 1 + response.len() as u32];
    let (client, server) = (From::Client(1), From::Server(1));
    let frames = [
        syn(client, 0),
        syn_ack(server, 0, 1),
        packet(client, 1, 1, REQUEST),
        packet(server, 1, asked, response),
        packet(client, asked, answered, REQUEST),
        packet(server, answered, 2 * asked - 1, response),
        reset(client, 2 * asked - 1, 2 * answered - 1),
    ];
    for frame in &frames[skip..] {
        give(engine, second, frame);
    }
}

#[test]
fn a_second_tap_that_is_late_and_saw_the_beginning_opens_nothing() {
    for seconds in [0, 1, 10, 50] {
        for skip in 0..=4 {
            let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
            exchange(&mut engine, 1, skip);
            exchange(&mut engine, 1 + seconds, 0);
            assert_eq!(engine.stats().connections_opened, 1, "{seconds} s later, from the frame {skip} on");
        }
    }
}

#[test]
fn a_syn_behind_the_pickup_of_its_own_connection_begins_no_other() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let asked = 1 + REQUEST.len() as u32;
    give(&mut engine, 1, &packet(From::Server(1), 1, asked, response));
    give(&mut engine, 1, &syn(From::Client(1), 0));
    give(&mut engine, 1, &syn_ack(From::Server(1), 0, 1));
    give(&mut engine, 1, &packet(From::Server(1), 1, asked, response));
    assert_eq!(engine.stats().connections_opened, 1);
    assert_eq!(all_lines(&mut engine).len(), 1);
}

#[test]
fn a_connection_on_used_ports_whose_syn_was_lost_is_met_with_its_first_data() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let isn = 4_000_000_000;
    give(&mut engine, 1, &packet(From::Client(1), isn, isn, REQUEST));
    give(&mut engine, 1, &packet(From::Server(1), isn, isn + REQUEST.len() as u32, response));
    let asked = 501 + REQUEST.len() as u32;
    let before = engine.stats().connections_opened;
    give(&mut engine, 200, &packet(From::Client(1), 501, 301, REQUEST));
    give(&mut engine, 200, &packet(From::Server(1), 301, asked, response));
    assert_eq!(engine.stats().connections_opened, before + 1);
    assert_eq!(all_lines(&mut engine).len(), 4);
}

#[test]
fn copies_are_told_from_retransmissions() {
    for (millis, identification, copies) in [(0, 7, 1), (5, 7, 1), (0, 8, 0), (300, 7, 0)] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let frame = |identification| {
            let mut frame = packet(From::Client(1), 1, 1, REQUEST);
            frame[5] = identification;
            frame
        };
        let mut at = |millis: i64, frame: &[u8]| {
            engine.on_packet(Timestamp::from_micros(1_000_000 + millis * 1_000), RAW_IP, frame, frame.len() as u32);
        };
        at(0, &frame(7));
        at(millis, &frame(identification));
        let flow = engine.stats().flow;
        let known = REQUEST.len() as u64 * (1 - copies);
        assert_eq!((flow.capture_copies, flow.retransmitted_bytes), (copies, known), "{millis} ms");
    }
}

#[test]
fn bytes_that_come_behind_what_follows_them_at_a_pickup_are_counted() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let len = response.len() as u32;
    give(&mut engine, 1, &packet(From::Server(1), 5_000 + len, 1, response));
    give(&mut engine, 1, &packet(From::Server(1), 5_000, 1, response));
    let flow = engine.stats().flow;
    assert_eq!((flow.late_at_pickup_bytes, flow.retransmitted_bytes), (u64::from(len), 0));
}

#[test]
fn bytes_that_come_behind_the_end_and_stand_before_the_pickup_are_counted() {
    let len = REQUEST.len() as u32;
    for (isn_seen, known) in [(true, 0), (false, u64::from(len))] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        if isn_seen {
            give(&mut engine, 1, &syn(From::Client(1), 0));
        }
        give(&mut engine, 1, &packet(From::Client(1), 1 + len, 1, REQUEST));
        give(&mut engine, 1, &reset(From::Client(1), 1 + 2 * len, 1));
        let before = engine.stats().flow.late_at_pickup_bytes;
        give(&mut engine, 30, &packet(From::Client(1), 1, 1, REQUEST));
        assert_eq!(engine.stats().flow.late_at_pickup_bytes - before, known);
    }
}

#[test]
fn a_connection_may_begin_with_the_number_of_the_one_before() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let asked = 1 + REQUEST.len() as u32;
    // The last one's answer to the SYN is lost. Its request may be forged, so it is not believed.
    for isn in [0, 5_000_000, 500_000_000] {
        give(&mut engine, 1, &syn(From::Client(1), 0));
        if isn < 500_000_000 {
            give(&mut engine, 1, &syn_ack(From::Server(1), isn, 1));
        }
        give(&mut engine, 1, &packet(From::Client(1), 1, isn + 1, b""));
        give(&mut engine, 1, &packet(From::Client(1), 1, isn + 1, REQUEST));
        give(&mut engine, 1, &packet(From::Server(1), isn + 1, asked, response));
    }
    assert_eq!(engine.stats().connections_opened, 3);
    let lines = all_lines(&mut engine);
    assert_eq!(lines.iter().filter(|line| line["request"]["path"] == "/").count(), 2);
    assert_eq!(engine.stats().flow.unplaced_bytes, REQUEST.len() as u64);
}

/// Bytes before the first of a stream whose SYN was captured are no retransmission: they are of another connection.
#[test]
fn a_connection_whose_syn_was_lost_may_begin_with_lower_numbers_than_the_one_before() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let [asks, answers] = [REQUEST.len(), response.len()].map(|length| length as u32);
    const FIRST: u32 = 50_000_000;
    for ended in [true, false] {
        for [client, server] in [[1, 1], [1, FIRST + 1], [FIRST + 1, 1], [1, FIRST + 9_000_000], [FIRST + 9_000_000, 1]]
        {
            let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
            give(&mut engine, 1, &syn(From::Client(1), FIRST));
            give(&mut engine, 1, &syn_ack(From::Server(1), FIRST, FIRST + 1));
            give(&mut engine, 1, &packet(From::Client(1), FIRST + 1, FIRST + 1, REQUEST));
            give(&mut engine, 1, &packet(From::Server(1), FIRST + 1, FIRST + 1 + asks, response));
            if ended {
                give(&mut engine, 1, &reset(From::Client(1), FIRST + 1 + asks, FIRST + 1 + answers));
            }
            for turn in 0..6 {
                let [client, server] = [client + turn * asks, server + turn * answers];
                let second = 30 + i64::from(turn);
                give(&mut engine, second, &packet(From::Client(1), client, server, REQUEST));
                give(&mut engine, second, &packet(From::Server(1), server, client + asks, response));
            }
            let shown = all_lines(&mut engine).len() as u64;
            let stats = engine.stats();
            assert_eq!(stats.flow.retransmitted_bytes, 0, "{ended} {client} {server}");
            assert!(
                shown >= 10 && shown + stats.flow.unplaced_bytes.div_ceil(18) + stats.gaps >= 14,
                "{ended} {client} {server}: {shown}, {stats:?}"
            );
        }
    }
}
