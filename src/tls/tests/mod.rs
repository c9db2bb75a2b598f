//! Whole connections: made by a peer of our own, and those of RFC 8448.

mod driver;
mod keys;
mod loss;
pub mod peer;
mod refused;
mod registry;
mod rfc8448;
mod splits;
mod suites;
mod waits;

/// Bytes of which every stretch of 4 is found in one place only.
pub fn text(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| (number.wrapping_mul(0x9e37_79b1) | 1).to_be_bytes()).take(length).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut bytes = vec![0; digits.len() / 2];
    assert!(super::secret::decode_hex(&digits, &mut bytes));
    bytes
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
