//! Blocks that are none.

use super::encoder::{integer, string};
use super::*;
use crate::protocol::http2::hpack::huffman;

#[test]
fn indexes_that_do_not_exist() {
    for (block, index) in
        [("80", 0), ("be", 62), ("7e00", 62), ("0f2f00", 62), ("1f2f00", 62), ("ff80ffffff0f", 0xffff_ffff)]
    {
        assert_eq!(error(&mut Decoder::new(), &hex(block)), HpackError::BadIndex(index), "{block}");
    }
    assert!(matches!(error(&mut Decoder::new_unknown(), &hex("80")), HpackError::BadIndex(0)));
}

#[test]
fn integers_that_are_too_large() {
    for block in ["ffffffffff7f", "ff808080808000", "ff80808080808001", "7f0100ffffffffff"] {
        let error = error(&mut Decoder::new_unknown(), &hex(block));
        assert!(matches!(error, HpackError::IntegerTooLarge | HpackError::Truncated), "{block}: {error}");
    }
    // Zeros at the end of an integer are allowed, as far as five bytes.
    assert_eq!(seen(&mut Decoder::new(), &hex("0f808080800003616263")).1, 0);
}

#[test]
fn sizes_change_before_the_first_field_only() {
    assert_eq!(error(&mut Decoder::new(), &hex("8220")), HpackError::LateSizeUpdate);
    assert_eq!(error(&mut Decoder::new(), &hex("3fe21f")), HpackError::SizeOverLimit { bytes: 4_097, limit: 4_096 });
    assert_eq!(seen(&mut Decoder::new(), &hex("203fe11f203fe10382")), (vec![pair(":method", "GET")], 0));
    // A block may hold nothing else.
    assert_eq!(seen(&mut Decoder::new(), &hex("20")), (vec![], 0));
}

#[test]
fn a_size_is_within_the_highest_limit_of_all() {
    let mut decoder = Decoder::new();
    let update = |bytes: usize| {
        let mut block = Vec::new();
        integer(bytes, 5, 0x20, &mut block);
        block
    };
    // Twice in one frame. Until the encoder acknowledges it, it may go down and up again as before.
    decoder.note_settings_limit(0);
    decoder.note_settings_limit(100);
    for sizes in [&[0, 4_096][..], &[100], &[64], &[4_096], &[0, 100]] {
        let block: Vec<u8> = sizes.iter().flat_map(|bytes| update(*bytes)).collect();
        assert!(decoder.decode(&block, &mut FieldBlock::new()).is_ok(), "{sizes:?}");
    }
    assert_eq!(error(&mut decoder, &update(4_097)), HpackError::SizeOverLimit { bytes: 4_097, limit: 4_096 });
    decoder.note_settings_limit(8_192);
    assert!(decoder.decode(&update(8_192), &mut FieldBlock::new()).is_ok());
    assert_eq!(error(&mut decoder, &update(8_193)), HpackError::SizeOverLimit { bytes: 8_193, limit: 8_192 });
    decoder.lose_settings();
    assert!(decoder.decode(&update(16 << 20), &mut FieldBlock::new()).is_ok());
    let limit = 16 << 20;
    assert_eq!(error(&mut decoder, &update((16 << 20) + 1)), HpackError::SizeOverLimit { bytes: limit + 1, limit });
}

/// A literal of one field whose value has these bits.
fn coded(bits: &str) -> Result<Vec<u8>, HpackError> {
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|eight| u8::from_str_radix(std::str::from_utf8(eight).unwrap(), 2).unwrap())
        .collect();
    let mut block = vec![0, 1, b'x'];
    integer(bytes.len(), 7, 0x80, &mut block);
    block.extend(bytes);
    let mut out = FieldBlock::new();
    Decoder::new().decode(&block, &mut out)?;
    Ok(out.get(0).unwrap().value.to_vec())
}

#[test]
fn every_symbol_and_its_padding() {
    for symbol in 0..=255_u8 {
        let code = huffman::code_of(usize::from(symbol));
        let padding = (8 - code.len() % 8) % 8;
        assert_eq!(coded(&(code.to_owned() + &"1".repeat(padding))), Ok(vec![symbol]), "{symbol}");
        // Longer padding, and padding that is not the beginning of EOS.
        assert_eq!(coded(&(code.to_owned() + &"1".repeat(padding + 8))), Err(HpackError::Huffman), "{symbol}");
        if (1..5).contains(&padding) {
            assert_eq!(coded(&(code.to_owned() + &"0".repeat(padding))), Err(HpackError::Huffman), "{symbol}");
        }
    }
    let eos = huffman::code_of(256);
    assert_eq!(eos.len(), 30);
    assert_eq!(coded(&(eos.to_owned() + "11")), Err(HpackError::Huffman));
    assert_eq!(coded(""), Ok(vec![]));
    assert_eq!(coded("11111111"), Err(HpackError::Huffman));
}

/// Another implementation's code is the same.
#[test]
fn the_code_is_that_of_others() {
    let mut other = httlib_hpack::Encoder::default();
    for symbol in 0..=255_u8 {
        let mut theirs = Vec::new();
        let flags = httlib_hpack::Encoder::HUFFMAN_VALUE;
        other.encode((b"x".to_vec(), vec![symbol; 3], flags), &mut theirs).unwrap();
        let mut ours = vec![0, 1, b'x'];
        string(&[symbol; 3], true, &mut ours);
        assert_eq!(ours, theirs, "{symbol}");
    }
}
