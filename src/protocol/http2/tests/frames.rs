//! Losses whose extent the frame headers tell.

use super::wire::*;
use super::*;

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")];
const POST: [(&str, &str); 4] = [(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", "/")];
const OK: [(&str, &str); 1] = [(":status", "200")];

#[test]
fn a_loss_within_a_body_is_crossed() {
    for lost in 1..=8 {
        let (mut c, mut s) = (Encoder::default(), Encoder::default());
        let body = data(1, b"12345678", true);
        let (before, after) = body.split_at(9);
        let expected = format!("> 1 POST / {{host=h}} '' of 8 !gap gap {lost}");
        let counters = check(
            &[
                C([hello(), headers(1, &c.block(&POST), false), before.to_vec()].concat()),
                LostC(lost as u64),
                C([&after[lost..], &headers(3, &c.block(&GET), true)].concat()),
                S([settings(&[]), headers(3, &s.block(&OK), true)].concat()),
            ],
            &[&expected, "> 3 GET / {host=h}", "< 3 200 for GET /"],
        );
        assert_eq!((counters.http2.resyncs, counters.lost_heads), (0, 0));
    }
}

#[test]
fn a_loss_within_padding_costs_nothing() {
    let mut c = Encoder::default();
    let body = padded_data(1, b"1234", 20, true);
    let (before, after) = body.split_at(9 + 1 + 2);
    let (_, after) = after.split_at(7);
    let counters = check(
        &[C([hello(), headers(1, &c.block(&POST), false), before.to_vec()].concat()), LostC(7), C(after.to_vec())],
        &["> 1 POST / {host=h} '12' of 4 !gap gap 2"],
    );
    assert_eq!(counters.http2.resyncs, 0);
}

#[test]
fn a_loss_within_a_header_block_costs_that_block_and_the_table() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let first = headers(1, &c.block(&[&GET[..], &[("a", "1")]].concat()), true);
    let lost = headers(3, &c.block(&[&GET[..], &[("b", "2")]].concat()), true);
    let third = headers(5, &c.block(&[&GET[..], &[("b", "2"), ("c", "3")]].concat()), true);
    let fourth = headers(7, &c.block(&[&GET[..], &[("c", "3")]].concat()), true);
    let counters = check(
        &[
            C([hello(), first, lost[..12].to_vec()].concat()),
            LostC(lost.len() as u64 - 12),
            C([third, fourth].concat()),
            S([settings(&[]), [1, 3, 5, 7].map(|id| headers(id, &s.block(&OK), true)).concat()].concat()),
        ],
        &[
            "> 1 GET / {host=h|a=1}",
            // host and path are in the table from before the loss.
            "> 5 GET  {c=3} ?3",
            "> 7 GET  {c=3} ?2",
            "< 1 200 for GET /",
            "< 3 200",
            "< 5 200 for GET ",
            "< 7 200 for GET ",
        ],
    );
    assert_eq!((counters.lost_heads, counters.http2.lost_blocks, counters.http2.resyncs), (1, 1, 0));
}

#[test]
fn a_loss_within_other_frames_costs_nothing() {
    let mut c = Encoder::default();
    for noise in [ping(), goaway(0, 0), settings(&[(1, 100), (2, 0)]), window_update(1), frame(0x10, 0, 0, b"unknown")]
    {
        let (before, after) = noise.split_at(10);
        let block = headers(1, &c.block(&GET), true);
        check(
            &[C([hello(), before.to_vec()].concat()), LostC(2), C([&after[2..], &block].concat())],
            &["> 1 GET / {host=h}"],
        );
        c = Encoder::default();
    }
}

#[test]
fn a_reset_whose_code_is_lost() {
    let mut c = Encoder::default();
    let reset = rst(1, 8);
    check(
        &[
            C([hello(), headers(1, &c.block(&POST), false), data(1, b"a", false), reset[..11].to_vec()].concat()),
            LostC(2),
            C(headers(3, &c.block(&GET), true)),
        ],
        &["> 1 POST / {host=h} 'a' !reset", "> 3 GET / {host=h}"],
    );
}

#[test]
fn a_loss_of_padding_alone_leaves_the_body_whole() {
    let mut c = Encoder::default();
    let start = [hello(), headers(1, &c.block(&POST), false)].concat();
    let frame = padded_data(1, b"abcd", 6, false);
    // The body is at 10..14.
    for (from, to, shown) in [(14, 20, "'abcdef'"), (16, 17, "'abcdef'"), (13, 15, "'abc' of 6 !gap gap 1")] {
        let (lines, _) = talk(
            Http2Connection::new(),
            &[
                C([&start[..], &frame[..from]].concat()),
                LostC((to - from) as u64),
                C([&frame[to..], &data(1, b"ef", true)].concat()),
            ],
            Cut::Nowhere,
        );
        assert_eq!(lines, [format!("> 1 POST / {{host=h}} {shown}")], "{from}..{to}");
    }
}

/// The byte that says how much of a frame is padding is lost, and any bytes after it.
#[test]
fn bytes_that_may_be_padding_are_no_body() {
    let (mut c, padded) = (Encoder::default(), padded_data(1, b"body", 200, true));
    let begin = [hello(), headers(1, &c.block(&POST), false), padded[..9].to_vec()].concat();
    for lost in [1, 2, 5, 6, 100, 205] {
        let turns = [C(begin.clone()), LostC(lost as u64), C(padded[9 + lost..].to_vec())];
        check(&turns, &["> 1 POST / {host=h} !gap"]);
    }
}
