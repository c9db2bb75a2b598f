//! Sixteen bytes at once: which of them end a piece of a head's text, a bit each.

pub(super) const BLOCK_BYTES: usize = 16;

/// Printable ASCII other than quote and backslash.
pub(super) const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// A letter, a digit or `-`.
pub(super) const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use portable as here;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use vectors as here;

/// A bit for each byte that is not plain.
#[inline]
pub(super) fn not_plain(block: &[u8; BLOCK_BYTES]) -> u32 {
    here::not_plain(block)
}

/// A bit for each byte that is neither a letter nor a digit nor `-`.
#[inline]
pub(super) fn not_of_name(block: &[u8; BLOCK_BYTES]) -> u32 {
    here::not_of_name(block)
}

/// By vectors, as every processor of x86-64 has them.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod vectors {
    #![allow(
        unsafe_code,
        reason = "calls of functions for processors that have SSE2, as all that this is compiled for"
    )]

    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8,
    };

    /// A bit for each byte that is not plain.
    #[inline]
    pub fn not_plain(block: &[u8; 16]) -> u32 {
        // SAFETY: this is compiled only where all processors have the instructions; nothing else is asked of the caller.
        unsafe { marks_of_not_plain(block) }
    }

    /// A bit for each byte that is neither a letter nor a digit nor `-`.
    #[inline]
    pub fn not_of_name(block: &[u8; 16]) -> u32 {
        // SAFETY: as above.
        unsafe { marks_of_not_of_name(block) }
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn marks_of_not_plain(block: &[u8; 16]) -> u32 {
        let text = vector(block);
        // As signed numbers: what is not ASCII is less than a space too.
        let below = _mm_cmplt_epi8(text, all(b' '));
        let quotes = _mm_or_si128(_mm_cmpeq_epi8(text, all(b'"')), _mm_cmpeq_epi8(text, all(b'\\')));
        let odd = _mm_or_si128(_mm_or_si128(below, quotes), _mm_cmpeq_epi8(text, all(0x7f)));
        _mm_movemask_epi8(odd) as u32
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn marks_of_not_of_name(block: &[u8; 16]) -> u32 {
        let text = vector(block);
        let letter = within(_mm_or_si128(text, all(0x20)), b'a', b'z');
        let dash_or_digit = _mm_or_si128(within(text, b'0', b'9'), _mm_cmpeq_epi8(text, all(b'-')));
        _mm_movemask_epi8(_mm_or_si128(letter, dash_or_digit)) as u32 ^ 0xffff
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn vector(block: &[u8; 16]) -> __m128i {
        let bytes = u128::from_le_bytes(*block);
        _mm_set_epi64x((bytes >> 64) as i64, bytes as i64)
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn all(byte: u8) -> __m128i {
        _mm_set1_epi8(byte as i8)
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn within(text: __m128i, first: u8, last: u8) -> __m128i {
        let from_first = _mm_add_epi8(text, all(first.wrapping_neg()));
        _mm_cmpeq_epi8(_mm_min_epu8(from_first, all(last - first)), from_first)
    }
}

/// On any processor, eight bytes at a time.
#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod portable {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;

    /// A bit for each byte that is not plain.
    #[inline]
    pub fn not_plain(block: &[u8; 16]) -> u32 {
        gather(block, |word| {
            let low = word & !HIGH;
            let is_plain = between(low, b' ', b'~') & !between(low, b'"', b'"') & !between(low, b'\\', b'\\');
            !is_plain | word
        })
    }

    /// A bit for each byte that is neither a letter nor a digit nor `-`.
    #[inline]
    pub fn not_of_name(block: &[u8; 16]) -> u32 {
        gather(block, |word| {
            let low = word & !HIGH;
            let letter = between(low | (ONES * 0x20), b'a', b'z');
            !(letter | between(low, b'0', b'9') | between(low, b'-', b'-')) | word
        })
    }

    /// The high bits of bytes of ASCII within these; other bits mean nothing.
    const fn between(low: u64, first: u8, last: u8) -> u64 {
        low.wrapping_add(ONES * (0x80 - first as u64)) & !low.wrapping_add(ONES * (0x7f - last as u64))
    }

    /// The high bits of what is made of the block's words.
    fn gather(block: &[u8; 16], marks: impl Fn(u64) -> u64) -> u32 {
        /// Gathers the lowest bit of each of eight bytes in the highest byte.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let bits =
            |word: &[u8; 8]| (((marks(u64::from_le_bytes(*word)) & HIGH) >> 7).wrapping_mul(GATHER) >> 56) as u32;
        let (words, _) = block.as_chunks::<8>();
        words.iter().rev().fold(0, |all, word| (all << 8) | bits(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By each way there is on this processor.
    #[test]
    fn each_byte_in_each_place_has_its_bit() {
        for byte in 0..=255 {
            for (others, place) in
                [b'a', b'\n', 0xff].into_iter().flat_map(|others| (0..16).map(move |place| (others, place)))
            {
                let mut block = [others; BLOCK_BYTES];
                block[place] = byte;
                let bits = |is: fn(u8) -> bool| (0..16).fold(0, |bits, at| bits | u32::from(!is(block[at])) << at);
                assert_eq!([not_plain(&block), portable::not_plain(&block)], [bits(is_plain); 2], "{block:?}");
                assert_eq!([not_of_name(&block), portable::not_of_name(&block)], [bits(is_of_name); 2], "{block:?}");
            }
        }
    }
}
