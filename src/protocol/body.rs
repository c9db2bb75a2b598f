//! The part of a body that is kept: its beginning, up to the limit or the first lost byte.
//!
//! It lies in blocks of one size. One piece of memory that grows leaves holes that fit only smaller pieces, and
//! with thousands of bodies that grow together those holes are as much as the bodies.

use super::grpc::{Carries, GrpcBody};
use crate::message::{Fields, Head};

/// Large enough that a body of the usual size lies in one, small enough that the half that the last block has left over is
/// not what thousands of bodies consist of.
const BLOCK_BYTES: usize = 16 << 10;
/// The first block grows by doubling from here. A body that comes in one piece has a block of its own size.
const FIRST_GROWTH_BYTES: usize = 4 << 10;
/// The memory of a block besides its bytes: its place in the list, which doubles when it grows, and an allocation.
const BLOCK_OVERHEAD_BYTES: usize = 2 * size_of::<Vec<u8>>() + 16;

#[derive(Debug, Default)]
pub(super) struct Body {
    /// All but the last are full.
    blocks: Vec<Vec<u8>>,
    /// Bytes in `blocks`.
    kept: usize,
    /// Bytes that `blocks` has room for.
    capacity: usize,
    /// Bytes of the body so far, kept or not, lost bytes included.
    pub bytes: u64,
    /// Nothing more is kept: the limit is reached, bytes were lost, or memory ran short.
    full: bool,
    /// If it carries gRPC: follows all of it, kept or not.
    grpc: Option<Box<GrpcBody>>,
}

impl Body {
    /// The body of a message with these fields. `call`: what is known of its call.
    pub fn after(head: Fields<'_>, call: Carries) -> Self {
        Self { grpc: GrpcBody::of(head, call), ..Self::default() }
    }

    /// The body of a message with this head, of which some fields are not known. `call`: what is known of that.
    pub fn after_partial(head: &Head, bytes: &[u8], call: Carries) -> Self {
        Self { grpc: GrpcBody::of_partial(head, bytes, call), ..Self::default() }
    }

    pub fn push(&mut self, bytes: &[u8], max_body_bytes: usize) {
        self.bytes += bytes.len() as u64;
        if let Some(grpc) = &mut self.grpc {
            grpc.push(bytes);
        }
        if self.full {
            return;
        }
        let (mut rest, over) = bytes.split_at(bytes.len().min(max_body_bytes.saturating_sub(self.kept)));
        while !rest.is_empty() {
            rest = self.fill_block(rest, max_body_bytes);
        }
        self.full = !over.is_empty();
    }

    /// Returns what did not fit into the last block.
    fn fill_block<'a>(&mut self, bytes: &'a [u8], max_body_bytes: usize) -> &'a [u8] {
        if self.blocks.last().is_none_or(|block| block.len() >= BLOCK_BYTES) {
            self.blocks.push(Vec::new());
        }
        let others = (self.blocks.len() - 1) * BLOCK_BYTES;
        let Some(block) = self.blocks.last_mut() else { return &[] };
        let (take, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - block.len()));
        let needed = block.len() + take.len();
        let before = block.capacity();
        if needed > before {
            // Never more than the limit: the capacity is what counts against the memory budget.
            let least = match (others, before) {
                (0, 0) => 0,
                (0, _) => (before * 2).max(FIRST_GROWTH_BYTES),
                _ => BLOCK_BYTES,
            };
            let goal = least.min(BLOCK_BYTES).min(max_body_bytes.saturating_sub(others)).max(needed);
            block.reserve_exact(goal - block.len());
            self.capacity += block.capacity() - before;
        }
        block.extend_from_slice(take);
        self.kept += take.len();
        rest
    }

    /// Bytes of it are not kept.
    pub fn is_cut(&self) -> bool {
        (self.kept as u64) < self.bytes
    }

    /// 0: it is not known how many.
    pub fn lose(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.full = true;
        if let Some(grpc) = &mut self.grpc {
            grpc.lose(bytes);
        }
    }

    /// Forgets what was kept. Says whether there was something.
    pub fn cut(&mut self) -> bool {
        let cut = !self.full || self.kept > 0;
        *self = Self { bytes: self.bytes, full: true, grpc: self.grpc.take(), ..Self::default() };
        cut
    }

    /// The kept bytes, in one piece; `buffer` is used if they lie in several.
    pub fn kept<'a>(&'a self, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        match self.blocks.as_slice() {
            [] => &[],
            [one] => one,
            blocks => {
                buffer.clear();
                buffer.reserve_exact(self.kept);
                blocks.iter().for_each(|block| buffer.extend_from_slice(block));
                buffer
            }
        }
    }

    pub fn buffered_bytes(&self) -> usize {
        let grpc = self.grpc.as_ref().map_or(0, |grpc| grpc.held_bytes());
        self.capacity + self.blocks.len() * BLOCK_OVERHEAD_BYTES + grpc
    }

    pub fn grpc(&self) -> Option<&GrpcBody> {
        self.grpc.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most bodies are small, and thousands of them may be in progress.
    #[test]
    fn a_body_in_one_piece_takes_no_more_than_that() {
        for length in [1, 46, FIRST_GROWTH_BYTES + 1] {
            let mut body = Body::default();
            body.push(&vec![0; length], usize::MAX);
            assert_eq!(body.capacity, length);
        }
    }

    #[test]
    fn pieces_of_any_size_are_put_together_up_to_the_limit() {
        let all: Vec<u8> = (0..3 * BLOCK_BYTES + 100).map(|n| n as u8).collect();
        for piece in [1, 100, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, all.len()] {
            for limit in [0, 1, 100, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES + 50, all.len(), usize::MAX] {
                let mut body = Body::default();
                all.chunks(piece).for_each(|bytes| body.push(bytes, limit));
                let kept = all.len().min(limit);
                let mut buffer = Vec::new();
                assert_eq!(*body.kept(&mut buffer), all[..kept], "pieces of {piece}, limit {limit}");
                assert_eq!((body.bytes, body.full), (all.len() as u64, kept < all.len()));
                assert!(body.capacity >= kept && body.capacity <= limit && body.capacity <= kept + BLOCK_BYTES);
                assert_eq!(body.capacity, body.blocks.iter().map(Vec::capacity).sum::<usize>());
                body.cut();
                assert_eq!((body.kept(&mut buffer).len(), body.buffered_bytes(), body.bytes), (0, 0, all.len() as u64));
            }
        }
    }
}
