//! Link layer: finds the IP packet in a frame.
//!
//! In: a linktype and a frame. Out: where the IPv4 or IPv6 header begins. Does not look into that header, except where
//! the link layer itself leaves the version to it. Trailing padding stays; the IP length cuts it off.

use super::layers::{C_HDLC, ETHERNET, Packet, by_ethertype, by_version, ppp, pppoe, take};
use super::wrapped::{self, Inside};
use super::{LinkType, Undecodable, wireless};

// Where a DLT_ and a LINKTYPE_ value differ, both are taken: libpcap hands out the former, savefiles hold the latter.
const NULL: LinkType = 0;
const PPP: LinkType = 9;
const RAW: LinkType = 12;
const RAW_OPENBSD: LinkType = 14;
const PPP_HDLC: LinkType = 50;
const PPP_ETHER: LinkType = 51;
const LINKTYPE_RAW: LinkType = 101;
const LOOP: LinkType = 108;
const LINUX_SLL: LinkType = 113;
const IPV4: LinkType = 228;
const IPV6: LinkType = 229;
const LINUX_SLL2: LinkType = 276;

/// True of a capture in which a packet may come again as it is sent on: of several interfaces (`any`), or of the loopback interface, whose
/// Ethernet addresses are zeros.
#[inline]
pub fn may_hold_both_sides(linktype: LinkType, frame: &[u8]) -> bool {
    match linktype {
        LINUX_SLL | LINUX_SLL2 => true,
        ETHERNET => frame.starts_with(&[0; 12]),
        _ => false,
    }
}

// Devices for which the protocol field of a cooked header is no ethertype
// (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html>).
const ARPHRD_FRAD: u16 = 770;
const ARPHRD_IEEE80211_RADIOTAP: u16 = 803;
const ARPHRD_NETLINK: u16 = 824;

#[inline(always)]
pub(super) fn packet(linktype: LinkType, frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    match linktype {
        ETHERNET => {
            let (header, rest) = take::<14>(frame)?;
            by_ethertype(u16::from_be_bytes([header[12], header[13]]), rest)
        }
        LINUX_SLL => {
            let (header, rest) = take::<16>(frame)?;
            let device = u16::from_be_bytes([header[2], header[3]]);
            cooked(device, u16::from_be_bytes([header[14], header[15]]), rest)
        }
        LINUX_SLL2 => {
            let (header, rest) = take::<20>(frame)?;
            let device = u16::from_be_bytes([header[8], header[9]]);
            cooked(device, u16::from_be_bytes([header[0], header[1]]), rest)
        }
        NULL | LOOP => null(frame),
        RAW | RAW_OPENBSD | LINKTYPE_RAW => match by_version(frame)? {
            Packet::Other => Err(Undecodable::BadIpHeader),
            packet => Ok(packet),
        },
        IPV4 => Ok(Packet::Ipv4(frame)),
        IPV6 => Ok(Packet::Ipv6(frame)),
        PPP => ppp(frame),
        PPP_HDLC => match frame.first() {
            // RFC 1547 §4.3.1: the first byte tells Cisco's framing (unicast, broadcast) from PPP's.
            Some(0x0f | 0x8f) => c_hdlc(frame),
            _ => ppp(frame),
        },
        PPP_ETHER => pppoe(frame),
        C_HDLC => c_hdlc(frame),
        _ => wrapped(linktype, frame),
    }
}

#[cold]
fn wrapped(linktype: LinkType, frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    match wrapped::inside(linktype, frame)? {
        Inside::Packet(packet) => Ok(packet),
        Inside::Frame(linktype, frame) => packet(linktype, frame),
    }
}

fn cooked(device: u16, protocol: u16, rest: &[u8]) -> Result<Packet<'_>, Undecodable> {
    match device {
        ARPHRD_IEEE80211_RADIOTAP => wireless::radiotap(rest),
        ARPHRD_FRAD | ARPHRD_NETLINK => Ok(Packet::Other),
        _ => by_ethertype(protocol, rest),
    }
}

/// The address family in the byte order of the capturing host (NULL) or of the network (LOOP). Families are small
/// numbers, so the smaller reading is the right one, and a savefile that was mislabelled reads well too.
fn null(frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (family, rest) = take::<4>(frame)?;
    match u32::from_le_bytes(*family).min(u32::from_be_bytes(*family)) {
        2 => Ok(Packet::Ipv4(rest)),
        // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS.
        10 | 23 | 24 | 28 | 30 => Ok(Packet::Ipv6(rest)),
        _ => Ok(Packet::Other),
    }
}

fn c_hdlc(frame: &[u8]) -> Result<Packet<'_>, Undecodable> {
    let (header, rest) = take::<4>(frame)?;
    by_ethertype(u16::from_be_bytes([header[2], header[3]]), rest)
}
