//! A connection that a 101 takes to a protocol with a reader of its own: what that one begins with.

use super::*;
use crate::flow::Position;
use crate::message::{Incomplete, Selection};
use crate::protocol::http1::HttpConnection;
use crate::protocol::{Context, Limits, Scratch};
use crate::protocol::{Handover, Piece};

const GET: &[u8] = b"GET /g HTTP/1.1\r\n\r\n";
const ASK: &[u8] =
    b"GET /u HTTP/1.1\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n";
const POST: &[u8] = b"POST /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\n";
const GRANT: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

/// Reads a conversation; each side begins at `FIRST`. Returns the handover, the output and the counters.
fn read(turns: &[Turn<'_>], closing: Option<usize>, cut: Cut) -> (Option<Handover>, Seen, HttpCounters) {
    let mut connection = HttpConnection::new(Met::AtItsSyn);
    let (selection, mut scratch) = (Selection::new(&[], &[]), Scratch::default());
    let (mut sink, mut counters, mut handover) = (Seen::default(), HttpCounters::default(), None);
    let mut ends = [FIRST; 2];
    let mut packets = 0;
    let mut deliver = |side: Side, event: StreamEvent<'_>| {
        let mut cx = Context {
            limits: Limits { max_body_bytes: 1 << 20 },
            selection: &selection,
            counters: &mut counters,
            sink: &mut sink,
            ending: Incomplete::Closed,
            proxied: None,
            scratch: &mut scratch,
            readers: crate::protocol::Readers { streams: false, tunnels: false },
        };
        let direction = if side == Side::Low { Direction::Request } else { Direction::Response };
        connection.on_event(direction, event, &mut cx);
        if connection.is_handed_over() {
            handover = connection.take_handover(&mut counters).or(handover.take());
        }
    };
    for (index, turn) in turns.iter().enumerate() {
        let (side, bytes) = turn.side();
        for piece in cut.pieces(index, bytes) {
            packets += 1;
            let [position, acked] = [ends[side as usize], ends[side.other() as usize]];
            let at = Timestamp::from_micros(packets);
            ends[side as usize] += piece.len() as u64;
            deliver(
                side,
                StreamEvent::Data(piece, DataMeta { at, position, acked, segment_start: true, waited: false }),
            );
        }
        if closing == Some(index) {
            deliver(side, StreamEvent::End { clean: true, reset: None });
        }
    }
    (handover, sink, counters)
}

const FIRST: Position = Position::ORIGIN;

struct Case<'a> {
    turns: Vec<Turn<'a>>,
    before: &'a [u8],
    client: &'a [u8],
    asked: &'a str,
}

/// The bytes of all pieces, which must be next to each other; `from` is where the first begins.
#[track_caller]
fn join(pieces: &[Piece], from: Position) -> Vec<u8> {
    let mut all = Vec::new();
    for piece in pieces {
        let Piece::Data(bytes, meta) = piece else { panic!("a loss") };
        assert_eq!(meta.position, from + all.len() as u64);
        all.extend_from_slice(bytes);
    }
    all
}

