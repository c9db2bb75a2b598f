//! WebSockets over HTTP/2 (RFC 8441).

use super::wire::{Encoder, data, headers, padded_data, rst, settings};
use super::*;

const CONNECT: [(&str, &str); 5] =
    [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/ws"), (":authority", "h")];

/// Text frames: of the client with a mask of zeros, of the server.
fn text(client: bool, text: &str) -> Vec<u8> {
    let mask: &[u8] = if client { &[0; 4] } else { &[] };
    [&[0x81, text.len() as u8 | if client { 0x80 } else { 0 }], mask, text.as_bytes()].concat()
}

fn opened(answer: &[(&str, &str)], end: bool) -> [Turn; 2] {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    [
        C([hello(), headers(1, &c.block(&CONNECT), false)].concat()),
        S([settings(&[(8, 1)]), headers(1, &s.block(answer), end)].concat()),
    ]
}

const HEADS: [&str; 2] = ["> 1 CONNECT /ws {host=h} protocol websocket", "< 1 200 for CONNECT /ws"];

#[test]
fn messages_inside_data_frames() {
    let (ask, hello, two) = (text(true, "ask"), text(false, "hello"), text(true, "two"));
    let mut turns = opened(&[(":status", "200")], false).to_vec();
    turns.extend([
        S(data(1, &hello, false)),
        // Frames of one protocol and those of the other have nothing to do with each other.
        C([data(1, &ask[..3], false), padded_data(1, &[&ask[3..], &two].concat(), 7, false)].concat()),
        C(data(1, &[0x88, 0x80, 0, 0, 0, 0], true)),
        S(data(1, &[0x88, 2, 3, 0xe8], true)),
    ]);
    let expected = [
        &HEADS[..],
        &["< inside 1.1 text 'hello'", "> inside 1.1 text 'ask'", "> inside 1.2 text 'two'", "> inside 1.3 close"],
        &["< inside 1.2 close 1000"],
    ];
    let counters = check(&turns, &expected.concat());
    assert_eq!((counters.streams.web_sockets, counters.switched_bytes), (1, 0));
}

#[test]
fn what_was_agreed_may_be_compressed() {
    let answer = [(":status", "200"), ("sec-websocket-extensions", "permessage-deflate")];
    let mut turns = opened(&answer, false).to_vec();
    turns.push(S(data(1, &[0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0], false)));
    let heads = [HEADS[0], "< 1 200 {sec-websocket-extensions=permessage-deflate} for CONNECT /ws"];
    check(&turns, &[&heads[..], &["< inside 1.1 text 'Hello'"]].concat());
    // The other agreed extension is not known.
    let answer = [(":status", "200"), ("sec-websocket-extensions", "mystery")];
    let mut turns = opened(&answer, false).to_vec();
    turns.push(S(data(1, &text(false, "hello"), false)));
    let heads = [HEADS[0], "< 1 200 {sec-websocket-extensions=mystery} for CONNECT /ws"];
    assert_eq!(check(&turns, &heads).switched_bytes, 7);
}

#[test]
fn a_reset_and_an_end_cut_what_is_in_progress() {
    let cut = &text(false, "cut")[..4];
    for end in [rst(1, 8), data(1, b"", true), headers(1, &Encoder::default().block(&[("x", "y")]), true)] {
        let mut turns = opened(&[(":status", "200")], false).to_vec();
        turns.extend([S(data(1, cut, false)), S(end)]);
        check(&turns, &[&HEADS[..], &["< inside 1.1 text 'cu' of 2 !"]].concat());
    }
}

#[test]
fn a_loss_inside_a_frame_of_each_is_crossed() {
    let long = "x".repeat(100);
    let frames = [data(1, &text(false, &long), false), data(1, &text(false, "next"), false)].concat();
    let mut turns = opened(&[(":status", "200")], false).to_vec();
    turns.extend([S(frames[..31].to_vec()), LostS(50), S(frames[81..].to_vec())]);
    let first = |gap: u32| format!("< inside 1.1 text '{}' of 100 ! gap {gap}", "x".repeat(20));
    let (lines, counters) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
    assert_eq!(lines, [HEADS[0], HEADS[1], &first(50), "< inside 1.2 text 'next'"]);
    assert_eq!(counters.streams.lost_boundaries, 0);
    // Over the end of a DATA frame.
    let mut turns = opened(&[(":status", "200")], false).to_vec();
    turns.extend([S(frames[..31].to_vec()), LostS(90), S(frames[121..].to_vec())]);
    let (lines, counters) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
    assert_eq!(lines, [HEADS[0], HEADS[1], &first(80)]);
    assert_eq!(counters.streams.lost_boundaries, 1);
}

/// A frame of the client with a mask of its own.
fn ask(n: u8) -> Turn {
    let (text, mask) = (format!("ask {n}"), [n + 1, 7, n + 2, 9]);
    let masked: Vec<u8> = text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    C(data(1, &[&[0x81, 0x80 | text.len() as u8][..], &mask, &masked].concat(), false))
}

fn chats(count: u8) -> Vec<Turn> {
    (0..count).flat_map(|n| [ask(n), S(data(1, &text(false, &format!("answer {n}")), false))]).collect()
}

fn asks(numbers: impl Iterator<Item = u8>) -> Vec<String> {
    (1..).zip(numbers).map(|(sequence, n)| format!("> inside 1.{sequence} text 'ask {n}'")).collect()
}

fn answers(numbers: impl Iterator<Item = u8>) -> Vec<String> {
    (1..).zip(numbers).map(|(sequence, n)| format!("< inside 1.{sequence} text 'answer {n}'")).collect()
}

/// Lines of HTTP, and of messages inside those of the client, then those of the server.
fn parted(lines: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (inside, http): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.contains("inside"));
    let (client, server): (Vec<_>, Vec<_>) = inside.into_iter().partition(|line| line.starts_with('>'));
    (http, [client, server].concat())
}

