//! A row of frame headers, each where the payload before it ends, and how much speaks for it.

use std::ops::Range;

use super::frame::{END_HEADERS, FrameHeader, HEADER_BYTES, Kind, MIN_MAX_FRAME_BYTES};
use super::head::HeadBuffer;
use super::hpack::Decoder;
use crate::flow::DataMeta;

/// So many bits of a row are as only frames have them: random bytes would have them once in 2^72 tries.
const MIN_BITS: u32 = 72;
/// Fewer frames prove nothing, whatever they are.
const MIN_FRAMES: u32 = 3;
/// The numbers of two streams with frames next to each other differ by so much at most.
const MAX_DISTANCE: u32 = 2 * 1_024;
/// Streams of a row that are remembered.
const MAX_STREAMS: usize = 16;
/// Larger frames are found only once their direction is in step: nearly no sender makes them.
const MAX_PROVABLE_FRAME_BYTES: u32 = 64 << 10;

/// Where a packet's bytes begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub at: usize,
    pub meta: DataMeta,
    /// Its sender had paused before it: the other side spoke when it had received all that was sent before, and its packets were captured.
    /// In the middle of a frame the sender does not wait for that.
    pub is_turn: bool,
}

/// The facts that are known of a connection besides the bytes in question.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'a> {
    /// Streams that are open, or that the other direction speaks of.
    pub streams: &'a [u32],
    /// So many frames are the other direction's proof of them.
    pub frames: u32,
    /// The largest payload that the receiver is known to take; `None` if its SETTINGS were not seen.
    pub max_frame_bytes: Option<u32>,
}

impl Known<'_> {
    /// The largest payload of a frame in a row.
    fn frame_limit(&self) -> u32 {
        let limit = self.max_frame_bytes.unwrap_or(MAX_PROVABLE_FRAME_BYTES);
        limit.clamp(MIN_MAX_FRAME_BYTES, MAX_PROVABLE_FRAME_BYTES)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The next bytes will tell.
    Open,
    /// No row begins there, nor anywhere before this place.
    Refuted(usize),
    /// Frames begin here for certain.
    Proven(usize),
}

#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Where the next header begins, once there was one.
    next: usize,
    frames: u32,
    bits: u32,
    /// Where the first frames end that are no chance together.
    firm: Option<usize>,
    /// The stream whose header block goes on.
    block: Option<u32>,
    /// The last one of all; 0 before any.
    last_stream: u32,
    streams: Vec<u32>,
}

impl Chain {
    pub fn beginning_at(start: usize) -> Self {
        Self { next: start, ..Self::default() }
    }

