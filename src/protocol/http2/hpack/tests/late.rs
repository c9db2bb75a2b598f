//! Connections that were met in mid-stream, and lost blocks.

use super::encoder::{Choice, Encoder, INSERTED, Kind, integer, string};
use super::*;

const LITERAL: Choice = Choice {
    indexed: false,
    kind: Kind::Inserted,
    indexed_name: false,
    huffman_name: false,
    huffman_value: false,
    oldest: false,
};

#[test]
fn only_entries_from_before_are_unknown() {
    let mut encoder = Encoder::new();
    let old = [pair("x-old", "1"), pair("x-older", "2")];
    encoder.block(&old, INSERTED);
    let mut decoder = Decoder::new_unknown();
    let block = encoder.block(&[pair(":method", "GET"), old[0].clone(), pair("x-new", "3"), old[1].clone()], INSERTED);
    assert_eq!(seen(&mut decoder, &block), (vec![pair(":method", "GET"), pair("x-new", "3")], 2));
    // Later entries count from the newest.
    let block =
        encoder.block(&[pair("x-newer", "4"), pair("x-new", "3"), old[0].clone(), pair("x-newer", "4")], INSERTED);
    let known = vec![pair("x-newer", "4"), pair("x-new", "3"), pair("x-newer", "4")];
    assert_eq!(seen(&mut decoder, &block), (known, 1));
}

#[test]
fn an_entry_under_an_unknown_name_has_its_place() {
    let mut encoder = Encoder::new();
    encoder.block(&[pair("x-old", "1")], INSERTED);
    let mut decoder = Decoder::new_unknown();
    let block = encoder.block(&[pair("x-before", "2"), pair("x-old", "3"), pair("x-after", "4")], INSERTED);
    assert_eq!(seen(&mut decoder, &block), (vec![pair("x-before", "2"), pair("x-after", "4")], 1));
    let again = encoder.block(&[pair("x-old", "3"), pair("x-before", "2"), pair("x-after", "4")], INSERTED);
    assert_eq!(seen(&mut decoder, &again), (vec![pair("x-before", "2"), pair("x-after", "4")], 1));
}

/// The name is too long for the encoder's table: the entry empties it. The decoder cannot know, and need not.
#[test]
fn it_does_not_matter_whether_an_entry_of_unknown_size_was_added() {
    for name_len in [10, 3_000] {
        let mut encoder = Encoder::new();
        let name = "n".repeat(name_len);
        encoder.block(&[pair(&name, "")], INSERTED);
        let mut decoder = Decoder::new_unknown();
        let value = "v".repeat(1_100);
        let block = encoder.block(&[pair("x-before", "1"), pair(&name, &value), pair("x-after", "2")], INSERTED);
        assert_eq!(seen(&mut decoder, &block), (vec![pair("x-before", "1"), pair("x-after", "2")], 1));
        assert_eq!(encoder.table.len(), if name_len == 10 { 4 } else { 1 });
        let again = encoder.block(&[pair("x-after", "2"), pair("x-before", "1"), pair("x-after", "2")], INSERTED);
        let known = vec![pair("x-after", "2"), pair("x-before", "1"), pair("x-after", "2")];
        assert_eq!(seen(&mut decoder, &again), (known, 0));
    }
}

#[test]
fn a_lost_block_makes_what_was_before_it_unknown() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    decode(&mut decoder, &encoder.block(&[pair("x-a", "1")], INSERTED));
    encoder.block(&[pair("x-b", "2")], INSERTED);
    decoder.lose();
    let block = encoder.block(&[pair("x-a", "1"), pair("x-b", "2"), pair("x-c", "3"), pair("x-c", "3")], INSERTED);
    assert_eq!(seen(&mut decoder, &block), (vec![pair("x-c", "3"); 2], 2));
}

#[test]
fn a_table_that_has_no_room_for_older_entries_is_known() {
    let mut decoder = Decoder::new_unknown();
    let (mut encoder, mut block) = (Encoder::new(), Vec::new());
    encoder.set_size(100, &mut block);
    for value in ["1", "2"] {
        encoder.field(&pair("x", value), LITERAL, &mut block);
    }
    decode(&mut decoder, &block);
    assert!(!decoder.table.is_complete(), "32 bytes are left: an empty entry fits");
    assert_eq!(seen(&mut decoder.clone(), &[0x80 | 64]), (vec![], 1));
    assert_eq!(error(&mut decoder.clone(), &[0x80 | 65]), HpackError::BadIndex(65));
    // 34 + 35 bytes leave 31.
    decode(&mut decoder, &encoder.block(&[pair("xy", "3")], LITERAL));
    assert!(decoder.table.is_complete());
    assert_eq!(error(&mut decoder, &[0x80 | 64]), HpackError::BadIndex(64));
}

#[test]
fn an_index_that_no_table_reaches_is_an_error() {
    let mut decoder = Decoder::new_unknown();
    let index = |index: usize| {
        let mut block = Vec::new();
        integer(index, 7, 0x80, &mut block);
        block
    };
    assert_eq!(seen(&mut decoder, &index(61 + (16 << 20) / 32)), (vec![], 1));
    assert_eq!(error(&mut decoder, &index(62 + (16 << 20) / 32)), HpackError::BadIndex(62 + (16 << 20) / 32));
    decoder.note_settings_limit(4_096);
    decode(&mut decoder, &hex("3fe11f")); // 4096
    assert_eq!(seen(&mut decoder, &index(61 + 128)), (vec![], 1));
    assert_eq!(error(&mut decoder, &index(62 + 128)), HpackError::BadIndex(62 + 128));
}

#[test]
fn an_error_is_a_loss() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    decode(&mut decoder, &encoder.block(&[pair("x-a", "1")], INSERTED));
    let mut out = FieldBlock::new();
    assert_eq!(decoder.decode(&[0x82, 0x40, 0x01, b'n', 0x05, b'v'], &mut out), Err(HpackError::Truncated));
    assert_eq!(fields(&out), [pair(":method", "GET")]);
    assert_eq!(seen(&mut decoder, &[0x80 | 62]), (vec![], 1));
    let mut block = vec![0x40];
    string(b"x-b", true, &mut block);
    string(b"2", true, &mut block);
    block.push(0x80 | 62);
    assert_eq!(seen(&mut decoder, &block), (vec![pair("x-b", "2"); 2], 0));
}
