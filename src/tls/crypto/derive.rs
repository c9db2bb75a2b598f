//! Keys from secrets: HKDF-Expand-Label of TLS 1.3 (RFC 8446 §7.1) and the PRF of TLS 1.2 (RFC 5246 §5).

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha384};
use zeroize::{Zeroize, Zeroizing};

use super::cipher::Hash;
use crate::tls::secret::Secret;

/// Longer than any label, context and their lengths.
const MAX_INFO_BYTES: usize = 64;

/// `None` if the secret is not one of this hash.
pub(in crate::tls) fn expand_label(
    hash: Hash,
    secret: &[u8],
    label: &str,
    length: usize,
) -> Option<Zeroizing<Box<[u8]>>> {
    let mut info = Vec::with_capacity(MAX_INFO_BYTES);
    info.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
    info.push(u8::try_from("tls13 ".len() + label.len()).ok()?);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label.as_bytes());
    info.push(0); // no context is needed for keys
    if secret.len() != hash.output_bytes() {
        return None;
    }
    match hash {
        Hash::Sha1 => None,
        Hash::Sha256 => expand::<Hmac<Sha256>>(secret, &info, length),
        Hash::Sha384 => expand::<Hmac<Sha384>>(secret, &info, length),
    }
}

/// HKDF-Expand (RFC 5869 §2.3). No key, IV or secret of TLS 1.3 is longer than its hash: the first block is all that is needed.
fn expand<M: Mac + KeyInit>(secret: &[u8], info: &[u8], length: usize) -> Option<Zeroizing<Box<[u8]>>> {
    let mac = <M as KeyInit>::new_from_slice(secret).ok()?;
    let mut block = mac.chain_update(info).chain_update([1]).finalize().into_bytes();
    let output = block.get(..length).map(|bytes| Zeroizing::new(bytes.into()));
    block.as_mut_slice().zeroize();
    output
}

/// The secret after a KeyUpdate (RFC 8446 §7.2).
pub(in crate::tls) fn next_traffic_secret(hash: Hash, secret: &Secret) -> Option<Secret> {
    expand_label(hash, secret.bytes(), "traffic upd", hash.output_bytes()).map(|bytes| Secret::new(&bytes))
}

/// `length` bytes of keys from a master secret (RFC 5246 §6.3). The master secret is in the key log as it is, so that it does not
/// matter if it was an extended one (RFC 7627).
pub(in crate::tls) fn key_block(
    hash: Hash,
    master: &Secret,
    server_random: &[u8; 32],
    client_random: &[u8; 32],
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let seed = [b"key expansion".as_slice(), server_random, client_random].concat();
    match hash {
        Hash::Sha1 => None,
        Hash::Sha256 => p_hash::<Hmac<Sha256>>(master, &seed, length),
        Hash::Sha384 => p_hash::<Hmac<Sha384>>(master, &seed, length),
    }
}

/// RFC 5246 §5.
fn p_hash<M: Mac + KeyInit + Clone>(secret: &Secret, seed: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mac = <M as KeyInit>::new_from_slice(secret.bytes()).ok()?;
    // With room for all of it, so that growing leaves no part of it in freed memory.
    let mut output = Zeroizing::new(Vec::with_capacity(length + MAX_INFO_BYTES));
    let mut a = mac.clone().chain_update(seed).finalize().into_bytes();
    while output.len() < length {
        let mut block = mac.clone().chain_update(&a).chain_update(seed).finalize().into_bytes();
        output.extend_from_slice(&block);
        block.as_mut_slice().zeroize();
        a = mac.clone().chain_update(&a).finalize().into_bytes();
    }
    output.truncate(length);
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::tests::{hex, unhex};

    /// RFC 8448 §3: the keys of the client's handshake and of the server's application data.
    #[test]
    fn keys_of_tls13() {
        let cases = [
            (
                "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
                "dbfaa693d1762c5b666af5d950258d01",
                "5bd3c71b836e0b76bb73265f",
            ),
            (
                "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
                "9f02283b6c9c07efc26bb9f2ac92e356",
                "cf782b88dd83549aadf1e984",
            ),
        ];
        for (secret, key, iv) in cases {
            let derive = |label, length| expand_label(Hash::Sha256, &unhex(secret), label, length).unwrap();
            assert_eq!((hex(&derive("key", 16)).as_str(), hex(&derive("iv", 12)).as_str()), (key, iv));
        }
        assert!(expand_label(Hash::Sha384, &[0; 32], "key", 16).is_none());
        assert!(expand_label(Hash::Sha256, &[0; 32], "key", 33).is_none());
    }

    /// The vector for the PRF with SHA-256 that the TLS working group's list has ("Test vectors for TLS 1.2 PRF").
    #[test]
    fn prf_of_tls12() {
        let secret = Secret::new(&unhex("9bbe436ba940f017b17652849a71db35"));
        let seed = [b"test label".to_vec(), unhex("a0ba9f936cda311827a6f796ffd5198c")].concat();
        let output = p_hash::<Hmac<Sha256>>(&secret, &seed, 100).unwrap();
        assert_eq!(
            hex(&output),
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17\
             abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
        );
    }
}
