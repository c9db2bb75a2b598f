//! Blocks that cost more than they weigh.

use super::encoder::{Encoder, INSERTED, integer, string};
use super::*;

/// Bytes that a block of 12 kB may make us hold.
const BOMB_BYTES: usize = 1 << 20;

/// An entry of so many bytes, and indexes that name it.
fn bomb(entry_bytes: usize, indexes: usize) -> Vec<u8> {
    let mut block = vec![0x40, 1, b'x'];
    string(&vec![b'v'; entry_bytes - 33], false, &mut block);
    block.resize(block.len() + indexes, 0x80 | 62);
    block
}

#[test]
fn an_entry_that_is_named_12_000_times() {
    let mut decoder = Decoder::new();
    let out = decode(&mut decoder, &bomb(4_000, 8_000));
    assert!(out.over_bytes && out.is_incomplete());
    assert_eq!(out.len() + out.fields_over_limit as usize, 8_001);
    assert_eq!(out.len(), MAX_HEADER_BLOCK_BYTES / 4_000);
    assert!(out.list_bytes() <= MAX_HEADER_BLOCK_BYTES);
    assert!(out.memory_bytes() + decoder.memory_bytes() < BOMB_BYTES);
}

/// Two bytes repeat a name of 60 kB for a new entry, which evicts the one before.
#[test]
fn a_long_name_that_is_inserted_again_and_again() {
    let mut decoder = Decoder::new();
    decoder.note_settings_limit(64 << 10);
    let mut block = Vec::new();
    integer(64 << 10, 5, 0x20, &mut block);
    block.push(0x40);
    string(&vec![b'n'; 60_000], false, &mut block);
    string(b"", false, &mut block);
    for _ in 0..100_000 {
        block.extend([0x40 | 62, 0]);
    }
    let out = decode(&mut decoder, &block);
    assert_eq!(out.fields_over_limit, 100_001 - 4);
    assert_eq!(decoder.table.size(), 60_032);
    // The name is there once: 100 000 copies would be 6 GB, and the test would not end.
    assert!(out.memory_bytes() + decoder.memory_bytes() < BOMB_BYTES);
    decoder.table.insert(NewName::Entry(0), b"v");
    let Found::Known(Some(name), b"v") = decoder.table.get(0) else { panic!() };
    assert_eq!(name.len(), 60_000);
}

#[test]
fn fields_over_the_limit_still_go_to_the_table() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    let many: Vec<_> = (0..MAX_HEADER_FIELDS + 5).map(|n| pair("x", &n.to_string())).collect();
    let out = decode(&mut decoder, &encoder.block(&many, INSERTED));
    assert_eq!(fields(&out), many[..MAX_HEADER_FIELDS]);
    assert!(out.over_fields && !out.over_bytes);
    assert_eq!(out.fields_over_limit, 5);
    let last = many.last().unwrap().clone();
    assert_eq!(seen(&mut decoder, &[0x80 | 62]), (vec![last], 0));

    let large = pair("x", &"v".repeat(MAX_HEADER_BLOCK_BYTES));
    let out = decode(&mut decoder, &encoder.block(&[large, pair("y", "1")], INSERTED));
    assert!(out.over_bytes && out.is_empty());
    assert_eq!(out.fields_over_limit, 2);
    assert_eq!(seen(&mut decoder, &[0x80 | 62]), (vec![pair("y", "1")], 0));
}

#[test]
fn a_list_may_be_as_large_as_the_limit() {
    for (more, kept) in [(0, 1), (1, 0)] {
        let mut block = vec![0, 1, b'x'];
        string(&vec![b'v'; MAX_HEADER_BLOCK_BYTES - 33 + more], true, &mut block);
        assert_eq!(decode(&mut Decoder::new(), &block).len(), kept);
    }
}

#[test]
fn no_more_than_64_kb_are_kept_of_a_table() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    decoder.note_settings_limit(1 << 20);
    let mut block = Vec::new();
    encoder.set_size(1 << 20, &mut block);
    let many: Vec<_> = (0..900).map(|n| pair("x", &format!("{n:0967}"))).collect();
    for field in &many {
        encoder.field(field, INSERTED, &mut block);
    }
    assert_eq!(encoder.table.len(), 900);
    decode(&mut decoder, &block);
    assert_eq!(decoder.table.size(), 65_000);
    assert!(decoder.memory_bytes() < 4 * MAX_TABLE_BYTES);
    for age in [0, 1, 64, 65, 500, 899] {
        let (known, unknown) = seen(&mut decoder, &encoder.block(&[many[899 - age].clone()], INSERTED));
        assert_eq!((known.len(), unknown), if age < 65 { (1, 0) } else { (0, 1) }, "{age}");
        assert!(known.iter().all(|field| *field == many[899 - age]));
    }
    // Smaller again, it is known in full.
    let mut block = Vec::new();
    encoder.set_size(4_096, &mut block);
    decode(&mut decoder, &block);
    assert!(decoder.table.is_complete());
    assert_eq!(decoder.table.size(), encoder.size());
    // An entry that is larger than what is kept leaves nothing that is known.
    let mut block = Vec::new();
    encoder.set_size(1 << 20, &mut block);
    let large = pair("large", &"v".repeat(70_000));
    for field in [&pair("a", "1"), &large, &pair("b", "2")] {
        encoder.field(field, INSERTED, &mut block);
    }
    decode(&mut decoder, &block);
    let again = encoder.block(&[pair("b", "2"), large, pair("a", "1")], INSERTED);
    assert_eq!(seen(&mut decoder, &again), (vec![pair("b", "2")], 2));
}

#[test]
fn a_cleared_block_is_as_new() {
    let mut out = FieldBlock::new();
    let mut decoder = Decoder::new_unknown();
    decoder.decode(&[0x3f, 0xe1, 0x1f, 0x82, 0x80 | 62], &mut out).unwrap();
    assert!(out.unknown_fields == 1 && out.len() == 1);
    decoder.decode(&bomb(4_000, 9_000), &mut out).unwrap();
    out.clear();
    assert!(out.is_empty() && !out.is_incomplete() && !out.over_bytes);
    assert_eq!(out.list_bytes(), 0);
    assert!(out.memory_bytes() <= 64 << 10 | 4 << 10, "{}", out.memory_bytes());
    decoder.decode(&[0x82], &mut out).unwrap();
    assert_eq!(fields(&out), [pair(":method", "GET")]);
}
