//! The registry "TLS Cipher Suites" of IANA, as far as peers of TLS 1.2 and 1.3 still choose from it.
//!
//! The key exchange does not matter for opening a record, so that suites of the same cipher stand together. The registry numbers
//! most of them at even distances, in a few orders of key exchanges.

use super::cipher::Cipher::{
    self, Aes128Cbc, Aes128Ccm, Aes128Ccm8, Aes128Gcm, Aes256Cbc, Aes256Ccm, Aes256Ccm8, Aes256Gcm, ChaCha20Poly1305,
};
use super::cipher::Hash::{Sha1, Sha256, Sha384};

/// RFC 8446 §B.4.
pub(super) const TLS13: [(u16, &str, Cipher); 5] = [
    (0x1301, "TLS_AES_128_GCM_SHA256", Aes128Gcm),
    (0x1302, "TLS_AES_256_GCM_SHA384", Aes256Gcm),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305),
    (0x1304, "TLS_AES_128_CCM_SHA256", Aes128Ccm),
    (0x1305, "TLS_AES_128_CCM_8_SHA256", Aes128Ccm8),
];

/// Suites of TLS 1.2 with one cipher: `TLS_` key exchange `_WITH_` name.
pub(super) struct Kind {
    pub name: &'static str,
    /// `None` if its records are not read.
    pub read: Option<Cipher>,
    runs: &'static [Run],
}

/// Key exchanges in the order of their numbers, each named for what it begins with or belongs to.
#[derive(Clone, Copy)]
enum Order {
    Rsa,
    RsaAead,
    RsaCcm,
    Ec,
    EcSha,
    Psk,
    PskEc,
    Srp,
    EcdhePsk,
    RsaAlone,
    DhSha256,
    DheSha256,
    DhAes256Sha256,
    DhAnon,
    Eccpwd,
    PskCcm,
    EcdheEcdsa,
    PskCcm8,
    ChaCha20,
    RsaDes,
    RsaRc4,
    DheDss,
}

impl Order {
    /// With a space between them.
    const fn exchanges(self) -> &'static str {
        match self {
            Self::Rsa => "RSA DH_DSS DH_RSA DHE_DSS DHE_RSA DH_anon",
            Self::RsaAead => "RSA DHE_RSA DH_RSA DHE_DSS DH_DSS DH_anon",
            Self::RsaCcm => "RSA DHE_RSA",
            Self::Ec => "ECDHE_ECDSA ECDH_ECDSA ECDHE_RSA ECDH_RSA",
            Self::EcSha => "ECDH_ECDSA ECDHE_ECDSA ECDH_RSA ECDHE_RSA ECDH_anon",
            Self::Psk => "PSK DHE_PSK RSA_PSK",
            Self::PskEc => "PSK DHE_PSK RSA_PSK ECDHE_PSK",
            Self::Srp => "SRP_SHA SRP_SHA_RSA SRP_SHA_DSS",
            Self::EcdhePsk => "ECDHE_PSK",
            Self::RsaAlone => "RSA",
            Self::DhSha256 => "DH_DSS DH_RSA DHE_DSS",
            Self::DheSha256 => "DHE_RSA DH_anon",
            Self::DhAes256Sha256 => "DH_DSS DH_RSA DHE_DSS DHE_RSA",
            Self::DhAnon => "DH_anon",
            Self::Eccpwd => "ECCPWD",
            Self::PskCcm => "PSK DHE_PSK",
            Self::EcdheEcdsa => "ECDHE_ECDSA",
            Self::PskCcm8 => "PSK PSK_DHE",
            Self::ChaCha20 => "ECDHE_RSA ECDHE_ECDSA DHE_RSA PSK ECDHE_PSK DHE_PSK RSA_PSK",
            Self::RsaDes => "RSA DH_DSS DH_RSA DHE_DSS DHE_RSA",
            Self::RsaRc4 => "RSA DH_anon",
            Self::DheDss => "DHE_DSS",
        }
    }
}

/// The first number, the distance to each next number, and the key exchanges.
struct Run(u16, u8, Order);

impl Kind {
    /// The key exchange of a suite, if it is of this kind.
    pub fn exchange(&self, id: u16) -> Option<&'static str> {
        self.runs.iter().find_map(|&Run(first, step, order)| {
            let (distance, step) = (id.checked_sub(first)?, u16::from(step));
            let index = distance.is_multiple_of(step).then_some(distance / step)?;
            order.exchanges().split(' ').nth(usize::from(index))
        })
    }
}

