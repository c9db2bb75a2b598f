//! A message as its JSON line (SPEC §2, `HttpMessage`), encoded once, secrets already removed.
//!
//! In: a message and its two endpoints. Out: one line of JSON, with its `\n`, appended to a buffer. Refuses to know where
//! it goes.
#![allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]

mod body;
mod json;
mod query;
mod timestamp;

pub use body::RawBody;
use body::{CONTENT_ENCODING, CONTENT_TYPE};
use json::{push_number, push_text};
use timestamp::TimestampWriter;

use memchr::memchr;

use crate::config::EngineConfig;
use crate::decode::Endpoint;
use crate::http::{Direction, Field, Fields, HttpMessage, StartLine};

const REDACTED: &[u8] = b"[REDACTED]";

/// Whose messages they are: a connection and its two ends, as they stand in each line of it.
#[derive(Debug)]
pub struct Origin {
    connection: u64,
    pub server: Endpoint,
    pub client: Endpoint,
    members: Box<[u8]>,
}

impl Origin {
    pub fn new(connection: u64, server: Endpoint, client: Endpoint) -> Self {
        let mut members = Vec::new();
        push_endpoint(&mut members, "receiver", server);
        push_endpoint(&mut members, "destination", client);
        Self { connection, server, client, members: members.into() }
    }
}

#[derive(Debug)]
pub struct Encoder {
    /// Names in lower case, with their hashes.
    redact_headers: Vec<(u32, Vec<u8>)>,
    /// In lower case.
    redact_query: Vec<Vec<u8>>,
    timestamps: TimestampWriter,
    /// For each field of the message at hand, a hash of its name; keeps the search for repetitions cheap.
    name_hashes: Vec<u32>,
    decode_body: bool,
    base64: bool,
    /// Bodies with a content-coding that cannot be removed.
    pub unknown_codings: u64,
    content_encoding: u32,
    content_type: u32,
}

impl Encoder {
    pub fn new(config: &EngineConfig) -> Self {
        let names = config.redact_headers.iter().map(|name| name.to_ascii_lowercase().into_bytes());
        Self {
            redact_headers: names.map(|name| (name_hash(&name), name)).collect(),
            redact_query: config.redact_query.iter().map(|name| name.to_ascii_lowercase().into_bytes()).collect(),
            timestamps: TimestampWriter::default(),
            name_hashes: Vec::new(),
            decode_body: config.decode_body,
            base64: config.base64_bodies,
            unknown_codings: 0,
            content_encoding: name_hash(CONTENT_ENCODING),
            content_type: name_hash(CONTENT_TYPE),
        }
    }

    /// Appends the message's line to `out`. Its body may have to be finished.
    pub fn push_line(&mut self, out: &mut Vec<u8>, origin: &Origin, message: &HttpMessage<'_>) -> Option<RawBody> {
        out.extend_from_slice(b"{\"id\":\"");
        push_number(out, origin.connection);
        out.push(b'.');
        push_number(out, u64::from(message.exchange));
        out.extend_from_slice(b"\",\"timestamp\":\"");
        self.timestamps.push(out, message.at);
        out.extend_from_slice(match message.direction {
            Direction::Request => b"\",\"direction\":\"request\"".as_slice(),
            Direction::Response => b"\",\"direction\":\"response\"".as_slice(),
        });
        out.extend_from_slice(&origin.members);
        match &message.head.start {
            StartLine::Request { method, target } => {
                push_member(out, b",\"method\":", method.of(message.head_bytes));
                out.extend_from_slice(b",\"path\":");
                self.push_target(out, target.of(message.head_bytes));
            }
            StartLine::Status { code, reason } => {
                out.extend_from_slice(b",\"statusCode\":");
                push_number(out, u64::from(*code));
                let reason = reason.of(message.head_bytes).trim_ascii();
                if !reason.is_empty() {
                    push_member(out, b",\"reason\":", reason);
                }
            }
        }
        out.extend_from_slice(b",\"httpVersion\":\"1.");
        push_number(out, u64::from(message.head.minor_version));
        out.extend_from_slice(b"\",\"headers\":");
        self.push_fields(out, message.fields());
        let raw = self.push_body(out, message);
        if let Some(trailers) = message.trailers {
            out.extend_from_slice(b",\"trailers\":");
            self.push_fields(out, trailers);
        }
        if message.is_truncated() {
            out.extend_from_slice(b",\"bodyTruncated\":true");
        }
        if let Some(incomplete) = message.incomplete {
            push_member(out, b",\"incomplete\":", incomplete.name().as_bytes());
        }
        if message.gap_bytes > 0 {
            out.extend_from_slice(b",\"gapBytes\":");
            push_number(out, message.gap_bytes);
        }
        if let Some(answered) = &message.answered {
            push_member(out, b",\"request\":{\"method\":", answered.method);
            out.extend_from_slice(b",\"path\":");
            self.push_target(out, answered.target);
            out.extend_from_slice(b"},\"latencyMs\":");
            push_millis(out, answered.latency_micros);
        }
        out.extend_from_slice(b"}\n");
        raw
    }

