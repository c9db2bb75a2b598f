//! A secret out of a key log: overwritten when it goes, and never shown.

use std::fmt;

use zeroize::Zeroizing;

/// The longest: a TLS 1.2 master secret (RFC 5246 §8.1), or a traffic secret of SHA-384 (RFC 8446 §7.1).
pub const MAX_SECRET_BYTES: usize = 48;

/// The longest label that is read (`CLIENT_HANDSHAKE_TRAFFIC_SECRET`), a random and a secret in hex, two spaces, and some room.
pub const MAX_LINE_BYTES: usize = 32 + 2 * 32 + 2 * MAX_SECRET_BYTES + 16;

/// On the heap, so that moving it leaves no old copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// `None` if it is no hex, or of more than `MAX_SECRET_BYTES`.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let length = digits.len() / 2;
        if !digits.len().is_multiple_of(2) || length > MAX_SECRET_BYTES {
            return None;
        }
        let mut secret = Self(Zeroizing::new(vec![0; length].into_boxed_slice()));
        decode_hex(digits, &mut secret.0).then_some(secret)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// Fills `bytes` from hex in either case; false if the digits are not exactly as many, or not hex.
pub(super) fn decode_hex(digits: &[u8], bytes: &mut [u8]) -> bool {
    let value = |digit: u8| (digit as char).to_digit(16);
    if digits.len() != 2 * bytes.len() {
        return false;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let &[high, low] = pair else { return false };
        let (Some(high), Some(low)) = (value(high), value(low)) else { return false };
        *byte = (high << 4 | low) as u8;
    }
    true
}

/// In lower case.
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]));
}

/// The purpose of a secret (RFC 9850 §2.1, §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The master secret of TLS 1.2.
    Master,
    ClientEarly,
    ClientHandshake,
    ServerHandshake,
    ClientTraffic,
    ServerTraffic,
}

impl Label {
    /// Of the labels that open records. The secrets after a KeyUpdate are derived: some write all of them under one and the same
    /// label `…_N`.
    pub(super) fn parse(label: &[u8]) -> Option<Self> {
        Some(match label {
            b"CLIENT_RANDOM" => Self::Master,
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Self::ClientEarly,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshake,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshake,
            b"CLIENT_TRAFFIC_SECRET_0" => Self::ClientTraffic,
            b"SERVER_TRAFFIC_SECRET_0" => Self::ServerTraffic,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static [u8] {
        match self {
            Self::Master => b"CLIENT_RANDOM",
            Self::ClientEarly => b"CLIENT_EARLY_TRAFFIC_SECRET",
            Self::ClientHandshake => b"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshake => b"SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientTraffic => b"CLIENT_TRAFFIC_SECRET_0",
            Self::ServerTraffic => b"SERVER_TRAFFIC_SECRET_0",
        }
    }

    pub(super) fn fits(self, bytes: usize) -> bool {
        match self {
            Self::Master => bytes == 48,
            _ => bytes == 32 || bytes == 48,
        }
    }
}
