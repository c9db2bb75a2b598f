//! A savefile: pcap or pcapng, compressed or not, from a disk, a pipe, a FIFO, stdin. In: a path. Out: its frames without waiting for any;
//! at a broken place an error that says where, after all that came before. Refuses to know: what a frame holds.
//!
//! [`input`] reads bytes, [`packed`] unpacks them, [`format`](mod@format) finds the records in them ([`pcap`], [`pcapng`]).

mod block;
mod copy;
mod drops;
mod format;
mod input;
mod packed;
mod pcap;
mod pcapng;
mod record;

use std::os::fd::{BorrowedFd, OwnedFd};

pub use block::push_section as push_empty_section;
pub use copy::SavefileCopy;
use format::Format;
pub use input::Identity;
use input::{Filled, Input, InputError};
use packed::Damage;
use record::Parsed;
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::packet_source::{CaptureInfo, Pace, Packet, PacketSource, Progress};
use super::system_time;
use crate::error::{Cause, EngineError};
use crate::notice::{Level, Notice};
use crate::stats::CaptureStats;

/// Key logs that wait to be taken: as much as the store of them keeps, with room for other lines.
const MAX_SECRETS_BYTES: usize = 64 << 20;

/// A file so long is read twice in some 20 ms.
const MAX_READ_TWICE_BYTES: i64 = 64 << 20;

#[derive(Debug)]
pub struct SavefileSource {
    input: Input,
    format: Format,
    info: CaptureInfo,
    packets: u64,
    /// That something stands after the compressed data was said.
    said_trailing: bool,
    /// Packets that have no time in the file.
    timeless: u64,
    /// That there are such was said.
    said_timeless: bool,
    /// Key logs that stood between the packets and were not taken yet.
    secrets: Zeroizing<Vec<u8>>,
}

impl SavefileSource {
    /// Opens the file; `-` and `/dev/stdin` are stdin. Of a file on a disk the header is read as well. Of what may have
    /// to be waited for (a pipe, a FIFO that is not open for writing) nothing is: it opens at once and is a
    /// quiet source until something comes, and what is wrong with it `read` tells.
    ///
    /// # Errors
    /// `OpenSavefile` when it is not there, not readable, empty, or no savefile.
    pub fn open(path: &str) -> Result<Self, EngineError> {
        let fd = input::open(path).map_err(|errno| unopened(path, errno))?;
        Self::over(fd, path)
    }

    fn over(fd: OwnedFd, path: &str) -> Result<Self, EngineError> {
        let mut source = Self::unread(fd, path)?;
        if !source.input.may_wait() {
            source.read_to_linktype()?;
        }
        Ok(source)
    }

    fn unread(fd: OwnedFd, path: &str) -> Result<Self, EngineError> {
        Ok(Self {
            input: Input::new(fd).map_err(|errno| unopened(path, errno))?,
            format: Format::default(),
            info: CaptureInfo::new(path, false, None),
            packets: 0,
            said_trailing: false,
            timeless: 0,
            said_timeless: false,
            secrets: Zeroizing::default(),
        })
    }

    /// Reading it twice takes no time to speak of.
    pub fn is_short(&self) -> bool {
        let size = self.input.identity().map_or(i64::MAX, |identity| identity.size());
        self.input.unpacker().is_none() && size <= MAX_READ_TWICE_BYTES
    }

    /// Reads the key logs of a file on a disk, wherever they stand in it. Its errors are reported by `read`.
    pub fn read_secrets_first(&mut self, path: &str) {
        if self.input.may_wait() || !matches!(self.format, Format::Pcapng(_)) {
            return;
        }
        let Ok(mut whole) = Self::open(path) else { return };
        while let Ok(None | Some(Progress::More)) = whole.step(|_| {}) {}
        self.secrets = std::mem::take(&mut whole.secrets);
    }

    /// The file as it is now.
    ///
    /// # Errors
    /// `OpenSavefile`
    pub fn identity(&self) -> Result<Identity, EngineError> {
        self.input.identity().map_err(|errno| unopened(&self.info.interface, errno))
    }

    /// All bytes are there already.
    pub fn is_whole(&self) -> bool {
        !self.input.may_wait()
    }

    /// Through the headers. No packet comes before its interface; what is wrong after the file's own header is for
    /// `read` to find again.
    fn read_to_linktype(&mut self) -> Result<(), EngineError> {
        while self.format.linktype().is_none() {
            match self.step(|_| {}) {
                Ok(None | Some(Progress::More)) => {}
                Err(error @ EngineError::OpenSavefile { .. }) => return Err(error),
                Ok(Some(_)) | Err(_) => break,
            }
        }
        self.info = CaptureInfo::new(&self.info.interface, false, self.format.linktype());
        Ok(())
    }

