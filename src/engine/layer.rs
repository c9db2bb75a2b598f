//! The kind of a connection's first bytes, and the state that is kept if they are TLS.

use crate::flow::{DataMeta, Side, StreamEvent};
use crate::protocol::Prefix;
use crate::tls::{self, TlsConnection, looks_begun};

/// The kind of a connection's bytes, if there may be keys of TLS.
#[derive(Debug)]
pub(super) enum Layer {
    /// Nothing was said yet, or so little that it may become a proxy's prefix or a ClientHello.
    Undecided(Option<Box<Beginning>>),
    Plain,
    Tls(Box<Secure>),
}

impl Default for Layer {
    fn default() -> Self {
        Self::Undecided(None)
    }
}

/// The bytes that came before it is known what they are.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    /// Bytes that each side lost before its first bytes.
    lost: [Option<u64>; 2],
    pub kept: Option<Kept>,
}

/// The first bytes of a side.
#[derive(Debug)]
pub(super) struct Kept {
    pub side: Side,
    pub bytes: Vec<u8>,
    pub first: DataMeta,
}

impl Beginning {
    pub fn lose(&mut self, side: Side, len: u64) {
        let [low, high] = &mut self.lost;
        let lost = match side {
            Side::Low => low,
            Side::High => high,
        };
        *lost = Some(lost.unwrap_or_default().saturating_add(len));
    }

    /// The losses as they have to be handed on, before the bytes.
    pub fn gaps(&self) -> impl Iterator<Item = (Side, StreamEvent<'static>)> {
        let of = |(side, lost): (Side, Option<u64>)| lost.map(|len| (side, StreamEvent::Gap { len }));
        Side::BOTH.into_iter().zip(self.lost).filter_map(of)
    }
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
        match tls::beginning(rest) {
            tls::Beginning::ClientHello => Self::Tls(prefix),
            tls::Beginning::Partial => Self::More,
            tls::Beginning::Other if prefix == 0 && looks_begun(rest) => Self::Tls(0),
            tls::Beginning::Other => Self::Plain,
        }
    }
}

impl Layer {
    pub fn buffered_bytes(&self) -> usize {
        match self {
            Self::Undecided(None) | Self::Plain => 0,
            Self::Undecided(Some(beginning)) => {
                size_of::<Beginning>() + beginning.kept.as_ref().map_or(0, |kept| kept.bytes.capacity())
            }
            Self::Tls(secure) => size_of::<Secure>() + secure.connection.buffered_bytes(),
        }
    }

    /// It holds records back until their secrets come.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Self::Tls(secure) if secure.connection.is_waiting())
    }
}
