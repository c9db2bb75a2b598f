//! Bodies are read whole and in pieces, cut at each byte: what comes out must be the same.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::content::Coding;

fn frame(flags: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&[flags][..], &length, data].concat()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn index_of<'a>(kind: Kind, pieces: impl IntoIterator<Item = &'a [u8]>) -> MessageIndex {
    let mut index = MessageIndex::new(kind);
    pieces.into_iter().for_each(|piece| index.push(piece));
    index
}

/// The messages of a body, in text: for each its size, `z` if it is compressed, its data, `…` if there is more.
fn told(index: &MessageIndex, body: &[u8], coding: MessageCoding, max_bytes: usize) -> String {
    let mut told: Vec<_> = messages(index, body, coding, max_bytes)
        .iter()
        .map(|message| {
            let data = message.data.as_ref().map_or("?".into(), |data| String::from_utf8_lossy(data).into_owned());
            let more = if message.truncated { "…" } else { "" };
            format!("{}{}:{data}{more}", message.size, if message.compressed { "z" } else { "" })
        })
        .collect();
    if let Some(block) = index.web_trailers() {
        let lines =
            web_trailers(block).map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()));
        told.push(format!("trailers({})", lines.collect::<Vec<_>>().join(" ")));
    }
    if index.is_lost() {
        told.push("lost".into());
    } else if !index.is_whole() {
        told.push("open".into());
    }
    told.join(", ")
}

/// Whole, byte by byte, and cut at each place.
fn read(kind: Kind, body: &[u8]) -> String {
    let tell = |index| told(&index, body, MessageCoding::Known(Coding::Gzip), 1 << 20);
    let whole = tell(index_of(kind, [body]));
    assert_eq!(tell(index_of(kind, body.chunks(1))), whole);
    for at in 0..body.len() {
        let (first, second) = body.split_at(at);
        assert_eq!(tell(index_of(kind, [first, &[], second])), whole, "cut at {at}");
    }
    whole
}

#[test]
fn the_call_is_in_the_path() {
    let call = |path: &'static str| {
        Call::of_path(path.as_bytes()).map(|call| (call.service.escape_ascii().to_string(), call.method))
    };
    assert_eq!(call("/helloworld.Greeter/SayHello"), Some(("helloworld.Greeter".into(), &b"SayHello"[..])));
    assert_eq!(call("/api/pkg.S/M?x=/y"), Some(("api/pkg.S".into(), &b"M"[..])));
    for none in ["", "/", "*", "/a", "/a/", "//b", "a/b"] {
        assert_eq!(call(none), None, "{none}");
    }
}

#[test]
fn the_kind_is_in_the_content_type() {
    for (value, kind) in [
        ("application/grpc", Some(Kind::Grpc)),
        ("Application/gRPC+proto; charset=x", Some(Kind::Grpc)),
        ("application/grpc+json", Some(Kind::Grpc)),
        ("application/grpc-web", Some(Kind::Web)),
        ("application/grpc-web+proto", Some(Kind::Web)),
        ("application/grpc-web-text", Some(Kind::WebText)),
        ("application/grpc-web-text+proto;x", Some(Kind::WebText)),
        ("application/grpcx", None),
        ("application/grpc-web-texts", None),
        ("application/json", None),
        ("", None),
    ] {
        assert_eq!(Kind::of_content_type(value.as_bytes()), kind, "{value}");
    }
}

#[test]
fn status_and_message() {
    assert_eq!(status_of(b"0").map(|status| (status, status_name(status))), Some((0, Some("OK"))));
    assert_eq!(status_of(b" 16 ").and_then(status_name), Some("UNAUTHENTICATED"));
    assert_eq!(status_of(b"17").map(|status| (status, status_name(status))), Some((17, None)));
    for none in ["", "x", "-1", "+1", "4294967296", "1 2"] {
        assert_eq!(status_of(none.as_bytes()), None, "{none}");
    }
    for (value, text) in [
        ("plain", "plain"),
        ("a%20b%0A%C3%BC", "a b\nü"),
        ("50%", "50%"),
        ("%4", "%4"),
        ("%4g%41", "%4gA"),
        ("%%41%", "%A%"),
        ("%c3%bC", "ü"),
        ("%C3%BC, cut: %C3", "ü, cut: \u{fffd}"),
        ("%E4%C3%A4", "\u{fffd}ä"),
    ] {
        assert_eq!(message_text(value.as_bytes()), text.as_bytes(), "{value}");
    }
}

#[test]
fn messages_one_after_the_other() {
    let body = [frame(0, b"one"), frame(0, b""), frame(1, &gzip(b"three")), frame(0, b"four")].concat();
    assert_eq!(read(Kind::Grpc, &body), "3:one, 0:, 25z:three, 4:four");
    assert_eq!(read(Kind::Grpc, b""), "");
    assert_eq!(read(Kind::Grpc, &frame(1, b"")), "0z:");
}

