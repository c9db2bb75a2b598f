//! The bytes on a SYN that may begin another connection.

use crate::decode::Segment;
use crate::flow::Position;
use crate::flow::reassembly::Piece;
use crate::flow::receiver::Doubt;
use crate::time::Timestamp;

/// Bytes on a SYN that are held; a larger packet comes by no path that a client and a server are on.
const MAX_SYN_TEXT_BYTES: usize = 16 << 10;

/// The bytes on a SYN (RFC 7413), until it is known that a connection begins with it.
#[derive(Debug)]
pub struct SynText {
    bytes: Box<[u8]>,
    at: Timestamp,
}

impl SynText {
    pub(super) fn of(segment: &Segment<'_>, at: Timestamp) -> Option<Box<Self>> {
        let is_held = (1..=MAX_SYN_TEXT_BYTES).contains(&segment.payload.len()) && segment.missing == 0;
        is_held.then(|| Box::new(Self { bytes: segment.payload.into(), at }))
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn cost(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    pub(super) fn piece(&self, now: Timestamp) -> Piece<'_> {
        Piece {
            start: Position::ORIGIN,
            payload: &self.bytes,
            missing: 0,
            at: self.at,
            arrived: now,
            acked: Position::UNKNOWN,
            doubt: Some(Doubt::Syn),
            fin: false,
        }
    }
}
