//! The fields of one header block: all their bytes in one buffer, which is used again for the next block.

use crate::message::Span;

/// Of one block's fields, counted as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2): four times what most
/// servers take. A block of 12 kB can stand for many megabytes.
pub const MAX_HEADER_BLOCK_BYTES: usize = 256 << 10;
/// Of one block: ten times what a browser sends.
pub const MAX_HEADER_FIELDS: usize = 1_024;
/// The size that a field counts besides its name and value (RFC 7541 §4.1).
pub(super) const FIELD_OVERHEAD_BYTES: usize = 32;
/// A larger buffer is given back to the allocator when the block is cleared.
const MAX_SPARE_BYTES: usize = 64 << 10;

/// The fields of one header block.
#[derive(Debug, Clone, Default)]
pub struct FieldBlock {
    bytes: Vec<u8>,
    fields: Vec<Place>,
    /// Fields whose name or value is not known, because the entry they refer to was inserted in a block that was not seen.
    pub unknown_fields: u32,
    /// The first field is one of those.
    pub begins_unknown: bool,
    /// Fields that were left out because the block is over a limit. They follow all those that were kept.
    pub fields_over_limit: u32,
    /// `MAX_HEADER_BLOCK_BYTES` was reached.
    pub over_bytes: bool,
    /// `MAX_HEADER_FIELDS` was reached.
    pub over_fields: bool,
    list_bytes: usize,
}

/// Where a field's name and value lie: one after the other.
#[derive(Debug, Clone, Copy)]
struct Place {
    name: u32,
    value: u32,
    end: u32,
    never_indexed: bool,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// The sender asks that no one on the way puts it into a table (RFC 7541 §7.1.3).
    pub never_indexed: bool,
}

impl FieldBlock {
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties it for the next block.
    pub fn clear(&mut self) {
        let (mut bytes, mut fields) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.fields));
        bytes.clear();
        bytes.shrink_to(MAX_SPARE_BYTES);
        fields.clear();
        *self = Self { bytes, fields, ..Self::default() };
    }

    /// In the order in which they were sent.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.fields.iter().map(|place| self.at(*place))
    }

    pub fn get(&self, index: usize) -> Option<Field<'_>> {
        self.fields.get(index).map(|place| self.at(*place))
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// There are fields in the block that are not here.
    pub fn is_incomplete(&self) -> bool {
        self.unknown_fields > 0 || self.fields_over_limit > 0
    }

    /// The size of the field list (RFC 9113 §6.5.2).
    pub fn list_bytes(&self) -> usize {
        self.list_bytes
    }

    /// Memory that it holds.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.fields.capacity() * size_of::<Place>()
    }

    /// The bytes of all fields.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where names and values lie in `bytes`.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = (Span, Span)> {
        let span = |from: u32, to: u32| Span::new(from as usize, to as usize);
        self.fields.iter().map(move |place| (span(place.name, place.value), span(place.value, place.end)))
    }

    /// Adds text that is part of no field.
    pub fn append(&mut self, text: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        Span::new(start, self.bytes.len())
    }

    fn at(&self, place: Place) -> Field<'_> {
        let slice = |from: u32, to: u32| self.bytes.get(from as usize..to as usize).unwrap_or_default();
        Field {
            name: slice(place.name, place.value),
            value: slice(place.value, place.end),
            never_indexed: place.never_indexed,
        }
    }

    /// Whether a field of so many bytes would be kept; if not, it is counted.
    #[inline]
    pub(super) fn has_room(&mut self, field_bytes: usize) -> bool {
        self.over_fields |= self.fields.len() >= MAX_HEADER_FIELDS;
        self.over_bytes |= self.list_bytes + field_bytes + FIELD_OVERHEAD_BYTES > MAX_HEADER_BLOCK_BYTES;
        self.fields_over_limit = self.fields_over_limit.saturating_add(u32::from(self.is_full()));
        !self.is_full()
    }

    /// Adds a field that is there in full.
    #[inline]
    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
        if self.has_room(name.len() + value.len()) {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(name);
            self.bytes.extend_from_slice(value);
            self.keep(start, start + name.len(), false);
        }
    }

    /// Where the bytes of the next field go. `end_field` says what becomes of them.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes a field of what was written to the buffer since `start`, or takes it back: over a limit, or without a name.
    #[inline]
    pub(super) fn end_field(&mut self, start: usize, value: Option<usize>, never_indexed: bool) {
        let Some(value) = value else {
            self.bytes.truncate(start);
            self.count_unknown();
            return;
        };
        if self.has_room(self.bytes.len() - start) {
            self.keep(start, value, never_indexed);
        } else {
            self.bytes.truncate(start);
        }
    }

    /// No further field is kept.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.over_bytes || self.over_fields
    }

    /// Takes back what was written of a field that did not come to its end.
    pub(super) fn drop_unfinished(&mut self) {
        let end = self.fields.last().map_or(0, |place| place.end);
        self.bytes.truncate(end as usize);
    }

    pub(super) fn count_unknown(&mut self) {
        self.begins_unknown |= self.fields.is_empty();
        self.unknown_fields = self.unknown_fields.saturating_add(1);
    }

    fn keep(&mut self, start: usize, value: usize, never_indexed: bool) {
        let end = self.bytes.len();
        self.list_bytes += end - start + FIELD_OVERHEAD_BYTES;
        // All of them are below MAX_HEADER_BLOCK_BYTES.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.fields.push(Place { name: place(start), value: place(value), end: place(end), never_indexed });
    }
}
