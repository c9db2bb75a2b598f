//! Copies of a packet that was captured more than once: on each interface that it crosses (`any`), by two taps.
//!
//! The sender has sent them once, so they are no retransmissions. A packet sent again has another IP identification, or
//! other timestamps and so another checksum, and comes later.

use crate::decode::Segment;
use crate::time::Timestamp;

/// Packets of one direction that may come between a packet and its copy.
const REMEMBERED: usize = 4;
/// On its way through one host, or past two taps. No retransmission is so quick on a path where that takes long.
const COPY_MS: u64 = 20;

/// The last packets with data of one direction.
#[derive(Debug, Default)]
pub(super) struct Recent {
    prints: [(u64, Timestamp); REMEMBERED],
    next: u8,
}

impl Recent {
    pub fn note(&mut self, segment: &Segment<'_>, now: Timestamp) {
        if let Some(print) = self.prints.get_mut(usize::from(self.next) % REMEMBERED) {
            *print = (print_of(segment), now);
        }
        self.next = self.next.wrapping_add(1);
    }

    pub fn has(&self, segment: &Segment<'_>, now: Timestamp) -> bool {
        let print = print_of(segment);
        self.prints.iter().any(|&(other, at)| other == print && now <= at.plus_millis(COPY_MS))
    }
}

/// Mixes all that tells packets of one direction apart; never 0 for a packet with data.
fn print_of(segment: &Segment<'_>) -> u64 {
    let two = |at: usize| match segment.headers.get(at..at + 2) {
        Some(&[high, low]) => u64::from(u16::from_be_bytes([high, low])),
        _ => 0,
    };
    let ip = usize::from(segment.ip_header_len);
    let identification = if ip > 0 { two(4) } else { 0 };
    let rest = identification << 48 | two(ip + 16) << 32 | u64::from(segment.payload.len() as u32);
    let place = u64::from(segment.seq) << 32 | u64::from(segment.ack);
    place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ rest
}
