//! Writes the bodies that the encoder left raw: content-codings removed, charsets converted, secrets replaced, base64.
//!
//! In: a batch. Out: the same lines, in as many batches as their length now asks for. Refuses to know threads and credits.
//! A decoder that panics costs its message the decoding and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use memchr::memchr;

use super::finish_grpc::{MessageLimits, ToShow, push_messages, push_passing};
use crate::batch::{Batch, MAX_BATCH_BYTES};
use crate::config::{BinaryBodies, EngineConfig};
use crate::content::{self, Broken, Coding, Content, Limits};
use crate::encode::{RawBody, RawGrpc, Showing, Written, max_written_bytes, push_base64_data};
use crate::protobuf::Descriptors;
use crate::redact::{Names, Redactor};
use crate::stats::ContentStats;

/// Content, as it is written, may always be so many times the coded bytes: the work stays in proportion to the traffic.
const REGULAR_RATIO: usize = 32;
/// And so much more, since small bodies are worth it.
const REGULAR_BYTES: usize = 16 << 10;
/// The rest is surplus: text that repeats itself, or a bomb. It may come to so many times the coded bytes,
const MAX_RATIO: usize = 128;
/// and so much more.
const MAX_SURPLUS_BYTES: usize = 256 << 10;
/// In a live capture all bodies together may have so much surplus a second: a receiver parses it in a tenth of its time. A savefile
/// waits for its receiver, and its output must not depend on the machine.
const SURPLUS_BYTES_PER_SECOND: usize = 16 << 20;

type Decode = for<'a> fn(&'a [u8], bool, &[Coding], Limits) -> Result<Content<'a>, Broken>;

#[derive(Debug)]
pub struct Finisher {
    max_body_bytes: usize,
    base64: bool,
    redactor: Option<Redactor>,
    secret_fields: Names,
    decode: Decode,
    rate: Option<Rate>,
    descriptors: Option<Arc<OnceLock<Descriptors>>>,
    pub stats: ContentStats,
}

/// Surplus that is left to be given in a while: at most a second's.
#[derive(Debug)]
struct Rate {
    clock: fn() -> Instant,
    at: Instant,
    left: usize,
}

impl Rate {
    fn left(&mut self) -> usize {
        let now = (self.clock)();
        let nanos = now.saturating_duration_since(std::mem::replace(&mut self.at, now)).as_nanos();
        let more = nanos.saturating_mul(SURPLUS_BYTES_PER_SECOND as u128) / 1_000_000_000;
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        self.left = self.left.saturating_add(more).min(SURPLUS_BYTES_PER_SECOND);
        self.left
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}

/// The bytes that one body may take.
struct Bounds {
    /// Without surplus.
    regular: usize,
    surplus: usize,
    /// There is less surplus left than it could have had.
    scarce: bool,
}

impl Finisher {
    pub fn new(config: &EngineConfig) -> Self {
        Self {
            max_body_bytes: config.max_body_size,
            base64: config.binary_bodies == BinaryBodies::Base64,
            redactor: Redactor::new(&config.redact_body),
            secret_fields: Names::new(config.redact_headers.iter().map(String::as_str)),
            decode: content::decode,
            rate: None,
            descriptors: config.proto_descriptors.as_ref().map(|file| Arc::clone(&file.content)),
            stats: ContentStats::default(),
        }
    }

    /// The same for a live capture, with a bound on what is decoded in a second.
    #[must_use]
    pub fn with_rate(mut self, clock: fn() -> Instant) -> Self {
        self.rate = Some(Rate { clock, at: clock(), left: SURPLUS_BYTES_PER_SECOND });
        self
    }

    /// Hands `give` the lines in batches of about the usual size, each before the next is made. With `in_haste` nothing is
    /// decoded.
    pub fn finish(&mut self, batch: Batch, in_haste: bool, mut give: impl FnMut(Batch)) {
        if batch.raw.is_empty() {
            give(batch);
            return;
        }
        let Batch { lines, messages, raw, .. } = batch;
        let (mut out, mut copied, mut given) = (lines.another(lines.len()), 0, 0);
        for (before, raw) in raw {
            out.extend_from_slice(lines.get(copied..raw.at.start).unwrap_or_default());
            let messages = self.write(&mut out, &raw, lines.get(raw.at.clone()).unwrap_or_default(), in_haste);
            copied = raw.at.end;
            if let Some(grpc) = &raw.grpc {
                out.extend_from_slice(lines.get(copied..grpc.at).unwrap_or_default());
                out.extend_from_slice(&messages);
                copied = grpc.at;
            }
            if out.len() >= MAX_BATCH_BYTES {
                let rest = lines.get(copied..).unwrap_or_default();
                let line_end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                out.extend_from_slice(rest.get(..line_end).unwrap_or_default());
                copied += line_end;
                let rest = lines.another(lines.len() - copied);
                let lines = std::mem::replace(&mut out, rest);
                give(Batch { lines, messages: before + 1 - given, ..Batch::default() });
                given = before + 1;
            }
        }
        out.extend_from_slice(lines.get(copied..).unwrap_or_default());
        if messages > given {
            give(Batch { lines: out, messages: messages - given, ..Batch::default() });
        }
    }

