//! Lines of one connection that wait for a decision: a rule asks for the status code of an answer that is still to come.

use std::collections::VecDeque;

use crate::batch::Line;
use crate::message::own_posts;
use crate::message::selection::{Answer, Decision, Selection};
use crate::message::{Direction, HttpMessage, Mark, RequestVerdict, StartLine, StreamOf};

/// Decisions kept for requests that are still uploaded while their answer is already there.
const MAX_EARLY_DECISIONS: usize = 16;

/// POSTs of our own that wait for their answer: a connection of ours carries one at a time, a proxy's may carry some.
const MAX_OWN_EXCHANGES: usize = 64;

/// Lines that wait: more exchanges than this cannot be outstanding with their requests known, so the oldest waits in vain.
const MAX_LINES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct PendingLines {
    lines: VecDeque<Waiting>,
    bytes: usize,
    /// Exchanges whose answer came before their request was complete, and whether they are shown.
    early: Vec<(u32, bool)>,
    /// Our own POSTs whose final answer has not come, the oldest first.
    own: VecDeque<u32>,
    carries: Carries,
}

/// The requests of a connection so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Carries {
    #[default]
    Nothing,
    /// Our own POSTs and nothing else: a response whose request was not seen is taken for an answer to another.
    OwnPosts,
    /// Requests of others.
    Others,
}

#[derive(Debug)]
struct Waiting {
    exchange: u32,
    /// It is the request itself, and not a message inside of it.
    is_request: bool,
    verdict: RequestVerdict,
    line: Line,
}

impl Waiting {
    fn cost(&self) -> usize {
        self.line.text.capacity() + size_of::<Self>()
    }

    /// The line, if it is shown without an answer.
    fn unanswered(self, selection: &Selection) -> Option<Line> {
        (selection.decide(self.verdict, Answer::Never) == Decision::Show).then_some(self.line)
    }
}

/// The decision on a message.
#[derive(Debug)]
pub(super) enum MessageVerdict {
    /// Show it, after these lines of its exchange.
    Show(Vec<Line>),
    /// Hide it, with so many lines of its exchange that waited.
    Hide {
        own: bool,
        waited: u64,
    },
    Wait(RequestVerdict),
}

impl PendingLines {
    pub fn decide(&mut self, selection: &Selection, message: &HttpMessage<'_>, server_port: u16) -> MessageVerdict {
        if self.is_own(message, server_port) {
            return MessageVerdict::Hide { own: true, waited: 0 };
        }
        if selection.is_of_all() {
            return MessageVerdict::Show(Vec::new());
        }
        let verdict = if message.request_seen { message.verdict } else { selection.judge_unseen() };
        let (answer, is_final) = match message.head.start {
            StartLine::Status { code, .. } if !is_interim(message) => (Answer::Status(code), true),
            _ => (Answer::Awaited, false),
        };
        match selection.decide(verdict, answer) {
            Decision::NotYet => self.decided_early(message, verdict),
            // The same was decided for all of its exchange, unless the answer was needed.
            decision if !is_final || selection.decide(verdict, Answer::Awaited) == decision => {
                verdict_of(decision, Vec::new())
            }
            decision => {
                let has_request = self.lines.iter().any(|line| line.exchange == message.exchange && line.is_request);
                let waited = self.take(|waiting| waiting.exchange == message.exchange);
                if !has_request && self.early.len() < MAX_EARLY_DECISIONS {
                    self.early.push((message.exchange, decision == Decision::Show));
                }
                verdict_of(decision, waited)
            }
        }
    }

    /// The same for a message inside a stream.
    pub fn decide_inside(&mut self, selection: &Selection, of: StreamOf, server_port: u16) -> MessageVerdict {
        if of.verdict.mark == (Mark::Address { port: server_port }) || self.own.contains(&of.exchange) {
            return MessageVerdict::Hide { own: true, waited: 0 };
        }
        if selection.is_of_all() {
            return MessageVerdict::Show(Vec::new());
        }
        let verdict = if of.request_seen { of.verdict } else { selection.judge_unseen() };
        let answer = of.status.map_or(Answer::Awaited, Answer::Status);
        match selection.decide(verdict, answer) {
            // Its answer is over, and the request is not.
            Decision::NotYet => match self.early.iter().find(|(exchange, _)| *exchange == of.exchange) {
                Some((_, shown)) => verdict_of(if *shown { Decision::Show } else { Decision::Hide }, Vec::new()),
                None => MessageVerdict::Wait(verdict),
            },
            // The same was decided for those before it, unless the answer was needed.
            decision if selection.decide(verdict, Answer::Awaited) == decision => verdict_of(decision, Vec::new()),
            // The answer itself comes later, and the request waits for that.
            decision => {
                verdict_of(decision, self.take(|waiting| waiting.exchange == of.exchange && !waiting.is_request))
            }
        }
    }

