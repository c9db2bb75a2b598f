//! The dynamic table (RFC 7541 §2.3.2), as far as it was seen.
//!
//! The encoder's table is a queue: an insertion goes to its front, an eviction takes from its end. So the newest entries of
//! it are the last that were inserted, in that order, and index 0 is the last insertion that was kept. `entries` holds those that
//! were seen since the last loss, and never an entry that lies before a hole.
//!
//! An index below `entries.len()` therefore has the right entry, though it may not be known what the encoder evicted:
//! - Evictions take from the end. They move no entry that is left, and an entry that a conforming encoder refers to is
//!   left.
//! - An insertion that is larger than the table empties it and adds nothing (§4.4). Where an entry's size is not known
//!   (its name was inserted before the capture), or the table's is not, it is added here in any case. If the encoder did
//!   not add it, its table was empty after it, and no later index goes as far back as this entry: all that lie before it
//!   here are out of reach. If it did, they are where they are here.
//!
//! An entry that may be evicted only tells whether an index can exist at all. For that `size` is at most what the same entries
//! count in the encoder's table, and `max_size` at least the encoder's maximum.

use std::collections::VecDeque;
use std::sync::Arc;

use super::block::FIELD_OVERHEAD_BYTES;

/// Kept of one table, whatever the SETTINGS allow: 64 KiB is the most that browsers and proxies ask for.
pub const MAX_TABLE_BYTES: usize = 64 << 10;
/// An index repeats a name for one byte. Names that are longer than this are shared instead of copied, so that decoding
/// stays in proportion to the block.
const MAX_COPIED_NAME_BYTES: usize = 128;
/// Bytes of evicted entries that may lie in the buffer besides those of as many bytes as are in use.
const MAX_UNUSED_BYTES: usize = 512;

#[derive(Debug, Clone)]
pub(super) struct DynamicTable {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Names and values of the entries, the oldest first.
    bytes: Vec<u8>,
    /// Which of `bytes` the oldest entry begins with.
    start: usize,
    /// How many bytes were ever removed in front of `bytes`; wraps.
    removed: usize,
    /// The size of the entries (RFC 7541 §4.1); a lower bound if a name is not known.
    size: usize,
    /// The encoder's maximum, at most.
    max_size: usize,
    /// The encoder may have entries that are older than those here.
    has_older: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Name,
    /// Where its bytes begin, counted from the first byte ever; wraps.
    at: usize,
    name_len: u32,
    value_len: u32,
}

#[derive(Debug, Clone)]
enum Name {
    Unknown,
    Static(&'static [u8]),
    /// In front of the value.
    Here,
    Shared(Arc<[u8]>),
}

/// The name of an entry that is inserted.
#[derive(Debug, Clone, Copy)]
pub(super) enum NewName<'a> {
    Unknown,
    Static(&'static [u8]),
    Literal(&'a [u8]),
    /// Of the entry with this index.
    Entry(usize),
}

/// The entry that an index refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// The name, if it is known, and the value.
    Known(Option<&'a [u8]>, &'a [u8]),
    Unknown,
    /// No encoder has such an entry.
    Nothing,
}

impl DynamicTable {
    /// An empty table.
    pub(super) fn new(max_size: usize) -> Self {
        let (entries, bytes) = (VecDeque::new(), Vec::new());
        Self { entries, bytes, start: 0, removed: 0, size: 0, max_size, has_older: false }
    }

    /// Its entries are not known any more.
    pub(super) fn lose(&mut self, max_size: usize) {
        *self = Self { has_older: true, ..Self::new(self.max_size.max(max_size)) };
    }

    pub(super) fn memory_bytes(&self) -> usize {
        // A name that is shared counts in `size` for each entry that has it.
        self.entries.capacity() * size_of::<Entry>() + self.bytes.capacity() + self.size
    }

    /// The size of its entries, for tests.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// No entry of the encoder's table is unknown, for tests.
    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        !self.has_older && self.entries.iter().all(|entry| !matches!(entry.name, Name::Unknown))
    }

    pub(super) fn set_max_size(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.evict();
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Found<'_> {
        let Some(entry) = self.entries.get(index) else { return self.beyond(index) };
        Found::Known(self.name(entry), self.value(entry))
    }

