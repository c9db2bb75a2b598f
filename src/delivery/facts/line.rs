//! The values of a line that statistics need. In: a line of the encoder, without its line feed. Out: those values, as they stand in it.
//! Refuses to know: batches, what is counted.
//!
//! Members are read in the order in which `encode` writes them, and each byte between the values is compared. A line that is any other
//! way is not read here. Within a string a quote is escaped, so that `,"bodySize":` stands in no body and in no head.

use memchr::memchr2;
use memchr::memmem::Finder;

const BODY_SIZE: &[u8; 12] = b",\"bodySize\":";
const NO_BODY: &[u8] = b",\"body\":\"\",\"bodySize\":0}";
const HOST: &[u8; 8] = b"\"host\":\"";
/// How a message may have ended; the receiver has the same list.
const INCOMPLETE: [&[u8]; 7] = [b"stopped", b"evicted", b"gap", b"timeout", b"malformed", b"closed", b"reset"];
/// A double has all whole numbers of so many digits.
const MAX_DIGITS: usize = 15;
const POWERS_OF_TEN: [f64; MAX_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
const DAY_MS: i64 = 86_400_000;

/// The question: of a request all of it, of a response what it says of its request. Empty: it does not say that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub method: &'a [u8],
    pub path: &'a [u8],
    pub host: Option<&'a [u8]>,
}

/// Times that are not known are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Facts<'a> {
    pub connection: u64,
    pub exchange: u64,
    /// Since the epoch.
    pub at_ms: f64,
    pub is_request: bool,
    /// The JSON of the two endpoints.
    pub peers: &'a [u8],
    /// Of a response: `None` if it does not say what it answers.
    pub target: Option<Target<'a>>,
    /// 0 if it has none.
    pub status: u16,
    pub body_size: f64,
    /// From 1 on, of `INCOMPLETE`; 0 if it ended as it should.
    pub incomplete: u8,
    pub latency_ms: f64,
    pub wait_ms: f64,
    pub duration_ms: f64,
}

/// Reads lines; what it looks for in them is made ready once.
#[derive(Debug)]
pub(super) struct Reader {
    body_size: Finder<'static>,
    host: Finder<'static>,
    second: Second,
}

/// Most messages are of the same second as the one before.
#[derive(Debug, Default)]
struct Second {
    text: [u8; 19],
    ms: i64,
}

impl Default for Reader {
    fn default() -> Self {
        Self { body_size: Finder::new(BODY_SIZE), host: Finder::new(HOST), second: Second::default() }
    }
}

