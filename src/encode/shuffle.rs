//! The escapes of a JSON string by shuffles of 16 bytes, where the processor has them. In JSON, what bodies are most of, one
//! byte in five needs one: too many for a jump at each.
#![allow(
    unsafe_code,
    reason = "one call of a function for processors that have the instruction, which is asked before"
)]
#![allow(clippy::indexing_slicing, reason = "tables of 256 entries, indexed by eight bits")]

use std::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_min_epu8,
    _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8, _mm_setzero_si128, _mm_shuffle_epi8,
    _mm_unpackhi_epi64,
};

use super::escapes::ESCAPES;

const BLOCK_BYTES: usize = 16;
/// As many bytes as fit into a block with a backslash before each.
const HALF_BYTES: usize = BLOCK_BYTES / 2;
/// Of what is put together before it is appended.
const STAGED_BYTES: usize = 256;
/// The most that a block becomes, six for each of its bytes, and what is written beyond the last of them.
const SLACK_BYTES: usize = 6 * BLOCK_BYTES + BLOCK_BYTES;

/// Appends bytes of UTF-8 with the escapes that a JSON string needs. Says whether it has: not every processor can.
pub(super) fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let can =
        is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("popcnt");
    if can {
        // SAFETY: the processor has the instructions that the function is compiled to; nothing else is asked of its caller.
        unsafe { push_shuffled(out, bytes) };
    }
    can
}

struct Staged {
    bytes: [u8; STAGED_BYTES + SLACK_BYTES],
    used: usize,
}

impl Staged {
    /// The first `length` bytes of `block` count.
    #[inline]
    fn push<const N: usize>(&mut self, block: &[u8; N], length: usize) {
        if let Some(place) = self.bytes.get_mut(self.used..self.used + N) {
            place.copy_from_slice(block);
        }
        self.used += length;
    }

    #[inline]
    fn push_byte(&mut self, byte: u8) {
        match &ESCAPES[usize::from(byte)] {
            (_, 0) => self.push(&[byte], 1),
            (escape, length) => self.push(escape, usize::from(*length)),
        }
    }

    /// So that there is room for a block.
    #[inline]
    fn make_room(&mut self, out: &mut Vec<u8>) {
        if self.used > STAGED_BYTES {
            self.append_to(out);
        }
    }

    fn append_to(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes.get(..self.used).unwrap_or_default());
        self.used = 0;
    }
}

#[target_feature(enable = "ssse3,sse4.1,popcnt")]
fn push_shuffled(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut staged = Staged { bytes: [0; STAGED_BYTES + SLACK_BYTES], used: 0 };
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        push_block(&mut staged, block, BLOCK_BYTES);
        staged.make_room(out);
    }
    if !rest.is_empty() {
        let mut block = [b' '; BLOCK_BYTES];
        block.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        push_block(&mut staged, &block, rest.len());
    }
    staged.append_to(out);
}

/// The first `length` bytes of a block; those after them need no escape.
#[target_feature(enable = "ssse3,sse4.1,popcnt")]
#[inline]
fn push_block(staged: &mut Staged, block: &[u8; BLOCK_BYTES], length: usize) {
    let text = vector(u128::from_le_bytes(*block));
    let is_control = at_most(text, 0x1f);
    let is_quote = _mm_or_si128(equal(text, b'"'), equal(text, b'\\'));
    let marks = _mm_movemask_epi8(_mm_or_si128(is_control, is_quote));
    if marks == 0 {
        staged.push(block, length);
        return;
    }
    // Those that have a letter of their own: \b, \t, \n, \f, \r.
    let letters = _mm_and_si128(_mm_shuffle_epi8(vector(LETTERS), text), at_most(text, 0x0f));
    let has_none = _mm_and_si128(is_control, _mm_cmpeq_epi8(letters, _mm_setzero_si128()));
    if _mm_movemask_epi8(has_none) != 0 {
        block.iter().take(length).for_each(|byte| staged.push_byte(*byte));
        return;
    }
    let named = _mm_or_si128(letters, _mm_andnot_si128(is_control, text));
    push_spread(staged, named, marks & 0xff, length.min(HALF_BYTES));
    push_spread(staged, _mm_unpackhi_epi64(named, named), marks >> HALF_BYTES, length.saturating_sub(HALF_BYTES));
}

/// The first `length` of the lower eight bytes, with a backslash before each that has its bit in `marks`.
#[target_feature(enable = "ssse3,sse4.1,popcnt")]
#[inline]
fn push_spread(staged: &mut Staged, named: __m128i, marks: i32, length: usize) {
    let (order, slashes) = SPREADS[(marks & 0xff) as usize];
    let spread = _mm_or_si128(_mm_shuffle_epi8(named, vector(order)), vector(slashes));
    staged.push(&stored(spread), length + marks.count_ones() as usize);
}

#[target_feature(enable = "sse2")]
#[inline]
fn vector(bytes: u128) -> __m128i {
    _mm_set_epi64x((bytes >> 64) as i64, bytes as i64)
}

#[target_feature(enable = "sse4.1")]
#[inline]
fn stored(vector: __m128i) -> [u8; BLOCK_BYTES] {
    let [low, high] = [_mm_cvtsi128_si64(vector), _mm_extract_epi64::<1>(vector)].map(|half| u128::from(half as u64));
    (low | high << 64).to_le_bytes()
}

#[target_feature(enable = "sse2")]
#[inline]
fn at_most(text: __m128i, most: i8) -> __m128i {
    _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(most)), text)
}

#[target_feature(enable = "sse2")]
#[inline]
fn equal(text: __m128i, byte: u8) -> __m128i {
    _mm_cmpeq_epi8(text, _mm_set1_epi8(byte as i8))
}

/// A shuffle makes a zero of this index.
const NOTHING: u128 = 0x80;

/// By the lower half of a control character, the letter that stands for it.
const LETTERS: u128 = {
    let (mut letters, mut byte) = (0, 0);
    while byte < 16 {
        if let ([b'\\', letter, ..], 2) = ESCAPES[byte] {
            letters |= (letter as u128) << (8 * byte);
        }
        byte += 1;
    }
    letters
};

/// By the bits of eight bytes, which of them stands where when each with its bit has a place before it, and what is in those
/// places.
static SPREADS: [(u128, u128); 256] = {
    let mut spreads = [(0, 0); 256];
    let mut marks = 0;
    while marks < spreads.len() {
        let (mut order, mut slashes, mut place, mut byte) = (0, 0, 0, 0);
        while byte < HALF_BYTES as u128 {
            if marks >> byte & 1 == 1 {
                order |= NOTHING << (8 * place);
                slashes |= (b'\\' as u128) << (8 * place);
                place += 1;
            }
            order |= byte << (8 * place);
            place += 1;
            byte += 1;
        }
        while place < BLOCK_BYTES {
            order |= NOTHING << (8 * place);
            place += 1;
        }
        spreads[marks] = (order, slashes);
        marks += 1;
    }
    spreads
};
