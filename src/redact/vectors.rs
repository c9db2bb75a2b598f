//! The search for names in vectors of 32 bytes, where the processor has them.
#![allow(
    unsafe_code,
    reason = "one call of a function for processors that have the instruction, which is asked before"
)]

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_testz_si256,
};

use super::tables::{Tables, WINDOW, groups_at};

const BLOCK_BYTES: usize = 32;
/// As much after a block as the window of its last byte takes.
const MORE_BYTES: usize = WINDOW - 1;
/// A block with that.
const SPAN_BYTES: usize = BLOCK_BYTES + MORE_BYTES;
/// Blocks that are tested together: hardly ever a group fits anywhere in them.
const STRIDE_BLOCKS: usize = 8;
const STRIDE_BYTES: usize = STRIDE_BLOCKS * BLOCK_BYTES;

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
    let doubled = tables.map(|table| twice(table));
    // The hit among the places of a block, which begins at `at`.
    let mut among = |mut places: u32, at: usize| {
        while places != 0 {
            let place = at + places.trailing_zeros() as usize;
            let hit = accept(place, groups_at(tables, text, place));
            if hit.is_some() {
                return hit;
            }
            places &= places - 1;
        }
        None
    };
    let mut at = from;
    while let Some(stride) = text.get(at..).and_then(<[u8]>::first_chunk::<{ STRIDE_BYTES + MORE_BYTES }>) {
        // Kept together only: to keep the result of each block takes longer than to make it again.
        let any = spans(stride).fold(_mm256_setzero_si256(), |any, span| _mm256_or_si256(any, fit(&doubled, span)));
        if _mm256_testz_si256(any, any) == 0 {
            for (span, block) in spans(stride).zip((0..).step_by(BLOCK_BYTES)) {
                let hit = among(places(fit(&doubled, span)), at + block);
                if hit.is_some() {
                    return hit;
                }
            }
        }
        at += STRIDE_BYTES;
    }
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let fit = match rest.first_chunk::<SPAN_BYTES>() {
            Some(span) => fit(&doubled, span),
            None => {
                // After the end stands what `groups_at` takes to be there.
                let mut span = [0; SPAN_BYTES];
                span.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
                fit(&doubled, &span)
            }
        };
        let hit = among(places(fit), at);
        if hit.is_some() {
            return hit;
        }
        at += BLOCK_BYTES;
    }
    None
}

/// The blocks of a stride, each with what comes after it.
fn spans(stride: &[u8; STRIDE_BYTES + MORE_BYTES]) -> impl Iterator<Item = &[u8; SPAN_BYTES]> {
    (0..STRIDE_BYTES).step_by(BLOCK_BYTES).filter_map(|at| stride.get(at..)?.first_chunk())
}

/// The groups that fit from each byte of a block on.
#[target_feature(enable = "avx2")]
#[inline]
fn fit([first, second, third, fourth]: &[__m256i; WINDOW], span: &[u8; SPAN_BYTES]) -> __m256i {
    // A byte beyond ASCII picks nothing: its highest bit is set.
    let picked = |table: &__m256i, place| _mm256_shuffle_epi8(*table, block(span, place));
    _mm256_and_si256(
        _mm256_and_si256(picked(first, 0), picked(second, 1)),
        _mm256_and_si256(picked(third, 2), picked(fourth, 3)),
    )
}

/// The bytes at which any group fits, a bit each.
#[target_feature(enable = "avx2")]
#[inline]
fn places(fit: __m256i) -> u32 {
    !_mm256_movemask_epi8(_mm256_cmpeq_epi8(fit, _mm256_setzero_si256())) as u32
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
