//! The chunked transfer coding (RFC 9112 §7.1), fed in pieces of any size.

use super::head::find_end;
use super::malformed::{MAX_TRAILER_BYTES, Malformed};
use crate::message::is_token;

/// Longest chunk-size line with its extensions.
const MAX_SIZE_LINE_BYTES: u32 = 16 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the hex digits: the size so far, and whether there was a digit.
    Size {
        size: u64,
        any: bool,
    },
    /// After the digits: white space up to a semicolon or the CR.
    Padding {
        size: u64,
        length: u32,
    },
    /// After the semicolon, up to the CR; what stands here is ignored (RFC 9112 §7.1.1).
    Extension {
        size: u64,
        length: u32,
        quoted: Quoted,
    },
    /// The CR of a size line was read.
    SizeLf {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    Trailers,
}

/// Where in a quoted string (RFC 9110 §5.6.4) an extension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoted {
    No,
    Yes,
    /// After a backslash.
    Escaped,
}

impl Quoted {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::No, b'"') | (Self::Escaped, _) => Self::Yes,
            (Self::Yes, b'"') => Self::No,
            (Self::Yes, b'\\') => Self::Escaped,
            _ => self,
        }
    }
}

/// The result of the bytes that were fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// All of the input was taken and more is needed.
    All,
    /// The body is over; so many bytes of the input belonged to it.
    Done(usize),
}

#[derive(Debug)]
pub(super) struct ChunkDecoder {
    state: State,
    /// The trailer section's bytes, up to and with its empty line.
    pub trailers: Vec<u8>,
}

impl ChunkDecoder {
    pub fn new() -> Self {
        Self { state: State::Size { size: 0, any: false }, trailers: Vec::new() }
    }

    /// Decodes `input`; data goes to `data`.
    pub fn feed(&mut self, input: &[u8], mut data: impl FnMut(&[u8])) -> Result<Fed, Malformed> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.state {
                State::Data { left } => {
                    let available = (input.len() - at) as u64;
                    let take = left.min(available);
                    data(input.get(at..at + take as usize).unwrap_or_default());
                    at += take as usize;
                    self.state = if take == left { State::DataCr } else { State::Data { left: left - take } };
                    continue;
                }
                State::Trailers => return self.feed_trailers(input, at),
                _ => self.state = self.step(byte)?,
            }
            at += 1;
        }
        Ok(Fed::All)
    }

    fn step(&self, byte: u8) -> Result<State, Malformed> {
        Ok(match (self.state, byte) {
            (State::Size { size, .. }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                let size = size.checked_mul(16).ok_or(Malformed::ChunkSize)? + u64::from(digit);
                State::Size { size, any: true }
            }
            (State::Size { size, any: true }, b'\r') => State::SizeLf { size },
            (State::Size { size, any: true } | State::Padding { size, .. }, b';') => {
                State::Extension { size, length: 0, quoted: Quoted::No }
            }
            (State::Size { size, any: true }, b' ' | b'\t') => State::Padding { size, length: 0 },
            (State::Padding { size, .. }, b'\r') => State::SizeLf { size },
            (State::Padding { size, length }, b' ' | b'\t') if length < MAX_SIZE_LINE_BYTES => {
                State::Padding { size, length: length + 1 }
            }
            // A line break inside quotes ends the line for some and not for others: that is an error below.
            (State::Extension { size, quoted: Quoted::No, .. }, b'\r') => State::SizeLf { size },
            (State::Extension { size, length, quoted }, _)
                if !matches!(byte, b'\r' | b'\n') && length < MAX_SIZE_LINE_BYTES =>
            {
                State::Extension { size, length: length + 1, quoted: quoted.after(byte) }
            }
            (State::SizeLf { size: 0 }, b'\n') => State::Trailers,
            (State::SizeLf { size }, b'\n') => State::Data { left: size },
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size { size: 0, any: false },
            (State::DataCr | State::DataLf, _) => return Err(Malformed::ChunkEnd),
            _ => return Err(Malformed::ChunkSize),
        })
    }

    fn feed_trailers(&mut self, input: &[u8], at: usize) -> Result<Fed, Malformed> {
        let rest = input.get(at..).unwrap_or_default();
        if self.trailers.is_empty() && rest.starts_with(b"\r\n") {
            return Ok(Fed::Done(at + 2));
        }
        let known = self.trailers.len();
        let room = MAX_TRAILER_BYTES.saturating_sub(known);
        self.trailers.extend_from_slice(rest.get(..rest.len().min(room)).unwrap_or_default());
        let end = match self.trailers.as_slice() {
            [b'\r', b'\n', ..] => Some(2),
            [b'\n', ..] => Some(1),
            all => find_end(all, known),
        };
        match end {
            Some(end) => {
                self.trailers.truncate(end);
                Ok(Fed::Done(at + end - known))
            }
            None if rest.len() > room => Err(Malformed::TrailersTooLong),
            None => Ok(Fed::All),
        }
    }

    /// True if the trailer section, now complete, is made of field lines. If not, it may be the next message, whose sender
    /// left out the empty line.
    pub fn has_sound_trailers(&self) -> bool {
        self.trailers.split(|&b| b == b'\n').enumerate().all(|(index, line)| {
            let name_end = line.iter().position(|&b| !is_token(b)).unwrap_or(line.len());
            match line.get(name_end..).unwrap_or_default() {
                [] | [b'\r'] => name_end == 0,
                [b' ' | b'\t', ..] if name_end == 0 => index > 0,
                rest => name_end > 0 && rest.trim_ascii_start().starts_with(b":"),
            }
        })
    }

    /// Crosses `len` lost bytes, if they lie within one chunk's data.
    pub fn cross(&mut self, len: u64) -> bool {
        match self.state {
            State::Data { left } if len < left => self.state = State::Data { left: left - len },
            State::Data { left } if len == left => self.state = State::DataCr,
            _ => return false,
        }
        true
    }

    pub fn buffered_bytes(&self) -> usize {
        self.trailers.capacity()
    }
}
