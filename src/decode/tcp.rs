//! The TCP header (RFC 9293 §3.1).
//!
//! In: the bytes of an IP datagram's payload. Out: the segment. Options are read when they are asked for; urgent bytes stay in
//! line, as RFC 6093 §3 wants them; what seq and flags mean is for `flow` to say.

use std::net::IpAddr;

use super::{Endpoint, Flags, Marks, Segment, Undecodable};

const MIN_HEADER_LEN: usize = 20;

/// `missing` bytes followed `packet` on the wire. It begins with an IPv4 header of so many bytes, if one is to be verified.
#[inline(always)]
pub(super) fn decode<'a>(
    source: IpAddr,
    destination: IpAddr,
    packet: &'a [u8],
    ip_header_len: usize,
    missing: u32,
) -> Result<Segment<'a>, Undecodable> {
    let bytes = packet.get(ip_header_len..).unwrap_or_default();
    let header = bytes.first_chunk::<MIN_HEADER_LEN>().ok_or_else(|| short(bytes, missing, MIN_HEADER_LEN))?;
    let header_len = usize::from(header[12] >> 4) * 4;
    if header_len < MIN_HEADER_LEN {
        return Err(Undecodable::BadTcpHeader);
    }
    let (headers, payload) =
        packet.split_at_checked(ip_header_len + header_len).ok_or_else(|| short(bytes, missing, header_len))?;
    let flags = header[13];
    Ok(Segment {
        source: Endpoint { ip: source, port: u16::from_be_bytes([header[0], header[1]]) },
        destination: Endpoint { ip: destination, port: u16::from_be_bytes([header[2], header[3]]) },
        seq: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        ack: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
        flags: Flags {
            fin: flags & 0x01 != 0,
            syn: flags & 0x02 != 0,
            rst: flags & 0x04 != 0,
            psh: flags & 0x08 != 0,
            ack: flags & 0x10 != 0,
        },
        window: u16::from_be_bytes([header[14], header[15]]),
        payload,
        missing,
        headers,
        ip_header_len: ip_header_len as u8,
    })
}

/// Cut off by the snaplen when the wire had all of the header, else the datagram was too small for it.
fn short(bytes: &[u8], missing: u32, header_len: usize) -> Undecodable {
    let missing = usize::try_from(missing).unwrap_or(usize::MAX);
    if bytes.len().saturating_add(missing) < header_len { Undecodable::BadTcpHeader } else { Undecodable::TruncatedTcp }
}

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const WINDOW_SCALE: u8 = 3;
/// RFC 7323 §2.3: larger shifts are taken for this.
const MAX_WINDOW_SHIFT: u8 = 14;
const TIMESTAMPS: u8 = 8;
/// RFC 2385 §3.0.
const MD5_SIGNATURE: u8 = 19;
/// A header with nothing but timestamps, which nearly all hosts align like this (RFC 7323 appendix A).
const HEADER_WITH_TIMESTAMPS: usize = 32;
const ALIGNED_TIMESTAMPS: [u8; 4] = [NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10];

impl<'a> Segment<'a> {
    /// Of TCP, with its options.
    pub fn header(&self) -> &'a [u8] {
        self.headers.get(usize::from(self.ip_header_len)..).unwrap_or_default()
    }

    /// Kind and content of each option (RFC 9293 §3.2), up to the first that is broken.
    pub fn options(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.header().get(MIN_HEADER_LEN..).unwrap_or_default();
        std::iter::from_fn(move || {
            while let [NO_OPERATION, behind @ ..] = rest {
                rest = behind;
            }
            let (&[kind, len], _) = rest.split_first_chunk::<2>()?;
            if kind == END_OF_OPTIONS {
                return None;
            }
            let content = rest.get(2..usize::from(len))?;
            rest = rest.get(usize::from(len)..)?;
            Some((kind, content))
        })
    }

    #[inline]
    pub fn has_options(&self) -> bool {
        self.header().len() > MIN_HEADER_LEN
    }

    /// The receiver looks at these before it takes anything of the segment.
    #[inline]
    pub fn marks(&self) -> Marks {
        let header = self.header();
        match header.get(MIN_HEADER_LEN..) {
            None | Some([]) => Marks::default(),
            Some([a, b, c, d, stamp @ ..])
                if header.len() == HEADER_WITH_TIMESTAMPS && [*a, *b, *c, *d] == ALIGNED_TIMESTAMPS =>
            {
                Marks { stamp: stamp.first_chunk().map(|stamp| u32::from_be_bytes(*stamp)), is_signed: false }
            }
            Some(_) => self.marks_anywhere(),
        }
    }

    #[inline(never)]
    fn marks_anywhere(&self) -> Marks {
        let mut marks = Marks::default();
        for (kind, content) in self.options() {
            match (kind, content.first_chunk()) {
                (TIMESTAMPS, Some(stamp)) => marks.stamp = Some(u32::from_be_bytes(*stamp)),
                (MD5_SIGNATURE, _) => marks.is_signed = true,
                _ => {}
            }
        }
        marks
    }

    /// By how many bits the sender of a SYN shifts its windows to the right (RFC 7323 §2.2).
    pub fn window_shift(&self) -> u8 {
        self.options()
            .find_map(|(kind, content)| match content {
                [shift] if kind == WINDOW_SCALE => Some((*shift).min(MAX_WINDOW_SHIFT)),
                _ => None,
            })
            .unwrap_or(0)
    }
}
