//! Traffic made in code, the same in every run: frames (Ethernet, IPv4, TCP) of HTTP exchanges on keep-alive connections.
#![allow(dead_code, reason = "the benches and the example use a part each")]

mod http2;
mod tls;

use std::ops::Range;

pub const PORT: u16 = 8080;
/// LINKTYPE_ETHERNET.
pub const LINKTYPE: i32 = 1;

/// The payload of a segment on Ethernet, and the payload that the kernel hands over if it merges segments (GRO, TSO, loopback).
pub const MTU_PAYLOAD: usize = 1_460;
pub const MERGED_PAYLOAD: usize = 64_000;

/// Connections that take turns.
pub const CONNECTIONS: usize = 64;
pub const FIRST_CLIENT_PORT: u16 = 40_000;
const HEADERS: usize = 54;
/// 2024-05-17T08:30:00Z
const START_MICROS: i64 = 1_715_934_600_000_000;
const STEP_MICROS: i64 = 5;

#[derive(Default)]
pub struct Traffic {
    /// Of each frame: its time in µs since the epoch, and where it lies in `bytes`.
    pub frames: Vec<(i64, Range<usize>)>,
    pub bytes: Vec<u8>,
    pub messages: u64,
    /// Bytes of HTTP.
    pub payload_bytes: u64,
}

/// The content of a body.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// JSON escapes only a line break in it, every 76 bytes.
    Text,
    /// A quote every few bytes.
    Json,
    /// Not UTF-8: counted and not shown.
    Binary,
}

impl Traffic {
    /// GETs with a few fields and answers of 13 bytes, a segment each.
    pub fn small_gets(exchanges: usize) -> Self {
        let mut traffic = Self::default();
        let mut connections = traffic.open_all();
        for n in 0..exchanges {
            traffic.small_get(&mut connections[n % CONNECTIONS], n);
        }
        traffic
    }

    /// The same GETs, each on a connection of its own that both sides close.
    pub fn connections(exchanges: usize) -> Self {
        let mut traffic = Self::default();
        for n in 0..exchanges {
            let mut connection = traffic.open(FIRST_CLIENT_PORT.wrapping_add(n as u16) | 1 << 15);
            traffic.small_get(&mut connection, n);
            for client in [true, false] {
                traffic.frame(&connection, client, FIN | ACK, &[]);
                connection.next[usize::from(!client)] += 1;
            }
            traffic.frame(&connection, true, ACK, &[]);
        }
        traffic
    }

    /// Answers with a body of `body_bytes` each, in segments of at most `segment_bytes`.
    pub fn large_bodies(exchanges: usize, content: Content, body_bytes: usize, segment_bytes: usize) -> Self {
        let mut traffic = Self::default();
        let mut connections = traffic.open_all();
        let (kind, unit): (_, &[u8]) = match content {
            Content::Text => {
                ("text/plain", b"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\n")
            }
            Content::Json => {
                ("application/json", br#"{"id":1042,"name":"item 1042","tags":["new","red"],"price":19.95,"stock":7},"#)
            }
            Content::Binary => ("application/octet-stream", b"\xff\xfe\x00\x01\x80binary\xc0\xaf"),
        };
        let body: Vec<u8> = unit.iter().copied().cycle().take(body_bytes).collect();
        let answer = response(kind, &body);
        for n in 0..exchanges {
            let connection = &mut connections[n % CONNECTIONS];
            let request = format!("GET /files/{n} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\r\n");
            traffic.send(connection, true, request.as_bytes(), MTU_PAYLOAD);
            traffic.send(connection, false, &answer, segment_bytes);
        }
        traffic
    }

    pub fn frames(&self) -> impl Iterator<Item = (i64, &[u8])> {
        self.frames.iter().map(|(at, range)| (*at, &self.bytes[range.clone()]))
    }

    /// As a pcap savefile.
    pub fn to_savefile(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(self.bytes.len() + 16 * self.frames.len() + 24);
        for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, LINKTYPE as u32] {
            file.extend_from_slice(&u32::to_le_bytes(word));
        }
        for (at, frame) in self.frames() {
            let (seconds, micros) = ((at / 1_000_000) as u32, (at % 1_000_000) as u32);
            for word in [seconds, micros, frame.len() as u32, frame.len() as u32] {
                file.extend_from_slice(&word.to_le_bytes());
            }
            file.extend_from_slice(frame);
        }
        file
    }

    fn open_all(&mut self) -> Vec<Connection> {
        (0..CONNECTIONS).map(|n| self.open(FIRST_CLIENT_PORT + n as u16)).collect()
    }

    fn open(&mut self, client_port: u16) -> Connection {
        let mut connection = Connection { client_port, next: [1_000, 9_000] };
        self.frame(&connection, true, SYN, &[]);
        connection.next[0] += 1;
        self.frame(&connection, false, SYN | ACK, &[]);
        connection.next[1] += 1;
        self.frame(&connection, true, ACK, &[]);
        connection
    }

    fn small_get(&mut self, connection: &mut Connection, n: usize) {
        let request = format!(
            "GET /items/{n}?page=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
        );
        self.send(connection, true, request.as_bytes(), MTU_PAYLOAD);
        self.send(connection, false, &response("text/plain", b"Hello, world\n"), MTU_PAYLOAD);
    }

    fn send(&mut self, connection: &mut Connection, client: bool, message: &[u8], segment_bytes: usize) {
        self.send_part(connection, client, message, segment_bytes);
        self.messages += 1;
    }

    /// Sends a part that is no message by itself.
    fn send_part(&mut self, connection: &mut Connection, client: bool, part: &[u8], segment_bytes: usize) {
        for payload in part.chunks(segment_bytes) {
            self.frame(connection, client, ACK | PSH, payload);
            let next = &mut connection.next[usize::from(!client)];
            *next = next.wrapping_add(payload.len() as u32);
        }
        self.payload_bytes += part.len() as u64;
    }

    fn frame(&mut self, connection: &Connection, client: bool, flags: u8, payload: &[u8]) {
        let mut ends = [([10, 0, 0, 2], connection.client_port), ([10, 0, 0, 1], PORT)];
        let [mut seq, mut ack] = connection.next;
        if !client {
            ends.reverse();
            (seq, ack) = (ack, seq);
        }
        let [(source, source_port), (destination, destination_port)] = ends;
        let start = self.bytes.len();
        let out = &mut self.bytes;
        out.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
        out.extend(((HEADERS - 14 + payload.len()) as u16).to_be_bytes());
        out.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        out.extend(source);
        out.extend(destination);
        out.extend(source_port.to_be_bytes());
        out.extend(destination_port.to_be_bytes());
        out.extend(seq.to_be_bytes());
        out.extend(if flags & ACK == 0 { 0 } else { ack }.to_be_bytes());
        out.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
        out.extend_from_slice(payload);
        let at = START_MICROS + STEP_MICROS * self.frames.len() as i64;
        self.frames.push((at, start..self.bytes.len()));
    }
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const PSH: u8 = 8;
const ACK: u8 = 16;

struct Connection {
    client_port: u16,
    /// The next sequence number of client and server.
    next: [u32; 2],
}

fn response(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nDate: Fri, 17 May 2024 08:30:00 GMT\r\nConnection: keep-alive\r\n\
         Keep-Alive: timeout=5\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