    /// One record, or some more bytes; `None` is to go on, `More` that there are secrets.
    fn step(&mut self, on_packet: impl FnOnce(Packet<'_>)) -> Result<Option<Progress>, EngineError> {
        match self.format.parse(self.input.bytes()) {
            Ok(Parsed::Packet { packet, len }) => {
                self.timeless += u64::from(!packet.at.is_known());
                on_packet(packet);
                self.packets += 1;
                self.input.consume(len);
            }
            Ok(Parsed::Secrets { log, len }) => {
                keep_secrets(&mut self.secrets, log);
                self.input.consume(len);
                // They are taken before the next packet.
                return Ok(Some(Progress::More));
            }
            Ok(Parsed::Other { len }) => self.input.consume(len),
            Ok(Parsed::Partial { need }) => return self.fill(need),
            Err(malformed) => return Err(self.broken(malformed)),
        }
        Ok(None)
    }

    /// `None` is to go on.
    fn fill(&mut self, need: usize) -> Result<Option<Progress>, EngineError> {
        match self.input.fill(need) {
            Ok(Filled::More) => Ok(None),
            Ok(Filled::Dry) => Ok(Some(Progress::Dry)),
            Ok(Filled::End) => self.end().map(Some),
            Err(InputError::Packed(damage)) => Err(self.damaged(damage)),
            Err(error @ InputError::Read(_)) => Err(self.broken(error)),
        }
    }

    fn end(&self) -> Result<Progress, EngineError> {
        match (self.input.offset(), self.input.bytes().len()) {
            (0, 0) => Err(self.broken(End::Empty)),
            (0, _) => Err(self.broken(End::InHeader)),
            (_, 0) => Ok(Progress::Ended),
            _ => Err(self.broken(End::InRecord)),
        }
    }

    /// At a place in the file itself.
    fn damaged(&self, damage: Damage) -> EngineError {
        let (path, offset) = (self.info.interface.clone(), self.input.file_offset());
        match self.input.offset() {
            0 => EngineError::OpenSavefile { path, source: DamagedAt { damage, offset }.into() },
            _ => EngineError::BrokenSavefile { path, packets: self.packets, offset, source: damage.into() },
        }
    }

    fn broken(&self, fault: impl Into<Cause>) -> EngineError {
        let (path, source) = (self.info.interface.clone(), fault.into());
        let offset = self.input.offset();
        if offset == 0 {
            return EngineError::OpenSavefile { path, source };
        }
        let source = match self.input.unpacker() {
            Some(unpacker) => Unpacked { packing: unpacker.name(), source }.into(),
            None => source,
        };
        EngineError::BrokenSavefile { path, packets: self.packets, offset, source }
    }
}

/// Past `MAX_SECRETS_BYTES` those that came first go: what is kept of secrets is bounded anyway.
fn keep_secrets(kept: &mut Zeroizing<Vec<u8>>, log: &[u8]) {
    let needed = kept.len() + log.len() + 1;
    if needed > MAX_SECRETS_BYTES {
        *kept = Zeroizing::default();
    } else if needed > kept.capacity() {
        // Growing in place would leave an old copy.
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
        larger.extend_from_slice(kept);
        *kept = larger;
    }
    kept.extend_from_slice(log);
    kept.push(b'\n');
}

fn unopened(path: &str, errno: Errno) -> EngineError {
    EngineError::OpenSavefile { path: path.to_owned(), source: errno.into() }
}

/// An end where there should be more.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("it is empty")]
    Empty,
    #[error("it ends in the middle of its header")]
    InHeader,
    #[error("it ends in the middle of a record")]
    InRecord,
}

#[derive(Debug, thiserror::Error)]
#[error("{damage}, at byte {offset}")]
struct DamagedAt {
    #[source]
    damage: Damage,
    offset: u64,
}

/// The offset is not in the file itself.
#[derive(Debug, thiserror::Error)]
#[error("{source}; counted in what its {packing} data unpacks to")]
struct Unpacked {
    packing: &'static str,
    source: Cause,
}

impl PacketSource for SavefileSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn pace(&self) -> Pace {
        Pace::Lossless
    }

    fn read(&mut self, limit: usize, mut on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError> {
        for _ in 0..limit {
            if let Some(progress) = self.step(&mut on_packet)? {
                return Ok(progress);
            }
        }
        Ok(Progress::More)
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.input.fd())
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.timeless > 0 && !self.said_timeless {
            self.said_timeless = true;
            notices.push(timeless());
        }
        if let Some(unpacker) = self.input.unpacker().filter(|unpacker| unpacker.has_trailing() && !self.said_trailing)
        {
            notices.push(trailing_bytes(unpacker.name(), unpacker.offset()));
            self.said_trailing = true;
        }
        notices
    }

    fn take_secrets(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        (!self.secrets.is_empty()).then(|| std::mem::take(&mut self.secrets))
    }

    /// The packets that were read were received. Those that the file says were dropped before it was written, were not.
    fn counters(&mut self) -> CaptureStats {
        let (if_dropped, savefile_bytes) = (self.format.dropped(), self.input.file_offset());
        CaptureStats { received: self.packets, if_dropped, savefile_bytes, ..CaptureStats::default() }
    }
}

fn timeless() -> Notice {
    Notice {
        at: system_time(),
        level: Level::Warn,
        kind: "packets-without-time",
        message:
            "packets of the savefile carry no time: their messages have the timestamp of 1970 and timestampUnknown"
                .to_owned(),
        fields: Vec::new(),
    }
}

fn trailing_bytes(packing: &str, offset: u64) -> Notice {
    Notice {
        at: system_time(),
        level: Level::Warn,
        kind: "savefile-trailing-bytes",
        message: format!("what follows the {packing} data of the savefile, from byte {offset} on, is not read"),
        fields: vec![("offset", offset.to_string())],
    }
}

#[cfg(test)]
pub(super) mod tests;
