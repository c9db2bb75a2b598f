//! How an exchange ended whose response never began.

use super::direction::Direction;
use super::http_message::Incomplete;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// Its stream was reset by this side's sender, with this code if that was captured.
    StreamReset { by: Direction, code: Option<&'static str> },
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

    /// Who reset the stream, and why; or how the connection ended.
    pub fn words(self) -> String {
        let (how, code) = match self {
            Self::StreamReset { by: Direction::Request, code } => ("client", code),
            Self::StreamReset { by: Direction::Response, code } => ("server", code),
            Self::Reset => ("reset", None),
            Self::Closed => ("closed", None),
        };
        code.map_or_else(|| how.to_owned(), |code| format!("{how} {code}"))
    }
}
