//! From a link-layer frame to a TCP segment that borrows from it.
//!
//! In: a linktype, the captured bytes of one frame, its length on the wire. Out: a segment, a fragment, or why neither.
//! Knows no state, allocates nothing, never panics. A packet in GRE, VXLAN or IP in IP comes out as a [`Tunnel`], and
//! [`decapsulate`] looks inside. Checksums are verified only on request (`checksum`).

mod carrier;
mod checksum;
mod decoded;
mod ip;
mod layers;
mod link;
mod linktypes;
mod mptcp;
mod tcp;
#[cfg(test)]
mod tests;
mod tunnel;
mod undecodable;
mod wireless;
mod wrapped;

use std::net::IpAddr;

pub use checksum::Sum;
pub use decoded::{Decoded, Endpoint, Flags, Fragment, LinkType, Marks, Segment, Tunnel};
use layers::Packet;
pub use link::may_hold_both_sides;
pub use linktypes::describe_linktype;
pub use undecodable::Undecodable;

/// Decodes one captured frame. `wire_len` is its length before the snaplen cut it; smaller values count as "not cut".
#[inline]
pub fn decode(linktype: LinkType, frame: &[u8], wire_len: u32) -> Result<Decoded<'_>, Undecodable> {
    let captured_len = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    let cut = wire_len.saturating_sub(captured_len);
    match link::packet(linktype, frame)? {
        Packet::Ipv4(bytes) => ip::decode_v4(bytes, cut),
        Packet::Ipv6(bytes) => ip::decode_v6(bytes, cut),
        Packet::Other => Ok(Decoded::NotTcp),
    }
}

/// Decodes what an IP datagram carries once it is reassembled.
///
/// `next_header` says what `bytes` begin with: TCP, a tunnel, or a chain of extension headers before it.
pub fn decode_reassembled(
    source: IpAddr,
    destination: IpAddr,
    next_header: u8,
    bytes: &[u8],
) -> Result<Decoded<'_>, Undecodable> {
    match ip::after_extensions(source, destination, next_header, bytes, 0)? {
        Decoded::Fragment(_) => Err(Undecodable::NestedFragment),
        decoded => Ok(decoded),
    }
}

/// Decodes the packet inside; that may be a tunnel again.
#[cold]
pub fn decapsulate(tunnel: Tunnel<'_>) -> Result<Decoded<'_>, Undecodable> {
    tunnel::decapsulate(tunnel)
}
