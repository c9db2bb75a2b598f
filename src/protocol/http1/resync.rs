//! Finding the way back: where, after a loss or at a midstream pickup, a message begins.

use super::exchange::{Exchanges, MAX_CONTINUE_BYTES};
use super::head::find_end;
use super::opposite::Opposite;
use super::start_line::{has_whole_start, may_be_start};
use super::stream::Stream;
use crate::flow::DataMeta;
use crate::message::Direction;

impl Stream {
    /// True if these bytes, met while not in step, can only be the beginning of a message.
    ///
    /// Body text may hold anything, so what the bytes look like is not enough. A message of a client that does not
    /// pipeline starts exactly where the other side had acked everything when it last spoke, and that other side is not
    /// in the middle of a message then. A server whose client is lost too may begin there all the same; a client may not:
    /// what it acked may have been a 100 (Continue), and these bytes a body. Where the other side was not captured at all,
    /// it must have spoken in between. The first bytes ever seen of a stream are given the benefit of the doubt.
    #[cold]
    pub fn may_begin_here(&self, bytes: &[u8], meta: DataMeta, opposite: Opposite, exchanges: &Exchanges) -> bool {
        if !may_be_start(self.direction, bytes) {
            return false;
        }
        // Each has acked all that the other had said.
        let on_turn = opposite.last_acked == Some(meta.position) && meta.acked >= opposite.position;
        match self.direction {
            _ if self.untouched => meta.segment_start || on_turn,
            Direction::Request if opposite.untouched => self.was_answered_unseen(bytes, meta, opposite),
            Direction::Request => on_turn && !opposite.lost && !opposite.in_message && !opposite.last_was_interim,
            Direction::Response if exchanges.expects_answer_at(meta) => true,
            Direction::Response if opposite.is_pending => false,
            Direction::Response if opposite.untouched || opposite.lost => {
                on_turn || self.was_answered_unseen(bytes, meta, opposite)
            }
            Direction::Response => on_turn && !exchanges.is_in_step_and_idle(),
        }
    }

    /// The other side, of which nothing is known, has spoken since the last bytes of this side. When bytes were lost since,
    /// these may be the rest of what began there: only where the other side is not captured at all, and nothing better
    /// can be had, a whole head is believed then.
    fn was_answered_unseen(&self, bytes: &[u8], meta: DataMeta, opposite: Opposite) -> bool {
        let least = match self.direction {
            Direction::Request => MAX_CONTINUE_BYTES,
            Direction::Response => 0,
        };
        meta.segment_start
            && self.last_acked.is_some_and(|acked| meta.acked > acked + least)
            && (!self.lost_since
                || (opposite.untouched && find_end(bytes, 0).is_some() && has_whole_start(self.direction, bytes)))
    }
}
