//! The two formats' one face. In: a savefile's bytes from the next record on. Out: that record, or how many bytes it
//! needs at least; a record that is not whole changes nothing. Refuses to know: where the bytes come from.

use super::block::SECTION_HEADER;
use super::packed::Packing;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::record::{Malformed, Parsed};
use crate::decode::LinkType;

#[derive(Debug, Default)]
pub(super) enum Format {
    /// The header is still to come.
    #[default]
    Unknown,
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Format {
    #[inline]
    pub(super) fn parse<'a>(&mut self, bytes: &'a [u8]) -> Result<Parsed<'a>, Malformed> {
        match self {
            Self::Pcap(file) => file.parse(bytes),
            Self::Pcapng(file) => file.parse(bytes),
            Self::Unknown => self.parse_header(bytes),
        }
    }

    fn parse_header<'a>(&mut self, bytes: &'a [u8]) -> Result<Parsed<'a>, Malformed> {
        if bytes.starts_with(&SECTION_HEADER.to_ne_bytes()) {
            *self = Self::Pcapng(Pcapng::default());
            return self.parse(bytes);
        }
        if let Some(packing) = Packing::of(bytes) {
            // Packed bytes that are read have been unpacked once before they come here.
            let (is_read, packing) = (packing.is_read(), packing.name());
            let (twice, unread) = (Malformed::PackedTwice { packing }, Malformed::UnreadPacking { packing });
            return Err(if is_read { twice } else { unread });
        }
        let Some((file, len)) = Pcap::from_header(bytes)? else {
            return Ok(Parsed::Partial { need: bytes.len() + 1 });
        };
        *self = Self::Pcap(file);
        Ok(Parsed::Other { len })
    }

    /// Packets of which the file says that they were dropped when it was captured.
    pub(super) fn dropped(&self) -> u64 {
        match self {
            Self::Unknown | Self::Pcap(_) => 0,
            Self::Pcapng(file) => file.dropped(),
        }
    }

    /// Of the first interface, once that is known.
    pub(super) fn linktype(&self) -> Option<LinkType> {
        match self {
            Self::Unknown => None,
            Self::Pcap(file) => Some(file.linktype()),
            Self::Pcapng(file) => file.linktype(),
        }
    }
}
