//! Blocks in, fields out: the RFC's own examples, conversations of two independent encoders, and blocks that no encoder should
//! send.

mod encoder;
mod late;
mod limits;
mod properties;
mod rfc;
mod wrong;

use super::*;

type Pair = (Vec<u8>, Vec<u8>);

fn pair(name: &str, value: &str) -> Pair {
    (name.into(), value.into())
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn fields(block: &FieldBlock) -> Vec<Pair> {
    block.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

/// The fields of a block that is right.
fn decode(decoder: &mut Decoder, block: &[u8]) -> FieldBlock {
    let mut out = FieldBlock::new();
    decoder.decode(block, &mut out).unwrap();
    out
}

/// The result of a block: its fields and how many are unknown.
fn seen(decoder: &mut Decoder, block: &[u8]) -> (Vec<Pair>, u32) {
    let out = decode(decoder, block);
    (fields(&out), out.unknown_fields)
}

fn error(decoder: &mut Decoder, block: &[u8]) -> HpackError {
    decoder.decode(block, &mut FieldBlock::new()).unwrap_err()
}
