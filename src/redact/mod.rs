//! Secrets in text, by their names: which they are, and where their values stand.
//!
//! In: names that the user gave; later a field's name, a request target, a body and its `Content-Type`. Out: the same without the
//! values of those names. Refuses to know messages, content-codings and charsets: a body comes as text, or as the bytes of one.
//!
//! The rule for what cannot be read: where a name may stand in it, it is not shown.

mod find;
mod json;
mod kind;
mod members;
mod multipart;
mod names;
mod search;
mod tables;
mod target;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vectors;

use std::ops::Range;

use find::Finder;
use json::{BYTE_ORDER_MARK, Found};
pub use kind::Kind;
use kind::{begins_as_json, without_zeros};
use memchr::memchr2;
pub(crate) use names::{Names, REDACTED};
pub use search::Nothing;
pub(crate) use target::Targets;

/// Multiparts in multiparts are looked into so deep; files that were chosen together once came so (RFC 7578 §4.3).
const MAX_NESTING: usize = 2;

/// How much of a body was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// The values of named members and fields.
    Values,
    /// And all after a place from which on it could not be read.
    Rest,
    /// All of it: it could not be read.
    All,
}

impl Extent {
    /// As it stands in a line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Rest => "rest",
            Self::All => "all",
        }
    }
}

/// A body without the values of the names.
#[derive(Debug, PartialEq, Eq)]
pub struct Redacted {
    pub text: Vec<u8>,
    pub extent: Extent,
}

impl Redacted {
    pub fn all() -> Self {
        Self { text: REDACTED.to_vec(), extent: Extent::All }
    }
}

/// Replaces the values of members and fields with given names in bodies.
#[derive(Debug)]
pub struct Redactor {
    members: Finder,
    fields: Targets,
    field_names: Names,
}

/// The parts of a text that are replaced.
#[derive(Debug, Default)]
struct Secrets {
    /// In order, and whether they are values of JSON.
    values: Vec<(Range<usize>, bool)>,
    rest_from: Option<usize>,
}

impl Redactor {
    /// `None` without names.
    pub fn new(names: &[String]) -> Option<Self> {
        let names = names.iter().map(String::as_str);
        (names.len() > 0).then(|| Self {
            members: Finder::new(names.clone()),
            fields: Targets::new(names.clone(), false),
            field_names: Names::new(names),
        })
    }

    /// `Some` if it is sure, after a quick look, that there is nothing to replace.
    pub fn nothing_in(&self, text: &[u8], kind: &Kind) -> Option<Nothing> {
        match kind.in_fact(text) {
            // A form may begin as JSON does.
            Kind::Json if matches!(kind, Kind::Form | Kind::Unknown) && memchr2(b'=', b'%', text).is_some() => None,
            Kind::Json | Kind::Events | Kind::Lines => self.members.nothing_in(text),
            Kind::Other => Some(Nothing { is_ascii: false }),
            Kind::Unknown | Kind::Form | Kind::Multipart { .. } => {
                text.is_empty().then_some(Nothing { is_ascii: true })
            }
        }
    }

    /// `None` if there is nothing to replace. The text may be cut: a value without its end is replaced as far as it goes.
    pub fn redact(&self, text: &[u8], kind: &Kind) -> Option<Redacted> {
        if *kind == Kind::Unknown {
            return self.redact(text, &Kind::guessed(text));
        }
        let in_fact = kind.in_fact(text);
        if *in_fact != Kind::Form {
            let mut secrets = Secrets::default();
            self.find(text, in_fact, 0, MAX_NESTING, &mut secrets);
            let redacted = secrets.replace(text);
            if redacted.is_some() || *kind != Kind::Form {
                return redacted;
            }
        }
        let redacted = self.fields.redact_form(text);
        // A form may begin as JSON does, and JSON may have a query in a string.
        let is_form = || *in_fact == Kind::Form || self.members.walk(text).lost_at.is_some();
        (*redacted != *text && is_form()).then(|| Redacted { text: redacted.into_owned(), extent: Extent::Values })
    }

