//! Faults at given rates, from a seed: the same faults in every run.

use super::random::Random;
use super::wire::{Link, Packet};

/// In percent of the packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub lost: u32,
    pub delayed: u32,
    pub doubled: u32,
    pub corrupt: u32,
    pub cut: u32,
}

/// Packets that are late are late by at most so much.
const MAX_DELAY_MICROS: usize = 50_000;

/// A packet of one of several connections, and what became of its bytes.
#[derive(Debug, Clone)]
pub struct Captured {
    pub connection: usize,
    pub packet: Packet,
    /// Bytes of the frame that are not what they were: where, and what they are combined with.
    damage: Vec<(usize, u8)>,
}

impl Captured {
    pub fn intact(connection: usize, packet: Packet) -> Self {
        Self { connection, packet, damage: Vec::new() }
    }

    pub fn frame(&self, link: &Link) -> Vec<u8> {
        let mut frame = link.frame(&self.packet);
        for &(at, with) in &self.damage {
            if let Some(length) = frame.len().checked_sub(1) {
                frame[at % (length + 1)] ^= with;
            }
        }
        frame
    }
}

impl Faults {
    /// Handshakes are spared all but corruption: what a capture begins with is believed.
    pub fn inject(&self, packets: Vec<Captured>, seed: u64) -> Vec<Captured> {
        let mut random = Random::new(seed);
        let mut out = Vec::with_capacity(packets.len());
        for mut captured in packets {
            let spared = captured.packet.syn;
            if random.percent(self.lost) && !spared {
                continue;
            }
            if random.percent(self.corrupt) {
                let bytes = 1 + random.below(4);
                captured.damage = (0..bytes).map(|_| (random.below(1 << 16), 1 + random.below(255) as u8)).collect();
            }
            if random.percent(self.cut) && !spared {
                captured.packet.snaplen = Some(random.below(captured.packet.payload.len() + 1));
            }
            if random.percent(self.doubled) {
                let mut again = captured.clone();
                again.packet.at += random.below(MAX_DELAY_MICROS) as i64;
                out.push(again);
            }
            if random.percent(self.delayed) && !spared {
                captured.packet.at += random.below(MAX_DELAY_MICROS) as i64;
            }
            out.push(captured);
        }
        out.sort_by_key(|captured| captured.packet.at);
        out
    }
}