    /// Appends the members of a body, and returns those for its gRPC messages, which come later in the line.
    fn write(&mut self, out: &mut Vec<u8>, raw: &RawBody, bytes: &[u8], in_haste: bool) -> Vec<u8> {
        if let Some(grpc) = raw.grpc.as_ref().filter(|grpc| grpc.is_message) {
            return self.write_message(out, grpc, bytes, raw.cut, in_haste);
        }
        let start = out.len();
        let (decode, max_body_bytes, base64) = (self.decode, self.max_body_bytes, self.base64);
        let bounds = self.bounds(bytes.len());
        let (redactor, secret_fields) = (self.redactor.as_ref(), &self.secret_fields);
        let limits =
            Limits { content_bytes: max_body_bytes, decoded_bytes: bounds.regular.saturating_add(bounds.surplus) };
        let descriptors = self.descriptors.as_ref().and_then(|descriptors| descriptors.get());
        let written = catch_unwind(AssertUnwindSafe(|| {
            let decoded = (!raw.codings.is_empty() && !in_haste).then(|| decode(bytes, raw.cut, &raw.codings, limits));
            let content = decoded.as_ref().and_then(|decoded| decoded.as_ref().ok());
            let by_escapes = max_written_bytes(content.map_or(bytes.len(), |content| content.bytes.len()));
            let by_work = if content.is_some() { limits.decoded_bytes } else { usize::MAX };
            // Of a body that is coded as a whole they are in its content.
            let carrier = if raw.codings.is_empty() { Some(bytes) } else { content.map(|content| &*content.bytes) };
            let grpc = raw.grpc.as_ref().zip(carrier).map(|(grpc, carrier)| {
                let content_bytes = max_body_bytes.min(limits.decoded_bytes);
                let json_bytes = max_written_bytes(content_bytes).min(limits.decoded_bytes);
                let limits = MessageLimits { content_bytes, json_bytes };
                let mut messages = Vec::new();
                let (unshown, holds_hidden) = push_messages(
                    &mut messages,
                    grpc,
                    carrier,
                    limits,
                    ToShow { descriptors, redactor, secret_fields, in_haste },
                );
                (messages, unshown, holds_hidden)
            });
            let holds_hidden = grpc.as_ref().is_some_and(|(.., holds_hidden)| *holds_hidden);
            let showing = Showing { base64, max_bytes: by_escapes.min(by_work), redactor, holds_hidden };
            let Written { too_long: cut, redacted } = raw.push_members(out, bytes, content, showing);
            let outcome = match (&decoded, content) {
                (_, Some(content)) => Outcome::Decoded {
                    over_limit: content.over_limit,
                    over_work: content.over_work || cut && by_work < by_escapes,
                    without_end: content.without_end,
                },
                (Some(_), None) => Outcome::Undecodable,
                (None, None) => Outcome::Left,
            };
            (outcome, cut && by_escapes <= by_work, redacted, grpc)
        }));
        let Ok((outcome, cut_escaped, redacted, grpc)) = written else {
            self.stats.panicked += 1;
            out.truncate(start);
            out.extend_from_slice(b",\"bodyEncoding\":\"binary\"");
            return Vec::new();
        };
        self.stats.cut_escaped += u64::from(cut_escaped);
        self.stats.count_redacted(redacted);
        let messages = grpc.map(|(messages, unshown, _)| {
            self.stats.grpc_undecodable += unshown.undecodable;
            self.stats.grpc_left_coded += unshown.left_coded;
            self.stats.grpc_over_limit += unshown.over_limit;
            self.stats.grpc_over_count += unshown.over_count;
            messages
        });
        if let Some(rate) = &mut self.rate
            && (messages.is_some() || matches!(outcome, Outcome::Decoded { .. }))
        {
            let written = out.len() - start + messages.as_ref().map_or(0, Vec::len);
            rate.spend(written.saturating_sub(bounds.regular));
        }
        match outcome {
            Outcome::Decoded { over_limit, over_work, without_end } => {
                self.stats.decoded += 1;
                self.stats.over_limit += u64::from(over_limit);
                self.stats.without_end += u64::from(without_end);
                self.stats.over_ratio += u64::from(over_work && !bounds.scarce);
                self.stats.over_rate += u64::from(over_work && bounds.scarce);
            }
            Outcome::Undecodable => self.stats.undecodable += 1,
            Outcome::Left => self.stats.left_coded += u64::from(!raw.codings.is_empty()),
        }
        messages.unwrap_or_default()
    }

    /// The same for a message inside a stream.
    fn write_message(&mut self, out: &mut Vec<u8>, grpc: &RawGrpc, data: &[u8], cut: bool, in_haste: bool) -> Vec<u8> {
        let start = out.len();
        let bounds = self.bounds(data.len());
        let json_bytes = max_written_bytes(data.len()).min(bounds.regular.saturating_add(bounds.surplus));
        let descriptors = self.descriptors.as_ref().and_then(|descriptors| descriptors.get());
        let show =
            ToShow { descriptors, redactor: self.redactor.as_ref(), secret_fields: &self.secret_fields, in_haste };
        let written = catch_unwind(AssertUnwindSafe(|| push_passing(out, grpc, data, cut, json_bytes, show)));
        let Ok(json) = written else {
            self.stats.panicked += 1;
            out.truncate(start);
            push_base64_data(out, None);
            return Vec::new();
        };
        if let Some(rate) = &mut self.rate {
            rate.spend((out.len() - start + json.len()).saturating_sub(bounds.regular));
        }
        json
    }

    fn bounds(&mut self, coded_bytes: usize) -> Bounds {
        let regular = coded_bytes.saturating_mul(REGULAR_RATIO).saturating_add(REGULAR_BYTES);
        let most = coded_bytes.saturating_mul(MAX_RATIO - REGULAR_RATIO).saturating_add(MAX_SURPLUS_BYTES);
        let surplus = self.rate.as_mut().map_or(most, |rate| rate.left().min(most));
        Bounds { regular, surplus, scarce: surplus < most }
    }
}

/// The outcome of a body.
enum Outcome {
    Decoded {
        over_limit: bool,
        over_work: bool,
        without_end: bool,
    },
    Undecodable,
    /// As it was.
    Left,
}

#[cfg(test)]
#[path = "finish_tests.rs"]
mod tests;
