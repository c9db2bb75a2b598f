//! Packets that others put into a connection, or that hosts seldom send: those that the receiver throws away, resets of a third
//! party, probes of a closed window, both sides opening at once. As in `network`, packets come and go in the order of the capture.

use std::collections::HashSet;

use super::conversation::From;
use super::network::{by_time, forge, open_fast};
use super::random::Random;
use super::wire::Packet;

/// NOP, NOP, timestamps (RFC 7323 appendix A); on a SYN after another option.
const ALIGNED: [u8; 4] = [1, 1, 8, 10];
const ON_A_SYN: [u8; 4] = [4, 2, 8, 10];
const SIGNATURE: &[u8] = b"\x13\x12abcdefghijklmnop\x01\x01";

/// Both sides tell their clocks (RFC 7323 §3), of which one ticks a thousand times a second and wraps soon.
pub fn stamp(random: &mut Random, mut packets: Vec<Packet>) -> Vec<Packet> {
    let start = packets[0].at;
    let clocks = From::BOTH.map(|_| random.pick(&[7, 1_000_000, u32::MAX - 300]));
    for packet in &mut packets {
        let millis = ((packet.at - start) / 1_000) as u32;
        let stamp = clocks[packet.from as usize].wrapping_add(millis);
        packet.options.extend_from_slice(if packet.syn { &ON_A_SYN } else { &ALIGNED });
        packet.options.extend_from_slice(&stamp.to_be_bytes());
        packet.options.extend_from_slice(&[0; 4]);
    }
    packets
}

/// Before some segments comes one with other bytes and an older timestamp, or with a signature, which was not asked for.
pub fn forge_options(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    let packets = stamp(random, packets);
    let first = From::BOTH.map(|side| stamp_of(packets.iter().find(|packet| packet.from == side)));
    forge(random, packets, 5, |random, packet| {
        if random.percent(20) {
            packet.options.extend_from_slice(SIGNATURE);
        } else {
            let older = first[packet.from as usize].wrapping_sub(random.pick(&[1, 900, 1 << 30]));
            packet.options[4..8].copy_from_slice(&older.to_be_bytes());
        }
    })
}

fn stamp_of(packet: Option<&Packet>) -> u32 {
    let stamp = packet.and_then(|packet| packet.options.split_last_chunk::<8>());
    stamp.map_or(0, |(_, stamp)| u32::from_be_bytes([stamp[0], stamp[1], stamp[2], stamp[3]]))
}

/// Between others comes a segment that its receiver does not take.
fn intrude(
    random: &mut Random,
    packets: Vec<Packet>,
    percent: u32,
    make: impl Fn(&mut Random, &Packet) -> Packet,
) -> Vec<Packet> {
    let mut all = Vec::with_capacity(packets.len());
    let mut is_over = false;
    for packet in packets {
        is_over |= packet.fin || packet.rst;
        let is_plain = packet.ack.is_some() && !packet.syn && !is_over;
        let stranger = (is_plain && random.percent(percent)).then(|| make(random, &packet));
        all.push(packet);
        all.extend(stranger);
    }
    all
}

/// A reset at a place in the window, and not where it would count (RFC 5961 §3.2).
pub fn reset_by_others(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    let ends: HashSet<i64> = packets.iter().map(Packet::end).collect();
    intrude(random, packets, 3, |random, packet| {
        let mut offset = packet.end() + 1 + random.below(60_000) as i64;
        while ends.contains(&offset) {
            offset += 1;
        }
        Packet { offset, payload: Vec::new(), rst: true, stray: true, ..packet.clone() }
    })
}

/// A SYN, or the answer to one (RFC 5961 §4.2).
pub fn open_by_others(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    intrude(random, packets, 3, |random, packet| Packet {
        offset: packet.end() + random.pick(&[0, 7, -700, 1_000_000_000]),
        payload: Vec::new(),
        ack: random.pick(&[None, packet.ack]),
        syn: true,
        stray: true,
        ..packet.clone()
    })
}

/// Bytes at a place outside of any window.
pub fn stray(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    intrude(random, packets, 4, |random, packet| Packet {
        offset: packet.end() + random.pick(&[1_000_000_000, -1_000_000_000, 300_000_000]),
        payload: b"GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n".to_vec(),
        stray: true,
        ..packet.clone()
    })
}

/// The window was closed: the next byte is sent alone, once or twice, and then again with what follows it.
pub fn probe_windows(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    let mut all = Vec::with_capacity(packets.len());
    for packet in packets {
        if packet.payload.len() > 1 && !packet.syn && random.percent(10) {
            let alone = Packet { payload: packet.payload[..1].to_vec(), psh: false, fin: false, ..packet.clone() };
            (0..=random.below(2)).for_each(|_| all.push(alone.clone()));
            if random.percent(50) {
                // The receiver took it, and says so.
                let ack = Some(packet.offset + 1);
                let offset = packet.ack.unwrap_or(0);
                let checksums = packet.checksums;
                let (at, connection) = (packet.at, packet.connection);
                let taken = Packet::new(packet.from.other(), offset, Vec::new());
                all.push(Packet { at, ack, checksums, connection, ..taken });
            }
        }
        all.push(packet);
    }
    all
}

/// Both sides send a SYN, and each answers that of the other (RFC 9293 §3.5).
pub fn open_at_once(mut packets: Vec<Packet>) -> Vec<Packet> {
    let answers = [From::Client, From::Server].map(|from| {
        let syn = packets.iter().find(|packet| packet.syn && packet.from == from).unwrap().clone();
        Packet { ack: Some(0), at: packets[1].at, ..syn }
    });
    packets[1].ack = None;
    packets.splice(2..2, answers);
    packets
}

/// The first request of each of the connections on these endpoints rides on its SYN.
pub fn open_each_fast(random: &mut Random, packets: Vec<Packet>) -> Vec<Packet> {
    let count = packets.iter().map(|packet| packet.connection + 1).max().unwrap_or(0);
    let of = |index: usize| packets.iter().filter(|packet| packet.connection == index).cloned().collect();
    let each: Vec<Vec<Packet>> = (0..count).map(of).collect();
    by_time(each.into_iter().flat_map(|packets| open_fast(random, packets)).collect())
}
