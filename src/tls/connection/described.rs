//! The description of a connection.

use std::fmt;

use crate::tls::crypto::suite_name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Tls12,
    Tls13,
}

impl Version {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

/// The description that messages have of the TLS that they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described<'a> {
    pub version: Version,
    /// The suite's name in IANA's registry.
    pub cipher: &'a str,
    pub server_name: Option<&'a str>,
    pub alpn: Option<&'a str>,
}

/// A choice of the server that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// As it stands in the ServerHello (RFC 5246 §E.1): `0x0301` is TLS 1.0.
    Version(u16),
    Suite(u16),
    Compression,
    /// RFC 6066 §7.
    TruncatedHmac,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Version(0x0300) => f.write_str("SSL 3.0"),
            Self::Version(version @ 0x0301..=0x0304) => write!(f, "TLS 1.{}", version - 0x0301),
            Self::Version(version) => write!(f, "version {version:#06x}"),
            Self::Suite(id) => write!(f, "cipher suite {}", suite_name(id)),
            Self::Compression => f.write_str("compression"),
            Self::TruncatedHmac => f.write_str("extension truncated_hmac"),
        }
    }
}
