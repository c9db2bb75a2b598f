//! Compressed savefiles. In: the bytes of the file as they come. Out: what they unpack to, in memory that does not depend on how
//! much that is. Told by their first bytes, never by a name. Refuses to know: records, and where the bytes come from.

mod gzip;
mod step;
mod zstd;

use gzip::Gzip;
pub(super) use step::Damage;
use step::Step;
use zstd::Zstd;

use crate::content::zstd::layout::{SKIPPABLE_HEADER_BYTES, is_skippable};

/// Packed bytes held at a time: the longest block of zstd (128 KiB) and the longest header of gzip that is worth its name.
const RAW_BYTES: usize = 256 << 10;

/// The first bytes of a packing.
pub(super) const MAGIC_BYTES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Lz4,
    Bzip2,
    Xz,
    Zip,
}

impl Packing {
    /// The packing whose data begin like `bytes`; no savefile begins like that.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match *bytes.first_chunk::<MAGIC_BYTES>()? {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd] => Some(Self::Zstd),
            magic if is_skippable(magic) => Some(Self::Zstd),
            [0x04 | 0x02, 0x22 | 0x21, 0x4d | 0x4c, 0x18] => Some(Self::Lz4),
            [b'B', b'Z', b'h', _] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X'] => Some(Self::Xz),
            [b'P', b'K', 3, 4] => Some(Self::Zip),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zip => "zip",
        }
    }

    pub(super) const fn is_read(self) -> bool {
        matches!(self, Self::Gzip | Self::Zstd)
    }
}

#[derive(Debug)]
enum State {
    /// At the beginning, or after the end of a member or a frame.
    Between,
    Gzip,
    Zstd,
    /// In a skippable frame, so many bytes before its end.
    Skipping(u64),
    /// After the last one stands something else.
    Trailing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// So many bytes were written; 0 is to go on.
    Bytes(usize),
    /// Nothing more without further packed bytes.
    Hungry,
    End,
}

pub(super) struct Unpacker {
    packing: Packing,
    state: State,
    gzip: Gzip,
    zstd: Zstd,
    raw: Vec<u8>,
    /// The bytes that were read and not taken; `start <= end <= raw.len()`.
    start: usize,
    end: usize,
    /// Of the file: where `start` is.
    offset: u64,
    /// The file has no more.
    ended: bool,
    /// The decoder gave what it held back, since the file ends in the middle.
    released: bool,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").field("packing", &self.packing).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Unpacker {
    /// `first`: the file's first bytes, at most `RAW_BYTES` of them. `None` when they are not packed, or not so that it can be read.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        let packing = Packing::of(first).filter(|packing| packing.is_read())?;
        let mut raw = vec![0; RAW_BYTES.max(first.len())];
        raw.get_mut(..first.len())?.copy_from_slice(first);
        Some(Self {
            packing,
            state: State::Between,
            gzip: Gzip::default(),
            zstd: Zstd::default(),
            raw,
            start: 0,
            end: first.len(),
            offset: 0,
            ended: false,
            released: false,
        })
    }

    /// Packed bytes that were unpacked.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn name(&self) -> &'static str {
        self.packing.name()
    }

    /// True when there is something after the packed data that is not looked at.
    pub(super) fn has_trailing(&self) -> bool {
        matches!(self.state, State::Trailing)
    }

    /// Where the next packed bytes go; never empty after `Hungry`.
    pub(super) fn free(&mut self) -> &mut [u8] {
        self.raw.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        self.raw.get_mut(self.end..).unwrap_or_default()
    }

    /// So many were put there; 0 is the end of the file.
    pub(super) fn put(&mut self, len: usize) {
        self.end += len;
        self.ended |= len == 0;
    }

    /// One step of unpacking into `out`, which is not empty.
    pub(super) fn unpack(&mut self, out: &mut [u8]) -> Result<Unpacked, Damage> {
        let raw = self.raw.get(self.start..self.end).unwrap_or_default();
        let step = match &mut self.state {
            State::Between => return self.begin(),
            State::Trailing => return Ok(Unpacked::End),
            State::Gzip => self.gzip.step(raw, out)?,
            State::Zstd => self.zstd.step(raw, out)?,
            State::Skipping(0) => Step::Over { taken: 0 },
            State::Skipping(_) if raw.is_empty() => Step::Wants(1),
            State::Skipping(left) => {
                let taken = raw.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                Step::On { taken, written: 0 }
            }
        };
        match step {
            Step::On { taken, written } => {
                self.take(taken);
                Ok(Unpacked::Bytes(written))
            }
            Step::Over { taken } => {
                self.take(taken);
                self.state = State::Between;
                Ok(Unpacked::Bytes(0))
            }
            Step::Wants(len) if !self.ended && len <= self.raw.len() => Ok(Unpacked::Hungry),
            Step::Wants(_) if !self.ended => Err(Damage::Broken(self.name())),
            Step::Wants(_) if matches!(self.state, State::Zstd) && !self.released => {
                self.released = true;
                self.zstd.release(raw)?;
                Ok(Unpacked::Bytes(0))
            }
            Step::Wants(_) => Err(Damage::EndsEarly(self.name())),
        }
    }

    /// The next member or frame; zeros before it are padding, as gzip takes them.
    fn begin(&mut self) -> Result<Unpacked, Damage> {
        let raw = self.raw.get(self.start..self.end).unwrap_or_default();
        let zeros = raw.iter().take_while(|&&byte| byte == 0).count();
        if zeros > 0 {
            self.take(zeros);
            return Ok(Unpacked::Bytes(0));
        }
        if raw.len() < SKIPPABLE_HEADER_BYTES && !self.ended {
            return Ok(Unpacked::Hungry);
        }
        self.state = match (Packing::of(raw), raw) {
            (_, []) => return Ok(Unpacked::End),
            (Some(Packing::Gzip), _) => State::Gzip,
            (Some(Packing::Zstd), &[a, b, c, d, w, x, y, z, ..]) if is_skippable([a, b, c, d]) => {
                self.take(SKIPPABLE_HEADER_BYTES);
                State::Skipping(u32::from_le_bytes([w, x, y, z]).into())
            }
            (Some(Packing::Zstd), &[a, b, c, d, ..]) if is_skippable([a, b, c, d]) => {
                return Err(Damage::EndsEarly(self.name()));
            }
            (Some(Packing::Zstd), _) => State::Zstd,
            _ => State::Trailing,
        };
        Ok(Unpacked::Bytes(0))
    }

    fn take(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }
}
