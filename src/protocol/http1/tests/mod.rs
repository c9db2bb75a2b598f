//! Conversations in, messages out. Every case is read whole, byte by byte, and cut in two at each byte of each turn; what
//! comes out must be the same each time. `docs/parsing.md` says why each outcome is as it is.

mod bodies;
mod exchanges;
mod handover;
mod heads;
mod limits;
mod odd;
mod opening;
mod oracle;
mod pickup;
mod times;

use super::malformed::{MAX_FIELDS, MAX_HEAD_BYTES};
use crate::decode::Endpoint;
use crate::flow::{DataMeta, Role, Side, StreamEvent};
use crate::message::{
    Direction, Fields, HttpCounters, HttpMessage, NotHttp, Proxied, Sink, StartLine, Switch, Unanswered, Version,
};
use crate::protocol::Met;
use crate::protocol::tests::Reader;
use crate::time::Timestamp;

/// The bytes that one side sends at a time.
#[derive(Debug, Clone, Copy)]
enum Turn<'a> {
    C(&'a [u8]),
    S(&'a [u8]),
}

use Turn::{C, S};

impl<'a> Turn<'a> {
    fn side(self) -> (Side, &'a [u8]) {
        match self {
            C(bytes) => (Side::Low, bytes),
            S(bytes) => (Side::High, bytes),
        }
    }
}

/// How a conversation is cut into segments.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Nowhere,
    Everywhere,
    /// The turn of that index, after so many bytes.
    In(usize, usize),
}

impl Cut {
    fn pieces(self, index: usize, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Everywhere => bytes.chunks(1).collect(),
            Self::In(turn, at) if turn == index => bytes.split_at_checked(at).map_or(vec![bytes], |(a, b)| vec![a, b]),
            _ => vec![bytes],
        }
    }
}

/// The output, as text.
#[derive(Debug, Default)]
struct Seen {
    requests: Vec<String>,
    responses: Vec<String>,
    notices: Vec<String>,
    /// Exchanges without a response, and how they ended.
    unanswered: Vec<String>,
}

impl Seen {
    fn lines(self) -> Vec<String> {
        [self.requests, self.responses, self.notices].concat()
    }
}

impl Sink for Seen {
    fn message(&mut self, message: &HttpMessage<'_>) {
        let (list, start) = match message.head.start {
            StartLine::Request { .. } => {
                let [method, target] =
                    [message.head.method(message.head_bytes), message.head.target(message.head_bytes)];
                (&mut self.requests, format!("> {} {}", method.escape_ascii(), target.escape_ascii()))
            }
            StartLine::Status { code, .. } => (&mut self.responses, format!("< {code}")),
        };
        let mut line = start;
        let Version { major, minor } = message.head.version;
        if message.head.version != Version::HTTP_1_1 {
            line += &format!(" {major}.{minor}");
        }
        line += &fields(" ", message.fields());
        if message.body_bytes > 0 {
            line += &format!(" '{}'", message.body.escape_ascii());
        }
        if message.body.len() as u64 != message.body_bytes {
            line += &format!(" of {}", message.body_bytes);
        }
        line += &message.trailers.map(|trailers| fields(" +", trailers)).unwrap_or_default();
        if let Some(grpc) = message.extras.and_then(|extras| extras.grpc) {
            line += &format!(" grpc[{:?} {:?}]", grpc.message_count, grpc.status.map(|(code, _)| code));
        }
        if let Some(incomplete) = message.incomplete {
            line += &format!(" !{}", incomplete.name());
        }
        if let Some(Proxied { source, destination }) = message.proxied {
            let end = |endpoint: Endpoint| std::net::SocketAddr::new(endpoint.ip, endpoint.port);
            line += &format!(" via {} {}", end(source), end(destination));
        }
        if let Some(answered) = message.answered {
            line += &format!(" for {} {}", answered.method.escape_ascii(), answered.target.escape_ascii());
        }
        list.push(line);
    }

