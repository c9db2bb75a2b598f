//! Bodies in, messages out: each case is read whole, byte by byte, and cut in two at each byte.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;
use crate::message::{Field, HttpCounters, HttpMessage, Incomplete, NotHttp, Selection, Sink, Span};
use crate::protocol::Limits;

#[derive(Debug, Default)]
struct Seen {
    lines: Vec<String>,
    /// The last number.
    last: u64,
    /// Number, data, and if bytes are missing.
    messages: Vec<(u64, Vec<u8>, bool)>,
}

impl Sink for Seen {
    fn message(&mut self, _: &HttpMessage<'_>) {
        panic!("no message of HTTP");
    }

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        assert_eq!((message.part, message.direction), (Part::Grpc { path: PATH }, Direction::Response));
        assert!(message.sequence > self.last);
        let mut line = format!("'{}'", message.data.escape_ascii());
        if message.sequence != self.last + 1 {
            line = format!("{}: {line}", message.sequence);
        }
        self.last = message.sequence;
        self.messages.push((message.sequence, message.data.to_vec(), message.truncated));
        if message.data_bytes != message.data.len() as u64 {
            line += &format!(" of {}", message.data_bytes);
        }
        line += if message.truncated { " !" } else { "" };
        if message.gap_bytes > 0 {
            line += &format!(" gap {}", message.gap_bytes);
        }
        self.lines.push(line);
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

const PATH: &[u8] = b"/pkg.S/M";

fn of(content_type: &str, more: &[(&str, &str)], path: &[u8]) -> Option<Box<GrpcStream>> {
    let (mut head, mut bytes) = (Head::default(), Vec::new());
    for (name, value) in [&[("content-type", content_type)], more].concat() {
        let start = bytes.len();
        bytes.extend_from_slice([name, value].concat().as_bytes());
        let (name, value) = (Span::new(start, start + name.len()), Span::new(start + name.len(), bytes.len()));
        head.fields.push(Field::decoded(&bytes, name, value));
    }
    let of = StreamOf { exchange: 1, ..StreamOf::default() };
    GrpcStream::of(Direction::Response, &head, &bytes, of, path, None)
}

fn with_coding(coding: &str) -> Box<GrpcStream> {
    of("application/grpc", &[("grpc-encoding", coding)], PATH).unwrap()
}

/// A frame of five bytes and what follows.
fn frame(flags: u8, data: &[u8]) -> Vec<u8> {
    [&[flags], &(data.len() as u32).to_be_bytes()[..], data].concat()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

/// Pieces of a body; an `Err` is a loss of so many bytes, 0 if it is not known how many.
type Pieces<'a> = Vec<Result<&'a [u8], u64>>;

struct Reader {
    grpc: Box<GrpcStream>,
    seen: Seen,
    counters: HttpCounters,
    scratch: Scratch,
    max_body_bytes: usize,
}

impl Reader {
    fn of(grpc: Box<GrpcStream>, max_body_bytes: usize) -> Self {
        let (seen, counters, scratch) = (Seen::default(), HttpCounters::default(), Scratch::default());
        Self { grpc, seen, counters, scratch, max_body_bytes }
    }

    fn with(&mut self, act: impl FnOnce(&mut GrpcStream, &mut Context<'_>)) {
        let selection = Selection::new(&[], &[]);
        act(
            &mut self.grpc,
            &mut Context {
                limits: Limits { max_body_bytes: self.max_body_bytes },
                selection: &selection,
                counters: &mut self.counters,
                sink: &mut self.seen,
                ending: Incomplete::Closed,
                proxied: None,
                scratch: &mut self.scratch,
                readers: crate::protocol::Readers { streams: true, tunnels: false },
            },
        );
    }

    fn read(&mut self, pieces: Pieces<'_>) {
        for piece in pieces {
            self.with(|grpc, cx| match piece {
                Ok(bytes) => grpc.on_data(bytes, Timestamp::default(), cx),
                Err(lost) => grpc.on_gap(lost, cx),
            });
            assert_eq!(self.grpc.count(), self.seen.lines.len() as u64);
        }
    }
}

fn read(coding: &str, pieces: Pieces<'_>, max_body_bytes: usize) -> (Vec<String>, HttpCounters) {
    let mut reader = Reader::of(with_coding(coding), max_body_bytes);
    reader.read(pieces);
    reader.with(GrpcStream::end);
    assert_eq!(reader.grpc.held_bytes(), PATH.len());
    (reader.seen.lines, reader.counters)
}

#[track_caller]
fn check(coding: &str, body: &[u8], max: usize, expected: &[&str]) {
    assert_eq!(read(coding, vec![Ok(body)], max).0, expected);
    assert_eq!(read(coding, body.chunks(1).map(Ok).collect(), max).0, expected, "byte by byte");
    for at in 0..=body.len() {
        let (a, b) = body.split_at(at);
        assert_eq!(read(coding, vec![Ok(a), Ok(b)], max).0, expected, "cut at {at}");
    }
}

#[test]
fn each_message_comes_out_with_its_last_byte() {
    let text = b"the same words again, the same words again";
    let sent = [&b"one"[..], b"", b"\0\xff", text];
    for (coding, coded) in [("gzip", gzip(text)), ("deflate", deflate(text))] {
        let frames = [frame(0, b"one"), frame(0, b""), frame(0, b"\0\xff"), frame(1, &coded)];
        let expected: Vec<_> = sent.iter().map(|data| format!("'{}'", data.escape_ascii())).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        check(coding, &frames.concat(), 999, &expected);
        let mut reader = Reader::of(with_coding(coding), 999);
        for (n, bytes) in frames.iter().enumerate() {
            let (last, rest) = bytes.split_last().unwrap();
            reader.read(vec![Ok(rest)]);
            assert_eq!(reader.seen.lines.len(), n);
            reader.read(vec![Ok(&[*last])]);
            assert_eq!(reader.seen.lines, expected[..=n]);
        }
    }
}

#[test]
fn what_cannot_be_decompressed_is_left_out_and_counted() {
    let coded = gzip(b"text");
    for coding in ["", "identity", "snappy", "br", "zstd", "gzip, gzip", "gzip, gzip, gzip, gzip"] {
        let body = [frame(1, &coded), frame(1, b""), frame(0, b"a"), frame(1, &coded)].concat();
        check(coding, &body, 999, &["2: ''", "'a'"]);
        assert_eq!(read(coding, vec![Ok(&body)], 999).1.streams.unread_messages, 2, "{coding}");
    }
    // After a message that is not coded as it says no other is decompressed.
    let body = [frame(1, b"broken"), frame(1, &coded), frame(0, b"a")].concat();
    check("gzip", &body, 999, &["3: 'a'"]);
}

#[test]
fn gzip_needs_no_name() {
    let body = [frame(1, &gzip(b"text")), frame(0, b"a"), frame(1, b"other"), frame(1, &gzip(b"text"))].concat();
    let mut reader = Reader::of(of("application/grpc", &[], PATH).unwrap(), 999);
    reader.read(vec![Ok(&body)]);
    // A message that does not begin as gzip says nothing of the next.
    assert_eq!(reader.seen.lines, ["'text'", "'a'", "4: 'text'"]);
    assert_eq!(reader.counters.streams.unread_messages, 1);
}

#[test]
fn more_than_the_limit_is_not_kept() {
    check("", &[frame(0, b"abcdefgh"), frame(0, b"ij")].concat(), 4, &["'abcd' of 8 !", "'ij'"]);
    check("gzip", &frame(1, &gzip(&[b'x'; 300])), 100, &[&format!("'{}' !", "x".repeat(100))]);
    let mut reader = Reader::of(with_coding(""), 100);
    reader.read(vec![Ok(b"\0\xff\xff\xff\xff")]);
    for _ in 0..1_000 {
        reader.read(vec![Ok(&[b'x'; 1_000])]);
        assert!(reader.grpc.held_bytes() < 300);
    }
    assert_eq!(reader.seen.lines.len(), 0);
}

#[test]
fn a_bomb_is_cut() {
    let bomb = frame(1, &gzip(&vec![0; 8 << 20]));
    let mut reader = Reader::of(with_coding("gzip"), 8 << 20);
    reader.read(vec![Ok(bomb.as_slice()); 20]);
    assert!(reader.counters.streams.over_ratio > 5, "{:?}", reader.counters.streams);
    assert_eq!(
        reader.seen.lines.iter().filter(|line| line.ends_with('!')).count() as u64,
        reader.counters.streams.over_ratio
    );
}

#[test]
fn the_end_of_the_call_cuts_a_message() {
    let body = [frame(0, b"one"), frame(0, b"two")].concat();
    for end in 0..body.len() {
        let (seen, _) = read("", vec![Ok(&body[..end])], 99);
        let expected: Vec<String> = match end {
            0..5 => vec![],
            5..8 => vec![format!("'{}' of 3 !", &"one"[..end - 5])],
            8..13 => vec!["'one'".to_owned()],
            _ => vec!["'one'".to_owned(), format!("'{}' of 3 !", &"two"[..end - 13])],
        };
        assert_eq!(seen, expected, "{end}");
    }
}

#[test]
fn a_loss_within_a_message_cuts_it_and_one_beyond_is_the_last() {
    let sent = ["one", "twotwo", "three", ""];
    let frames: Vec<_> = sent.iter().map(|data| frame(0, data.as_bytes())).collect();
    let body = frames.concat();
    // Where the data of each begins and ends.
    let mut at = 0;
    let places: Vec<_> = sent
        .iter()
        .map(|data| {
            (at + 5, {
                at += 5 + data.len();
                at
            })
        })
        .collect();
    for from in 0..body.len() {
        for to in from + 1..=body.len() {
            for is_known in [true, false] {
                let lost = if is_known { (to - from) as u64 } else { 0 };
                let (seen, counters) = read("", vec![Ok(&body[..from]), Err(lost), Ok(&body[to..])], 99);
                let inside = places.iter().position(|&(start, end)| from >= start && to <= end && start < end);
                let mut expected: Vec<_> = Vec::new();
                for (n, &(start, end)) in places.iter().enumerate() {
                    let whole = format!("'{}'", sent[n]);
                    let cut = |gap: usize| {
                        let gap = if is_known { format!(" gap {gap}") } else { String::new() };
                        format!("'{}' of {} !{gap}", &sent[n][..from - start], sent[n].len())
                    };
                    if is_known && inside == Some(n) {
                        expected.push(cut(to - from));
                    } else if end <= from || (is_known && inside.is_some()) {
                        expected.push(whole);
                    } else {
                        if start <= from && start < end {
                            expected.push(cut(end - from));
                        }
                        break;
                    }
                }
                assert_eq!(seen, expected, "{from}..{to} {is_known}");
                let is_lost = !is_known || inside.is_none();
                assert_eq!((counters.streams.lost_boundaries, counters.streams.given_up), (u64::from(is_lost), 0));
            }
        }
    }
}

#[test]
fn a_compressed_message_shows_what_came_before_its_loss() {
    // Stored, not compressed: each byte that arrives is one of the text.
    let mut writer = GzEncoder::new(Vec::new(), Compression::none());
    writer.write_all(b"0123456789").unwrap();
    let coded = writer.finish().unwrap();
    let body = [frame(1, &coded), frame(0, b"next")].concat();
    // The check of eight bytes follows the text.
    let at = 5 + coded.len() - 12;
    let (seen, _) = read("gzip", vec![Ok(&body[..at]), Err(2), Ok(&body[at + 2..])], 99);
    assert_eq!(seen, ["'012345' ! gap 2", "'next'"]);
}

#[test]
fn what_is_not_framed_so_is_not_read_on() {
    let body = [frame(0, b"a"), frame(2, b"b"), frame(0, b"c")].concat();
    check("", &body, 99, &["'a'"]);
    assert_eq!(read("", vec![Ok(&body), Err(3), Ok(b"x")], 99).1.streams.given_up, 1);
}

#[test]
fn what_was_kept_is_let_go_of() {
    let mut reader = Reader::of(with_coding("gzip"), 99);
    let coded = gzip(b"text");
    let two = [frame(1, &coded), frame(0, b"next")].concat();
    reader.read(vec![Ok(&two[..12])]);
    let held = reader.grpc.held_bytes();
    reader.with(GrpcStream::shed);
    assert!(reader.grpc.held_bytes() < held);
    assert_eq!(reader.counters.cut_bodies, 1);
    reader.read(vec![Ok(&two[12..])]);
    assert_eq!(reader.seen.lines, ["'' !", "'next'"]);
}

#[test]
fn the_trailers_of_grpc_web_are_no_message() {
    for kind in ["application/grpc-web", "application/grpc-web+proto", "Application/gRPC-Web;x=y"] {
        let mut reader = Reader::of(of(kind, &[], PATH).unwrap(), 99);
        let body = [frame(0, b"a"), frame(0x80, b"grpc-status: 0")].concat();
        reader.read(body.chunks(1).map(Ok).collect());
        reader.with(GrpcStream::end);
        assert_eq!(reader.seen.lines, ["'a'"]);
    }
}

#[test]
fn what_is_read() {
    for (kind, more, path, is_read) in [
        ("application/grpc", &[][..], PATH, true),
        ("application/grpc+proto", &[("content-encoding", "identity")], b"/S/M?q", true),
        ("application/grpc", &[("content-encoding", "gzip")], PATH, false),
        ("application/grpc-web-text", &[], PATH, false),
        ("application/grpcx", &[], PATH, false),
        ("application/json", &[], PATH, false),
        // Which call it is is not known.
        ("application/grpc", &[], b"", false),
        ("application/grpc", &[], b"/S", false),
    ] {
        assert_eq!(of(kind, more, path).is_some(), is_read, "{kind} {more:?}");
    }
}

proptest! {
    #[test]
    fn the_messages_are_those_that_were_sent(
        sent in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0..3u8), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
        coding in prop::sample::select(vec!["gzip", "deflate"]),
    ) {
        let frames = sent.iter().map(|(data, kind)| match (kind, coding) {
            (0, _) => frame(0, data),
            (_, "gzip") => frame(1, &gzip(data)),
            _ => frame(1, &deflate(data)),
        });
        let body: Vec<u8> = frames.flatten().collect();
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        at.extend([0, body.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|ends| Ok(&body[ends[0]..ends[1]])).collect();
        let expected: Vec<_> = sent.iter().map(|(data, _)| format!("'{}'", data.escape_ascii())).collect();
        prop_assert_eq!(read(coding, pieces, 999).0, expected);
    }

    /// Each message that comes out has the number of a sent message, and is that message or, if it says so, its beginning.
    #[test]
    fn a_loss_invents_nothing(
        sent in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), any::<bool>()), 1..12),
        losses in prop::collection::vec((any::<prop::sample::Index>(), 1..60_usize, any::<bool>()), 1..4),
        size in 1..30_usize,
    ) {
        let frames = sent.iter().map(|(data, coded)| if *coded { frame(1, &gzip(data)) } else { frame(0, data) });
        let body: Vec<u8> = frames.flatten().collect();
        let mut lost = vec![None; body.len()];
        for (from, len, is_known) in &losses {
            lost.iter_mut().skip(from.index(body.len())).take(*len).for_each(|lost| *lost = Some(*is_known));
        }
        let mut reader = Reader::of(with_coding("gzip"), 999);
        let mut at = 0;
        while let Some(first) = lost.get(at) {
            let same = lost[at..].iter().take_while(|lost| *lost == first).count();
            let end = at + if first.is_none() { same.min(size) } else { same };
            reader.read(vec![match first {
                None => Ok(&body[at..end]),
                Some(is_known) => Err(if *is_known { same as u64 } else { 0 }),
            }]);
            at = end;
        }
        reader.with(GrpcStream::end);
        let mut whole = 0;
        for (sequence, data, truncated) in &reader.seen.messages {
            let (is, _) = &sent[*sequence as usize - 1];
            prop_assert!(if *truncated { is.starts_with(data) } else { is == data }, "{sequence} {data:?}");
            whole += usize::from(!truncated);
        }
        let streams = reader.counters.streams;
        let told = reader.seen.messages.iter().any(|(.., truncated)| *truncated)
            || streams.unread_messages + streams.lost_boundaries > 0;
        prop_assert!(whole == sent.len() || told);
    }

    #[test]
    fn any_bytes_are_read(
        pieces in prop::collection::vec(
            prop_oneof![prop::collection::vec(0..3u8, 0..60).prop_map(Ok), (0..9u64).prop_map(Err)], 0..9),
        coding in prop::sample::select(vec!["", "gzip", "deflate", "zstd"]),
    ) {
        let pieces = pieces.iter().map(|piece| piece.as_deref().map_err(|lost| *lost)).collect();
        read(coding, pieces, 30);
    }
}
