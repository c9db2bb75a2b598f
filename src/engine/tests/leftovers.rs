//! What is retransmitted after its connection has ended is not read again.

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
    assert_eq!(engine.stats().leftovers, 1);
    assert_eq!(all_lines(&mut engine).len(), 3);
}