#[test]
fn a_body_that_ends_early() {
    let body = [frame(0, b"one"), frame(0, b"things")].concat();
    assert_eq!(read(Kind::Grpc, &body[..body.len() - 1]), "3:one, 6:thing…, open");
    assert_eq!(read(Kind::Grpc, &body[..13]), "3:one, 6:…, open");
    assert_eq!(read(Kind::Grpc, &body[..12]), "3:one, open");
}

#[test]
fn a_body_that_is_framed_otherwise() {
    assert_eq!(read(Kind::Grpc, b"{\"json\": true}"), "lost");
    assert_eq!(read(Kind::Grpc, &[frame(0, b"one"), frame(2, b"x")].concat()), "3:one, lost");
    // Only gRPC-Web has trailers in the body, and nothing after them.
    let trailers = frame(0x80, b"grpc-status: 0\r\n");
    assert_eq!(read(Kind::Grpc, &trailers), "lost");
    assert_eq!(read(Kind::Web, &[&trailers[..], &[0]].concat()), "trailers(grpc-status=0), lost");
}

#[test]
fn web_trailers_are_in_the_body() {
    let trailers = frame(0x80, b"grpc-status:5\r\ngrpc-message: not%20there \r\nno colon\r\n: x\r\n");
    let body = [frame(0, b"one"), trailers].concat();
    assert_eq!(read(Kind::Web, &body), "3:one, trailers(grpc-status=5 grpc-message=not%20there)");
    assert_eq!(read(Kind::Web, &frame(0x81, b"a: b")), "trailers()");
    // A line that may be cut is not shown.
    assert_eq!(read(Kind::Web, &frame(0x80, b"a: b\r\nc: de")[..15]), "trailers(a=b), open");
    let mut gap = index_of(Kind::Web, [&frame(0x80, b"a: b")[..6]]);
    gap.gap(1);
    gap.push(b" b");
    assert_eq!((gap.web_trailers(), gap.is_whole()), (Some(&b""[..]), true));
    // Only the beginning of many, and no byte of them for a message.
    let many = [frame(0, b"one"), frame(0x80, &b"a: b\n".repeat(MAX_WEB_TRAILER_BYTES))].concat();
    let index = index_of(Kind::Web, many.chunks(1_000));
    assert_eq!(index.web_trailers().map(<[u8]>::len), Some(MAX_WEB_TRAILER_BYTES - 5));
    assert_eq!(messages(&index, &many, MessageCoding::Identity, 100).len(), 1);
}

#[test]
fn web_text_is_base64_in_pieces() {
    let message = frame(0, b"some text");
    let trailers = frame(0x80, b"grpc-status: 0\r\n");
    let piece = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    for at in 0..message.len() {
        let (first, second) = message.split_at(at);
        let body = [piece(first), piece(second), piece(&trailers)].concat();
        assert_eq!(read(Kind::WebText, body.as_bytes()), "9:some text, trailers(grpc-status=0)", "{body}");
    }
    let text = piece(&message);
    assert_eq!(read(Kind::WebText, &text.as_bytes()[..text.len() - 2]), "9:some te…, open");
    for broken in ["AAAA!", "AA=A", "A===", "=AAA", "AAAA\n"] {
        assert!(read(Kind::WebText, broken.as_bytes()).ends_with("lost"), "{broken}");
    }
}

#[test]
fn what_is_lost_within_a_message_is_all_that_is_lost() {
    let body = [frame(0, b"one"), frame(0, b"things"), frame(0, b"3rd")].concat();
    let read = |from: usize, bytes: usize| {
        let (before, after) = (&body[..from], &body[from + bytes..]);
        let mut index = index_of(Kind::Grpc, [before]);
        index.gap(bytes as u64);
        index.push(after);
        told(&index, &[before, after].concat(), MessageCoding::Identity, 1 << 20)
    };
    assert_eq!(read(15, 2), "3:one, 6:th…, 3:3rd");
    assert_eq!(read(13, 6), "3:one, 6:…, 3:3rd");
    assert_eq!(read(15, 4), "3:one, 6:th…, 3:3rd");
    assert_eq!(read(15, 0), "3:one, 6:things, 3:3rd");
    // The next prefix is gone.
    assert_eq!(read(15, 5), "3:one, 6:th…, lost");
    assert_eq!(read(9, 1), "3:one, lost");
    let mut index = MessageIndex::new(Kind::WebText);
    index.gap(4);
    assert!(index.is_lost());
}

#[test]
fn what_was_not_kept_is_counted() {
    let body = frame(0, b"12345").repeat(MAX_MESSAGES + 7);
    let index = index_of(Kind::Grpc, body.chunks(777));
    assert_eq!(index.message_count(), MAX_MESSAGES as u64 + 7);
    assert_eq!(messages(&index, &body, MessageCoding::Identity, 1 << 20).len(), MAX_MESSAGES);
    assert!(index.memory_bytes() <= 32 * MAX_MESSAGES);
    let told = told(&index, &body[..23], MessageCoding::Identity, 1 << 20);
    assert!(told.starts_with("5:12345, 5:12345, 5:…, 5:…, "), "{told}");
}

