//! The format pcap (draft-ietf-opsawg-pcap, pcap-savefile(5)): a header, then records.

use super::block;
use super::record::{ByteOrder, Fields, MAX_RECORD_BYTES, Malformed, Parsed, linktype};
use crate::decode::LinkType;
use crate::source::Packet;
use crate::time::Timestamp;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Alexey Kuznetsov's, in old Linux distributions: microseconds, and eight more bytes in each record.
const MODIFIED: u32 = 0xa1b2_cd34;

const HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;
const MODIFIED_RECORD_HEADER_BYTES: usize = 24;
const MAJOR_VERSION: u16 = 2;
/// libpcap's maximum for a snaplen. A record may be longer than the snaplen in the header says, which is wrong at times,
/// but not longer than both: so that garbage shows up where it begins.
const MAX_SNAPLEN: u32 = 262_144;

#[derive(Debug)]
pub(super) struct Pcap {
    order: ByteOrder,
    nanoseconds: bool,
    record_header_len: usize,
    max_frame: u32,
    linktype: LinkType,
}

impl Pcap {
    /// With the header's length; `None` when it is not whole.
    pub(super) fn from_header(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some(magic) = bytes.first_chunk() else { return Ok(None) };
        for order in ByteOrder::BOTH {
            let (nanoseconds, record_header_len) = match order.u32(*magic) {
                MICROSECONDS => (false, RECORD_HEADER_BYTES),
                NANOSECONDS => (true, RECORD_HEADER_BYTES),
                MODIFIED => (false, MODIFIED_RECORD_HEADER_BYTES),
                _ => continue,
            };
            let mut fields = Fields { order, rest: bytes };
            // The magic, the time zone and the accuracy of the timestamps, both unused; flags above the link type.
            let read = (fields.u32s::<1>(), fields.u16s::<2>(), fields.u32s::<4>());
            let (_, Some([major, minor]), Some([_, _, snaplen, network])) = read else { return Ok(None) };
            if major != MAJOR_VERSION {
                return Err(Malformed::UnknownVersion { format: "pcap", major, minor });
            }
            let max_frame = snaplen.clamp(MAX_SNAPLEN, MAX_RECORD_BYTES - record_header_len as u32);
            let linktype = linktype((network & 0xffff) as u16);
            return Ok(Some((Self { order, nanoseconds, record_header_len, max_frame, linktype }, HEADER_BYTES)));
        }
        Err(Malformed::UnknownFormat)
    }

    pub(super) fn linktype(&self) -> LinkType {
        self.linktype
    }

    #[inline]
    pub(super) fn parse<'a>(&self, bytes: &'a [u8]) -> Result<Parsed<'a>, Malformed> {
        let mut fields = Fields { order: self.order, rest: bytes };
        let Some([seconds, fraction, captured, wire_len]) = fields.u32s() else {
            return Ok(Parsed::Partial { need: self.record_header_len });
        };
        if captured > self.max_frame {
            return Err(Malformed::FrameLength { len: captured, limit: self.max_frame as usize });
        }
        let len = self.record_header_len + captured as usize;
        let Some(frame) = bytes.get(self.record_header_len..len) else { return Ok(Parsed::Partial { need: len }) };
        let micros = if self.nanoseconds { fraction / 1_000 } else { fraction };
        let at = Timestamp::from_parts(seconds.into(), micros.into());
        Ok(Parsed::Packet { packet: Packet { at, linktype: self.linktype, wire_len, frame }, len })
    }

    /// The header as blocks of pcapng. True: it begins a section.
    pub(super) fn push_header(&self, header: &[u8], out: &mut Vec<u8>) -> bool {
        let network = header.last_chunk().map_or(0, |network| self.order.u32(*network));
        block::push_section(out);
        block::push_interface(out, (network & 0xffff) as u16, self.nanoseconds);
        true
    }

    /// The record as one.
    pub(super) fn push_packet(&self, record: &[u8], out: &mut Vec<u8>) {
        let mut fields = Fields { order: self.order, rest: record };
        let (Some([seconds, fraction, _, wire_len]), Some(frame)) =
            (fields.u32s(), record.get(self.record_header_len..))
        else {
            return;
        };
        let ticks = u64::from(seconds) * if self.nanoseconds { 1_000_000_000 } else { 1_000_000 } + u64::from(fraction);
        block::push_packet(out, ticks, wire_len, frame);
    }
}
