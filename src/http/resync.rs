//! Finding the way back: where, after a loss or at a midstream pickup, a message begins.

use super::Direction;
use super::exchange::{Exchanges, Turn};
use super::head::{check_start_line, find_end, is_token};
use super::stream::Stream;
use crate::flow::{DataMeta, Position};

/// No method is longer; what has no space by then is no request line.
const MAX_METHOD_BYTES: usize = 64;
/// None is shorter in the registry of RFC 9110 §18.2 (ACL, GET, PUT).
const MIN_METHOD_BYTES: usize = 3;
/// RFC 9110 §9.3 and RFC 5789. None is the end of another one.
const COMMON_METHODS: [&[u8]; 9] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];
/// An unseen answer no longer than this may be a 100 (Continue), and what follows it a body.
const MAX_CONTINUE_BYTES: u64 = 64;

/// What one stream has to know of the other to find its way back after a loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opposite {
    pub untouched: bool,
    pub lost: bool,
    pub in_message: bool,
    pub last_heard: Option<Position>,
    /// The end of what it said.
    pub position: Position,
    pub last_was_interim: bool,
    /// It waits for the answer to a request to leave HTTP/1.x: what the other side sends may be HTTP no more.
    pub holds: bool,
}

impl Opposite {
    /// How a request that starts there stands to what the server has said; `rested`: nobody had said anything for a while.
    pub fn turn_at(&self, meta: DataMeta, rested: bool) -> Turn {
        let follows = self.untouched || (!self.lost && !self.in_message && meta.heard >= self.position);
        match (follows, rested) {
            (false, _) => Turn::Overlaps,
            (true, false) => Turn::Follows,
            (true, true) => Turn::Rested,
        }
    }
}

impl Stream {
    /// Whether these bytes, met while not in step, can only be the beginning of a message.
    ///
    /// Body text may hold anything, so what the bytes look like is not enough. A message of a client that does not
    /// pipeline starts exactly where the other side had heard everything when it last spoke, and that other side is not
    /// in the middle of a message then. A server whose client is lost too may begin there all the same; a client may not:
    /// what it heard may have been a 100 (Continue), and these bytes a body. Where the other side was not captured at all,
    /// it must have spoken in between. The first bytes ever seen of a stream are given the benefit of the doubt.
    pub fn may_begin_here(&self, bytes: &[u8], meta: DataMeta, opposite: Opposite, exchanges: &Exchanges) -> bool {
        if !may_be_start(self.direction, bytes) {
            return false;
        }
        // Each has heard all that the other had said.
        let on_turn = opposite.last_heard == Some(meta.position) && meta.heard >= opposite.position;
        match self.direction {
            _ if self.untouched => meta.segment_start || on_turn,
            Direction::Request if opposite.untouched => self.was_answered_unseen(bytes, meta, opposite),
            Direction::Request => on_turn && !opposite.lost && !opposite.in_message && !opposite.last_was_interim,
            Direction::Response if exchanges.expects_answer_at(meta) => true,
            Direction::Response if opposite.holds => false,
            Direction::Response if opposite.untouched || opposite.lost => {
                on_turn || self.was_answered_unseen(bytes, meta, opposite)
            }
            Direction::Response => on_turn && !exchanges.is_in_step_and_idle(),
        }
    }

    /// The other side, of which nothing is known, has spoken since the last bytes of this one. When bytes were lost since,
    /// these may be the rest of what began there: only where the other side is not captured at all, and nothing better
    /// can be had, a whole head is believed then.
    fn was_answered_unseen(&self, bytes: &[u8], meta: DataMeta, opposite: Opposite) -> bool {
        let least = match self.direction {
            Direction::Request => MAX_CONTINUE_BYTES,
            Direction::Response => 0,
        };
        meta.segment_start
            && self.last_heard.is_some_and(|heard| meta.heard > heard + least)
            && (!self.lost_since
                || (opposite.untouched && find_end(bytes, 0).is_some() && has_whole_start(self.direction, bytes)))
    }
}

/// A method may have lost its first letters; a common one has not. A status line begins the same way always.
fn has_whole_start(direction: Direction, bytes: &[u8]) -> bool {
    let method = bytes.split(|&b| b == b' ').next().unwrap_or_default();
    direction == Direction::Response || COMMON_METHODS.contains(&method)
}

/// A common method that has lost its first letters, or stands behind the end of a body.
pub(super) fn is_cut_or_glued(method: &[u8]) -> bool {
    !COMMON_METHODS.contains(&method)
        && COMMON_METHODS.iter().any(|common| common.ends_with(method) || method.ends_with(common))
}

/// The same for bytes met while not in step, where a start line is asked to be one that nobody doubts.
pub(super) fn may_be_start(direction: Direction, bytes: &[u8]) -> bool {
    looks_like_start(direction, bytes)
        && check_start_line(direction, bytes).is_ok()
        && (direction == Direction::Response || has_common_form(bytes))
}

/// A method in capitals and a target of one word in a form of RFC 9112 §3.2, as far as the bytes go: prose, log lines and
/// numbers have others.
pub(super) fn has_common_form(bytes: &[u8]) -> bool {
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let mut words = line.strip_suffix(b"\r").unwrap_or(line).split(|&b| b == b' ');
    let method = words.next().unwrap_or_default();
    let Some(target) = words.next() else { return is_capital(method) };
    let version = words.next();
    let has_form = match target {
        [] => version.is_none(),
        [b'/' | b'*', ..] => true,
        _ if method == b"CONNECT" => true,
        // A scheme, of which the rest may still come.
        _ => target.windows(3).any(|three| three == b"://") || (version.is_none() && !target.contains(&b'.')),
    };
    is_capital(method)
        && method.len() >= MIN_METHOD_BYTES
        && has_form
        && version.unwrap_or_default().iter().zip(b"HTTP/").all(|(a, b)| a == b)
        && words.next().is_none()
}

fn is_capital(method: &[u8]) -> bool {
    method.first().is_some_and(u8::is_ascii_uppercase)
        && method.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'))
}

/// Whether bytes can be the beginning of a start line, as far as they go.
pub(super) fn looks_like_start(direction: Direction, bytes: &[u8]) -> bool {
    match direction {
        Direction::Request => match bytes.iter().take(MAX_METHOD_BYTES).position(|&b| !is_token(b)) {
            Some(end) => end > 0 && bytes.get(end) == Some(&b' ') && !bytes.starts_with(b"HTTP/"),
            None => bytes.len() < MAX_METHOD_BYTES,
        },
        Direction::Response => {
            bytes.starts_with(b"HTTP/1.") || {
                let form = b"HTTP/0.0 000".iter().zip(bytes);
                form.into_iter().all(|(form, byte)| form == byte || *form == b'0' && byte.is_ascii_digit())
            }
        }
    }
}
