//! An engine and what it says.

use serde_json::Value;
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::delivery::Finisher;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::stats::Stats;
use tcp_sniffer::time::Timestamp;

use super::wire::{LINKTYPE, Link, Packet, SERVER_PORT};

#[derive(Debug)]
pub struct Watch {
    pub engine: Engine,
    finisher: Finisher,
    pub lines: Vec<Value>,
    now: i64,
}

pub fn engine_config() -> EngineConfig {
    EngineConfig::for_ports(&[SERVER_PORT])
}

impl Watch {
    pub fn new(config: EngineConfig) -> Self {
        Self { finisher: Finisher::new(&config), engine: Engine::new(config), lines: Vec::new(), now: i64::MIN }
    }

    pub fn packet(&mut self, link: &Link, packet: &Packet) {
        self.frame(packet.at, &link.frame(packet), packet.wire_len());
    }

    pub fn frame(&mut self, at: i64, frame: &[u8], wire_len: u32) {
        self.now = self.now.max(at);
        self.engine.on_packet(Timestamp::from_micros(at), LINKTYPE, frame, wire_len);
    }

    /// Time passes without packets.
    pub fn pass(&mut self, millis: i64) {
        self.now = self.now.saturating_add(millis * 1_000);
        self.engine.on_tick(Timestamp::from_micros(self.now));
    }

    /// Takes the messages that are finished.
    pub fn collect(&mut self) -> usize {
        let before = self.lines.len();
        while let Some(batch) = self.engine.take_batch(true) {
            self.finisher.finish(batch, false, |batch| {
                let lines = batch.lines.split(|&b| b == b'\n').filter(|line| !line.is_empty());
                self.lines.extend(lines.map(|line| serde_json::from_slice::<Value>(line).expect("a line is JSON")));
            });
        }
        self.lines.len() - before
    }

    /// Counts the finished messages without keeping them.
    pub fn discard(&mut self) -> u64 {
        let mut count = 0;
        while let Some(batch) = self.engine.take_batch(true) {
            count += u64::from(batch.messages);
        }
        count
    }

    /// The capture is over, long enough after the last packet for every hole to be given up.
    pub fn end(mut self) -> (Vec<Value>, Stats) {
        self.pass(30_000);
        self.engine.drain();
        self.collect();
        (self.lines, self.engine.stats())
    }
}

/// All that comes of these packets.
pub fn watch(config: EngineConfig, link: &Link, packets: &[Packet]) -> Vec<Value> {
    let mut watch = Watch::new(config);
    packets.iter().for_each(|packet| watch.packet(link, packet));
    watch.end().0
}
