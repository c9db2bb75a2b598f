//! HTTP/2 of small GETs, as a client with many streams at once makes it.

use httlib_hpack::Encoder;

use super::{CONNECTIONS, MTU_PAYLOAD, Traffic};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Requests that a client sends in one write, and a server answers in one.
const TOGETHER: usize = 10;
const BODY: &[u8] = b"Hello, world\n";

impl Traffic {
    /// GETs of HTTP/2 with a few fields and answers of 13 bytes, ten streams at once on each connection.
    pub fn small_http2(exchanges: usize) -> Self {
        let mut traffic = Self::default();
        let mut connections = traffic.open_all();
        let mut encoders: Vec<_> = (0..CONNECTIONS).map(|_| [Encoder::default(), Encoder::default()]).collect();
        for connection in &mut connections {
            let client = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
            traffic.send_part(connection, true, &client, MTU_PAYLOAD);
            traffic.send_part(connection, false, &frame(SETTINGS, 0, 0, &[]), MTU_PAYLOAD);
        }
        for first in (0..exchanges).step_by(TOGETHER) {
            let turn = first / TOGETHER;
            let (connection, [asking, answering]) =
                (&mut connections[turn % CONNECTIONS], &mut encoders[turn % CONNECTIONS]);
            let of_connection = turn / CONNECTIONS * TOGETHER;
            let mut requests = Vec::new();
            let mut answers = Vec::new();
            for n in first..exchanges.min(first + TOGETHER) {
                let stream = (2 * (of_connection + n - first) + 1) as u32;
                let path = format!("/items/{n}?page=2");
                let first_fields = [(":method", "GET"), (":scheme", "http"), (":authority", "127.0.0.1:8080")];
                let block = [
                    encode(asking, &first_fields, true),
                    encode(asking, &[(":path", &path)], false),
                    encode(asking, &[("user-agent", "curl/7.88.1"), ("accept", "*/*")], true),
                ]
                .concat();
                requests.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &block));
                let fields = [
                    (":status", "200"),
                    ("content-type", "text/plain"),
                    ("date", "Fri, 17 May 2024 08:30:00 GMT"),
                    ("content-length", "13"),
                ];
                answers.extend(frame(HEADERS, END_HEADERS, stream, &encode(answering, &fields, true)));
                answers.extend(frame(DATA, END_STREAM, stream, BODY));
                traffic.messages += 2;
            }
            traffic.send_part(connection, true, &requests, MTU_PAYLOAD);
            traffic.send_part(connection, false, &answers, MTU_PAYLOAD);
        }
        traffic
    }
}

fn encode(encoder: &mut Encoder<'_>, fields: &[(&str, &str)], indexed: bool) -> Vec<u8> {
    let huffman = Encoder::HUFFMAN_NAME | Encoder::HUFFMAN_VALUE;
    let flags = huffman | if indexed { Encoder::BEST_FORMAT | Encoder::WITH_INDEXING } else { 0 };
    let mut out = Vec::new();
    for (name, value) in fields {
        let field = (name.as_bytes().to_vec(), value.as_bytes().to_vec(), flags);
        encoder.encode(field, &mut out).unwrap_or_default();
    }
    out
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
