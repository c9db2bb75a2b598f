//! br (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::content_buffer::{Broken, ContentBuffer, End};

/// A stream of br, decoded piece by piece.
pub(super) struct Stream(BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>);

impl Stream {
    /// Strict: windows of up to 16 MiB, as in the RFC, and not of 1 GiB. They grow as they fill.
    pub fn new() -> Self {
        let [bytes, numbers, codes] = [(); 3].map(|()| StandardAlloc::default());
        Self(BrotliState::new_strict(bytes, numbers, codes))
    }

    /// Decodes into `room` and takes what it needs off the front of `coded`; returns how many bytes it has written.
    pub fn step(&mut self, coded: &mut &[u8], room: &mut [u8]) -> (usize, BrotliResult) {
        let (mut available, mut consumed, mut total) = (coded.len(), 0, 0);
        let (mut left, mut written) = (room.len(), 0);
        let result = BrotliDecompressStream(
            &mut available,
            &mut consumed,
            coded,
            &mut left,
            &mut written,
            room,
            &mut total,
            &mut self.0,
        );
        *coded = coded.get(consumed..).unwrap_or_default();
        (written, result)
    }
}

/// Bytes after the stream are padding.
pub(super) fn decode(mut coded: &[u8], out: &mut ContentBuffer) -> Result<End, Broken> {
    let mut stream = Stream::new();
    let mut step = |room: &mut [u8]| stream.step(&mut coded, room);
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
