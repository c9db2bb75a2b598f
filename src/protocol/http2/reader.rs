//! One direction's bytes as frames: headers whole, payloads in whatever pieces they come, without waiting for all of one.
//!
//! Refuses to know: what a frame means, streams, header compression.

use super::frame::{FrameHeader, HEADER_BYTES};
use crate::time::Timestamp;

/// Of which packet bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    pub at: Timestamp,
    /// Its bytes had to wait for bytes before them.
    pub waited: bool,
    /// Counts up by packets of one direction.
    pub number: u64,
}

impl Packet {
    pub const NONE: Self = Self { at: Timestamp::UNKNOWN, waited: false, number: 0 };
}

/// The client's first bytes (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Where in the stream the reader stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    /// Bytes of the preface that are still to come.
    preface_left: u8,
    /// The beginning of a frame header.
    header: [u8; HEADER_BYTES],
    header_filled: u8,
    /// Bytes of the frame's payload that are still to come.
    payload_left: u32,
    /// The packet in which the frame began.
    began: Packet,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// All bytes are used up.
    Wait,
    /// A frame begins. Its payload comes next, if it has any.
    Frame(FrameHeader),
    /// A piece of its payload.
    Payload(&'a [u8]),
    /// There is no preface.
    NoPreface,
}

/// How far a loss goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Crossed {
    /// So many bytes of the frame's payload are lost, and nothing else.
    Within(u32),
    /// So many bytes of its payload are lost, and more.
    Beyond(u32),
}

impl Reader {
    pub fn new(expects_preface: bool) -> Self {
        Self {
            preface_left: if expects_preface { PREFACE.len() as u8 } else { 0 },
            header: [0; HEADER_BYTES],
            header_filled: 0,
            payload_left: 0,
            began: Packet::NONE,
        }
    }

    /// Takes the first part off `bytes`, which `packet` brought, and returns it.
    #[inline]
    pub fn step<'a>(&mut self, bytes: &mut &'a [u8], packet: Packet) -> Step<'a> {
        if self.preface_left > 0 && !self.take_preface(bytes) {
            return Step::NoPreface;
        }
        if bytes.is_empty() {
            return Step::Wait;
        }
        if self.payload_left > 0 {
            let (piece, rest) = bytes.split_at(bytes.len().min(self.payload_left as usize));
            *bytes = rest;
            self.payload_left -= piece.len() as u32;
            return Step::Payload(piece);
        }
        if self.header_filled == 0 {
            self.began = packet;
            if let Some((whole, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() {
                *bytes = rest;
                return self.begin(*whole);
            }
        }
        let filled = usize::from(self.header_filled);
        let (part, rest) = bytes.split_at(bytes.len().min(HEADER_BYTES - filled));
        *bytes = rest;
        self.header.iter_mut().skip(filled).zip(part).for_each(|(to, from)| *to = *from);
        self.header_filled += part.len() as u8;
        if usize::from(self.header_filled) < HEADER_BYTES {
            return Step::Wait;
        }
        self.header_filled = 0;
        self.begin(self.header)
    }

    fn begin<'a>(&mut self, bytes: [u8; HEADER_BYTES]) -> Step<'a> {
        let header = FrameHeader::parse(bytes);
        self.payload_left = header.length;
        Step::Frame(header)
    }

    /// Returns false if the bytes are no preface.
    fn take_preface(&mut self, bytes: &mut &[u8]) -> bool {
        let expected = PREFACE.get(PREFACE.len() - usize::from(self.preface_left)..).unwrap_or_default();
        let length = expected.len().min(bytes.len());
        let (part, rest) = bytes.split_at(length);
        if !expected.starts_with(part) {
            return false;
        }
        *bytes = rest;
        self.preface_left -= length as u8;
        true
    }

    pub fn cross(&mut self, len: u64) -> Crossed {
        let lost = len.min(u64::from(self.payload_left)) as u32;
        self.payload_left -= lost;
        if u64::from(lost) == len { Crossed::Within(lost) } else { Crossed::Beyond(lost) }
    }

    pub fn payload_left(&self) -> u32 {
        self.payload_left
    }

    /// The packet in which the last frame began.
    pub fn began(&self) -> Packet {
        self.began
    }

    /// Between two frames.
    #[cfg(test)]
    fn is_at_boundary(&self) -> bool {
        self.preface_left == 0 && self.header_filled == 0 && self.payload_left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(pieces: &[&[u8]], preface: bool) -> (Vec<(u32, Vec<u8>)>, Reader) {
        let mut reader = Reader::new(preface);
        let mut frames = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            loop {
                match reader.step(&mut rest, Packet::NONE) {
                    Step::Wait => break,
                    Step::Frame(header) => frames.push((header.stream, Vec::new())),
                    Step::Payload(bytes) => frames.last_mut().unwrap().1.extend_from_slice(bytes),
                    Step::NoPreface => panic!("there is one"),
                }
            }
            assert!(rest.is_empty());
        }
        (frames, reader)
    }

    #[test]
    fn frames_come_out_the_same_however_they_are_cut() {
        let wire = [
            PREFACE,
            &[0, 0, 2, 0, 0, 0, 0, 0, 1, 7, 8],
            &[0, 0, 0, 4, 1, 0, 0, 0, 0],
            &[0, 0, 1, 0, 1, 0, 0, 0, 3, 9],
        ]
        .concat();
        let expected = vec![(1, vec![7, 8]), (0, vec![]), (3, vec![9])];
        for split in 0..=wire.len() {
            let (a, b) = wire.split_at(split);
            let (frames, reader) = steps(&[a, b], true);
            assert_eq!(frames, expected, "split at {split}");
            assert!(reader.is_at_boundary());
        }
        let bytes: Vec<&[u8]> = wire.chunks(1).collect();
        assert_eq!(steps(&bytes, true).0, expected);
    }

    #[test]
    fn a_loss_is_crossed_within_a_payload_and_nowhere_else() {
        let frame = [0, 0, 5, 0, 0, 0, 0, 0, 1, 1, 2];
        for (lost, expected) in
            [(2, Crossed::Within(2)), (3, Crossed::Within(3)), (4, Crossed::Beyond(3)), (99, Crossed::Beyond(3))]
        {
            assert_eq!(steps(&[&frame], false).1.cross(lost), expected);
        }
        assert_eq!(steps(&[&frame[..4]], false).1.cross(1), Crossed::Beyond(0));
    }

    #[test]
    fn other_bytes_are_no_preface() {
        for wrong in 0..PREFACE.len() {
            let mut bytes = PREFACE.to_vec();
            bytes[wrong] ^= 1;
            for split in 0..=wrong {
                let (mut a, mut b) = bytes.split_at(split);
                let mut reader = Reader::new(true);
                assert_eq!(reader.step(&mut a, Packet::NONE), Step::Wait);
                assert_eq!(reader.step(&mut b, Packet::NONE), Step::NoPreface);
            }
        }
    }
}
