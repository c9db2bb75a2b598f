//! Streams in, events out: each case is read whole, byte by byte, and cut in two at each byte.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use crate::content::zstd::layout::{Block, Header};
use crate::message::{HttpCounters, HttpMessage, Incomplete, NotHttp, Selection};
use crate::protocol::Limits;

#[derive(Debug, Default)]
struct Seen(Vec<String>);

impl Sink for Seen {
    fn message(&mut self, _: &HttpMessage<'_>) {
        panic!("no message of HTTP");
    }

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        let Part::Sse { event, id, retry } = message.part else { panic!("{message:?}") };
        assert_eq!(message.sequence, self.0.len() as u64 + 1);
        let mut line = format!("'{}'", String::from_utf8_lossy(message.data).escape_debug());
        line += &event.map(|event| format!(" {}", event.escape_ascii())).unwrap_or_default();
        line += &id.map(|id| format!(" #{}", id.escape_ascii())).unwrap_or_default();
        line += &retry.map(|retry| format!(" retry {retry}")).unwrap_or_default();
        if message.truncated {
            line += &format!(" of {} !", message.data_bytes);
        }
        if message.gap_bytes > 0 {
            line += &format!(" gap {}", message.gap_bytes);
        }
        self.0.push(line);
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

fn stream(coding: &str) -> EventStream {
    let mut codings = Vec::new();
    content::add_codings(coding.as_bytes(), &mut codings).unwrap();
    let coding = codings.first().map(|coding| Flowing::new(*coding));
    let of = StreamOf { exchange: 1, ..StreamOf::default() };
    EventStream { of, coding, parser: Parser::new(), events: 0, is_given_up: false }
}

/// Pieces of a body; an `Err` is a loss of so many bytes.
type Pieces<'a> = Vec<Result<&'a [u8], u64>>;

fn read(coding: &str, pieces: Pieces<'_>, max_body_bytes: usize) -> (Vec<String>, HttpCounters, EventStream) {
    let (mut events, mut seen, mut counters) = (stream(coding), Seen::default(), HttpCounters::default());
    let (selection, mut scratch) = (Selection::new(&[], &[]), Scratch::default());
    for piece in pieces {
        let mut cx = Context {
            limits: Limits { max_body_bytes },
            selection: &selection,
            counters: &mut counters,
            sink: &mut seen,
            ending: Incomplete::Closed,
            proxied: None,
            scratch: &mut scratch,
            readers: crate::protocol::Readers { streams: true, tunnels: false },
        };
        match piece {
            Ok(bytes) => events.on_data(bytes, Timestamp::default(), &mut cx),
            Err(lost) => events.on_gap(lost, &mut cx),
        }
    }
    (seen.0, counters, events)
}

#[track_caller]
fn check(body: &[u8], expected: &[&str]) {
    assert_eq!(read("", vec![Ok(body)], 1 << 20).0, expected);
    assert_eq!(read("", body.chunks(1).map(Ok).collect(), 1 << 20).0, expected, "byte by byte");
    for at in 0..=body.len() {
        let (a, b) = body.split_at(at);
        assert_eq!(read("", vec![Ok(a), Ok(b)], 1 << 20).0, expected, "cut at {at}");
    }
}

#[test]
fn the_examples_of_the_standard() {
    // HTML §9.2.6, and what it leaves no doubt about.
    check(b"data: YHOO\ndata: +2\ndata: 10\n\n", &["'YHOO\\n+2\\n10'"]);
    check(
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        &["'first event' #1", "'second event' #", "' third event'"],
    );
    check(b"data\n\ndata\ndata\n\ndata:", &["''", "'\\n'"]);
    check(b"data:test\n\ndata: test\n\n", &["'test'", "'test'"]);
    check(b"\xef\xbb\xbfdata: a\n\n", &["'a'"]);
    check(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", &["'b'"]);
    check(b"\xef\xbbdata: a\n\ndata: b\n\n", &["'b'"]);
    check(b"event: x\n\ndata: a\n\n", &["'a'"]);
    check(b"data: a\n\ndata: b\n", &["'a'"]);
    check(b"data: a\r\rdata: b\r\r", &["'a'", "'b'"]);
    check(b"data: a\r\n\r\ndata: b\r\n\n", &["'a'", "'b'"]);
    check(b"data: a\r\ndata: b\rdata: c\ndata: d\n\n", &["'a\\nb\\nc\\nd'"]);
}

#[test]
fn fields_mean_what_the_standard_says() {
    check(b"event: note\ndata: a\n\ndata: b\n\n", &["'a' note", "'b'"]);
    check(b"event: one\nevent: two\ndata: a\nevent\n\n", &["'a'"]);
    check(b"retry: 10\ndata: a\n\nretry: 1x\nretry:\ndata: b\n\n", &["'a' retry 10", "'b'"]);
    // A time to wait needs no event of its own.
    check(b"retry: 3000\n\ndata: a\n\ndata: b\n\n", &["'a' retry 3000", "'b'"]);
    check(b"id: x\0y\ndata: a\n\n", &["'a'"]);
    check(b"Data: a\ndatas: b\n data: c\ndat: d\n:data: e\ndata: f\n\n", &["'f'"]);
    check(b"data: a: b\n\n", &["'a: b'"]);
    check("data: äöü\n\n".as_bytes(), &["'äöü'"]);
}

#[test]
fn more_than_the_limit_is_counted_and_not_kept() {
    let (seen, ..) = read("", vec![Ok(b"data: abcdef\ndata: gh\n\ndata: ijkl\n\n")], 4);
    assert_eq!(seen, ["'abcd' of 9 !", "'ijkl'"]);
    let long = [&b"id: "[..], &[b'x'; 10_000], b"\ndata: a\n\ndata: b\n\n"].concat();
    let (seen, _, events) = read("", long.chunks(100).map(Ok).collect(), 4);
    assert_eq!((seen[0].ends_with("of 1 !"), seen[1].as_str()), (true, "'b'"));
    assert!(events.held_bytes() < 5_000);
    // A line without an end.
    let line = vec![b'x'; 1_000_000];
    let (_, _, events) = read("", line.chunks(1_000).map(Ok).collect(), 4);
    assert!(events.held_bytes() < 100);
}

#[test]
fn a_loss_ends_the_event_and_goes_on_after_an_empty_line() {
    let body = b"data: one\n\ndata: two\n\ndata: three\n\ndata: four\n\n";
    for from in 0..body.len() {
        for to in from..body.len() {
            let (seen, counters, _) = read("", vec![Ok(&body[..from]), Err((to - from) as u64), Ok(&body[to..])], 99);
            let whole: Vec<_> =
                seen.iter().filter(|line| !line.ends_with(|c: char| c == '!' || c.is_ascii_digit())).collect();
            let mut sent = ["'one'", "'two'", "'three'", "'four'"].into_iter();
            assert!(whole.iter().all(|line| sent.any(|sent| sent == line.as_str())), "{from}..{to}: {seen:?}");
            assert!(to > 30 || seen.last().unwrap() == "'four'", "{from}..{to}: {seen:?}");
            assert_eq!(counters.streams.lost_boundaries, 1);
        }
    }
    let (seen, ..) = read("", vec![Ok(b"data: abc"), Err(7), Ok(b"def\n\ndata: next\n\n")], 99);
    assert_eq!(seen, ["'abc' of 3 ! gap 7", "'next'"]);
}

/// Each event flushed by itself.
fn coded(coding: &str, events: &[Vec<u8>]) -> Vec<Vec<u8>> {
    fn each<W: Write>(mut writer: W, events: &[Vec<u8>], drain: impl Fn(&mut W) -> Vec<u8>) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        for event in events {
            writer.write_all(event).unwrap();
            writer.flush().unwrap();
            pieces.push(drain(&mut writer));
        }
        pieces
    }
    match coding {
        "gzip" => {
            each(GzEncoder::new(Vec::new(), Compression::default()), events, |writer| std::mem::take(writer.get_mut()))
        }
        "deflate" => each(ZlibEncoder::new(Vec::new(), Compression::default()), events, |writer| {
            std::mem::take(writer.get_mut())
        }),
        "br" => each(brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 22), events, |writer| {
            std::mem::take(writer.get_mut())
        }),
        "zstd" => {
            let mut pieces: Vec<_> = events.iter().map(|event| zstd_blocks(event)).collect();
            pieces[0].splice(0..0, [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3]);
            pieces
        }
        _ => events.to_vec(),
    }
}

