//! The models: networks and taps.

use super::conversation::From;
use super::disorder::contradict;
use super::model::Model;
use super::network::*;
use super::random::Random;
use super::rendered::Rendered;
use super::strangers::*;
use super::wire::{Checksums, Packet};

/// In microseconds.
const MILLI: i64 = 1_000;

pub fn model(name: &str) -> &'static Model {
    MODELS.iter().find(|model| model.name == name).expect("the model is in the table")
}

fn clean(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = retransmit(random, talks, &packets, 6);
    reorder(random, packets, 8)
}

fn differing_overlaps(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let mut all = retransmit(random, talks, &packets, 6);
    all.iter_mut().for_each(|packet| packet.conflicting = true); // where the bytes arrived before
    contradict(all)
}

fn bad_checksums(random: &mut Random, _: &[Rendered], mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.iter_mut().for_each(|packet| packet.checksums = Checksums::Right);
    forge(random, packets, 5, break_checksum)
}

fn bad_acks(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    forge(random, packets, 5, break_ack)
}

fn loss(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = retransmit(random, talks, &packets, 3);
    let packets = reorder(random, packets, 3);
    let (per_mille, mean) = (random.pick(&[10, 30, 100]), random.pick(&[1, 1, 4, 20]));
    lose(random, packets, per_mille, mean, all_but_syn)
}

fn loss_with_handshake(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = retransmit(random, talks, &packets, 3);
    let (per_mille, mean) = (random.pick(&[20, 50, 150]), random.pick(&[1, 4, 20]));
    lose(random, packets, per_mille, mean, |_| true)
}

fn heavy_loss(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = retransmit(random, talks, &packets, 10);
    let packets = reorder(random, packets, 10);
    lose(random, packets, 300, 2, all_but_syn)
}

fn loss_on_one_side(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let side = random.pick(&From::BOTH);
    lose(random, packets, 50, 2, |packet| packet.from == side)
}

fn late(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    begin_late(random, packets)
}

fn late_and_loss(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = begin_late(random, packets);
    lose(random, packets, 40, 2, |_| true)
}

fn bursts_and_loss(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = rest(random, talks, packets);
    lose(random, packets, 40, 2, |_| true)
}

fn late_bursts(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = rest(random, talks, packets);
    begin_late(random, packets)
}

fn one_side_only(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    one_side(random, packets)
}

fn one_side_and_loss(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = one_side(random, packets);
    lose(random, packets, 50, 2, |_| true)
}

fn skewed(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    skew(random, packets, &[50, MILLI, 10 * MILLI, 100 * MILLI, 1_500 * MILLI])
}

fn skew_and_loss(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = skew(random, packets, &[50, MILLI, 10 * MILLI, 100 * MILLI]);
    lose(random, packets, 40, 2, all_but_syn)
}

fn snaplen(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    cut_all(random, packets)
}

fn snaplen_of_some(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    cut_some(random, packets)
}

fn reset_midway(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    reset(random, packets)
}

fn whole(_: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    packets
}

fn some_loss(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    lose(random, packets, 50, 3, |_| true)
}

fn two_taps(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    merge(random, packets, 30, |random| random.pick(&[1, 300, 20 * MILLI]))
}

fn two_taps_far_apart(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let late = random.pick(&[MILLI, 50 * MILLI, 1_500 * MILLI, 10_000 * MILLI]);
    merge(random, packets, 50, |_| late)
}

fn probes(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    probe(random, packets)
}

fn probes_and_loss(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = probe(random, packets);
    lose(random, packets, 30, 2, all_but_syn)
}

fn idle(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    pause(random, packets)
}

fn fast_open(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    open_fast(random, packets)
}

fn fast_open_and_loss(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = open_fast(random, packets);
    lose(random, packets, 60, 2, |_| true)
}

fn clocks(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    trouble_the_clock(random, packets)
}

fn forged_options(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    forge_options(random, packets)
}

fn stamped(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = retransmit(random, talks, &packets, 6);
    let packets = stamp(random, packets);
    reorder(random, packets, 8)
}

fn stamped_taps(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = stamp(random, packets);
    two_taps_far_apart(random, talks, packets)
}

fn stamped_loss(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = stamped(random, talks, packets);
    lose(random, packets, 30, 2, all_but_syn)
}

fn resets_of_others(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    reset_by_others(random, packets)
}

fn syns_of_others(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    open_by_others(random, packets)
}

fn strays(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    stray(random, packets)
}

fn window_probes(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = probe_windows(random, packets);
    retransmit(random, talks, &packets, 6)
}

fn window_probes_and_loss(random: &mut Random, talks: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    let packets = window_probes(random, talks, packets);
    lose(random, packets, 30, 2, all_but_syn)
}

