//! Packets with a TCP segment each, and their bytes on a raw-IP link.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::conversation::From;

/// LINKTYPE_RAW.
pub const LINKTYPE: i32 = 101;
pub const SERVER_PORT: u16 = 80;
/// It takes what is sent to others.
pub const PROXY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 15_001);
/// A client may use it: then both sides look like servers.
pub const OTHER_SERVER_PORT: u16 = 8_081;
const IP_HEADER: usize = 20;
const TCP_HEADER: usize = 20;
const CHECKSUM_AT: usize = IP_HEADER + 16;

/// One connection's addresses and initial sequence numbers.
#[derive(Debug, Clone)]
pub struct Link {
    pub client: (Ipv4Addr, u16),
    pub server: (Ipv4Addr, u16),
    /// Where NAT leads what the client sends to the server; the answers come from the server itself.
    pub led_to: Option<(Ipv4Addr, u16)>,
    pub isn: [u32; 2],
}

impl Link {
    /// The n-th of many connections.
    pub fn numbered(n: u32, isn: [u32; 2]) -> Self {
        let client = Ipv4Addr::from(0x0a01_0000 + n / 50_000);
        let client = (client, 10_000 + (n % 50_000) as u16);
        Self { client, server: (Ipv4Addr::new(10, 0, 0, 1), SERVER_PORT), led_to: None, isn }
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
        let (source, mut destination) = (self.address(packet.from), self.address(packet.from.other()));
        if packet.from == From::Client {
            destination = self.led_to.unwrap_or(destination);
        }
        let total = packet.wire_len() as u16;
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
        let words = ((TCP_HEADER + packet.options.len()) / 4) as u8;
        frame.extend_from_slice(&[words << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend_from_slice(&packet.options);
        frame.extend_from_slice(&packet.payload);
        packet.checksums.write(&mut frame);
        frame.truncate(packet.headers() + packet.captured());
        frame
    }

    fn sequence(&self, side: From, offset: i64) -> u32 {
        self.isn[side as usize].wrapping_add(1).wrapping_add(offset as u32)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksums {
    /// Zero: they were not filled in.
    Absent,
    Right,
    /// The card fills in TCP's after the capture; there is the sum of the pseudo-header so far.
    Offloaded,
    WrongTcp,
    WrongIp,
}

impl Checksums {
    fn write(self, frame: &mut [u8]) {
        if self == Self::Absent {
            return;
        }
        let ip = sum(&frame[..IP_HEADER]) ^ if self == Self::WrongIp { 0 } else { 0xffff };
        frame[10..12].copy_from_slice(&ip.to_be_bytes());
        let length = (frame.len() - IP_HEADER) as u16;
        let pseudo = [&frame[12..20], &[0, 6], &length.to_be_bytes()].concat();
        let tcp = match self {
            Self::Offloaded => sum(&pseudo),
            _ => !sum(&[&pseudo, &frame[IP_HEADER..]].concat()) ^ if self == Self::WrongTcp { 0x5a5a } else { 0 },
        };
        frame[CHECKSUM_AT..CHECKSUM_AT + 2].copy_from_slice(&tcp.to_be_bytes());
    }
}

/// The sum in one's complement (RFC 1071), not yet inverted.
fn sum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |&byte| u64::from(byte));
    let mut sum: u64 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[derive(Clone)]
pub struct Packet {
    /// The index of its connection, where there are several.
    pub connection: usize,
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
    /// A multiple of four bytes.
    pub options: Vec<u8>,
    pub checksums: Checksums,
    /// Bytes of the payload that arrived before are to be replaced by others.
    pub conflicting: bool,
    /// Its payload is not of the stream, and the receiver takes none of it.
    pub stray: bool,
    /// The index of its turn.
    pub turn: usize,
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, from, offset, ack, .. } = self;
        let flags: String = [(self.syn, 'S'), (self.fin, 'F'), (self.rst, 'R'), (self.psh, 'P'), (self.stray, '?')]
            .into_iter()
            .filter_map(|(set, letter)| set.then_some(letter))
            .collect();
        let captured = self.payload[..self.captured()].escape_ascii();
        let cut = self.payload.len() - self.captured();
        let ack = ack.map_or("-".into(), |ack| ack.to_string());
        write!(f, "{at} {from:?} {offset} ack {ack} {flags} {captured} (-{cut})")
    }
}

impl Packet {
    pub fn new(from: From, offset: i64, payload: Vec<u8>) -> Self {
        Self {
            connection: 0,
            at: 0,
            from,
            offset,
            payload,
            snaplen: None,
            ack: None,
            syn: false,
            fin: false,
            rst: false,
            psh: false,
            options: Vec::new(),
            checksums: Checksums::Absent,
            conflicting: false,
            stray: false,
            turn: 0,
        }
    }

    pub fn captured(&self) -> usize {
        self.snaplen.map_or(self.payload.len(), |snaplen| snaplen.min(self.payload.len()))
    }

    fn headers(&self) -> usize {
        IP_HEADER + TCP_HEADER + self.options.len()
    }

    pub fn wire_len(&self) -> u32 {
        (self.headers() + self.payload.len()) as u32
    }

    /// Where the payload ends in its stream.
    pub fn end(&self) -> i64 {
        self.offset + i64::from(self.syn) + self.payload.len() as i64
    }

    /// Where the captured bytes stand in their stream.
    pub fn span(&self) -> std::ops::Range<usize> {
        let start = self.offset.max(0) as usize;
        start..start + if self.stray { 0 } else { self.captured() }
    }
}
