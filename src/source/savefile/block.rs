//! Blocks of pcapng (draft-ietf-opsawg-pcapng) as they are written.

use super::record::ByteOrder;

// Types of blocks (§4).
/// The same in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
pub(super) const ENHANCED_PACKET: u32 = 6;
pub(super) const DECRYPTION_SECRETS: u32 = 10;

/// Secrets Type `TLSK`: a key log of TLS (§4.7).
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;

pub(super) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
pub(super) const MAJOR_VERSION: u16 = 1;

// Options of an interface (§4.2).
pub(super) const OPT_ENDOFOPT: u16 = 0;
pub(super) const IF_TSRESOL: u16 = 9;
/// Of `IF_TSRESOL`: 10^-9 s.
const NANOSECONDS: u8 = 9;

/// Type and length, and the length again.
const FRAMING_BYTES: usize = 12;

/// Of what is made here.
pub(super) const OWN_ORDER: ByteOrder = ByteOrder::Little;

/// Of a key log in one block, so that no reader's limit of a block is met.
const MAX_LOG_BYTES: usize = 1 << 20;

/// Where a Section Header Block has the section's length (§4.1).
const SECTION_LENGTH_AT: std::ops::Range<usize> = 16..24;

/// The beginning of a section.
pub fn push_section(out: &mut Vec<u8>) {
    let mut body = words(OWN_ORDER, [BYTE_ORDER_MAGIC]);
    body.extend(OWN_ORDER.of_u16(MAJOR_VERSION));
    body.extend(OWN_ORDER.of_u16(0));
    // Its length is not said.
    body.extend([0xff; 8]);
    push(out, OWN_ORDER, SECTION_HEADER, &body);
}

/// The same section, of which packets were left out: its length is not said.
pub(super) fn push_section_like(out: &mut Vec<u8>, block: &[u8]) {
    let begin = out.len();
    out.extend_from_slice(block);
    if let Some(length) = out.get_mut(begin..).and_then(|block| block.get_mut(SECTION_LENGTH_AT)) {
        length.fill(0xff);
    }
}

/// §4.2; its snaplen is no limit, since records of pcap may be longer than their file says.
pub(super) fn push_interface(out: &mut Vec<u8>, linktype: u16, nanoseconds: bool) {
    let mut body = [OWN_ORDER.of_u16(linktype), OWN_ORDER.of_u16(0)].concat();
    body.extend(OWN_ORDER.of_u32(0));
    if nanoseconds {
        body.extend(OWN_ORDER.of_u16(IF_TSRESOL));
        body.extend(OWN_ORDER.of_u16(1));
        body.extend([NANOSECONDS, 0, 0, 0]);
        body.extend(OWN_ORDER.of_u16(OPT_ENDOFOPT));
        body.extend(OWN_ORDER.of_u16(0));
    }
    push(out, OWN_ORDER, INTERFACE_DESCRIPTION, &body);
}

/// §4.3, of interface 0.
pub(super) fn push_packet(out: &mut Vec<u8>, ticks: u64, wire_len: u32, frame: &[u8]) {
    let [high, low] = [(ticks >> 32) as u32, ticks as u32];
    let mut body = words(OWN_ORDER, [0, high, low, frame.len() as u32, wire_len]);
    body.extend_from_slice(frame);
    push(out, OWN_ORDER, ENHANCED_PACKET, &body);
}

/// §4.7, in as many blocks as it takes; a line stays in one.
pub(super) fn push_secrets(out: &mut Vec<u8>, order: ByteOrder, log: &[u8]) {
    let mut rest = log;
    while !rest.is_empty() {
        let within = rest.get(..MAX_LOG_BYTES).unwrap_or(rest);
        let end = memchr::memrchr(b'\n', within).map_or(within.len(), |at| at + 1);
        let (lines, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let mut body = words(order, [TLS_KEY_LOG, lines.len() as u32]);
        body.extend_from_slice(lines);
        push(out, order, DECRYPTION_SECRETS, &body);
        rest = after;
    }
}

fn words<const N: usize>(order: ByteOrder, words: [u32; N]) -> Vec<u8> {
    words.map(|word| order.of_u32(word)).concat()
}

fn push(out: &mut Vec<u8>, order: ByteOrder, kind: u32, body: &[u8]) {
    let padded = body.len().next_multiple_of(4);
    let length = order.of_u32((FRAMING_BYTES + padded) as u32);
    out.extend(order.of_u32(kind));
    out.extend(length);
    out.extend_from_slice(body);
    out.resize(out.len() + padded - body.len(), 0);
    out.extend(length);
}
