//! Segments that the receiving TCP throws away are not read; segments that only look like those are read.

mod options;

use super::*;
use crate::flow::Discarded;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);
const REAL: &[u8] = b"GET /real HTTP/1.1\r\n\r\n";
const FORGED: &[u8] = b"GET /lies HTTP/1.1\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal";
const LIES: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlies";
const ASKED: u32 = 1 + REAL.len() as u32;
const ANSWERED: u32 = 1 + RESPONSE.len() as u32;

fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]))).sum()
}

fn fold(sum: u32) -> [u8; 2] {
    ((sum % 0xffff) as u16).to_be_bytes()
}

/// The frame with both checksums right.
fn summed(mut frame: Vec<u8>) -> Vec<u8> {
    let [high, low] = fold(sum(&frame[..20]));
    frame[10..12].copy_from_slice(&[!high, !low]);
    let pseudo = sum(&frame[12..20]) + 6 + (frame.len() - 20) as u32;
    let [high, low] = fold(pseudo + sum(&frame[20..]));
    frame[36..38].copy_from_slice(&[!high, !low]);
    frame
}

/// The sum of the pseudo-header in place of the checksum, as the kernel leaves it to the card.
fn left_to_the_card(mut frame: Vec<u8>) -> Vec<u8> {
    let pseudo = fold(sum(&frame[12..20]) + 6 + (frame.len() - 20) as u32);
    frame[36..38].copy_from_slice(&pseudo);
    frame
}

fn rotten(frame: Vec<u8>) -> Vec<u8> {
    let mut frame = summed(frame);
    frame[37] ^= 0x5a;
    frame
}

fn rotten_header(frame: Vec<u8>) -> Vec<u8> {
    let mut frame = summed(frame);
    frame[11] ^= 0x5a;
    frame
}

fn without_ack(mut frame: Vec<u8>) -> Vec<u8> {
    frame[33] &= !0x10;
    summed(frame)
}

struct Capture {
    engine: Engine,
    at: i64,
}

impl Capture {
    fn new() -> Self {
        Self { engine: Engine::new(EngineConfig::for_ports(&[SERVER_PORT])), at: 1_000_000 }
    }

    /// Both streams begin at 1.
    fn shaken() -> Self {
        let mut capture = Self::new();
        capture.give(summed(syn(CLIENT, 0)));
        capture.give(summed(syn_ack(SERVER, 0, 1)));
        capture.give(summed(packet(CLIENT, 1, 1, b"")));
        capture
    }

    fn give(&mut self, frame: Vec<u8>) {
        self.at += 1_000;
        self.engine.on_packet(Timestamp::from_micros(self.at), RAW_IP, &frame, frame.len() as u32);
    }

    fn wait(&mut self, millis: i64) {
        self.at += millis * 1_000;
        self.engine.on_tick(Timestamp::from_micros(self.at));
    }

    /// The messages that came out, in short, and the counts of what was thrown away: no ACK, impossible ack, bad checksum.
    fn outcome(mut self) -> (Vec<String>, [u64; 3]) {
        let lines = all_lines(&mut self.engine);
        let short = |line: &serde_json::Value| {
            let what = line["path"].as_str().or(line["body"].as_str()).unwrap_or_default();
            let flag = line["incomplete"].as_str().map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("{what}{flag}")
        };
        let Discarded { no_ack, impossible_ack, bad_checksum, .. } = self.engine.stats().flow.discarded;
        (lines.iter().map(short).collect(), [no_ack, impossible_ack, bad_checksum])
    }
}

