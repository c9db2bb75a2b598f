//! Lines to events, as the HTML standard reads them (§9.2.6).

use memchr::{memchr, memchr2};

use crate::protocol::body::Body;
use crate::time::Timestamp;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// The longest name of a field that means anything.
const MAX_NAME_BYTES: usize = 5;
/// Bytes that are kept of a value that is not data. Types and ids are short.
const MAX_VALUE_BYTES: usize = 4 << 10;

#[derive(Debug, Default)]
pub(super) struct Event {
    /// Of the packet that began it.
    pub at: Option<Timestamp>,
    pub data: Body,
    has_data: bool,
    pub kind: Option<Vec<u8>>,
    pub id: Option<Vec<u8>>,
    pub retry: Option<u64>,
    pub gap_bytes: u64,
    /// Bytes of it are missing that `data` does not know of.
    pub is_cut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Id,
    Retry,
    /// A comment, or a field that means nothing.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// In the name, or nothing of the line was seen yet.
    Name,
    /// After the colon: one space is no part of the value.
    Colon(Field),
    Value(Field),
}

#[derive(Debug)]
pub(super) struct Parser {
    /// How much of a byte order mark was seen; all of it once the stream has begun.
    mark: usize,
    /// A line has ended with CR: an LF after it belongs to it.
    after_cr: bool,
    line: Line,
    /// The name of the field, or its beginning.
    name: Vec<u8>,
    line_at: Timestamp,
    value: Vec<u8>,
    event: Event,
    /// After a loss: lines are passed over up to an empty one. True if the line at hand is known to have nothing so far.
    resync: Option<bool>,
}

impl Parser {
    pub fn new() -> Self {
        Self {
            mark: 0,
            after_cr: false,
            line: Line::Name,
            name: Vec::new(),
            line_at: Timestamp::UNKNOWN,
            value: Vec::new(),
            event: Event::default(),
            resync: None,
        }
    }

    /// Takes bytes of the stream that were captured `at`, and hands on the events that end in them.
    pub fn feed(&mut self, mut bytes: &[u8], at: Timestamp, max_bytes: usize, mut give: impl FnMut(&Event)) {
        while self.mark < BOM.len() {
            let Some((first, rest)) = bytes.split_first() else { return };
            if BOM.get(self.mark) != Some(first) {
                let seen = std::mem::replace(&mut self.mark, BOM.len());
                self.push(BOM.get(..seen).unwrap_or_default(), at, max_bytes);
                break;
            }
            self.mark += 1;
            bytes = rest;
        }
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let end = memchr2(b'\r', b'\n', bytes);
            let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.push(piece, at, max_bytes);
            bytes = rest;
            if let Some((last, rest)) = rest.split_first() {
                self.after_cr = *last == b'\r';
                self.end_line(max_bytes, &mut give);
                bytes = rest;
            }
        }
    }

    /// So many bytes are lost, or nothing is known of what is kept. The part of an event that is there comes out.
    pub fn lose(&mut self, bytes: u64, mut give: impl FnMut(&Event)) {
        self.mark = BOM.len();
        let mut event = std::mem::take(&mut self.event);
        if event.has_data {
            event.gap_bytes = bytes;
            event.is_cut = true;
            give(&event);
        }
        self.begin_line();
        self.after_cr = false;
        self.resync = Some(false);
    }

    pub fn held_bytes(&self) -> usize {
        let Event { data, kind, id, .. } = &self.event;
        let texts = [kind, id].into_iter().flatten().map(Vec::capacity).sum::<usize>();
        data.buffered_bytes() + texts + self.name.capacity() + self.value.capacity()
    }

    /// A part of a line.
    fn push(&mut self, mut piece: &[u8], at: Timestamp, max_bytes: usize) {
        if piece.is_empty() {
            return;
        }
        if let Some(is_empty) = &mut self.resync {
            *is_empty = false;
            return;
        }
        if self.line == Line::Name {
            if self.name.is_empty() {
                self.line_at = at;
            }
            let colon = memchr(b':', piece);
            let name = piece.get(..colon.unwrap_or(piece.len())).unwrap_or_default();
            let room = (MAX_NAME_BYTES + 1).saturating_sub(self.name.len());
            self.name.extend_from_slice(name.get(..name.len().min(room)).unwrap_or_default());
            let Some(colon) = colon else { return };
            self.begin_value(max_bytes);
            piece = piece.get(colon + 1..).unwrap_or_default();
        }
        if let Line::Colon(field) = self.line
            && let Some(first) = piece.first()
        {
            self.line = Line::Value(field);
            if *first == b' ' {
                piece = piece.get(1..).unwrap_or_default();
            }
        }
        match self.line {
            Line::Value(Field::Data) => self.event.data.push(piece, max_bytes),
            Line::Value(Field::Event | Field::Id | Field::Retry) => {
                let room = MAX_VALUE_BYTES.saturating_sub(self.value.len());
                self.value.extend_from_slice(piece.get(..piece.len().min(room)).unwrap_or_default());
                self.event.is_cut |= piece.len() > room;
            }
            Line::Name | Line::Colon(_) | Line::Value(Field::Other) => {}
        }
    }

    /// The name is known.
    fn begin_value(&mut self, max_bytes: usize) {
        let field = match self.name.as_slice() {
            b"data" => Field::Data,
            b"event" => Field::Event,
            b"id" => Field::Id,
            b"retry" => Field::Retry,
            _ => Field::Other,
        };
        self.line = Line::Colon(field);
        self.value.clear();
        if field == Field::Other {
            return;
        }
        self.event.at.get_or_insert(self.line_at);
        if field == Field::Data && std::mem::replace(&mut self.event.has_data, true) {
            self.event.data.push(b"\n", max_bytes);
        }
    }

    fn end_line(&mut self, max_bytes: usize, give: &mut impl FnMut(&Event)) {
        if let Some(is_empty) = &mut self.resync {
            if std::mem::replace(is_empty, true) {
                self.resync = None;
            }
            return;
        }
        if self.line == Line::Name && self.name.is_empty() {
            return self.dispatch(give);
        }
        if self.line == Line::Name {
            self.begin_value(max_bytes);
        }
        if let Line::Colon(field) | Line::Value(field) = self.line {
            let value = std::mem::take(&mut self.value);
            match field {
                Field::Event => self.event.kind = Some(value),
                Field::Id if !value.contains(&0) => self.event.id = Some(value),
                Field::Retry if value.iter().all(u8::is_ascii_digit) => {
                    let number = std::str::from_utf8(&value).ok().and_then(|digits| digits.parse().ok());
                    self.event.retry = number.or(self.event.retry);
                }
                Field::Data | Field::Id | Field::Retry | Field::Other => {}
            }
        }
        self.begin_line();
    }

    fn begin_line(&mut self) {
        self.line = Line::Name;
        self.name.clear();
        self.value = Vec::new();
    }

    /// An empty line. Without data there is no event; a time to wait counts all the same.
    fn dispatch(&mut self, give: &mut impl FnMut(&Event)) {
        let event = std::mem::take(&mut self.event);
        if event.has_data {
            give(&event);
        } else {
            self.event.retry = event.retry;
        }
    }
}