fn cuts(turns: &[Turn<'_>]) -> Vec<Cut> {
    let lengths: Vec<_> = turns.iter().map(|turn| turn.side().1.len()).collect();
    let two = lengths.iter().enumerate().flat_map(|(turn, length)| (1..*length).map(move |at| Cut::In(turn, at)));
    [Cut::Nowhere, Cut::Everywhere].into_iter().chain(two).collect()
}

#[test]
fn both_sides_are_handed_over_from_the_first_byte_after_http_on() {
    let grant = [GRANT, b"server"].concat();
    let ask = [ASK, b"PRI * "].concat();
    let end = b"bodyPRI * ";
    let post = [POST, b"body"].concat();
    let late = [POST, b"bo"].concat();
    let case = |turns, before, client, asked| Case { turns, before, client, asked };
    let cases = [
        case(vec![C(&ask), S(&grant)], ASK, b"PRI * ", "> GET /u {HTTP2-Settings=AA}"),
        case(vec![C(ASK), S(&grant)], ASK, b"", "> GET /u {HTTP2-Settings=AA}"),
        case(vec![C(&post), S(&grant)], &post, b"", "> POST /u 'body'"),
        // The server switches before it has the whole request.
        case(vec![C(POST), S(&grant), C(end)], &post, b"PRI * ", "> POST /u 'body'"),
        case(vec![C(&late), S(&grant), C(b"dyPRI * ")], &post, b"PRI * ", "> POST /u 'body'"),
    ];
    for Case { turns, before, client, asked } in cases {
        for cut in cuts(&turns) {
            let (handover, seen, counters) = read(&turns, None, cut);
            let Some(handover) = handover else { panic!("{cut:?} of {turns:?}") };
            let answer = format!("< 101 for {} /u", if before == ASK { "GET" } else { "POST" });
            assert_eq!(seen.lines(), [asked, &answer], "{cut:?} of {turns:?}");
            // Where it is cut the switch comes before its last bytes: those are the next reader's own.
            let pending = join(&handover.client, FIRST + before.len() as u64);
            assert!(client.starts_with(&pending), "{cut:?} of {turns:?}");
            let pending = join(&handover.server, FIRST + GRANT.len() as u64);
            assert!(b"server".starts_with(&pending), "{cut:?} of {turns:?}");
            assert_eq!((handover.number, handover.last_number, handover.switch), (1, 1, Switch::H2c));
            let request = handover.request.unwrap();
            assert_eq!(
                (request.method(), handover.client_ended),
                (asked[2..].split(' ').next().unwrap().as_bytes(), None)
            );
            assert!(request.ended_at.is_some(), "{cut:?} of {turns:?}");
            assert_eq!(counters.switched[Switch::H2c as usize], 1);
            if let Cut::Nowhere = cut {
                assert_eq!((pending, counters.switched_bytes), (b"server".to_vec(), 0));
            }
        }
    }
}

#[test]
fn the_request_may_not_have_been_seen() {
    let grant = [GRANT, b"server"].concat();
    for (turns, client) in [
        (vec![S(&grant)], None),
        // The beginning of a preface looks like that of a request.
        (vec![C(b"PRI * "), S(&grant)], Some(b"PRI * ")),
    ] {
        let (handover, seen, _) = read(&turns, None, Cut::Nowhere);
        let handover = handover.unwrap();
        assert!(handover.request.is_none() && seen.lines() == ["< 101"]);
        assert_eq!(join(&handover.client, FIRST), client.map_or(&b""[..], |client| client));
        assert_eq!(join(&handover.server, FIRST + GRANT.len() as u64), b"server");
    }
}

#[test]
fn an_end_is_handed_over_too() {
    let (handover, ..) = read(&[C(ASK), S(GRANT)], Some(0), Cut::Nowhere);
    assert_eq!(handover.unwrap().client_ended, Some(true));
}

#[test]
fn what_does_not_fit_is_a_loss() {
    let much = vec![b'x'; 2 << 20];
    let (handover, _, counters) = read(&[C(ASK), C(&much), S(GRANT)], None, Cut::Nowhere);
    assert_eq!(handover.unwrap().client, [Piece::Gap(2 << 20)]);
    assert_eq!(counters.passed_over_bytes, 2 << 20);
    let (handover, _, counters) = read(&[C(POST), S(GRANT), S(&much), C(b"body")], None, Cut::Nowhere);
    assert_eq!(handover.unwrap().server, [Piece::Gap(2 << 20)]);
    assert_eq!(counters.passed_over_bytes, 2 << 20);
}

#[test]
fn what_was_not_asked_for_is_not_followed() {
    let other = b"GET /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let grant = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    for turns in [[C(GET), S(GRANT), S(b"abc")], [C(other), S(grant), S(b"abc")]] {
        let (handover, seen, counters) = read(&turns, None, Cut::Nowhere);
        assert!(handover.is_none());
        assert_eq!((seen.responses.len(), counters.switched_bytes), (1, 3));
    }
    // The client ends within its request.
    let (handover, _, counters) = read(&[C(POST), S(GRANT), S(b"abc"), C(b"bo")], Some(3), Cut::Nowhere);
    assert!(handover.is_none());
    assert_eq!(counters.switched_bytes, 3);
}
