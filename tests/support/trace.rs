//! A conversation as the packets of an undisturbed capture.

use super::conversation::{Close, From};
use super::rendered::Rendered;
use super::wire::Packet;

/// 2024-01-01T00:00:00Z.
pub const EPOCH_MICROS: i64 = 1_704_067_200_000_000;

/// Text that looks like the beginning of a message and is none.
pub const LOOKALIKES: [&str; 2] = ["GET /evil HTTP/1.1\r\n", "HTTP/1.1 299 Evil\r\n"];

/// In the days around the day that the traces begin at.
pub fn timestamp(at: i64) -> String {
    let millis = (at - EPOCH_MICROS).div_euclid(1_000);
    let day = match millis.div_euclid(86_400_000) {
        before if before < 0 => format!("2023-12-{:02}", 32 + before),
        days => format!("2024-01-{:02}", 1 + days),
    };
    let millis = millis.rem_euclid(86_400_000);
    let (hours, minutes, seconds) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", millis % 1_000)
}

/// How the writes become segments. Lists are used from the front, again and again.
#[derive(Debug, Clone)]
pub struct Cutting {
    /// Payload bytes of a segment.
    pub sizes: Vec<usize>,
    /// Microseconds between a packet and the next.
    pub gaps: Vec<i64>,
    /// Whether the receiver acknowledges a segment at once.
    pub acks: Vec<bool>,
    /// Every lookalike begins a segment.
    pub at_lookalikes: bool,
    pub handshake: bool,
    /// The closing FIN is on the last data segment.
    pub fin_with_data: bool,
}

impl Default for Cutting {
    fn default() -> Self {
        Self {
            sizes: vec![1_448],
            gaps: vec![100],
            acks: vec![false],
            at_lookalikes: false,
            handshake: true,
            fin_with_data: false,
        }
    }
}

struct Tracer<'a> {
    rendered: &'a Rendered,
    at: i64,
    gaps: Box<dyn Iterator<Item = i64> + 'a>,
    /// The last acknowledgment of each side.
    acked: [i64; 2],
    packets: Vec<Packet>,
}

pub fn trace(rendered: &Rendered, cutting: &Cutting) -> Vec<Packet> {
    let mut tracer = Tracer {
        rendered,
        at: EPOCH_MICROS,
        gaps: Box::new(cutting.gaps.iter().copied().cycle()),
        acked: [0, 0],
        packets: Vec::new(),
    };
    if cutting.handshake {
        tracer.push(From::Client, -1, 0, None, 0).syn = true;
        tracer.push(From::Server, -1, 0, Some(0), 0).syn = true;
        tracer.push(From::Client, 0, 0, Some(0), 0);
    }
    let mut sizes = cutting.sizes.iter().copied().cycle();
    let mut acks = cutting.acks.iter().copied().cycle();
    for (index, turn) in rendered.turns.iter().enumerate() {
        let mut start = turn.range.start;
        while start < turn.range.end {
            let mut end = (start + sizes.next().unwrap().max(1)).min(turn.range.end);
            if cutting.at_lookalikes {
                end = first_lookalike(&rendered.stream(turn.from)[..end], start).unwrap_or(end);
            }
            let packet = tracer.push(turn.from, start as i64, end - start, Some(turn.acked as i64), index);
            // A single byte without it would be a keep-alive probe (RFC 1122 §4.2.3.6).
            packet.psh = end == turn.range.end || end - start == 1;
            if acks.next().unwrap() {
                let own = tracer.sent_by(turn.from.other());
                tracer.push(turn.from.other(), own, 0, Some(end as i64), index);
            }
            start = end;
        }
    }
    tracer.close(cutting.fin_with_data);
    tracer.packets
}

/// The first lookalike after `start` in `bytes`.
fn first_lookalike(bytes: &[u8], start: usize) -> Option<usize> {
    (start + 1..bytes.len()).find(|&at| LOOKALIKES.iter().any(|text| starts_like(&bytes[at..], text)))
}

/// No message begins at this packet's first byte, and it looks like a start line from there on all the same.
pub fn is_like_a_start(rendered: &Rendered, packet: &Packet) -> bool {
    let start = packet.span().start;
    let begins = |sent: &super::conversation::Sent| sent.from == packet.from && sent.range.start == start;
    let line = rendered.stream(packet.from)[start..].split(|&b| b == b'\n').next().unwrap_or_default();
    !rendered.sent.iter().any(begins) && (line.starts_with(b"HTTP/1.") || line.contains(&b' '))
}

fn starts_like(bytes: &[u8], text: &str) -> bool {
    let length = bytes.len().min(text.len());
    length >= 9 && bytes[..length] == text.as_bytes()[..length]
}

impl Tracer<'_> {
    fn push(&mut self, from: From, offset: i64, length: usize, ack: Option<i64>, turn: usize) -> &mut Packet {
        self.at += self.gaps.next().unwrap();
        let payload = self.rendered.stream(from).iter().skip(offset.max(0) as usize).take(length).copied().collect();
        // Acknowledged bytes stay acknowledged.
        let ack = ack.map(|ack| ack.max(self.acked[from as usize]));
        self.acked[from as usize] = ack.unwrap_or(0);
        self.packets.push(Packet { at: self.at, ack, turn, ..Packet::new(from, offset, payload) });
        self.packets.last_mut().unwrap()
    }

    fn sent_by(&self, side: From) -> i64 {
        let ends = self.packets.iter().filter(|packet| packet.from == side);
        ends.map(|packet| packet.offset.max(0) + packet.payload.len() as i64).max().unwrap_or(0)
    }

    fn close(&mut self, fin_with_data: bool) {
        let first = match self.rendered.conversation.close {
            Close::Client => From::Client,
            Close::Server => From::Server,
            Close::Open => return,
        };
        let turn = self.rendered.turns.len();
        let lengths = From::BOTH.map(|side| self.rendered.stream(side).len() as i64);
        let length = |side: From| lengths[side as usize];
        let other = first.other();
        match self.packets.iter_mut().rev().find(|packet| !packet.payload.is_empty()) {
            Some(last) if fin_with_data && last.from == first => last.fin = true,
            _ => self.push(first, length(first), 0, Some(length(other)), turn).fin = true,
        }
        self.push(other, length(other), 0, Some(length(first) + 1), turn).fin = true;
        self.push(first, length(first) + 1, 0, Some(length(other) + 1), turn);
    }
}
