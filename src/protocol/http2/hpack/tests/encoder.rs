//! An encoder that does whatever RFC 7541 allows, as it is told, with a table of its own.

use super::Pair;
use crate::protocol::http2::hpack::{huffman, static_table};

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choice {
    /// Indexed, where an entry is the same.
    pub(super) indexed: bool,
    pub(super) kind: Kind,
    /// The name by index, where an entry has it.
    pub(super) indexed_name: bool,
    pub(super) huffman_name: bool,
    pub(super) huffman_value: bool,
    /// Where several entries serve, the oldest.
    pub(super) oldest: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Kind {
    #[default]
    Inserted,
    Plain,
    NeverIndexed,
}

pub(super) const INSERTED: Choice = Choice {
    indexed: true,
    kind: Kind::Inserted,
    indexed_name: true,
    huffman_name: false,
    huffman_value: false,
    oldest: false,
};

#[derive(Debug)]
pub(super) struct Encoder {
    /// The newest first, each with its number.
    pub(super) table: Vec<(Pair, usize)>,
    max_size: usize,
    insertions: usize,
}

/// Which entries of the dynamic table a field has to do with, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) used: Option<usize>,
    pub(super) inserted: Option<usize>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { table: Vec::new(), max_size: 4_096, insertions: 0 }
    }

    pub(super) fn size(&self) -> usize {
        self.table.iter().map(|((name, value), _)| name.len() + value.len() + 32).sum()
    }

    pub(super) fn set_size(&mut self, bytes: usize, out: &mut Vec<u8>) {
        integer(bytes, 5, 0x20, out);
        self.max_size = bytes;
        self.evict();
    }

    fn evict(&mut self) {
        while self.size() > self.max_size {
            self.table.pop();
        }
    }

    pub(super) fn field(&mut self, (name, value): &Pair, choice: Choice, out: &mut Vec<u8>) -> Trace {
        let number = |index: usize| Some(self.table.get(index.checked_sub(62)?)?.1);
        let same = self.find(|n, v| n == name && v == value, choice.oldest);
        if let (true, Some(index)) = (choice.indexed, same) {
            integer(index, 7, 0x80, out);
            return Trace { used: number(index), inserted: None };
        }
        let (bits, first) = match choice.kind {
            Kind::Inserted => (6, 0x40),
            Kind::Plain => (4, 0),
            Kind::NeverIndexed => (4, 0x10),
        };
        let of_name = self.find(|n, _| n == name, choice.oldest).filter(|_| choice.indexed_name);
        let used = of_name.and_then(number);
        if let Some(index) = of_name {
            integer(index, bits, first, out);
        } else {
            out.push(first);
            string(name, choice.huffman_name, out);
        }
        string(value, choice.huffman_value, out);
        let inserted = matches!(choice.kind, Kind::Inserted).then_some(self.insertions);
        if inserted.is_some() {
            self.table.insert(0, ((name.clone(), value.clone()), self.insertions));
            self.insertions += 1;
            self.evict();
        }
        Trace { used, inserted }
    }

    fn find(&self, serves: impl Fn(&[u8], &[u8]) -> bool, oldest: bool) -> Option<usize> {
        let fixed = (1..=61).map(|index| static_table::entry(index).unwrap());
        let own = self.table.iter().map(|((name, value), _)| (&name[..], &value[..]));
        let mut places =
            (1..).zip(fixed.chain(own)).filter(|(_, (name, value))| serves(name, value)).map(|(place, _)| place);
        if oldest { places.last() } else { places.next() }
    }

    pub(super) fn block(&mut self, fields: &[Pair], choice: Choice) -> Vec<u8> {
        let mut out = Vec::new();
        for field in fields {
            self.field(field, choice, &mut out);
        }
        out
    }
}

pub(super) fn integer(value: usize, bits: u32, first: u8, out: &mut Vec<u8>) {
    let max = (1 << bits) - 1;
    if value < max {
        return out.push(first | value as u8);
    }
    out.push(first | max as u8);
    let mut rest = value - max;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn string(text: &[u8], coded: bool, out: &mut Vec<u8>) {
    if coded {
        let coded = huffman::encode(text);
        integer(coded.len(), 7, 0x80, out);
        out.extend(coded);
    } else {
        integer(text.len(), 7, 0, out);
        out.extend(text);
    }
}