#[test]
fn an_answer_that_is_lost_is_proved_by_the_frames() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let asked = [hello(), headers(1, &c.block(&CONNECT), false)].concat();
    let answer = headers(1, &s.block(&[(":status", "200")]), false);
    // Within the payload of its frame; the answer of one side's frames is not known before the loss.
    for lost in 0..2 {
        let mut turns = vec![C(asked.clone()), S(settings(&[(8, 1)]))];
        match lost {
            0 => turns.extend([S(answer[..9].to_vec()), LostS(answer.len() as u64 - 9)]),
            _ => turns.push(LostS(answer.len() as u64)),
        }
        turns.extend(chats(30));
        let (lines, counters) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
        let (http, inside) = parted(lines);
        assert_eq!(http, [HEADS[0]]);
        assert_eq!(counters.streams.web_sockets, 1, "{lost}");
        let first = 1 + inside.iter().filter(|line| line.starts_with('<')).count() as u8;
        assert_eq!(inside, [asks(0..30), answers(31 - first..30)].concat(), "{lost}");
        assert!(counters.http2.lost_blocks + counters.http2.resyncs > 0 && first >= 20, "{lost}: {inside:?}");
    }
}

#[test]
fn a_stream_of_which_no_head_was_seen_is_proved_by_the_frames() {
    let turns = chats(60);
    for met in [0, 1, 5] {
        let (lines, counters) = talk(Http2Connection::unproven(), &turns[met..], Cut::Nowhere);
        let (http, inside) = parted(lines);
        assert_eq!((http, counters.streams.web_sockets), (vec![], 1));
        let of = |mark| inside.iter().filter(|line| line.starts_with(mark)).count() as u8;
        assert!(of('>') > 40 && of('<') > 40, "{met}: {inside:?}");
        assert_eq!(inside, [asks(60 - of('>')..60), answers(60 - of('<')..60)].concat(), "{met}");
    }
}

/// The client's packets are read before the answer if that came late: its frames are kept, and a loss among them is one.
#[test]
fn frames_before_the_answer_are_read_behind_it() {
    let [asked, answer] = opened(&[(":status", "200")], false);
    for early in 0..40 {
        let turns = [vec![asked.clone()], (0..early).map(ask).collect(), vec![answer.clone()]].concat();
        let (lines, counters) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
        let (http, inside) = parted(lines);
        assert_eq!((http, inside), (HEADS.map(str::to_owned).to_vec(), asks(0..early)), "{early}");
        assert_eq!(counters.streams.web_sockets, 1);
    }
    let turns: Vec<Turn> = [asked, LostC(21), answer].into_iter().chain((1..30).map(ask)).collect();
    let (lines, _) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
    let (_, inside) = parted(lines);
    let first = 30 - inside.len() as u8;
    assert!(inside == asks(first..30) && first > 1, "{inside:?}");
}

#[test]
fn bodies_whose_heads_are_lost_are_no_web_sockets() {
    // An answer that declines, and bytes that look like the server's frames.
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let answer = headers(1, &s.block(&[(":status", "403")]), false);
    let mut turns = vec![C([hello(), headers(1, &c.block(&CONNECT), false)].concat()), S(settings(&[]))];
    turns.extend([S(answer[..9].to_vec()), LostS(answer.len() as u64 - 9)]);
    turns.extend((0..90).map(|_| S(data(1, &text(false, "a"), false))));
    let (lines, counters) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
    assert_eq!((lines.len(), counters.streams.web_sockets), (1, 0));
    // Messages of gRPC in both directions.
    let message = |n: u8| [&[0, 0, 0, 0, 3, 8][..], &[n, n]].concat();
    let turns: Vec<Turn> =
        (0..90).flat_map(|n| [C(data(1, &message(n), false)), S(data(1, &message(n), false))]).collect();
    let (lines, counters) = talk(Http2Connection::unproven(), &turns, Cut::Nowhere);
    assert_eq!((lines.len(), counters.streams.web_sockets), (0, 0));
}
