//! The results of decoding a frame.

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

/// The options by which a receiver tells a segment from an old or a forged segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// The sender's clock when it sent this (TSval, RFC 7323 §3.2).
    pub stamp: Option<u32>,
    /// It has a signature (RFC 2385).
    pub is_signed: bool,
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
    /// Payload bytes that were on the wire after `payload` but were cut off by the snaplen.
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
    /// The protocol that the reassembled bytes begin with: TCP, a tunnel, or an extension header that TCP may follow.
    pub next_header: u8,
    /// False of UDP's later fragments: only the first has the port that tells whether it is a tunnel.
    pub may_begin: bool,
    /// Where `bytes` belong in the reassembled datagram: a multiple of 8, at most 65 528.
    pub offset_bytes: u32,
    /// Further fragments follow this.
    pub more: bool,
    pub bytes: &'a [u8],
    /// Bytes that were on the wire after `bytes` but were cut off by the snaplen: the datagram cannot be completed.
    pub missing: u32,
}

/// The content of an IP packet if that is another packet, wrapped; `decapsulate` unwraps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel<'a> {
    /// Of IP: what `bytes` begin with.
    pub(super) protocol: u8,
    pub(super) bytes: &'a [u8],
    /// Bytes that were on the wire after `bytes` but were cut off by the snaplen.
    pub(super) missing: u32,
}

/// The result of decoding a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    Segment(Segment<'a>),
    Fragment(Fragment<'a>),
    Tunnel(Tunnel<'a>),
    /// Well enough formed, and none of our business: ARP, UDP, ESP …
    NotTcp,
}
