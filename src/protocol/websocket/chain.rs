//! A row of frames that fit each other, each where the one before it ends.
//!
//! Of random bytes one place in forty looks like a header (RFC 6455 §5.2): 13 of 256 first bytes may stand there, and the next bit
//! says who sends. Other bytes are not random: where each record stands after its length in two, four or eight bytes, or in zeros,
//! all may be read as continuations that never end. So these speak for nothing.

use super::frame::{FrameHeader, Kind, unmask};
use super::partial::Partial;
use crate::message::{Direction, Opcode};

/// A frame that is longer proves nothing: random bytes that look like the header of one would be followed for too long.
const MAX_FRAME_BYTES: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Chain {
    header: Partial,
    payload_left: u64,
    /// Frames that speak for it.
    pub frames: u32,
    /// The mask of the last of these.
    pub mask: [u8; 4],
    /// A message is in progress; `None` if that is not known.
    pub is_in_message: Option<bool>,
    /// A close frame was sent: nothing follows it (RFC 6455 §5.5.1).
    is_closed: bool,
}

/// The bytes are no frame that fits.
pub(super) struct NoFrame;

impl Chain {
    pub const BEGIN: Self = Self {
        header: Partial::EMPTY,
        payload_left: 0,
        frames: 0,
        mask: [0; 4],
        is_in_message: None,
        is_closed: false,
    };

    /// It begins with the first frame of all.
    pub const FIRST: Self = Self { is_in_message: Some(false), ..Self::BEGIN };

    /// The next byte begins a frame.
    pub fn is_between(&self) -> bool {
        self.payload_left == 0 && self.header.is_empty()
    }

    /// Follows the frames in `bytes`. Returns where the first one begins after so many that speak for it, once there are.
    pub fn follow(
        &mut self,
        bytes: &[u8],
        from: Direction,
        may_be_compressed: bool,
        enough: u32,
    ) -> Result<Option<usize>, NoFrame> {
        let mut rest = bytes;
        loop {
            let skipped = rest.len().min(usize::try_from(self.payload_left).unwrap_or(usize::MAX));
            self.payload_left -= skipped as u64;
            rest = rest.get(skipped..).unwrap_or_default();
            if self.frames >= enough && self.is_between() {
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
            self.take(&header, rest)?;
        }
    }

    /// Adds a frame, of whose payload and more so much is there.
    fn take(&mut self, header: &FrameHeader, rest: &[u8]) -> Result<(), NoFrame> {
        let fits = match header.kind {
            Kind::Control(_) => true,
            Kind::Message(_) => self.is_in_message != Some(true),
            Kind::Continuation => self.is_in_message != Some(false),
        };
        let whole = usize::try_from(header.payload_bytes).ok().and_then(|length| rest.get(..length));
        if !fits || self.is_closed || !header.is_minimal || header.payload_bytes > MAX_FRAME_BYTES {
            return Err(NoFrame);
        }
        if whole.is_some_and(|payload| !is_payload_of(header, payload)) {
            return Err(NoFrame);
        }
        if !matches!(header.kind, Kind::Control(_)) {
            self.is_in_message = Some(!header.is_last);
        }
        self.is_closed = header.kind == Kind::Control(Opcode::Close);
        if header.kind != Kind::Continuation {
            self.frames = self.frames.saturating_add(1);
            self.mask = header.mask;
        }
        self.payload_left = header.payload_bytes;
        Ok(())
    }
}

/// Text is UTF-8 (RFC 6455 §5.6), and a close frame is empty or begins with a code that may be sent (§7.4).
fn is_payload_of(header: &FrameHeader, payload: &[u8]) -> bool {
    let is_close = match header.kind {
        Kind::Message(Opcode::Text) if header.is_last && !header.is_compressed => false,
        Kind::Control(Opcode::Close) => true,
        _ => return true,
    };
    let mut plain = Vec::new();
    let payload = if header.mask == [0; 4] {
        payload
    } else {
        unmask(&mut plain, payload, header.mask, 0);
        &plain
    };
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) if is_close => {
            let code = u16::from_be_bytes(*code);
            matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) && std::str::from_utf8(reason).is_ok()
        }
        None if is_close => payload.is_empty(),
        _ => std::str::from_utf8(payload).is_ok(),
    }
}