#[test]
fn all_messages_together_are_within_the_limit() {
    let body = [frame(0, b"12345"), frame(1, &gzip(&[b'x'; 9_000])), frame(1, &gzip(b"y")), frame(0, b"z")].concat();
    let index = index_of(Kind::Grpc, [&body[..]]);
    let told = told(&index, &body, MessageCoding::Known(Coding::Gzip), 8);
    let sizes: Vec<_> =
        messages(&index, &body, MessageCoding::Identity, 8).iter().map(|message| message.size).collect();
    assert_eq!(told, format!("5:12345, {}z:xxx…, {}z:…, 1:…", sizes[1], sizes[2]));
}

/// A message of a connection met late, whose head refers to what was sent before: gzip tells itself.
#[test]
fn a_coding_that_was_not_seen_is_proved_by_the_checksum_of_gzip() {
    let whole = gzip(b"compressed");
    let body = [frame(1, &whole), frame(0, b"plain"), frame(1, &whole)].concat();
    let index = index_of(Kind::Grpc, [&body[..]]);
    let size = whole.len();
    let all = format!("{size}z:compressed, 5:plain, {size}z:compressed");
    assert_eq!(told(&index, &body, MessageCoding::Unnamed, 100), all);
    assert_eq!(told(&index, &body, MessageCoding::Identity, 100), format!("{size}z:?, 5:plain, {size}z:?"));
    // Neither a cut message nor the rest of a broken one is.
    let cut = told(&index, &body[..body.len() - 1], MessageCoding::Unnamed, 100);
    assert_eq!(cut, format!("{size}z:compressed, 5:plain, {size}z:?…"));
    for at in 0..size {
        let mut broken = body.clone();
        broken[5 + at] ^= 1;
        let told = told(&index, &broken, MessageCoding::Unnamed, 100);
        let is_known = told == all || told.starts_with(&format!("{size}z:?, "));
        assert!(is_known, "{at}: {told}");
    }
    // Nor what is over the limit, whose checksum is not reached.
    assert!(told(&index, &body, MessageCoding::Unnamed, 5).starts_with(&format!("{size}z:?, ")));
}

#[test]
fn a_coding_that_is_not_known_leaves_the_data_out() {
    let body = [frame(1, b"coded"), frame(0, b"plain")].concat();
    for (name, coding, expected) in [
        ("snappy", MessageCoding::Unknown, "5z:?, 5:plain"),
        ("identity", MessageCoding::Identity, "5z:?, 5:plain"),
        ("", MessageCoding::Identity, "5z:?, 5:plain"),
        ("gzip", MessageCoding::Known(Coding::Gzip), "5z:?, 5:plain"),
        ("deflate,gzip", MessageCoding::Unknown, "5z:?, 5:plain"),
    ] {
        assert_eq!(MessageCoding::of(name.as_bytes()), coding);
        assert_eq!(told(&index_of(Kind::Grpc, [&body[..]]), &body, coding, 100), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn any_messages_in_any_pieces(data in vec(vec(any::<u8>(), 0..50), 0..9), cuts in vec(1..20_usize, 1..60)) {
        let body: Vec<u8> = data.iter().flat_map(|data| frame(0, data)).collect();
        let text = BASE64_STANDARD.encode(&body).into_bytes();
        for (kind, body) in [(Kind::Grpc, body), (Kind::WebText, text)] {
            let (mut index, mut rest) = (MessageIndex::new(kind), &body[..]);
            for &cut in cuts.iter().cycle() {
                let (piece, behind) = rest.split_at(cut.min(rest.len()));
                index.push(piece);
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert!(index.is_whole() && !index.is_lost());
            let read = messages(&index, &body, MessageCoding::Identity, 1 << 20);
            let read: Vec<_> = read.into_iter().map(|message| message.data.unwrap().into_owned()).collect();
            prop_assert_eq!(&read, &data);
        }
    }

    #[test]
    fn any_bytes_are_within_bounds(body in vec(any::<u8>(), 0..300), gap in 0..20_u64, kept in 0..300_usize) {
        for kind in [Kind::Grpc, Kind::Web, Kind::WebText] {
            let mut index = index_of(kind, [&body[..]]);
            index.gap(gap);
            index.push(&body);
            let kept = &body[..kept.min(body.len())];
            let all: usize = messages(&index, kept, MessageCoding::Known(Coding::Deflate), 100)
                .iter()
                .map(|message| message.data.as_ref().map_or(0, |data| data.len()))
                .sum();
            prop_assert!(all <= 100);
        }
    }
}
