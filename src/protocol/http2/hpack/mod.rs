//! HPACK (RFC 7541): from the header blocks of one direction to their fields.
//!
//! In: whole header blocks, in the order in which they were sent; the receiver's limit for the table; losses. Out: fields,
//! and how many are not known. Refuses to know: frames, streams, what fields mean.
//!
//! The capture may begin in mid-stream, and blocks may be lost. Entries of the dynamic table from before then are unknown,
//! and only they: no field ever gets a value that it did not have. `table` says why later entries are right again.

mod block;
mod error;
mod huffman;
mod reader;
mod static_table;
mod table;
#[cfg(test)]
mod tests;

pub use block::{Field, FieldBlock, MAX_HEADER_BLOCK_BYTES, MAX_HEADER_FIELDS};
pub use error::HpackError;
pub use table::MAX_TABLE_BYTES;

use reader::Reader;
use static_table::STATIC_ENTRIES;
use table::{DynamicTable, Found, NewName};

/// SETTINGS_HEADER_TABLE_SIZE until SETTINGS say another (RFC 9113 §6.5.2).
const DEFAULT_TABLE_BYTES: u32 = 4_096;
/// The largest size of a table if the SETTINGS were not seen. Known software asks for 64 KiB at most; a number that is far
/// larger says that the bytes are not a header block.
const MAX_UNSEEN_LIMIT_BYTES: u32 = 16 << 20;

/// The decoding context of one direction of a connection.
#[derive(Debug, Clone)]
pub struct Decoder {
    table: DynamicTable,
    /// The highest SETTINGS_HEADER_TABLE_SIZE that the peer that receives these blocks may have sent. A lower limit binds the encoder
    /// once it has acknowledged it; until then it may change its size up to this at any time.
    limit: u32,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// For a connection whose first block is still to come: its table is empty, and has the default size.
    pub fn new() -> Self {
        let table = DynamicTable::new(DEFAULT_TABLE_BYTES as usize);
        Self { table, limit: DEFAULT_TABLE_BYTES }
    }

    /// For a connection that was met in mid-stream: neither its table nor the SETTINGS are known.
    pub fn new_unknown() -> Self {
        let mut decoder = Self::new();
        decoder.lose_settings();
        decoder.lose();
        decoder
    }

    /// The peer that receives these blocks sent SETTINGS_HEADER_TABLE_SIZE.
    pub fn note_settings_limit(&mut self, bytes: u32) {
        self.limit = self.limit.max(bytes);
    }

    /// SETTINGS may have been lost.
    pub fn lose_settings(&mut self) {
        self.note_settings_limit(MAX_UNSEEN_LIMIT_BYTES);
    }

    /// A block was lost: what the table held is unknown from now on.
    pub fn lose(&mut self) {
        self.table.lose(self.limit as usize);
    }

    /// Memory that it holds besides itself.
    pub fn memory_bytes(&self) -> usize {
        self.table.memory_bytes()
    }

    /// Decodes one whole block and adds its fields to `out`. Over a limit of `out` it decodes on without keeping fields, so
    /// that the table stays in step. For the time of the call `out` may hold 8/5 of the block above that limit.
    ///
    /// # Errors
    /// When the block is not HPACK. The fields before that place are in `out`. As after a loss, what the table held is
    /// unknown then, so a block that was taken for one by mistake does no lasting harm.
    pub fn decode(&mut self, block: &[u8], out: &mut FieldBlock) -> Result<(), HpackError> {
        let result = self.read(block, out);
        if result.is_err() {
            out.drop_unfinished();
            self.lose();
        }
        result
    }

    fn read(&mut self, block: &[u8], out: &mut FieldBlock) -> Result<(), HpackError> {
        let mut reader = Reader::new(block);
        // RFC 7541 §4.2 allows them here only. One is not more than another: after two decreases both may stand here.
        while let Some(0x20..=0x3f) = reader.peek() {
            let bytes = reader.integer(5)?;
            self.change_size(bytes)?;
        }
        while let Some(first) = reader.peek() {
            match first {
                0x80.. => {
                    let index = reader.integer(7)?;
                    self.indexed(index, out)?;
                }
                0x40.. => self.literal(&mut reader, 6, Kind::Inserted, out)?,
                0x20.. => return Err(HpackError::LateSizeUpdate),
                0x10.. => self.literal(&mut reader, 4, Kind::NeverIndexed, out)?,
                _ => self.literal(&mut reader, 4, Kind::Plain, out)?,
            }
        }
        Ok(())
    }

    fn change_size(&mut self, bytes: u32) -> Result<(), HpackError> {
        if bytes > self.limit {
            return Err(HpackError::SizeOverLimit { bytes, limit: self.limit });
        }
        self.table.set_max_size(bytes as usize);
        Ok(())
    }

    /// RFC 7541 §6.1.
    #[inline]
    fn indexed(&self, index: u32, out: &mut FieldBlock) -> Result<(), HpackError> {
        if let Some((name, value)) = static_table::entry(index) {
            out.push(name, value);
            return Ok(());
        }
        match self.table.get(dynamic(index)?) {
            Found::Known(Some(name), value) => out.push(name, value),
            Found::Known(None, _) | Found::Unknown => out.count_unknown(),
            Found::Nothing => return Err(HpackError::BadIndex(index)),
        }
        Ok(())
    }

    /// RFC 7541 §6.2. Name and value are written to where `out` would keep them, and taken from there for the table.
    #[inline]
    fn literal(
        &mut self,
        reader: &mut Reader<'_>,
        prefix_bits: u32,
        kind: Kind,
        out: &mut FieldBlock,
    ) -> Result<(), HpackError> {
        let index = reader.integer(prefix_bits)?;
        let start = out.buffer().len();
        let mut name = NewName::Unknown;
        let mut is_known = true;
        if index == 0 {
            reader.literal()?.append_to(out.buffer())?;
        } else if let Some((text, _)) = static_table::entry(index) {
            out.buffer().extend_from_slice(text);
            name = NewName::Static(text);
        } else {
            let place = dynamic(index)?;
            match self.table.get(place) {
                Found::Known(Some(text), _) => {
                    name = NewName::Entry(place);
                    if !out.is_full() {
                        out.buffer().extend_from_slice(text);
                    }
                }
                Found::Known(None, _) | Found::Unknown => is_known = false,
                Found::Nothing => return Err(HpackError::BadIndex(index)),
            }
        }
        let value = out.buffer().len();
        reader.literal()?.append_to(out.buffer())?;
        if let Kind::Inserted = kind {
            let written = out.buffer();
            if index == 0 {
                name = NewName::Literal(written.get(start..value).unwrap_or_default());
            }
            self.table.insert(name, written.get(value..).unwrap_or_default());
        }
        out.end_field(start, is_known.then_some(value), matches!(kind, Kind::NeverIndexed));
        Ok(())
    }
}

/// How a literal field is treated.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Inserted,
    Plain,
    NeverIndexed,
}

/// The place in the dynamic table that `index` names; 0 names nothing (RFC 7541 §6.1).
fn dynamic(index: u32) -> Result<usize, HpackError> {
    let place = index.checked_sub(STATIC_ENTRIES + 1).ok_or(HpackError::BadIndex(index))?;
    usize::try_from(place).map_err(|_| HpackError::BadIndex(index))
}
