//! A message as its JSON line (`HttpMessage` and `StreamMessage` in docs/messages.md), encoded once, secrets already removed.
//!
//! In: a message and its two endpoints. Out: one line of JSON, with its `\n`, appended to a buffer. Refuses to know where
//! it goes.

mod base64;
mod body;
mod escapes;
mod extras;
mod fields;
mod grpc;
mod grpc_messages;
mod json;
mod pieces;
mod repeats;
mod seen_fields;
#[cfg(target_arch = "x86_64")]
mod shuffle;
mod stream_message;
mod timestamp;

use std::net::{IpAddr, Ipv4Addr};

pub use base64::push_base64_data;
pub use body::{BodyWriter, RawBody, Showing, Written, max_written_bytes};
use extras::push_extras;
use fields::{SecretFields, push_fields};
use grpc::SecretGrpc;
pub use grpc_messages::{RawGrpc, Shown, push_grpc_messages};
use json::{digit, push_member, push_number, push_text, push_text_within};
use pieces::put;
use seen_fields::SeenTexts;
use timestamp::TimestampWriter;

use crate::config::{BinaryBodies, EngineConfig};
use crate::decode::Endpoint;
use crate::message::{Direction, HttpMessage, Member, Members, Proxied, StartLine, Version};
use crate::redact::{REDACTED, Redactor, Targets};

/// The most that `Origin::text` takes with IPv4, which nearly all have, and a number of up to eight digits.
const ORIGIN_BYTES: usize = 120;

/// The part of a line after the exchange's number, with a place for the time.
const REQUEST_FORM: &[u8; 62] = b"\",\"timestamp\":\"0000-00-00T00:00:00.000Z\",\"direction\":\"request\"";
const RESPONSE_FORM: &[u8; 63] = b"\",\"timestamp\":\"0000-00-00T00:00:00.000Z\",\"direction\":\"response\"";
const ID_START: &[u8] = b"{\"id\":\"";
const TIME_AT: usize = b"\",\"timestamp\":\"".len();
const VERSION_AT: usize = b",\"httpVersion\":\"".len();

/// Whose messages they are: a connection and its two ends, as they stand in each line of it.
#[derive(Debug)]
pub struct Origin {
    pub server: Endpoint,
    pub client: Endpoint,
    /// The beginning of `id`, with the connection's number, and after it the two ends.
    text: Vec<u8>,
    ends_at: usize,
}

impl Origin {
    pub fn new(connection: u64, server: Endpoint, client: Endpoint) -> Self {
        let mut text = Vec::with_capacity(ORIGIN_BYTES);
        text.extend_from_slice(ID_START);
        push_number(&mut text, connection);
        text.push(b'.');
        let ends_at = text.len();
        text.extend_from_slice(b",\"receiver\":");
        push_endpoint(&mut text, server);
        text.extend_from_slice(b",\"destination\":");
        push_endpoint(&mut text, client);
        Self { server, client, text, ends_at }
    }

    /// The id of an exchange.
    pub fn id(&self, exchange: u32) -> String {
        let (start, _) = self.parts();
        let connection = start.strip_prefix(ID_START).unwrap_or_default();
        format!("{}{exchange}", String::from_utf8_lossy(connection))
    }

    /// The beginning of a line with `id`, up to the exchange's number; then the two ends.
    fn parts(&self) -> (&[u8], &[u8]) {
        self.text.split_at_checked(self.ends_at).unwrap_or_default()
    }
}

#[derive(Debug)]
pub struct Encoder {
    members: Members,
    secret_fields: SecretFields,
    seen_fields: SeenTexts,
    secret_grpc: SecretGrpc,
    targets: Targets,
    timestamps: TimestampWriter,
    pub bodies: BodyWriter,
    /// Heads and trailers that were cut since they hold too many characters that need an escape.
    pub cut_heads: u64,
    /// Messages of gRPC may be JSON.
    has_descriptors: bool,
}

