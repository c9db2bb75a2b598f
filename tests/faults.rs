//! Several connections at once under every kind of fault, at several rates, from a dozen seeds.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test's own bug may panic")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use support::conversation::{From, Rendered};
use support::faults::{Captured, Faults};
use support::strategy::{self, Scope};
use support::trace::trace;
use support::verdict::Case;
use support::watch::{Watch, engine_config};
use support::wire::{Link, Packet};

proptest! {
    #![proptest_config(support::config(300))]

    /// Bytes that are no packets at all, and some that begin like one.
    #[test]
    fn any_bytes(frames in vec((any::<bool>(), vec(any::<u8>(), 0..120), any::<u32>(), 0i64..1 << 40), 0..60)) {
        let Traffic { conversations, afterwards, .. } = traffic(1);
        let (rendered, link) = &conversations[CONNECTIONS];
        let mut watch = Watch::new(engine_config());
        for (like_tcp, bytes, wire_len, later) in frames {
            let mut frame = if like_tcp { link.frame(&afterwards[0]) } else { Vec::new() };
            let kept = frame.len().min(wire_len as usize % 41);
            frame.truncate(kept);
            frame.extend(bytes);
            // Another client than the one that comes afterwards.
            if let Some(octet) = frame.get_mut(12) {
                *octet = 11;
            }
            watch.frame(afterwards[0].at - 1 - later % 60_000_000, &frame, wire_len);
        }
        afterwards.iter().for_each(|packet| watch.packet(link, packet));
        let lines: Vec<_> =
            watch.end().0.into_iter().filter(|line| line["destination"] == link.endpoint(From::Client)).collect();
        let case = Case { rendered, packets: &afterwards, link, max_body_bytes: MAX_BODY_BYTES, lines: &lines };
        case.is_exact(&From::BOTH)?;
    }
}

const SEEDS: u64 = 12;
const RATES: [u32; 3] = [1, 10, 30];
const CONNECTIONS: usize = 6;
const MAX_BODY_BYTES: usize = 1 << 20;

/// Connections whose packets are mixed, and one that comes when all is over.
struct Traffic {
    conversations: Vec<(Rendered, Link)>,
    packets: Vec<Captured>,
    afterwards: Vec<Packet>,
}

fn traffic(seed: u64) -> Traffic {
    let bytes: Vec<u8> = (0..4).flat_map(|part| (seed * 4 + part).to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(support::config(1), rng);
    // With pipelining or tunnels, what a loss hides cannot always be told: see `losses`.
    let scope = Scope { pipelined: false, tunnel: false, ..Scope::default() };
    let one = (strategy::conversation(scope), strategy::brisk_cutting(), strategy::link());
    let mut conversations = Vec::new();
    let mut packets = Vec::new();
    for connection in 0..=CONNECTIONS {
        let (rendered, cutting, link) = one.new_tree(&mut runner).unwrap().current();
        let link = Link::numbered(connection as u32, link.isn);
        packets.extend(trace(&rendered, &cutting).into_iter().map(|packet| Captured::intact(connection, packet)));
        conversations.push((rendered, link));
    }
    let end = packets.iter().map(|captured| captured.packet.at).max().unwrap() + 60_000_000;
    let (mut last, mut packets): (Vec<_>, Vec<_>) =
        packets.into_iter().partition(|captured| captured.connection == CONNECTIONS);
    let start = last[0].packet.at;
    last.iter_mut().for_each(|captured| captured.packet.at += end - start);
    packets.sort_by_key(|captured| captured.packet.at);
    Traffic { conversations, packets, afterwards: last.into_iter().map(|captured| captured.packet).collect() }
}

fn run(faults: Faults, seed: u64) {
    let Traffic { conversations, packets, afterwards } = traffic(seed);
    let captured = faults.inject(packets, seed);
    let mut watch = Watch::new(engine_config());
    for captured in &captured {
        let frame = captured.frame(&conversations[captured.connection].1);
        watch.frame(captured.packet.at, &frame, captured.packet.wire_len());
    }
    for packet in &afterwards {
        watch.packet(&conversations[CONNECTIONS].1, packet);
    }
    let (lines, stats) = watch.end();
    assert_eq!(stats.buffered_bytes, 0);
    for (connection, (rendered, link)) in conversations.iter().enumerate() {
        let lines: Vec<_> =
            lines.iter().filter(|line| line["destination"] == link.endpoint(From::Client)).cloned().collect();
        let packets: Vec<Packet> = match connection {
            CONNECTIONS => afterwards.clone(),
            _ => captured.iter().filter(|c| c.connection == connection).map(|c| c.packet.clone()).collect(),
        };
        let case = Case { rendered, packets: &packets, link, max_body_bytes: MAX_BODY_BYTES, lines: &lines };
        let verdict = match connection {
            CONNECTIONS => case.is_exact(&From::BOTH),
            // What was changed may be anything.
            _ if faults.corrupt > 0 => Ok(()),
            _ if faults.lost + faults.cut > 0 => case.is_sound().map(drop),
            _ => case.is_exact(&From::BOTH),
        };
        if let Err(error) = verdict {
            panic!("{faults:?}, seed {seed}, connection {connection}: {error}\n{rendered:?}\n{packets:#?}");
        }
    }
}

fn matrix(of: impl Fn(u32) -> Faults) {
    for rate in RATES {
        (0..SEEDS).for_each(|seed| run(of(rate), seed));
    }
}

#[test]
fn none() {
    matrix(|_| Faults::default());
}

#[test]
fn loss() {
    matrix(|lost| Faults { lost, ..Faults::default() });
}

#[test]
fn reordering() {
    matrix(|delayed| Faults { delayed, ..Faults::default() });
}

#[test]
fn duplication() {
    matrix(|doubled| Faults { doubled, ..Faults::default() });
}

#[test]
fn truncation() {
    matrix(|cut| Faults { cut, ..Faults::default() });
}

#[test]
fn corruption() {
    matrix(|corrupt| Faults { corrupt, ..Faults::default() });
}

#[test]
fn all_but_corruption() {
    matrix(|rate| Faults { lost: rate, delayed: rate, doubled: rate, cut: 0, corrupt: 0 });
}

#[test]
fn all() {
    matrix(|rate| Faults { lost: rate, delayed: rate, doubled: rate, cut: rate, corrupt: rate });
}
