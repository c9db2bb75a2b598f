//! A body whose coding is removed as it comes, for those that last.

use brotli_decompressor::BrotliResult;

use super::history::{History, Inflating, Inflation, MAX_WINDOW_BITS, Unread};
use super::inflate;
use super::{Broken, Coding, brotli, zstd};
use crate::time::Timestamp;

/// Of a gzip header: a name, a comment and extra fields, which senders of streams have no reason for.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// The memory that the decoder of br needs besides its window.
const BROTLI_BYTES: usize = 64 << 10;
/// RFC 7932 §9.1.
const MAX_BROTLI_WINDOW_BYTES: u64 = 16 << 20;

/// Removes one coding.
pub struct Flowing {
    state: State,
}

enum State {
    /// The beginning of a header.
    Header {
        coding: Coding,
        kept: Vec<u8>,
    },
    Deflated {
        inflation: Inflation,
        history: History,
    },
    Brotli {
        stream: Box<brotli::Stream>,
        put_out: u64,
    },
    Zstd(zstd::Stream),
    /// Nothing more comes of it.
    Over,
}

impl Flowing {
    pub fn new(coding: Coding) -> Self {
        let state = match coding {
            Coding::Gzip | Coding::XGzip | Coding::Deflate => State::Header { coding, kept: Vec::new() },
            Coding::Brotli => State::Brotli { stream: Box::new(brotli::Stream::new()), put_out: 0 },
            Coding::Zstd => State::Zstd(zstd::Stream::default()),
        };
        Self { state }
    }

    /// Puts out what `coded` brings.
    ///
    /// # Errors
    /// When it cannot be read on.
    pub fn feed(
        &mut self,
        coded: &[u8],
        now: Timestamp,
        shared: &mut Inflating,
        give: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Unread> {
        match &mut self.state {
            State::Header { coding, kept } => {
                kept.extend_from_slice(coded);
                let after = match coding {
                    Coding::Deflate => zlib_header(kept),
                    _ => inflate::header(kept).map_err(|_| Unread::Broken)?,
                };
                let Some(rest) = after else {
                    return if kept.len() > MAX_HEADER_BYTES { Err(Unread::Broken) } else { Ok(()) };
                };
                let rest = rest.to_vec();
                self.state =
                    State::Deflated { inflation: Inflation::of_one_stream(), history: History::new(MAX_WINDOW_BITS) };
                self.feed(&rest, now, shared, give)
            }
            State::Deflated { inflation, history } => {
                inflation.feed(coded, now, history, shared, &mut *give)?;
                // The bytes after it are a checksum.
                if inflation.has_ended() {
                    self.state = State::Over;
                }
                Ok(())
            }
            State::Brotli { stream, put_out } => {
                let (bytes, is_over) = brotli(stream, coded, now, shared, give)?;
                *put_out += bytes;
                if is_over {
                    self.state = State::Over;
                }
                Ok(())
            }
            State::Zstd(stream) => zstd(stream, coded, now, shared, give),
            State::Over => Ok(()),
        }
    }

    pub fn held_bytes(&self) -> usize {
        match &self.state {
            State::Header { kept, .. } => kept.capacity(),
            State::Deflated { history, .. } => Inflation::HELD_BYTES + history.held_bytes(),
            // Its window grows as it fills.
            State::Brotli { put_out, .. } => {
                BROTLI_BYTES + 2 * usize::try_from((*put_out).min(MAX_BROTLI_WINDOW_BYTES)).unwrap_or_default()
            }
            State::Zstd(stream) => stream.held_bytes(),
            State::Over => 0,
        }
    }
}

/// The bytes after the header; raw deflate has no header. `None` as long as that is not clear.
fn zlib_header(kept: &[u8]) -> Option<&[u8]> {
    let [_, _, rest @ ..] = kept else { return None };
    Some(if inflate::is_zlib(kept) { rest } else { kept })
}

/// Returns how many bytes came out, and if the stream has ended.
fn brotli(
    stream: &mut brotli::Stream,
    mut coded: &[u8],
    now: Timestamp,
    shared: &mut Inflating,
    mut give: impl FnMut(&[u8]),
) -> Result<(u64, bool), Unread> {
    let (size, mut put_out) = (coded.len(), 0);
    let allowed = shared.allowed(size, now);
    let result = loop {
        let room = shared.room();
        let (written, result) = stream.step(&mut coded, room);
        put_out += written as u64;
        give(room.get(..written).unwrap_or_default());
        match result {
            _ if put_out > allowed => break Err(Unread::TooMuch),
            BrotliResult::ResultSuccess => break Ok(true),
            BrotliResult::NeedsMoreInput => break Ok(false),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => break Err(Unread::Broken),
        }
    };
    shared.spend(size, put_out);
    Ok((put_out, result?))
}

fn zstd(
    stream: &mut zstd::Stream,
    coded: &[u8],
    now: Timestamp,
    shared: &mut Inflating,
    mut give: impl FnMut(&[u8]),
) -> Result<(), Unread> {
    stream.put(coded);
    // Only what is decoded counts, and with it the pieces in which it came.
    let (mut taken, mut put_out) = (0, 0);
    let result = loop {
        let step = stream.step(|bytes| {
            put_out += bytes.len() as u64;
            give(bytes);
        });
        match step {
            Ok(Some(bytes)) => taken += bytes,
            Ok(None) => break Ok(()),
            Err(Broken) => break Err(Unread::Broken),
        }
        if put_out > shared.allowed(taken, now) {
            break Err(Unread::TooMuch);
        }
    };
    if taken > 0 {
        shared.spend(taken, put_out);
    }
    result
}

impl std::fmt::Debug for Flowing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flowing").field("held_bytes", &self.held_bytes()).finish_non_exhaustive()
    }
}
