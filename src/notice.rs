//! The engine's log lines, which it writes besides messages: limited in rate, never a body, never a secret.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::time::Timestamp;

/// Lines of one kind in one window; what is more is counted and the count is told with the next line of that kind.
const MAX_PER_WINDOW: u32 = 10;
const WINDOW_MS: u64 = 10_000;
/// Lines that wait to be taken; past it they are counted as held back too.
const MAX_WAITING: usize = 256;
/// Lines that were said once and are not said again; past it the first of them may be.
const MAX_SAID: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
}

/// A line for the log. `fields` become top-level fields of the JSON log line.
#[derive(Debug, Clone)]
pub struct Notice {
    pub at: Timestamp,
    pub level: Level,
    /// Stable kebab-case name, e.g. `connection-evicted`.
    pub kind: &'static str,
    pub message: String,
    pub fields: Vec<(&'static str, String)>,
}

/// The rate of lines is limited for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Evicted,
    Gap,
    NotHttp,
    Malformed,
    MemoryLimit,
    Unread,
    Mptcp,
    NatCopy,
    Relay,
    FalselyMarked,
    TlsUnread,
    UnknownLinkType,
}

impl Kind {
    const COUNT: usize = Self::UnknownLinkType as usize + 1;

    const fn name(self) -> &'static str {
        match self {
            Self::Evicted => "connection-evicted",
            Self::Gap => "gap",
            Self::NotHttp => "not-http",
            Self::Malformed => "malformed",
            Self::MemoryLimit => "memory-limit",
            Self::Unread => "unread",
            Self::Mptcp => "mptcp",
            Self::NatCopy => "nat-copy",
            Self::Relay => "relay",
            Self::FalselyMarked => "falsely-marked",
            Self::TlsUnread => "tls-unread",
            Self::UnknownLinkType => "unknown-link-type",
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Window {
    began: Option<Timestamp>,
    said: u32,
    held_back: u64,
}

#[derive(Debug, Default)]
pub struct Notices {
    waiting: VecDeque<Notice>,
    windows: [Window; Kind::COUNT],
    /// Hashes of their kind and of what they are about.
    said: VecDeque<u64>,
    pub held_back: u64,
}

impl Notices {
    /// Says a line, unless too many of its kind were said lately: it returns false then. `write` is called only if it is said.
    #[cold]
    pub fn warn(
        &mut self,
        at: Timestamp,
        kind: Kind,
        write: impl FnOnce() -> (String, Vec<(&'static str, String)>),
    ) -> bool {
        let full = self.waiting.len() >= MAX_WAITING;
        let Some(window) = self.windows.get_mut(kind as usize) else { return false };
        if window.began.is_none_or(|began| began.plus_millis(WINDOW_MS) <= at) {
            window.began = Some(at);
            window.said = 0;
        }
        if full || window.said >= MAX_PER_WINDOW {
            window.held_back += 1;
            self.held_back += 1;
            return false;
        }
        window.said += 1;
        let (message, mut fields) = write();
        let held_back = std::mem::take(&mut window.held_back);
        if held_back > 0 {
            fields.push(("heldBack", held_back.to_string()));
        }
        self.waiting.push_back(Notice { at, level: Level::Warn, kind: kind.name(), message, fields });
        true
    }

    /// Says a line once for each thing that it is about.
    #[cold]
    pub fn warn_once(
        &mut self,
        at: Timestamp,
        kind: Kind,
        about: &impl Hash,
        write: impl FnOnce() -> (String, Vec<(&'static str, String)>),
    ) {
        let mut hasher = DefaultHasher::new();
        (kind as usize).hash(&mut hasher);
        about.hash(&mut hasher);
        let key = hasher.finish();
        if !self.said.contains(&key) && self.warn(at, kind, write) {
            if self.said.len() >= MAX_SAID {
                self.said.pop_front();
            }
            self.said.push_back(key);
        }
    }

    pub fn take(&mut self) -> Vec<Notice> {
        self.waiting.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_held_back_and_counted() {
        let mut notices = Notices::default();
        let at = Timestamp::from_micros(1);
        let say = |notices: &mut Notices, at, kind| {
            notices.warn(at, kind, || ("text".into(), Vec::new()));
        };
        (0..100).for_each(|_| say(&mut notices, at, Kind::Gap));
        say(&mut notices, at, Kind::Evicted);
        assert_eq!(notices.take().len(), MAX_PER_WINDOW as usize + 1);
        say(&mut notices, at.plus_millis(WINDOW_MS), Kind::Gap);
        let after = notices.take();
        assert_eq!(after[0].fields, [("heldBack", "90".to_owned())]);
        assert_eq!(notices.held_back, 90);
    }

    #[test]
    fn what_is_said_once_is_said_again_only_after_many_others() {
        let mut notices = Notices::default();
        let mut now = Timestamp::from_micros(1);
        let mut lines = |about: usize| {
            now = now.plus_millis(WINDOW_MS);
            notices.warn_once(now, Kind::NotHttp, &about, || ("text".into(), Vec::new()));
            notices.take().len()
        };
        assert_eq!([lines(0), lines(0), lines(1), lines(0)], [1, 0, 1, 0]);
        assert_eq!((2..=MAX_SAID).map(&mut lines).sum::<usize>(), MAX_SAID - 1);
        assert_eq!([lines(1), lines(0), lines(1)], [0, 1, 1]);
    }

    #[test]
    fn what_was_held_back_was_not_said() {
        let mut notices = Notices::default();
        let at = Timestamp::from_micros(1);
        let say = |notices: &mut Notices, at, about: usize| {
            notices.warn_once(at, Kind::NotHttp, &about, || ("text".into(), Vec::new()));
        };
        (0..=MAX_PER_WINDOW as usize).for_each(|about| say(&mut notices, at, about));
        assert_eq!(notices.take().len(), MAX_PER_WINDOW as usize);
        say(&mut notices, at.plus_millis(WINDOW_MS), MAX_PER_WINDOW as usize);
        assert_eq!(notices.take().len(), 1);
    }
}
