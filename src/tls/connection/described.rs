//! The description of a connection.

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
    pub cipher: &'static str,
    pub server_name: Option<&'a str>,
    pub alpn: Option<&'a str>,
}
