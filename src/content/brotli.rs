//! br (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::room::{Broken, End, Room};

/// What follows the stream is padding.
pub(super) fn decode(coded: &[u8], out: &mut Room) -> Result<End, Broken> {
    // Strict: windows of up to 16 MiB, as in the RFC, and not of 1 GiB. They grow as they fill.
    let [bytes, numbers, codes] = [(); 3].map(|()| StandardAlloc::default());
    let mut state = BrotliState::new_strict(bytes, numbers, codes);
    let (mut available, mut consumed, mut total) = (coded.len(), 0, 0);
    let mut step = |room: &mut [u8]| {
        let (mut left, mut written) = (room.len(), 0);
        let result = BrotliDecompressStream(
            &mut available,
            &mut consumed,
            coded,
            &mut left,
            &mut written,
            room,
            &mut total,
            &mut state,
        );
        (written, result)
    };
    loop {
        // Without room left: whether the stream ends here or has more to give.
        let (over, result) = if out.is_full() { step(&mut [0]) } else { (0, out.fill(&mut step)) };
        match result {
            BrotliResult::ResultFailure => return Err(Broken),
            _ if over > 0 => return Ok(End::Limit),
            BrotliResult::ResultSuccess => return Ok(End::Whole),
            BrotliResult::NeedsMoreInput => return Ok(End::Early),
            BrotliResult::NeedsMoreOutput => {}
        }
    }
}
