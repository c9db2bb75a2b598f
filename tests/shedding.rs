//! Load is shed at any moment: what comes out is what was sent or says that it is cut, nothing is called lost that was captured, and
//! the ledger says what was left out.

#![allow(clippy::indexing_slicing, reason = "a test's own bug may panic")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::conversation::From;
use support::disorder::{contradict, delay, lose, repeat};
use support::models::model;
use support::random::Random;
use support::rendered::Rendered;
use support::scene::{Scene, is_named};
use support::strategy::{self, Scope};
use support::trace::{Cutting, is_like_a_start, trace};
use support::verdict::{Case, Verdict, direction, mark_of};
use support::watch::{Watch, engine_config};
use support::wire::{Link, Packet};
use tcp_sniffer::engine::ShedLevel;
use tcp_sniffer::stats::Stats;

const MAX_BODY_BYTES: usize = 1 << 20;

/// Before these packets, by index, the level changes to another.
type Changes = Vec<(prop::sample::Index, ShedLevel)>;

fn level(steps: u8) -> ShedLevel {
    (0..steps).fold(ShedLevel::NONE, |level, _| level.up())
}

/// Nothing and everything above all: a single connection knows little between them.
fn changes() -> impl Strategy<Value = Changes> {
    let level = prop_oneof![3 => Just(0u8), 2 => Just(1), 1 => 2u8..6, 3 => Just(6)].prop_map(level);
    vec((any::<prop::sample::Index>(), level), 1..6)
}

struct Shed {
    lines: Vec<Value>,
    stats: Stats,
    /// Packets that were read, in order.
    read: Vec<Packet>,
    /// Of them those that came first after others of their connection that were not read, or after its beginning was not.
    first: Vec<Packet>,
}

fn watch(link: &Link, packets: &[Packet], changes: &Changes, seed: u64) -> Shed {
    let mut watch = Watch::new(engine_config());
    let (mut read, mut first, mut is_away) = (Vec::new(), Vec::new(), [false, false]);
    for (index, packet) in packets.iter().enumerate() {
        for (_, level) in changes.iter().filter(|(at, _)| at.index(packets.len()) == index) {
            watch.engine.shed_load(*level, seed);
        }
        let before = watch.engine.stats().shed_packets;
        watch.packet(link, packet);
        if watch.engine.stats().shed_packets > before {
            is_away = [true, true];
            continue;
        }
        read.push(packet.clone());
        if !packet.payload.is_empty() && std::mem::take(&mut is_away[packet.from as usize]) {
            first.push(packet.clone());
        }
    }
    let (lines, stats) = watch.end();
    Shed { lines, stats, read, first }
}

/// A body that was left out is a body that was cut before its first byte: the flag, its size, no reason, no bytes. Returns the
/// line as the verdict has it, which knows cut messages with a reason.
fn with_reason(rendered: &Rendered, line: &Value) -> Result<Value, TestCaseError> {
    let mut line = line.clone();
    if line["bodyTruncated"] == true && line["incomplete"].is_null() {
        let sent = rendered.sent.iter().find(|sent| direction(&line) == Some(sent.from) && mark_of(&line) == sent.mark);
        prop_assert_eq!(&line["body"], "", "{}", line);
        prop_assert_eq!(&line["bodySize"], &json!(sent.map(|sent| sent.body.len())), "{}", line);
        prop_assert!(line["bodySize"] != 0, "nothing was left out: {line}");
        line["incomplete"] = json!("evicted");
    }
    Ok(line)
}

fn is_sound(rendered: &Rendered, link: &Link, packets: &[Packet], shed: &Shed) -> Verdict {
    let lines = shed.lines.iter().map(|line| with_reason(rendered, line)).collect::<Result<Vec<_>, _>>()?;
    let case = Case { rendered, packets, link, max_body_bytes: MAX_BODY_BYTES, patience_ms: None, lines: &lines };
    let told = |error: TestCaseError| {
        let read = shed.read.iter().map(|packet| format!("  {packet:?}\n")).collect::<String>();
        let lines = lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
        TestCaseError::fail(format!("{error}\nread:\n{read}{lines}"))
    };
    case.is_sound().map(drop).map_err(told)
}

fn balances(stats: &Stats, packets: usize) -> Verdict {
    let of = |name| stats.entries().iter().find(|entry| entry.0 == name).map_or(0, |entry| entry.1);
    let kinds = ["segments", "shedPackets", "noSyn", "afterClose", "notSampled", "otherPorts", "undecodable"];
    prop_assert_eq!(kinds.into_iter().map(of).sum::<u64>(), packets as u64);
    let ends =
        ["connectionsClosed", "connectionsEvicted", "connectionsTimedOut", "connectionsStopped", "shedConnections"];
    prop_assert_eq!(ends.into_iter().map(of).sum::<u64>(), of("connectionsOpened"));
    Ok(())
}

