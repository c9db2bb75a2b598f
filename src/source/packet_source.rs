//! The one face of everything that yields frames: a live interface, a savefile, a pipe, a fake in tests.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::decode::LinkType;
use crate::error::EngineError;
use crate::notice::Notice;
use crate::stats::CaptureStats;
use crate::time::Timestamp;

/// A captured frame; borrowed from the source until the callback returns.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// `Timestamp::UNKNOWN` where the savefile has none.
    pub at: Timestamp,
    pub linktype: LinkType,
    /// Bytes on the wire; `frame` has fewer when the snaplen cut it.
    pub wire_len: u32,
    pub frame: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The limit was reached: read again at once.
    More,
    /// Nothing there at the moment.
    Dry,
    /// There will never be more.
    Ended,
}

/// How a source behaves while it is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It loses packets: read on whatever the receiver does. After a stop the kernel may hold packets back for as
    /// long as `settle`.
    Live { settle: Duration },
    /// It waits: nothing is lost.
    Lossless,
}

/// The source that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureInfo {
    /// The interface's name; the path of a savefile.
    pub interface: String,
    pub loopback: bool,
    /// Of an interface; of a savefile's first one. `None` while that is not known: a pipe's header has not come yet.
    pub linktype: Option<LinkType>,
    /// As libpcap names it (`EN10MB`, `LINUX_SLL2`); its number when it has none.
    pub linktype_name: Option<String>,
}

impl CaptureInfo {
    pub(crate) fn new(interface: &str, loopback: bool, linktype: Option<LinkType>) -> Self {
        let name = |linktype| pcap::Linktype(linktype).get_name().unwrap_or_else(|_| linktype.to_string());
        let linktype_name = linktype.map(name);
        Self { interface: interface.to_owned(), loopback, linktype, linktype_name }
    }
}

pub trait PacketSource {
    fn info(&self) -> &CaptureInfo;

    fn pace(&self) -> Pace;

    /// Returns at most `limit` packets, as many as there are, without waiting for any (a savefile on a disk waits for
    /// the disk).
    ///
    /// # Errors
    /// When the source is broken for good; the packets before that were given.
    fn read(&mut self, limit: usize, on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError>;

    /// Readable when it is worth reading again after `Dry`.
    fn readable(&self) -> Option<BorrowedFd<'_>>;

    /// The notices about the source itself, each once.
    fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }

    /// Lines of key logs that came between the packets since the last call.
    fn take_secrets(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        None
    }

    /// The counters since the start, as far as they can be had.
    fn counters(&mut self) -> CaptureStats;
}

/// An error of libpcap in its own words, without the crate's prefix.
#[derive(Debug, thiserror::Error)]
#[error("{}", words(.0))]
pub(super) struct LibpcapError(#[source] pub(super) pcap::Error);

fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(words) if !words.trim().is_empty() => words.trim().to_owned(),
        other => other.to_string(),
    }
}
