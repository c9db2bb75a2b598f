//! The damage that networks and captures do to packets: delay, repeat, lose, cut.

use std::ops::Range;

use super::conversation::From;
use super::rendered::Rendered;
use super::wire::Packet;

/// A packet that is sent again.
#[derive(Debug, Clone)]
pub struct Again {
    /// Which packet it follows: an index, modulo their number.
    pub behind: usize,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// The same packet.
    Same,
    /// Bytes of the turn so far with other cuts: where from, in percent of it, and how many. Where bytes of it arrived
    /// before, `conflicting` puts others in their place.
    Recut { from: usize, length: usize, conflicting: bool },
    /// A keep-alive probe: a byte that the other side has already, with any content (RFC 1122 §4.2.3.6).
    Probe,
}

pub fn repeat(rendered: &Rendered, packets: Vec<Packet>, again: &[Again]) -> Vec<Packet> {
    let count = packets.len();
    let mut out = Vec::with_capacity(count + again.len());
    for (index, packet) in packets.into_iter().enumerate() {
        let more: Vec<_> = again.iter().filter(|again| again.behind % count == index).collect();
        out.push(packet.clone());
        for again in more {
            let copy = match again.what {
                What::Same => Some(packet.clone()),
                What::Recut { from, length, conflicting } if !packet.payload.is_empty() => {
                    let start = rendered.turns[packet.turn].range.start;
                    let end = packet.offset as usize + packet.payload.len();
                    let from = start + (end - start) * (from % 100) / 100;
                    let to = (from + length.max(1)).min(end);
                    Some(Packet {
                        offset: from as i64,
                        payload: rendered.stream(packet.from)[from..to].to_vec(),
                        conflicting,
                        fin: false,
                        ..packet.clone()
                    })
                }
                What::Probe if !packet.payload.is_empty() && !packet.fin => {
                    let last = packet.offset as usize + packet.payload.len() - 1;
                    Some(Packet {
                        offset: last as i64,
                        payload: rendered.stream(packet.from)[last..=last].to_vec(),
                        stray: true,
                        psh: false,
                        ..packet.clone()
                    })
                }
                _ => None,
            };
            out.extend(copy);
        }
    }
    out
}

/// Each packet arrives so many microseconds late; the handshake does not.
pub fn delay(mut packets: Vec<Packet>, delays: &[i64]) -> Vec<Packet> {
    let shaken = packets.iter().rposition(|packet| packet.syn).map_or(0, |index| index + 1);
    for (packet, delay) in packets.iter_mut().skip(shaken).zip(delays.iter().copied().cycle()) {
        packet.at += delay;
    }
    packets.sort_by_key(|packet| packet.at);
    packets
}

/// Puts other bytes in the place of those that arrived before, where that was asked for, and into probes. A probe of a byte
/// that did not is left out: its byte may be anything.
pub fn contradict(mut packets: Vec<Packet>) -> Vec<Packet> {
    let mut seen = [Spans::default(), Spans::default()];
    packets.retain_mut(|packet| {
        let seen = &mut seen[packet.from as usize];
        seen.add(packet.span());
        packet.payload.iter_mut().filter(|_| packet.stray).for_each(|byte| *byte = byte.wrapping_add(1) | 1);
        !packet.stray || seen.contains(packet.offset as usize)
    });
    let mut seen = [Spans::default(), Spans::default()];
    for packet in &mut packets {
        let span = packet.span();
        let seen = &mut seen[packet.from as usize];
        if packet.conflicting {
            for (at, byte) in span.clone().zip(&mut packet.payload) {
                if seen.contains(at) {
                    *byte = byte.wrapping_add(1) | 1;
                }
            }
        }
        seen.add(span);
    }
    packets
}

/// The arrival of a packet with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    Kept,
    Lost,
    /// The snaplen leaves so much of its payload.
    Cut(usize),
}

/// The handshake stays; everything else that carries data or a FIN may be lost.
pub fn lose(packets: Vec<Packet>, arrivals: &[Arrival]) -> Vec<Packet> {
    let mut arrivals = arrivals.iter().copied().cycle();
    let keep = |mut packet: Packet| {
        if packet.syn || (packet.payload.is_empty() && !packet.fin) {
            return Some(packet);
        }
        match arrivals.next().unwrap_or(Arrival::Kept) {
            Arrival::Kept => Some(packet),
            Arrival::Lost => None,
            Arrival::Cut(bytes) => {
                packet.snaplen = Some(bytes);
                Some(packet)
            }
        }
    };
    packets.into_iter().filter_map(keep).collect()
}

/// Takes these bytes of a stream out of whatever packets carry them.
pub fn lose_range(packets: Vec<Packet>, side: From, lost: &Range<usize>) -> Vec<Packet> {
    let mut out = Vec::new();
    for packet in packets {
        let span = packet.span();
        if packet.from != side || span.is_empty() || span.end <= lost.start || span.start >= lost.end {
            out.push(packet);
            continue;
        }
        let part = |range: Range<usize>| Packet {
            offset: range.start as i64,
            payload: packet.payload[range.start - span.start..range.end - span.start].to_vec(),
            fin: packet.fin && range.end == span.end,
            psh: packet.psh || range.len() == 1, // without it, it would be like a probe
            ..packet.clone()
        };
        if span.start < lost.start {
            out.push(part(span.start..lost.start));
        }
        if lost.end < span.end {
            out.push(part(lost.end..span.end));
        } else if packet.fin {
            out.push(part(span.end..span.end));
        }
    }
    out
}

/// Ranges of a stream, in order, none touching another.
#[derive(Debug, Clone, Default)]
pub struct Spans(Vec<Range<usize>>);

impl Spans {
    /// The captured parts of a side's stream.
    pub fn captured(packets: &[Packet], side: From) -> Self {
        let mut spans = Self::default();
        packets.iter().filter(|packet| packet.from == side).for_each(|packet| spans.add(packet.span()));
        spans
    }

    /// The parts of the first `length` bytes that were not captured.
    pub fn missing(&self, length: usize) -> Self {
        let mut at = 0;
        let mut holes = Vec::new();
        for span in &self.0 {
            if span.start > at {
                holes.push(at..span.start);
            }
            at = span.end;
        }
        if at < length {
            holes.push(at..length);
        }
        Self(holes)
    }

    pub fn add(&mut self, span: Range<usize>) {
        if span.is_empty() {
            return;
        }
        let first = self.0.partition_point(|other| other.end < span.start);
        let end = self.0.partition_point(|other| other.start <= span.end);
        let start = self.0.get(first).map_or(span.start, |other| other.start.min(span.start));
        let stop = self.0[..end].last().map_or(span.end, |other| other.end.max(span.end));
        self.0.splice(first..end.max(first), std::iter::once(start..stop));
    }

    pub fn contains(&self, at: usize) -> bool {
        let index = self.0.partition_point(|span| span.end <= at);
        self.0.get(index).is_some_and(|span| span.start <= at)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes of `range` are in here.
    pub fn within(&self, range: &Range<usize>) -> usize {
        self.0.iter().map(|span| span.end.min(range.end).saturating_sub(span.start.max(range.start))).sum()
    }
}