    /// Entries between the last one here and `index` count 32 bytes each at least.
    fn beyond(&self, index: usize) -> Found<'static> {
        let missing = index.saturating_sub(self.entries.len()).saturating_add(1);
        let at_least = missing.saturating_mul(FIELD_OVERHEAD_BYTES).saturating_add(self.size);
        if self.has_older && at_least <= self.max_size { Found::Unknown } else { Found::Nothing }
    }

    fn name<'a>(&'a self, entry: &'a Entry) -> Option<&'a [u8]> {
        match &entry.name {
            Name::Unknown => None,
            Name::Static(name) => Some(name),
            Name::Here => Some(self.slice(entry.at, entry.name_len)),
            Name::Shared(name) => Some(name),
        }
    }

    fn value(&self, entry: &Entry) -> &[u8] {
        let name_len = if matches!(entry.name, Name::Here) { entry.name_len as usize } else { 0 };
        self.slice(entry.at.wrapping_add(name_len), entry.value_len)
    }

    fn slice(&self, at: usize, len: u32) -> &[u8] {
        let begin = at.wrapping_sub(self.removed);
        self.bytes.get(begin..begin.saturating_add(len as usize)).unwrap_or_default()
    }

    /// RFC 7541 §4.4.
    pub(super) fn insert(&mut self, name: NewName<'_>, value: &[u8]) {
        let at = self.bytes.len().wrapping_add(self.removed);
        let (name, name_len) = match name {
            NewName::Unknown => (Name::Unknown, 0),
            NewName::Static(name) => (Name::Static(name), name.len()),
            NewName::Literal(name) => {
                self.bytes.extend_from_slice(name);
                (Name::Here, name.len())
            }
            NewName::Entry(index) => self.repeat_name(index),
        };
        self.bytes.extend_from_slice(value);
        let len = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let entry = Entry { name, at, name_len: len(name_len), value_len: len(value.len()) };
        self.size = self.size.saturating_add(entry.size());
        self.entries.push_front(entry);
        self.evict();
        self.compact();
    }

    /// The name of an entry for another: a copy in `bytes`, unless it is long.
    fn repeat_name(&mut self, index: usize) -> (Name, usize) {
        let removed = self.removed;
        let Some(entry) = self.entries.get_mut(index) else { return (Name::Unknown, 0) };
        let len = entry.name_len as usize;
        if !matches!(entry.name, Name::Here) {
            return (entry.name.clone(), len);
        }
        let begin = entry.at.wrapping_sub(removed);
        let name = begin..begin.saturating_add(len);
        if len <= MAX_COPIED_NAME_BYTES && name.end <= self.bytes.len() {
            self.bytes.extend_from_within(name);
            return (Name::Here, len);
        }
        let shared: Arc<[u8]> = self.bytes.get(name).unwrap_or_default().into();
        entry.name = Name::Shared(Arc::clone(&shared));
        entry.at = entry.at.wrapping_add(len);
        (Name::Shared(shared), len)
    }

    /// Removes what the encoder removed for certain, and what is too much to be kept.
    fn evict(&mut self) {
        while self.size > self.max_size.min(MAX_TABLE_BYTES) {
            let Some(oldest) = self.entries.pop_back() else { break };
            // All that is older went before it.
            self.has_older = self.size <= self.max_size;
            self.size -= oldest.size();
        }
        if self.size.saturating_add(FIELD_OVERHEAD_BYTES) > self.max_size {
            self.has_older = false;
        }
        let in_use = self.entries.back().map(|oldest| oldest.at.wrapping_sub(self.removed));
        self.start = in_use.unwrap_or(self.bytes.len());
    }

    /// Moves the bytes in use to the front when at least as many are not: a byte moves once for each that is removed.
    fn compact(&mut self) {
        let in_use = self.bytes.len().saturating_sub(self.start);
        if self.start > in_use + MAX_UNUSED_BYTES {
            self.bytes.drain(..self.start);
            self.removed = self.removed.wrapping_add(self.start);
            self.start = 0;
            // A single entry can be as large as a block.
            self.bytes.shrink_to(2 * MAX_TABLE_BYTES);
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.name_len as usize + self.value_len as usize + FIELD_OVERHEAD_BYTES
    }
}
