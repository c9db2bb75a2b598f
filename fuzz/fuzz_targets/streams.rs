//! Any bytes inside a stream, in any pieces, with losses: no panic, memory within the budget, and every line is a whole JSON object
//! of one of the two shapes.
//!
//! Input: which stream (1 byte; one kind is met in the middle), then pieces of a kind (1 byte: bit 0 the direction, bits 1–2 data or loss) and a length (1), then
//! the bytes.
#![no_main]

mod wire;

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Engine;
use wire::{Conversation, lines_of};

const MAX_BUFFERED_BYTES: usize = 256 << 10;

const GRANT: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

/// The fields of the answer that say how it goes on.
const KINDS: [(&str, &str); 9] = [
    (GRANT, ""),
    (GRANT, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
    (GRANT, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"),
    (GRANT, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; client_max_window_bits=8\r\n"),
    (EVENTS, ""),
    (EVENTS, "Content-Encoding: gzip\r\n"),
    (EVENTS, "Content-Encoding: deflate\r\n"),
    (EVENTS, "Content-Encoding: br\r\n"),
    (EVENTS, "Content-Encoding: zstd\r\n"),
];

fuzz_target!(|data: &[u8]| {
    let [kind, rest @ ..] = data else { return };
    let kind = KINDS.get(usize::from(*kind) % (KINDS.len() + 1));
    let mut config = EngineConfig::for_ports(&[80]);
    config.max_body_size = 4 << 10;
    config.max_buffered_bytes = MAX_BUFFERED_BYTES;
    config.stream_messages = true;
    let mut engine = Engine::new(config);
    let mut conversation = match kind {
        Some((answer, more)) => {
            let mut conversation = Conversation::open(&mut engine);
            let ask = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
            conversation.send(&mut engine, true, ask);
            conversation.send(&mut engine, false, format!("{answer}{more}\r\n").as_bytes());
            conversation
        }
        None => Conversation::met_in_the_middle(),
    };
    let mut rest = rest;
    while let [kind, length, more @ ..] = rest {
        let length = usize::from(*length);
        let client = kind & 1 == 0;
        rest = more;
        if kind >> 1 & 3 == 3 {
            conversation.lose(client, length as u32 + 1);
        } else {
            let (bytes, behind) = more.split_at(length.min(more.len()));
            rest = behind;
            conversation.send(&mut engine, client, bytes);
        }
        assert!(engine.stats().buffered_bytes <= MAX_BUFFERED_BYTES as u64);
    }
    let lines = lines_of(&mut engine);
    let stats = engine.stats();
    let inside: u64 = stats.stream_messages.iter().sum();
    assert_eq!(lines.len() as u64, stats.requests + stats.responses + inside);
    for line in lines {
        // Without its beginning, what it says tells who serves.
        assert!((line["receiver"]["port"] == 80 || kind.is_none()) && line["id"].is_string());
        assert!(line["stream"].is_string() == line["dataSize"].is_u64());
        assert!(line["stream"].is_string() != line["bodySize"].is_u64());
    }
    assert_eq!((stats.buffered_bytes, stats.connections_active), (0, 0));
});
