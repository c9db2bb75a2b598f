//! The PROXY protocol's prefix, by which a proxy tells the server whose connection it hands on
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>): version 1 is a line, version 2 is binary.
//!
//! In: a client's first bytes, in pieces of any size. Out: how many of them are the prefix, and what it says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::decode::Endpoint;
use crate::message::Proxied;

/// Longest line of version 1, with its CRLF (§2.1).
const MAX_LINE_BYTES: usize = 107;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const LINE_START: &[u8] = b"PROXY ";
/// The fixed part of version 2 (§2.2).
const HEADER_BYTES: usize = 16;

/// The kind of a client's first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// The prefix may go on after them.
    Partial,
    /// No prefix, or none that is well-formed.
    Absent,
    /// So many bytes; the addresses, if it has some (not for `LOCAL`, `UNKNOWN` and UNIX sockets).
    Complete(usize, Option<Proxied>),
}

impl Prefix {
    #[inline]
    pub fn of(bytes: &[u8]) -> Self {
        match bytes.first() {
            Some(b'P') => line(bytes),
            Some(b'\r') => header(bytes),
            _ => Self::Absent,
        }
    }
}

/// Version 1: `PROXY TCP4 source destination source-port destination-port`.
fn line(bytes: &[u8]) -> Prefix {
    if !bytes.iter().zip(LINE_START).all(|(a, b)| a == b) {
        return Prefix::Absent;
    }
    let within = bytes.get(..bytes.len().min(MAX_LINE_BYTES)).unwrap_or_default();
    let Some(end) = within.windows(2).position(|two| two == b"\r\n") else {
        let ended = within.len() == MAX_LINE_BYTES || within.contains(&b'\n');
        return if ended { Prefix::Absent } else { Prefix::Partial };
    };
    let Ok(text) = std::str::from_utf8(within.get(..end).unwrap_or_default()) else { return Prefix::Absent };
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Prefix::Complete(end + 2, None),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, destination, source_port, destination_port] => {
            let endpoint = |ip: &str, port: &str| {
                let ip: IpAddr = ip.parse().ok().filter(|ip: &IpAddr| ip.is_ipv4() == (*family == "TCP4"))?;
                Some(Endpoint { ip, port: port.parse().ok()? })
            };
            match (endpoint(source, source_port), endpoint(destination, destination_port)) {
                (Some(source), Some(destination)) => Prefix::Complete(end + 2, Some(Proxied { source, destination })),
                _ => Prefix::Absent,
            }
        }
        _ => Prefix::Absent,
    }
}

/// Version 2: a signature, version and command, family and transport, the length of what follows, addresses, TLVs.
fn header(bytes: &[u8]) -> Prefix {
    if !bytes.iter().zip(SIGNATURE).all(|(a, b)| a == b) {
        return Prefix::Absent;
    }
    let Some((&[.., command, family, high, low], rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Prefix::Partial;
    };
    if !matches!(command, 0x20 | 0x21) {
        return Prefix::Absent;
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    let Some(rest) = rest.get(..length) else { return Prefix::Partial };
    let proxied = match (command, family) {
        (0x21, 0x11) => rest.first_chunk::<12>().map(|&[a, b, c, d, e, f, g, h, ports @ ..]| {
            ends(Ipv4Addr::new(a, b, c, d).into(), Ipv4Addr::new(e, f, g, h).into(), ports)
        }),
        (0x21, 0x21) => rest.first_chunk::<36>().and_then(|addresses| {
            let (source, rest) = addresses.split_first_chunk::<16>()?;
            let (destination, ports) = rest.split_first_chunk::<16>()?;
            let ports = *ports.first_chunk::<4>()?;
            Some(ends(Ipv6Addr::from(*source).into(), Ipv6Addr::from(*destination).into(), ports))
        }),
        _ => None,
    };
    Prefix::Complete(HEADER_BYTES + length, proxied)
}

fn ends(source: IpAddr, destination: IpAddr, [a, b, c, d]: [u8; 4]) -> Proxied {
    let endpoint = |ip, port| Endpoint { ip, port: u16::from_be_bytes(port) };
    Proxied { source: endpoint(source, [a, b]), destination: endpoint(destination, [c, d]) }
}
