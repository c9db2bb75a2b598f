//! A savefile through libpcap: pcap or pcapng, µs or ns (libpcap gives all of them in µs). In: a path, `-` for stdin.
//! Out: its frames; at a broken place an error that says where, after all that came before.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::fd::BorrowedFd;

use pcap::{Capture, Offline};
use rustix::fs::{FileType, fstat};

use super::source::{CaptureInfo, Pace, Packet, PacketSource, Progress, packet_of, pcap_words};
use crate::error::EngineError;
use crate::stats::CaptureStats;

/// libpcap's name for it.
pub(super) const STDIN: &str = "-";

pub struct SavefileSource {
    capture: Capture<Offline>,
    info: CaptureInfo,
    packets: u64,
}

impl std::fmt::Debug for SavefileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SavefileSource").field("info", &self.info).finish_non_exhaustive()
    }
}

impl SavefileSource {
    /// Opens the file and reads its header; waits for it when it comes through a pipe.
    ///
    /// # Errors
    /// `OpenSavefile` when it is not there, not readable, or no savefile.
    pub fn open(path: &str) -> Result<Self, EngineError> {
        let capture = Capture::from_file(path).map_err(|error| {
            let words = pcap_words(&error);
            let reason = words.strip_prefix(&format!("{path}: ")).unwrap_or(&words).to_owned();
            EngineError::OpenSavefile { path: path.to_owned(), reason }
        })?;
        let info = CaptureInfo::new(path, false, capture.get_datalink().0);
        Ok(Self { capture, info, packets: 0 })
    }

    fn broken(&self, error: &pcap::Error) -> EngineError {
        EngineError::BrokenSavefile {
            path: self.info.interface.clone(),
            packets: self.packets,
            offset: record_offset(&self.info.interface, self.packets),
            reason: pcap_words(error),
        }
    }
}

impl PacketSource for SavefileSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn pace(&self) -> Pace {
        Pace::Lossless
    }

    fn read(&mut self, limit: usize, mut on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError> {
        let mut count = 0;
        let result = self.capture.dispatch(Some(limit), |packet| {
            count += 1;
            on_packet(packet_of(&packet));
        });
        self.packets += count as u64;
        match result {
            Ok(_) if count < limit => Ok(Progress::Ended),
            Ok(_) => Ok(Progress::More),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// libpcap has no counters for a savefile: what was read is what was received.
    fn counters(&mut self) -> CaptureStats {
        CaptureStats { received: self.packets, ..CaptureStats::default() }
    }
}

/// Whether reading the file may wait for somebody who writes: a pipe, a FIFO, a terminal.
pub(super) fn may_block(path: &str) -> bool {
    if path == STDIN {
        return fstat(std::io::stdin())
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile);
    }
    // What is not there or not allowed is told by the open.
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

const PCAP_HEADER_BYTES: u64 = 24;
const PCAP_MAGICS: [[u8; 4]; 2] = [[0xa1, 0xb2, 0xc3, 0xd4], [0xa1, 0xb2, 0x3c, 0x4d]];

/// Where the record behind the first `packets` ones begins: their headers are walked again, since libpcap does not
/// tell. Only for a pcap file that can be opened again; in pcapng the blocks have no such fixed place.
fn record_offset(path: &str, packets: u64) -> Option<u64> {
    // Opening a FIFO would wait for somebody to write into it.
    if path == STDIN || !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut file = BufReader::new(File::open(path).ok()?);
    let mut magic = [0; 4];
    file.read_exact(&mut magic).ok()?;
    let word = if PCAP_MAGICS.contains(&magic) {
        u32::from_be_bytes
    } else {
        magic.reverse();
        PCAP_MAGICS.contains(&magic).then_some(u32::from_le_bytes as fn([u8; 4]) -> u32)?
    };
    let mut offset = file.seek(SeekFrom::Start(PCAP_HEADER_BYTES)).ok()?;
    for _ in 0..packets {
        // Seconds, fraction, captured length, length on the wire.
        let mut header = [[0; 4]; 4];
        file.read_exact(header.as_flattened_mut()).ok()?;
        let [_, _, captured, _] = header;
        let captured = word(captured);
        file.seek_relative(captured.into()).ok()?;
        offset += 16 + u64::from(captured);
    }
    Some(offset)
}

#[cfg(test)]
#[path = "savefile_tests.rs"]
pub(super) mod tests;
