//! Tunnels: packets inside packets, as overlays, cloud mirroring and switches make them.
//!
//! In: what an IP packet carries, its protocol number, how much of it was cut off. Out: what `link` and `ip` make of the packet
//! inside, one tunnel at a time. How many there are one in the other is counted by the caller.

use super::carrier::{GENEVE, GRE, GTP_U, IPV4, IPV6, MPLS, TZSP, VXLAN, VXLAN_GPE, VXLAN_OF_LINUX};
use super::layers::{self, ETHERNET, Packet, skip, take};
use super::link;
use super::{Decoded, Tunnel, Undecodable, ip};

// GRE's protocols beyond ethertypes.
const BRIDGED_ETHERNET: u16 = 0x6558;
const PPP: u16 = 0x880b;
const WCCP: u16 = 0x883e;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;

/// Extension headers of one GTP-U packet, tagged fields of a TZSP one. A handful is known of either.
const MAX_OPTIONS: usize = 16;

pub(super) fn decapsulate(Tunnel { protocol, bytes, missing }: Tunnel<'_>) -> Result<Decoded<'_>, Undecodable> {
    let (packet, missing) = match protocol {
        IPV4 => (Packet::Ipv4(bytes), missing),
        IPV6 => (Packet::Ipv6(bytes), missing),
        GRE => (gre(bytes)?, missing),
        _ => udp(bytes, missing)?,
    };
    match packet {
        Packet::Ipv4(bytes) => ip::decode_v4(bytes, missing),
        Packet::Ipv6(bytes) => ip::decode_v6(bytes, missing),
        Packet::Other => Ok(Decoded::NotTcp),
    }
}

/// RFC 768. Length 0 is a datagram whose length its field cannot say (RFC 2675 §4), or offloading.
fn udp(bytes: &[u8], missing: u32) -> Result<(Packet<'_>, u32), Undecodable> {
    let (header, rest) = take::<8>(bytes)?;
    let (rest, missing) = match usize::from(u16::from_be_bytes([header[4], header[5]])).checked_sub(8) {
        Some(len) => ip::limit(rest, len),
        None => (rest, missing),
    };
    let packet = match u16::from_be_bytes([header[2], header[3]]) {
        VXLAN | VXLAN_OF_LINUX | VXLAN_GPE => vxlan(rest),
        GENEVE => geneve(rest),
        GTP_U => gtp(rest),
        MPLS => layers::mpls(rest),
        TZSP => tzsp(rest),
        _ => Ok(Packet::Other),
    };
    Ok((packet?, missing))
}

/// RFC 7348 §5: other flags are ignored, but the one of VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe) says that a protocol is named.
fn vxlan(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const HAS_NETWORK: u8 = 0x08;
    const HAS_PROTOCOL: u8 = 0x04;
    let (header, rest) = take::<8>(bytes)?;
    if header[0] & HAS_NETWORK == 0 {
        return Ok(Packet::Other);
    }
    let protocol = if header[0] & HAS_PROTOCOL == 0 { 3 } else { header[3] };
    match protocol {
        1 => Ok(Packet::Ipv4(rest)),
        2 => Ok(Packet::Ipv6(rest)),
        3 => link::packet(ETHERNET, rest),
        _ => Ok(Packet::Other),
    }
}

/// RFC 8926 §3.4
fn geneve(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (header, rest) = take::<8>(bytes)?;
    if header[0] >> 6 != 0 {
        return Ok(Packet::Other);
    }
    let rest = skip(rest, usize::from(header[0] & 0x3f) * 4)?;
    by_protocol(u16::from_be_bytes([header[2], header[3]]), rest)
}

/// RFC 2784, with key and sequence number (RFC 2890); version 1 is PPTP's (RFC 2637 §4.1).
fn gre(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
    let (header, rest) = take::<4>(bytes)?;
    let flags = u16::from_be_bytes([header[0], header[1]]);
    let protocol = u16::from_be_bytes([header[2], header[3]]);
    let words = |fields: u16| (flags & fields).count_ones() as usize * 4;
    match (flags & VERSION, protocol) {
        // Routing went out of use with RFC 2784 §2.3.
        (0, _) if flags & ROUTING != 0 => Ok(Packet::Other),
        (0, ERSPAN) => erspan(flags & SEQUENCE != 0, skip(rest, words(CHECKSUM | KEY | SEQUENCE))?),
        (0, _) => by_protocol(protocol, skip(rest, words(CHECKSUM | KEY | SEQUENCE))?),
        // Without a sequence number there is no payload.
        (1, PPP) if flags & SEQUENCE != 0 => layers::ppp(skip(rest, words(KEY | SEQUENCE | ACKNOWLEDGMENT))?),
        _ => Ok(Packet::Other),
    }
}

/// Type I has no header of its own, and no sequence number in GRE's; type II has version 1 (draft-foschiano-erspan §4).
fn erspan(has_sequence: bool, bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    if !has_sequence {
        return link::packet(ETHERNET, bytes);
    }
    let (header, rest) = take::<8>(bytes)?;
    if header[0] >> 4 == 1 { link::packet(ETHERNET, rest) } else { Ok(Packet::Other) }
}

/// draft-foschiano-erspan §4.3: version 2, a frame type, and a flag for eight further bytes.
fn erspan_iii(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (header, rest) = take::<12>(bytes)?;
    let rest = skip(rest, usize::from(header[11] & 1) * 8)?;
    match (header[0] >> 4, header[10] >> 2 & 0x1f) {
        (2, 0) => link::packet(ETHERNET, rest),
        (2, 2) => layers::by_version(rest),
        _ => Ok(Packet::Other),
    }
}

/// The packet in GRE or Geneve, by the protocol that they name for it.
fn by_protocol(protocol: u16, rest: &[u8]) -> Result<Packet<'_>, Undecodable> {
    match protocol {
        BRIDGED_ETHERNET => link::packet(ETHERNET, rest),
        ERSPAN_III => erspan_iii(rest),
        // Version 2 of it has a header of four bytes before the IP header, version 1 has none.
        WCCP if rest.first().is_some_and(|first| first >> 4 != 4) => layers::by_version(skip(rest, 4)?),
        WCCP => Ok(Packet::Ipv4(rest)),
        _ => layers::by_ethertype(protocol, rest),
    }
}