impl Encoder {
    pub fn new(config: &EngineConfig) -> Self {
        let EngineConfig { redact_headers, redact_query, .. } = config;
        // A user's name and password in a URL are what Authorization would carry (RFC 9110 §4.2.4).
        let user_information = !redact_headers.is_empty() || !redact_query.is_empty();
        let targets = Targets::new(redact_query.iter().map(String::as_str), user_information);
        let secret_fields = SecretFields::new(config, &targets);
        Self {
            members: config.members,
            secret_grpc: SecretGrpc::new(&secret_fields),
            secret_fields,
            seen_fields: SeenTexts::default(),
            targets,
            timestamps: TimestampWriter::default(),
            bodies: BodyWriter {
                decode: config.decode_body,
                base64: config.binary_bodies == BinaryBodies::Base64,
                redactor: Redactor::new(&config.redact_body),
                ..BodyWriter::default()
            },
            cut_heads: 0,
            has_descriptors: config.proto_descriptors.is_some(),
        }
    }

    /// Nothing of a message stays here.
    pub fn forget_fields(&mut self) {
        self.seen_fields.forget();
    }

    /// Appends the message's line to `out`. Its body may have to be finished.
    pub fn push_line(&mut self, out: &mut Vec<u8>, origin: &Origin, message: &HttpMessage<'_>) -> Option<RawBody> {
        let (id, ends) = origin.parts();
        out.extend_from_slice(id);
        push_number(out, u64::from(message.exchange));
        let time = self.timestamps.text(message.at);
        match message.direction {
            Direction::Request => push_form(out, REQUEST_FORM, TIME_AT, &time),
            Direction::Response => push_form(out, RESPONSE_FORM, TIME_AT, &time),
        }
        out.extend_from_slice(ends);
        let members = self.members;
        let mut cut = self.push_start_line(out, message);
        if members.has(Member::Headers) {
            out.extend_from_slice(b",\"headers\":");
            cut |= self.seen_fields.push(out, message.fields(), &self.secret_fields, &self.targets);
        }
        let (mut raw, body_cut) =
            if members.has(Member::Body) { self.bodies.push(out, message) } else { (None, false) };
        if members.has(Member::BodySize) {
            out.extend_from_slice(b",\"bodySize\":");
            push_number(out, message.body_bytes);
        }
        if let Some(trailers) = message.trailers
            && members.has(Member::Trailers)
        {
            out.extend_from_slice(b",\"trailers\":");
            cut |= push_fields(out, trailers, &self.secret_fields, &self.targets);
        }
        if cut {
            self.cut_heads += 1;
            out.extend_from_slice(b",\"headersTruncated\":true");
        }
        if !message.at.is_known() {
            out.extend_from_slice(b",\"timestampUnknown\":true");
        }
        if body_cut {
            out.extend_from_slice(body::TRUNCATED);
        }
        if let Some(incomplete) = message.incomplete
            && members.has(Member::Incomplete)
        {
            push_member(out, b",\"incomplete\":", incomplete.name().as_bytes());
        }
        if message.gap_bytes > 0 && members.has(Member::GapBytes) {
            out.extend_from_slice(b",\"gapBytes\":");
            push_number(out, message.gap_bytes);
        }
        if let Some(answered) = &message.answered {
            if (message.extras.is_none() || answered.is_known()) && members.has(Member::Request) {
                push_member(out, b",\"request\":{\"method\":", answered.method);
                out.extend_from_slice(b",\"path\":");
                push_text(out, &self.targets.redact(answered.target));
                out.push(b'}');
            }
            push_millis(out, b",\"latencyMs\":", answered.latency_micros.filter(|_| members.has(Member::LatencyMs)));
            push_millis(out, b",\"waitMs\":", answered.wait_micros.filter(|_| members.has(Member::WaitMs)));
        }
        push_millis(out, b",\"durationMs\":", message.duration_micros.filter(|_| members.has(Member::DurationMs)));
        push_millis(out, b",\"stallMs\":", message.stall_micros.filter(|_| members.has(Member::StallMs)));
        if let Some(Proxied { source, destination }) = message.proxied
            && members.has(Member::Proxied)
        {
            out.extend_from_slice(b",\"proxied\":{\"source\":");
            push_endpoint(out, source);
            out.extend_from_slice(b",\"destination\":");
            push_endpoint(out, destination);
            out.push(b'}');
        }
        if let Some(extras) = message.extras {
            push_extras(out, extras, members);
            if let Some(grpc) = &extras.grpc
                && members.has(Member::Grpc)
            {
                let path = self.targets.redact(message.request_target());
                self.secret_grpc.push(out, grpc, &path, &self.secret_fields);
            }
        }
        if let Some(grpc) = raw.as_mut().and_then(|raw| raw.grpc.as_mut()) {
            grpc.at = out.len();
        }
        out.extend_from_slice(b"}\n");
        raw
    }