    fn unanswered(&mut self, exchange: u32, _: crate::message::RequestVerdict, how: Unanswered) {
        let words = how.words(None);
        self.unanswered.push(format!("{exchange} {}", words.split('@').next().unwrap_or_default()));
    }

    fn not_http(&mut self, direction: Direction, what: NotHttp<'_>, _sample: &[u8]) {
        let what = match what {
            NotHttp::Protocol(name) => name.to_owned(),
            NotHttp::Malformed(reason) => format!("{reason:?}"),
            NotHttp::Excess => "Excess".to_owned(),
        };
        self.notices.push(format!("x {direction:?} {what}"));
    }
}

/// Those that say nothing about framing, in braces.
fn fields(before: &str, fields: Fields<'_>) -> String {
    let shown: Vec<_> = fields
        .lines
        .iter()
        .map(|field| (field.name.of(fields.bytes), field.value(fields.bytes)))
        .filter(|(name, _)| {
            !["content-length", "transfer-encoding", "connection", "upgrade"]
                .iter()
                .any(|framing| name.eq_ignore_ascii_case(framing.as_bytes()))
        })
        .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()))
        .collect();
    if shown.is_empty() { String::new() } else { format!("{before}{{{}}}", shown.join("|")) }
}

/// A conversation from its first byte on, or picked up in the middle.
fn talk(turns: &[Turn<'_>], cut: Cut, role: Role) -> (Seen, HttpCounters) {
    talk_around(turns, None, &[], cut, role)
}

/// The client closes its side between `before` and `after`.
fn talk_across_close(before: &[Turn<'_>], after: &[Turn<'_>]) -> (Seen, HttpCounters) {
    talk_around(before, Some(Side::Low), after, Cut::Nowhere, Role::InitiatedBy(Side::Low))
}

fn talk_around(
    before: &[Turn<'_>],
    closing: Option<Side>,
    after: &[Turn<'_>],
    cut: Cut,
    role: Role,
) -> (Seen, HttpCounters) {
    let mut reader = Reader::new(Met::of(role, true, None), Seen::default());
    for (index, turn) in before.iter().chain(after).enumerate() {
        if let Some(side) = closing.filter(|_| index == before.len()) {
            reader.close(side);
        }
        let (side, bytes) = turn.side();
        for piece in cut.pieces(index, bytes).into_iter().filter(|piece| !piece.is_empty()) {
            reader.say(side, Timestamp::default(), piece);
        }
    }
    Side::BOTH.into_iter().for_each(|side| reader.close(side));
    (reader.sink, reader.counters)
}

/// The messages of a conversation that was seen from its first byte on, requests first, then responses, then remarks.
#[track_caller]
fn check(turns: &[Turn<'_>], expected: &[&str]) {
    check_at(turns, Role::InitiatedBy(Side::Low), expected);
}

#[track_caller]
fn check_at(turns: &[Turn<'_>], role: Role, expected: &[&str]) {
    let two = turns.iter().enumerate().flat_map(|(i, turn)| (1..turn.side().1.len()).map(move |at| Cut::In(i, at)));
    for cut in [Cut::Nowhere, Cut::Everywhere].into_iter().chain(two) {
        let (seen, _) = talk(turns, cut, role);
        assert_eq!(seen.lines(), expected, "{cut:?} of {turns:?}");
    }
}

/// Requests alone.
#[track_caller]
fn requests(bytes: &[u8], expected: &[&str]) {
    check(&[C(bytes)], expected);
}

/// Responses to a few GETs.
#[track_caller]
fn responses(bytes: &[u8], expected: &[&str]) {
    let asked: String = ["a", "b", "c"].map(|name| format!("GET /{name} HTTP/1.1\r\n\r\n")).concat();
    let expected: Vec<_> = ["> GET /a", "> GET /b", "> GET /c"].iter().chain(expected).copied().collect();
    check(&[C(asked.as_bytes()), S(bytes)], &expected);
}
