//! One frame of zstd (RFC 8878), block by block: what a few bytes can unpack to is then bounded by a block and the window.

use std::io::Read as _;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::step::{Damage, Step};

const NAME: &str = "zstd";
/// The decoder holds so much. `zstd -19` takes 8 MiB, `--ultra -20` this, the two levels above it and `--long` more.
const MAX_WINDOW_BYTES: u64 = 32 << 20;

/// A raw block of no bytes, the last one (RFC 8878 §3.1.1.2).
const EMPTY_LAST_BLOCK: &[u8] = &[1, 0, 0];
const BLOCK_HEADER_BYTES: usize = 3;
const CHECKSUM_BYTES: usize = 4;

pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// The header was read.
    in_frame: bool,
    has_checksum: bool,
    /// The frame was ended by us.
    released: bool,
}

impl Default for Zstd {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        Self { decoder, in_frame: false, has_checksum: false, released: false }
    }
}

impl Zstd {
    pub(super) fn step(&mut self, raw: &[u8], out: &mut [u8]) -> Result<Step, Damage> {
        if !self.in_frame {
            return self.header(raw);
        }
        if self.decoder.can_collect() > 0 {
            let written = self.decoder.read(out).map_err(|_| Damage::Broken(NAME))?;
            return Ok(Step::On { taken: 0, written });
        }
        if self.decoder.is_finished() { self.end(raw) } else { self.block(raw) }
    }

    /// No more than `raw` comes: releases what the window holds back, and a last block of which only the checksum is missing.
    pub(super) fn release(&mut self, raw: &[u8]) -> Result<(), Damage> {
        self.released = true;
        if !self.in_frame {
            return Ok(());
        }
        let len = block_len(raw).filter(|(len, is_last)| *is_last && *len <= raw.len()).map(|(len, _)| len);
        let last = len.and_then(|len| raw.get(..len)).unwrap_or(EMPTY_LAST_BLOCK);
        self.decoder
            .decode_blocks(last.chain(&[0; CHECKSUM_BYTES][..]), BlockDecodingStrategy::All)
            .map_err(|_| Damage::EndsEarly(NAME))?;
        Ok(())
    }

    /// §3.1.1.1
    fn header(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        let Some(descriptor) = raw.get(4) else { return Ok(Step::Wants(5)) };
        let is_single_segment = descriptor & 0x20 != 0;
        let dictionary_id = match descriptor & 3 {
            3 => 4,
            len => usize::from(len),
        };
        let content_size = match descriptor >> 6 {
            0 => usize::from(is_single_segment),
            log => 1 << log,
        };
        let len = 5 + usize::from(!is_single_segment) + dictionary_id + content_size;
        let Some(mut header) = raw.get(..len) else { return Ok(Step::Wants(len)) };
        self.decoder.reset(&mut header).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => Damage::Window { limit: MAX_WINDOW_BYTES },
            FrameDecoderError::DictNotProvided { .. } => Damage::Dictionary,
            _ => Damage::Broken(NAME),
        })?;
        self.has_checksum = descriptor & 4 != 0;
        self.in_frame = true;
        Ok(Step::On { taken: len, written: 0 })
    }

    /// The checksum after the last one comes with it.
    fn block(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        let Some((len, is_last)) = block_len(raw) else { return Ok(Step::Wants(BLOCK_HEADER_BYTES)) };
        let len = len + if is_last && self.has_checksum { CHECKSUM_BYTES } else { 0 };
        let Some(mut block) = raw.get(..len) else { return Ok(Step::Wants(len)) };
        self.decoder
            .decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|_| Damage::Broken(NAME))?;
        Ok(Step::On { taken: len, written: 0 })
    }

    fn end(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        if self.released {
            return Ok(Step::Wants(raw.len() + 1));
        }
        self.in_frame = false;
        let sum = self.decoder.get_checksum_from_data();
        if sum.is_some() && sum != self.decoder.get_calculated_checksum() {
            return Err(Damage::Checksum(NAME));
        }
        Ok(Step::Over { taken: 0 })
    }
}

/// With its header, and whether it is the last one (§3.1.1.2).
fn block_len(raw: &[u8]) -> Option<(usize, bool)> {
    const RUN_LENGTH: u32 = 1;
    let &[a, b, c] = raw.first_chunk::<BLOCK_HEADER_BYTES>()?;
    let header = u32::from_le_bytes([a, b, c, 0]);
    let content = if header >> 1 & 3 == RUN_LENGTH { 1 } else { (header >> 3) as usize };
    Some((BLOCK_HEADER_BYTES + content, header & 1 == 1))
}
