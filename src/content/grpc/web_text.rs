//! `application/grpc-web-text`: a body in base64 (RFC 4648 §4), often in several pieces, each padded by itself.

/// No character of the alphabet.
const NONE: u8 = 0xff;
static VALUES: [u8; 256] = values();

/// Decodes base64 that comes in any pieces.
#[derive(Debug, Clone, Default)]
pub struct TextDecoder {
    /// The bits of up to three characters.
    bits: u32,
    characters: u8,
    /// Of a group of four, so many were padding.
    padding: u8,
    is_broken: bool,
}

impl TextDecoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Something was not base64: nothing is decoded from there on.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Characters were lost: the groups of four are out of step.
    pub fn lose(&mut self) {
        self.is_broken = true;
    }

    /// No group of four is half there.
    pub fn is_between_groups(&self) -> bool {
        self.characters == 0 && !self.is_broken
    }

    /// Appends the bytes that `text` completes: at most three for each four characters of it, and two more.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for &character in text {
            if self.is_broken {
                return;
            }
            let value = VALUES.get(usize::from(character)).copied().unwrap_or(NONE);
            match character {
                b'=' if self.characters >= 2 => self.padding += 1,
                _ if value == NONE || self.padding > 0 => {
                    self.is_broken = true;
                    return;
                }
                _ => {}
            }
            self.bits = self.bits << 6 | u32::from(value & 63);
            self.characters += 1;
            if self.characters == 4 {
                let [_, bytes @ ..] = self.bits.to_be_bytes();
                let count = 3_usize.saturating_sub(usize::from(self.padding));
                out.extend_from_slice(bytes.get(..count).unwrap_or_default());
                *self = Self::default();
            }
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "runs in the compiler: an index that is out of bounds does not build")]
const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
}