/// It begins in the middle each time that it is read again, where a text like a message may be taken for one: none in here.
fn scope() -> Scope {
    Scope { pipelined: false, tunnel: false, ..Scope::default() }
}

fn may_mislead(rendered: &Rendered, shed: &Shed) -> bool {
    shed.first.iter().any(|packet| is_like_a_start(rendered, packet))
}

proptest! {
    #![proptest_config(support::config(3_000))]

    #[test]
    fn nothing_is_invented_and_nothing_is_called_lost(
        rendered in strategy::conversation(scope()),
        cutting in strategy::brisk_cutting(),
        changes in changes(),
        seed in any::<u64>(),
        link in strategy::link(),
    ) {
        let packets = trace(&rendered, &Cutting { at_lookalikes: false, ..cutting });
        let shed = watch(&link, &packets, &changes, seed);
        balances(&shed.stats, packets.len())?;
        if may_mislead(&rendered, &shed) {
            return Ok(());
        }
        is_sound(&rendered, &link, &packets, &shed)?;
        prop_assert!(shed.lines.iter().all(|line| line["gapBytes"].is_null()), "{:?}", shed.lines);
        let all_are_there = shed.lines.len() == rendered.sent.len();
        prop_assert!(all_are_there || is_named(&shed.stats), "{} of {}", shed.lines.len(), rendered.sent.len());
    }

    #[test]
    fn nothing_is_invented_where_packets_are_lost_and_come_late_too(
        rendered in strategy::conversation(scope()),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        arrivals in strategy::arrivals(false),
        delays in strategy::short_delays(),
        changes in changes(),
        seed in any::<u64>(),
        link in strategy::link(),
    ) {
        let all = repeat(&rendered, trace(&rendered, &Cutting { at_lookalikes: false, ..cutting }), &again);
        let packets = contradict(delay(lose(all, &arrivals), &delays));
        let shed = watch(&link, &packets, &changes, seed);
        balances(&shed.stats, packets.len())?;
        let seen = From::BOTH.map(|side| shed.read.iter().any(|packet| packet.from == side && !packet.payload.is_empty()));
        if may_mislead(&rendered, &shed) || seen.contains(&false) {
            return Ok(());
        }
        is_sound(&rendered, &link, &shed.read, &shed)?;
    }
}

/// Connections at once and one after the other on the same endpoints, and such whose directions have different addresses. If one of
/// those is met in its middle, nothing says which server it leads to, as at the start of a capture: there the level only rises.
const SCENES: [(&str, bool); 7] = [
    ("clean-proxied", false),
    ("crowd", false),
    ("reuse", false),
    ("fast-open", false),
    ("loss-both-ports", false),
    ("led-away-crowd", true),
    ("led-away-reuse", true),
];

/// The same capture, with the packets alone that were read.
fn watch_scene(mut scene: Scene, seed: u64, only_rises: bool) -> (Scene, Vec<Value>, Stats) {
    let random = &mut Random::named("shedding", seed);
    let (mut watch, mut last) = (Watch::new(scene.config()), ShedLevel::NONE);
    let packets = std::mem::take(&mut scene.packets);
    for packet in packets {
        if random.percent(4) {
            last = if only_rises { last.up() } else { level(random.below(7) as u8) };
            watch.engine.shed_load(last, seed);
        }
        let before = watch.engine.stats().shed_packets;
        watch.packet(&scene.links[packet.connection], &packet);
        if watch.engine.stats().shed_packets == before {
            scene.packets.push(packet);
        }
    }
    let (lines, stats) = watch.end();
    (scene, lines, stats)
}

#[test]
fn nothing_is_invented_of_many_connections() {
    let (mut shown, mut left_out) = (0, 0);
    for (name, only_rises) in SCENES {
        for seed in 1..=150 {
            let (scene, mut lines, stats) = watch_scene(model(name).scene(seed), seed, only_rises);
            for line in lines.iter_mut().filter(|line| line["bodyTruncated"] == true && line["incomplete"].is_null()) {
                assert_eq!(line["body"], "", "{line}");
                line["incomplete"] = json!("evicted");
            }
            let outcome = scene.judge_lines(lines, &stats);
            assert!(outcome.wrong.is_empty(), "{name} {seed}: {:?}", outcome.wrong);
            assert!(outcome.unnamed.is_empty() || stats.shed_packets == 0, "{name} {seed}: {:?}", outcome.unnamed);
            shown += outcome.shown;
            left_out += stats.shed_packets;
        }
    }
    assert!(shown > 2_000 && left_out > 10_000, "{shown} messages, {left_out} packets: they prove little");
}
