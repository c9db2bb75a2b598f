//! RFC 6455: its own examples, fragments, control frames, closing.

use super::wire::{BINARY, CLOSE, FIN, PING, PONG, TEXT};
use super::*;

#[test]
fn the_examples_of_the_rfc() {
    // RFC 6455 §5.7.
    check("", &[Bytes(Response, hex("81 05 48 65 6c 6c 6f"))], &["< 1 text 'Hello'"]);
    check("", &[Bytes(Request, hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))], &["> 1 text 'Hello'"]);
    check("", &[Bytes(Response, hex("01 03 48 65 6c 80 02 6c 6f"))], &["< 1 text 'Hello'"]);
    check(
        "",
        &[Bytes(Response, hex("89 05 48 65 6c 6c 6f")), Bytes(Request, hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"))],
        &["> 1 pong 'Hello'", "< 1 ping 'Hello'"],
    );
    let long = |head: &str, len| [hex(head), vec![b'x'; len]].concat();
    check("", &[Bytes(Response, long("82 7e 01 00", 256))], &["< 1 binary 256 bytes"]);
    check("", &[Bytes(Response, long("82 7f 00 00 00 00 00 01 00 00", 65_536))], &["< 1 binary 65536 bytes"]);
}

#[test]
fn control_frames_come_between_fragments() {
    for from in [Request, Response] {
        let mark = if from == Request { '>' } else { '<' };
        let frames = [
            frame(from, TEXT, b"a"),
            frame(from, FIN | PING, b"p"),
            frame(from, 0, b""),
            frame(from, 0, b"b"),
            frame(from, FIN | PONG, b""),
            frame(from, FIN, b""),
            frame(from, FIN | BINARY, b""),
            frame(from, FIN | TEXT, b"c"),
        ];
        let expected =
            ["1 ping 'p'", "2 pong", "3 text 'ab'", "4 binary", "5 text 'c'"].map(|line| format!("{mark} {line}"));
        let expected = expected.each_ref().map(String::as_str);
        check("", &[Bytes(from, frames.concat())], &expected);
        check("", &frames.map(|frame| Bytes(from, frame)), &expected);
    }
}

#[test]
fn a_close_frame_is_the_last_one() {
    let after = frame(Response, FIN | TEXT, b"late");
    for (payload, expected) in [
        (b"".as_slice(), "< 1 close"),
        (b"\x03\xe8", "< 1 close 1000"),
        (b"\x03\xe9bye", "< 1 close 'bye' 1001"),
        (b"\x03", "< 1 close '\\x03'"),
    ] {
        let close = frame(Response, FIN | CLOSE, payload);
        check("", &[Bytes(Response, [close, after.clone()].concat())], &[expected]);
    }
    // A message that it cuts off comes after it.
    let cut = [frame(Request, TEXT, b"ab"), frame(Request, FIN | CLOSE, b"\x03\xe8")].concat();
    check("", &[Bytes(Request, cut)], &["> 1 close 1000", "> 2 text 'ab' !"]);
}

#[test]
fn what_is_not_over_at_the_end_is_cut() {
    let whole = [frame(Request, TEXT, b"ab"), frame(Request, FIN, b"cd")].concat();
    for (end, expected) in [
        (1, &[][..]),
        (6, &["> 1 text !"]),
        (7, &["> 1 text 'a' !"]),
        (8, &["> 1 text 'ab' !"]),
        (15, &["> 1 text 'abc' !"]),
        (16, &["> 1 text 'abcd'"]),
    ] {
        check("", &[Bytes(Request, whole[..end].to_vec())], expected);
    }
}

#[test]
fn more_than_the_limit_is_counted_and_not_kept() {
    for from in [Request, Response] {
        let message =
            [frame(from, TEXT, b"abcd"), frame(from, FIN, b"efgh"), frame(from, FIN | TEXT, b"ijklm")].concat();
        for step in 1..message.len() {
            let mut talk = Talk::new("");
            talk.max_body_bytes = 3;
            message.chunks(step).for_each(|piece| talk.say(&Bytes(from, piece.to_vec())));
            talk.close();
            let mark = if from == Request { '>' } else { '<' };
            let expected = ["1 text 'abc' of 8 !", "2 text 'ijk' of 5 !"].map(|line| format!("{mark} {line}"));
            assert_eq!(talk.seen.all(), expected, "{step}");
        }
    }
}

#[test]
fn the_time_is_that_of_the_first_byte() {
    struct Times(Vec<i64>);
    impl Sink for Times {
        fn message(&mut self, _: &HttpMessage<'_>) {}
        fn stream_message(&mut self, message: &StreamMessage<'_>) {
            self.0.push(message.at.micros());
        }
        fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
    }
    let bytes = [frame(Response, TEXT, b"ab"), frame(Response, FIN | PING, b"p"), frame(Response, FIN, b"cd")].concat();
    let (mut talk, mut times) = (Talk::new(""), Times(Vec::new()));
    for (at, byte) in bytes.iter().enumerate() {
        let at = Timestamp::from_micros(at as i64);
        let meta =
            DataMeta { at, position: Position::ORIGIN, acked: Position::UNKNOWN, segment_start: true, waited: false };
        let selection = Selection::new(&[], &[]);
        let mut cx = Context {
            limits: Limits { max_body_bytes: 9 },
            selection: &selection,
            counters: &mut talk.counters,
            sink: &mut times,
            ending: Incomplete::Closed,
            proxied: None,
            scratch: &mut talk.scratch,
            readers: crate::protocol::Readers { streams: true, tunnels: false },
        };
        talk.connection.on_event(Response, StreamEvent::Data(&[*byte], meta), &mut cx);
    }
    assert_eq!(times.0, [4, 0]);
}

#[test]
fn what_the_client_said_before_is_no_frame() {
    let hello = frame(Request, FIN | TEXT, b"hi");
    let bytes = [b"st of a head\r\n\r\n".to_vec(), hello.clone()].concat();
    let begin = Position::ORIGIN + 16;
    for at in 0..bytes.len() {
        let mut talk = Talk::beginning("", Some(begin));
        for piece in [&bytes[..at], &bytes[at..]].into_iter().filter(|piece| !piece.is_empty()) {
            talk.say(&Bytes(Request, piece.to_vec()));
        }
        talk.close();
        assert_eq!(talk.seen.all(), ["> 1 text 'hi'"], "{at}");
        assert_eq!(talk.counters.passed_over_bytes, 16);
    }
    // A loss before `begin` is not a loss of frames.
    for lost in 1..16 {
        let mut talk = Talk::beginning("", Some(begin));
        talk.say(&Bytes(Request, bytes[..16 - lost].to_vec()));
        talk.say(&Lose(Request, lost as u64));
        talk.say(&Bytes(Request, hello.clone()));
        talk.close();
        assert_eq!(talk.seen.all(), ["> 1 text 'hi'"]);
    }
    // A part of the first frame is lost, or it is not known how much.
    for lost in [0, 18] {
        let mut talk = Talk::beginning("", Some(begin));
        talk.say(&Lose(Request, lost));
        talk.say(&Bytes(Request, hello[2..].to_vec()));
        talk.close();
        assert_eq!((talk.seen.all(), talk.counters.streams.lost_boundaries), (Vec::new(), 1));
    }
}
