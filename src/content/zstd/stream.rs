//! A body as it comes: what a block holds comes out with the block's last byte.
//!
//! The decoder keeps a window of its output to itself until a frame's last block. So it is told at the beginning that this block
//! was there: it decodes others all the same, and from then on shows all that it has. A writer that takes nothing leaves that in
//! place, as the window of the blocks to come.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::MAX_WINDOW_BYTES;
use super::layout::{
    BLOCK_HEADER_BYTES, Block, CHECKSUM_BYTES, EMPTY_LAST_BLOCK, Header, MAX_BLOCK_BYTES, SKIPPABLE_HEADER_BYTES,
    is_skippable,
};
use crate::content::content_buffer::Broken;

/// The memory that a decoder needs besides what grows.
const DECODER_BYTES: usize = 48 << 10;

#[derive(Default)]
pub struct Stream {
    /// From `start` on: coded bytes that are not decoded yet.
    pending: Vec<u8>,
    start: usize,
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Between,
    Frame(Box<Frame>),
    /// So many bytes to come are a checksum, or in a skippable frame.
    Skipping(usize),
}

impl State {
    fn after(bytes: usize) -> Self {
        if bytes == 0 { Self::Between } else { Self::Skipping(bytes) }
    }
}

impl Stream {
    /// Adds bytes for `step` to decode.
    pub fn put(&mut self, coded: &[u8]) {
        self.pending.extend_from_slice(coded);
    }

    /// Decodes the next part. Returns how many coded bytes it has; `None` if it is not there as a whole.
    ///
    /// # Errors
    /// When it cannot be read on.
    pub fn step(&mut self, give: impl FnMut(&[u8])) -> Result<Option<usize>, Broken> {
        let raw = self.pending.get(self.start..).unwrap_or_default();
        let (taken, next) = match &mut self.state {
            State::Between => begin(raw)?,
            State::Frame(frame) => frame.block(raw, give)?,
            State::Skipping(left) => {
                let len = raw.len().min(*left);
                (len, Some(State::after(*left - len)))
            }
        };
        if let Some(next) = next {
            self.state = next;
        }
        if taken > 0 {
            self.start += taken;
            return Ok(Some(taken));
        }
        self.pending.drain(..std::mem::take(&mut self.start));
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        Ok(None)
    }

    pub fn held_bytes(&self) -> usize {
        let decoder = match &self.state {
            // All grows by doubling. A sequence takes 12 bytes, and gives 3 at least.
            State::Frame(frame) => DECODER_BYTES + 2 * (frame.most + 4 * frame.most_of_a_block),
            _ => 0,
        };
        self.pending.capacity() + decoder
    }
}

/// The bytes that it took, 0 if it needs more; what comes then, unless it is the same.
type Step = (usize, Option<State>);

/// The header of a frame.
fn begin(raw: &[u8]) -> Result<Step, Broken> {
    if raw.first_chunk().is_some_and(|&magic| is_skippable(magic)) {
        let Some(&[_, _, _, _, a, b, c, d]) = raw.first_chunk::<SKIPPABLE_HEADER_BYTES>() else { return Ok((0, None)) };
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).map_err(|_| Broken)?;
        return Ok((SKIPPABLE_HEADER_BYTES, Some(State::after(len))));
    }
    let Ok(header) = Header::of(raw) else { return Ok((0, None)) };
    Ok((header.len, Some(State::Frame(Box::new(Frame::new(header, raw)?)))))
}

struct Frame {
    decoder: FrameDecoder,
    window: usize,
    has_checksum: bool,
    /// So many bytes are in the decoder; all of them were given.
    given: usize,
    /// The most that it ever had, and that a block gave.
    most: usize,
    most_of_a_block: usize,
}

impl Frame {
    fn new(Header { has_checksum, window_bytes, .. }: Header, raw: &[u8]) -> Result<Self, Broken> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        decoder.reset(raw).map_err(|_| Broken)?;
        let window = usize::try_from(window_bytes.unwrap_or(decoder.content_size())).map_err(|_| Broken)?;
        let mut frame = Self { decoder, window, has_checksum, given: 0, most: 0, most_of_a_block: 0 };
        frame.put(EMPTY_LAST_BLOCK)?;
        Ok(frame)
    }

    fn put(&mut self, block: impl Read) -> Result<(), Broken> {
        let put = AssertUnwindSafe(|| self.decoder.decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1)));
        // A panic is a bug of the decoder's own.
        catch_unwind(put).ok().and_then(Result::ok).map(|_| ()).ok_or(Broken)
    }

    fn block(&mut self, raw: &[u8], give: impl FnMut(&[u8])) -> Result<Step, Broken> {
        let Some(Block { len, is_last }) = Block::of(raw) else { return Ok((0, None)) };
        if len > BLOCK_HEADER_BYTES + MAX_BLOCK_BYTES {
            return Err(Broken);
        }
        let Some([first, rest @ ..]) = raw.get(..len) else { return Ok((0, None)) };
        if self.given > 2 * self.window.max(MAX_BLOCK_BYTES) {
            self.cut_to_window()?;
        }
        // To the decoder it is not the last block, after which it would read a checksum.
        self.put([first & !1].as_slice().chain(rest))?;
        let mut onlooker = Onlooker { seen: self.given, give };
        self.decoder.collect_to_writer(&mut onlooker).map_err(|_| Broken)?;
        self.most = self.most.max(onlooker.seen);
        self.most_of_a_block = self.most_of_a_block.max(onlooker.seen - self.given);
        self.given = onlooker.seen;
        let after = if self.has_checksum { CHECKSUM_BYTES } else { 0 };
        Ok((len, is_last.then(|| State::after(after))))
    }

    /// Takes all out of the decoder, and puts a window back in as raw blocks: no more than was decoded since the last time.
    fn cut_to_window(&mut self) -> Result<(), Broken> {
        let all = self.decoder.collect().unwrap_or_default();
        let window = all.get(all.len().saturating_sub(self.window)..).unwrap_or(&all);
        for piece in window.chunks(self.window.clamp(1, MAX_BLOCK_BYTES)) {
            let header = (piece.len() as u32) << 3;
            self.put(header.to_le_bytes().get(..BLOCK_HEADER_BYTES).unwrap_or_default().chain(piece))?;
        }
        self.given = window.len();
        Ok(())
    }
}

/// Gives what it has not seen, and takes nothing.
struct Onlooker<F> {
    seen: usize,
    give: F,
}

impl<F: FnMut(&[u8])> Write for Onlooker<F> {
    fn write(&mut self, all: &[u8]) -> io::Result<usize> {
        (self.give)(all.get(self.seen..).unwrap_or_default());
        self.seen = all.len();
        Ok(0)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