    /// Takes the next frame of the row, if its header is there, and returns its place; `Err` with the place if no frame begins
    /// there.
    pub fn step(&mut self, bytes: &[u8], from_client: bool, known: &Known<'_>) -> Result<Option<usize>, usize> {
        let at = self.next;
        let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk::<HEADER_BYTES>()) else {
            return Ok(None);
        };
        let header = FrameHeader::parse(*header);
        if header.length > known.frame_limit() || !self.take(header, from_client, known) {
            return Err(at);
        }
        Ok(Some(at))
    }

    /// Follows the row that begins at `start` as far as the bytes go.
    pub fn follow(&mut self, bytes: &[u8], start: usize, from_client: bool, known: &Known<'_>) -> Verdict {
        if self.frames == 0 {
            self.next = start;
        }
        loop {
            let at = match self.step(bytes, from_client, known) {
                Ok(Some(at)) => at,
                Ok(None) => return Verdict::Open,
                Err(_) => return Verdict::Refuted(start),
            };
            // The first of them may be none by chance, and a frame that began within it goes on no further.
            let is_beyond = |firm| at >= firm + known.frame_limit() as usize + HEADER_BYTES;
            if self.firm.is_some_and(is_beyond) {
                return match decodes(bytes, start..at, from_client) {
                    Ok(_) => Verdict::Proven(at),
                    Err(wrong) => Verdict::Refuted(wrong),
                };
            }
        }
    }

    /// Only frames are so.
    pub fn is_strong(&self) -> bool {
        self.frames >= MIN_FRAMES && self.bits >= MIN_BITS
    }

    /// With what proves `known`, there are as many as prove something, and one of the streams is such.
    pub fn speaks_of(&self, known: &Known<'_>) -> bool {
        self.frames.saturating_add(known.frames) >= MIN_FRAMES
            && self.streams.iter().any(|id| known.streams.contains(id))
    }

    /// Adds a frame, if it may stand there.
    fn take(&mut self, header: FrameHeader, from_client: bool, known: &Known<'_>) -> bool {
        let FrameHeader { length, kind, flags, reserved, stream } = header;
        let fits = match self.block {
            Some(block) => kind == Kind::Continuation && stream == block,
            None => kind != Kind::Continuation,
        };
        if !fits || reserved || kind == Kind::Other || flags & !kind.flags() != 0 || !header.is_legal(from_client) {
            return false;
        }
        let opens_block = matches!(kind, Kind::Headers | Kind::PushPromise | Kind::Continuation);
        self.block = (opens_block && !header.has(END_HEADERS)).then_some(stream);
        let Some(stream_bits) = self.stream_bits(stream, known) else { return false };
        let length_bits = match kind {
            Kind::Priority | Kind::RstStream | Kind::Ping | Kind::WindowUpdate => 24,
            _ if length < 256 => 12,
            _ => 8,
        };
        self.bits = self.bits.saturating_add(9 + stream_bits + length_bits);
        self.frames = self.frames.saturating_add(1);
        self.next += HEADER_BYTES + length as usize;
        if self.is_strong() {
            self.firm.get_or_insert(self.next);
        }
        if opens_block && !self.streams.contains(&stream) && self.streams.len() < MAX_STREAMS {
            self.streams.push(stream);
        }
        if stream != 0 {
            self.last_stream = stream;
        }
        true
    }

    /// How much a frame's stream speaks for it; `None` if it speaks against it.
    fn stream_bits(&self, stream: u32, known: &Known<'_>) -> Option<u32> {
        match stream {
            0 => Some(31),
            id if id == self.last_stream || self.streams.contains(&id) || known.streams.contains(&id) => Some(26),
            // Pushed streams are rare, and half of all numbers.
            id if id % 2 == 0 => None,
            // Streams that are open at the same time were mostly begun at the same time.
            id if self.last_stream == 0 => Some(if id < 0x1_0000 { 12 } else { 0 }),
            id if id.abs_diff(self.last_stream) <= MAX_DISTANCE => Some(14),
            _ => None,
        }
    }

    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Streams with a header block in it.
    pub fn streams(&self) -> &[u32] {
        &self.streams
    }

    /// Where its last frame ends.
    pub fn next(&self) -> usize {
        self.next
    }

    /// Its last frame ends where the bytes do.
    pub fn ends_at(&self, end: usize) -> bool {
        self.next == end
    }

    /// So many bytes before it were let go of.
    pub fn move_back(&mut self, bytes: usize) {
        self.next = self.next.saturating_sub(bytes);
        self.firm = self.firm.map(|firm| firm.saturating_sub(bytes));
    }
}

/// All header blocks of the frames that begin in `range` are HPACK, as far as they are there: says if one of them has a
/// message's head, or else where the frame of the wrong one begins.
pub(super) fn decodes(bytes: &[u8], range: Range<usize>, from_client: bool) -> Result<bool, usize> {
    let mut decoder = Decoder::new_unknown();
    let (mut buffer, mut block) = (HeadBuffer::default(), Vec::new());
    let (mut next, mut has_head) = (range.start, false);
    while next < range.end
        && let Some((header, after)) = bytes.get(next..).and_then(|rest| rest.split_first_chunk::<HEADER_BYTES>())
    {
        let (at, header) = (next, FrameHeader::parse(*header));
        let Some(payload) = after.get(..header.length as usize) else { break };
        next += HEADER_BYTES + payload.len();
        if !matches!(header.kind, Kind::Headers | Kind::PushPromise | Kind::Continuation) {
            continue;
        }
        let (prefix, content) = payload.split_at_checked(header.prefix_bytes()).unwrap_or_default();
        let pad = if header.is_padded() { prefix.first().copied().unwrap_or(0) } else { 0 };
        let Some(end) = content.len().checked_sub(usize::from(pad)) else { return Err(at) };
        block.extend_from_slice(content.get(..end).unwrap_or_default());
        if !header.has(END_HEADERS) {
            continue;
        }
        if buffer.read(&block, &mut decoder).is_err() {
            return Err(at);
        }
        block.clear();
        let control = buffer.control;
        // Neither side sends what is the other's (RFC 9113 §8.3).
        let is_foreign = match (from_client, header.kind) {
            (true, _) => control.status.is_some(),
            (false, Kind::PushPromise) => false,
            (false, _) => control.is_of_request(),
        };
        if is_foreign || control.malformed {
            return Err(at);
        }
        has_head |= control.status.is_some() || control.method.is_some();
    }
    Ok(has_head)
}
