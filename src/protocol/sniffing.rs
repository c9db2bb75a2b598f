//! Which side of a connection serves, by its ports, its SYN and the first bytes of each side.

use super::http1::{Parsed, check_start_line, looks_like_start, may_be_start};
use super::http2::PREFACE;
use crate::flow::{DataMeta, Position, Side};
use crate::message::Direction;

/// Which side is the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parties {
    /// Nothing was seen yet that contradicts what ports and SYN say.
    Expected {
        server: Side,
        initiator: Option<Side>,
    },
    Server(Side),
    /// Ports and SYN do not tell; the first message will. `acked` is how far each side had received when it last sent bytes
    /// that were not a message.
    Undecided {
        acked: [Option<Position>; 2],
    },
}

impl Parties {
    pub const UNDECIDED: Self = Self::Undecided { acked: [None; 2] };

    /// The server's side, if it is known.
    #[inline]
    pub fn server(&self) -> Option<Side> {
        match *self {
            Self::Server(side) | Self::Expected { server: side, .. } => Some(side),
            Self::Undecided { .. } => None,
        }
    }

    /// While it is not known who serves: what `side` says may tell.
    pub(super) fn listen(&mut self, side: Side, bytes: &[u8], meta: DataMeta) {
        let Self::Undecided { acked: [low, high] } = self else { return };
        let acked = match side {
            Side::Low => low,
            Side::High => high,
        };
        // As at any pickup: a side's first bytes, or else the other side has to have spoken since.
        let turn = acked.is_none_or(|acked| meta.acked > acked);
        *acked = (*acked).max(Some(meta.acked));
        let answers = bytes.len() >= 8 && looks_like_start(Direction::Response, bytes);
        let asks = bytes.starts_with(PREFACE) || bytes.contains(&b' ') && may_be_start(Direction::Request, bytes);
        if turn && (answers || asks) {
            *self = Self::Server(if answers { side } else { side.other() });
        }
    }
}

/// A fact that a side's first bytes may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// The handshake with a proxy comes first.
    Socks,
    /// The supposed server asks: it is the client.
    Asks,
}

/// Returns a fact that the first bytes of `side` show and that contradicts ports and SYN.
#[inline]
pub(super) fn reconsider(server: Side, initiator: Option<Side>, side: Side, bytes: &[u8]) -> Option<Finding> {
    if is_socks(bytes) {
        return Some(Finding::Socks);
    }
    if side != server || !looks_like_start(Direction::Request, bytes) {
        return None;
    }
    // The preface of HTTP/2, in one piece as it is always sent.
    let asks = bytes.starts_with(PREFACE)
        || match check_start_line(Direction::Request, bytes) {
            Ok(Parsed::Complete(_)) => true,
            Ok(Parsed::Partial) => initiator == Some(side),
            Err(_) => false,
        };
    asks.then_some(Finding::Asks)
}

/// A client's first bytes to a SOCKS proxy (RFC 1928 §3, and version 4).
fn is_socks(bytes: &[u8]) -> bool {
    match bytes {
        [5, count, methods @ ..] => *count > 0 && methods.len() == usize::from(*count),
        [4, 1 | 2, rest @ ..] => rest.len() >= 7 && rest.last() == Some(&0),
        _ => false,
    }
}
