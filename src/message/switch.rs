//! Where a connection goes that leaves HTTP/1.x: a tunnel (RFC 9110 §9.3.6) or the token of an upgrade (§7.8).

use super::head::{Head, KnownName, trim_ows};

static UPGRADE: KnownName = KnownName::new(b"upgrade");

/// The protocol after the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    Tunnel,
    WebSocket,
    /// HTTP/2 in the clear (RFC 7540 §3.2).
    H2c,
    /// RFC 2817.
    Tls,
    Other,
}

impl Switch {
    pub const ALL: [Self; 5] = [Self::Tunnel, Self::WebSocket, Self::H2c, Self::Tls, Self::Other];
    pub const COUNT: usize = Self::ALL.len();

    /// The first token that is known, else `Other`.
    pub fn named_in(head: &Head, bytes: &[u8]) -> Self {
        let fields = head.fields.named(&UPGRADE, bytes);
        for field in fields {
            for token in field.value(bytes).split(|&b| b == b',').map(trim_ows) {
                let name = token.split(|&b| b == b'/').next().unwrap_or_default();
                match name.to_ascii_lowercase().as_slice() {
                    b"websocket" => return Self::WebSocket,
                    b"h2c" => return Self::H2c,
                    b"tls" => return Self::Tls,
                    _ => {}
                }
            }
        }
        Self::Other
    }

    /// True if a client's bytes after such a switch begin with a preface (RFC 7540 §3.5) and never like a request. WebSocket
    /// frames do not either, and yet its token is used for other things.
    pub const fn begins_unlike_http(self) -> bool {
        matches!(self, Self::H2c)
    }

    /// The name of its counter in `stats()`.
    pub const fn counter(self) -> &'static str {
        match self {
            Self::Tunnel => "switchedTunnel",
            Self::WebSocket => "switchedWebSocket",
            Self::H2c => "switchedH2c",
            Self::Tls => "switchedTls",
            Self::Other => "switchedOther",
        }
    }
}
