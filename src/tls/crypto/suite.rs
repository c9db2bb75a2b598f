//! Cipher suites by their number (the IANA registry "TLS Cipher Suites").

/// The hash of the key schedule, and of a CBC suite's MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
}

impl Hash {
    pub const fn output_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    Aes128Ccm,
    Aes256Ccm,
    /// With a tag of 8 bytes (RFC 6655 §4).
    Aes128Ccm8,
    Aes256Ccm8,
    Aes128Cbc(Hash),
    Aes256Cbc(Hash),
}

impl Cipher {
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 | Self::Aes128Cbc(_) => 16,
            Self::Aes256Gcm | Self::Aes256Ccm | Self::Aes256Ccm8 | Self::Aes256Cbc(_) | Self::ChaCha20Poly1305 => 32,
        }
    }
}

/// A cipher suite whose records can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    pub id: u16,
    /// As IANA has it.
    pub name: &'static str,
    pub cipher: Cipher,
    /// Of HKDF (RFC 8446 §7.1) or the PRF (RFC 5246 §5).
    pub hash: Hash,
}

impl Suite {
    /// Of TLS 1.3 (RFC 8446 §B.4).
    pub fn tls13(id: u16) -> Option<Self> {
        TLS13.iter().find(|suite| suite.id == id).copied()
    }

    /// Of TLS 1.2.
    pub fn tls12(id: u16) -> Option<Self> {
        TLS12.iter().find(|suite| suite.id == id).copied()
    }

    /// Those of TLS 1.3 that a secret of so many bytes may belong to, where the ServerHello was not captured.
    pub fn tls13_by_secret(bytes: usize) -> impl Iterator<Item = Self> {
        TLS13.iter().filter(move |suite| suite.hash.output_bytes() == bytes).copied()
    }
}

const fn suite(id: u16, name: &'static str, cipher: Cipher, hash: Hash) -> Suite {
    Suite { id, name, cipher, hash }
}

use Cipher::{
    Aes128Cbc, Aes128Ccm, Aes128Ccm8, Aes128Gcm, Aes256Cbc, Aes256Ccm, Aes256Ccm8, Aes256Gcm, ChaCha20Poly1305,
};
use Hash::{Sha1, Sha256, Sha384};

const TLS13: [Suite; 5] = [
    suite(0x1301, "TLS_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x1302, "TLS_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x1303, "TLS_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0x1304, "TLS_AES_128_CCM_SHA256", Aes128Ccm, Sha256),
    suite(0x1305, "TLS_AES_128_CCM_8_SHA256", Aes128Ccm8, Sha256),
];

/// RFC 5246 §A.5, RFC 5288, RFC 5289, RFC 5487, RFC 5489, RFC 6655, RFC 7251, RFC 7905, RFC 8422, RFC 8442.
const TLS12: [Suite; 81] = [
    suite(0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", Aes256Cbc(Sha256), Sha256),
    suite(0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", Aes256Cbc(Sha256), Sha256),
    suite(0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", Aes256Cbc(Sha256), Sha256),
    suite(0x008c, "TLS_PSK_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0x008d, "TLS_PSK_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0x0090, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0x0091, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x00a9, "TLS_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x00aa, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x00ab, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x00ac, "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0x00ad, "TLS_RSA_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0x00ae, "TLS_PSK_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0x00af, "TLS_PSK_WITH_AES_256_CBC_SHA384", Aes256Cbc(Sha384), Sha384),
    suite(0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0xc005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0xc00e, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0xc00f, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", Aes256Cbc(Sha384), Sha384),
    suite(0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", Aes256Cbc(Sha384), Sha384),
    suite(0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0xc02d, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0xc02e, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0xc031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0xc032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
    suite(0xc035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", Aes128Cbc(Sha1), Sha256),
    suite(0xc036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA", Aes256Cbc(Sha1), Sha256),
    suite(0xc037, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", Aes128Cbc(Sha256), Sha256),
    suite(0xc038, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384", Aes256Cbc(Sha384), Sha384),
    suite(0xc09c, "TLS_RSA_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    suite(0xc09d, "TLS_RSA_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    suite(0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    suite(0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    suite(0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    suite(0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    suite(0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    suite(0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    suite(0xc0a4, "TLS_PSK_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    suite(0xc0a5, "TLS_PSK_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    suite(0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", Aes128Ccm, Sha256),
    suite(0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", Aes256Ccm, Sha256),
    suite(0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", Aes128Ccm8, Sha256),
    suite(0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", Aes256Ccm8, Sha256),
    suite(0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xccab, "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xccad, "TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xccae, "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, Sha256),
    suite(0xd001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", Aes128Gcm, Sha256),
    suite(0xd002, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384", Aes256Gcm, Sha384),
];
