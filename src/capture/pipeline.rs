//! The parts of the engine that the runner needs, so that its own tests can have an engine that turns every packet into a batch.

use crate::batch::Batch;
use crate::decode::LinkType;
use crate::engine::{Engine, NotUnderstood, ShedLevel};
use crate::notice::Notice;
use crate::stats::Stats;
use crate::time::Timestamp;
use crate::tls::KeyStore;

/// See [`Engine`] for each of them.
pub trait Pipeline {
    fn on_packet(&mut self, at: Timestamp, linktype: LinkType, frame: &[u8], wire_len: u32);
    fn on_tick(&mut self, now: Timestamp);
    fn drain(&mut self);
    fn take_batch(&mut self, force: bool) -> Option<Batch>;
    fn take_notices(&mut self) -> Vec<Notice>;
    fn take_unanswered(&mut self) -> Vec<(String, String)>;
    fn count_queue_drop(&mut self, messages: u64);
    fn stats(&self) -> Stats;
    fn not_understood(&self) -> Option<NotUnderstood>;
    fn add_tls_keys(&mut self, give: &mut dyn FnMut(&mut KeyStore));
    fn shed_load(&mut self, level: ShedLevel, seed: u64);
}

impl Pipeline for Engine {
    fn on_packet(&mut self, at: Timestamp, linktype: LinkType, frame: &[u8], wire_len: u32) {
        self.on_packet(at, linktype, frame, wire_len);
    }

    fn on_tick(&mut self, now: Timestamp) {
        self.on_tick(now);
    }

    fn drain(&mut self) {
        self.drain();
    }

    fn take_batch(&mut self, force: bool) -> Option<Batch> {
        self.take_batch(force)
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        self.take_notices()
    }

    fn take_unanswered(&mut self) -> Vec<(String, String)> {
        self.take_unanswered()
    }

    fn count_queue_drop(&mut self, messages: u64) {
        self.count_queue_drop(messages);
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn not_understood(&self) -> Option<NotUnderstood> {
        self.not_understood()
    }

    fn add_tls_keys(&mut self, give: &mut dyn FnMut(&mut KeyStore)) {
        self.add_tls_keys(give);
    }

    fn shed_load(&mut self, level: ShedLevel, seed: u64) {
        self.shed_load(level, seed);
    }
}
