//! Fields as a JSON object, values of secret fields replaced.
//!
//! Names are compared generously: what a lenient receiver might take for a secret name is one (`names`). So is what a value
//! holds after a line break that only some receivers see.

use std::collections::HashSet;

use ahash::RandomState;
use memchr::memrchr;

use super::json::{push_text, push_text_within};
use super::repeats::Repeats;
use crate::config::EngineConfig;
use crate::message::words::{is_plain, name_hash, same_name, scan_name};
use crate::message::{Field, Fields, KnownName, name_bit};
use crate::redact::{Names, REDACTED, Targets};

/// Fields may take this much more than twice their bytes as they were sent, which is what quotes take. Only control characters
/// take more: six times.
const ESCAPE_ALLOWANCE_BYTES: usize = 16 << 10;

/// Fields whose values are URLs: `redactQuery` holds for them too.
static URL_FIELDS: [KnownName; 14] = [
    KnownName::new(b"referer"),
    KnownName::new(b"location"),
    KnownName::new(b"content-location"),
    KnownName::new(b"refresh"),
    KnownName::new(b"link"),
    // Of proxies, which tell what they were asked for.
    KnownName::new(b"x-original-url"),
    KnownName::new(b"x-original-uri"),
    KnownName::new(b"x-rewrite-url"),
    KnownName::new(b"x-forwarded-uri"),
    KnownName::new(b"x-envoy-original-path"),
    KnownName::new(b"x-auth-request-redirect"),
    KnownName::new(b"x-ms-original-url"),
    KnownName::new(b"x-waws-unencoded-url"),
    // Of htmx, which tells where the browser is.
    KnownName::new(b"hx-current-url"),
];

/// Which fields are secret.
#[derive(Debug)]
pub(super) struct SecretFields {
    /// In lower case and with `-` for `_`, by their hashes: what an ordinary name has to be. Each is there with a `-` before and
    /// after it too.
    exact: Vec<(u32, Vec<u8>)>,
    names: Names,
    /// The `name_bit` of each name that `push_fields` has to look at more closely.
    bits: u64,
    random: RandomState,
}

impl SecretFields {
    pub fn new(config: &EngineConfig, targets: &Targets) -> Self {
        let names = config.redact_headers.iter().map(|name| name.to_ascii_lowercase().replace('_', "-").into_bytes());
        let dressed = |name: Vec<u8>| {
            ["", "-"].map(|before| ["", "-"].map(|after| [before.as_bytes(), &name, after.as_bytes()].concat()))
        };
        let names = names.flat_map(dressed).flatten();
        let mut exact: Vec<_> = names.map(|name| (name_hash(&name), name)).collect();
        exact.sort_unstable();
        let urls = URL_FIELDS.iter().filter(|_| targets.has_parameters()).map(KnownName::hash);
        let hashes = exact.iter().map(|(hash, _)| *hash).chain(urls);
        Self {
            bits: hashes.fold(0, |bits, hash| bits | name_bit(hash)),
            names: Names::new(config.redact_headers.iter().map(String::as_str)),
            exact,
            random: RandomState::new(),
        }
    }

    /// Where in a field's name a secret one ends.
    fn find(&self, field: &Field, name: &[u8]) -> Option<usize> {
        if !is_ordinary(name) {
            return self.names.find(name);
        }
        if self.bits & name_bit(field.name_hash) == 0 {
            return None;
        }
        let first = self.exact.partition_point(|(hash, _)| *hash < field.name_hash);
        let mut same = self.exact.iter().skip(first).take_while(|(hash, _)| *hash == field.name_hash);
        same.any(|(_, secret)| same_name(secret, name)).then_some(name.len())
    }

    /// A field of this name is secret.
    pub fn has(&self, name: &[u8]) -> bool {
        self.names.find(name).is_some()
    }

    /// Some receivers take more than CR LF for the end of a line, and do not join a folded line to the one before.
    pub fn stand_in(&self, value: &[u8]) -> bool {
        if self.exact.is_empty() || is_plain(value) {
            return false;
        }
        let may_be = |b: &u8| matches!(b, 0..=8 | 0x0a..=0x1f | 0x7f | 0x85 | 0xe2);
        let mut candidates = value.iter().enumerate().filter(|(_, b)| may_be(b)).map(|(at, _)| at);
        let Some(line_break) = candidates.find(|&at| is_line_break(value.get(at..).unwrap_or_default())) else {
            return false;
        };
        let rest = value.get(line_break..).unwrap_or_default();
        memrchr(b':', rest).is_some_and(|colon| self.names.find(rest.split_at(colon).0).is_some())
    }
}

/// Only letters, digits and `-` within.
fn is_ordinary(name: &[u8]) -> bool {
    scan_name(name, 0).0 == name.len()
}

