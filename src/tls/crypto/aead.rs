//! The AEADs of TLS under one trait.

use std::fmt;

use aes::{Aes128, Aes256};
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;

use super::cipher::Cipher;

/// An AEAD with its key (RFC 5116).
pub(in crate::tls) trait Aead: Send {
    /// Turns `text`, a ciphertext with its tag at the end, into the plaintext, whose length it returns. If the tag is wrong it
    /// returns `None`, and `text` is what it was.
    fn open(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> Option<usize>;

    fn tag_bytes(&self) -> usize;

    #[cfg(test)]
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut Vec<u8>);
}

impl fmt::Debug for dyn Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aead")
    }
}

/// `None` if the cipher is no AEAD, or the key is not as long as it has to be.
pub(in crate::tls) fn aead(cipher: Cipher, key: &[u8]) -> Option<Box<dyn Aead>> {
    Some(match cipher {
        Cipher::Aes128Gcm => Box::new(TagFirst(Aes128Gcm::new_from_slice(key).ok()?)),
        Cipher::Aes256Gcm => Box::new(TagFirst(Aes256Gcm::new_from_slice(key).ok()?)),
        Cipher::ChaCha20Poly1305 => Box::new(TagFirst(ChaCha20Poly1305::new_from_slice(key).ok()?)),
        Cipher::Aes128Ccm => Box::new(TagLast(Ccm::<Aes128, U16, U12>::new_from_slice(key).ok()?)),
        Cipher::Aes256Ccm => Box::new(TagLast(Ccm::<Aes256, U16, U12>::new_from_slice(key).ok()?)),
        Cipher::Aes128Ccm8 => Box::new(TagLast(Ccm::<Aes128, U8, U12>::new_from_slice(key).ok()?)),
        Cipher::Aes256Ccm8 => Box::new(TagLast(Ccm::<Aes256, U8, U12>::new_from_slice(key).ok()?)),
        Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => return None,
    })
}

/// Checks the tag before it decrypts: GCM (NIST SP 800-38D §7.2), ChaCha20-Poly1305 (RFC 8439 §2.8).
struct TagFirst<C>(C);

/// Has to decrypt before it can check the tag: CCM (RFC 3610 §2.5).
struct TagLast<C>(C);

impl<C: AeadInOut<NonceSize = U12> + Send> Aead for TagFirst<C> {
    fn open(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> Option<usize> {
        open(&self.0, nonce, aad, text)
    }

    fn tag_bytes(&self) -> usize {
        size_of::<Tag<C>>()
    }

    #[cfg(test)]
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut Vec<u8>) {
        seal(&self.0, nonce, aad, text);
    }
}

impl<C: AeadInOut<NonceSize = U12> + Send> Aead for TagLast<C> {
    fn open(&self, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> Option<usize> {
        let mut copy = text.to_vec();
        let length = open(&self.0, nonce, aad, &mut copy)?;
        text.copy_from_slice(&copy);
        Some(length)
    }

    fn tag_bytes(&self) -> usize {
        size_of::<Tag<C>>()
    }

    #[cfg(test)]
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], text: &mut Vec<u8>) {
        seal(&self.0, nonce, aad, text);
    }
}

fn open<C: AeadInOut<NonceSize = U12>>(cipher: &C, nonce: &[u8; 12], aad: &[u8], text: &mut [u8]) -> Option<usize> {
    let length = text.len().checked_sub(size_of::<Tag<C>>())?;
    let (ciphertext, tag) = text.split_at_mut_checked(length)?;
    let tag = Tag::<C>::try_from(&*tag).ok()?;
    cipher.decrypt_inout_detached(&Nonce::<C>::from(*nonce), aad, InOutBuf::from(ciphertext), &tag).ok()?;
    Some(length)
}

/// RFC 5246 §6.2.3.3, and the same bytes before the text of a MAC (§6.2.3.1). Records of TLS 1.2 have no other version.
pub(super) fn tls12_aad(seq: u64, content_type: u8, length: usize) -> [u8; 13] {
    let mut aad = [0; 13];
    let fields = seq.to_be_bytes().into_iter().chain([content_type, 3, 3]).chain((length as u16).to_be_bytes());
    aad.iter_mut().zip(fields).for_each(|(to, byte)| *to = byte);
    aad
}

#[cfg(test)]
fn seal<C: AeadInOut<NonceSize = U12>>(cipher: &C, nonce: &[u8; 12], aad: &[u8], text: &mut Vec<u8>) {
    let buffer = InOutBuf::from(text.as_mut_slice());
    let tag = cipher.encrypt_inout_detached(&Nonce::<C>::from(*nonce), aad, buffer).unwrap();
    text.extend_from_slice(&tag);
}
