//! A message as its JSON line (SPEC §2, `HttpMessage`), encoded once, secrets already removed.
//!
//! In: a message and its two endpoints. Out: one line of JSON, with its `\n`, appended to a buffer. Refuses to know where
//! it goes.

mod body;
mod json;
mod query;
#[cfg(target_arch = "x86_64")]
mod shuffle;
mod timestamp;

pub use body::RawBody;
use json::{push_number, push_text};
use timestamp::TimestampWriter;

use memchr::memchr;

use crate::config::EngineConfig;
use crate::decode::Endpoint;
use crate::http::words::{lower, name_hash};
use crate::http::{Direction, Field, Fields, HttpMessage, Proxied, StartLine};

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
        members.extend_from_slice(b",\"receiver\":");
        push_endpoint(&mut members, server);
        members.extend_from_slice(b",\"destination\":");
        push_endpoint(&mut members, client);
        Self { connection, server, client, members: members.into() }
    }
}

#[derive(Debug)]
pub struct Encoder {
    /// Names in lower case, with their hashes.
    redact_headers: Vec<(u32, Vec<u8>)>,
    /// The `name_bit` of each of them.
    redact_bits: u64,
    /// In lower case.
    redact_query: Vec<Vec<u8>>,
    timestamps: TimestampWriter,
    decode_body: bool,
    base64: bool,
    /// Bodies with a content-coding that cannot be removed.
    pub unknown_codings: u64,
}

impl Encoder {
    pub fn new(config: &EngineConfig) -> Self {
        let names = config.redact_headers.iter().map(|name| name.to_ascii_lowercase().into_bytes());
        let redact_headers: Vec<_> = names.map(|name| (name_hash(&name), name)).collect();
        Self {
            redact_bits: redact_headers.iter().fold(0, |bits, (hash, _)| bits | name_bit(*hash)),
            redact_headers,
            redact_query: config.redact_query.iter().map(|name| name.to_ascii_lowercase().into_bytes()).collect(),
            timestamps: TimestampWriter::default(),
            decode_body: config.decode_body,
            base64: config.base64_bodies,
            unknown_codings: 0,
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
        if !message.at.is_known() {
            out.extend_from_slice(b",\"timestampUnknown\":true");
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
            out.push(b'}');
            push_millis(out, b",\"latencyMs\":", answered.latency_micros);
            push_millis(out, b",\"waitMs\":", answered.wait_micros);
        }
        push_millis(out, b",\"durationMs\":", message.duration_micros);
        if let Some(Proxied { source, destination }) = message.proxied {
            out.extend_from_slice(b",\"proxied\":{\"source\":");
            push_endpoint(out, source);
            out.extend_from_slice(b",\"destination\":");
            push_endpoint(out, destination);
            out.push(b'}');
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
    fn push_fields(&self, out: &mut Vec<u8>, Fields { lines, bytes }: Fields<'_>) {
        let (_, repeated) = lines.iter().fold((0, 0), |(seen, twice), field| {
            let bit = name_bit(field.name_hash);
            (seen | bit, twice | (seen & bit))
        });
        let special = repeated | self.redact_bits;
        out.push(b'{');
        for (index, field) in lines.iter().enumerate() {
            let bit = name_bit(field.name_hash);
            if field.plain && special & bit == 0 {
                push_plain_field(out, field, bytes);
                continue;
            }
            let same =
                |other: &&Field| other.name_hash == field.name_hash && field.is_named(other.name.of(bytes), bytes);
            let mut again = None;
            if repeated & bit != 0 {
                if lines.iter().take(index).any(|other| same(&other)) {
                    continue; // joined to the first of its name
                }
                again = lines.iter().skip(index + 1).find(same);
            }
            push_name(out, field, bytes);
            if self.is_redacted(field, bytes) {
                push_text(out, REDACTED);
            } else if again.is_some() {
                let joint: &[u8] = if field.is_named(b"cookie", bytes) { b"; " } else { b", " };
                let all = lines.iter().skip(index).filter(same);
                push_text(out, &all.map(|field| field.value(bytes)).collect::<Vec<_>>().join(joint));
            } else {
                push_text(out, &field.value(bytes));
            }
            out.push(b',');
        }
        // In place of the last comma, if there is one.
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b'}');
    }

    fn is_redacted(&self, field: &Field, bytes: &[u8]) -> bool {
        let mut names = self.redact_headers.iter();
        names.any(|(hash, name)| *hash == field.name_hash && field.is_named(name, bytes))
            || field.odd_name && self.names_a_secret(field.name.of(bytes))
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

/// A bit for each name, and for others too.
const fn name_bit(name_hash: u32) -> u64 {
    1 << (name_hash & 63)
}

/// A field's name in lower case with the colon behind it.
fn push_name(out: &mut Vec<u8>, field: &Field, bytes: &[u8]) {
    push_text(out, &field.name.of(bytes).to_ascii_lowercase());
    out.push(b':');
}

/// A member and its comma: neither a token nor a plain value needs an escape.
///
/// What is short is copied as a block of fixed size, of which what is too much is taken back: that costs less than calling
/// memcpy.
fn push_plain_field(out: &mut Vec<u8>, field: &Field, bytes: &[u8]) {
    const NAME_WORDS: usize = 2;
    const VALUE_BYTES: usize = 32;
    out.push(b'"');
    let end = out.len() + field.name.len();
    match field.name.onward(bytes).as_chunks::<8>().0 {
        [first, second, ..] if field.name.len() <= 8 * NAME_WORDS => {
            for word in [first, second] {
                out.extend_from_slice(&lower(u64::from_le_bytes(*word)).to_le_bytes());
            }
            out.truncate(end);
        }
        _ => out.extend(field.name.of(bytes).iter().map(u8::to_ascii_lowercase)),
    }
    out.extend_from_slice(b"\":\"");
    match field.raw_value.onward(bytes).first_chunk::<VALUE_BYTES>() {
        Some(block) if field.raw_value.len() <= VALUE_BYTES => {
            let end = out.len() + field.raw_value.len();
            out.extend_from_slice(block);
            out.truncate(end);
        }
        _ => out.extend_from_slice(field.raw_value.of(bytes)),
    }
    out.extend_from_slice(b"\",");
}

fn push_member(out: &mut Vec<u8>, start: &[u8], value: &[u8]) {
    out.extend_from_slice(start);
    push_text(out, value);
}

fn push_endpoint(out: &mut Vec<u8>, Endpoint { ip, port }: Endpoint) {
    // An address needs no escape.
    out.extend_from_slice(format!("{{\"ip\":\"{ip}\",\"port\":{port}}}").as_bytes());
}

/// A span of time, if it is known: microseconds as milliseconds with up to three decimals.
fn push_millis(out: &mut Vec<u8>, start: &[u8], micros: Option<u64>) {
    let Some(micros) = micros else { return };
    out.extend_from_slice(start);
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
