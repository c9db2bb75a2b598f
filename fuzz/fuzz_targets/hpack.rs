//! Any bytes as the header blocks of one direction, met from its beginning or later, with losses and SETTINGS: no panic,
//! never more than the limits, the same fields from two decoders, and an emptied table is known again.
//!
//! Input: 1 byte that is odd for a connection met late, then steps of a kind (1 byte: modulo 4 a block, a loss, SETTINGS, lost
//! SETTINGS) and a number (1): the length of the block that follows, or the limit in KiB.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::protocol::http2::hpack::{Decoder, FieldBlock, MAX_HEADER_BLOCK_BYTES, MAX_HEADER_FIELDS};

/// The table's size becomes 0, then 4 096; `a: b` is inserted and repeated.
const FRESH: &[u8] = b"\x20\x3f\xe1\x1f\x40\x01a\x01b\xbe";

fuzz_target!(|data: &[u8]| {
    let [late, rest @ ..] = data else { return };
    let mut decoder = if late & 1 == 0 { Decoder::new() } else { Decoder::new_unknown() };
    let (mut out, mut rest) = (FieldBlock::new(), rest);
    while let [kind, number, more @ ..] = rest {
        rest = more;
        match kind % 4 {
            0 => {
                let (block, behind) = more.split_at(usize::from(*number).min(more.len()));
                rest = behind;
                check(&mut decoder, block, &mut out);
            }
            1 => decoder.lose(),
            2 => decoder.note_settings_limit(u32::from(*number) << 10),
            _ => decoder.lose_settings(),
        }
    }
    decoder.note_settings_limit(4_096);
    out.clear();
    assert_eq!(decoder.decode(FRESH, &mut out), Ok(()));
    assert_eq!(out.unknown_fields, 0);
    assert!(out.len() == 2 && out.iter().all(|field| field.name == b"a" && field.value == b"b"));
});

fn check(decoder: &mut Decoder, block: &[u8], out: &mut FieldBlock) {
    let (mut same, mut again) = (decoder.clone(), FieldBlock::new());
    out.clear();
    assert_eq!(decoder.decode(block, out), same.decode(block, &mut again));
    assert!(out.iter().eq(again.iter()) && out.unknown_fields == again.unknown_fields);
    assert!(out.len() <= MAX_HEADER_FIELDS && out.list_bytes() <= MAX_HEADER_BLOCK_BYTES);
    assert!(out.memory_bytes() + decoder.memory_bytes() < 1 << 20);
}