    /// True if there is something to replace in bytes that are text by a charset which may not be theirs.
    pub fn finds_in_bytes(&self, bytes: &[u8], kind: &Kind) -> bool {
        self.redact(&without_zeros(bytes), kind).is_some()
    }

    /// Adds what is to be replaced in a piece of a text, which begins at `start` in it.
    fn find(&self, piece: &[u8], kind: &Kind, start: usize, nesting: usize, secrets: &mut Secrets) {
        match kind.in_fact(piece) {
            Kind::Json => secrets.add(self.members.find(piece), start),
            Kind::Events if self.members.nothing_in(piece).is_none() => {
                self.find_in_lines(piece, b"data:", start, secrets);
            }
            Kind::Lines if self.members.nothing_in(piece).is_none() => self.find_in_lines(piece, b"", start, secrets),
            Kind::Multipart { boundary, is_form } => {
                let (parts, lost_at) = multipart::parts(piece, boundary);
                for part in parts {
                    let content = piece.get(part.content.clone()).unwrap_or_default();
                    let at = start + part.content.start;
                    let all = at..at + content.len();
                    let is_named = |name: &Vec<u8>| self.field_names.find(name).is_some();
                    let unknown = *is_form && part.names.is_empty();
                    let unread = part.kind != Kind::Other && (!part.is_plain || nesting == 0);
                    if unknown || unread || part.names.iter().any(is_named) {
                        secrets.values.push((all, false));
                    } else {
                        self.find(content, &part.kind, at, nesting.saturating_sub(1), secrets);
                    }
                    if secrets.rest_from.is_some() {
                        return;
                    }
                }
                secrets.rest_from = lost_at.map(|at| start + at);
            }
            Kind::Form if *self.fields.redact_form(piece) != *piece => {
                secrets.values.push((start..start + piece.len(), false));
            }
            Kind::Form | Kind::Events | Kind::Lines | Kind::Unknown | Kind::Other => {}
        }
    }

    /// Each line with this before it by itself. JSON over several lines is not read: from its second one on nothing is known.
    fn find_in_lines(&self, text: &[u8], before: &[u8], start: usize, secrets: &mut Secrets) {
        let marked = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut at = start + text.len() - marked.len();
        for line in marked.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            if let Some(data) =
                line.strip_prefix(before).map(<[u8]>::trim_ascii_end).filter(|data| begins_as_json(data))
            {
                let mut found = self.members.walk(data);
                if found.open && found.lost_at.is_none() {
                    found.lost_at = Some(data.len());
                }
                secrets.add(found, at + before.len());
                if secrets.rest_from.is_some() {
                    return;
                }
            }
            at += line.len();
        }
    }
}

impl Secrets {
    fn add(&mut self, found: Found, start: usize) {
        let moved = |value: Range<usize>| (start + value.start..start + value.end, true);
        self.values.extend(found.values.into_iter().map(moved));
        self.rest_from = found.lost_at.map(|at| start + at);
    }

    fn replace(self, text: &[u8]) -> Option<Redacted> {
        if self.values.is_empty() && self.rest_from.is_none() {
            return None;
        }
        let (mut out, mut copied) = (Vec::with_capacity(text.len() + REDACTED.len()), 0);
        for (Range { start, end }, quoted) in self.values {
            out.extend_from_slice(text.get(copied..start).unwrap_or_default());
            let quote: &[u8] = if quoted { b"\"" } else { b"" };
            for part in [quote, REDACTED, quote] {
                out.extend_from_slice(part);
            }
            copied = end;
        }
        let mut extent = Extent::Values;
        match self.rest_from {
            None => out.extend_from_slice(text.get(copied..).unwrap_or_default()),
            Some(rest) => {
                extent = if rest == 0 { Extent::All } else { Extent::Rest };
                out.extend_from_slice(text.get(copied..rest).unwrap_or_default());
                // After a value that was replaced up to its end nothing is left.
                if rest.max(copied) < text.len() {
                    out.extend_from_slice(REDACTED);
                }
            }
        }
        Some(Redacted { text: out, extent })
    }
}
