//! The TCP header (RFC 9293 §3.1).
//!
//! In: the bytes of an IP datagram's payload. Out: the segment. Options are skipped; urgent bytes stay in line, as
//! RFC 6093 §3 wants them; what seq and flags mean is for `flow` to say.

use std::net::IpAddr;

use super::{Endpoint, Flags, Segment, Undecodable};

const MIN_HEADER_LEN: usize = 20;

/// `missing` bytes followed `bytes` on the wire.
#[inline]
pub(super) fn decode(
    source: IpAddr,
    destination: IpAddr,
    bytes: &[u8],
    missing: u32,
) -> Result<Segment<'_>, Undecodable> {
    let header = bytes.first_chunk::<MIN_HEADER_LEN>().ok_or_else(|| short(bytes, missing, MIN_HEADER_LEN))?;
    let header_len = usize::from(header[12] >> 4) * 4;
    if header_len < MIN_HEADER_LEN {
        return Err(Undecodable::BadTcpHeader);
    }
    let payload = bytes.get(header_len..).ok_or_else(|| short(bytes, missing, header_len))?;
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
        payload,
        missing,
    })
}

/// Cut off by the snaplen when the wire had all of the header, else the datagram was too small for it.
fn short(bytes: &[u8], missing: u32, header_len: usize) -> Undecodable {
    let missing = usize::try_from(missing).unwrap_or(usize::MAX);
    if bytes.len().saturating_add(missing) < header_len { Undecodable::BadTcpHeader } else { Undecodable::TruncatedTcp }
}
