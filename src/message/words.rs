//! The searches in a head's bytes, eight or sixteen at a time.

mod blocks;

use blocks::{BLOCK_BYTES, not_of_name, not_plain};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// True if all of them are *plain*: printable ASCII other than quote and backslash.
#[inline]
pub fn is_plain(bytes: &[u8]) -> bool {
    let (blocks, _) = bytes.as_chunks();
    let Some(last) = bytes.last_chunk() else { return not_plain(&repeated(bytes)) == 0 };
    blocks.iter().all(|block| not_plain(block) == 0) && not_plain(last) == 0
}

/// A block with these bytes, of which there are too few for one, and no others but spaces.
#[inline]
fn repeated(bytes: &[u8]) -> [u8; BLOCK_BYTES] {
    let word = |first: u64, last: u64| (u128::from(first) | u128::from(last) << 64).to_le_bytes();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return word(u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let both = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        return word(both, both);
    }
    let few = bytes.iter().fold(ONES * u64::from(b' '), |word, byte| word << 8 | u64::from(*byte));
    word(few, few)
}

/// Where the first byte from `at` on is that is not plain; the length if there is none.
#[inline]
pub fn plain_end(bytes: &[u8], at: usize) -> usize {
    end_of(bytes, at, not_plain, blocks::is_plain)
}

/// Where the first byte from `at` on is that `is` not so.
#[inline(always)]
fn end_of(bytes: &[u8], at: usize, bits: impl Fn(&[u8; BLOCK_BYTES]) -> u32, is: impl Fn(u8) -> bool) -> usize {
    let mut from = at;
    while let Some(block) = bytes.get(from..).and_then(<[u8]>::first_chunk) {
        let ends = bits(block);
        if ends != 0 {
            return from + ends.trailing_zeros() as usize;
        }
        from += BLOCK_BYTES;
    }
    let left = bytes.len().saturating_sub(from);
    match bytes.last_chunk() {
        // It has bytes before these, which do not count.
        Some(block) => {
            let ends = (bits(block) | 1 << BLOCK_BYTES) >> (BLOCK_BYTES - left);
            from + ends.trailing_zeros() as usize
        }
        None => from + bytes.iter().skip(from).take_while(|byte| is(**byte)).count(),
    }
}

/// Eight bytes of ASCII in lower case; other bytes stay as they are.
pub const fn lower(word: u64) -> u64 {
    let low = word & !HIGH;
    let from_a = low.wrapping_add(ONES * (0x80 - b'A' as u64));
    let beyond_z = low.wrapping_add(ONES * (0x7f - b'Z' as u64));
    word | ((from_a & !beyond_z & !word & HIGH) >> 2)
}

/// Where a name from `at` on ends, of letters, digits and `-`, and its `name_hash`. Called for each field: a call that is not
/// inlined costs one in fifty of all instructions.
#[inline(always)]
pub fn scan_name(bytes: &[u8], at: usize) -> (usize, u32) {
    let end = end_of(bytes, at, not_of_name, blocks::is_of_name);
    let length = end - at;
    if let Some([first, second]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>).map(halves)
        && length < 16
    {
        let beginning = |word: u64, bytes: usize| word & ((1 << (8 * bytes)) - 1);
        let hash = match length.checked_sub(8) {
            Some(more) => mix(mix(0, first), beginning(second, more)),
            None => mix(0, beginning(first, length)),
        };
        return (end, finish(hash));
    }
    let (words, rest) = bytes.get(at..end).unwrap_or_default().as_chunks::<8>();
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = match bytes.get(end - rest.len()..).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word) & ((1 << (8 * rest.len())) - 1),
        None => tail_word(rest),
    };
    (end, finish(mix(hash, last)))
}

fn halves(block: &[u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(*block);
    [both as u64, (both >> 64) as u64]
}

/// The same for names that differ in case only.
#[inline]
pub const fn name_hash(name: &[u8]) -> u32 {
    let (mut hash, mut rest) = (0, name);
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        hash = mix(hash, u64::from_le_bytes(*word));
        rest = after;
    }
    finish(mix(hash, tail_word(rest)))
}

const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ (word | (ONES * 0x20))).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

