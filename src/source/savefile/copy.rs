//! Some packets of a savefile as pcapng. In: a path, the numbers of packets, a key log. Out: the blocks that those packets need, one
//! record after the other. Refuses to know: why these packets.
//!
//! Blocks of pcapng stay as they are, with their byte order, interfaces, resolution and options. Left out are those that tell of more
//! than these packets: names, statistics, secrets, what is not known. Records of pcap become blocks with the same numbers.

use std::mem;

use zeroize::Zeroizing;

use super::block;
use super::format::Format;
use super::input;
use super::record::Parsed;
use super::{Identity, SavefileSource, unopened};
use crate::error::EngineError;

#[derive(Debug)]
pub struct SavefileCopy {
    source: SavefileSource,
    /// Lines of a key log, until they are written.
    secrets: Zeroizing<Vec<u8>>,
}

impl SavefileCopy {
    /// `secrets` come before the first packet.
    ///
    /// # Errors
    /// `OpenSavefile`
    pub fn open(path: &str, secrets: Zeroizing<Vec<u8>>) -> Result<Self, EngineError> {
        let fd = input::open(path).map_err(|errno| unopened(path, errno))?;
        Ok(Self { source: SavefileSource::unread(fd, path)?, secrets })
    }

    /// The file as it is now.
    ///
    /// # Errors
    /// `OpenSavefile`
    pub fn identity(&self) -> Result<Identity, EngineError> {
        self.source.identity()
    }

    /// Takes the next record, and appends to `out` what it is in the copy. False if nothing more is there.
    ///
    /// # Errors
    /// When the file is broken; what came before was appended.
    pub fn step(&mut self, out: &mut Vec<u8>, is_wanted: impl FnOnce(u64) -> bool) -> Result<bool, EngineError> {
        let Self { source, secrets } = self;
        let len = match source.format.parse(source.input.bytes()) {
            Ok(Parsed::Partial { need }) => return Ok(source.fill(need)?.is_none()),
            Ok(Parsed::Packet { len, .. }) => {
                if is_wanted(source.packets) {
                    source.format.push_packet(raw(source, len), out);
                }
                source.packets += 1;
                len
            }
            Ok(Parsed::Secrets { len, .. }) => len,
            Ok(Parsed::Other { len }) => {
                if source.format.push_header(raw(source, len), out) {
                    source.format.push_secrets(&mem::take(secrets), out);
                }
                len
            }
            Err(malformed) => return Err(source.broken(malformed)),
        };
        source.input.consume(len);
        Ok(true)
    }
}

fn raw(source: &SavefileSource, len: usize) -> &[u8] {
    source.input.bytes().get(..len).unwrap_or_default()
}

impl Format {
    fn push_packet(&self, record: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Unknown => {}
            Self::Pcap(file) => file.push_packet(record, out),
            Self::Pcapng(_) => out.extend_from_slice(record),
        }
    }

    /// Of a record without a packet what a copy needs of it. True if it begins a section.
    fn push_header(&self, record: &[u8], out: &mut Vec<u8>) -> bool {
        match self {
            Self::Unknown => false,
            Self::Pcap(file) => file.push_header(record, out),
            Self::Pcapng(file) => file.push_header(record, out),
        }
    }

    fn push_secrets(&self, log: &[u8], out: &mut Vec<u8>) {
        let order = match self {
            Self::Unknown => return,
            Self::Pcap(_) => block::OWN_ORDER,
            Self::Pcapng(file) => file.order(),
        };
        block::push_secrets(out, order, log);
    }
}
