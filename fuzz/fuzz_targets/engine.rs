//! Any packets: the whole engine with small limits. No panic, memory within the budget, whole JSON lines, a ledger that
//! adds up. Input: link type (1 byte, an index), then packets of a time step (1, signed, × 100 ms), a length (2) and bytes.
#![no_main]

mod wire;

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::time::Timestamp;
use wire::lines_of;

const LINK_TYPES: [i32; 8] = [101, 1, 113, 276, 0, 108, 228, 229];
const MAX_BUFFERED_BYTES: usize = 64 << 10;

fuzz_target!(|data: &[u8]| {
    let [kind, rest @ ..] = data else { return };
    let linktype = LINK_TYPES[usize::from(*kind) % LINK_TYPES.len()];
    let mut config = EngineConfig::for_ports(&[80, 8080]);
    config.max_concurrent_connections = 4;
    config.max_body_size = 4 << 10;
    config.max_buffered_bytes = MAX_BUFFERED_BYTES;
    config.connection_idle_timeout_ms = 60_000;
    let mut engine = Engine::new(config);
    let mut at: i64 = 1_700_000_000_000_000;
    let mut rest = rest;
    while let [step, a, b, more @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*a, *b])).min(more.len());
        let (frame, behind) = more.split_at(length);
        rest = behind;
        at += i64::from(*step as i8) * 100_000;
        engine.on_packet(Timestamp::from_micros(at), linktype, frame, length as u32);
        assert!(engine.stats().buffered_bytes <= MAX_BUFFERED_BYTES as u64);
    }
    let lines = lines_of(&mut engine).len() as u64;
    let stats = engine.stats();
    assert_eq!(lines + stats.filtered + stats.own_messages, stats.requests + stats.responses);
    let undecodable: u64 = stats.undecodable.iter().sum();
    let known = stats.not_tcp + stats.fragments + stats.other_ports + stats.not_sampled + stats.no_syn;
    assert_eq!(stats.packets, undecodable + known + stats.after_close + stats.segments);
    assert_eq!((stats.buffered_bytes, stats.connections_active), (0, 0));
});
