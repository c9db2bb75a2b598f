//! The escapes of a JSON string.
#![allow(clippy::indexing_slicing, reason = "the table is made as this is compiled")]

/// For each byte its escape and the length of that, 0 for none.
pub(super) static ESCAPES: [([u8; 8], u8); 256] = {
    let mut table = [([0; 8], 0); 256];
    let hex = b"0123456789abcdef";
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = ([b'\\', b'u', b'0', b'0', hex[byte >> 4], hex[byte & 15], 0, 0], 6);
        byte += 1;
    }
    let letters =
        [(0x08, b'b'), (b'\t', b't'), (b'\n', b'n'), (0x0c, b'f'), (b'\r', b'r'), (b'"', b'"'), (b'\\', b'\\')];
    let mut i = 0;
    while i < letters.len() {
        let (byte, letter) = letters[i];
        table[byte as usize] = ([b'\\', letter, 0, 0, 0, 0, 0, 0], 2);
        i += 1;
    }
    table
};
