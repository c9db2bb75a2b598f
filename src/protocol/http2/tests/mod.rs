//! Conversations in, messages out. Every case is read whole, byte by byte, and cut in two at each byte of each turn; what
//! comes out must be the same each time.

mod ends;
mod entering;
mod frames;
mod grpc;
mod hostile;
mod inside;
mod losses;
mod messages;
mod plan;
mod socket;
mod wire;

use super::*;
use crate::flow::{DataMeta, Position, StreamEvent};
use crate::message::{
    Direction, Fields, HttpCounters, HttpMessage, Incomplete, NotHttp, Part, Selection, Sink, StartLine, StreamMessage,
    Unanswered,
};
use crate::protocol::{Context, Limits, Scratch};
use crate::time::Timestamp;

/// The bytes that one side sends at a time.
#[derive(Debug, Clone)]
enum Turn {
    C(Vec<u8>),
    S(Vec<u8>),
    /// So many bytes of the client, of the server, are lost.
    LostC(u64),
    LostS(u64),
}

use Turn::{C, LostC, LostS, S};

/// How a conversation is cut into segments.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Nowhere,
    /// Into pieces of so many bytes.
    Every(usize),
    /// The turn of that index, after so many bytes.
    In(usize, usize),
}

impl Cut {
    fn pieces(self, index: usize, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Every(size) => bytes.chunks(size).collect(),
            Self::In(turn, at) if turn == index => bytes.split_at_checked(at).map_or(vec![bytes], |(a, b)| vec![a, b]),
            _ => vec![bytes],
        }
    }
}

/// The output, as text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    lines: Vec<String>,
    /// Exchanges without a response, and how they ended.
    unanswered: Vec<String>,
    with_bodies: bool,
}

impl Sink for Seen {
    fn message(&mut self, message: &HttpMessage<'_>) {
        let bytes = message.head_bytes;
        let extras = message.extras.expect("HTTP/2 has them");
        let id = extras.stream_id.expect("a stream");
        let mut line = match message.head.start {
            StartLine::Request { .. } => {
                format!(
                    "> {id} {} {}",
                    message.head.method(bytes).escape_ascii(),
                    message.head.target(bytes).escape_ascii()
                )
            }
            StartLine::Status { code, .. } => format!("< {id} {code}"),
        };
        line += &fields(" ", message.fields());
        if message.body_bytes > 0 {
            line += &format!(" '{}'", message.body.escape_ascii());
        }
        if message.body.len() as u64 != message.body_bytes {
            line += &format!(" of {}", message.body_bytes);
        }
        line += &message.trailers.map(|trailers| fields(" +", trailers)).unwrap_or_default();
        if let Some(unknown) = extras.unknown_headers {
            line += &format!(" ?{unknown}");
        }
        if let Some(protocol) = extras.protocol {
            line += &format!(" protocol {}", protocol.escape_ascii());
        }
        if extras.pushed {
            line += " pushed";
        }
        if let Some(incomplete) = message.incomplete {
            line += &format!(" !{}", incomplete.name());
        }
        if let Some(code) = extras.error_code {
            line += &format!(" {code}");
        }
        if let Some(grpc) = &extras.grpc {
            let text =
                |value: Option<&[u8]>| value.map(|value| format!(" {}", value.escape_ascii())).unwrap_or_default();
            let status = grpc.status.map(|(code, name)| format!(" {code} {}", name.unwrap_or("?"))).unwrap_or_default();
            let (message, encoding) = (text(grpc.status_message), text(grpc.encoding));
            line += &format!(" grpc[{:?}{status}{message}{encoding}]", grpc.message_count);
        }
        if message.gap_bytes > 0 {
            line += &format!(" gap {}", message.gap_bytes);
        }
        if let Some(count) = extras.streamed_messages {
            line += &format!(" streamed {count}");
        }
        if let Some(answered) = message.answered {
            line += &format!(" for {} {}", answered.method.escape_ascii(), answered.target.escape_ascii());
        }
        self.lines.push(line);
    }

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        let mark = if message.direction == Direction::Request { '>' } else { '<' };
        let (kind, close_code) = match message.part {
            Part::WebSocket { opcode, close_code } => (opcode.name(), close_code),
            Part::Grpc { path: b"/pkg.Greeter/Hi" } => ("grpc", None),
            Part::Grpc { .. } | Part::Sse { .. } => panic!("{message:?}"),
        };
        let mut line = format!("{mark} inside {}.{} {kind}", message.of.exchange, message.sequence);
        if !message.data.is_empty() {
            line += &format!(" '{}'", message.data.escape_ascii());
        }
        if message.truncated {
            line += &format!(" of {} !", message.data_bytes);
        }
        if message.gap_bytes > 0 {
            line += &format!(" gap {}", message.gap_bytes);
        }
        line += &close_code.map(|code| format!(" {code}")).unwrap_or_default();
        self.lines.push(line);
    }

    fn unanswered(&mut self, exchange: u32, _: crate::message::RequestVerdict, how: Unanswered) {
        let words = how.words(None);
        self.unanswered.push(format!("{exchange} {}", words.split('@').next().unwrap_or_default()));
    }

    fn not_http(&mut self, direction: Direction, _what: NotHttp<'_>, _sample: &[u8]) {
        self.lines.push(format!("x {direction:?}"));
    }
}

