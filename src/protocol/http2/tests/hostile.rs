//! Peers that mean harm: bounded memory, linear time, and ordinary traffic right afterwards where frames are still in step.

use super::wire::*;
use super::*;
use crate::protocol::tests::expect_linear;

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")];
/// Bytes that a connection may hold in these tests besides bodies.
const MAX_HELD_BYTES: usize = 2 << 20;

/// The client says `bytes` in packets; checks what is held.
fn flood(talker: &mut Talker, bytes: &[u8]) {
    for piece in bytes.chunks(1_400) {
        talker.say(true, piece);
        assert!(talker.connection.buffered_bytes() < MAX_HELD_BYTES, "{}", talker.connection.buffered_bytes());
    }
}

fn ordinary(talker: &mut Talker, c: &mut Encoder, id: u32) {
    talker.say(false, &settings(&[]));
    let before = talker.seen.lines.len();
    talker.say(true, &headers(id, &c.block(&GET), true));
    let mut s = Encoder::default();
    talker.say(false, &headers(id, &s.block(&[(":status", "200")]), true));
    let new: Vec<_> =
        talker.seen.lines.split_off(before).into_iter().filter(|line| !line.ends_with("!evicted")).collect();
    assert_eq!(new, [format!("> {id} GET / {{host=h}}"), format!("< {id} 200 for GET /")]);
}

#[test]
fn continuation_without_end() {
    for piece in [&b""[..], b"x", &[0; 16_384]] {
        expect_linear(500_000 / (piece.len() + 200), |pieces| {
            let mut talker = Talker::new(Http2Connection::new());
            talker.say(true, &[hello(), frame(1, 0, 1, &[0x82])].concat());
            flood(&mut talker, &frame(9, 0, 1, piece).repeat(pieces));
            talker.say(true, &frame(9, 4, 1, &[]));
            assert_eq!(talker.counters.http2.lost_blocks, 1);
            ordinary(&mut talker, &mut Encoder::default(), 3);
        });
    }
}

#[test]
fn ten_thousand_streams() {
    let mut c = Encoder::default();
    let mut talker = Talker::new(Http2Connection::new());
    let post: Vec<_> = [(":method", "POST")].into_iter().chain(GET.into_iter().skip(1)).collect();
    talker.say(true, &hello());
    for n in 0..10_000 {
        talker.say(true, &headers(2 * n + 1, &c.block(&post), false));
    }
    assert!(talker.connection.buffered_bytes() < MAX_HELD_BYTES, "{}", talker.connection.buffered_bytes());
    assert_eq!(talker.counters.http2.evicted_streams, 10_000 - 1_024);
    assert_eq!(talker.seen.lines.len(), 10_000 - 1_024);
    assert!(talker.seen.lines.iter().all(|line| line.ends_with("!evicted")));
    ordinary(&mut talker, &mut c, 20_001);
}

#[test]
fn streams_that_count_down_and_resets_without_end() {
    expect_linear(1_000, |streams| {
        let streams = streams as u32;
        let mut c = Encoder::default();
        let mut talker = Talker::new(Http2Connection::new());
        talker.say(true, &hello());
        let down: Vec<u8> = (1..streams).rev().flat_map(|n| data(2 * n + 1, b"x", false)).collect();
        flood(&mut talker, &down);
        let resets: Vec<u8> = (streams..3 * streams)
            .flat_map(|n| [headers(2 * n + 1, &c.block(&GET), false), rst(2 * n + 1, 8)].concat())
            .collect();
        flood(&mut talker, &resets);
        ordinary(&mut talker, &mut c, 10 * streams + 1);
    });
}

#[test]
fn a_block_that_stands_for_many_megabytes() {
    let mut talker = Talker::new(Http2Connection::new());
    talker.say(true, &hello());
    let mut bomb = vec![0x40, 1, b'a', 0x7f, 0xa1, 0x1e];
    bomb.extend_from_slice(&[b'v'; 4_000]);
    bomb.extend_from_slice(&[0xbe; 12_000]);
    for id in 0..200 {
        flood(&mut talker, &headers(2 * id + 1, &bomb, false));
    }
    assert!(talker.connection.buffered_bytes() < MAX_HELD_BYTES, "{}", talker.connection.buffered_bytes());
}

#[test]
fn garbage_after_the_preface_is_no_message_and_is_given_up() {
    let garbage = |bytes: usize| {
        let mut state = 1_u64;
        let garbage: Vec<u8> = (0..bytes / 8)
            .flat_map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()
            })
            .collect();
        let mut talker = Talker::new(Http2Connection::new());
        talker.say(true, PREFACE);
        flood(&mut talker, &garbage);
        (talker.seen.lines.len(), talker.counters.http2.given_up)
    };
    expect_linear(1 << 18, |bytes| assert_eq!(garbage(bytes), (0, 0)));
    assert_eq!(garbage(17 << 20), (0, 1));
}

/// Nearly each of these bytes may begin a header, and no header is there.
#[test]
fn the_search_is_linear() {
    for pattern in
        [&[0_u8][..], &[0, 0, 1, 0, 0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, 1], &[0, 0, 4, 8, 0, 0, 0, 0, 0, 1]]
    {
        expect_linear((1 << 18) / pattern.len(), |times| {
            let mut talker = Talker::new(Http2Connection::unproven());
            flood(&mut talker, &pattern.repeat(times));
            assert_eq!(talker.seen.lines, Vec::<String>::new());
        });
    }
}