const fn finish(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// At most eight bytes as the beginning of a word.
const fn tail_word(bytes: &[u8]) -> u64 {
    let (mut word, mut rest) = (0, bytes);
    while let Some((&byte, before)) = rest.split_last() {
        word = (word << 8) | byte as u64;
        rest = before;
    }
    word
}

/// True if they differ in case at most.
#[inline]
pub fn same_name(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a.eq_ignore_ascii_case(b);
    };
    let same = |a: &[u8; 8], b: &[u8; 8]| lower(u64::from_le_bytes(*a)) == lower(u64::from_le_bytes(*b));
    same(last_a, last_b) && a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).all(|(a, b)| same(a, b))
}

/// The same of a name that `is_lower_case`: a third of the instructions.
#[inline]
pub fn is_name(name: &[u8], known: &[u8]) -> bool {
    if name.len() != known.len() {
        return false;
    }
    let (Some(last), Some(last_known)) = (name.last_chunk::<8>(), known.last_chunk::<8>()) else {
        return name.eq_ignore_ascii_case(known);
    };
    let same = |name: &[u8; 8], known: &[u8; 8]| {
        let known = u64::from_le_bytes(*known);
        // Digits and `-` lack the bit of letters, and a capital lacks the next bit.
        let letters = (known & (ONES * 0x40)) >> 1;
        u64::from_le_bytes(*name) | letters == known
    };
    same(last, last_known)
        && name.as_chunks::<8>().0.iter().zip(known.as_chunks::<8>().0).all(|(name, known)| same(name, known))
}

/// Of lower-case letters, digits and `-`.
pub const fn is_lower_case(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some((byte, after)) = rest.split_first() {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-') {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_bytes_are_counted_as_one_by_one(bytes in "[ -~]{0,20}", odd in any::<u8>(), more in any::<Vec<u8>>()) {
            let bytes = [bytes.as_bytes(), &[odd], &more].concat();
            let plain = bytes.iter().take_while(|&&b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\').count();
            prop_assert_eq!(plain_end(&bytes, 0), plain);
            for end in 0..=bytes.len() {
                prop_assert_eq!(is_plain(&bytes[..end]), end <= plain);
            }
            for at in 0..bytes.len() {
                prop_assert_eq!(plain_end(&bytes, at), at + plain_end(&bytes[at..], 0));
            }
        }

        #[test]
        fn a_name_ends_where_it_does(
            before in any::<Vec<u8>>(),
            name in "[a-zA-Z0-9-]{0,40}",
            more in prop_oneof![Just(Vec::new()), any::<Vec<u8>>()],
        ) {
            let bytes = [&before, name.as_bytes(), &more].concat();
            let is_of_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-';
            let end = before.len() + bytes[before.len()..].iter().take_while(is_of_name).count();
            prop_assert_eq!(scan_name(&bytes, before.len()), (end, name_hash(&bytes[before.len()..end])));
        }

        #[test]
        fn names_are_the_same_as_ever(a in "[!-~]{0,20}", b in "[!-~]{0,20}", at in any::<prop::sample::Index>()) {
            let upper = a.to_ascii_uppercase();
            prop_assert!(same_name(a.as_bytes(), upper.as_bytes()));
            prop_assert_eq!(same_name(a.as_bytes(), b.as_bytes()), a.eq_ignore_ascii_case(&b));
            if !a.is_empty() {
                let mut other = upper.into_bytes();
                let at = at.index(a.len());
                other[at] ^= 1;
                prop_assert!(!same_name(a.as_bytes(), &other));
            }
        }

        #[test]
        fn a_known_name_is_found_in_any_case(
            known in "[a-z0-9-]{0,20}",
            other in any::<Vec<u8>>(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            prop_assert!(is_lower_case(known.as_bytes()));
            let mut name = known.to_ascii_uppercase().into_bytes();
            prop_assert!(is_name(&name, known.as_bytes()));
            prop_assert_eq!(is_name(&other, known.as_bytes()), other.eq_ignore_ascii_case(known.as_bytes()));
            if !known.is_empty() {
                let at = at.index(known.len());
                name[at] = byte;
                prop_assert_eq!(is_name(&name, known.as_bytes()), name.eq_ignore_ascii_case(known.as_bytes()));
            }
        }

        #[test]
        fn lower_case_of_eight_bytes(bytes in any::<[u8; 8]>()) {
            prop_assert_eq!(lower(u64::from_le_bytes(bytes)).to_le_bytes().to_vec(), bytes.to_ascii_lowercase());
        }

        #[test]
        fn a_hash_knows_no_case(name in "[!-~]{0,30}") {
            prop_assert_eq!(name_hash(name.as_bytes()), name_hash(name.to_ascii_lowercase().as_bytes()));
        }
    }
}
