//! One frame of zstd (RFC 8878), block by block: what a few bytes can unpack to is then bounded by a block and the window.

use std::io::Read as _;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::step::{Damage, Step};
use crate::content::zstd::layout::{BLOCK_HEADER_BYTES, Block, CHECKSUM_BYTES, EMPTY_LAST_BLOCK, Header};

const NAME: &str = "zstd";
/// The decoder holds so much. `zstd -19` takes 8 MiB, `--ultra -20` this, the two levels above it and `--long` more.
const MAX_WINDOW_BYTES: u64 = 32 << 20;

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
        let last = Block::of(raw).filter(|block| block.is_last).and_then(|block| raw.get(..block.len));
        self.decoder
            .decode_blocks(last.unwrap_or(EMPTY_LAST_BLOCK).chain(&[0; CHECKSUM_BYTES][..]), BlockDecodingStrategy::All)
            .map_err(|_| Damage::EndsEarly(NAME))?;
        Ok(())
    }

    fn header(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        let Header { len, has_checksum, .. } = match Header::of(raw) {
            Ok(header) => header,
            Err(len) => return Ok(Step::Wants(len)),
        };
        self.decoder.reset(raw).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => Damage::Window { limit: MAX_WINDOW_BYTES },
            FrameDecoderError::DictNotProvided { .. } => Damage::Dictionary,
            _ => Damage::Broken(NAME),
        })?;
        self.has_checksum = has_checksum;
        self.in_frame = true;
        Ok(Step::On { taken: len, written: 0 })
    }

    /// The checksum after the last block comes with it.
    fn block(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        let Some(Block { len, is_last }) = Block::of(raw) else { return Ok(Step::Wants(BLOCK_HEADER_BYTES)) };
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
