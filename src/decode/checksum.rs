//! Whether a packet's checksums are right (RFC 1071), as its receiver would find them.
//!
//! On the sending host the card fills checksums in after the capture, and what a host merges on arrival has no checksum of its
//! own: what stands in their place is told from a wrong checksum. Nothing is summed until the flow asks.

use std::net::IpAddr;

use super::Segment;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    Right,
    /// Left to the card: empty, or the sum of the pseudo-header alone.
    Unfilled,
    Wrong,
    /// Not all of it was captured, or there is none (IPv6 has none in its header).
    Unknown,
}

const TCP: u8 = 6;

impl Segment<'_> {
    /// Of the IPv4 header.
    #[inline]
    pub fn ip_sum(&self) -> Sum {
        let header = self.headers.get(..usize::from(self.ip_header_len)).unwrap_or_default();
        match header.get(10..12) {
            None => Sum::Unknown,
            // One of 65 536 right checksums is zero.
            Some(_) if fold(add(0, header)) == 0xffff => Sum::Right,
            Some([0, 0]) => Sum::Unfilled,
            Some(_) => Sum::Wrong,
        }
    }

    /// Of the TCP header and the payload. Reads every byte.
    pub fn tcp_sum(&self) -> Sum {
        if self.missing > 0 {
            Sum::Unknown
        } else if self.sums_to_all_ones() {
            Sum::Right
        } else if self.is_unfilled() {
            Sum::Unfilled
        } else {
            Sum::Wrong
        }
    }

    /// Whether the TCP checksum looks as if it were left to the card. One of 20 000 that are right does so too.
    #[inline]
    pub fn is_unfilled(&self) -> bool {
        let Some(&[a, b]) = self.header().get(16..18) else { return false };
        if (a, b) == (0, 0) {
            return true;
        }
        // A card that cuts a large packet into segments may want the length left out.
        let (field, pseudo) = (u16::from_ne_bytes([a, b]), self.pseudo_header_without_length());
        field == fold(pseudo + self.length()) || field == fold(pseudo)
    }

    fn sums_to_all_ones(&self) -> bool {
        let pseudo = self.pseudo_header_without_length() + self.length();
        fold(add(add(pseudo, self.header()), self.payload)) == 0xffff
    }

    fn length(&self) -> u64 {
        let length = (self.header().len() + self.payload.len()) as u32;
        u64::from(u32::from_ne_bytes(length.to_be_bytes()))
    }

    /// RFC 9293 §3.1.
    fn pseudo_header_without_length(&self) -> u64 {
        let addresses = [self.source.ip, self.destination.ip].iter().fold(0, |sum, ip| match ip {
            IpAddr::V4(ip) => add(sum, &ip.octets()),
            IpAddr::V6(ip) => add(sum, &ip.octets()),
        });
        // Folded, so that there is room to add to it.
        u64::from(fold(addresses)) + u64::from(u16::from_ne_bytes([0, TCP]))
    }
}

/// Adds `bytes`, padded to an even number, in the byte order of this machine (RFC 1071 §2 (B)), 8 at a time (§2 (C)). The
/// carries are kept apart until the end.
#[inline]
fn add(sum: u64, bytes: &[u8]) -> u64 {
    let mut sum = u128::from(sum);
    let (blocks, rest) = bytes.as_chunks::<64>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for word in words {
            sum += u128::from(u64::from_ne_bytes(*word));
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        sum += u128::from(u64::from_ne_bytes(*word));
    }
    // At most one of four, one of two and one byte. Each begins at an even place.
    let (fours, rest) = rest.as_chunks::<4>();
    for four in fours {
        sum += u128::from(u32::from_ne_bytes(*four));
    }
    let (pairs, rest) = rest.as_chunks::<2>();
    for pair in pairs {
        sum += u128::from(u16::from_ne_bytes(*pair));
    }
    if let [last] = rest {
        sum += u128::from(u16::from_ne_bytes([*last, 0]));
    }
    let (sum, carry) = (sum as u64).overflowing_add((sum >> 64) as u64);
    sum + u64::from(carry)
}

#[inline]
const fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    sum as u16
}
