//! From a link-layer frame to a TCP segment that borrows from it.
//!
//! In: a linktype, the captured bytes of one frame, its length on the wire. Out: a segment, a fragment, or why neither.
//! Knows no state, allocates nothing, never panics.

use std::net::IpAddr;

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
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire behind `payload` but were cut off by the snaplen.
    pub missing: u32,
}
