//! IPv4 and IPv6: finds the TCP header in a packet, the fragment, or the tunnel.
//!
//! In: bytes that begin with an IP header, and how many bytes of the frame the snaplen cut off. Out: what `tcp` made of
//! the payload. The length in the header rules: less than what was captured leaves padding out, more is `missing`.

use std::net::IpAddr;

use super::{Decoded, Fragment, Undecodable, carrier, tcp};

/// Extension headers in one packet. RFC 8200 §4.1 knows at most seven in their recommended order; the rest is for the
/// kinds that came later.
const MAX_EXTENSION_HEADERS: usize = 12;

// <https://www.iana.org/assignments/protocol-numbers>
const HOP_BY_HOP: u8 = 0;
const TCP: u8 = 6;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// RFC 791 §3.1. Called for nearly each packet: each call that is not inlined copies the segment.
#[inline(always)]
pub(super) fn decode_v4(bytes: &[u8], cut: u32) -> Result<Decoded<'_>, Undecodable> {
    let header = bytes.first_chunk::<20>().ok_or(Undecodable::TruncatedIp)?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || header_len < 20 {
        return Err(Undecodable::BadIpHeader);
    }
    let protocol = header[9];
    if protocol != TCP && protocol != AUTHENTICATION && !carrier::is_carrier(protocol) {
        return Ok(Decoded::NotTcp);
    }
    let (packet, missing) = match usize::from(u16::from_be_bytes([header[2], header[3]])) {
        // Segmentation is left to the card, and the packet may exceed what the field can say (TSO, BIG TCP).
        0 => (bytes, cut),
        total_len if total_len < header_len => return Err(Undecodable::BadIpHeader),
        total_len => limit(bytes, total_len),
    };
    let payload = packet.get(header_len..).ok_or_else(|| short(missing))?;
    let source = IpAddr::from([header[12], header[13], header[14], header[15]]);
    let destination = IpAddr::from([header[16], header[17], header[18], header[19]]);

    let fragment_field = u16::from_be_bytes([header[6], header[7]]);
    if fragment_field & 0x3fff != 0 {
        return fragment(Fragment {
            source,
            destination,
            identification: u32::from(u16::from_be_bytes([header[4], header[5]])),
            next_header: protocol,
            may_begin: true,
            offset_bytes: u32::from(fragment_field & 0x1fff) * 8,
            more: fragment_field & 0x2000 != 0,
            bytes: payload,
            missing,
        });
    }
    if protocol == TCP {
        return tcp::decode(source, destination, packet, header_len, missing).map(Decoded::Segment);
    }
    after_extensions(source, destination, protocol, payload, missing)
}

/// RFC 8200 §3.
#[inline]
pub(super) fn decode_v6(bytes: &[u8], cut: u32) -> Result<Decoded<'_>, Undecodable> {
    let (header, rest) = bytes.split_first_chunk::<40>().ok_or(Undecodable::TruncatedIp)?;
    if header[0] >> 4 != 6 {
        return Err(Undecodable::BadIpHeader);
    }
    let (payload, missing) = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        // A jumbogram (RFC 2675 §3), as BIG TCP makes them, or segmentation left to the card.
        0 => (rest, cut),
        payload_len => limit(rest, payload_len),
    };
    let (_, addresses) = header.split_at(8);
    let (source, destination) = addresses.split_at(16);
    let (source, destination) = (address_v6(source), address_v6(destination));
    if header[6] == TCP {
        return tcp::decode(source, destination, payload, 0, missing).map(Decoded::Segment);
    }
    after_extensions(source, destination, header[6], payload, missing)
}

#[inline]
fn address_v6(bytes: &[u8]) -> IpAddr {
    IpAddr::from(bytes.first_chunk::<16>().copied().unwrap_or_default())
}