/// Name, forged copies of a request and of a response, and what counts each of them.
type Forgery = (&'static str, Vec<u8>, Vec<u8>, [u64; 3]);

fn forgeries() -> Vec<Forgery> {
    let both =
        |make: &dyn Fn(Vec<u8>) -> Vec<u8>| (make(packet(CLIENT, 1, 1, FORGED)), make(packet(SERVER, 1, ASKED, LIES)));
    let acked = |by: u32| {
        let (request, response) = (1u32.wrapping_add(by), ASKED.wrapping_add(by));
        (summed(packet(CLIENT, 1, request, FORGED)), summed(packet(SERVER, 1, response, LIES)))
    };
    [
        ("no ACK flag", both(&without_ack), [1, 0, 0]),
        ("a little too far", acked(100), [0, 1, 0]),
        ("far too far", acked(5_000_000), [0, 1, 0]),
        ("anywhere", acked(1 << 31), [0, 1, 0]),
        ("before the SYN", acked(u32::MAX - 50), [0, 1, 0]),
        ("long ago", acked(u32::MAX - 100_000), [0, 1, 0]),
        ("TCP checksum", both(&rotten), [0, 0, 1]),
        ("IP checksum", both(&rotten_header), [0, 0, 1]),
    ]
    .map(|(name, (request, response), counters)| (name, request, response, counters))
    .into()
}

#[test]
fn a_forged_copy_loses_wherever_it_stands() {
    for (name, request, response, expected) in forgeries() {
        for times in 1..=2 {
            let mut capture = Capture::shaken();
            (0..times).for_each(|_| capture.give(request.clone()));
            capture.give(summed(packet(CLIENT, 1, 1, REAL)));
            (0..times).for_each(|_| capture.give(response.clone()));
            capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
            let (lines, counters) = capture.outcome();
            assert_eq!(lines, ["/real", "real"], "{name}, {times} times");
            for (counted, once) in counters.iter().zip(expected) {
                assert!(*counted >= 2 * once && (once > 0 || *counted == 0), "{name}: {counters:?}");
            }
        }
    }
}

#[test]
fn a_forged_copy_loses_to_pieces_of_the_real_one() {
    for (name, request, ..) in forgeries() {
        for cut in 1..REAL.len() {
            let mut capture = Capture::shaken();
            capture.give(request.clone());
            capture.give(summed(packet(CLIENT, 1, 1, &REAL[..cut])));
            capture.give(summed(packet(CLIENT, 1 + cut as u32, 1, &REAL[cut..])));
            capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
            assert_eq!(capture.outcome().0, ["/real", "real"], "{name}, cut at {cut}");
        }
    }
}

#[test]
fn a_forged_segment_that_the_receiver_refuses_is_not_read() {
    for (name, request, ..) in forgeries().into_iter().filter(|(name, ..)| !name.contains("too far")) {
        let mut capture = Capture::shaken();
        capture.give(summed(packet(CLIENT, 1, 1, REAL)));
        capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
        let mut forged = request;
        forged[24..28].copy_from_slice(&ASKED.to_be_bytes());
        let is_rotten = name.contains("checksum");
        capture.give(if is_rotten { forged } else { summed(forged) });
        capture.give(summed(packet(SERVER, ANSWERED, ASKED, b"")));
        capture.wait(20_000);
        assert_eq!(capture.outcome().0, ["/real", "real"], "{name}");
    }
}

#[test]
fn a_forged_ack_alone_makes_no_gap_and_stops_no_reset() {
    for (name, request, ..) in forgeries() {
        let mut bare = request;
        bare.truncate(40);
        bare[2..4].copy_from_slice(&[0, 40]);
        let mut capture = Capture::shaken();
        capture.give(summed(bare));
        capture.give(summed(packet(CLIENT, 1, 1, REAL)));
        capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
        capture.give(summed(reset(SERVER, ANSWERED, ASKED)));
        assert_eq!(capture.engine.stats().connections_closed, 1, "{name}");
        assert_eq!(capture.engine.stats().gaps, 0, "{name}");
        assert_eq!(capture.outcome().0, ["/real", "real"], "{name}");
    }
}

#[test]
fn an_ack_of_what_was_lost_is_believed() {
    let mut capture = Capture::shaken();
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    // The response is lost; the client's next request acknowledges it, and so does its end.
    capture.give(summed(packet(CLIENT, ASKED, ANSWERED, REAL)));
    capture.give(summed(packet(SERVER, ANSWERED, 2 * ASKED - 1, RESPONSE)));
    let stats = capture.engine.stats();
    assert_eq!((stats.flow.discarded, stats.gaps), (Discarded::default(), 0));
    let (lines, _) = capture.outcome();
    assert_eq!(lines, ["/real", "/real", "real"]);
}

#[test]
fn what_was_acknowledged_and_never_captured_is_missing_at_the_end() {
    let mut capture = Capture::shaken();
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    capture.give(summed(packet(SERVER, 1, ASKED, &RESPONSE[..RESPONSE.len() - 2])));
    capture.give(summed(packet(CLIENT, ASKED, ANSWERED, b"")));
    capture.engine.drain();
    while capture.engine.take_batch(true).is_some() {}
    // The last of it may have been a FIN.
    assert_eq!(capture.engine.stats().gap_bytes, 1);
}

#[test]
fn an_old_ack_of_a_segment_that_is_captured_late_is_no_reason_to_lose_it() {
    let body = vec![b'x'; 200_000];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut capture = Capture::shaken();
    let mut seq = 1;
    for piece in [head.as_bytes(), &body].concat().chunks(1_000) {
        capture.give(summed(packet(SERVER, seq, ASKED, piece)));
        seq += piece.len() as u32;
        capture.give(summed(packet(CLIENT, ASKED, seq, b"")));
    }
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    let (lines, discarded) = capture.outcome();
    assert_eq!((lines[0].as_str(), discarded), ("/real", [0, 0, 0]));
    assert_eq!(lines[1].len(), body.len());
}

/// Requests and responses of 3 000 bytes on one connection, each frame changed by `change`.
fn exchanges(change: impl Fn(usize, Vec<u8>) -> Vec<u8>) -> Capture {
    let mut capture = Capture::new();
    let [mut asked, mut answered] = [1, 1];
    let mut count = 0;
    let mut give = |frame| {
        count += 1;
        capture.give(change(count, frame));
    };
    give(syn(CLIENT, 0));
    give(syn_ack(SERVER, 0, 1));
    give(packet(CLIENT, 1, 1, b""));
    for _ in 0..5 {
        give(packet(CLIENT, asked, answered, REAL));
        asked += REAL.len() as u32;
        give(packet(SERVER, answered, asked, b""));
        let body = vec![b'x'; 3_000];
        let response = [&b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"[..], &body].concat();
        give(packet(SERVER, answered, asked, &response));
        answered += response.len() as u32;
        give(packet(CLIENT, asked, answered, b""));
    }
    capture
}

#[test]
fn cards_that_fill_checksums_in_later_lose_nothing() {
    let from_server = |frame: &[u8]| frame[12..16] == [192, 0, 2, 1];
    let large = |frame: &[u8]| frame.len() > 1_500;
    type Change<'a> = &'a dyn Fn(usize, Vec<u8>) -> Vec<u8>;
    let ways: [(&str, Change<'_>); 8] = [
        ("all empty", &|_, frame| frame),
        ("all left to the card", &|_, frame| left_to_the_card(frame)),
        ("all wrong", &|_, frame| rotten(frame)),
        ("one side", &|_, frame| if from_server(&frame) { left_to_the_card(frame) } else { summed(frame) }),
        ("large ones left", &|_, frame| if large(&frame) { left_to_the_card(frame) } else { summed(frame) }),
        ("large ones empty", &|_, frame| if large(&frame) { frame } else { summed(frame) }),
        ("large ones wrong", &|_, frame| if large(&frame) { rotten(frame) } else { summed(frame) }),
        ("from some time on", &|count, frame| if count > 9 { rotten(frame) } else { summed(frame) }),
    ];
    for (name, change) in ways {
        let mut capture = exchanges(change);
        let messages = all_lines(&mut capture.engine);
        let whole = messages.iter().filter(|line| line["incomplete"].is_null()).count();
        let lossless = name != "from some time on";
        assert!(if lossless { whole == 10 } else { whole >= 3 }, "{name}: {whole} messages");
        assert!(!lossless || capture.engine.stats().flow.discarded == Discarded::default(), "{name}");
    }
}

#[test]
fn a_segment_of_a_size_that_cards_make_is_read_though_nobody_acknowledges_it() {
    let response = [&b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"[..], &[b'x'; 3_000]].concat();
    let mut capture = Capture::shaken();
    capture.give(summed(packet(SERVER, 1, ASKED, b"")));
    capture.give(rotten(packet(SERVER, 1, ASKED, &response)));
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    assert_eq!(capture.outcome().0.len(), 2);
}

#[test]
fn the_end_of_a_stream_in_doubt_counts_when_its_bytes_do() {
    let mut last = packet(SERVER, 1, ASKED, b"HTTP/1.0 200 OK\r\n\r\nuntil the end");
    last[33] |= 0x01;
    let end = 2 + last.len() as u32 - 40;
    let mut capture = Capture::shaken();
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    capture.give(summed(packet(SERVER, 1, ASKED, b"")));
    capture.give(left_to_the_card(last));
    capture.give(summed(packet(CLIENT, ASKED, end, b"")));
    assert_eq!(capture.outcome().0, ["/real", "until the end"]);
}

fn with_syn(mut frame: Vec<u8>) -> Vec<u8> {
    frame[33] |= 0x02;
    summed(frame)
}

/// RFC 9293 §3.10.7.4, RFC 5961 §4: a SYN inside of a connection is answered by an ACK, and nothing of it is taken.
#[test]
fn bytes_on_a_syn_inside_of_a_connection_are_not_read() {
    for back in [0, 1, 10, 5_000] {
        let mut capture = Capture::shaken();
        capture.give(summed(packet(CLIENT, 1, 1, REAL)));
        capture.give(with_syn(packet(SERVER, 1u32.wrapping_sub(back), ASKED, LIES)));
        capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
        let next = ASKED.wrapping_sub(back);
        capture.give(with_syn(packet(CLIENT, next, ANSWERED, FORGED)));
        capture.give(without_ack(with_syn(packet(CLIENT, next, 0, FORGED))));
        capture.give(summed(packet(CLIENT, ASKED, ANSWERED, REAL)));
        capture.give(summed(packet(SERVER, ANSWERED, 2 * ASKED - 1, RESPONSE)));
        // One before its first byte is the server's own SYN, on which there may be bytes.
        let unplaced = if back == 1 { 0 } else { LIES.len() } + 2 * FORGED.len();
        assert_eq!(capture.engine.stats().flow.unplaced_bytes, unplaced as u64, "{back}");
        assert_eq!(capture.outcome().0, ["/real", "real", "/real", "real"], "{back}");
    }
}

/// The connection may have given way to another connection, whose SYN was not captured: which, the next segments show.
#[test]
fn a_forged_answer_to_a_syn_tears_no_message() {
    for at in [0, 1, 5, 1_000, 100_000, u32::MAX, u32::MAX - 40] {
        for text in [&b""[..], FORGED] {
            let mut capture = Capture::shaken();
            let [mut asked, mut answered] = [1_u32, 1];
            for turn in 0..8 {
                if turn == 2 {
                    capture.give(with_syn(packet(CLIENT, asked.wrapping_add(at), 100_000_000, text)));
                    capture.give(summed(packet(SERVER, answered, asked, b"")));
                }
                capture.give(summed(packet(CLIENT, asked, answered, REAL)));
                asked += REAL.len() as u32;
                capture.give(summed(packet(SERVER, answered, asked, RESPONSE)));
                answered += RESPONSE.len() as u32;
            }
            let (lines, _) = capture.outcome();
            assert!(lines.iter().all(|line| line == "/real" || line == "real"), "{at}: {lines:?}");
        }
    }
}

/// RFC 7413 §4.1.3: the server acknowledges the bytes on the SYN only if it took them.
#[test]
fn bytes_on_a_syn_that_the_server_did_not_take_lose_to_those_after_it() {
    for real in [vec![REAL], vec![&REAL[..7], &REAL[7..]]] {
        let mut capture = Capture::new();
        capture.give(without_ack(with_syn(packet(CLIENT, 0, 0, FORGED))));
        capture.give(summed(syn_ack(SERVER, 0, 1)));
        let mut seq = 1;
        for piece in real {
            capture.give(summed(packet(CLIENT, seq, 1, piece)));
            seq += piece.len() as u32;
        }
        capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
        let Discarded { no_ack, syn_data, .. } = capture.engine.stats().flow.discarded;
        assert_eq!((no_ack, syn_data > 0), (0, true));
        assert_eq!(capture.outcome(), (vec!["/real".to_owned(), "real".to_owned()], [0, 0, 0]));
    }
}

#[test]
fn bytes_on_a_syn_are_read_if_nobody_says_that_they_were_not_taken() {
    let mut capture = Capture::new();
    capture.give(without_ack(with_syn(packet(CLIENT, 0, 0, REAL))));
    capture.give(summed(packet(CLIENT, ASKED, 1, FORGED)));
    assert_eq!(capture.outcome(), (vec!["/real".to_owned(), "/lies".to_owned()], [0, 0, 0]));
}

#[test]
fn bytes_that_only_seem_to_be_beyond_the_window_are_read() {
    // The acks of the client are not captured.
    let body = vec![b'x'; 200_000];
    let response = [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
    let segments: Vec<(u32, &[u8])> = (1..).step_by(1_000).zip(response.chunks(1_000)).collect();
    let mut capture = Capture::shaken();
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    for &(at, piece) in segments.iter().skip(1).chain(segments.first()) {
        capture.give(summed(packet(SERVER, at, ASKED, piece)));
    }
    let (lines, _) = capture.outcome();
    assert_eq!((lines[0].as_str(), lines[1].len()), ("/real", body.len()));
}
