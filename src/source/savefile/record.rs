//! Shared by both formats: numbers in an order of bytes, and the result of a record.

use crate::decode::LinkType;
use crate::source::Packet;

/// The longest record; libpcap has the same limit for blocks. Real frames stay far below, and what claims more is no
/// reason to hold it all in memory.
pub(super) const MAX_RECORD_BYTES: u32 = 16 << 20;

#[derive(Debug)]
pub(super) enum Parsed<'a> {
    /// The record has at least `need` bytes, more than are there.
    Partial {
        need: usize,
    },
    Packet {
        packet: Packet<'a>,
        len: usize,
    },
    /// A Decryption Secrets Block with a key log.
    Secrets {
        log: &'a [u8],
        len: usize,
    },
    /// A header, or a block without a packet.
    Other {
        len: usize,
    },
}

/// Why it cannot go on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("it is neither pcap nor pcapng")]
    UnknownFormat,
    #[error("it is compressed with {packing}, which is not read; unpacked it can be read from a pipe")]
    UnreadPacking { packing: &'static str },
    #[error("it is compressed twice, the second time with {packing}")]
    PackedTwice { packing: &'static str },
    #[error("{format} of version {major}.{minor} is not known")]
    UnknownVersion { format: &'static str, major: u16, minor: u16 },
    #[error("a frame of {len} bytes where at most {limit} are possible")]
    FrameLength { len: u32, limit: usize },
    #[error("a block of {len} bytes: a multiple of 4 from 12 to {MAX_RECORD_BYTES} was expected")]
    BlockLength { len: u32 },
    #[error("a block of {len} bytes at its beginning and {closing} at its end")]
    BlockLengths { len: u32, closing: u32 },
    #[error("a block that is too short for its fields")]
    ShortBlock,
    #[error("an option that is longer than its block")]
    OptionLength,
    #[error("a section that does not tell its byte order")]
    ByteOrder,
    #[error("a packet of interface {interface} where {known} are known")]
    UnknownInterface { interface: u32, known: usize },
    #[error("more than {limit} interfaces in a section")]
    TooManyInterfaces { limit: usize },
}

/// The file's number as libpcap's: of those that we decode only raw IP has two of them
/// (<https://www.tcpdump.org/linktypes.html>).
pub(super) fn linktype(in_file: u16) -> LinkType {
    const LINKTYPE_RAW: u16 = 101;
    const DLT_RAW: LinkType = 12;
    if in_file == LINKTYPE_RAW { DLT_RAW } else { in_file.into() }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ByteOrder {
    #[default]
    Little,
    Big,
}

impl ByteOrder {
    pub(super) const BOTH: [Self; 2] = [Self::Little, Self::Big];

    #[inline]
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    #[inline]
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    pub(super) fn of_u16(self, value: u16) -> [u8; 2] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub(super) fn of_u32(self, value: u32) -> [u8; 4] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub(super) fn i64(self, bytes: [u8; 8]) -> i64 {
        if self == Self::Little { i64::from_le_bytes(bytes) } else { i64::from_be_bytes(bytes) }
    }
}

/// Takes fields from the front of `rest`; `None` when that is too short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) order: ByteOrder,
    pub(super) rest: &'a [u8],
}

impl<'a> Fields<'a> {
    #[inline]
    pub(super) fn u32s<const N: usize>(&mut self) -> Option<[u32; N]> {
        let words = self.rest.as_chunks().0.first_chunk::<N>()?;
        self.rest = self.rest.get(N * 4..)?;
        Some(words.map(|word| self.order.u32(word)))
    }

    #[inline]
    pub(super) fn u16s<const N: usize>(&mut self) -> Option<[u16; N]> {
        let words = self.rest.as_chunks().0.first_chunk::<N>()?;
        self.rest = self.rest.get(N * 2..)?;
        Some(words.map(|word| self.order.u16(word)))
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }
}
