//! WebSockets whose answer was lost: they are read once frames prove that there was one.

use super::pickup::{Segments, answer, ask, lines, masked};
use super::wire::{Deflater, FIN, PONG, RSV1, TEXT};
use super::*;
use crate::flow::Side::{self, High, Low};
use crate::message::{NotHttp, StartLine};
use crate::protocol::Met;
use crate::protocol::tests::Reader;

const ASK: &[u8] =
    b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n";
const GRANT: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
const GET: &[u8] = b"GET /before HTTP/1.1\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Messages of HTTP by their first line, and those inside.
#[derive(Debug, Default)]
struct All {
    http: Vec<String>,
    inside: Seen,
    exchanges: Vec<(u32, bool)>,
}

impl Sink for All {
    fn message(&mut self, message: &HttpMessage<'_>) {
        self.http.push(match message.head.start {
            StartLine::Request { .. } => message.head.target(message.head_bytes).escape_ascii().to_string(),
            StartLine::Status { code, .. } => code.to_string(),
        });
    }

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        self.exchanges.push((message.of.exchange, message.of.request_seen));
        self.inside.stream_message(message);
    }

    fn not_http(&mut self, direction: Direction, what: NotHttp<'_>, start: &[u8]) {
        self.inside.not_http(direction, what, start);
    }
}

/// A piece of one side's, or so many bytes that are lost.
type Turns = Vec<(Side, Result<Vec<u8>, u64>)>;

fn seen(bytes: &[u8]) -> Result<Vec<u8>, u64> {
    Ok(bytes.to_vec())
}

fn lost(bytes: &[u8]) -> Result<Vec<u8>, u64> {
    Err(bytes.len() as u64)
}

fn read(met: Met, turns: Turns) -> Reader<All> {
    let mut reader = Reader::new(met, All::default());
    reader.streams = true;
    for ((side, bytes), at) in turns.into_iter().zip(1..) {
        match bytes {
            Ok(bytes) => reader.say(side, Timestamp::from_micros(at), &bytes),
            Err(len) => reader.lose(side, len),
        }
    }
    reader
}

fn after(turns: Turns, segments: Segments) -> Turns {
    turns.into_iter().chain(segments.into_iter().map(|(side, bytes)| (side, Ok(bytes)))).collect()
}

/// Alternating, the client first.
fn chat(count: u32) -> Segments {
    (0..count).flat_map(|n| [ask(n), answer(n)]).collect()
}

#[test]
fn a_chat_is_read_from_its_beginning_on_but_for_the_first_answer() {
    for before in [vec![], vec![(Low, seen(GET)), (High, seen(OK))]] {
        for met in [Met::AtItsSyn, Met::InTheMiddle { quiet_since: None }] {
            for count in 0..9 {
                let turns = [&before[..], &[(Low, seen(ASK)), (High, lost(GRANT))]].concat();
                let reader = read(met, after(turns, chat(count)));
                let expected = if count < 3 { vec![] } else { lines(0..count, 1..count) };
                assert_eq!(reader.sink.inside.all(), expected, "{count} {met:?}");
                // In the middle the answer before is paired with no request.
                let is_unpaired = !before.is_empty() && !matches!(met, Met::AtItsSyn);
                let number = before.len() as u32 / 2 + 1 + u32::from(is_unpaired);
                assert!(reader.sink.exchanges.iter().all(|exchange| *exchange == (number, true)));
                assert_eq!(reader.sink.http.last().unwrap(), "/chat");
                assert_eq!(reader.counters.streams.web_sockets, u64::from(count >= 3));
            }
        }
    }
}

#[test]
fn half_of_the_answer_may_be_there() {
    for at in 1..GRANT.len() {
        let (a, b) = GRANT.split_at(at);
        for halves in [[(High, seen(a)), (High, lost(b))], [(High, lost(a)), (High, seen(b))]] {
            let turns = [&[(Low, seen(ASK))], &halves[..]].concat();
            let reader = read(Met::AtItsSyn, after(turns, chat(6)));
            assert_eq!(reader.sink.inside.all(), lines(0..6, 1..6), "{at}");
            assert_eq!(reader.sink.http, ["/chat"]);
        }
    }
}

/// The loss is known when the server's next bytes come: all that the client sent before was kept.
#[test]
fn the_loss_may_become_known_late() {
    for early in 0..20 {
        let mut turns = vec![(Low, seen(ASK))];
        turns = after(turns, (0..early).map(ask).collect());
        turns.push((High, lost(GRANT)));
        let rest = (0..4).flat_map(|n| [answer(n), ask(early + n)]).collect();
        let reader = read(Met::AtItsSyn, after(turns, rest));
        let [client, server] = &reader.sink.inside.lines;
        assert_eq!(client.len(), early as usize + 4, "{early}");
        assert!(client.iter().enumerate().all(|(n, line)| *line == format!("{} text 'ask {n}'", n + 1)));
        // Where the client's messages alone prove it, the place of the server's frames is looked for.
        assert_eq!(server.is_empty(), early >= 6, "{early}: {server:?}");
    }
}

