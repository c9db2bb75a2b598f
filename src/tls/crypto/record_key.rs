//! The key of one direction and epoch, and how each version lays its records out.

use super::aead::{Aead, aead, tls12_aad};
use super::cbc::CbcKey;
use super::cipher::Cipher;
use super::derive::{expand_label, key_block};
use super::suite::Suite;
use crate::tls::hello::Random;
use crate::tls::records::Header;
use crate::tls::secret::Secret;

/// The place of a record's content, once its tag was right, counted from the first byte after the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tls) struct Opened {
    /// In TLS 1.3 the inner one (RFC 8446 §5.2).
    pub content_type: u8,
    pub start: usize,
    pub length: usize,
}

#[derive(Debug)]
pub(in crate::tls) enum RecordKey {
    /// RFC 8446 §5.2, §5.3.
    Tls13 {
        aead: Box<dyn Aead>,
        iv: [u8; 12],
    },
    /// GCM and CCM: eight bytes of the nonce stand in the record (RFC 5288 §3, RFC 6655 §3).
    Tls12Explicit {
        aead: Box<dyn Aead>,
        salt: [u8; 4],
    },
    /// ChaCha20-Poly1305 (RFC 7905 §2).
    Tls12Implicit {
        aead: Box<dyn Aead>,
        iv: [u8; 12],
    },
    Tls12Cbc(Box<CbcKey>),
}

/// The part of the nonce that stands in a record of TLS 1.2.
const EXPLICIT_NONCE_BYTES: usize = 8;

impl RecordKey {
    /// `None` if the secret is not as long as the suite's are.
    pub fn tls13(suite: Suite, secret: &Secret) -> Option<Self> {
        let key = expand_label(suite.hash, secret.bytes(), "key", suite.cipher.key_bytes())?;
        let iv = expand_label(suite.hash, secret.bytes(), "iv", 12)?;
        Some(Self::Tls13 { aead: aead(suite.cipher, &key)?, iv: iv.as_ref().try_into().ok()? })
    }

    /// Of the client's or the server's direction.
    pub fn tls12(
        suite: Suite,
        master: &Secret,
        client_random: &Random,
        server_random: &Random,
        of_client: bool,
        encrypt_then_mac: bool,
    ) -> Option<Self> {
        let (mac, iv) = match suite.cipher {
            Cipher::Aes128Cbc(hash) | Cipher::Aes256Cbc(hash) => (hash.output_bytes(), 0),
            Cipher::ChaCha20Poly1305 => (0, 12),
            _ => (0, 4),
        };
        let key = suite.cipher.key_bytes();
        let block = key_block(suite.hash, master, server_random, client_random, 2 * (mac + key + iv))?;
        // The client's MAC key, the server's, then both keys, then both IVs.
        let part = |before: usize, length: usize| {
            let start = before + if of_client { 0 } else { length };
            block.get(start..start + length)
        };
        let (mac_key, key, iv) = (part(0, mac)?, part(2 * mac, key)?, part(2 * (mac + key), iv)?);
        Some(match suite.cipher {
            Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => {
                Self::Tls12Cbc(Box::new(CbcKey::new(suite.cipher, key, mac_key, encrypt_then_mac)?))
            }
            Cipher::ChaCha20Poly1305 => Self::Tls12Implicit { aead: aead(suite.cipher, key)?, iv: iv.try_into().ok()? },
            _ => Self::Tls12Explicit { aead: aead(suite.cipher, key)?, salt: iv.try_into().ok()? },
        })
    }

    /// Decrypts `body`, all of a record after its header, in place. `None`, and `body` unchanged, if its tag is wrong.
    pub fn open(&self, seq: u64, header: Header, body: &mut [u8]) -> Option<Opened> {
        let content_type = header.content_type;
        match self {
            Self::Tls13 { aead, iv } => {
                let length = aead.open(&nonce(iv, seq), &header.bytes(), body)?;
                let text = body.get(..length)?;
                // Zeros after the content type are padding (RFC 8446 §5.4).
                let end = text.iter().rposition(|&byte| byte != 0);
                let (length, content_type) = end.map_or((0, 0), |end| (end, text.get(end).copied().unwrap_or(0)));
                Some(Opened { content_type, start: 0, length })
            }
            Self::Tls12Explicit { aead, salt } => {
                let (explicit, text) = body.split_first_chunk_mut::<EXPLICIT_NONCE_BYTES>()?;
                let mut nonce = [0; 12];
                nonce.iter_mut().zip(salt.iter().chain(&*explicit)).for_each(|(to, from)| *to = *from);
                let length = text.len().checked_sub(aead.tag_bytes())?;
                let length = aead.open(&nonce, &tls12_aad(seq, content_type, length), text)?;
                Some(Opened { content_type, start: EXPLICIT_NONCE_BYTES, length })
            }
            Self::Tls12Implicit { aead, iv } => {
                let length = body.len().checked_sub(aead.tag_bytes())?;
                let length = aead.open(&nonce(iv, seq), &tls12_aad(seq, content_type, length), body)?;
                Some(Opened { content_type, start: 0, length })
            }
            Self::Tls12Cbc(key) => {
                let (start, length) = key.open(seq, content_type, body)?;
                Some(Opened { content_type, start, length })
            }
        }
    }
}

/// The sequence number is the end of a block as long as the IV, and added to it (RFC 8446 §5.3).
fn nonce(iv: &[u8; 12], seq: u64) -> [u8; 12] {
    let mut nonce = *iv;
    nonce.iter_mut().skip(4).zip(seq.to_be_bytes()).for_each(|(to, byte)| *to ^= byte);
    nonce
}

#[cfg(test)]
impl RecordKey {
    /// A whole record. Of TLS 1.3 with so many zeros of padding, of CBC with so many blocks.
    pub fn seal(&self, seq: u64, content_type: u8, plain: &[u8], padding: usize) -> Vec<u8> {
        let record = |content_type: u8, body: Vec<u8>| {
            let length = u16::try_from(body.len()).unwrap();
            [Header { content_type, version: 0x0303, length }.bytes().as_slice(), &body].concat()
        };
        let mut text = plain.to_vec();
        match self {
            Self::Tls13 { aead, iv } => {
                text.push(content_type);
                text.resize(text.len() + padding, 0);
                let length = (text.len() + aead.tag_bytes()) as u16;
                let header = Header { content_type: 23, version: 0x0303, length };
                aead.seal(&nonce(iv, seq), &header.bytes(), &mut text);
                record(23, text)
            }
            Self::Tls12Explicit { aead, salt } => {
                let explicit = (seq ^ 0x1122_3344_5566_7788).to_be_bytes();
                let nonce: Vec<u8> = salt.iter().chain(&explicit).copied().collect();
                aead.seal(&nonce.try_into().unwrap(), &tls12_aad(seq, content_type, plain.len()), &mut text);
                record(content_type, [explicit.as_slice(), &text].concat())
            }
            Self::Tls12Implicit { aead, iv } => {
                aead.seal(&nonce(iv, seq), &tls12_aad(seq, content_type, plain.len()), &mut text);
                record(content_type, text)
            }
            Self::Tls12Cbc(key) => record(content_type, key.seal(seq, content_type, plain, [seq as u8; 16], padding)),
        }
    }
}
