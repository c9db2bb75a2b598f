//! A sender of our own.

use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params};

use super::Direction;

pub const FIN: u8 = 0x80;
pub const RSV1: u8 = 0x40;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// A frame as that side sends it, with the shortest length there is.
pub fn frame(from: Direction, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let masked = if from == Direction::Request { 0x80 } else { 0 };
    match payload.len() {
        short @ 0..126 => bytes.push(masked | short as u8),
        medium @ 126..65_536 => {
            bytes.push(masked | 126);
            bytes.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(masked | 127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    if from == Direction::Response {
        bytes.extend_from_slice(payload);
        return bytes;
    }
    let mask = [0x37, 0xfa, 0x21 ^ payload.len() as u8, 0x3d];
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Compresses messages as permessage-deflate does, with a window of 32 KiB.
pub struct Deflater {
    state: Box<CompressorOxide>,
    begins_anew: bool,
}

impl Deflater {
    pub fn new(begins_anew: bool) -> Self {
        Self { state: Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(6, 0, 0))), begins_anew }
    }

    pub fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        if self.begins_anew {
            *self = Self::new(true);
        }
        let mut coded = vec![0; plain.len() * 2 + 1_000];
        let (_, read, written) = compress(&mut self.state, plain, &mut coded, TDEFLFlush::Sync);
        assert_eq!(read, plain.len());
        coded.truncate(written);
        assert!(coded.ends_with(&[0, 0, 0xff, 0xff]));
        coded.truncate(written - 4);
        if coded.is_empty() { vec![0] } else { coded }
    }
}

/// Written from the lowest bit on (RFC 1951 §3.1.1).
#[derive(Default)]
pub struct Bits {
    pub bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    pub fn push(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A Huffman code: its highest bit comes first.
    pub fn push_code(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.push(value >> bit & 1, 1));
    }
}
