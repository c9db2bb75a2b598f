//! What a head's bytes are looked at for, eight at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes there are before the first that is not *plain*: printable ASCII other than quote and backslash.
#[inline]
pub fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let flags = odd_flags(u64::from_le_bytes(*word));
        if flags != 0 {
            return index * 8 + flags.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| matches!(byte, b' '..=b'~' if !matches!(byte, b'"' | b'\\'));
    words.len() * 8 + rest.iter().take_while(is_plain).count()
}

/// The lowest high bit that is set is that of the first byte that is not plain; bits above it mean nothing.
const fn odd_flags(word: u64) -> u64 {
    const fn has_zero(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word.wrapping_add(ONES);
    let quote = has_zero(word ^ (ONES * b'"' as u64));
    let backslash = has_zero(word ^ (ONES * b'\\' as u64));
    (control | delete | quote | backslash | word) & HIGH
}

/// Eight bytes of ASCII in lower case; other bytes stay as they are.
pub const fn lower(word: u64) -> u64 {
    let low = word & !HIGH;
    let from_a = low.wrapping_add(ONES * (0x80 - b'A' as u64));
    let beyond_z = low.wrapping_add(ONES * (0x7f - b'Z' as u64));
    word | ((from_a & !beyond_z & !word & HIGH) >> 2)
}

/// How many bytes there are before the first that is neither a letter nor a digit nor `-`, and the `name_hash` of them. Called
/// for each field: a call that is not inlined costs one in fifty of all instructions.
#[inline(always)]
pub fn scan_name(bytes: &[u8]) -> (usize, u32) {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = 0;
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let ends = name_flags(word) ^ HIGH;
        if ends != 0 {
            let bits = ends.trailing_zeros() & !7;
            return (index * 8 + bits as usize / 8, finish(mix(hash, word & ((1 << bits) - 1))));
        }
        hash = mix(hash, word);
    }
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    (words.len() * 8 + length, finish(mix(hash, tail_word(rest.split_at(length).0))))
}

/// The high bits of letters, digits and `-`.
const fn name_flags(word: u64) -> u64 {
    const fn between(low: u64, first: u8, last: u8) -> u64 {
        low.wrapping_add(ONES * (0x80 - first as u64)) & !low.wrapping_add(ONES * (0x7f - last as u64))
    }
    let low = word & !HIGH;
    let letter = between(low | (ONES * 0x20), b'a', b'z');
    let dash_or_digit = between(low, b'0', b'9') | between(low, b'-', b'-');
    (letter | dash_or_digit) & !word & HIGH
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_bytes_are_counted_as_one_by_one(bytes in "[ -~]{0,20}", odd in any::<u8>(), more in any::<Vec<u8>>()) {
            let bytes = [bytes.as_bytes(), &[odd], &more].concat();
            let plain = bytes.iter().take_while(|&&b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\').count();
            prop_assert_eq!(plain_length(&bytes), plain);
        }

        #[test]
        fn a_name_ends_where_it_does(name in "[a-zA-Z0-9-]{0,20}", more in any::<Vec<u8>>()) {
            let bytes = [name.as_bytes(), &more].concat();
            let is_of_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-';
            let length = bytes.iter().take_while(is_of_name).count();
            prop_assert_eq!(scan_name(&bytes), (length, name_hash(&bytes[..length])));
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
        fn lower_case_of_eight_bytes(bytes in any::<[u8; 8]>()) {
            prop_assert_eq!(lower(u64::from_le_bytes(bytes)).to_le_bytes().to_vec(), bytes.to_ascii_lowercase());
        }

        #[test]
        fn a_hash_knows_no_case(name in "[!-~]{0,30}") {
            prop_assert_eq!(name_hash(name.as_bytes()), name_hash(name.to_ascii_lowercase().as_bytes()));
        }
    }
}
