//! The CBC suites of TLS 1.2 with their HMAC: MAC first (RFC 5246 §6.2.3.2) or encryption first (RFC 7366).

use std::fmt;

use aes::{Aes128, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::aead::tls12_aad;
use super::cipher::{Cipher, Hash};

const BLOCK: usize = 16;

pub(in crate::tls) struct CbcKey {
    /// 16 bytes of AES-128, or 32 of AES-256.
    key: Zeroizing<Box<[u8]>>,
    mac: MacKey,
    encrypt_then_mac: bool,
}

enum MacKey {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
}

impl fmt::Debug for CbcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CbcKey").field("encrypt_then_mac", &self.encrypt_then_mac).finish_non_exhaustive()
    }
}

impl CbcKey {
    pub fn new(cipher: Cipher, key: &[u8], mac_key: &[u8], encrypt_then_mac: bool) -> Option<Self> {
        let (Cipher::Aes128Cbc(hash) | Cipher::Aes256Cbc(hash)) = cipher else { return None };
        let mac = match hash {
            Hash::Sha1 => MacKey::Sha1(<Hmac<Sha1> as KeyInit>::new_from_slice(mac_key).ok()?),
            Hash::Sha256 => MacKey::Sha256(<Hmac<Sha256> as KeyInit>::new_from_slice(mac_key).ok()?),
            Hash::Sha384 => MacKey::Sha384(<Hmac<Sha384> as KeyInit>::new_from_slice(mac_key).ok()?),
        };
        (key.len() == cipher.key_bytes()).then(|| Self { key: Zeroizing::new(key.into()), mac, encrypt_then_mac })
    }

    pub fn mac_bytes(&self) -> usize {
        match self.mac {
            MacKey::Sha1(_) => 20,
            MacKey::Sha256(_) => 32,
            MacKey::Sha384(_) => 48,
        }
    }

    /// Decrypts in place: returns where the plaintext stands. `None`, and `body` unchanged, if the MAC or the padding is wrong.
    pub fn open(&self, seq: u64, content_type: u8, body: &mut [u8]) -> Option<(usize, usize)> {
        let mac_bytes = self.mac_bytes();
        if self.encrypt_then_mac {
            let (text, mac) = body.split_at_mut_checked(body.len().checked_sub(mac_bytes)?)?;
            if !self.is_mac(mac, seq, content_type, text) {
                return None;
            }
            let (iv, ciphertext) = text.split_first_chunk_mut::<BLOCK>()?;
            self.decrypt(iv, ciphertext)?;
            let length = ciphertext.len() - padding(ciphertext)?;
            return Some((BLOCK, length));
        }
        let (iv, ciphertext) = body.split_first_chunk_mut::<BLOCK>()?;
        let mut plain = ciphertext.to_vec();
        self.decrypt(iv, &mut plain)?;
        let length = (plain.len() - padding(&plain)?).checked_sub(mac_bytes)?;
        let (text, rest) = plain.split_at_checked(length)?;
        if !self.is_mac(rest.get(..mac_bytes)?, seq, content_type, text) {
            return None;
        }
        ciphertext.copy_from_slice(&plain);
        Some((BLOCK, length))
    }

    fn decrypt(&self, iv: &[u8; BLOCK], text: &mut [u8]) -> Option<()> {
        if text.is_empty() || !text.len().is_multiple_of(BLOCK) {
            return None;
        }
        match self.key.len() {
            16 => Decryptor::<Aes128>::new_from_slices(&self.key, iv).ok()?.decrypt_padded::<NoPadding>(text).ok()?,
            _ => Decryptor::<Aes256>::new_from_slices(&self.key, iv).ok()?.decrypt_padded::<NoPadding>(text).ok()?,
        };
        Some(())
    }

    fn is_mac(&self, mac: &[u8], seq: u64, content_type: u8, text: &[u8]) -> bool {
        let header = tls12_aad(seq, content_type, text.len());
        match &self.mac {
            MacKey::Sha1(key) => key.clone().chain_update(header).chain_update(text).verify_slice(mac).is_ok(),
            MacKey::Sha256(key) => key.clone().chain_update(header).chain_update(text).verify_slice(mac).is_ok(),
            MacKey::Sha384(key) => key.clone().chain_update(header).chain_update(text).verify_slice(mac).is_ok(),
        }
    }
}

/// How many bytes at the end are padding with its length (RFC 5246 §6.2.3.2).
fn padding(plain: &[u8]) -> Option<usize> {
    let &last = plain.last()?;
    let length = usize::from(last) + 1;
    let padding = plain.get(plain.len().checked_sub(length)?..)?;
    padding.iter().all(|&byte| byte == last).then_some(length)
}

#[cfg(test)]
impl CbcKey {
    /// The body of a record, with so many blocks more of padding than it needs.
    pub fn seal(&self, seq: u64, content_type: u8, plain: &[u8], iv: [u8; BLOCK], more_blocks: usize) -> Vec<u8> {
        use cbc::Encryptor;
        use cbc::cipher::BlockModeEncrypt;

        let mac = |text: &[u8]| -> Vec<u8> {
            let header = tls12_aad(seq, content_type, text.len());
            match &self.mac {
                MacKey::Sha1(key) => {
                    key.clone().chain_update(header).chain_update(text).finalize().into_bytes().to_vec()
                }
                MacKey::Sha256(key) => {
                    key.clone().chain_update(header).chain_update(text).finalize().into_bytes().to_vec()
                }
                MacKey::Sha384(key) => {
                    key.clone().chain_update(header).chain_update(text).finalize().into_bytes().to_vec()
                }
            }
        };
        let mut text = plain.to_vec();
        if !self.encrypt_then_mac {
            text.extend(mac(plain));
        }
        let padding = BLOCK - text.len() % BLOCK + more_blocks * BLOCK;
        text.extend(std::iter::repeat_n((padding - 1) as u8, padding));
        let length = text.len();
        match self.key.len() {
            16 => Encryptor::<Aes128>::new_from_slices(&self.key, &iv)
                .unwrap()
                .encrypt_padded::<NoPadding>(&mut text, length),
            _ => Encryptor::<Aes256>::new_from_slices(&self.key, &iv)
                .unwrap()
                .encrypt_padded::<NoPadding>(&mut text, length),
        }
        .unwrap();
        let mut body = iv.to_vec();
        body.extend(text);
        if self.encrypt_then_mac {
            let mac = mac(&body);
            body.extend(mac);
        }
        body
    }
}
