//! Integers and string literals of a header block (RFC 7541 §5).

use super::{HpackError, huffman};

/// Bytes of an integer after its prefix: five hold 35 bits, more than any length or index that fits into a block.
const MAX_INTEGER_BYTES: u32 = 5;
const CODED: u8 = 0x80;

/// The part of a block that is still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// A string literal as it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'a> {
    bytes: &'a [u8],
    coded: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    /// The next byte, which stays.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn byte(&mut self) -> Result<u8, HpackError> {
        let (&first, rest) = self.rest.split_first().ok_or(HpackError::Truncated)?;
        self.rest = rest;
        Ok(first)
    }

    /// An integer whose prefix is the last `bits` bits of the next byte (RFC 7541 §5.1).
    #[inline]
    pub(super) fn integer(&mut self, bits: u32) -> Result<u32, HpackError> {
        let mask = (1_u8 << bits) - 1;
        let prefix = self.byte()? & mask;
        if prefix < mask {
            return Ok(u32::from(prefix));
        }
        let mut value = u64::from(prefix);
        for place in 0..MAX_INTEGER_BYTES {
            let byte = self.byte()?;
            value += u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| HpackError::IntegerTooLarge);
            }
        }
        Err(HpackError::IntegerTooLarge)
    }

    /// RFC 7541 §5.2.
    #[inline]
    pub(super) fn literal(&mut self) -> Result<Literal<'a>, HpackError> {
        let coded = self.peek().is_some_and(|byte| byte & CODED != 0);
        let length = usize::try_from(self.integer(7)?).map_err(|_| HpackError::IntegerTooLarge)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(HpackError::Truncated)?;
        self.rest = rest;
        Ok(Literal { bytes, coded })
    }
}

impl Literal<'_> {
    pub(super) fn append_to(self, out: &mut Vec<u8>) -> Result<(), HpackError> {
        if self.coded {
            return huffman::decode(self.bytes, out);
        }
        out.extend_from_slice(self.bytes);
        Ok(())
    }
}
