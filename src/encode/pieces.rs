//! Short texts, written as blocks of fixed size of which the excess is overwritten or taken back: that costs less than to call
//! memcpy for each, and to look each time whether there is room.

/// Appends the beginning of a block that `fill` writes, as much of it as that says: the room that there is is looked at once for
/// all pieces.
#[inline(always)]
pub(super) fn push_pieces<const N: usize>(out: &mut Vec<u8>, fill: impl FnOnce(&mut [u8; N]) -> usize) {
    let start = out.len();
    out.extend_from_slice(&[0; N]);
    let used = out.last_chunk_mut().map_or(0, fill);
    out.truncate(start + used);
}

/// Writes a piece of a block; nothing if it does not fit there.
#[inline(always)]
pub(super) fn put<const N: usize>(block: &mut [u8], at: usize, piece: &[u8; N]) {
    if let Some(place) = block.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = *piece;
    }
}

/// Writes at most 32 bytes, by pieces that overlap: that costs less than calling memcpy.
#[inline(always)]
pub(super) fn put_short(block: &mut [u8], at: usize, bytes: &[u8]) {
    #[inline(always)]
    fn both_ends<const N: usize>(block: &mut [u8], at: usize, bytes: &[u8]) -> bool {
        let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else { return false };
        put(block, at, first);
        put(block, at + bytes.len() - N, last);
        true
    }
    let done = both_ends::<16>(block, at, bytes)
        || both_ends::<8>(block, at, bytes)
        || both_ends::<4>(block, at, bytes)
        || both_ends::<2>(block, at, bytes);
    if !done && let [byte] = bytes {
        put(block, at, &[*byte]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_appended_as_far_as_they_go() {
        let text: Vec<u8> = (0..32).collect();
        for length in 0..=32 {
            let mut out = b"before".to_vec();
            push_pieces::<40>(&mut out, |block| {
                put_short(block, 3, &text[..length]);
                put(block, 0, b"abc");
                3 + length
            });
            assert_eq!(out, [b"beforeabc", &text[..length]].concat());
        }
    }

    #[test]
    fn a_piece_that_does_not_fit_is_left_out() {
        let mut block = [0; 4];
        put(&mut block, 2, b"abc");
        put(&mut block, 9, b"a");
        assert_eq!(block, [0; 4]);
    }
}
