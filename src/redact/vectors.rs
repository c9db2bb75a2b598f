//! The search for names in vectors of 32 bytes, where the processor has them.
#![allow(
    unsafe_code,
    reason = "one call of a function for processors that have the instruction, which is asked before"
)]

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_set_epi64x, _mm256_setzero_si256,
    _mm256_shuffle_epi8,
};

use super::tables::{Tables, WINDOW, groups_at};

const BLOCK_BYTES: usize = 32;
/// A block with as much after it as the window of its last byte takes.
const SPAN_BYTES: usize = BLOCK_BYTES + WINDOW - 1;

/// Looks for the first place from `from` on where a group fits and `accept` takes it. `None` where the processor cannot.
pub(super) fn next<Hit>(
    tables: &Tables,
    text: &[u8],
    from: usize,
    accept: &mut dyn FnMut(usize, u8) -> Option<Hit>,
) -> Option<Option<Hit>> {
    if !is_x86_feature_detected!("avx2") {
        return None;
    }
    // SAFETY: the processor has the instructions that the function is compiled to; nothing else is asked of its caller.
    Some(unsafe { search(tables, text, from, accept) })
}

#[target_feature(enable = "avx2")]
fn search<Hit>(
    tables: &Tables,
    text: &[u8],
    from: usize,
    accept: &mut dyn FnMut(usize, u8) -> Option<Hit>,
) -> Option<Hit> {
    let [first, second, third, fourth] = tables.map(|table| twice(table));
    let zero = _mm256_setzero_si256();
    let mut at = from;
    while let Some(span) = text.get(at..).and_then(<[u8]>::first_chunk::<SPAN_BYTES>) {
        // A byte beyond ASCII picks nothing: its highest bit is set.
        let fit = _mm256_and_si256(
            _mm256_and_si256(_mm256_shuffle_epi8(first, block(span, 0)), _mm256_shuffle_epi8(second, block(span, 1))),
            _mm256_and_si256(_mm256_shuffle_epi8(third, block(span, 2)), _mm256_shuffle_epi8(fourth, block(span, 3))),
        );
        let mut places = !_mm256_movemask_epi8(_mm256_cmpeq_epi8(fit, zero)) as u32;
        while places != 0 {
            let place = at + places.trailing_zeros() as usize;
            let hit = accept(place, groups_at(tables, text, place));
            if hit.is_some() {
                return hit;
            }
            places &= places - 1;
        }
        at += BLOCK_BYTES;
    }
    (at..text.len()).find_map(|place| match groups_at(tables, text, place) {
        0 => None,
        groups => accept(place, groups),
    })
}

#[target_feature(enable = "avx2")]
#[inline]
fn twice(table: [u8; 16]) -> __m256i {
    let [low, high] = halves(table);
    _mm256_set_epi64x(high, low, high, low)
}

/// The 32 bytes from `at` on.
#[target_feature(enable = "avx2")]
#[inline]
fn block(span: &[u8; SPAN_BYTES], at: usize) -> __m256i {
    let bytes = span.get(at..).and_then(<[u8]>::first_chunk::<BLOCK_BYTES>).unwrap_or(&[0; BLOCK_BYTES]);
    let [a, b] = bytes.as_chunks::<16>().0.first_chunk::<2>().map_or([[0; 2]; 2], |halves_| halves_.map(halves));
    _mm256_set_epi64x(b[1], b[0], a[1], a[0])
}

fn halves(bytes: [u8; 16]) -> [i64; 2] {
    let bits = u128::from_le_bytes(bytes);
    [bits as i64, (bits >> 64) as i64]
}