    /// Appends what the first line of a head says. Says too if an end of it had to be left out.
    fn push_start_line(&self, out: &mut Vec<u8>, message: &HttpMessage<'_>) -> bool {
        let (members, mut cut) = (self.members, false);
        match &message.head.start {
            StartLine::Request { method, target } => {
                // Empty if it is not known.
                if !method.is_empty() && members.has(Member::Method) {
                    push_member(out, b",\"method\":", method.of(message.head_bytes));
                }
                if (!target.is_empty() || message.extras.is_none()) && members.has(Member::Path) {
                    out.extend_from_slice(b",\"path\":");
                    push_text(out, &self.targets.redact(target.of(message.head_bytes)));
                }
            }
            StartLine::Status { code, reason } => {
                // 0 if it is not known.
                if *code != 0 && members.has(Member::StatusCode) {
                    out.extend_from_slice(b",\"statusCode\":");
                    push_number(out, u64::from(*code));
                }
                let reason = reason.of(message.head_bytes);
                if members.has(Member::Reason) && !reason.trim_ascii().is_empty() {
                    out.extend_from_slice(b",\"reason\":");
                    let shown = if self.secret_fields.stand_in(reason) { REDACTED } else { reason.trim_ascii() };
                    cut = push_text_within(out, shown, fields::max_written_bytes(shown.len()));
                }
            }
        }
        if members.has(Member::HttpVersion) {
            let Version { major, minor } = message.head.version;
            push_form(out, b",\"httpVersion\":\"0.0\"", VERSION_AT, &[b'0' + major, b'.', b'0' + minor]);
        }
        cut
    }
}

/// Appends a text with another text put into it. Their lengths are known here, so that no call copies them, and the space is
/// looked for once.
#[inline(always)]
fn push_form<const N: usize, const M: usize>(out: &mut Vec<u8>, form: &[u8; N], at: usize, text: &[u8; M]) {
    let start = out.len();
    out.extend_from_slice(form);
    put(out, start + at, text);
}

fn push_endpoint(out: &mut Vec<u8>, Endpoint { ip, port }: Endpoint) {
    // An address needs no escape.
    out.extend_from_slice(b"{\"ip\":\"");
    match ip {
        IpAddr::V4(ip) => push_ipv4(out, ip),
        IpAddr::V6(ip) => out.extend_from_slice(ip.to_string().as_bytes()),
    }
    out.extend_from_slice(b"\",\"port\":");
    push_number(out, u64::from(port));
    out.push(b'}');
}

/// As `Display` writes it. That takes some thousand instructions, and each connection has two.
fn push_ipv4(out: &mut Vec<u8>, ip: Ipv4Addr) {
    for (index, octet) in ip.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        push_number(out, u64::from(octet));
    }
}

/// A span of time, if it is known: microseconds as milliseconds with up to three decimals.
fn push_millis<const N: usize>(out: &mut Vec<u8>, start: &[u8; N], micros: Option<u64>) {
    let Some(micros) = micros else { return };
    out.extend_from_slice(start);
    push_number(out, micros / 1_000);
    let rest = micros % 1_000;
    if rest > 0 {
        out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10), digit(rest)]);
        let zeros = usize::from(rest % 10 == 0) + usize::from(rest % 100 == 0);
        out.truncate(out.len() - zeros);
    }
}

#[cfg(test)]
#[path = "members_tests.rs"]
mod members_tests;
