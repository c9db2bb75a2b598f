//! Frames of a sender of our own in, messages out. Each case is read whole, byte by byte, and cut in two at each byte.

mod compressed;
mod hostile;
mod losses;
mod messages;
mod pickup;
mod properties;
mod unanswered;
mod wire;

use super::*;
use crate::flow::{DataMeta, Position, StreamEvent};
use crate::message::{
    Direction, HttpCounters, HttpMessage, Incomplete, NotHttp, Opcode, Part, Selection, Sink, StreamMessage, StreamOf,
};
use crate::protocol::{Context, Limits, Scratch};
use crate::time::Timestamp;
use wire::frame;

use Direction::{Request, Response};

/// One side's bytes, or a loss of so many of them.
#[derive(Debug, Clone)]
enum Say {
    Bytes(Direction, Vec<u8>),
    Lose(Direction, u64),
    Close(Direction),
}

use Say::{Bytes, Close, Lose};

/// The output: of each direction its messages, then the remarks.
#[derive(Debug, Default)]
struct Seen {
    lines: [Vec<String>; 2],
    remarks: Vec<String>,
    /// The bytes of all messages that are neither control frames nor cut.
    data: [Vec<(Opcode, Vec<u8>)>; 2],
}

impl Sink for Seen {
    fn message(&mut self, _: &HttpMessage<'_>) {
        panic!("no HTTP is left");
    }

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        let Part::WebSocket { opcode, close_code } = message.part else { panic!("{message:?}") };
        let mut line = format!("{} {}", message.sequence, opcode.name());
        if !message.data.is_empty() {
            line += &match message.data.len() {
                0..200 => format!(" '{}'", message.data.escape_ascii()),
                len => format!(" {len} bytes"),
            };
        }
        if message.data.len() as u64 != message.data_bytes {
            line += &format!(" of {}", message.data_bytes);
        }
        line += if message.truncated { " !" } else { "" };
        if message.gap_bytes > 0 {
            line += &format!(" gap {}", message.gap_bytes);
        }
        line += &close_code.map(|code| format!(" {code}")).unwrap_or_default();
        let side = usize::from(message.direction == Response);
        self.lines[side].push(line);
        if !message.truncated && matches!(opcode, Opcode::Text | Opcode::Binary) {
            assert_eq!(message.data.len() as u64, message.data_bytes);
            self.data[side].push((opcode, message.data.to_vec()));
        }
    }

    fn not_http(&mut self, direction: Direction, what: NotHttp<'_>, _: &[u8]) {
        let NotHttp::Malformed(reason) = what else { panic!("{what:?}") };
        self.remarks.push(format!("x {direction:?} {reason:?}"));
    }
}

impl Seen {
    fn all(&self) -> Vec<String> {
        let [client, server] = &self.lines;
        let client = client.iter().map(|line| format!("> {line}"));
        let server = server.iter().map(|line| format!("< {line}"));
        client.chain(server).chain(self.remarks.iter().cloned()).collect()
    }
}

/// A connection that is read, with what its reader is lent.
struct Talk {
    connection: WebSocketConnection,
    selection: Selection,
    scratch: Scratch,
    ends: [Position; 2],
    seen: Seen,
    counters: HttpCounters,
    max_body_bytes: usize,
    at: i64,
}

impl Talk {
    fn new(extensions: &str) -> Self {
        Self::beginning(extensions, None)
    }

    fn beginning(extensions: &str, client_begins_at: Option<Position>) -> Self {
        let mut agreement = Agreement::default();
        agreement.add(extensions.as_bytes()).unwrap();
        let of = StreamOf { exchange: 1, request_seen: true, status: Some(101), ..StreamOf::default() };
        Self {
            connection: WebSocketConnection::new(of, agreement, client_begins_at),
            selection: Selection::new(&[], &[]),
            scratch: Scratch::default(),
            ends: [Position::ORIGIN; 2],
            seen: Seen::default(),
            counters: HttpCounters::default(),
            max_body_bytes: 1 << 20,
            at: 0,
        }
    }

    fn context<T>(&mut self, act: impl FnOnce(&mut WebSocketConnection, &mut Context<'_>) -> T) -> T {
        act(
            &mut self.connection,
            &mut Context {
                limits: Limits { max_body_bytes: self.max_body_bytes },
                selection: &self.selection,
                counters: &mut self.counters,
                sink: &mut self.seen,
                ending: Incomplete::Closed,
                proxied: None,
                scratch: &mut self.scratch,
                readers: crate::protocol::Readers { streams: true, tunnels: false },
            },
        )
    }

    fn say(&mut self, say: &Say) {
        let (direction, event, len) = match say {
            Bytes(direction, bytes) => {
                let position = self.ends[usize::from(*direction == Response)];
                let at = Timestamp::from_micros(self.at);
                let meta = DataMeta { at, position, acked: Position::UNKNOWN, segment_start: true, waited: false };
                (*direction, StreamEvent::Data(bytes, meta), bytes.len() as u64)
            }
            Lose(direction, len) => (*direction, StreamEvent::Gap { len: *len }, *len),
            Close(direction) => (*direction, StreamEvent::End { clean: true, reset: None }, 0),
        };
        self.ends[usize::from(direction == Response)] += len;
        self.context(|connection, cx| connection.on_event(direction, event, cx));
    }

    fn close(&mut self) {
        Direction::BOTH.into_iter().for_each(|direction| self.say(&Close(direction)));
    }
}

/// Reads a conversation; `pieces` says how the bytes of each turn are cut.
fn read(extensions: &str, says: &[Say], pieces: impl Fn(usize, &[u8]) -> Vec<Vec<u8>>) -> (Seen, HttpCounters) {
    let mut talk = Talk::new(extensions);
    for (index, say) in says.iter().enumerate() {
        match say {
            Bytes(direction, bytes) => {
                for piece in pieces(index, bytes).into_iter().filter(|piece| !piece.is_empty()) {
                    talk.say(&Bytes(*direction, piece));
                }
            }
            other => talk.say(other),
        }
    }
    talk.close();
    assert_eq!(talk.connection.buffered_bytes(), size_of::<WebSocketConnection>(), "nothing is held after the end");
    (talk.seen, talk.counters)
}

#[track_caller]
fn check(extensions: &str, says: &[Say], expected: &[&str]) -> HttpCounters {
    let (seen, counters) = read(extensions, says, |_, bytes| vec![bytes.to_vec()]);
    assert_eq!(seen.all(), expected);
    let (seen, _) = read(extensions, says, |_, bytes| bytes.chunks(1).map(<[u8]>::to_vec).collect());
    assert_eq!(seen.all(), expected, "byte by byte");
    for (turn, say) in says.iter().enumerate() {
        let Bytes(_, bytes) = say else { continue };
        for at in 1..bytes.len().min(2_000) {
            let cut = |index: usize, bytes: &[u8]| match index == turn {
                true => vec![bytes[..at].to_vec(), bytes[at..].to_vec()],
                false => vec![bytes.to_vec()],
            };
            let (seen, _) = read(extensions, says, cut);
            assert_eq!(seen.all(), expected, "turn {turn} cut at {at}");
        }
    }
    counters
}

/// Bytes written as they stand in an RFC.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
