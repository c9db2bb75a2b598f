//! The facts that one stream knows of the other.

use super::exchange::Turn;
use crate::flow::{DataMeta, Position};

/// The state of one stream that the other has to know to find its way back after a loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opposite {
    pub untouched: bool,
    pub lost: bool,
    pub in_message: bool,
    pub last_heard: Option<Position>,
    /// The end of what it said.
    pub position: Position,
    pub last_was_interim: bool,
    /// It waits for the answer to a request to leave HTTP/1.x: what the other side sends may be HTTP no more.
    pub holds: bool,
}

impl Opposite {
    /// How a request that starts there stands to what the server has said; `rested`: neither side had said anything for a while.
    pub fn turn_at(&self, meta: DataMeta, rested: bool) -> Turn {
        let follows = self.untouched || (!self.lost && !self.in_message && meta.heard >= self.position);
        match (follows, rested) {
            (false, _) => Turn::Overlaps,
            (true, false) => Turn::Follows,
            (true, true) => Turn::Rested,
        }
    }
}
