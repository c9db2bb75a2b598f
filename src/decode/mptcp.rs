//! Multipath TCP (RFC 8684): which part of a larger stream a segment carries.

use super::Segment;

const MPTCP: u8 = 30;
const JOIN: u8 = 1;
const DATA_SEQUENCE: u8 = 2;

// RFC 8684 §3.3: flags of a Data Sequence Signal.
const HAS_DATA_ACK: u8 = 0x01;
const LONG_DATA_ACK: u8 = 0x02;
const HAS_MAPPING: u8 = 0x04;
const LONG_SEQUENCE: u8 = 0x08;

/// Without a mapping or with nothing but timestamps, a header is no longer than this.
const PLAIN_HEADER_LEN: usize = 32;

impl Segment<'_> {
    /// Whether it may carry a mapping at all; cheap.
    #[inline]
    pub fn may_be_mapped(&self) -> bool {
        self.headers.len() > PLAIN_HEADER_LEN + usize::from(self.ip_header_len)
    }

    /// It joins a connection that has a subflow already (RFC 8684 §3.2).
    pub fn joins(&self) -> bool {
        self.signals().any(|(subtype, _)| subtype == JOIN)
    }

    /// How far the whole stream's numbers are ahead of the subflow's (RFC 8684 §3.3.1), in 32 bits: constant as long as all
    /// bytes come by this subflow.
    pub fn mapping(&self) -> Option<u32> {
        self.signals().find_map(|(subtype, signal)| if subtype == DATA_SEQUENCE { shift(signal) } else { None })
    }

    /// Subtype and content of its options.
    fn signals(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.options()
            .filter(|&(kind, _)| kind == MPTCP)
            .filter_map(|(_, content)| Some((content.first()? >> 4, content)))
    }
}

fn shift(signal: &[u8]) -> Option<u32> {
    let (&[_, flags], rest) = signal.split_first_chunk::<2>()?;
    if flags & HAS_MAPPING == 0 {
        return None;
    }
    let ack_len = match (flags & HAS_DATA_ACK != 0, flags & LONG_DATA_ACK != 0) {
        (false, _) => 0,
        (true, false) => 4,
        (true, true) => 8,
    };
    let long = if flags & LONG_SEQUENCE != 0 { 4 } else { 0 };
    let low = rest.get(ack_len + long..)?;
    let (sequence, low) = low.split_first_chunk::<4>()?;
    let subflow = low.first_chunk::<4>()?;
    // 0 stands for no bytes of the subflow: the end of the stream alone.
    let subflow = u32::from_be_bytes(*subflow);
    (subflow != 0).then(|| u32::from_be_bytes(*sequence).wrapping_sub(subflow))
}
