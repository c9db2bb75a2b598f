//! Counters of segments.

use super::receiver::Doubt;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowCounters {
    pub retransmitted_bytes: u64,
    pub out_of_order_segments: u64,
    pub out_of_window_segments: u64,
    /// Segments captured more than once.
    pub capture_copies: u64,
    /// Bytes that were captured after what follows them, where the connection was met.
    pub late_at_pickup_bytes: u64,
    /// Bytes that fit neither the connection on their 4-tuple nor a connection that could be begun with them.
    pub unplaced_bytes: u64,
    /// Connections that carry only a part of their streams (MPTCP).
    pub mptcp_connections: u64,
    /// Connections whose two directions have different addresses.
    pub joined_connections: u64,
    /// Halves of handshakes that made room for others before it was known that they have no other half elsewhere.
    pub forgotten_handshakes: u64,
    pub discarded: Discarded,
}

/// Segments that their receivers threw away, and so does this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Neither ACK nor SYN nor RST.
    pub no_ack: u64,
    /// Bytes on a SYN that were not taken.
    pub syn_data: u64,
    /// Acknowledges what was never sent, or is long past.
    pub impossible_ack: u64,
    /// Wrong where that direction's checksums are right.
    pub bad_checksum: u64,
    /// Older than what its receiver had, or with a signature in a connection without signatures.
    pub bad_options: u64,
}

impl Discarded {
    pub(super) fn count(&mut self, doubt: Doubt) {
        match doubt {
            Doubt::Ack => self.impossible_ack += 1,
            Doubt::Syn => self.syn_data += 1,
            Doubt::Options => self.bad_options += 1,
            Doubt::Checksum | Doubt::Unfilled => self.bad_checksum += 1,
        }
    }
}