#[test]
fn a_feed_is_read_though_its_client_says_little() {
    let mut segments: Segments = Vec::new();
    for n in 0..4 {
        segments.extend((0..20).map(|m| answer(n * 20 + m)));
        segments.push((Low, masked(n, FIN | PONG, b"")));
    }
    let reader = read(Met::AtItsSyn, after(vec![(Low, seen(ASK)), (High, lost(GRANT))], segments));
    let [client, server] = &reader.sink.inside.lines;
    assert_eq!((client.len(), server.len()), (4, 79));
    assert_eq!(server[0], "1 text 'answer 1'");
}

#[test]
fn what_the_client_compressed_is_shown_from_the_first_on() {
    let [mut ours, mut theirs] = [Deflater::new(false), Deflater::new(false)];
    let text = |n: u32| format!("the same words again and again: {n}");
    let segments = (0..9)
        .flat_map(|n| {
            let ask = masked(n, FIN | RSV1 | TEXT, &ours.message(text(n).as_bytes()));
            [(Low, ask), (High, frame(Response, FIN | RSV1 | TEXT, &theirs.message(text(n).as_bytes())))]
        })
        .collect();
    let reader = read(Met::AtItsSyn, after(vec![(Low, seen(ASK)), (High, lost(GRANT))], segments));
    let expected: Vec<_> = (0..9).map(|n| (Opcode::Text, text(n).into_bytes())).collect();
    assert_eq!(reader.sink.inside.data[0], expected);
    // The server's messages refer to its first message, which was before the proof.
    assert_eq!(reader.sink.inside.data[1], []);
    assert_eq!(reader.counters.streams.unread_messages, 8);
}

/// Of a connection that has spoken HTTP, and of which neither request nor answer was seen.
#[test]
fn both_may_be_lost() {
    let before = vec![(Low, seen(GET)), (High, seen(OK)), (Low, lost(ASK)), (High, lost(GRANT))];
    let reader = read(Met::AtItsSyn, after(before, chat(9)));
    assert_eq!(reader.sink.inside.all(), lines(1..9, 1..9));
    assert!(reader.sink.exchanges.iter().all(|exchange| *exchange == (2, false)));
}

#[test]
fn losses_among_the_first_frames_begin_the_proof_anew() {
    for hole in 0..8 {
        let mut turns = after(vec![(Low, seen(ASK)), (High, lost(GRANT))], chat(14));
        let (_, bytes) = &mut turns[2 + hole];
        *bytes = Err(bytes.as_ref().unwrap().len() as u64);
        let reader = read(Met::AtItsSyn, turns);
        let sent: Vec<_> = (0..14).flat_map(|n| [ask(n).1, answer(n).1]).collect();
        assert!(sent.len() == 28 && reader.sink.inside.remarks.is_empty());
        for (side, words) in ["ask", "answer"].into_iter().enumerate() {
            let numbers: Vec<u32> = reader.sink.inside.data[side]
                .iter()
                .map(|(_, data)| String::from_utf8_lossy(data).strip_prefix(words).unwrap().trim().parse().unwrap())
                .collect();
            assert!(numbers.is_sorted() && numbers.last() == Some(&13), "{hole}: {words} {numbers:?}");
        }
    }
}

#[test]
fn an_answer_that_declines_makes_no_web_socket() {
    // Even if a recording of a WebSocket is its body.
    let body = (0..9).flat_map(|n| answer(n).1).collect::<Vec<_>>();
    for chunk in [1, 7, 11, 500] {
        let mut turns = vec![(Low, seen(ASK)), (High, lost(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 81\r\n\r\n"))];
        turns.extend(body.chunks(chunk).map(|piece| (High, seen(piece))));
        turns.extend([(Low, seen(GET)), (High, seen(OK)), (Low, seen(GET)), (High, seen(OK))]);
        let reader = read(Met::AtItsSyn, turns);
        assert_eq!(reader.sink.inside.all(), Vec::<String>::new(), "{chunk}");
        assert_eq!(reader.counters.streams.web_sockets, 0);
    }
}

#[test]
fn without_messages_inside_streams_nothing_is_looked_for() {
    let mut reader = Reader::new(Met::AtItsSyn, All::default());
    reader.say(Low, Timestamp::from_micros(1), ASK);
    reader.lose(High, GRANT.len() as u64);
    for (side, bytes) in chat(9) {
        reader.say(side, Timestamp::from_micros(2), &bytes);
    }
    assert_eq!((reader.sink.http.len(), reader.sink.exchanges.len()), (1, 0));
    assert_eq!(reader.take_unread(true), None);
}
