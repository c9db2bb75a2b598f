//! Wireless frames (IEEE 802.11), bare or after radiotap, Prism and AVS headers.
//!
//! In: a linktype and a frame. Out: where the IP header begins. A frame that is encrypted, damaged or in pieces is told as that.

use super::layers::{Packet, llc, skip, take};
use super::{LinkType, Undecodable};

const IEEE802_11: LinkType = 105;
const IEEE802_11_PRISM: LinkType = 119;
const IEEE802_11_RADIOTAP: LinkType = 127;
const IEEE802_11_AVS: LinkType = 163;

/// Words that say which fields a radiotap header has; one is usual, an antenna more another.
const MAX_PRESENT_WORDS: usize = 16;

pub(super) fn packet(linktype: LinkType, frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    match linktype {
        IEEE802_11 => data_frame(frame, false),
        IEEE802_11_RADIOTAP => radiotap(frame),
        IEEE802_11_PRISM | IEEE802_11_AVS => prism_or_avs(frame),
        _ => Err(Undecodable::UnknownLinkType),
    }
}

/// <https://www.radiotap.org/>: version, length in little endian, then which fields there are. Of them only the flags matter.
pub(super) fn radiotap(frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const PADDED: u8 = 0x20;
    const BAD_FCS: u8 = 0x40;
    let (header, _) = take::<4>(frame)?;
    let len = usize::from(u16::from_le_bytes([header[2], header[3]]));
    if header[0] != 0 || len < 8 {
        return Ok(Packet::Other);
    }
    let (header, frame) = frame.split_at_checked(len).ok_or(Undecodable::TruncatedLink)?;
    let flags = radiotap_flags(header).unwrap_or_default();
    if flags & BAD_FCS != 0 {
        return Err(Undecodable::DamagedFrame);
    }
    data_frame(frame, flags & PADDED != 0)
}

fn radiotap_flags(header: &[u8]) -> Option<u8> {
    const HAS_TSFT: u32 = 1;
    const HAS_FLAGS: u32 = 1 << 1;
    const HAS_MORE: u32 = 1 << 31;
    let words = header.get(4..)?.as_chunks::<4>().0;
    let present = u32::from_le_bytes(*words.first()?);
    let more = words.iter().take(MAX_PRESENT_WORDS).position(|word| u32::from_le_bytes(*word) & HAS_MORE == 0)?;
    if present & HAS_FLAGS == 0 {
        return None;
    }
    let fields = 4 + 4 * (more + 1);
    // Fields are aligned to their size, counted from the header's beginning.
    let flags = if present & HAS_TSFT == 0 { fields } else { fields.next_multiple_of(8) + 8 };
    header.get(flags).copied()
}

/// <https://www.tcpdump.org/linktypes/LINKTYPE_IEEE802_11_PRISM.html>: 144 bytes, unless it is AVS, which has its length in the second
/// word.
fn prism_or_avs(frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const AVS: u32 = 0x8021_1000;
    const PRISM_BYTES: usize = 144;
    let (header, _) = take::<8>(frame)?;
    let [first, second] = [[header[0], header[1], header[2], header[3]], [header[4], header[5], header[6], header[7]]];
    let len =
        if u32::from_be_bytes(first) & 0xffff_f000 == AVS { u32::from_be_bytes(second) as usize } else { PRISM_BYTES };
    data_frame(skip(frame, len)?, false)
}

/// IEEE 802.11-2020 §9.2.3, §9.3.2.1. `padded`: the body begins at a multiple of four.
fn data_frame(frame: &[u8], padded: bool) -> Result<Packet<'_>, Undecodable> {
    const DATA: u8 = 2;
    const NO_DATA: u8 = 0x40;
    const QOS: u8 = 0x80;
    const BETWEEN_STATIONS: u8 = 0x03;
    const MORE_FRAGMENTS: u8 = 0x04;
    const PROTECTED: u8 = 0x40;
    const HAS_HT_CONTROL: u8 = 0x80;
    const AGGREGATE: u8 = 0x80;
    let (control, _) = take::<2>(frame)?;
    let [kind, flags] = *control;
    if kind & 3 != 0 || kind >> 2 & 3 != DATA || kind & NO_DATA != 0 {
        return Ok(Packet::Other);
    }
    if flags & PROTECTED != 0 {
        return Err(Undecodable::ProtectedFrame);
    }
    let (header, rest) = take::<24>(frame)?;
    if flags & MORE_FRAGMENTS != 0 || header[22] & 0x0f != 0 {
        return Err(Undecodable::WirelessFragment);
    }
    let mut header_len = 24;
    let mut rest = rest;
    let mut grow = |len: usize, rest: &mut &[u8]| {
        header_len += len;
        *rest = skip(rest, len)?;
        Ok::<_, Undecodable>(())
    };
    if flags & BETWEEN_STATIONS == BETWEEN_STATIONS {
        grow(6, &mut rest)?;
    }
    let mut is_aggregate = false;
    if kind & QOS != 0 {
        is_aggregate = take::<1>(rest)?.0[0] & AGGREGATE != 0;
        grow(2, &mut rest)?;
        if flags & HAS_HT_CONTROL != 0 {
            grow(4, &mut rest)?;
        }
    }
    let rest = if padded { skip(rest, header_len.next_multiple_of(4) - header_len)? } else { rest };
    if is_aggregate { aggregate(rest) } else { llc(rest) }
}

/// §9.3.2.2.2: subframes with addresses, length and LLC, of which the last has no padding. One packet comes of a frame here, so of
/// those that have several none does.
fn aggregate(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const FCS_BYTES: usize = 4;
    let (header, rest) = take::<14>(bytes)?;
    let len = usize::from(u16::from_be_bytes([header[12], header[13]]));
    if rest.len() > len.next_multiple_of(4) + FCS_BYTES { Err(Undecodable::WirelessAggregate) } else { llc(rest) }
}
