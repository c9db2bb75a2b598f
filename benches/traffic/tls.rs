//! The answers of `large_bodies` in TLS 1.3, with the key log that a service writes.
#![allow(clippy::expect_used, reason = "the lengths are constants")]

use aes_gcm::aead::array::typenum::U12;
use aes_gcm::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha384};

use super::{CONNECTIONS, Connection, MERGED_PAYLOAD, Traffic, response};

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const RANDOM_BYTES: usize = 32;
/// The longest content of a record (RFC 8446 §5.1).
const MAX_RECORD_BYTES: usize = 1 << 14;
/// TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256 (RFC 8446 §B.4): connections take turns.
const SUITES: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// One direction of a connection.
struct Writer {
    cipher: Cipher,
    iv: Vec<u8>,
    records: u64,
}

enum Cipher {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
    ChaCha20(Box<ChaCha20Poly1305>),
}

impl Traffic {
    /// Answers with a body of `body_bytes` each; returns the lines of the key log too.
    pub fn tls(exchanges: usize, body_bytes: usize) -> (Self, String) {
        let mut traffic = Self::default();
        let mut key_log = String::new();
        let mut connections: Vec<_> = traffic.open_all().into_iter().zip(0_u8..).collect();
        let mut writers: Vec<_> =
            connections.iter_mut().map(|(connection, n)| traffic.shake_hands(connection, *n, &mut key_log)).collect();
        let answer = response("text/plain", &b"Hello, world\n".repeat(body_bytes / 13 + 1)[..body_bytes]);
        for n in 0..exchanges {
            let (connection, _) = &mut connections[n % CONNECTIONS];
            let [client, server] = &mut writers[n % CONNECTIONS];
            let request = format!("GET /items/{n}?page=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\r\n");
            let asked = client.records(request.as_bytes());
            traffic.send(connection, true, &asked, MERGED_PAYLOAD);
            let answered = server.records(&answer);
            traffic.send(connection, false, &answered, MERGED_PAYLOAD);
        }
        (traffic, key_log)
    }

    /// Only the hellos: what follows them in the handshake says nothing of the exchanges.
    fn shake_hands(&mut self, connection: &mut Connection, n: u8, key_log: &mut String) -> [Writer; 2] {
        let suite = SUITES[usize::from(n) % SUITES.len()];
        let hello = |kind, random: u8, suites: &[u8], versions: &[u8]| {
            let extensions = [&[0, 43], &sized::<2>(versions)[..]].concat();
            let body = [&[3, 3][..], &[random; RANDOM_BYTES], &[0], suites, &sized::<2>(&extensions)].concat();
            record(HANDSHAKE, &[&[kind], &sized::<3>(&body)[..]].concat())
        };
        let offered = [&[0, 2], &suite.to_be_bytes()[..], &[1, 0]].concat();
        self.send_part(connection, true, &hello(1, n, &offered, &[2, 3, 4]), MERGED_PAYLOAD);
        let chosen = [&suite.to_be_bytes()[..], &[0]].concat();
        self.send_part(connection, false, &hello(2, 0xff - n, &chosen, &[3, 4]), MERGED_PAYLOAD);
        ["CLIENT", "SERVER"].map(|side| {
            let secret = vec![n ^ side.as_bytes()[0]; if suite == SUITES[1] { 48 } else { 32 }];
            let (random, hex) = (format!("{n:02x}").repeat(RANDOM_BYTES), format!("{:02x}", secret[0]));
            key_log.push_str(&format!("{side}_TRAFFIC_SECRET_0 {random} {}\n", hex.repeat(secret.len())));
            Writer::of(suite, &secret)
        })
    }
}

impl Writer {
    fn of(suite: u16, secret: &[u8]) -> Self {
        let key = |bytes| expand(suite, secret, "key", bytes);
        let cipher = match suite {
            0x1301 => Cipher::Aes128(Box::new(Aes128Gcm::new_from_slice(&key(16)).expect("16 bytes"))),
            0x1302 => Cipher::Aes256(Box::new(Aes256Gcm::new_from_slice(&key(32)).expect("32 bytes"))),
            _ => Cipher::ChaCha20(Box::new(ChaCha20Poly1305::new_from_slice(&key(32)).expect("32 bytes"))),
        };
        Self { cipher, iv: expand(suite, secret, "iv", 12), records: 0 }
    }

    fn records(&mut self, message: &[u8]) -> Vec<u8> {
        message.chunks(MAX_RECORD_BYTES).flat_map(|part| self.record(part)).collect()
    }

    /// RFC 8446 §5.2 and §5.3.
    fn record(&mut self, content: &[u8]) -> Vec<u8> {
        let mut nonce = self.iv.clone();
        for (byte, number) in nonce[4..].iter_mut().zip(self.records.to_be_bytes()) {
            *byte ^= number;
        }
        self.records += 1;
        let mut sealed = [content, &[APPLICATION_DATA]].concat();
        let header = [&[APPLICATION_DATA, 3, 3], &((sealed.len() + 16) as u16).to_be_bytes()[..]].concat();
        match &self.cipher {
            Cipher::Aes128(cipher) => seal(cipher.as_ref(), &nonce, &header, &mut sealed),
            Cipher::Aes256(cipher) => seal(cipher.as_ref(), &nonce, &header, &mut sealed),
            Cipher::ChaCha20(cipher) => seal(cipher.as_ref(), &nonce, &header, &mut sealed),
        }
        [header, sealed].concat()
    }
}

fn seal(cipher: &impl AeadInOut<NonceSize = U12>, nonce: &[u8], header: &[u8], content: &mut Vec<u8>) {
    let nonce = nonce.try_into().expect("12 bytes");
    let tag = cipher.encrypt_inout_detached(nonce, header, InOutBuf::from(content.as_mut_slice()));
    content.extend_from_slice(&tag.expect("a short record"));
}

/// HKDF-Expand-Label with an empty context (RFC 8446 §7.1), for outputs of one block.
fn expand(suite: u16, secret: &[u8], label: &str, bytes: u8) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, bytes, label.len() as u8][..], label.as_bytes(), &[0, 1]].concat();
    let mut block = if suite == SUITES[1] {
        Hmac::<Sha384>::new_from_slice(secret).expect("any length").chain_update(info).finalize().into_bytes().to_vec()
    } else {
        Hmac::<Sha256>::new_from_slice(secret).expect("any length").chain_update(info).finalize().into_bytes().to_vec()
    };
    block.truncate(usize::from(bytes));
    block
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &sized::<2>(content)[..]].concat()
}

/// With its length before it, in so many bytes.
fn sized<const BYTES: usize>(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes()[4 - BYTES..], content].concat()
}
