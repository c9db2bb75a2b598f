//! Faults of networks and captures, from a seed. Each function takes the packets in the order of the capture and returns them
//! in that order.

use super::conversation::From;
use super::random::Random;
use super::rendered::Rendered;
use super::wire::{Checksums, Packet};

const MILLI: i64 = 1_000;
const SECOND: i64 = 1_000 * MILLI;

pub fn by_time(mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.sort_by_key(|packet| packet.at);
    packets
}

/// Some are captured a little later than they passed; the handshake is not.
pub fn reorder(random: &mut Random, mut packets: Vec<Packet>, percent: u32) -> Vec<Packet> {
    for packet in &mut packets {
        if random.percent(percent) && !packet.syn {
            packet.at += random.below(800) as i64 * random.pick(&[1, 20]);
        }
    }
    by_time(packets)
}

/// Some bytes are sent again, with other cuts; the header says what the sender has received by then.
pub fn retransmit(random: &mut Random, talks: &[Rendered], packets: &[Packet], percent: u32) -> Vec<Packet> {
    let mut all = packets.to_vec();
    for (index, packet) in packets.iter().enumerate() {
        if packet.payload.is_empty() || packet.syn || !random.percent(percent) {
            continue;
        }
        let near = packets[index..].iter().take(4).filter(|other| is_same_flow(packet, other));
        let mut end = packet.end();
        let mut at = packet.at;
        for next in near.filter(|next| next.end() > next.offset) {
            if next.offset == end && random.percent(50) {
                end = next.end();
                at = at.max(next.at);
            }
        }
        let length = (end - packet.offset) as usize;
        let (from, to) = match random.percent(40) {
            true => (0, length),
            false => {
                let from = random.below(length);
                (from, from + 1 + random.below(length - from))
            }
        };
        let offset = packet.offset as usize + from;
        let to = (packet.offset as usize + to).min(offset + 60_000);
        at += random.pick(&[1, MILLI / 2, 200 * MILLI, 200 * MILLI]);
        let ack =
            packets.iter().filter(|other| is_same_flow(packet, other) && other.at <= at).filter_map(|p| p.ack).max();
        let payload = talks[packet.connection].stream(packet.from)[offset..to].to_vec();
        let psh = packet.psh || payload.len() == 1;
        all.push(Packet { at, ack, psh, offset: offset as i64, payload, ..packet.clone() });
    }
    by_time(all)
}

fn is_same_flow(one: &Packet, other: &Packet) -> bool {
    one.from == other.from && one.connection == other.connection
}

/// Before some segments comes a copy with other bytes, which the receiver throws away.
pub fn forge(
    random: &mut Random,
    packets: Vec<Packet>,
    percent: u32,
    spoil: impl Fn(&mut Random, &mut Packet),
) -> Vec<Packet> {
    let mut all = Vec::with_capacity(packets.len());
    for packet in packets {
        if !packet.payload.is_empty() && !packet.syn && random.percent(percent) {
            let payload = packet.payload.iter().map(|byte| byte ^ 1).collect();
            let mut copy = Packet { payload, stray: true, fin: false, ..packet.clone() };
            spoil(random, &mut copy);
            all.push(copy);
        }
        all.push(packet);
    }
    all
}

pub fn break_checksum(random: &mut Random, packet: &mut Packet) {
    packet.checksums = random.pick(&[Checksums::WrongTcp, Checksums::WrongTcp, Checksums::WrongIp]);
}

/// No ACK flag, or an ack of what was never sent (RFC 9293 §3.10.7.4, RFC 5961 §5).
pub fn break_ack(random: &mut Random, packet: &mut Packet) {
    let ahead = packet.ack.map(|ack| ack + 1_000_000_000);
    packet.ack = random.pick(&[None, ahead]);
}

/// Bursts of so many in a row are lost, beginning at so many of a thousand packets.
pub fn lose(
    random: &mut Random,
    packets: Vec<Packet>,
    per_mille: usize,
    mean: usize,
    may_be_lost: impl Fn(&Packet) -> bool,
) -> Vec<Packet> {
    let mut left = 0;
    let mut kept = packets;
    kept.retain(|packet| {
        if left == 0 && random.below(1_000) < per_mille {
            left = random.burst(mean);
        }
        let lost = left > 0 && may_be_lost(packet);
        left -= usize::from(lost);
        !lost
    });
    kept
}

pub fn all_but_syn(packet: &Packet) -> bool {
    !packet.syn
}

/// The capture of one side is stamped late.
pub fn skew(random: &mut Random, mut packets: Vec<Packet>, by: &[i64]) -> Vec<Packet> {
    let (side, by) = (random.pick(&From::BOTH), random.pick(by));
    packets.iter_mut().filter(|packet| packet.from == side).for_each(|packet| packet.at += by);
    by_time(packets)
}