/// 3GPP TS 29.281 §5.1: version 1, a packet of a user (255).
fn gtp(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (header, rest) = take::<8>(bytes)?;
    if header[0] & 0xf0 != 0x30 || header[1] != 255 {
        return Ok(Packet::Other);
    }
    if header[0] & 0x07 == 0 {
        return layers::by_version(rest);
    }
    let (optional, mut rest) = take::<4>(rest)?;
    let mut extension = if header[0] & 0x04 == 0 { 0 } else { optional[3] };
    for _ in 0..MAX_OPTIONS {
        if extension == 0 {
            return layers::by_version(rest);
        }
        // In units of four bytes, of which the last is the type of the next.
        let len = usize::from(take::<1>(rest)?.0[0]) * 4;
        extension = len.checked_sub(1).and_then(|last| rest.get(last)).copied().ok_or(Undecodable::TruncatedLink)?;
        rest = skip(rest, len)?;
    }
    Err(Undecodable::TooManyHeaders)
}

/// TaZmen Sniffer Protocol, as MikroTik's routers mirror: version 1, a received or sent packet, tagged fields up to tag 1.
fn tzsp(bytes: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (header, mut rest) = take::<4>(bytes)?;
    if !matches!(header, [1, 0 | 1, 0, 1]) {
        return Ok(Packet::Other);
    }
    for _ in 0..MAX_OPTIONS {
        let (tag, behind) = take::<1>(rest)?;
        rest = match tag[0] {
            1 => return link::packet(ETHERNET, behind),
            0 => behind,
            _ => {
                let (len, behind) = take::<1>(behind)?;
                skip(behind, usize::from(len[0]))?
            }
        };
    }
    Err(Undecodable::TooManyHeaders)
}
