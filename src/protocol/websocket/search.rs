//! Where frames begin again, after a loss that does not end inside a frame.
//!
//! Senders hand over whole frames, so some segment begins with one. From the start of each segment frames are followed: they must
//! fit each other and what was agreed, `PROOF_FRAMES` of them that speak for it. Of random bytes hardly one start in 10^9 is believed
//! for nothing. The frames that prove it are passed over.

use super::chain::{Chain, NoFrame};
use crate::message::Direction;

/// Frames that have to speak for a start: continuations fit, and do not count.
const PROOF_FRAMES: u32 = 6;
/// Starts that are followed at one time.
const MAX_CHAINS: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Search {
    chains: Vec<Chain>,
}

/// The result of a search so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Bytes that are passed over.
    pub used: usize,
    /// A frame begins after them; inside: true if it belongs to a message that was begun before, `None` if that is not known.
    pub is_in_message: Option<Option<bool>>,
}

impl Search {
    pub fn push(&mut self, bytes: &[u8], is_segment_start: bool, from: Direction, may_be_compressed: bool) -> Found {
        if is_segment_start {
            self.make_place();
            self.chains.push(Chain::BEGIN);
        }
        let mut found = None;
        self.chains.retain_mut(|chain| match chain.follow(bytes, from, may_be_compressed, PROOF_FRAMES) {
            Ok(None) => true,
            Ok(Some(used)) => {
                found.get_or_insert(Found { used, is_in_message: Some(chain.is_in_message) });
                false
            }
            Err(NoFrame) => false,
        });
        found.unwrap_or(Found { used: bytes.len(), is_in_message: None })
    }

    /// For one more. Those go first that nothing speaks for, such as zeros.
    fn make_place(&mut self) {
        if self.chains.len() >= MAX_CHAINS {
            let index = self.chains.iter().position(|chain| chain.frames == 0).unwrap_or(MAX_CHAINS - 1);
            self.chains.remove(index);
        }
    }

    pub fn lose(&mut self) {
        self.chains.clear();
    }
}
