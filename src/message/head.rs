//! A message's head: start line and fields, as spans into the bytes they were read from (RFC 9110 §5, §6).
#![allow(clippy::indexing_slicing, reason = "tables of 256 entries, indexed by a byte")]

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ops::Deref;

use super::words::{is_lower_case, is_name, is_plain, name_hash, same_name, scan_name};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// `start <= end`. Readers of heads cap them far below 4 GiB, so the casts keep the value.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The same with another end.
    pub(crate) fn up_to(self, end: usize) -> Self {
        Self::new(self.start as usize, end)
    }

    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The same bytes, if so many more (or fewer) stand before them.
    fn moved(self, by: i32) -> Self {
        Self { start: self.start.wrapping_add_signed(by), end: self.end.wrapping_add_signed(by) }
    }

    /// From its first byte to the end of all.
    pub fn onward<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start as usize..).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: Span,
    pub raw_value: Span,
    /// The same for names that differ in case only.
    pub name_hash: u32,
    /// `raw_value` is the value, and all of it is plain (`words`).
    pub plain: bool,
    /// The value goes over several lines (obs-fold, RFC 9112 §5.2) or has a CR or NUL in it (RFC 9110 §5.5): each such
    /// place is read as one space.
    pub uneven: bool,
    /// Not only token characters stand before the colon.
    pub odd_name: bool,
}

impl Field {
    /// A field that was decoded, not read from a line: `name` and `value` are spans of `bytes`. If there is CR, LF or NUL in them,
    /// the caller flags the message (RFC 9113 §8.2.1).
    pub fn decoded(bytes: &[u8], name: Span, raw_value: Span) -> Self {
        let (text, value) = (name.of(bytes), raw_value.of(bytes));
        let (ordinary, _) = scan_name(text, 0);
        Self {
            name,
            raw_value,
            name_hash: name_hash(text),
            plain: ordinary == text.len() && is_plain(value),
            uneven: false,
            odd_name: !text.iter().all(|&byte| is_token(byte)),
        }
    }

    /// Where its line begins.
    pub(super) fn start(&self) -> usize {
        self.name.start as usize
    }

    /// The same line, if so many more bytes (or fewer) stand before it.
    pub(super) fn moved(&self, by: i32) -> Self {
        Self { name: self.name.moved(by), raw_value: self.raw_value.moved(by), ..*self }
    }

    /// The value without surrounding whitespace.
    #[inline]
    pub fn value<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let raw = self.raw_value.of(bytes);
        if self.uneven { Cow::Owned(joined(raw)) } else { Cow::Borrowed(raw) }
    }

    pub fn is_named(&self, name: &[u8], bytes: &[u8]) -> bool {
        same_name(self.name.of(bytes), name)
    }

    /// The same for a name that is known beforehand.
    #[inline]
    pub fn is(&self, known: &KnownName, bytes: &[u8]) -> bool {
        self.name_hash == known.hash && is_name(self.name.of(bytes), known.name)
    }
}

/// A value over several lines as one, with a space between two.
#[cold]
fn joined(raw: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw.len());
    for line in raw.split(|b| matches!(b, b'\n' | b'\r' | 0)).map(trim_ows).filter(|line| !line.is_empty()) {
        if !value.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(line);
    }
    value
}

/// A field name that every message is searched for: few fields get further than its hash.
#[derive(Debug)]
pub struct KnownName {
    name: &'static [u8],
    hash: u32,
}

impl KnownName {
    /// In lower case; another is an error of the build where it stands in a `static`.
    pub const fn new(name: &'static [u8]) -> Self {
        assert!(is_lower_case(name));
        Self { name, hash: name_hash(name) }
    }

    pub const fn hash(&self) -> u32 {
        self.hash
    }
}

/// A bit for each name, and for others too.
pub const fn name_bit(name_hash: u32) -> u64 {
    1 << (name_hash & 63)
}

/// Stands for the bytes of a section that is kept (`SeenFields`): no other section has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionNumber(pub(super) NonZeroU64);

/// The field lines of a head or of trailers, with what is asked of each of them again and again: which names it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldLines {
    lines: Vec<Field>,
    /// The `name_bit` of each name.
    names: u64,
    /// The `name_bit` of each name that may be there twice.
    repeated: u64,
    /// Of the section that they are all fields of, if it is kept and they are unchanged since.
    section: Option<SectionNumber>,
}

