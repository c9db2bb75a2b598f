//! The cipher suites that are read, and the names of all, by their number.

use super::cipher::{Cipher, Hash};
use super::registry::{TLS12, TLS13};

/// A cipher suite whose records can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    pub id: u16,
    pub cipher: Cipher,
    /// Of HKDF (RFC 8446 §7.1) or the PRF (RFC 5246 §5).
    pub hash: Hash,
}

impl Suite {
    /// Of TLS 1.3 (RFC 8446 §B.4).
    pub fn tls13(id: u16) -> Option<Self> {
        let (_, name, cipher) = TLS13.iter().find(|row| row.0 == id)?;
        Some(Self::of(id, name, *cipher))
    }

    /// Of TLS 1.2.
    pub fn tls12(id: u16) -> Option<Self> {
        let (_, kind) = TLS12.iter().find_map(|kind| Some((kind.exchange(id)?, kind)))?;
        Some(Self::of(id, kind.name, kind.read?))
    }

    /// Those of TLS 1.3 that a secret of so many bytes may belong to, where the ServerHello was not captured.
    pub fn tls13_by_secret(bytes: usize) -> impl Iterator<Item = Self> {
        let suites = TLS13.iter().map(|(id, name, cipher)| Self::of(*id, name, *cipher));
        suites.filter(move |suite| suite.hash.output_bytes() == bytes)
    }

    /// The hash is SHA-256 unless the name ends with another hash (RFC 5246 §5, RFC 6655 §3), which the MAC of TLS 1.2 does not
    /// change:
    /// SHA-1 is that of no PRF in these versions.
    fn of(id: u16, name: &str, cipher: Cipher) -> Self {
        Self { id, cipher, hash: if name.ends_with("SHA384") { Hash::Sha384 } else { Hash::Sha256 } }
    }
}

/// The name that IANA's registry has for a suite, read or not; of those that no peer of TLS 1.2 or 1.3 is expected to choose the
/// number, as `0x001e`.
pub fn suite_name(id: u16) -> String {
    let tls12 = || TLS12.iter().find_map(|kind| Some(format!("TLS_{}_WITH_{}", kind.exchange(id)?, kind.name)));
    let tls13 = TLS13.iter().find(|row| row.0 == id).map(|row| row.1.to_owned());
    tls13.or_else(tls12).unwrap_or_else(|| format!("{id:#06x}"))
}