/// Controls but the tab; NEL as ISO 8859-1 and UTF-8 have it, LINE SEPARATOR, PARAGRAPH SEPARATOR.
fn is_line_break(bytes: &[u8]) -> bool {
    matches!(bytes, [0..=8 | 0x0a..=0x1f | 0x7f | 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..])
}

/// How many bytes the text of a head may take in its line.
pub(super) const fn max_written_bytes(bytes: usize) -> usize {
    ESCAPE_ALLOWANCE_BYTES + 2 * bytes
}

/// Appends an object of lower-case names; repeated fields are joined by `, ` (RFC 9110 §5.3), cookies by `; ` (RFC 6265 §5.4).
/// Says whether something had to be left out.
pub(super) fn push_fields(out: &mut Vec<u8>, fields: Fields<'_>, secrets: &SecretFields, targets: &Targets) -> bool {
    let repeats = Repeats::of(fields, &secrets.random);
    let odd = secrets.bits | repeats.bits();
    let limit = out.len() + max_written_bytes(fields.bytes.len());
    let mut others = OtherFields { fields, secrets, targets, repeats, limit, shortened: None, cut: false };
    out.push(b'{');
    for (index, field) in fields.lines.iter().enumerate() {
        if field.plain && odd & name_bit(field.name_hash) == 0 {
            push_plain_field(out, field, fields.bytes);
        } else {
            others.push(out, index, field);
        }
    }
    // In place of the last comma, if there is one.
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
    others.cut
}

/// The fields that are not written as they stand: secret, repeated, or with bytes that need an escape.
struct OtherFields<'a> {
    fields: Fields<'a>,
    secrets: &'a SecretFields,
    targets: &'a Targets,
    repeats: Repeats<'a>,
    /// The length that `out` may have.
    limit: usize,
    /// Names of which more stands before the colon.
    shortened: Option<HashSet<Vec<u8>, RandomState>>,
    /// Something had to be left out.
    cut: bool,
}

impl OtherFields<'_> {
    /// By itself, so that the loop over all fields has the registers.
    #[inline(never)]
    fn push(&mut self, out: &mut Vec<u8>, index: usize, field: &Field) {
        let Self { fields: Fields { lines, bytes }, secrets, targets, ref repeats, limit, .. } = *self;
        let repeated = repeats.may_have(index, field);
        if repeated && repeats.is_later(index) {
            return; // joined to the first of its name
        }
        let again = if repeated { repeats.next(index) } else { None };
        if field.plain && again.is_none() && secrets.bits & name_bit(field.name_hash) == 0 {
            return push_plain_field(out, field, bytes);
        }
        let (start, name) = (out.len(), field.name.of(bytes));
        let secret = secrets.find(field, name);
        match secret.map(|end| name.split_at(end)) {
            // More than the name stands before the colon: part of the value for some.
            Some((known, more)) if more.iter().any(|b| b.is_ascii_alphanumeric() || !b.is_ascii()) => {
                let known = known.to_ascii_lowercase();
                push_text(out, &[&known, REDACTED].concat());
                let before = self.shortened.get_or_insert_with(|| HashSet::with_hasher(secrets.random.clone()));
                if !before.insert(known) {
                    out.truncate(start);
                    return;
                }
            }
            _ => push_text(out, &name.to_ascii_lowercase()),
        }
        out.push(b':');
        let others = std::iter::successors(again, |&before| repeats.next(before));
        let values = || std::iter::once(index).chain(others.clone()).filter_map(|index| lines.get(index));
        if secret.is_some() || values().any(|field| !field.plain && secrets.stand_in(field.raw_value.of(bytes))) {
            push_text(out, REDACTED);
        } else {
            let mut value = field.value(bytes);
            if again.is_some() {
                let joint: &[u8] = if field.is_named(b"cookie", bytes) { b"; " } else { b", " };
                value = values().map(|field| field.value(bytes)).collect::<Vec<_>>().join(joint).into();
            }
            if targets.has_parameters() && URL_FIELDS.iter().any(|url| field.is(url, bytes)) {
                value = targets.redact(&value).into_owned().into();
            }
            self.cut |= push_text_within(out, &value, limit.saturating_sub(out.len()));
        }
        if out.len() > limit {
            out.truncate(start);
            self.cut = true;
            return;
        }
        out.push(b',');
    }
}

/// A member and its comma: neither a token nor a plain value needs an escape.
///
/// A short text is copied as a block of fixed size, of which the excess is taken back: that costs less than calling
/// memcpy. A call for each field costs one in fifty of all instructions.
#[inline(always)]
fn push_plain_field(out: &mut Vec<u8>, field: &Field, bytes: &[u8]) {
    const NAME_BYTES: usize = 16;
    const VALUE_BYTES: usize = 32;
    out.push(b'"');
    let end = out.len() + field.name.len();
    match field.name.onward(bytes).first_chunk::<NAME_BYTES>() {
        Some(block) if field.name.len() <= NAME_BYTES => {
            out.extend_from_slice(&block.map(|byte| byte.to_ascii_lowercase()));
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
