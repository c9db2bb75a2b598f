//! Where the messages of a body are, so that they can be taken out of the bytes that were kept of it.

use memchr::memrchr;

use super::call::Kind;
use super::reader::{FrameReader, PREFIX_BYTES, Part};
use super::web_text::TextDecoder;

/// Messages of one body whose places are kept: 24 kB. The rest is counted.
pub const MAX_MESSAGES: usize = 1_024;
/// Kept of the trailers of gRPC-Web, which may come after more of a body than is kept: what servers allow for all fields
/// of a head.
pub const MAX_WEB_TRAILER_BYTES: usize = 16 << 10;
/// Text is decoded in pieces of this size.
const TEXT_PIECE_BYTES: usize = 4 << 10;

/// Follows a body and notes where its messages are.
#[derive(Debug, Clone)]
pub struct MessageIndex {
    frames: FrameReader,
    text: Option<TextDecoder>,
    noted: Noted,
}

#[derive(Debug, Clone, Default)]
struct Noted {
    /// Bytes of the body that arrived, after base64.
    arrived: u64,
    /// At most `max_places`.
    places: Vec<Place>,
    max_places: usize,
    count: u64,
    web_trailers: Option<WebTrailers>,
}

#[derive(Debug, Clone)]
struct WebTrailers {
    block: Vec<u8>,
    compressed: bool,
    has_gap: bool,
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes of the body that arrived before it.
    pub(super) at: u64,
    /// Its bytes that arrived before the first that did not.
    pub(super) arrived: u32,
    pub(super) size: u32,
    pub(super) compressed: bool,
    has_gap: bool,
}

impl MessageIndex {
    pub fn new(kind: Kind) -> Self {
        Self::with_places(kind, MAX_MESSAGES)
    }

    /// The same for a reader that asks how many messages there are, and not where.
    pub fn counting(kind: Kind) -> Self {
        Self::with_places(kind, 0)
    }

    fn with_places(kind: Kind, max_places: usize) -> Self {
        Self {
            frames: FrameReader::new(kind != Kind::Grpc),
            text: (kind == Kind::WebText).then(TextDecoder::new),
            noted: Noted { max_places, ..Noted::default() },
        }
    }

    /// The next bytes of the body. All that arrive are to come here, also those that are not kept.
    pub fn push(&mut self, data: &[u8]) {
        let Self { frames, text, noted } = self;
        let Some(text) = text else { return frames.push(data, &mut |part| noted.on_part(part)) };
        let mut bytes = Vec::new();
        for piece in data.chunks(TEXT_PIECE_BYTES) {
            bytes.clear();
            text.push(piece, &mut bytes);
            frames.push(&bytes, &mut |part| noted.on_part(part));
        }
    }

    /// So many bytes of the body did not arrive.
    pub fn gap(&mut self, bytes: u64) {
        let Self { frames, text, noted } = self;
        match text {
            Some(text) if bytes > 0 => text.lose(),
            _ => frames.gap(bytes, &mut |part| noted.on_part(part)),
        }
    }

    /// Messages that began.
    pub fn message_count(&self) -> u64 {
        self.noted.count
    }

    /// There may be more messages than were counted: the body is not framed as it says, or a gap hid where they begin.
    pub fn is_lost(&self) -> bool {
        self.frames.is_lost() || self.text.as_ref().is_some_and(TextDecoder::is_broken)
    }

    /// The body may end here.
    pub fn is_whole(&self) -> bool {
        self.frames.is_between_frames() && self.text.as_ref().is_none_or(TextDecoder::is_between_groups)
    }

    /// Nothing but messages has this form up to its last byte. Zeros alone may be anything: as a row of empty messages they
    /// prove nothing.
    pub fn is_proof(&self) -> bool {
        let Noted { count, arrived, .. } = self.noted;
        self.is_whole() && !self.is_lost() && (count == 1 || arrived > count * PREFIX_BYTES as u64)
    }

    /// As far as the body was read.
    pub fn frames(&self) -> FrameReader {
        self.frames.clone()
    }

    /// The trailers of gRPC-Web: of those that were cut the lines that are whole, at most `MAX_WEB_TRAILER_BYTES` of them, and
    /// of those that are compressed or have a gap nothing.
    pub fn web_trailers(&self) -> Option<&[u8]> {
        let WebTrailers { block, compressed, has_gap } = self.noted.web_trailers.as_ref()?;
        let end = match (*compressed || *has_gap, self.is_whole() && block.len() < MAX_WEB_TRAILER_BYTES) {
            (true, _) => 0,
            (false, true) => block.len(),
            (false, false) => memrchr(b'\n', block).unwrap_or(0),
        };
        block.get(..end)
    }

    /// True if the body may hold a field of trailers of gRPC-Web whose name is one of these.
    pub fn may_have_trailer(&self, is_named: impl Fn(&[u8]) -> bool) -> bool {
        self.noted.web_trailers.as_ref().is_some_and(|WebTrailers { block, compressed, has_gap }| {
            let name = |line: &[u8]| is_named(line.split(|byte| *byte == b':').next().unwrap_or_default());
            let is_read = !compressed && !has_gap && block.len() < MAX_WEB_TRAILER_BYTES;
            !is_read || block.split(|byte| *byte == b'\n').any(name)
        })
    }

    /// Memory that it holds besides itself.
    pub fn memory_bytes(&self) -> usize {
        let trailers = self.noted.web_trailers.as_ref().map_or(0, |trailers| trailers.block.capacity());
        self.noted.places.capacity() * size_of::<Place>() + trailers
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.noted.places
    }

    pub(super) fn is_text(&self) -> bool {
        self.text.is_some()
    }
}

impl Noted {
    fn on_part(&mut self, part: Part<'_>) {
        match part {
            Part::Begin { is_trailers, compressed, size } => {
                self.arrived += PREFIX_BYTES as u64;
                if is_trailers {
                    self.web_trailers = Some(WebTrailers { block: Vec::new(), compressed, has_gap: false });
                    return;
                }
                self.count += 1;
                if self.places.len() < self.max_places {
                    self.places.push(Place { at: self.arrived, arrived: 0, size, compressed, has_gap: false });
                }
            }
            Part::Data(bytes) => {
                self.arrived += bytes.len() as u64;
                if let Some(trailers) = &mut self.web_trailers {
                    let room = MAX_WEB_TRAILER_BYTES.saturating_sub(trailers.block.len());
                    trailers.block.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
                } else if let Some(place) = self.current().filter(|place| !place.has_gap) {
                    place.arrived += u32::try_from(bytes.len()).unwrap_or_default();
                }
            }
            Part::Gap(_) => {
                if let Some(trailers) = &mut self.web_trailers {
                    trailers.has_gap = true;
                } else if let Some(place) = self.current() {
                    place.has_gap = true;
                }
            }
            Part::End => {}
        }
    }

    /// The message that is being read, if its place is kept.
    fn current(&mut self) -> Option<&mut Place> {
        self.places.last_mut().filter(|_| self.count <= self.max_places as u64)
    }
}
