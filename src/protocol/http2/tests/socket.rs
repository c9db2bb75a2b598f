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
