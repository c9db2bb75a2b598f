//! How long things took, by the packets' own clocks.

use super::*;

/// The bytes that one side sends, and when, in µs.
type At<'a> = (i64, Turn<'a>);

/// `latencyMs`, `waitMs` and `durationMs` of a message, in µs.
type Spans = (Direction, Option<u64>, Option<u64>, Option<u64>);

#[derive(Debug, Default)]
struct Times(Vec<Spans>);

impl Sink for Times {
    fn message(&mut self, message: &HttpMessage<'_>) {
        let latency = message.answered.and_then(|answered| answered.latency_micros);
        let wait = message.answered.and_then(|answered| answered.wait_micros);
        self.0.push((message.direction, latency, wait, message.duration_micros));
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

/// Requests first.
fn times(turns: &[At<'_>]) -> Vec<Spans> {
    let mut reader = Reader::new(Met::AtItsSyn, Times::default());
    for (at, turn) in turns {
        let (side, bytes) = turn.side();
        reader.say(side, Timestamp::from_micros(*at), bytes);
    }
    let mut spans = reader.sink.0;
    spans.sort_by_key(|(direction, ..)| *direction == Direction::Response);
    spans
}

const REQUEST: Direction = Direction::Request;
const RESPONSE: Direction = Direction::Response;

#[test]
fn one_packet_each() {
    let turns = [(10, C(b"GET / HTTP/1.1\r\n\r\n")), (17, S(b"HTTP/1.1 204 X\r\n\r\n"))];
    assert_eq!(times(&turns), [(REQUEST, None, None, None), (RESPONSE, Some(7), Some(7), None)]);
}

#[test]
fn an_upload_a_wait_a_download() {
    let turns = [
        (10, C(b"POST / HTTP/1.1\r\nContent-")),
        (20, C(b"Length: 3\r\n\r\nx")),
        (50, C(b"yz")),
        (90, S(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")),
        (95, S(b"0\r\n\r\n")),
    ];
    assert_eq!(times(&turns), [(REQUEST, None, None, Some(40)), (RESPONSE, Some(80), Some(40), Some(5))]);
}

#[test]
fn a_response_that_begins_first_waited_for_nothing() {
    let turns = [
        (10, C(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n")),
        (20, S(b"HTTP/1.1 100 Continue\r\n\r\n")),
        (30, S(b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n")),
        (40, C(b"xyz")),
    ];
    let early = [(RESPONSE, Some(10), None, None), (RESPONSE, Some(20), None, None)];
    assert_eq!(times(&turns), [&[(REQUEST, None, None, Some(30))], early.as_slice()].concat());
}

#[test]
fn clocks_that_contradict_each_other_give_no_time() {
    let turns = [
        (50, C(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n")),
        (40, C(b"xyz")),
        (30, S(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n")),
        (20, S(b"ab")),
    ];
    assert_eq!(times(&turns), [(REQUEST, None, None, Some(0)), (RESPONSE, None, None, Some(0))]);
}

#[test]
fn the_packet_of_the_next_message_is_not_of_this_one() {
    let turns = [
        (10, C(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")),
        (20, S(b"HTTP/1.1 417 X\r\nContent-Length: 0\r\n\r\n")),
        (30, C(b"GET / HTTP/1.1\r\n\r\n")),
    ];
    assert_eq!(times(&turns)[..2], [(REQUEST, None, None, None); 2]);
}
