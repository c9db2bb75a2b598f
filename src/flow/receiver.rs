//! The verdict of the receiving TCP on a segment: TCP throws away a segment that has no ACK flag (RFC 9293 §3.10.7.4),
//! acknowledges what was never sent or is long past (RFC 5961 §5), has a wrong checksum (RFC 9293 §3.1), or has a timestamp older
//! than what the receiver has (PAWS, RFC 7323 §5) or a signature that the receiver did not ask for (RFC 2385); and the sender
//! sends it again.
//!
//! A capture knows less than the receiver: packets of the other side are missing or come later, cards fill checksums in
//! after the capture. So only what is certain is thrown away. A segment *in doubt* waits until the receiver acknowledges
//! it; a copy that is not in doubt takes its place.

use crate::decode::Sum;

/// Why a segment may have been thrown away by its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Most likely a card's work and no error: no checksum where there is one otherwise, or a wrong one in a segment larger
    /// than any with a right one (merged on arrival, not yet cut up), or where none with data was right yet.
    Unfilled,
    Checksum,
    Ack,
    /// An old timestamp or an unexpected signature. Some receivers know neither option.
    Options,
    /// On a SYN: a server takes such bytes only from a client that it knows (RFC 7413 §4.1.3).
    Syn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Read,
    Doubt(Doubt),
    Discard(Doubt),
}

/// So many right checksums of segments with data, and a wrong checksum is the sender's no more.
const CERTAIN: u8 = 3;
/// So many wrong checksums in a row, and the direction has no right checksums (any more).
const MAX_WRONG: u8 = 8;
/// So many without a checksum at first, and the direction is known to have none.
const MAX_UNFILLED: u8 = 2;
/// Segments of this size cross any path whole; larger segments may be the work of a card.
const ETHERNET_MSS: u64 = 1_460;

/// How reliable the checksums of one direction are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    right: u8,
    right_with_data: u8,
    wrong_in_a_row: u8,
    unfilled: u8,
    /// The largest payload with a right checksum.
    largest: u64,
    /// One `Unfilled` was acknowledged: they are what they seem.
    pub unfilled_is_usual: bool,
}

impl Sums {
    /// True if it is known that nothing is to be known.
    pub fn are_left_to_the_card(&self) -> bool {
        self.right == 0 && (self.wrong_in_a_row >= MAX_WRONG || self.unfilled >= MAX_UNFILLED)
    }

    pub fn is_one_right(&self) -> bool {
        self.right > 0
    }

    /// On a segment with `length` bytes of payload.
    pub fn judge(&mut self, sum: Sum, length: u64) -> Verdict {
        match sum {
            Sum::Right => {
                self.right = self.right.saturating_add(1);
                self.wrong_in_a_row = 0;
                if length > 0 {
                    self.right_with_data = self.right_with_data.saturating_add(1);
                    self.largest = self.largest.max(length);
                }
                return Verdict::Read;
            }
            Sum::Unknown => return Verdict::Read,
            Sum::Unfilled | Sum::Wrong => {}
        }
        let by_card = sum == Sum::Unfilled || length > self.largest.max(ETHERNET_MSS);
        if sum == Sum::Unfilled {
            self.unfilled = self.unfilled.saturating_add(1);
        } else if !by_card || self.right == 0 {
            self.wrong_in_a_row = self.wrong_in_a_row.saturating_add(1);
        }
        match (by_card, length) {
            _ if self.right == 0 => Verdict::Read,
            (true, 0) => Verdict::Read,
            (true, _) if self.unfilled_is_usual => Verdict::Read,
            (true, _) => Verdict::Doubt(Doubt::Unfilled),
            (false, 0) => Verdict::Discard(Doubt::Checksum),
            _ if self.right_with_data == 0 => Verdict::Doubt(Doubt::Unfilled),
            _ if self.right_with_data >= CERTAIN && self.wrong_in_a_row <= MAX_WRONG => {
                Verdict::Discard(Doubt::Checksum)
            }
            _ => Verdict::Doubt(Doubt::Checksum),
        }
    }
}