fn at_once(_: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    open_at_once(packets)
}

fn fast_reuse(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    open_each_fast(random, packets)
}

fn skewed_by_seconds(random: &mut Random, _: &[Rendered], packets: Vec<Packet>) -> Vec<Packet> {
    skew(random, packets, &[3_000 * MILLI, 8_000 * MILLI, 20_000 * MILLI, 40_000 * MILLI])
}

fn acks_only(_: &mut Random, _: &[Rendered], mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.retain(|packet| packet.payload.is_empty());
    packets
}

/// The allowed numbers were measured with 2 000 seeds of each model; of unpaired responses half as many again are allowed.
pub const MODELS: &[Model] = &[
    Model::new("clean", clean).complete(),
    Model::new("clean-lookalikes", clean).lookalikes().complete(),
    Model::new("clean-both-ports", clean).both_ports().complete(),
    Model::new("clean-proxied", clean).proxied().complete(),
    Model::new("clean-refused", clean).refused().complete(),
    Model::new("crowd", clean).crowd().complete(),
    Model::new("differ", differing_overlaps).complete(),
    Model::new("bad-checksums", bad_checksums).complete(),
    Model::new("bad-acks", bad_acks).complete(),
    Model::new("probes", probes).complete(),
    Model::new("fast-open", fast_open).complete(),
    Model::new("led-away", clean).led().complete(),
    Model::new("led-away-crowd", clean).led().crowd().complete(),
    Model::new("led-away-reuse", whole).led().reused(),
    Model::new("led-away-loss", loss).led().unpaired(7),
    Model::new("loss", loss).unpaired(7),
    Model::new("loss-lookalikes", loss).lookalikes().one_in(5_000).unpaired(7),
    Model::new("loss-proxied", loss).proxied().unpaired(7),
    Model::new("loss-anything", loss).anything().one_in(4_000).unpaired(8),
    Model::new("loss-crowd", loss).crowd().unpaired(8),
    Model::new("loss-with-handshake", loss_with_handshake).unpaired(9),
    Model::new("loss-both-ports", loss_with_handshake).both_ports().unpaired(9),
    Model::new("loss-on-one-side", loss_on_one_side).unpaired(10),
    Model::new("heavy-loss", heavy_loss).one_in(10_000).unpaired(17),
    Model::new("late", late).unpaired(17),
    Model::new("late-prose", late).prose().unpaired(17),
    Model::new("late-lookalikes", late).lookalikes().one_in(1_000).unpaired(17),
    Model::new("late-both-ports", late).both_ports().unpaired(17),
    Model::new("late-and-loss", late_and_loss).unpaired(17),
    Model::new("bursts-and-loss", bursts_and_loss).bursts().unpaired(15),
    Model::new("late-bursts", late_bursts).bursts().unpaired(23),
    Model::new("one-side", one_side_only).unpaired(35),
    Model::new("one-side-and-loss", one_side_and_loss).unpaired(30),
    Model::new("skew", skewed).unpaired(3),
    Model::new("skew-and-loss", skew_and_loss).unpaired(10),
    Model::new("snaplen", snaplen).unpaired(15),
    Model::new("snaplen-of-some", snaplen_of_some).unpaired(6),
    Model::new("reset", reset_midway),
    Model::new("reuse", whole).reused(),
    Model::new("reuse-and-loss", some_loss).reused().one_in(20_000).unpaired(11),
    Model::new("two-taps", two_taps).unpaired(2),
    Model::new("two-taps-far-apart", two_taps_far_apart).one_in(5_000).unpaired(4),
    Model::new("probes-and-loss", probes_and_loss).unpaired(7),
    Model::new("idle", idle),
    Model::new("fast-open-and-loss", fast_open_and_loss).unpaired(11),
    Model::new("clocks", clocks),
    Model::new("forged-options", forged_options).complete(),
    Model::new("stamped", stamped).complete(),
    Model::new("stamped-loss", stamped_loss).unpaired(7),
    Model::new("stamped-taps", stamped_taps).one_in(5_000).unpaired(4),
    Model::new("resets-of-others", resets_of_others).complete(),
    Model::new("syns-of-others", syns_of_others).complete(),
    Model::new("strays", strays).complete(),
    Model::new("window-probes", window_probes).complete(),
    Model::new("window-probes-and-loss", window_probes_and_loss).unpaired(7),
    Model::new("at-once", at_once).complete(),
    Model::new("fast-reuse", fast_reuse).reused(),
    Model::new("skew-by-seconds", skewed_by_seconds).unpaired(20),
    Model::new("acks-only", acks_only),
];
