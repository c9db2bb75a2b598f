//! The bytes that a client sent after a request to leave HTTP/1.x, kept until the answer tells whether it is HTTP/1.x still; and what either
//! side sent after the answer, until another protocol takes over.

use super::start_line::may_be_start;
use crate::flow::DataMeta;
use crate::message::{Direction, Switch};
use crate::protocol::handover::Piece;

/// Bytes that a client may send before the answer is seen: a few requests, or the beginning of another protocol.
const MAX_PENDING_BYTES: usize = 1 << 20;
/// No request line that is looked for is longer.
const MAX_LINE_BYTES: usize = 16 << 10;
/// The memory of a piece besides its bytes: its place in the list, which doubles when it grows, and an allocation.
const PIECE_OVERHEAD_BYTES: usize = 2 * size_of::<Piece>() + 32;

#[derive(Debug)]
pub(super) struct PendingStream {
    /// The exchange whose answer is awaited.
    pub number: u32,
    pub switch: Switch,
    pieces: Vec<Piece>,
    bytes: usize,
    /// Bytes of the stream since it is pending, kept or not, gaps aside.
    pub data_bytes: u64,
    /// It did not fit: if the answer is no, the stream is out of step.
    pub has_loss: bool,
    /// The stream ended while it was pending, and how.
    pub ended: Option<bool>,
}

impl PendingStream {
    pub fn after(number: u32, switch: Switch) -> Self {
        Self { number, switch, pieces: Vec::new(), bytes: 0, data_bytes: 0, has_loss: false, ended: None }
    }

    pub fn push(&mut self, bytes: &[u8], meta: DataMeta) {
        self.data_bytes += bytes.len() as u64;
        if self.has_room(bytes.len()) {
            self.pieces.push(Piece::Data(bytes.to_vec(), meta));
        }
    }

    /// The client's first bytes are a request line.
    pub fn begins_with_a_request(&self) -> bool {
        if self.bytes > MAX_LINE_BYTES + self.pieces.len() * PIECE_OVERHEAD_BYTES {
            return false;
        }
        let mut start = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Data(bytes, _) => start.extend_from_slice(bytes),
                Piece::Gap(_) => break,
            }
        }
        start.contains(&b'\n') && !start.starts_with(b"PRI ") && may_be_start(Direction::Request, &start)
    }

    pub fn push_gap(&mut self, len: u64) {
        if self.has_room(0) {
            self.pieces.push(Piece::Gap(len));
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.bytes += bytes + PIECE_OVERHEAD_BYTES;
        if self.bytes > MAX_PENDING_BYTES {
            self.lose();
        }
        !self.has_loss
    }

    pub fn lose(&mut self) {
        self.has_loss = true;
        self.pieces = Vec::new();
        self.bytes = 0;
    }

    /// Messages may be in here that will not be shown.
    pub fn is_worth_counting(&self) -> bool {
        self.has_loss || !self.pieces.is_empty()
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }

    /// The same for a reader that has to know of the loss: nothing of it is left then.
    pub fn into_pieces_or_gap(self) -> Vec<Piece> {
        if self.has_loss { vec![Piece::Gap(self.data_bytes)] } else { self.pieces }
    }

    pub fn buffered_bytes(&self) -> usize {
        self.bytes
    }
}
