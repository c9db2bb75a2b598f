//! How an exchange ended whose response never began.

use super::direction::Direction;
use super::http_message::Incomplete;
use crate::time::Timestamp;

/// Which side ended the connection first, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub by: Direction,
    pub at: Timestamp,
    pub by_reset: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// Its stream was reset by this side's sender, with this code if that was captured.
    StreamReset { by: Direction, code: Option<&'static str>, at: Timestamp },
    /// Its connection was reset.
    Reset,
    /// Its connection was closed.
    Closed,
}

impl Unanswered {
    /// By what a message is said to be incomplete of at the end of its connection; `None` if that went on, as far as is known.
    pub fn of_connection(ending: Incomplete) -> Option<Self> {
        match ending {
            Incomplete::Closed => Some(Self::Closed),
            Incomplete::Reset => Some(Self::Reset),
            _ => None,
        }
    }

    /// Who reset the stream, and why; or how the connection ended, and by whom. After an `@` when that was, in µs.
    pub fn words(self, connection: Option<Ended>) -> String {
        let (how, more, at) = match (self, connection) {
            (Self::StreamReset { by, code, at }, _) => (name(by), code, Some(at)),
            (_, Some(Ended { by, at, by_reset: true })) => ("reset", Some(name(by)), Some(at)),
            (_, Some(Ended { by, at, by_reset: false })) => ("closed", Some(name(by)), Some(at)),
            (Self::Reset, None) => ("reset", None, None),
            (Self::Closed, None) => ("closed", None, None),
        };
        let mut words = how.to_owned();
        if let Some(more) = more {
            words.extend([" ", more]);
        }
        if let Some(at) = at.filter(|at| at.is_known()) {
            words.push('@');
            words.push_str(&at.micros().to_string());
        }
        words
    }
}

fn name(side: Direction) -> &'static str {
    match side {
        Direction::Request => "client",
        Direction::Response => "server",
    }
}