/// The blocks of one event, none of which says that it is the last.
fn zstd_blocks(event: &[u8]) -> Vec<u8> {
    let mut blocks = compress_to_vec(event, CompressionLevel::Fastest);
    blocks.drain(..Header::of(&blocks).unwrap().len);
    let mut at = 0;
    loop {
        let Block { len, is_last } = Block::of(&blocks[at..]).unwrap();
        if is_last {
            blocks[at] &= !1;
            blocks.truncate(at + len);
            return blocks;
        }
        at += len;
    }
}

#[test]
fn a_coded_event_comes_out_with_its_last_byte() {
    let events: Vec<_> =
        (0..50).map(|n| format!("id: {n}\ndata: {}\n\n", "token ".repeat(n % 9)).into_bytes()).collect();
    for coding in ["", "gzip", "deflate", "br", "zstd"] {
        let pieces = coded(coding, &events);
        for count in 0..=pieces.len() {
            let (seen, counters, _) =
                read(coding, pieces[..count].iter().map(|piece| Ok(piece.as_slice())).collect(), 999);
            assert_eq!(seen.len(), count, "{coding}");
            assert_eq!(counters.streams, Default::default());
        }
        let all = pieces.concat();
        let expected = read("", vec![Ok(&events.concat())], 999).0;
        assert_eq!(read(coding, vec![Ok(&all)], 999).0, expected, "{coding}");
        assert_eq!(read(coding, all.chunks(1).map(Ok).collect(), 999).0, expected, "{coding}, byte by byte");
        // Bytes that are no such coding, or a loss: it is not read on.
        if !coding.is_empty() {
            let broken = vec![Ok(pieces[0].as_slice()), Err(3), Ok(pieces[2].as_slice())];
            let (seen, counters, events) = read(coding, broken, 999);
            assert_eq!((seen.len(), counters.streams.given_up, events.held_bytes()), (1, 1, 0), "{coding}");
        }
    }
}

#[test]
fn a_bomb_is_not_read_on() {
    for coding in ["gzip", "br", "zstd"] {
        let zeros = [b"data: ".to_vec(), vec![b'0'; 200 << 20], b"\n\n".to_vec()].concat();
        let pieces = coded(coding, &[zeros]);
        let (seen, counters, _) = read(coding, pieces.iter().map(|piece| Ok(piece.as_slice())).collect(), 999);
        assert_eq!((seen.len(), counters.streams.given_up), (0, 1), "{coding}");
    }
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same(
        lines in prop::collection::vec("(data|event|id|retry|x|)(: ?|)[a-c:0-9\u{e4}]{0,9}(\n|\r|\r\n|\n\n|\r\n\r\n)", 0..20),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let body = lines.concat().into_bytes();
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        at.extend([0, body.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|ends| Ok(&body[ends[0]..ends[1]])).collect();
        prop_assert_eq!(read("", pieces, 999).0, read("", vec![Ok(&body)], 999).0);
    }

    #[test]
    fn any_bytes_are_read(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..9),
        coding in prop::sample::select(vec!["", "gzip", "deflate", "br", "zstd"]),
    ) {
        read(coding, pieces.iter().map(|piece| Ok(piece.as_slice())).collect(), 99);
    }
}