fn fields(before: &str, fields: Fields<'_>) -> String {
    let shown: Vec<_> = fields
        .lines
        .iter()
        .map(|field| {
            format!("{}={}", field.name.of(fields.bytes).escape_ascii(), field.value(fields.bytes).escape_ascii())
        })
        .collect();
    if shown.is_empty() { String::new() } else { format!("{before}{{{}}}", shown.join("|")) }
}

const MAX_BODY_BYTES: usize = 1 << 20;

struct Talker {
    connection: Http2Connection,
    /// Messages inside streams are asked for.
    streams: bool,
    seen: Seen,
    counters: HttpCounters,
    ends: [Position; 2],
    clock: Timestamp,
    scratch: Scratch,
    selection: Selection,
}

impl Talker {
    fn new(connection: Http2Connection) -> Self {
        Self {
            connection,
            streams: true,
            seen: Seen::default(),
            counters: HttpCounters::default(),
            ends: [Position::ORIGIN; 2],
            clock: Timestamp::from_micros(1_000_000),
            scratch: Scratch::default(),
            selection: Selection::new(&[], &[]),
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Http2Connection, &mut Context<'_>)) {
        act(
            &mut self.connection,
            &mut Context {
                limits: Limits { max_body_bytes: MAX_BODY_BYTES },
                selection: &self.selection,
                counters: &mut self.counters,
                sink: &mut self.seen,
                ending: Incomplete::Closed,
                proxied: None,
                scratch: &mut self.scratch,
                readers: crate::protocol::Readers { streams: self.streams, tunnels: false },
            },
        );
    }

    fn say(&mut self, client: bool, bytes: &[u8]) {
        let (own, other) = if client { (0, 1) } else { (1, 0) };
        self.clock = self.clock.plus_millis(1);
        let meta = DataMeta {
            at: self.clock,
            position: self.ends[own],
            acked: self.ends[other],
            segment_start: true,
            waited: false,
        };
        self.ends[own] += bytes.len() as u64;
        self.event(client, StreamEvent::Data(bytes, meta));
    }

    fn lose(&mut self, client: bool, len: u64) {
        self.ends[usize::from(!client)] += len;
        self.event(client, StreamEvent::Gap { len });
    }

    fn event(&mut self, client: bool, event: StreamEvent<'_>) {
        let direction = if client { Direction::Request } else { Direction::Response };
        self.with(|connection, cx| connection.on_event(direction, event, cx));
    }

    fn turns(&mut self, turns: &[Turn], cut: Cut) {
        for (index, turn) in turns.iter().enumerate() {
            match turn {
                C(bytes) => cut.pieces(index, bytes).into_iter().for_each(|piece| self.say(true, piece)),
                S(bytes) => cut.pieces(index, bytes).into_iter().for_each(|piece| self.say(false, piece)),
                LostC(len) => self.lose(true, *len),
                LostS(len) => self.lose(false, *len),
            }
        }
    }

    fn end(mut self) -> (Vec<String>, HttpCounters) {
        self.event(true, StreamEvent::End { clean: true, reset: None });
        self.event(false, StreamEvent::End { clean: true, reset: None });
        assert!(self.connection.buffered_bytes() < 96 << 10, "{}", self.connection.buffered_bytes());
        (self.seen.lines, self.counters)
    }
}

fn talk(connection: Http2Connection, turns: &[Turn], cut: Cut) -> (Vec<String>, HttpCounters) {
    talk_with(connection, true, turns, cut)
}

fn talk_with(connection: Http2Connection, streams: bool, turns: &[Turn], cut: Cut) -> (Vec<String>, HttpCounters) {
    let mut talker = Talker { streams, ..Talker::new(connection) };
    talker.turns(turns, cut);
    talker.end()
}

/// The same messages come out however the conversation is cut.
#[track_caller]
fn check(turns: &[Turn], expected: &[&str]) -> HttpCounters {
    check_of(Http2Connection::new, turns, expected)
}

#[track_caller]
fn check_of(connection: impl Fn() -> Http2Connection, turns: &[Turn], expected: &[&str]) -> HttpCounters {
    check_with(connection, true, turns, expected)
}

#[track_caller]
fn check_with(
    connection: impl Fn() -> Http2Connection,
    streams: bool,
    turns: &[Turn],
    expected: &[&str],
) -> HttpCounters {
    let (lines, counters) = talk_with(connection(), streams, turns, Cut::Nowhere);
    assert_eq!(lines, expected);
    let mut cuts = vec![Cut::Every(1), Cut::Every(7)];
    for (index, turn) in turns.iter().enumerate() {
        if let C(bytes) | S(bytes) = turn {
            cuts.extend((1..bytes.len().min(2_000)).map(|at| Cut::In(index, at)));
        }
    }
    for cut in cuts {
        assert_eq!(talk_with(connection(), streams, turns, cut).0, expected, "{cut:?}");
    }
    counters
}

/// Preface and SETTINGS.
fn hello() -> Vec<u8> {
    [PREFACE.to_vec(), wire::settings(&[])].concat()
}
