//! Which exchanges come out: not our own POSTs (`own_posts`), and what `include` and `exclude` say.
//!
//! In: a request's head, later the status code of its answer. Out: show, hide, or not yet. Both halves of an exchange
//! share one decision. Refuses to know connections and encoding.

use super::head::Head;
use super::own_posts::{self, OwnOutput};
use super::verdict::{Mark, RequestVerdict};

/// Rules of `include` and `exclude` together: one bit each in `RequestVerdict`.
pub const MAX_RULES: usize = 63;

/// All parts that are given must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    pub method: Option<String>,
    /// The beginning of the request target, or with `*` in it a pattern for all of it.
    pub path: Option<String>,
    /// A status code's digits, `x` for any: `404`, `5xx`.
    pub status: Option<String>,
    /// A field of the request: its name, and its value unless any will do.
    pub header: Option<(String, Option<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Show,
    Hide,
    /// The answer's status code will tell.
    NotYet,
}

/// The known facts about the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Awaited,
    Status(u16),
    /// There will be none.
    Never,
}

#[derive(Debug, Clone, Default)]
pub struct Selection {
    include: Vec<Rule>,
    exclude: Vec<Rule>,
    outputs: Vec<OwnOutput>,
}

impl Selection {
    /// Rules beyond `MAX_RULES` are ignored; the options are checked before they come here.
    pub fn new(include: &[Rule], exclude: &[Rule]) -> Self {
        let include: Vec<_> = include.iter().take(MAX_RULES).cloned().collect();
        let exclude = exclude.iter().take(MAX_RULES - include.len()).cloned().collect();
        Self { include, exclude, outputs: Vec::new() }
    }

    /// POSTs to these are not shown.
    pub fn without_posts_to(self, outputs: &[OwnOutput]) -> Self {
        Self { outputs: outputs.to_vec(), ..self }
    }

    /// There are no rules: all is shown.
    #[inline]
    pub fn is_of_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    pub fn judge(&self, head: &Head, bytes: &[u8]) -> RequestVerdict {
        let matches = self.rules().filter(|(_, rule)| rule.matches_request(head, bytes));
        let rules = matches.fold(0, |bits, (bit, _)| bits | bit);
        RequestVerdict { rules, mark: own_posts::mark(&self.outputs, head, bytes) }
    }

    /// Judges an exchange whose request was not seen: only rules about the status alone apply.
    pub fn judge_unseen(&self) -> RequestVerdict {
        let matches = self.rules().filter(|(_, rule)| rule.is_about_status_alone());
        RequestVerdict { rules: matches.fold(0, |bits, (bit, _)| bits | bit), mark: Mark::Absent }
    }

    pub fn decide(&self, verdict: RequestVerdict, answer: Answer) -> Decision {
        let included = self.any(&self.include, 0, verdict, answer);
        let excluded = self.any(&self.exclude, self.include.len(), verdict, answer);
        let included = if self.include.is_empty() { Some(true) } else { included };
        match (included, excluded) {
            (Some(false), _) | (_, Some(true)) => Decision::Hide,
            (Some(true), Some(false)) => Decision::Show,
            _ => Decision::NotYet,
        }
    }

    /// True if any of `rules` matches; `None` while that depends on the answer.
    #[inline]
    fn any(&self, rules: &[Rule], first_bit: usize, verdict: RequestVerdict, answer: Answer) -> Option<bool> {
        let mut open = false;
        for (index, rule) in rules.iter().enumerate() {
            if verdict.rules & (1 << (first_bit + index)) == 0 {
                continue;
            }
            match (&rule.status, answer) {
                (None, _) => return Some(true),
                (Some(status), Answer::Status(code)) if status_matches(status, code) => return Some(true),
                (Some(_), Answer::Awaited) => open = true,
                _ => {}
            }
        }
        if open { None } else { Some(false) }
    }

    fn rules(&self) -> impl Iterator<Item = (u64, &Rule)> {
        self.include.iter().chain(&self.exclude).enumerate().map(|(index, rule)| (1 << index, rule))
    }
}

