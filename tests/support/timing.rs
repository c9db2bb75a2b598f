//! Adds time: two TCPs hold the conversation over a path with a delay, and a tap between them sees the packets.
//!
//! A side speaks when it has received what it waits for and has thought about it. Every segment acknowledges what had
//! arrived when it left, neither more nor less, and the tap sees each side's packets with its part of the delay.

use super::conversation::From;
use super::random::Random;
use super::rendered::Rendered;
use super::trace::EPOCH_MICROS;
use super::wire::{Checksums, Packet};

/// How the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Fin(From),
    Reset,
    /// The capture has no sign of it.
    Open,
}

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;
const MAX_SEGMENT_OPTION: [u8; 4] = [2, 4, 5, 0xb4];

struct Segment {
    from: From,
    /// Nanoseconds, on the sender's side.
    at: i64,
    start: usize,
    end: usize,
    last: bool,
    turn: usize,
}

struct Path<'a> {
    rendered: &'a Rendered,
    segments: Vec<Segment>,
    /// From one side to the other, in nanoseconds.
    delay: i64,
    /// How far the tap is from the client, in percent of the delay.
    tap: i64,
    packets: Vec<(i64, Packet)>,
}

/// The packets in the order in which the tap sees them, from `start_micros` after the epoch on.
pub fn observe(random: &mut Random, rendered: &Rendered, start_micros: i64, ending: Ending) -> Vec<Packet> {
    let delay = random.pick(&[10 * MICRO, 200 * MICRO, 5 * MILLI, 40 * MILLI]);
    let tap = random.pick(&[2, 50, 98]);
    let mut path = Path { rendered, segments: Vec::new(), delay, tap, packets: Vec::new() };
    let start = (EPOCH_MICROS + start_micros) * MICRO;
    path.send_all(random, start + 3 * delay);
    path.shake_hands(start);
    let acks = random.percent(85);
    for index in 0..path.segments.len() {
        path.see(index, acks && random.percent(60));
    }
    path.end(ending);
    let Path { mut packets, .. } = path;
    packets.sort_by_key(|&(at, _)| at);
    let [client, server] = From::BOTH.map(|_| if random.percent(8) { Checksums::Offloaded } else { Checksums::Right });
    let finished = packets.into_iter().map(|(at, packet)| Packet {
        at: at / MICRO,
        checksums: if packet.from == From::Client { client } else { server },
        ..packet
    });
    finished.collect()
}

impl Path<'_> {
    fn send_all(&mut self, random: &mut Random, start: i64) {
        let largest = random.pick(&[536, 1_448, 1_448, 1_448, 8_948, 65_000]);
        let mut free = [start, start];
        for (turn, said) in self.rendered.turns.iter().enumerate() {
            let thought = match said.from {
                From::Client => random.pick(&[0, 10 * MICRO, MILLI, 100 * MILLI, 500 * MILLI]),
                From::Server => random.pick(&[10 * MICRO, MILLI, 2 * MILLI, 30 * MILLI]),
            };
            let waited = free[said.from as usize] < self.arrival(said.from.other(), said.acked);
            let mut at = free[said.from as usize].max(self.arrival(said.from.other(), said.acked));
            // Between writes that wait for nothing there is less.
            at += if waited { thought } else { thought / 100 };
            let mut from = said.range.start;
            while from < said.range.end {
                let size = if random.percent(7) { 1 + random.below(largest) } else { largest };
                let end = (from + size).min(said.range.end);
                let last = end == said.range.end;
                self.segments.push(Segment { from: said.from, at, start: from, end, last, turn });
                at += 2 * MICRO + random.below(3_000) as i64;
                if random.percent(1) {
                    at += 20 * MILLI;
                }
                from = end;
            }
            free[said.from as usize] = at;
        }
        self.segments.sort_by_key(|segment| segment.at);
    }

    /// When so much of what `from` sends has arrived.
    fn arrival(&self, from: From, length: usize) -> i64 {
        let mut sent = self.segments.iter().filter(|segment| segment.from == from);
        let last = sent.find(|segment| segment.end >= length && length > 0);
        last.map_or(i64::MIN, |segment| segment.at + self.delay)
    }

    /// How much of what `from` sends has arrived at this time.
    fn arrived(&self, from: From, at: i64) -> i64 {
        self.sent(from, at - self.delay)
    }

    fn sent(&self, from: From, at: i64) -> i64 {
        let sent = self.segments.iter().filter(|segment| segment.from == from && segment.at <= at);
        sent.map(|segment| segment.end as i64).max().unwrap_or(0)
    }

    fn push(&mut self, at: i64, packet: Packet) {
        let part = if packet.from == From::Client { self.tap } else { 100 - self.tap };
        self.packets.push((at + self.delay * part / 100, packet));
    }

    fn shake_hands(&mut self, start: i64) {
        let syn =
            |from| Packet { syn: true, options: MAX_SEGMENT_OPTION.to_vec(), ..Packet::new(from, -1, Vec::new()) };
        self.push(start, syn(From::Client));
        self.push(start + self.delay, Packet { ack: Some(0), ..syn(From::Server) });
        self.push(start + 2 * self.delay, Packet { ack: Some(0), ..Packet::new(From::Client, 0, Vec::new()) });
    }

    fn see(&mut self, index: usize, acknowledged: bool) {
        let Segment { from, at, start, end, last, turn } = self.segments[index];
        let payload = self.rendered.stream(from)[start..end].to_vec();
        let ack = Some(self.arrived(from.other(), at));
        // A single byte without it would be a keep-alive probe (RFC 1122 §4.2.3.6).
        let psh = last || end - start == 1;
        self.push(at, Packet { ack, psh, turn, ..Packet::new(from, start as i64, payload) });
        if acknowledged {
            let at = at + self.delay + 1;
            let ack = Some(self.arrived(from, at));
            let own = self.sent(from.other(), at);
            self.push(at, Packet { ack, turn, ..Packet::new(from.other(), own, Vec::new()) });
        }
    }

    fn end(&mut self, ending: Ending) {
        let at = self.segments.iter().map(|segment| segment.at).max().unwrap_or(0) + 2 * self.delay;
        let length = |side| self.rendered.stream(side).len() as i64;
        let plain = |from: From, offset_by, ack| Packet {
            ack: Some(length(from.other()) + ack),
            ..Packet::new(from, length(from) + offset_by, Vec::new())
        };
        match ending {
            Ending::Open => {}
            Ending::Reset => self.push(at, Packet { rst: true, ..plain(From::Client, 0, 0) }),
            Ending::Fin(first) => {
                let second = first.other();
                self.push(at, Packet { fin: true, ..plain(first, 0, 0) });
                self.push(at + self.delay, Packet { fin: true, ..plain(second, 0, 1) });
                self.push(at + 2 * self.delay, plain(first, 1, 1));
            }
        }
    }
}
