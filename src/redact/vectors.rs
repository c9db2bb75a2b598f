//! The search for names in vectors of 64 or 32 bytes, where the processor has them.
#![allow(unsafe_code, reason = "calls of functions for processors that have the instructions, which is asked before")]

use super::tables::{Passed, Tables};

/// `None` where the processor cannot.
pub(super) fn pass(tables: &Tables, text: &[u8], from: usize) -> Option<Passed> {
    pass_by_64_bytes(tables, text, from).or_else(|| pass_by_32_bytes(tables, text, from))
}

pub(super) fn pass_by_64_bytes(tables: &Tables, text: &[u8], from: usize) -> Option<Passed> {
    // VBMI is not used: processors before those that have it slow down for vectors of 64 bytes.
    let can = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi");
    // SAFETY: the processor has the instructions that the function is compiled to; nothing else is asked of its caller.
    can.then(|| unsafe { of_64_bytes::pass(tables, text, from) })
}

pub(super) fn pass_by_32_bytes(tables: &Tables, text: &[u8], from: usize) -> Option<Passed> {
    // SAFETY: as above.
    is_x86_feature_detected!("avx2").then(|| unsafe { of_32_bytes::pass(tables, text, from) })
}

/// `pass` for a module that has vectors of `BLOCK_BYTES`.
macro_rules! pass_in_blocks {
    ($feature:literal) => {
        /// As much after a block as the window of its last byte takes.
        const MORE_BYTES: usize = WINDOW - 1;
        const SPAN_BYTES: usize = BLOCK_BYTES + MORE_BYTES;
        /// Bytes that are tested together: hardly ever a group fits anywhere in them.
        const STRIDE_BYTES: usize = 256;

        #[target_feature(enable = $feature)]
        pub(super) fn pass(tables: &Tables, text: &[u8], from: usize) -> Passed {
            let tables = tables.map(|table| in_each_lane(table));
            let (mut at, mut seen) = (from, nothing());
            while let Some(stride) = text.get(at..).and_then(<[u8]>::first_chunk::<{ STRIDE_BYTES + MORE_BYTES }>) {
                // Kept together only: to keep the result of each block takes longer than to make it again.
                let mut any = nothing();
                for number in 0..STRIDE_BYTES / BLOCK_BYTES {
                    let (block, groups) = fit(&tables, stride, number * BLOCK_BYTES);
                    (seen, any) = (or(seen, block), or(any, groups));
                }
                if places(any) != 0 {
                    break;
                }
                at += STRIDE_BYTES;
            }
            while at < text.len() {
                let rest = text.get(at..).unwrap_or_default();
                // After the end stands what `groups_at` takes to be there.
                let mut ending = [0; SPAN_BYTES];
                let span = rest.first_chunk().unwrap_or_else(|| {
                    ending.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
                    &ending
                });
                let (block, groups) = fit(&tables, span, 0);
                seen = or(seen, block);
                let places = places(groups);
                if places != 0 {
                    at += places.trailing_zeros() as usize;
                    break;
                }
                at += BLOCK_BYTES;
            }
            Passed { at: at.min(text.len()), is_ascii: is_ascii(seen) }
        }

        /// The block at a place, and the groups that fit from each byte of it on.
        #[target_feature(enable = $feature)]
        #[inline]
        fn fit<const N: usize>(tables: &[Vector; WINDOW], text: &[u8; N], at: usize) -> (Vector, Vector) {
            let [first, second, third, fourth] = *tables;
            let [a, b, c, d] = std::array::from_fn(|place| {
                text.get(at + place..).and_then(<[u8]>::first_chunk).map_or_else(|| nothing(), |block| load(block))
            });
            // A byte beyond ASCII picks nothing: its highest bit is set.
            (a, and(and(pick(first, a), pick(second, b)), and(pick(third, c), pick(fourth, d))))
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn load(block: &[u8; BLOCK_BYTES]) -> Vector {
            // SAFETY: it reads as many bytes as the block has, wherever they stand.
            unsafe { read(block.as_ptr().cast()) }
        }

        #[target_feature(enable = $feature)]
        #[inline]
        fn in_each_lane(table: [u8; 16]) -> Vector {
            // SAFETY: it reads as many bytes as the table has, wherever they stand.
            in_lanes(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
        }
    };
}

mod of_32_bytes {
    use std::arch::x86_64::{
        __m256i as Vector, _mm_loadu_si128, _mm256_and_si256 as and, _mm256_broadcastsi128_si256 as in_lanes,
        _mm256_cmpeq_epi8, _mm256_loadu_si256 as read, _mm256_movemask_epi8, _mm256_or_si256 as or,
        _mm256_setzero_si256 as nothing, _mm256_shuffle_epi8 as pick,
    };

    use crate::redact::tables::{Passed, Tables, WINDOW};

    const BLOCK_BYTES: usize = 32;

    pass_in_blocks!("avx2");

    /// The bytes that are not zero, a bit each.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn places(vector: Vector) -> u32 {
        !_mm256_movemask_epi8(_mm256_cmpeq_epi8(vector, nothing())) as u32
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn is_ascii(seen: Vector) -> bool {
        _mm256_movemask_epi8(seen) == 0
    }
}

mod of_64_bytes {
    use std::arch::x86_64::{
        __m512i as Vector, _mm_loadu_si128, _mm512_and_si512 as and, _mm512_broadcast_i32x4 as in_lanes,
        _mm512_loadu_si512 as read, _mm512_movepi8_mask, _mm512_or_si512 as or, _mm512_setzero_si512 as nothing,
        _mm512_shuffle_epi8 as pick, _mm512_test_epi8_mask,
    };

    use crate::redact::tables::{Passed, Tables, WINDOW};

    const BLOCK_BYTES: usize = 64;

    pass_in_blocks!("avx512bw");

    /// The bytes that are not zero, a bit each.
    #[target_feature(enable = "avx512bw")]
    #[inline]
    fn places(vector: Vector) -> u64 {
        _mm512_test_epi8_mask(vector, vector)
    }

    #[target_feature(enable = "avx512bw")]
    #[inline]
    fn is_ascii(seen: Vector) -> bool {
        _mm512_movepi8_mask(seen) == 0
    }
}