    /// True if a request that never gets a response is shown.
    pub fn shows_unanswered(
        &self,
        selection: &Selection,
        exchange: u32,
        verdict: RequestVerdict,
        server_port: u16,
    ) -> bool {
        let is_own = verdict.mark == (Mark::Address { port: server_port }) || self.own.contains(&exchange);
        !is_own && selection.decide(verdict, Answer::Never) == Decision::Show
    }

    /// Puts a line aside. A line that has waited too long makes room: `None` in its place if it is not shown.
    pub fn wait(
        &mut self,
        selection: &Selection,
        (exchange, is_request): (u32, bool),
        verdict: RequestVerdict,
        line: Line,
    ) -> Option<Option<Line>> {
        let waiting = Waiting { exchange, is_request, verdict, line };
        self.bytes += waiting.cost();
        self.lines.push_back(waiting);
        if self.lines.len() <= MAX_LINES {
            return None;
        }
        // Requests are the last to go: of messages inside a stream there may be any number.
        let index = self.lines.iter().position(|waiting| !waiting.is_request).unwrap_or_default();
        let oldest = self.lines.remove(index)?;
        self.bytes -= oldest.cost();
        Some(oldest.unanswered(selection))
    }

    /// No answer will come: what is shown of what waited, and how many lines are not.
    pub fn finish(&mut self, selection: &Selection) -> (Vec<Line>, u64) {
        self.bytes = 0;
        let lines = std::mem::take(&mut self.lines);
        let all = lines.len() as u64;
        let shown: Vec<_> = lines.into_iter().filter_map(|line| line.unanswered(selection)).collect();
        let hidden = all - shown.len() as u64;
        (shown, hidden)
    }

    pub fn buffered_bytes(&self) -> usize {
        self.bytes
    }

    /// Belongs to a POST of our own.
    fn is_own(&mut self, message: &HttpMessage<'_>, server_port: u16) -> bool {
        if !message.request_seen {
            return self.carries == Carries::OwnPosts;
        }
        let mark = message.verdict.mark;
        let addressed = mark == Mark::Address { port: server_port };
        if message.direction == Direction::Request {
            let on_path = matches!(mark, Mark::Path | Mark::Address { .. });
            let own = addressed || on_path && own_posts::is_sealed(message);
            if !own {
                self.carries = Carries::Others;
                return false;
            }
            if self.carries == Carries::Nothing {
                self.carries = Carries::OwnPosts;
            }
            if self.own.len() >= MAX_OWN_EXCHANGES {
                self.own.pop_front();
            }
            self.own.push_back(message.exchange);
            return true;
        }
        let Some(index) = self.own.iter().position(|&exchange| exchange == message.exchange) else { return addressed };
        if !is_interim(message) {
            self.own.remove(index);
        }
        true
    }

    fn decided_early(&mut self, message: &HttpMessage<'_>, verdict: RequestVerdict) -> MessageVerdict {
        let index = self.early.iter().position(|(exchange, _)| *exchange == message.exchange);
        match index.filter(|_| message.direction == Direction::Request) {
            Some(index) => {
                let (_, shown) = self.early.remove(index);
                verdict_of(if shown { Decision::Show } else { Decision::Hide }, Vec::new())
            }
            None => MessageVerdict::Wait(verdict),
        }
    }

    fn take(&mut self, is_taken: impl Fn(&Waiting) -> bool) -> Vec<Line> {
        let mut taken = Vec::new();
        self.lines.retain_mut(|waiting| {
            let take = is_taken(waiting);
            if take {
                self.bytes -= waiting.cost();
                taken.push(std::mem::take(&mut waiting.line));
            }
            !take
        });
        taken
    }
}

pub(super) fn is_interim(message: &HttpMessage<'_>) -> bool {
    matches!(message.head.start, StartLine::Status { code: 100 | 102..=199, .. })
}

fn verdict_of(decision: Decision, waited: Vec<Line>) -> MessageVerdict {
    match decision {
        Decision::Show | Decision::NotYet => MessageVerdict::Show(waited),
        Decision::Hide => MessageVerdict::Hide { own: false, waited: waited.len() as u64 },
    }
}
