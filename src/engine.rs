//! The whole pipeline on one thread: frames and time in, batches, notices and counters out.

use crate::batch::Batch;
use crate::config::EngineConfig;
use crate::decode::LinkType;
use crate::notice::Notice;
use crate::stats::Stats;
use crate::time::Timestamp;

#[derive(Debug)]
pub struct Engine {
    stats: Stats,
}

impl Engine {
    pub fn new(_config: EngineConfig) -> Self {
        Self { stats: Stats::default() }
    }

    /// One frame as captured; `wire_len` is its length before the snaplen cut it.
    pub fn on_packet(&mut self, _at: Timestamp, _linktype: LinkType, _frame: &[u8], _wire_len: u32) {
        self.stats.packets += 1;
    }

    /// Time passes: `now` is on the same clock as the packets' timestamps.
    pub fn on_tick(&mut self, _now: Timestamp) {}

    /// The source has ended: every connection ends here, whatever is in progress comes out marked.
    pub fn drain(&mut self) {}

    /// A batch that is full, or old enough at `now`; `force` gives a young one too. Call until `None`.
    pub fn take_batch(&mut self, _now: Timestamp, _force: bool) -> Option<Batch> {
        None
    }

    /// What happened since the last call, oldest first.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        Vec::new()
    }

    /// Messages that were finished but thrown away because the receiver was too slow.
    pub fn count_queue_drop(&mut self, _messages: u64) {}

    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}
