//! From a link-layer frame to a TCP segment that borrows from it.
//!
//! In: a linktype, the captured bytes of one frame, its length on the wire. Out: a segment, a fragment, or why neither.
//! Knows no state, allocates nothing, never panics. What travels in GRE, VXLAN or IP in IP comes out as a [`Tunnel`], and
//! [`decapsulate`] looks inside. Checksums are verified only when somebody asks (`checksum`).

mod checksum;
mod ip;
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
pub use linktypes::describe_linktype;
pub use undecodable::Undecodable;

/// Linktype as in the savefile header or `pcap_datalink(3PCAP)` (<https://www.tcpdump.org/linktypes.html>).
pub type LinkType = i32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    pub ip: IpAddr,
    pub port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    pub fin: bool,
    pub syn: bool,
    pub rst: bool,
    pub psh: bool,
    pub ack: bool,
}

/// A TCP segment (RFC 9293 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub seq: u32,
    /// Meaningful when `flags.ack`.
    pub ack: u32,
    pub flags: Flags,
    pub window: u16,
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire behind `payload` but were cut off by the snaplen.
    pub missing: u32,
    /// The TCP header with its options; before it the IPv4 header, unless there is none to verify.
    pub headers: &'a [u8],
    /// Bytes of the IPv4 header in `headers`.
    pub ip_header_len: u8,
}

/// One fragment of an IP datagram that may carry TCP or a tunnel (RFC 791 §3.2, RFC 8200 §4.5). `defrag` puts them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// 16 bits in IPv4, 32 in IPv6.
    pub identification: u32,
    /// What the reassembled bytes begin with: TCP, a tunnel, or an extension header that TCP may follow.
    pub next_header: u8,
    /// False of UDP's later fragments: only the first has the port that tells whether it is a tunnel.
    pub may_begin: bool,
    /// Where `bytes` belong in the reassembled datagram: a multiple of 8, at most 65 528.
    pub offset_bytes: u32,
    /// Further fragments follow this one.
    pub more: bool,
    pub bytes: &'a [u8],
    /// Bytes that were on the wire behind `bytes` but were cut off by the snaplen: the datagram cannot be completed.
    pub missing: u32,
}

impl Fragment<'_> {
    /// True when its datagram carries no TCP of its own, but perhaps another packet.
    pub fn is_of_tunnel(&self) -> bool {
        tunnel::is_carrier(self.next_header)
    }
}

/// What an IP packet carries when that is another packet, wrapped; [`decapsulate`] unwraps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel<'a> {
    /// Of IP: what `bytes` begin with.
    protocol: u8,
    bytes: &'a [u8],
    /// Bytes that were on the wire behind `bytes` but were cut off by the snaplen.
    missing: u32,
}

/// What a frame turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    Segment(Segment<'a>),
    Fragment(Fragment<'a>),
    Tunnel(Tunnel<'a>),
    /// Well enough formed, and none of our business: ARP, UDP, ESP …
    NotTcp,
}

/// Decodes one captured frame. `wire_len` is its length before the snaplen cut it; smaller values count as "not cut".
#[inline]
pub fn decode(linktype: LinkType, frame: &[u8], wire_len: u32) -> Result<Decoded<'_>, Undecodable> {
    let captured_len = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    let cut = wire_len.saturating_sub(captured_len);
    match link::packet(linktype, frame)? {
        link::Packet::Ipv4(bytes) => ip::decode_v4(bytes, cut),
        link::Packet::Ipv6(bytes) => ip::decode_v6(bytes, cut),
        link::Packet::Other => Ok(Decoded::NotTcp),
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
    match ip::behind_extensions(source, destination, next_header, bytes, 0)? {
        Decoded::Fragment(_) => Err(Undecodable::NestedFragment),
        decoded => Ok(decoded),
    }
}

/// Decodes the packet inside; that may be a tunnel again.
#[cold]
pub fn decapsulate(tunnel: Tunnel<'_>) -> Result<Decoded<'_>, Undecodable> {
    tunnel::decapsulate(tunnel)
}
