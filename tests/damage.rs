//! Frames with bytes that are not what they were, or that are no frames at all: the engine bears them, and what comes
//! afterwards is read as ever.

#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test's own bug may panic")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use support::conversation::From;
use support::models::model;
use support::random::Random;
use support::scene::Scene;
use support::watch::{Watch, engine_config};

const SEEDS: u64 = 12;
/// In percent of the frames.
const RATES: [u32; 3] = [1, 10, 30];
const MINUTE_MICROS: i64 = 60_000_000;

/// Other endpoints than those of the first few seeds.
fn afterwards(at: i64) -> Scene {
    let mut scene = model("differ").scene(1_000);
    let later = at + MINUTE_MICROS - scene.packets[0].at;
    scene.packets.iter_mut().for_each(|packet| packet.at += later);
    scene
}

/// Gives the watch what comes afterwards, and looks at what it makes of it.
fn reads_as_ever(mut watch: Watch, at: i64) -> Result<(), String> {
    let scene = afterwards(at);
    scene.packets.iter().for_each(|packet| watch.packet(&scene.links[0], packet));
    let (mut lines, stats) = watch.end();
    lines.retain(|line| line["destination"] == scene.links[0].endpoint(From::Client));
    if stats.buffered_bytes > 0 {
        return Err(format!("{} bytes are held for ever", stats.buffered_bytes));
    }
    match scene.judge_lines(lines, &stats).findings().next() {
        Some(finding) => Err(finding.clone()),
        None => Ok(()),
    }
}

proptest! {
    #![proptest_config(support::config(300))]

    /// Some begin like a packet.
    #[test]
    fn any_bytes(frames in vec((any::<bool>(), vec(any::<u8>(), 0..120), any::<u32>(), 0i64..MINUTE_MICROS), 0..60)) {
        let Scene { packets, links, .. } = model("crowd").scene(1);
        let mut watch = Watch::new(engine_config());
        for (like_tcp, bytes, wire_len, later) in frames {
            let mut frame = if like_tcp { links[0].frame(&packets[0]) } else { Vec::new() };
            frame.truncate(wire_len as usize % 41);
            frame.extend(bytes);
            watch.frame(packets[0].at + later, &frame, wire_len);
        }
        let verdict = reads_as_ever(watch, packets[0].at + MINUTE_MICROS);
        prop_assert!(verdict.is_ok(), "{verdict:?}");
    }
}

#[test]
fn damaged_frames_of_several_connections() {
    for name in ["crowd", "loss-crowd", "snaplen-of-some"] {
        for (rate, seed) in RATES.iter().flat_map(|&rate| (1..=SEEDS).map(move |seed| (rate, seed))) {
            let scene = model(name).scene(seed);
            let mut random = Random::named("damage", seed);
            let mut watch = Watch::new(engine_config());
            for packet in &scene.packets {
                let mut frame = scene.links[packet.connection].frame(packet);
                if random.percent(rate) {
                    for _ in 0..=random.below(4) {
                        let at = random.below(frame.len());
                        frame[at] ^= 1 + random.below(255) as u8;
                    }
                }
                watch.frame(packet.at, &frame, packet.wire_len());
            }
            let last = scene.packets.iter().map(|packet| packet.at).max().unwrap_or(0);
            if let Err(finding) = reads_as_ever(watch, last) {
                panic!("{name}, seed {seed}, {rate} percent: {finding}");
            }
        }
    }
}
