//! Where frames begin again, after a loss that does not end inside a frame.
//!
//! Senders hand over whole frames, so some segment begins with one. From the start of each segment frames are followed: they must
//! fit each other and what was agreed, `PROOF_FRAMES` in a row. Of random bytes one in forty looks like a header, so that hardly
//! one start in 10^9 is believed for nothing. The frames that prove it are passed over.

use super::frame::{FrameHeader, Kind};
use super::partial::Partial;
use crate::message::Direction;

/// Frames that have to fit.
const PROOF_FRAMES: u32 = 6;
/// Starts that are followed at one time.
const MAX_CHAINS: usize = 8;
/// A frame that is longer proves nothing: random bytes that look like the header of one would be followed for too long.
const MAX_FRAME_BYTES: u64 = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Search {
    chains: Vec<Chain>,
}

/// The result of a search so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes that are passed over.
    pub used: usize,
    /// A frame begins after them; inside: true if it belongs to a message that was begun before, `None` if that is not known.
    pub is_in_message: Option<Option<bool>>,
}

#[derive(Debug)]
struct Chain {
    header: Partial,
    payload_left: u64,
    frames: u32,
    is_in_message: Option<bool>,
}

impl Search {
    pub fn push(&mut self, bytes: &[u8], is_segment_start: bool, from: Direction, may_be_compressed: bool) -> Found {
        if is_segment_start && self.chains.len() < MAX_CHAINS {
            self.chains.push(Chain { header: Partial::EMPTY, payload_left: 0, frames: 0, is_in_message: None });
        }
        let mut found = None;
        self.chains.retain_mut(|chain| match chain.follow(bytes, from, may_be_compressed) {
            Ok(None) => true,
            Ok(Some(used)) => {
                found.get_or_insert(Found { used, is_in_message: Some(chain.is_in_message) });
                false
            }
            Err(NoFrame) => false,
        });
        found.unwrap_or(Found { used: bytes.len(), is_in_message: None })
    }

    pub fn lose(&mut self) {
        self.chains.clear();
    }
}

/// There is none here.
struct NoFrame;

impl Chain {
    /// Returns where in `bytes` the frame begins that comes after the proof, once there is one.
    fn follow(&mut self, bytes: &[u8], from: Direction, may_be_compressed: bool) -> Result<Option<usize>, NoFrame> {
        let mut rest = bytes;
        loop {
            let skipped = rest.len().min(usize::try_from(self.payload_left).unwrap_or(usize::MAX));
            self.payload_left -= skipped as u64;
            rest = rest.get(skipped..).unwrap_or_default();
            if self.payload_left == 0 && self.frames >= PROOF_FRAMES && self.header.is_empty() {
                return Ok(Some(bytes.len() - rest.len()));
            }
            if rest.is_empty() {
                return Ok(None);
            }
            let before = self.header.filled().len();
            let taken = self.header.fill(rest);
            let parsed = FrameHeader::parse(self.header.filled(), from, may_be_compressed).map_err(|_| NoFrame)?;
            let Some((header, length)) = parsed else {
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            };
            rest = rest.get(length.saturating_sub(before)..).unwrap_or_default();
            self.header = Partial::EMPTY;
            self.take(&header)?;
        }
    }

    fn take(&mut self, header: &FrameHeader) -> Result<(), NoFrame> {
        let fits = match header.kind {
            Kind::Control(_) => true,
            Kind::Message(_) => self.is_in_message != Some(true),
            Kind::Continuation => self.is_in_message != Some(false),
        };
        if !fits || !header.is_minimal || header.payload_bytes > MAX_FRAME_BYTES {
            return Err(NoFrame);
        }
        if !matches!(header.kind, Kind::Control(_)) {
            self.is_in_message = Some(!header.is_last);
        }
        self.payload_left = header.payload_bytes;
        self.frames += 1;
        Ok(())
    }
}
