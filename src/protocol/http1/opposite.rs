//! The facts that one stream knows of the other.

use super::exchange::{QUIET_MICROS, REST_MICROS, Turn};
use crate::flow::{DataMeta, Position};

/// `GET / HTTP/1.1` and the end of that line; a FIN or an empty line after a body is less.
const LEAST_REQUEST_BYTES: u64 = 16;

/// The state of one stream that the other has to know to find its way back after a loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opposite {
    pub untouched: bool,
    pub lost: bool,
    pub in_message: bool,
    pub last_acked: Option<Position>,
    /// The end of what it said.
    pub position: Position,
    pub last_was_interim: bool,
    /// It waits for the answer to a request to leave HTTP/1.x: what the other side sends may be HTTP no more.
    pub is_pending: bool,
}

impl Opposite {
    /// To have received that much, the server must have another request than those that were seen.
    pub fn has_asked_more(&self, acked: Position) -> bool {
        let is_between_messages = !self.untouched && !self.lost && !self.in_message && !self.is_pending;
        is_between_messages && acked >= self.position + LEAST_REQUEST_BYTES
    }

    /// How a request that starts there stands to what the server has said; `silence`: for so many microseconds neither side had
    /// said anything; `is_first`: true if these are the first bytes of the client.
    pub fn turn_at(&self, meta: DataMeta, silence: i64, is_first: bool) -> Turn {
        let follows = match self.untouched {
            // Where the client has acked something of a server of which nothing was captured, that may be anything.
            true => is_first || meta.acked == Position::ORIGIN,
            false => !self.in_message && meta.acked >= self.position,
        };
        // Bytes that the server sent when it had this request already were captured early.
        let is_early = self.last_acked.is_some_and(|acked| acked > meta.position);
        match silence {
            QUIET_MICROS.. if follows => Turn::Quiet,
            _ if self.lost && !self.untouched => Turn::Unknown,
            REST_MICROS.. if follows => Turn::Rested,
            _ if follows => Turn::Follows,
            _ if self.untouched || is_early || !meta.acked.is_known() => Turn::Unknown,
            _ => Turn::Overlaps,
        }
    }
}
