//! The fragments of one datagram that have arrived.
//!
//! In: its fragments in any order. Out: its bytes once there is no hole left. Does not know the other datagrams.

use crate::decode::Fragment;

/// The largest value of the 16-bit length fields of IPv4 and IPv6.
const MAX_DATAGRAM_BYTES: usize = 65_535;
/// 64 KiB over an MTU of 576, the smallest in use (RFC 791 §3.2), come in 119.
pub(super) const MAX_PIECES: usize = 128;
/// The cost of a piece besides its bytes: its place in the list and in the allocator. Without it fragments of 8 bytes
/// would come cheap.
const PIECE_OVERHEAD: usize = 64;

/// Why the datagram cannot be completed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Overlap,
    Oversize,
    Malformed,
    Cut,
}

#[derive(Debug)]
struct Piece {
    start: usize,
    bytes: Box<[u8]>,
}

impl Piece {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Sorted, disjoint, none empty, at most `MAX_PIECES`.
    pieces: Vec<Piece>,
    /// Sum of the pieces' lengths.
    held: usize,
    /// Where the datagram ends, once its last fragment came. No piece ends after it.
    end: Option<usize>,
    /// As the first fragment says (RFC 8200 §4.5).
    next_header: u8,
}

impl Pieces {
    pub(super) fn cost(&self) -> usize {
        self.held + self.pieces.len() * PIECE_OVERHEAD
    }

    pub(super) fn is_complete(&self) -> bool {
        self.end == Some(self.held)
    }

    /// The next header and the bytes. Meaningful when complete.
    pub(super) fn join(&self) -> (u8, Vec<u8>) {
        let mut bytes = Vec::with_capacity(self.held);
        for piece in &self.pieces {
            bytes.extend_from_slice(&piece.bytes);
        }
        (self.next_header, bytes)
    }

    /// After a refusal what is here is of no use.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>) -> Result<(), Refusal> {
        if fragment.missing > 0 {
            return Err(Refusal::Cut);
        }
        let is_ipv4 = fragment.source.is_ipv4();
        let bytes = whole_units(fragment, is_ipv4)?;
        let start = usize::try_from(fragment.offset_bytes).unwrap_or(usize::MAX);
        let end = start.saturating_add(bytes.len());
        if end > MAX_DATAGRAM_BYTES {
            return Err(Refusal::Oversize);
        }
        self.note_end(end, fragment.more)?;
        if start == 0 {
            self.next_header = fragment.next_header;
        }
        if is_ipv4 { self.fill_holes(start, end, bytes) } else { self.insert_disjoint(start, end, bytes) }
    }

    fn note_end(&mut self, end: usize, more: bool) -> Result<(), Refusal> {
        if more {
            return if self.end.is_some_and(|known| end > known) { Err(Refusal::Malformed) } else { Ok(()) };
        }
        let furthest = self.pieces.last().map_or(0, Piece::end);
        if furthest > end || self.end.is_some_and(|known| end != known) {
            return Err(Refusal::Malformed);
        }
        self.end = Some(end);
        Ok(())
    }

    /// The first piece that ends after `at`.
    fn first_behind(&self, at: usize) -> usize {
        self.pieces.partition_point(|piece| piece.end() <= at)
    }

    /// IPv4: the first arrival wins, so only what no piece covers is taken.
    fn fill_holes(&mut self, start: usize, end: usize, bytes: &[u8]) -> Result<(), Refusal> {
        let mut index = self.first_behind(start);
        let mut at = start;
        while at < end {
            let (hole_end, resume) = match self.pieces.get(index) {
                Some(piece) if piece.start < end => (piece.start, piece.end()),
                _ => (end, end),
            };
            if at < hole_end {
                self.insert(index, at, bytes.get(at - start..hole_end - start).unwrap_or_default())?;
                index += 1;
            }
            index += 1;
            at = resume;
        }
        Ok(())
    }

    /// IPv6: an exact duplicate is nothing new, any other overlap is the end of the datagram (RFC 5722 §4).
    fn insert_disjoint(&mut self, start: usize, end: usize, bytes: &[u8]) -> Result<(), Refusal> {
        let index = self.first_behind(start);
        match self.pieces.get(index) {
            Some(piece) if piece.start == start && *piece.bytes == *bytes => Ok(()),
            Some(piece) if piece.start < end => Err(Refusal::Overlap),
            _ => self.insert(index, start, bytes),
        }
    }

    fn insert(&mut self, index: usize, start: usize, bytes: &[u8]) -> Result<(), Refusal> {
        if self.pieces.len() >= MAX_PIECES {
            return Err(Refusal::Oversize);
        }
        self.held += bytes.len();
        self.pieces.insert(index, Piece { start, bytes: bytes.into() });
        Ok(())
    }
}

/// All but the last fragment come in units of 8 bytes. Linux cuts a ragged one down in IPv4 and refuses it in IPv6
/// (RFC 8200 §4.5); a receiver that we watch does the same.
fn whole_units<'a>(fragment: &Fragment<'a>, is_ipv4: bool) -> Result<&'a [u8], Refusal> {
    let bytes = fragment.bytes;
    let ragged = if fragment.more { bytes.len() % 8 } else { 0 };
    if ragged > 0 && !is_ipv4 {
        return Err(Refusal::Malformed);
    }
    match bytes.get(..bytes.len() - ragged) {
        Some(whole) if !whole.is_empty() => Ok(whole),
        _ => Err(Refusal::Malformed),
    }
}
