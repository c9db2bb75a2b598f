//! The models: networks and taps.

use super::conversation::From;
use super::disorder::contradict;
use super::model::Model;
use super::network::*;
use super::random::Random;
use super::rendered::Rendered;
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

pub const MODELS: &[Model] = &[
    Model::new("clean", clean).complete().not_yet(50),
    Model::new("clean-lookalikes", clean).lookalikes().complete().not_yet(60),
    Model::new("clean-both-ports", clean).both_ports().complete().not_yet(70),
    Model::new("clean-proxied", clean).proxied().complete().not_yet(1),
    Model::new("clean-refused", clean).refused().complete().not_yet(10),
    Model::new("crowd", clean).crowd().complete().not_yet(50),
    Model::new("differ", differing_overlaps).complete(),
    Model::new("bad-checksums", bad_checksums).complete().not_yet(2),
    Model::new("bad-acks", bad_acks).complete().not_yet(2),
    Model::new("probes", probes).complete(),
    Model::new("fast-open", fast_open).complete(),
    Model::new("loss", loss).not_yet(150),
    Model::new("loss-lookalikes", loss).lookalikes().not_yet(200),
    Model::new("loss-proxied", loss).proxied().not_yet(200),
    Model::new("loss-anything", loss).anything().not_yet(200),
    Model::new("loss-crowd", loss).crowd().not_yet(200),
    Model::new("loss-with-handshake", loss_with_handshake).not_yet(3000),
    Model::new("loss-both-ports", loss_with_handshake).both_ports().not_yet(1000),
    Model::new("loss-on-one-side", loss_on_one_side).not_yet(3000),
    Model::new("heavy-loss", heavy_loss).not_yet(250),
    Model::new("late", late).not_yet(500),
    Model::new("late-prose", late).prose().not_yet(120),
    Model::new("late-lookalikes", late).lookalikes().not_yet(300),
    Model::new("late-both-ports", late).both_ports().not_yet(30),
    Model::new("late-and-loss", late_and_loss).not_yet(500),
    Model::new("one-side", one_side_only),
    Model::new("one-side-and-loss", one_side_and_loss),
    Model::new("skew", skewed).not_yet(10),
    Model::new("skew-and-loss", skew_and_loss).not_yet(10),
    Model::new("snaplen", snaplen).not_yet(3000),
    Model::new("snaplen-of-some", snaplen_of_some).not_yet(3000),
    Model::new("reset", reset_midway),
    Model::new("reuse", whole).reused(),
    Model::new("reuse-and-loss", some_loss).reused().not_yet(2000),
    Model::new("two-taps", two_taps).not_yet(120),
    Model::new("two-taps-far-apart", two_taps_far_apart).not_yet(25),
    Model::new("probes-and-loss", probes_and_loss).not_yet(1000),
    Model::new("idle", idle).not_yet(400),
    Model::new("fast-open-and-loss", fast_open_and_loss).not_yet(150),
    Model::new("clocks", clocks).not_yet(7),
];
