//! Savefiles written byte by byte, in either byte order.

use super::super::record::ByteOrder;

pub(super) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;
pub(super) const MODIFIED: u32 = 0xa1b2_cd34;

#[derive(Debug, Clone, Copy)]
pub(super) struct Writer(pub(super) ByteOrder);

pub(super) const LITTLE: Writer = Writer(ByteOrder::Little);
pub(super) const BIG: Writer = Writer(ByteOrder::Big);

impl Writer {
    pub(super) fn u16s<const N: usize>(self, values: [u16; N]) -> Vec<u8> {
        values.map(|value| if self.0 == ByteOrder::Little { value.to_le_bytes() } else { value.to_be_bytes() }).concat()
    }

    pub(super) fn u32s<const N: usize>(self, values: [u32; N]) -> Vec<u8> {
        values.map(|value| if self.0 == ByteOrder::Little { value.to_le_bytes() } else { value.to_be_bytes() }).concat()
    }

    pub(super) fn pcap(self, magic: u32, linktype: u32) -> Vec<u8> {
        [self.u32s([magic]), self.u16s([2, 4]), self.u32s([0, 0, 65_535, linktype])].concat()
    }

    pub(super) fn record(self, seconds: u32, fraction: u32, frame: &[u8]) -> Vec<u8> {
        let len = frame.len() as u32;
        [&self.u32s([seconds, fraction, len, len]), frame].concat()
    }

    pub(super) fn modified_record(self, seconds: u32, fraction: u32, frame: &[u8]) -> Vec<u8> {
        let len = frame.len() as u32;
        [&self.u32s([seconds, fraction, len, len, 7, 7]), frame].concat()
    }

    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let len = padded as u32 + 12;
        let mut bytes = [&self.u32s([kind, len]), body].concat();
        bytes.resize(8 + padded, 0);
        bytes.extend(self.u32s([len]));
        bytes
    }

    pub(super) fn section(self) -> Vec<u8> {
        self.block(0x0a0d_0d0a, &[self.u32s([0x1a2b_3c4d]), self.u16s([1, 0]), vec![0xff; 8]].concat())
    }

    pub(super) fn interface(self, linktype: u16, snaplen: u32, options: &[Vec<u8>]) -> Vec<u8> {
        self.block(1, &[self.u16s([linktype, 0]), self.u32s([snaplen]), options.concat()].concat())
    }

    pub(super) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = [&self.u16s([code, value.len() as u16]), value].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    pub(super) fn resolution(self, value: u8) -> Vec<u8> {
        self.option(9, &[value])
    }

    pub(super) fn offset(self, seconds: i64) -> Vec<u8> {
        let bytes = if self.0 == ByteOrder::Little { seconds.to_le_bytes() } else { seconds.to_be_bytes() };
        self.option(14, &bytes)
    }

    pub(super) fn enhanced(self, interface: u32, ticks: u64, frame: &[u8]) -> Vec<u8> {
        let len = frame.len() as u32;
        self.block(6, &[&self.u32s([interface, (ticks >> 32) as u32, ticks as u32, len, len]), frame].concat())
    }

    pub(super) fn simple(self, wire_len: u32, frame: &[u8]) -> Vec<u8> {
        self.block(3, &[&self.u32s([wire_len]), frame].concat())
    }

    pub(super) fn obsolete(self, interface: u16, ticks: u64, frame: &[u8]) -> Vec<u8> {
        let len = frame.len() as u32;
        let head = [self.u16s([interface, 3]), self.u32s([(ticks >> 32) as u32, ticks as u32, len, len])].concat();
        self.block(2, &[&head, frame].concat())
    }
}