const fn read(name: &'static str, cipher: Cipher, runs: &'static [Run]) -> Kind {
    Kind { name, read: Some(cipher), runs }
}

const fn unread(name: &'static str, runs: &'static [Run]) -> Kind {
    Kind { name, read: None, runs }
}

use Order::{
    ChaCha20, DhAes256Sha256, DhAnon, DhSha256, DheDss, DheSha256, Ec, EcSha, Eccpwd, EcdheEcdsa, EcdhePsk, Psk,
    PskCcm, PskCcm8, PskEc, Rsa, RsaAead, RsaAlone, RsaCcm, RsaDes, RsaRc4, Srp,
};

/// RFC 5246 §A.5, and what is named at each kind.
#[rustfmt::skip] // a few runs a line
pub(super) const TLS12: [Kind; 36] = [
    // RFC 4279, RFC 5054, RFC 5289, RFC 5487, RFC 5489, RFC 8422
    read("AES_128_CBC_SHA", Aes128Cbc(Sha1), &[
        Run(0x002f, 1, Rsa), Run(0x008c, 4, Psk), Run(0xc004, 5, EcSha), Run(0xc01d, 1, Srp),
        Run(0xc035, 1, EcdhePsk),
    ]),
    read("AES_256_CBC_SHA", Aes256Cbc(Sha1), &[
        Run(0x0035, 1, Rsa), Run(0x008d, 4, Psk), Run(0xc005, 5, EcSha), Run(0xc020, 1, Srp),
        Run(0xc036, 1, EcdhePsk),
    ]),
    read("AES_128_CBC_SHA256", Aes128Cbc(Sha256), &[
        Run(0x003c, 1, RsaAlone), Run(0x003e, 1, DhSha256), Run(0x0067, 5, DheSha256),
        Run(0x00ae, 4, Psk), Run(0xc023, 2, Ec), Run(0xc037, 1, EcdhePsk),
    ]),
    read("AES_256_CBC_SHA256", Aes256Cbc(Sha256), &[
        Run(0x003d, 1, RsaAlone), Run(0x0068, 1, DhAes256Sha256), Run(0x006d, 1, DhAnon),
    ]),
    read("AES_256_CBC_SHA384", Aes256Cbc(Sha384), &[
        Run(0x00af, 4, Psk), Run(0xc024, 2, Ec), Run(0xc038, 1, EcdhePsk),
    ]),
    // RFC 5288, RFC 5289, RFC 5487, RFC 8442, RFC 8492
    read("AES_128_GCM_SHA256", Aes128Gcm, &[
        Run(0x009c, 2, RsaAead), Run(0x00a8, 2, Psk), Run(0xc02b, 2, Ec), Run(0xc0b0, 1, Eccpwd),
        Run(0xd001, 1, EcdhePsk),
    ]),
    read("AES_256_GCM_SHA384", Aes256Gcm, &[
        Run(0x009d, 2, RsaAead), Run(0x00a9, 2, Psk), Run(0xc02c, 2, Ec), Run(0xc0b1, 1, Eccpwd),
        Run(0xd002, 1, EcdhePsk),
    ]),
    // RFC 6655, RFC 7251, RFC 8442, RFC 8492
    read("AES_128_CCM", Aes128Ccm, &[
        Run(0xc09c, 2, RsaCcm), Run(0xc0a4, 2, PskCcm), Run(0xc0ac, 1, EcdheEcdsa),
    ]),
    read("AES_256_CCM", Aes256Ccm, &[
        Run(0xc09d, 2, RsaCcm), Run(0xc0a5, 2, PskCcm), Run(0xc0ad, 1, EcdheEcdsa),
    ]),
    read("AES_128_CCM_8", Aes128Ccm8, &[
        Run(0xc0a0, 2, RsaCcm), Run(0xc0a8, 2, PskCcm8), Run(0xc0ae, 1, EcdheEcdsa),
    ]),
    read("AES_256_CCM_8", Aes256Ccm8, &[
        Run(0xc0a1, 2, RsaCcm), Run(0xc0a9, 2, PskCcm8), Run(0xc0af, 1, EcdheEcdsa),
    ]),
    read("AES_128_CCM_SHA256", Aes128Ccm, &[Run(0xc0b2, 1, Eccpwd), Run(0xd005, 1, EcdhePsk)]),
    read("AES_128_CCM_8_SHA256", Aes128Ccm8, &[Run(0xd003, 1, EcdhePsk)]),
    read("AES_256_CCM_SHA384", Aes256Ccm, &[Run(0xc0b3, 1, Eccpwd)]),
    // RFC 7905
    read("CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, &[
        Run(0xcca8, 1, ChaCha20),
    ]),
    // RFC 5932, RFC 6367
    unread("CAMELLIA_128_CBC_SHA", &[Run(0x0041, 1, Rsa)]),
    unread("CAMELLIA_256_CBC_SHA", &[Run(0x0084, 1, Rsa)]),
    unread("CAMELLIA_128_CBC_SHA256", &[Run(0x00ba, 1, Rsa), Run(0xc072, 2, Ec), Run(0xc094, 2, PskEc)]),
    unread("CAMELLIA_256_CBC_SHA256", &[Run(0x00c0, 1, Rsa)]),
    unread("CAMELLIA_256_CBC_SHA384", &[Run(0xc073, 2, Ec), Run(0xc095, 2, PskEc)]),
    unread("CAMELLIA_128_GCM_SHA256", &[Run(0xc07a, 2, RsaAead), Run(0xc086, 2, Ec), Run(0xc08e, 2, Psk)]),
    unread("CAMELLIA_256_GCM_SHA384", &[Run(0xc07b, 2, RsaAead), Run(0xc087, 2, Ec), Run(0xc08f, 2, Psk)]),
    // RFC 6209
    unread("ARIA_128_CBC_SHA256", &[
        Run(0xc03c, 2, Rsa), Run(0xc048, 2, Ec), Run(0xc064, 2, Psk), Run(0xc070, 1, EcdhePsk),
    ]),
    unread("ARIA_256_CBC_SHA384", &[
        Run(0xc03d, 2, Rsa), Run(0xc049, 2, Ec), Run(0xc065, 2, Psk), Run(0xc071, 1, EcdhePsk),
    ]),
    unread("ARIA_128_GCM_SHA256", &[Run(0xc050, 2, RsaAead), Run(0xc05c, 2, Ec), Run(0xc06a, 2, Psk)]),
    unread("ARIA_256_GCM_SHA384", &[Run(0xc051, 2, RsaAead), Run(0xc05d, 2, Ec), Run(0xc06b, 2, Psk)]),
    // RFC 4162, RFC 5469
    unread("SEED_CBC_SHA", &[Run(0x0096, 1, Rsa)]),
    unread("IDEA_CBC_SHA", &[Run(0x0007, 1, RsaAlone)]),
    unread("DES_CBC_SHA", &[Run(0x0009, 3, RsaDes), Run(0x001a, 1, DhAnon)]),
    unread("3DES_EDE_CBC_SHA", &[
        Run(0x000a, 3, RsaDes), Run(0x001b, 1, DhAnon), Run(0x008b, 4, Psk),
        Run(0xc003, 5, EcSha), Run(0xc01a, 1, Srp), Run(0xc034, 1, EcdhePsk),
    ]),
    unread("RC4_128_MD5", &[Run(0x0004, 20, RsaRc4)]),
    unread("RC4_128_SHA", &[
        Run(0x0005, 1, RsaAlone), Run(0x0066, 1, DheDss), Run(0x008a, 4, Psk), Run(0xc002, 5, EcSha),
        Run(0xc033, 1, EcdhePsk),
    ]),
    unread("NULL_MD5", &[Run(0x0001, 1, RsaAlone)]),
    unread("NULL_SHA", &[
        Run(0x0002, 1, RsaAlone), Run(0x002c, 1, Psk), Run(0xc001, 5, EcSha), Run(0xc039, 1, EcdhePsk),
    ]),
    unread("NULL_SHA256", &[Run(0x003b, 1, RsaAlone), Run(0x00b0, 4, Psk), Run(0xc03a, 1, EcdhePsk)]),
    unread("NULL_SHA384", &[Run(0x00b1, 4, Psk), Run(0xc03b, 1, EcdhePsk)]),
];
