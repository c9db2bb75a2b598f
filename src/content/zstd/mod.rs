//! zstd (RFC 8878), with the window that RFC 9659 allows.

pub(crate) mod layout;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::content_buffer::{Broken, ContentBuffer, End};
use layout::EMPTY_LAST_BLOCK;
pub(super) use stream::Stream;

/// RFC 9659 §3.
const MAX_WINDOW_BYTES: u64 = 8 << 20;
/// Frames, skippable frames too, that are read of one body: each costs something, however short it is.
const MAX_FRAMES: usize = 1_024;

/// One frame after the other. Whole frames stay when a later frame is broken.
pub(super) fn decode(coded: &[u8], out: &mut ContentBuffer) -> Result<End, Broken> {
    let mut input = Input { rest: coded, ran_dry: false };
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MAX_WINDOW_BYTES);
    for _ in 0..MAX_FRAMES {
        match decoder.reset(&mut input) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let skipped = usize::try_from(length).ok().and_then(|length| input.rest.get(length..));
                match skipped {
                    Some([]) => return Ok(End::Whole),
                    Some(rest) => input.rest = rest,
                    None => return Ok(End::Early),
                }
                continue;
            }
            Err(_) if input.ran_dry || !out.bytes.is_empty() => return Ok(End::Early),
            Err(_) => return Err(Broken),
        }
        let start = out.bytes.len();
        let end = match frame(&mut decoder, &mut input, out) {
            Err(Broken) if start > 0 => {
                out.bytes.truncate(start);
                End::Early
            }
            end => end?,
        };
        if end != End::Whole || input.rest.is_empty() {
            return Ok(end);
        }
    }
    Ok(End::Limit)
}

fn frame(decoder: &mut FrameDecoder, input: &mut Input<'_>, out: &mut ContentBuffer) -> Result<End, Broken> {
    let wanted = (out.max_bytes - out.bytes.len()).saturating_add(1);
    // Block by block, each at most 128 KiB.
    let end = match decoder.decode_blocks(&mut *input, BlockDecodingStrategy::UptoBytes(wanted)) {
        Ok(true) => End::Whole,
        Ok(false) => End::Limit,
        Err(_) if input.ran_dry => End::Early,
        Err(_) => return Err(Broken),
    };
    if end != End::Whole {
        // The decoder keeps a window's bytes to itself until the frame ends, so it ends here.
        decoder.decode_blocks(EMPTY_LAST_BLOCK, BlockDecodingStrategy::All).map_err(|_| Broken)?;
    }
    while decoder.can_collect() > 0 {
        if out.is_full() {
            return Ok(End::Limit);
        }
        out.fill(|room| (decoder.read(room).unwrap_or_default(), ()));
    }
    let sum = decoder.get_checksum_from_data();
    let damaged = end == End::Whole && sum.is_some() && sum != decoder.get_calculated_checksum();
    Ok(if damaged { End::Unchecked } else { end })
}

/// The coded bytes; remembers when more of them were wanted than there are.
struct Input<'a> {
    rest: &'a [u8],
    ran_dry: bool,
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(buffer)?;
        self.ran_dry |= count < buffer.len();
        Ok(count)
    }
}
