//! The kind of a connection's first bytes, and the state that is kept if they are TLS.

use crate::flow::{DataMeta, Side};
use crate::protocol::Prefix;
use crate::tls::{Beginning, TlsConnection, beginning, looks_encrypted};

/// The kind of a connection's bytes, if there may be keys of TLS.
#[derive(Debug)]
pub(super) enum Layer {
    /// Nothing was said yet, or so little that it may become a proxy's prefix or a ClientHello.
    Undecided(Option<Box<Kept>>),
    Plain,
    Tls(Box<Secure>),
}

impl Default for Layer {
    fn default() -> Self {
        Self::Undecided(None)
    }
}

/// The first bytes of a side.
#[derive(Debug)]
pub(super) struct Kept {
    pub side: Side,
    pub bytes: Vec<u8>,
    pub first: DataMeta,
}

#[derive(Debug, Default)]
pub(super) struct Secure {
    pub connection: TlsConnection,
    /// Randoms by which arriving secrets find this connection.
    pub watched: usize,
    /// That records are not read was said.
    pub said_unread: bool,
}

/// The kind of a side's first bytes.
pub(super) enum Opening {
    More,
    Plain,
    /// After so many bytes of a proxy's prefix.
    Tls(usize),
}

impl Opening {
    pub fn of(bytes: &[u8]) -> Self {
        let prefix = match Prefix::of(bytes) {
            Prefix::Partial => return Self::More,
            Prefix::Complete(length, _) => length,
            Prefix::Absent => 0,
        };
        let rest = bytes.get(prefix..).unwrap_or_default();
        match beginning(rest) {
            Beginning::ClientHello => Self::Tls(prefix),
            Beginning::Partial => Self::More,
            Beginning::Other if prefix == 0 && looks_encrypted(rest) => Self::Tls(0),
            Beginning::Other => Self::Plain,
        }
    }
}

impl Layer {
    pub fn buffered_bytes(&self) -> usize {
        match self {
            Self::Undecided(None) | Self::Plain => 0,
            Self::Undecided(Some(kept)) => kept.bytes.capacity() + size_of::<Kept>(),
            Self::Tls(secure) => size_of::<Secure>() + secure.connection.buffered_bytes(),
        }
    }

    /// It holds records back until their secrets come.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::Tls(secure) if secure.connection.is_waiting())
    }
}