impl Reader {
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<Facts<'a>> {
        let mut cursor = Cursor { rest: line };
        cursor.pass(b"{\"id\":\"")?;
        let connection = cursor.number()?;
        cursor.pass(b".")?;
        let exchange = cursor.number()?;
        cursor.pass(b"\",\"timestamp\":\"")?;
        let at_ms = cursor.time(&mut self.second)?;
        cursor.pass(b"\",\"direction\":\"re")?;
        let is_request = cursor.has(b"quest\",\"receiver\":");
        if !is_request {
            cursor.pass(b"sponse\",\"receiver\":")?;
        }
        let peers = cursor.peers()?;
        let has_no_body = cursor.rest.ends_with(NO_BODY);
        let size_at = if has_no_body { cursor.rest.len() - NO_BODY.len() } else { self.body_size.find(cursor.rest)? };
        let (head, mut end) = cursor.rest.split_at_checked(size_at)?;
        let mut head = Cursor { rest: head };
        let (mut target, mut status) = (None, 0);
        if is_request {
            target = Some(head.target(&self.host)?);
        } else if head.has(b",\"statusCode\":") {
            status = u16::try_from(head.number()?).ok()?;
        }
        if has_no_body {
            end = b",\"bodySize\":0}";
        }
        let mut facts = Facts {
            connection,
            exchange,
            at_ms,
            is_request,
            peers,
            target,
            status,
            body_size: 0.0,
            incomplete: 0,
            latency_ms: f64::NAN,
            wait_ms: f64::NAN,
            duration_ms: f64::NAN,
        };
        Cursor { rest: end }.end(&mut facts)?;
        Some(facts)
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    fn has<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        let Some((first, rest)) = self.rest.split_first_chunk::<N>() else { return false };
        let is_there = first == text;
        if is_there {
            self.rest = rest;
        }
        is_there
    }

    #[inline(always)]
    fn pass<const N: usize>(&mut self, text: &[u8; N]) -> Option<()> {
        self.has(text).then_some(())
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    /// Up to a quote, which is passed. `None` if there is an escape in it.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = memchr2(b'"', b'\\', self.rest)?;
        let text = self.take(end)?;
        self.pass(b"\"")?;
        Some(text)
    }

    /// Goes on with the digits of `value`, which has `before` of them. Returns how many it has then.
    #[inline(always)]
    fn digits(&mut self, value: &mut u64, before: usize) -> Option<usize> {
        let mut digits = before;
        while let Some((byte @ b'0'..=b'9', rest)) = self.rest.split_first() {
            if digits == MAX_DIGITS {
                return None;
            }
            *value = *value * 10 + u64::from(byte - b'0');
            digits += 1;
            self.rest = rest;
        }
        (digits > before).then_some(digits)
    }

    #[inline(always)]
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        self.digits(&mut value, 0)?;
        Some(value)
    }

    /// The same double as it is for a reader of JSON: one division of whole numbers is rounded once.
    fn decimal(&mut self) -> Option<f64> {
        let mut value = 0;
        let whole = self.digits(&mut value, 0)?;
        if !self.has(b".") {
            return Some(value as f64);
        }
        let all = self.digits(&mut value, whole)?;
        Some(value as f64 / POWERS_OF_TEN.get(all - whole)?)
    }

    /// `2024-05-17T14:02:58.006Z`
    fn time(&mut self, last: &mut Second) -> Option<f64> {
        let second: &[u8; 19] = self.rest.first_chunk()?;
        if *second != last.text {
            *last = Second { text: *second, ms: ms_of(second)? };
        }
        self.rest = self.rest.get(second.len()..)?;
        let [b'.', a, b, c, b'Z', ..] = self.rest else { return None };
        let digits = [*a, *b, *c];
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.rest = self.rest.get(5..)?;
        Some((last.ms + value_of(&digits) as i64) as f64)
    }

    /// From the brace of the first endpoint to that of the second.
    fn peers(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        self.pass(b"{\"ip\":\"")?;
        self.end_of_endpoint()?;
        self.pass(b",\"destination\":{\"ip\":\"")?;
        self.end_of_endpoint()?;
        start.get(..start.len() - self.rest.len())
    }

    fn end_of_endpoint(&mut self) -> Option<()> {
        self.text()?;
        self.pass(b",\"port\":")?;
        self.number()?;
        self.pass(b"}")
    }

    /// Of a request's head.
    fn target(&mut self, host: &Finder<'_>) -> Option<Target<'a>> {
        let mut target = Target::default();
        if self.has(b",\"method\":\"") {
            target.method = self.text()?;
        }
        if self.has(b",\"path\":\"") {
            target.path = self.text()?;
        }
        self.pass(b",\"httpVersion\":\"")?;
        self.text()?;
        self.pass(b",\"headers\":{")?;
        // In most requests it is the first field.
        if !self.has(HOST) {
            let Some(at) = host.find(self.rest) else { return Some(target) };
            self.take(at + HOST.len())?;
        }
        target.host = Some(self.text()?);
        Some(target)
    }

    /// From the size of the body on. `None` if other members stand there.
    fn end(&mut self, facts: &mut Facts<'a>) -> Option<()> {
        self.pass(BODY_SIZE)?;
        facts.body_size = self.number()? as f64;
        self.has(b",\"headersTruncated\":true");
        self.has(b",\"bodyTruncated\":true");
        if self.has(b",\"incomplete\":\"") {
            let name = self.text()?;
            let index = INCOMPLETE.iter().position(|known| *known == name)?;
            facts.incomplete = u8::try_from(index + 1).ok()?;
        }
        if self.has(b",\"gapBytes\":") {
            self.number()?;
        }
        if self.has(b",\"request\":{\"method\":\"") {
            let method = self.text()?;
            self.pass(b",\"path\":\"")?;
            let path = self.text()?;
            self.pass(b"}")?;
            if facts.is_request {
                return None;
            }
            facts.target = Some(Target { method, path, host: None });
        }
        if self.has(b",\"latencyMs\":") {
            facts.latency_ms = self.decimal()?;
        }
        if self.has(b",\"waitMs\":") {
            facts.wait_ms = self.decimal()?;
        }
        if self.has(b",\"durationMs\":") {
            facts.duration_ms = self.decimal()?;
        }
        if self.has(b",\"stallMs\":") {
            self.decimal()?;
        }
        self.protocol()?;
        (self.rest == b"}").then_some(())
    }
}

impl Cursor<'_> {
    /// The members of most messages of HTTP/2 and of TLS, which say nothing that is counted.
    fn protocol(&mut self) -> Option<()> {
        if self.has(b",\"streamId\":") {
            self.number()?;
        }
        if self.has(b",\"scheme\":\"") {
            self.text()?;
        }
        if self.has(b",\"tls\":{\"version\":\"") {
            self.text()?;
            if self.has(b",\"cipher\":\"") {
                self.text()?;
            }
            if self.has(b",\"serverName\":\"") {
                self.text()?;
            }
            if self.has(b",\"alpn\":\"") {
                self.text()?;
            }
            self.pass(b"}")?;
        }
        Some(())
    }
}

fn value_of(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit.wrapping_sub(b'0')))
}

/// `2024-05-17T14:02:58`, UTC, in ms since the epoch.
fn ms_of(text: &[u8; 19]) -> Option<i64> {
    let form = text.map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if &form != b"0000-00-00T00:00:00" {
        return None;
    }
    let part = |start: usize, end: usize| text.get(start..end).map(|digits| value_of(digits) as i64);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    // A value that no clock shows is no time.
    let is_day = year >= 1970 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_day || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(days_since_1970(year, month, day) * DAY_MS + seconds * 1_000)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// By the Gregorian calendar, with years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
}
