//! Any records, secrets, losses and pauses: no panic, memory within the budget, every line is a whole JSON object. The bytes that come out of
//! TLS are those of the peers of the seeds: the fuzzer cannot make a tag, so nothing else can have been verified.
//!
//! Input: 1 byte, whose lowest bit says that a CONNECT comes first; then steps of a kind (1 byte: bit 0 the direction, bits 1–3 the
//! kind) and a length (2). Of data and of lines of a key log the bytes follow; a loss, a pause and an end have only the length.
#![no_main]

mod wire;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::tls::KeyLogReader;
use wire::{Conversation, lines_of, reads_an_exchange};

const MAX_BUFFERED_BYTES: usize = 256 << 10;
const CONNECT: &[u8] = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";

/// The request or the response of the seeds, each of which is one record.
fn is_said_by_the_peers(line: &Value) -> bool {
    let [direction, method, path, body] = ["direction", "method", "path", "body"].map(|name| line[name].as_str());
    match direction {
        Some("request") => [method, path, body] == [Some("POST"), Some("/a"), Some("hi")],
        _ => line["statusCode"] == 200 && body == Some("ok"),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((start, mut rest)) = data.split_first() else { return };
    let mut config = EngineConfig::for_ports(&[80]);
    config.max_body_size = 4 << 10;
    config.max_buffered_bytes = MAX_BUFFERED_BYTES;
    config.stream_messages = true;
    config.tls = true;
    config.tls_key_wait_ms = 1_000;
    let mut engine = Engine::new(config);
    let mut conversation = Conversation::open(&mut engine);
    let outside = u64::from(start & 1) * 2;
    if outside > 0 {
        conversation.send(&mut engine, true, CONNECT);
        conversation.send(&mut engine, false, b"HTTP/1.1 200 OK\r\n\r\n");
    }
    while let [kind, high, low, more @ ..] = rest {
        let (client, length) = (kind & 1 == 0, u16::from_be_bytes([*high, *low]));
        let (bytes, behind) = more.split_at(usize::from(length).min(more.len()));
        rest = more;
        match kind >> 1 & 7 {
            1 => conversation.lose(client, u32::from(length) + 1),
            2 => conversation.pause(&mut engine, i64::from(length)),
            3 => conversation.finish(&mut engine, client, length & 1 == 1),
            4 => {
                engine.add_tls_keys(|store| KeyLogReader::default().read(bytes, store));
                rest = behind;
            }
            _ => {
                conversation.send(&mut engine, client, bytes);
                rest = behind;
            }
        }
        assert!(engine.stats().buffered_bytes <= MAX_BUFFERED_BYTES as u64);
    }
    let lines = lines_of(&mut engine);
    let stats = engine.stats();
    for line in &lines {
        assert!(line["id"].is_string());
        if line["tls"].is_object() {
            assert!(stats.tls.records > 0);
            assert!(is_said_by_the_peers(line), "{line}");
        }
    }
    assert_eq!((stats.buffered_bytes, stats.connections_active), (0, 0));
    reads_an_exchange();
});