impl Rule {
    fn is_about_status_alone(&self) -> bool {
        self.method.is_none() && self.path.is_none() && self.header.is_none()
    }

    fn matches_request(&self, head: &Head, bytes: &[u8]) -> bool {
        self.method.as_ref().is_none_or(|method| head.method(bytes).eq_ignore_ascii_case(method.as_bytes()))
            && self.path.as_ref().is_none_or(|path| path_matches(path.as_bytes(), head.target(bytes)))
            && self.header.as_ref().is_none_or(|(name, value)| {
                head.fields
                    .iter()
                    .filter(|field| field.is_named(name.as_bytes(), bytes))
                    .any(|field| value.as_ref().is_none_or(|value| *field.value(bytes) == *value.as_bytes()))
            })
    }
}

fn status_matches(pattern: &str, code: u16) -> bool {
    let code = code.to_string();
    pattern.len() == code.len()
        && pattern.bytes().zip(code.bytes()).all(|(p, c)| p.eq_ignore_ascii_case(&b'x') || p == c)
}

/// Without `*` the beginning of the target; with it the whole, where `*` stands for any number of characters.
fn path_matches(pattern: &[u8], target: &[u8]) -> bool {
    let mut parts = pattern.split(|&b| b == b'*');
    let Some(mut rest) = parts.next().and_then(|first| target.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return true;
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The leftmost place is as good as any: what follows has the more room.
        let Some(at) = memchr::memmem::find(rest, part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (pattern, target, matches) in [
            ("/api", "/api/x?y", true),
            ("/api", "/ap", false),
            ("/api/*", "/api/x", true),
            ("/api/*/edit", "/api/7/edit", true),
            ("/api/*/edit", "/api/7/edit/x", false),
            ("*.png", "/a/b.png", true),
            ("*.png", "/a/b.png?x", false),
            ("/a*b*a", "/aba", true),
            ("/a*b*a", "/ab", false),
            ("*", "/", true),
            ("", "/", true),
        ] {
            assert_eq!(path_matches(pattern.as_bytes(), target.as_bytes()), matches, "{pattern} {target}");
        }
    }

    #[test]
    fn statuses() {
        for (pattern, code, matches) in
            [("5xx", 503, true), ("5XX", 404, false), ("404", 404, true), ("40x", 404, true)]
        {
            assert_eq!(status_matches(pattern, code), matches, "{pattern} {code}");
        }
    }

    #[test]
    fn what_depends_on_the_status_waits_for_it() {
        let rule = |path: &str, status: Option<&str>| Rule {
            path: Some(path.into()),
            status: status.map(Into::into),
            ..Rule::default()
        };
        use Answer::{Awaited, Never, Status};
        use Decision::{Hide, NotYet, Show};
        // The rules, which of them the request matches, what is known of the answer, the decision.
        type Case<'a> = (&'a [Rule], &'a [Rule], u64, Answer, Decision);
        let cases: [Case<'_>; 11] = [
            (&[], &[], 0, Awaited, Show),
            (&[rule("/", None)], &[], 0, Awaited, Hide),
            (&[rule("/", None)], &[], 1, Awaited, Show),
            (&[rule("/", Some("5xx"))], &[], 1, Awaited, NotYet),
            (&[rule("/", Some("5xx"))], &[], 0, Awaited, Hide),
            (&[rule("/", Some("5xx"))], &[], 1, Status(500), Show),
            (&[rule("/", Some("5xx"))], &[], 1, Status(200), Hide),
            (&[rule("/", Some("5xx"))], &[], 1, Never, Hide),
            (&[], &[rule("/", Some("2xx"))], 1, Awaited, NotYet),
            (&[], &[rule("/", Some("2xx"))], 1, Never, Show),
            (&[rule("/", None)], &[rule("/", None)], 3, Awaited, Hide),
        ];
        for (include, exclude, bits, answer, decision) in cases {
            let selection = Selection::new(include, exclude);
            assert_eq!(
                selection.decide(RequestVerdict { rules: bits, mark: Mark::Absent }, answer),
                decision,
                "{include:?} {exclude:?} {bits} {answer:?}"
            );
        }
    }
}
