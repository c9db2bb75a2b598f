mod after_close;
mod calls;
mod connect;
mod content;
mod fast_open;
mod fields;
mod joining;
mod keys_given;
mod memory;
mod multipath;
mod one_side;
mod own_posts;
mod pairing;
mod pickups;
mod receiver;
mod redact_body;
mod resets;
mod secrets;
mod shedding;
mod stalls;
mod streams;
mod time;
mod timeless;
mod tls;
mod tls_losses;
mod trail;
mod tunnels;
mod unanswered;
mod unread;
mod waiting;

use super::*;

/// `LINKTYPE_RAW`.
const RAW_IP: LinkType = 101;
const SERVER_PORT: u16 = 80;

/// Who sends a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Client(u32),
    Server(u32),
}

/// An IPv4 packet between client `n` and the one server, with ACK and PSH set.
fn packet(from: From, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    const SERVER: [u8; 4] = [192, 0, 2, 1];
    let (From::Client(n) | From::Server(n)) = from;
    let client = (0x0a00_0000 + n).to_be_bytes();
    let (source, destination, ports) = match from {
        From::Client(_) => (client, SERVER, [40_000, SERVER_PORT]),
        From::Server(_) => (SERVER, client, [SERVER_PORT, 40_000]),
    };
    let total = (40 + payload.len() as u16).to_be_bytes();
    let mut bytes = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 6, 0, 0];
    bytes.extend_from_slice(&source);
    bytes.extend_from_slice(&destination);
    ports.iter().for_each(|port| bytes.extend_from_slice(&port.to_be_bytes()));
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(&ack.to_be_bytes());
    bytes.extend_from_slice(&[5 << 4, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend_from_slice(payload);
    bytes
}

fn syn(from: From, seq: u32) -> Vec<u8> {
    let mut bytes = packet(from, seq, 0, b"");
    bytes[33] = 0x02;
    bytes
}

fn syn_ack(from: From, seq: u32, ack: u32) -> Vec<u8> {
    let mut bytes = packet(from, seq, ack, b"");
    bytes[33] = 0x12;
    bytes
}

fn reset(from: From, seq: u32, ack: u32) -> Vec<u8> {
    let mut bytes = packet(from, seq, ack, b"");
    bytes[33] = 0x14;
    bytes
}

/// Hands the engine `payload` in segments, the first at `seq`; returns the sequence number after it.
fn send(engine: &mut Engine, from: From, mut seq: u32, ack: u32, payload: &[u8]) -> u32 {
    for piece in payload.chunks(60_000) {
        let frame = packet(from, seq, ack, piece);
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &frame, frame.len() as u32);
        seq = seq.wrapping_add(piece.len() as u32);
    }
    seq
}

/// Every line that comes out, the rest drained.
fn all_lines(engine: &mut Engine) -> Vec<serde_json::Value> {
    engine.drain();
    let mut lines = Vec::new();
    while let Some(batch) = engine.take_batch(true) {
        lines.extend(batch.lines.split(|&b| b == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec));
    }
    lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
}
