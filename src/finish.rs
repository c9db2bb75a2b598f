//! Writes the bodies that the encoder left raw: content-codings removed, charsets converted, base64.
//!
//! In: a batch. Out: the same lines, in as many batches as their length now asks for. Refuses to know threads and credits.
//! A decoder that panics costs its message the decoding and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use memchr::memchr;

use crate::batch::{Batch, MAX_BATCH_BYTES};
use crate::config::EngineConfig;
use crate::content::{self, Broken, Coding, Content};
use crate::encode::RawBody;
use crate::stats::ContentStats;

type Decode = for<'a> fn(&'a [u8], bool, &[Coding], usize) -> Result<Content<'a>, Broken>;

#[derive(Debug)]
pub struct Finisher {
    max_body_bytes: usize,
    base64: bool,
    decode: Decode,
    pub stats: ContentStats,
}

impl Finisher {
    pub fn new(config: &EngineConfig) -> Self {
        let EngineConfig { max_body_bytes, base64_bodies, .. } = *config;
        Self { max_body_bytes, base64: base64_bodies, decode: content::decode, stats: ContentStats::default() }
    }

    /// Gives the lines in batches of about the usual size, each before the next one is made. With `in_haste` nothing is
    /// decoded.
    pub fn finish(&mut self, batch: Batch, in_haste: bool, mut give: impl FnMut(Batch)) {
        if batch.raw.is_empty() {
            give(batch);
            return;
        }
        let Batch { lines, messages, raw } = batch;
        let (mut out, mut copied, mut given) = (Vec::with_capacity(lines.len()), 0, 0);
        for (before, raw) in raw {
            out.extend_from_slice(lines.get(copied..raw.at.start).unwrap_or_default());
            self.write(&mut out, &raw, lines.get(raw.at.clone()).unwrap_or_default(), in_haste);
            copied = raw.at.end;
            if out.len() >= MAX_BATCH_BYTES {
                let rest = lines.get(copied..).unwrap_or_default();
                let line_end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                out.extend_from_slice(rest.get(..line_end).unwrap_or_default());
                copied += line_end;
                let lines = std::mem::take(&mut out);
                give(Batch { lines, messages: before + 1 - given, raw: Vec::new() });
                given = before + 1;
            }
        }
        out.extend_from_slice(lines.get(copied..).unwrap_or_default());
        if messages > given {
            give(Batch { lines: out, messages: messages - given, raw: Vec::new() });
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, raw: &RawBody, bytes: &[u8], in_haste: bool) {
        let start = out.len();
        let (decode, max_body_bytes, base64) = (self.decode, self.max_body_bytes, self.base64);
        let written = catch_unwind(AssertUnwindSafe(|| {
            let decoded =
                (!raw.codings.is_empty() && !in_haste).then(|| decode(bytes, raw.cut, &raw.codings, max_body_bytes));
            let content = decoded.as_ref().and_then(|decoded| decoded.as_ref().ok());
            raw.push_members(out, bytes, content, base64);
            (decoded.is_some(), content.map(|content| content.over_limit))
        }));
        match written {
            Err(_) => self.stats.panicked += 1,
            Ok(_) if raw.codings.is_empty() => {}
            Ok((_, Some(over_limit))) => {
                self.stats.decoded += 1;
                self.stats.over_limit += u64::from(over_limit);
            }
            Ok((true, None)) => self.stats.undecodable += 1,
            Ok((false, None)) => self.stats.left_coded += 1,
        }
        if written.is_err() {
            out.truncate(start);
            out.extend_from_slice(b",\"bodyEncoding\":\"binary\"");
        }
    }
}

#[cfg(test)]
#[path = "finish_tests.rs"]
mod tests;
