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
use super::pieces::put_short;

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

/// Bytes that are put together before they are appended; `N` with room for a block after the last byte that counts. Each `push`
/// returns how many are used: that number stays in a register, which it would not in this struct.
struct Staged<const N: usize>([u8; N]);

impl<const N: usize> Staged<N> {
    /// The first `length` bytes of `block` count. Returns where they end.
    #[inline]
    fn push<const M: usize>(&mut self, at: usize, block: &[u8; M], length: usize) -> usize {
        if let Some(place) = self.0.get_mut(at..at + M) {
            place.copy_from_slice(block);
        }
        at + length
    }

    #[inline]
    fn push_byte(&mut self, at: usize, byte: u8) -> usize {
        match &ESCAPES[usize::from(byte)] {
            (_, 0) => self.push(at, &[byte], 1),
            (escape, length) => self.push(at, escape, usize::from(*length)),
        }
    }

    fn append_to(&self, out: &mut Vec<u8>, used: usize) {
        out.extend_from_slice(self.0.get(..used).unwrap_or_default());
    }
}

#[target_feature(enable = "ssse3,sse4.1,popcnt")]
fn push_shuffled(out: &mut Vec<u8>, bytes: &[u8]) {
    // To write the zeros costs as much as all else of a short text.
    if bytes.len() <= BLOCK_BYTES {
        push_staged(out, bytes, Staged([0; SLACK_BYTES]));
    } else {
        push_staged(out, bytes, Staged([0; STAGED_BYTES + SLACK_BYTES]));
    }
}

#[target_feature(enable = "ssse3,sse4.1,popcnt")]
#[inline]
fn push_staged<const N: usize>(out: &mut Vec<u8>, bytes: &[u8], mut staged: Staged<N>) {
    let mut used = 0;
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        used = push_block(&mut staged, used, block, BLOCK_BYTES);
        // So that there is room for a block.
        if used > N - SLACK_BYTES {
            staged.append_to(out, used);
            used = 0;
        }
    }
    if !rest.is_empty() {
        let mut block = [b' '; BLOCK_BYTES];
        put_short(&mut block, 0, rest);
        used = push_block(&mut staged, used, &block, rest.len());
    }
    staged.append_to(out, used);
}

/// The first `length` bytes of a block; those after them need no escape. Returns where they end.
#[target_feature(enable = "ssse3,sse4.1,popcnt")]
#[inline]
fn push_block<const N: usize>(staged: &mut Staged<N>, used: usize, block: &[u8; BLOCK_BYTES], length: usize) -> usize {
    let text = vector(u128::from_le_bytes(*block));
    let is_control = at_most(text, 0x1f);
    let is_quote = _mm_or_si128(equal(text, b'"'), equal(text, b'\\'));
    let marks = _mm_movemask_epi8(_mm_or_si128(is_control, is_quote));
    if marks == 0 {
        return staged.push(used, block, length);
    }
    let mut named = text;
    // Hardly a block of JSON has one, if it was written for programs.
    if _mm_movemask_epi8(is_control) != 0 {
        // Those that have a letter of their own: \b, \t, \n, \f, \r.
        let letters = _mm_and_si128(_mm_shuffle_epi8(vector(LETTERS), text), at_most(text, 0x0f));
        let has_none = _mm_and_si128(is_control, _mm_cmpeq_epi8(letters, _mm_setzero_si128()));
        if _mm_movemask_epi8(has_none) != 0 {
            return block.iter().take(length).fold(used, |used, byte| staged.push_byte(used, *byte));
        }
        named = _mm_or_si128(letters, _mm_andnot_si128(is_control, text));
    }
    let used = push_spread(staged, used, named, marks & 0xff, length.min(HALF_BYTES));
    let rest = _mm_unpackhi_epi64(named, named);
    push_spread(staged, used, rest, marks >> HALF_BYTES, length.saturating_sub(HALF_BYTES))
}

/// The first `length` of the lower eight bytes, with a backslash before each that has its bit in `marks`. Returns where they end.
#[target_feature(enable = "ssse3,sse4.1,popcnt")]
#[inline]
fn push_spread<const N: usize>(
    staged: &mut Staged<N>,
    used: usize,
    named: __m128i,
    marks: i32,
    length: usize,
) -> usize {
    let (order, slashes) = SPREADS[(marks & 0xff) as usize];
    let spread = _mm_or_si128(_mm_shuffle_epi8(named, vector(order)), vector(slashes));
    staged.push(used, &stored(spread), length + marks.count_ones() as usize)
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
