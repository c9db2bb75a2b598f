//! A capture to look at: as a savefile, and packet by packet with what comes out.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use super::scene::Scene;
use super::trace::EPOCH_MICROS;
use super::watch::Watch;
use super::wire::LINKTYPE;

/// Of a packet and of a line.
const MAX_CHARS: usize = 150;
/// Counters that move with every packet.
const ORDINARY: [&str; 6] = ["packets", "segments", "bufferedBytes", "requests", "responses", "connectionsActive"];

impl Scene {
    /// As a savefile (<https://www.tcpdump.org/manpages/pcap-savefile.5.html>).
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for word in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, LINKTYPE as u32] {
            file.write_all(&word.to_le_bytes())?;
        }
        for packet in &self.packets {
            let frame = self.links[packet.connection].frame(packet);
            let (seconds, micros) = (packet.at.div_euclid(1_000_000), packet.at.rem_euclid(1_000_000));
            for word in [seconds as u32, micros as u32, frame.len() as u32, packet.wire_len()] {
                file.write_all(&word.to_le_bytes())?;
            }
            file.write_all(&frame)?;
        }
        file.flush()
    }

    /// The packets, each with the lines that it completes and the counters that it moves.
    pub fn tell(&self) -> String {
        let mut watch = Watch::new(self.config());
        let mut told = String::new();
        let mut before = watch.engine.stats().entries();
        for packet in &self.packets {
            let seconds = (packet.at - EPOCH_MICROS) as f64 / 1e6;
            let text = format!("    {seconds:.6} {} {}..{} {packet:?}", packet.connection, packet.offset, packet.end());
            let text = text.replacen(&format!(" {}", packet.at), "", 1);
            writeln!(told, "{}", text.chars().take(MAX_CHARS).collect::<String>()).unwrap();
            watch.packet(&self.links[packet.connection], packet);
            watch.collect();
            watch.lines.drain(..).for_each(|line| told += &in_short(&line));
            let now = watch.engine.stats().entries();
            let moved = now.iter().zip(&before).filter(|(now, before)| now != before && !ORDINARY.contains(&now.0));
            let moved: Vec<_> = moved.map(|((name, count), _)| format!("{name}={count}")).collect();
            if !moved.is_empty() {
                writeln!(told, "      [{}]", moved.join(" ")).unwrap();
            }
            before = now;
        }
        let (lines, stats) = watch.end();
        lines.iter().for_each(|line| told += &in_short(line));
        let counted: Vec<_> = stats.entries().into_iter().filter(|(_, count)| *count > 0).collect();
        writeln!(told, "      {counted:?}").unwrap();
        told
    }
}

fn in_short(line: &Value) -> String {
    let part = |name: &str| line.get(name).map_or(String::new(), |value| format!(" {name} {value}"));
    let names = ["id", "direction", "bodySize", "incomplete", "gapBytes", "latencyMs", "request"];
    format!("  => {}{}\n", line["headers"]["x-n"], names.map(part).concat())
}
