//! Frames after a header that the capturing system puts before them: NFLOG, PFLOG, PKTAP and the like.
//!
//! In: a linktype and a frame. Out: where the IP header begins, or the frame of another link type
//! in it. Off the way that nearly all frames take.

use super::layers::{self, C_HDLC, ETHERNET, Packet, by_version, skip, take};
use super::{LinkType, Undecodable, wireless};

const PPP_PPPD: LinkType = 166;
const ENC: LinkType = 109;
const PFLOG: LinkType = 117;
/// Apple's number for PKTAP before it had one of its own; others use it for things of theirs.
const USER2: LinkType = 149;
const PPI: LinkType = 192;
const PPP_WITH_DIR: LinkType = 204;
const C_HDLC_WITH_DIR: LinkType = 205;
const MPLS: LinkType = 219;
const IPNET: LinkType = 226;
const NFLOG: LinkType = 239;
const NETANALYZER: LinkType = 240;
const PKTAP: LinkType = 258;
const ETHERNET_MPACKET: LinkType = 274;

/// Attributes of one NFLOG packet; the kernel has about twenty.
const MAX_ATTRIBUTES: usize = 64;

pub(super) enum Inside<'a> {
    Packet(Packet<'a>),
    Frame(LinkType, &'a [u8]),
}

pub(super) fn inside(linktype: LinkType, frame: &[u8]) -> Result<Inside<'_>, Undecodable> {
    match linktype {
        NFLOG => nflog(frame).map(Inside::Packet),
        PFLOG => pflog(frame).map(Inside::Packet),
        PKTAP => pktap(frame),
        USER2 if is_pktap(frame) => pktap(frame),
        PPI => ppi(frame),
        // Address family, SPI and flags, each in the order of the capturing host; the packet says what it is.
        ENC => by_version(skip(frame, 12)?).map(Inside::Packet),
        IPNET => by_version(skip(frame, 24)?).map(Inside::Packet),
        MPLS => layers::mpls(frame).map(Inside::Packet),
        PPP_WITH_DIR => layers::ppp(skip(frame, 1)?).map(Inside::Packet),
        // The direction stands in the place of the address.
        PPP_PPPD => layers::ppp(skip(frame, 2)?).map(Inside::Packet),
        C_HDLC_WITH_DIR => Ok(Inside::Frame(C_HDLC, skip(frame, 1)?)),
        NETANALYZER => Ok(Inside::Frame(ETHERNET, skip(frame, 4)?)),
        // Preamble and start of frame.
        ETHERNET_MPACKET => Ok(Inside::Frame(ETHERNET, skip(frame, 8)?)),
        _ => wireless::packet(linktype, frame).map(Inside::Packet),
    }
}

/// <https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>: attributes with length and type in the order of the capturing host, each
/// padded to four bytes.
fn nflog(frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const VERSION: u8 = 0;
    const PAYLOAD: u16 = 9;
    let (header, mut rest) = take::<4>(frame)?;
    if header[1] != VERSION {
        return Ok(Packet::Other);
    }
    for _ in 0..MAX_ATTRIBUTES {
        let (attribute, _) = take::<4>(rest)?;
        // Types are small: where the first byte of one is 0, it is the high one.
        let is_big_endian = attribute[2] == 0;
        let number = |bytes: [u8; 2]| if is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        let len = usize::from(number([attribute[0], attribute[1]]));
        if number([attribute[2], attribute[3]]) == PAYLOAD {
            let captured = rest.get(..len).unwrap_or(rest);
            return by_version(skip(captured, 4)?);
        }
        if len < 4 {
            return Ok(Packet::Other);
        }
        rest = skip(rest, len.next_multiple_of(4))?;
    }
    Err(Undecodable::TooManyHeaders)
}

/// <https://www.tcpdump.org/linktypes/LINKTYPE_PFLOG.html>: its own length first, without the padding to four bytes.
fn pflog(frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const MIN_LEN: usize = 45;
    let (len, _) = take::<1>(frame)?;
    let len = usize::from(len[0]);
    if len < MIN_LEN {
        return Ok(Packet::Other);
    }
    by_version(skip(frame, len.next_multiple_of(4))?)
}

/// <https://www.tcpdump.org/linktypes/LINKTYPE_PKTAP.html>: length, type of record, link type of what follows, in little endian.
fn pktap(frame: &[u8]) -> Result<Inside<'_>, Undecodable> {
    const PACKET: u32 = 1;
    let (header, _) = take::<12>(frame)?;
    let [len, record, linktype] = [word(header, 0), word(header, 4), word(header, 8)];
    if record != PACKET {
        return Ok(Inside::Packet(Packet::Other));
    }
    inner(linktype, skip(frame, usize::try_from(len).unwrap_or(usize::MAX))?)
}

fn is_pktap(frame: &[u8]) -> bool {
    const MIN_LEN: u32 = 108;
    frame.first_chunk::<12>().is_none_or(|header| (MIN_LEN..=1024).contains(&word(header, 0)) && word(header, 4) <= 1)
}

/// <https://www.tcpdump.org/linktypes/LINKTYPE_PPI.html>
fn ppi(frame: &[u8]) -> Result<Inside<'_>, Undecodable> {
    let (header, _) = take::<8>(frame)?;
    let len = usize::from(u16::from_le_bytes([header[2], header[3]]));
    if len < 8 {
        return Ok(Inside::Packet(Packet::Other));
    }
    inner(u32::from_le_bytes([header[4], header[5], header[6], header[7]]), skip(frame, len)?)
}

/// A frame of another link type, which wraps no frame itself: no system wraps twice.
fn inner(linktype: u32, frame: &[u8]) -> Result<Inside<'_>, Undecodable> {
    let linktype = LinkType::try_from(linktype).unwrap_or(-1);
    match linktype {
        PKTAP | USER2 | PPI => Err(Undecodable::TooManyHeaders),
        _ => Ok(Inside::Frame(linktype, frame)),
    }
}

fn word(header: &[u8], at: usize) -> u32 {
    header.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