/// The first `declared` bytes, and how many of those were not captured.
#[inline]
pub(super) fn limit(bytes: &[u8], declared: usize) -> (&[u8], u32) {
    match bytes.get(..declared) {
        Some(bytes) => (bytes, 0),
        None => (bytes, u32::try_from(declared.saturating_sub(bytes.len())).unwrap_or(u32::MAX)),
    }
}

/// A header does not fit into the captured part of its packet: cut off when there was more, else its length is a lie.
fn short(missing: u32) -> Undecodable {
    if missing > 0 { Undecodable::TruncatedIp } else { Undecodable::BadIpHeader }
}

/// Kept out of the way that nearly all frames take.
#[cold]
#[inline(never)]
pub(super) fn after_extensions(
    source: IpAddr,
    destination: IpAddr,
    next_header: u8,
    payload: &[u8],
    missing: u32,
) -> Result<Decoded<'_>, Undecodable> {
    match upper(next_header, payload, missing)? {
        Upper::Tcp(bytes) => tcp::decode(source, destination, bytes, 0, missing).map(Decoded::Segment),
        Upper::Fragment { next_header, offset_bytes, more, identification, bytes } => fragment(Fragment {
            source,
            destination,
            identification,
            next_header,
            may_begin: true,
            offset_bytes,
            more,
            bytes,
            missing,
        }),
        Upper::Other { protocol, bytes } => carrier::of(protocol, bytes, missing),
    }
}

/// Of UDP only what may be of a tunnel.
fn fragment(fragment: Fragment<'_>) -> Result<Decoded<'_>, Undecodable> {
    let may_begin = match (fragment.next_header, fragment.offset_bytes) {
        (carrier::UDP, 0) if !carrier::is_tunnel_port(fragment.bytes)? => return Ok(Decoded::NotTcp),
        (carrier::UDP, offset) => offset == 0,
        _ => true,
    };
    Ok(Decoded::Fragment(Fragment { may_begin, ..fragment }))
}

enum Upper<'a> {
    Tcp(&'a [u8]),
    Fragment { next_header: u8, offset_bytes: u32, more: bool, identification: u32, bytes: &'a [u8] },
    Other { protocol: u8, bytes: &'a [u8] },
}

/// Follows the chain of extension headers (RFC 8200 §4) to what comes after it. In IPv4 only the authentication header can begin one.
fn upper(mut next_header: u8, mut bytes: &[u8], missing: u32) -> Result<Upper<'_>, Undecodable> {
    for _ in 0..=MAX_EXTENSION_HEADERS {
        if next_header == TCP {
            return Ok(Upper::Tcp(bytes));
        }
        if !is_extension(next_header) {
            return Ok(Upper::Other { protocol: next_header, bytes });
        }
        let header = bytes.first_chunk::<8>().ok_or_else(|| short(missing))?;
        let header_len = match next_header {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(header[1]) + 2) * 4, // RFC 4302 §2.2
            _ => (usize::from(header[1]) + 1) * 8,
        };
        let rest = bytes.get(header_len..).ok_or_else(|| short(missing))?;
        let offset_field = u16::from_be_bytes([header[2], header[3]]);
        // Offset 0 and nothing to follow is an atomic fragment: a whole packet (RFC 6946).
        if next_header == FRAGMENT && offset_field & 0xfff9 != 0 {
            // The chain after it is in the first fragment only; all of them name the same next header.
            if header[0] != TCP && !is_extension(header[0]) && !carrier::is_carrier(header[0]) {
                return Ok(Upper::Other { protocol: header[0], bytes: rest });
            }
            return Ok(Upper::Fragment {
                next_header: header[0],
                offset_bytes: u32::from(offset_field & 0xfff8),
                more: offset_field & 1 != 0,
                identification: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
                bytes: rest,
            });
        }
        (next_header, bytes) = (header[0], rest);
    }
    Err(Undecodable::TooManyHeaders)
}

/// Those that TCP can follow in the clear; ESP and "no next header" are not among them.
fn is_extension(next_header: u8) -> bool {
    matches!(
        next_header,
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION_OPTIONS | MOBILITY | HIP | SHIM6
    )
}