pub fn one_side(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let side = random.pick(&From::BOTH);
    packets.retain(|packet| packet.from == side);
    packets
}

pub fn begin_late(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.drain(..random.below(packets.len()));
    packets
}

/// One side resets somewhere; what the other has on the way still comes.
pub fn reset(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let at = 3 + random.below(packets.len() - 3);
    let side = random.pick(&From::BOTH);
    let before = packets[..at].iter().filter(|packet| packet.from == side);
    let Some(last) = before.clone().max_by_key(|packet| packet.at).cloned() else { return packets };
    let offset = before.map(Packet::end).max().unwrap_or(0);
    let mut on_the_way = packets.split_off(at);
    on_the_way.retain(|packet| packet.from != side);
    on_the_way.truncate(random.below(30));
    let rst = Packet { rst: true, ack: last.ack, at: packets[at - 1].at, ..Packet::new(side, offset, Vec::new()) };
    packets.push(Packet { checksums: last.checksums, connection: last.connection, ..rst });
    packets.extend(on_the_way);
    packets
}

/// Two captures in one: the second is stamped later by what `late` returns for each packet.
pub fn merge(
    random: &mut Random,
    packets: Vec<Packet>,
    per_mille: usize,
    mut late: impl FnMut(&mut Random) -> i64,
) -> Vec<Packet> {
    let first = lose(random, packets.clone(), per_mille, 2, |_| true);
    let second = packets.into_iter().map(|packet| Packet { at: packet.at + late(random), ..packet }).collect();
    by_time([first, lose(random, second, per_mille, 2, |_| true)].concat())
}

/// Keep-alive probes (RFC 1122 §4.2.3.6): nothing or a byte of rubbish, at the byte before the next.
pub fn probe(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    let mut all = Vec::with_capacity(packets.len());
    for packet in packets {
        let plain = packet.ack.is_some() && !packet.syn && !packet.fin && !packet.rst;
        let probe = (plain && random.percent(10)).then(|| Packet {
            at: packet.at + 1,
            offset: packet.end() - 1,
            payload: random.pick(&[vec![], vec![0], vec![0xff]]),
            psh: false,
            stray: true,
            ..packet.clone()
        });
        all.push(packet);
        all.extend(probe);
    }
    by_time(all)
}

/// A pause that is longer than a connection may be idle.
pub fn pause(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let from = 3 + random.below(packets.len() - 3);
    packets[from..].iter_mut().for_each(|packet| packet.at += 400 * SECOND);
    packets
}

/// Half of the clients' requests that follow all answers come after a silence.
pub fn rest(random: &mut Random, talks: &[Rendered], mut packets: Vec<Packet>) -> Vec<Packet> {
    let mut silence = 0;
    for packet in packets.iter_mut().filter(|packet| !packet.syn) {
        let turns = &talks[packet.connection].turns;
        let is_next = packet.turn > 0
            && packet.from == From::Client
            && !packet.payload.is_empty()
            && turns[packet.turn].range.start as i64 == packet.offset
            && turns[packet.turn - 1].from == From::Server;
        silence += if is_next && random.percent(50) { 2 * SECOND } else { 0 };
        packet.at += silence;
    }
    packets
}

/// The first request rides on the SYN (RFC 7413), and the server takes it or has it sent again.
pub fn open_fast(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let first = packets.iter().position(|packet| packet.from == From::Client && !packet.payload.is_empty());
    let Some(first) = first.filter(|&first| packets[first].payload.len() <= 1_400 && packets[first].offset == 0) else {
        return packets;
    };
    let payload = packets[first].payload.clone();
    let length = payload.len() as i64;
    packets[0].options.extend_from_slice(b"\x22\x0a12345678\x01\x01");
    packets[0].payload = payload;
    if random.percent(50) {
        packets.remove(first);
        packets[1].ack = Some(length);
        packets[2].offset = length;
    }
    packets
}

/// The clock is unsteady, is set back by an hour, or stamps one packet a day ahead.
pub fn trouble_the_clock(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let index = random.below(packets.len());
    match random.below(4) {
        0 => packets[index..].iter_mut().for_each(|packet| packet.at -= 3_600 * SECOND),
        1 => packets[index].at += 86_400 * SECOND,
        _ => {
            let steps = [0, 0, 0, -50 * MILLI, 50 * MILLI, -3 * SECOND];
            packets.iter_mut().for_each(|packet| packet.at += random.pick(&steps));
        }
    }
    packets
}

pub fn cut_all(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let snaplen = random.pick(&[60, 150, 400, 1_000, 1_400]);
    packets.iter_mut().for_each(|packet| packet.snaplen = Some(snaplen));
    packets
}

pub fn cut_some(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    for packet in &mut packets {
        if !packet.payload.is_empty() && random.percent(5) {
            packet.snaplen = Some(random.below(packet.payload.len()));
        }
    }
    packets
}
