//! Packets with a TCP segment each, and their bytes on a raw-IP link.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::conversation::From;

/// LINKTYPE_RAW.
pub const LINKTYPE: i32 = 101;
pub const SERVER_PORT: u16 = 80;
const HEADERS: usize = 40;

/// One connection's addresses and initial sequence numbers.
#[derive(Debug, Clone)]
pub struct Link {
    pub client: (Ipv4Addr, u16),
    pub server: (Ipv4Addr, u16),
    pub isn: [u32; 2],
}

impl Link {
    /// The n-th of many connections.
    pub fn numbered(n: u32, isn: [u32; 2]) -> Self {
        let client = Ipv4Addr::from(0x0a01_0000 + n / 50_000);
        Self { client: (client, 10_000 + (n % 50_000) as u16), server: (Ipv4Addr::new(10, 0, 0, 1), SERVER_PORT), isn }
    }

    pub fn endpoint(&self, side: From) -> Value {
        let (ip, port) = self.address(side);
        json!({ "ip": ip.to_string(), "port": port })
    }

    fn address(&self, side: From) -> (Ipv4Addr, u16) {
        match side {
            From::Client => self.client,
            From::Server => self.server,
        }
    }

    /// The packet's captured bytes.
    pub fn frame(&self, packet: &Packet) -> Vec<u8> {
        let (source, destination) = (self.address(packet.from), self.address(packet.from.other()));
        let total = (HEADERS + packet.payload.len()) as u16;
        let mut frame = Vec::with_capacity(usize::from(total));
        frame.extend_from_slice(&[0x45, 0]);
        frame.extend_from_slice(&total.to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend_from_slice(&source.0.octets());
        frame.extend_from_slice(&destination.0.octets());
        frame.extend_from_slice(&source.1.to_be_bytes());
        frame.extend_from_slice(&destination.1.to_be_bytes());
        frame.extend_from_slice(&self.sequence(packet.from, packet.offset).to_be_bytes());
        let ack = packet.ack.map_or(0, |offset| self.sequence(packet.from.other(), offset));
        frame.extend_from_slice(&ack.to_be_bytes());
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(packet.fin, 0x01)
            | flag(packet.syn, 0x02)
            | flag(packet.rst, 0x04)
            | flag(packet.psh, 0x08)
            | flag(packet.ack.is_some(), 0x10);
        frame.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend_from_slice(&packet.payload);
        frame.truncate(HEADERS + packet.captured());
        frame
    }

    fn sequence(&self, side: From, offset: i64) -> u32 {
        self.isn[side as usize].wrapping_add(1).wrapping_add(offset as u32)
    }
}

#[derive(Clone)]
pub struct Packet {
    /// Microseconds since the epoch.
    pub at: i64,
    pub from: From,
    /// Where the payload begins in its stream; a SYN stands at -1.
    pub offset: i64,
    pub payload: Vec<u8>,
    /// So much of the payload the snaplen left.
    pub snaplen: Option<usize>,
    /// How much of the other stream it acknowledges.
    pub ack: Option<i64>,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub psh: bool,
    /// Bytes of the payload that arrived before are to be replaced by others.
    pub conflicting: bool,
    /// The index of its turn.
    pub turn: usize,
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, from, offset, ack, .. } = self;
        let flags: String = [(self.syn, 'S'), (self.fin, 'F'), (self.rst, 'R'), (self.psh, 'P')]
            .into_iter()
            .filter_map(|(set, letter)| set.then_some(letter))
            .collect();
        let captured = self.payload[..self.captured()].escape_ascii();
        let cut = self.payload.len() - self.captured();
        write!(f, "{at} {from:?} {offset} ack {ack:?} {flags} {captured} (-{cut})")
    }
}

impl Packet {
    pub fn captured(&self) -> usize {
        self.snaplen.map_or(self.payload.len(), |snaplen| snaplen.min(self.payload.len()))
    }

    pub fn wire_len(&self) -> u32 {
        (HEADERS + self.payload.len()) as u32
    }

    /// Where the captured bytes stand in their stream.
    pub fn span(&self) -> std::ops::Range<usize> {
        let start = self.offset.max(0) as usize;
        start..start + self.captured()
    }
}
