//! Shared by link layers and tunnels: ethertypes, labels, PPP.
//!
//! In: bytes after a header that names what they are. Out: where the IP header begins.

use super::{LinkType, Undecodable};

pub(super) enum Packet<'a> {
    Ipv4(&'a [u8]),
    Ipv6(&'a [u8]),
    Other,
}

// Link types that others wrap.
pub(super) const ETHERNET: LinkType = 1;
pub(super) const C_HDLC: LinkType = 104;

/// VLAN tags and SNAP headers in one frame. Two tags are QinQ, four have been seen at providers; beyond this the frame
/// was made to waste our time.
const MAX_TAGS: usize = 8;
/// MPLS labels in one frame. Segment routing stacks about ten.
const MAX_LABELS: usize = 16;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
const ETHERTYPE_PROVIDER_VLAN: u16 = 0x88a8;
const ETHERTYPE_QINQ_OLD: u16 = 0x9100;
const ETHERTYPE_MPLS: u16 = 0x8847;
const ETHERTYPE_MPLS_MULTICAST: u16 = 0x8848;
const ETHERTYPE_PPPOE_SESSION: u16 = 0x8864;
/// Up to here an ethertype is the length of an 802.3 frame (IEEE 802.3 §3.2.6).
const MAX_802_3_LENGTH: u16 = 1500;

#[inline]
pub(super) fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Undecodable> {
    bytes.split_first_chunk::<N>().ok_or(Undecodable::TruncatedLink)
}

#[inline]
pub(super) fn by_ethertype(mut ethertype: u16, mut rest: &[u8]) -> Result<Packet<'_>, Undecodable> {
    for _ in 0..=MAX_TAGS {
        match ethertype {
            ETHERTYPE_IPV4 => return Ok(Packet::Ipv4(rest)),
            ETHERTYPE_IPV6 => return Ok(Packet::Ipv6(rest)),
            ETHERTYPE_VLAN | ETHERTYPE_PROVIDER_VLAN | ETHERTYPE_QINQ_OLD => {
                let (tag, inner) = take::<4>(rest)?;
                (ethertype, rest) = (u16::from_be_bytes([tag[2], tag[3]]), inner);
            }
            ETHERTYPE_MPLS | ETHERTYPE_MPLS_MULTICAST => return mpls(rest),
            ETHERTYPE_PPPOE_SESSION => return pppoe(rest),
            0..=MAX_802_3_LENGTH => {
                // SNAP with the OUI of encapsulated Ethernet (RFC 1042); any other LLC carries no IP that we know of.
                let Some((snap, inner)) = rest.split_first_chunk::<8>() else {
                    let is_cut = rest.iter().zip([0xaa, 0xaa, 3, 0, 0, 0]).all(|(byte, snap)| *byte == snap);
                    return if is_cut { Err(Undecodable::TruncatedLink) } else { Ok(Packet::Other) };
                };
                let [0xaa, 0xaa, 0x03, 0, 0, 0, high, low] = *snap else { return Ok(Packet::Other) };
                (ethertype, rest) = (u16::from_be_bytes([high, low]), inner);
            }
            _ => return Ok(Packet::Other),
        }
    }
    Err(Undecodable::TooManyHeaders)
}

/// RFC 2516 §4: version and type 1; code 0 is a session, the rest is discovery.
pub(super) fn pppoe(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (header, rest) = take::<6>(bytes)?;
    if header[0] != 0x11 || header[1] != 0 {
        return Ok(Packet::Other);
    }
    ppp(rest)
}

/// Address and control (RFC 1662 §3.1) may be left out; the protocol may be one byte, which is then odd (RFC 1661 §2).
pub(super) fn ppp(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    let (protocol, rest) = match bytes {
        [0xff] => return Err(Undecodable::TruncatedLink),
        [low, rest @ ..] if low & 1 == 1 => (u16::from(*low), rest),
        [high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
        _ => return Err(Undecodable::TruncatedLink),
    };
    match protocol {
        0x0021 => Ok(Packet::Ipv4(rest)),
        0x0057 => Ok(Packet::Ipv6(rest)),
        0x0281 | 0x0283 => mpls(rest),
        _ => Ok(Packet::Other),
    }
}

/// The label stack does not say what it carries; the nibble after it does when that is IP (RFC 4928 §3).
pub(super) fn mpls(mut bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    for _ in 0..MAX_LABELS {
        let (label, rest) = take::<4>(bytes)?;
        if label[2] & 1 == 1 {
            return by_version(rest);
        }
        bytes = rest;
    }
    Err(Undecodable::TooManyHeaders)
}

pub(super) fn by_version(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    match bytes.first().ok_or(Undecodable::TruncatedIp)? >> 4 {
        4 => Ok(Packet::Ipv4(bytes)),
        6 => Ok(Packet::Ipv6(bytes)),
        _ => Ok(Packet::Other),
    }
}

/// The SNAP of 802.2, or nothing of ours.
pub(super) fn llc(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    by_ethertype(0, bytes)
}

pub(super) fn skip(bytes: &[u8], len: usize) -> Result<&[u8], Undecodable> {
    bytes.get(len..).ok_or(Undecodable::TruncatedLink)
}