    /// A request target, with the values of redacted query parameters replaced.
    fn push_target(&self, out: &mut Vec<u8>, target: &[u8]) {
        match memchr(b'?', target) {
            Some(mark) if !self.redact_query.is_empty() => {
                let (path, query) = target.split_at(mark + 1);
                push_text(out, &[path, &query::redact(query, &self.redact_query)].concat());
            }
            _ => push_text(out, target),
        }
    }

    /// An object of lower-case names; repeated fields are joined by `, ` (RFC 9110 §5.3), cookies by `; ` (RFC 6265 §5.4).
    fn push_fields(&mut self, out: &mut Vec<u8>, fields: Fields<'_>) {
        let bytes = fields.bytes;
        self.name_hashes.clear();
        self.name_hashes.extend(fields.lines.iter().map(|field| name_hash(field.name.of(bytes))));
        out.push(b'{');
        let mut separator: &[u8] = b"";
        for (index, field) in fields.lines.iter().enumerate() {
            let name = field.name.of(bytes);
            let Some((before, [hash, after @ ..])) = self.name_hashes.split_at_checked(index) else { break };
            let same = |other: &Field| field.is_named(other.name.of(bytes), bytes);
            if before.contains(hash) && fields.lines.iter().take(index).any(same) {
                continue; // joined to the first of its name
            }
            out.extend_from_slice(separator);
            separator = b",";
            push_name(out, name);
            let redacted = self.redact_headers.iter().any(|(of, redact)| of == hash && field.is_named(redact, bytes))
                || field.odd_name && self.names_a_secret(name);
            if redacted {
                push_text(out, REDACTED);
            } else if after.contains(hash) {
                let joint: &[u8] = if name.eq_ignore_ascii_case(b"cookie") { b"; " } else { b", " };
                let all = fields.lines.iter().skip(index).filter(|other| same(other));
                push_text(out, &all.map(|field| field.value(bytes)).collect::<Vec<_>>().join(joint));
            } else {
                push_text(out, &field.value(bytes));
            }
        }
        out.push(b'}');
    }
}

impl Encoder {
    /// Whether a name with odd bytes in it has one of the names to be redacted among its words: whoever reads it may take it
    /// for that.
    fn names_a_secret(&self, name: &[u8]) -> bool {
        let mut words = name.split(|b| b.is_ascii_whitespace() || b.is_ascii_control());
        words.any(|word| self.redact_headers.iter().any(|(_, redact)| word.eq_ignore_ascii_case(redact)))
    }
}

/// A field's name in lower case, as a member's name.
fn push_name(out: &mut Vec<u8>, name: &[u8]) {
    let start = out.len();
    out.push(b'"');
    out.extend(name.iter().map(|&b| LOWER_PLAIN[usize::from(b)]));
    if out.get(start..).unwrap_or_default().contains(&0) {
        // Not a token: it may need an escape.
        out.truncate(start);
        push_text(out, &name.to_ascii_lowercase());
        out.push(b':');
    } else {
        out.extend_from_slice(b"\":");
    }
}

/// Letters in lower case, digits and `-` as they are, 0 for anything else.
static LOWER_PLAIN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || b == b'-' || b == b'_' {
            table[byte] = b.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

fn push_member(out: &mut Vec<u8>, start: &[u8], value: &[u8]) {
    out.extend_from_slice(start);
    push_text(out, value);
}

fn push_endpoint(out: &mut Vec<u8>, name: &str, Endpoint { ip, port }: Endpoint) {
    // An address needs no escape.
    out.extend_from_slice(format!(",\"{name}\":{{\"ip\":\"{ip}\",\"port\":{port}}}").as_bytes());
}

/// Microseconds as milliseconds with up to three decimals.
fn push_millis(out: &mut Vec<u8>, micros: i64) {
    if micros < 0 {
        out.push(b'-');
    }
    let micros = micros.unsigned_abs();
    push_number(out, micros / 1_000);
    let mut rest = micros % 1_000;
    if rest > 0 {
        out.push(b'.');
        let mut place = 100;
        while rest > 0 {
            out.push(b'0' + (rest / place) as u8);
            rest %= place;
            place /= 10;
        }
    }
}

/// The same for names that differ in case only; eight bytes at a time.
fn name_hash(name: &[u8]) -> u32 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ (word | LOWER)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = name.as_chunks::<8>();
    let hash = words.iter().fold(name.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte | 0x20));
    (mix(hash, last) >> 32) as u32
}
