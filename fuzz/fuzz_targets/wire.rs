//! Packets for the targets: one conversation over raw IPv4, and what the engine says of it.
#![allow(dead_code, reason = "each target uses a part")]

use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::time::Timestamp;

const RAW_IP: i32 = 101;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

pub fn new_engine() -> Engine {
    let mut config = EngineConfig::for_ports(&[80]);
    config.max_body_size = 16 << 10;
    Engine::new(config)
}

/// A client and a server that acknowledge all that the other has sent, captured or not.
pub struct Conversation {
    next: [u32; 2],
    at: i64,
}

impl Conversation {
    /// Without its beginning.
    pub fn met_in_the_middle() -> Self {
        Self { next: [1_000, u32::MAX - 100], at: 1_700_000_000_000_000 }
    }

    pub fn open(engine: &mut Engine) -> Self {
        let mut conversation = Self::met_in_the_middle();
        conversation.packet(engine, true, SYN, &[]);
        conversation.next[0] += 1;
        conversation.packet(engine, false, SYN | ACK, &[]);
        conversation.next[1] = conversation.next[1].wrapping_add(1);
        conversation
    }

    pub fn send(&mut self, engine: &mut Engine, client: bool, bytes: &[u8]) {
        self.packet(engine, client, ACK, bytes);
        self.lose(client, bytes.len() as u32);
    }

    /// Sent, and not captured.
    pub fn lose(&mut self, client: bool, bytes: u32) {
        let next = &mut self.next[usize::from(!client)];
        *next = next.wrapping_add(bytes);
    }

    /// Nothing is captured for so many ms.
    pub fn pause(&mut self, engine: &mut Engine, ms: i64) {
        self.at += ms * 1_000;
        engine.on_tick(Timestamp::from_micros(self.at));
    }

    pub fn finish(&mut self, engine: &mut Engine, client: bool, reset: bool) {
        self.packet(engine, client, ACK | if reset { RST } else { FIN }, &[]);
        self.lose(client, u32::from(!reset));
    }

    fn packet(&mut self, engine: &mut Engine, client: bool, flags: u8, payload: &[u8]) {
        self.at += 1_000;
        let (me, other) = if client { (0, 1) } else { (1, 0) };
        let (hosts, ports) = ([[10, 0, 0, 2], [10, 0, 0, 1]], [40_000u16, 80]);
        let length = 40 + payload.len() as u16;
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(hosts[me]);
        packet.extend(hosts[other]);
        packet.extend(ports[me].to_be_bytes());
        packet.extend(ports[other].to_be_bytes());
        packet.extend(self.next[me].to_be_bytes());
        packet.extend(self.next[other].to_be_bytes());
        packet.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
        packet.extend(payload);
        engine.on_packet(Timestamp::from_micros(self.at), RAW_IP, &packet, u32::from(length));
    }
}

/// Ends the engine's work and takes all that comes out.
pub fn lines_of(engine: &mut Engine) -> Vec<serde_json::Value> {
    engine.drain();
    let mut lines = Vec::new();
    while let Some(batch) = engine.take_batch(true) {
        assert_eq!(batch.lines.last(), Some(&b'\n'));
        for line in batch.lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            lines.push(serde_json::from_slice(line).expect("a line is JSON"));
        }
    }
    lines
}

/// An ordinary exchange on an engine of its own.
pub fn reads_an_exchange() {
    let mut engine = new_engine();
    let mut conversation = Conversation::open(&mut engine);
    conversation.send(&mut engine, true, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.send(&mut engine, false, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(lines_of(&mut engine).len(), 2);
}