impl FieldLines {
    #[inline]
    pub fn push(&mut self, field: Field) {
        self.note_name(&field);
        self.lines.push(field);
    }

    pub fn push_first(&mut self, field: Field) {
        self.note_name(&field);
        self.lines.insert(0, field);
    }

    #[inline]
    fn note_name(&mut self, field: &Field) {
        let bit = name_bit(field.name_hash);
        self.repeated |= self.names & bit;
        self.names |= bit;
        self.section = None;
    }

    pub fn clear(&mut self) {
        self.lines.clear();
        (self.names, self.repeated, self.section) = (0, 0, None);
    }

    /// Takes over all of others, so many bytes later.
    pub(super) fn copy_moved(&mut self, others: &Self, later: usize) {
        self.copy(others, later as i32);
    }

    pub(super) fn copy_moved_back(&mut self, others: &Self, earlier: usize) {
        self.copy(others, (earlier as i32).wrapping_neg());
    }

    fn copy(&mut self, others: &Self, by: i32) {
        self.lines.clear();
        self.lines.extend(others.lines.iter().map(|field| field.moved(by)));
        (self.names, self.repeated, self.section) = (others.names, others.repeated, others.section);
    }

    /// After the last field was pushed.
    pub(super) fn set_section(&mut self, section: Option<SectionNumber>) {
        self.section = section;
    }

    /// Others with the same number are the same, but for where they stand.
    #[inline]
    pub fn section(&self) -> Option<SectionNumber> {
        self.section
    }

    /// To change another thing than its name.
    pub fn last_mut(&mut self) -> Option<&mut Field> {
        self.section = None;
        self.lines.last_mut()
    }

    /// The `name_bit` of each name that may be there twice.
    #[inline]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The fields of that name.
    #[inline]
    pub fn named<'a>(&'a self, known: &'static KnownName, bytes: &'a [u8]) -> impl Iterator<Item = &'a Field> {
        let lines: &[Field] = if self.may_have(known) { &self.lines } else { &[] };
        lines.iter().filter(move |field| field.is(known, bytes))
    }

    /// False if no field has that name.
    #[inline]
    pub fn may_have(&self, known: &KnownName) -> bool {
        self.names & name_bit(known.hash) != 0
    }

    pub fn memory_bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Field>()
    }
}

impl FromIterator<Field> for FieldLines {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut all = Self::default();
        fields.into_iter().for_each(|field| all.push(field));
        all
    }
}

impl Deref for FieldLines {
    type Target = [Field];

    #[inline]
    fn deref(&self) -> &[Field] {
        &self.lines
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine {
    Request { method: Span, target: Span },
    Status { code: u16, reason: Span },
}

/// `HTTP/major.minor`, a digit each (RFC 9112 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

impl Version {
    pub const HTTP_1_0: Self = Self { major: 1, minor: 0 };
    pub const HTTP_1_1: Self = Self { major: 1, minor: 1 };
    pub const HTTP_2: Self = Self { major: 2, minor: 0 };
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub start: StartLine,
    /// As it was sent. All but 1.0 are read as 1.1 is: most servers answer so, and a message that has this form is none of HTTP/2.
    pub version: Version,
    pub fields: FieldLines,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            start: StartLine::Status { code: 0, reason: Span::default() },
            version: Version::HTTP_1_1,
            fields: FieldLines::default(),
        }
    }
}

impl Head {
    pub fn method<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match &self.start {
            StartLine::Request { method, .. } => method.of(bytes),
            StartLine::Status { .. } => &[],
        }
    }

    pub fn target<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        match &self.start {
            StartLine::Request { target, .. } => target.of(bytes),
            StartLine::Status { .. } => &[],
        }
    }
}

/// Without the optional white space around it: spaces and tabs, and nothing else (RFC 9110 §5.6.3).
pub fn trim_ows(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|&b| !is_ows(b)).unwrap_or(value.len());
    trim_ows_end(value.get(start..).unwrap_or_default())
}

pub fn trim_ows_end(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|&b| !is_ows(b)).map_or(0, |last| last + 1);
    value.get(..end).unwrap_or_default()
}

const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `tchar` of RFC 9110 §5.6.2.
pub const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    table
};
