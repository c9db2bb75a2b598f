//! WebSockets met in the middle: they are read once they are proved, and nothing else ever is.

use proptest::prelude::*;

use super::wire::{BINARY, CLOSE, Deflater, FIN, PING, PONG, RSV1, TEXT};
use super::*;
use crate::flow::Side::{self, High, Low};
use crate::protocol::tests::Reader;
use crate::protocol::{Met, Unread};

/// Segments by who sends them.
pub(super) type Segments = Vec<(Side, Vec<u8>)>;

/// A client's frame with a mask of its own.
pub(super) fn masked(n: u32, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = frame(Request, first, payload);
    let at = bytes.len() - payload.len();
    let mask = (n + 1).wrapping_mul(0x9e37_79b1).to_be_bytes();
    bytes[at - 4..at].copy_from_slice(&mask);
    bytes[at..]
        .iter_mut()
        .zip(payload.iter().zip(mask.iter().cycle()))
        .for_each(|(to, (byte, mask))| *to = byte ^ mask);
    bytes
}

pub(super) fn ask(n: u32) -> (Side, Vec<u8>) {
    (Low, masked(n, FIN | TEXT, format!("ask {n}").as_bytes()))
}

pub(super) fn answer(n: u32) -> (Side, Vec<u8>) {
    (High, frame(Response, FIN | TEXT, format!("answer {n}").as_bytes()))
}

/// So many messages of each side, the client's first.
fn chat(count: u32) -> Segments {
    (0..count).flat_map(|n| [ask(n), answer(n)]).collect()
}

/// The lines of these numbers, as `Seen::all` has them.
pub(super) fn lines(asks: impl Iterator<Item = u32>, answers: impl Iterator<Item = u32>) -> Vec<String> {
    let asks = (1..).zip(asks).map(|(sequence, n)| format!("> {sequence} text 'ask {n}'"));
    asks.chain((1..).zip(answers).map(|(sequence, n)| format!("< {sequence} text 'answer {n}'"))).collect()
}

fn meet(streams: bool) -> Reader<Seen> {
    let mut reader = Reader::new(Met::InTheMiddle { quiet_since: None }, Seen::default());
    reader.streams = streams;
    reader
}

fn read_all(segments: &Segments) -> Reader<Seen> {
    let mut reader = meet(true);
    for ((side, bytes), at) in segments.iter().zip(1..) {
        reader.say(*side, Timestamp::from_micros(at), bytes);
    }
    reader
}

#[test]
fn a_chat_is_read_from_the_second_message_of_each_side_on() {
    for count in 1..12 {
        let reader = read_all(&chat(count));
        let expected = if count < 4 { Vec::new() } else { lines(1..count, 1..count) };
        assert_eq!(reader.sink.all(), expected, "{count}");
        assert_eq!(reader.counters.streams.web_sockets, u64::from(count >= 4));
    }
}

#[test]
fn the_side_that_masks_is_the_client() {
    let turned = chat(9).into_iter().map(|(side, bytes)| (side.other(), bytes)).collect();
    assert_eq!(read_all(&turned).sink.all(), lines(1..9, 1..9));
    // Neither or both do.
    for from in [Request, Response] {
        let both: Segments = (0..90_u32)
            .map(|n| {
                let side = if n % 2 == 0 { Low } else { High };
                (side, if from == Request { masked(n, FIN | TEXT, b"a") } else { frame(from, FIN | TEXT, b"b") })
            })
            .collect();
        assert_eq!(read_all(&both).sink.all(), Vec::<String>::new());
    }
}

/// Cut in two at each byte, and met at each byte: what comes out was sent, in its order, and nothing is missing after its begin.
#[test]
fn segments_may_be_cut_anywhere() {
    let whole = chat(12);
    for turn in 0..whole.len() {
        for at in 1..whole[turn].1.len() {
            let mut cut = whole.clone();
            let rest = cut[turn].1.split_off(at);
            let side = cut[turn].0;
            cut.insert(turn + 1, (side, rest));
            let from = |side| 1 + u32::from(turn < 2 && whole[turn].0 == side);
            let all = read_all(&cut).sink.all();
            // Begun in the middle of the first segment of a side, the other side's is of before.
            let expected =
                [lines(from(Low)..12, from(High)..12), lines(2..12, 1..12), lines(2..12, 2..12), lines(1..12, 2..12)];
            assert!(expected.contains(&all), "{turn} cut at {at}: {all:?}");

            let mut met = whole[turn..].to_vec();
            met[0].1.drain(..at);
            let all = read_all(&met).sink.all();
            let from = turn as u32 / 2;
            let expected: Vec<_> = (from..from + 4)
                .flat_map(|ask| (from..from + 4).map(move |answer| lines(ask..12, answer..12)))
                .collect();
            let is_too_short = turn > 12 && all.is_empty();
            assert!(is_too_short || expected.contains(&all), "met at {at} of {turn}: {all:?}");
        }
    }
    // No segment is whole.
    let bytes = whole.iter().flat_map(|(side, bytes)| bytes.iter().map(|byte| (*side, vec![*byte]))).collect();
    assert_eq!(read_all(&bytes).sink.all(), Vec::<String>::new());
}

#[test]
fn a_feed_is_read_once_its_client_has_answered_three_pings() {
    let mut segments = Vec::new();
    for n in 0..5 {
        segments.extend((0..20).map(|m| answer(n * 20 + m)));
        segments.push((High, frame(Response, FIN | PING, b"now")));
        segments.push((Low, masked(n, FIN | PONG, b"now")));
    }
    let all = read_all(&segments).sink.all();
    let expected = ["> 1 pong 'now'", "> 2 pong 'now'", "> 3 pong 'now'", "> 4 pong 'now'", "< 1 text 'answer 1'"];
    assert_eq!((&all[..5], all.len()), (&expected.map(str::to_owned)[..], 4 + 104));
}

/// After a whole message none is in progress; of pings alone that is not known.
#[test]
fn the_end_of_a_message_from_before_is_left_out() {
    let pings = |n| (High, frame(Response, FIN | PING, &[n as u8]));
    for (server, shown, unread, remarks) in [
        (pings as fn(u32) -> _, vec!["7 text 'answer 7'".to_owned()], 1, vec![]),
        (answer, vec![], 0, vec!["x Response Fragment".to_owned()]),
    ] {
        let mut segments: Segments = (0..6).flat_map(|n| [ask(n), server(n)]).collect();
        segments.extend([(High, frame(Response, FIN, b"the end")), answer(7)]);
        let reader = read_all(&segments);
        assert_eq!((&reader.sink.lines[1][5..], reader.counters.streams.unread_messages), (&shown[..], unread));
        assert_eq!(reader.sink.remarks, remarks);
    }
    // A fragment follows control frames from the first segment on.
    let mut segments = vec![ask(0), (High, frame(Response, TEXT, b"begun")), ask(1)];
    segments.extend((2..6).flat_map(|n| [pings(n), ask(n)]));
    segments.extend([(High, frame(Response, FIN, b"the end")), answer(7)]);
    let reader = read_all(&segments);
    assert_eq!(reader.sink.lines[1].last().unwrap(), "6 text 'answer 7'");
    assert_eq!((reader.counters.streams.unread_messages, reader.sink.remarks.len()), (1, 0));
}

#[test]
fn compressed_messages_are_shown_if_they_refer_to_nothing_from_before() {
    for begins_anew in [false, true] {
        let [mut ours, mut theirs] = [Deflater::new(begins_anew), Deflater::new(begins_anew)];
        let text = |n: u32| format!("the same words again and again, and one that is new: {}", n * 7_919 % 1_000);
        let mut segments: Segments = Vec::new();
        for n in 0..40 {
            let deflated = ours.message(text(n).as_bytes());
            segments.push((Low, masked(n, FIN | RSV1 | TEXT, &deflated)));
            segments.push((High, frame(Response, FIN | RSV1 | TEXT, &theirs.message(text(n).as_bytes()))));
        }
        segments.push((High, frame(Response, FIN | TEXT, b"plain")));
        for met_at in [0, 1, 2, 7] {
            let reader = read_all(&segments[met_at..].to_vec());
            let mut sent = (0..40).map(text);
            for (_, data) in &reader.sink.data[0] {
                assert!(sent.any(|sent| sent.as_bytes() == data), "{}", data.escape_ascii());
            }
            assert_eq!(reader.sink.remarks, Vec::<String>::new());
            assert_eq!(reader.sink.data[1].last().unwrap().1, b"plain");
            let unread = reader.counters.streams.unread_messages;
            assert!(if begins_anew { unread == 0 } else { unread > 60 }, "{unread}");
            let shown = (reader.sink.data[0].len() + reader.sink.data[1].len()) as u64;
            assert_eq!(shown + unread, (segments.len() - met_at) as u64 - 2);
        }
    }
}

#[test]
fn without_the_option_it_is_named_once_with_its_bytes() {
    let mut reader = meet(false);
    let mut bytes = 0;
    for (side, segment) in chat(9) {
        bytes += segment.len() as u64;
        reader.say(side, Timestamp::from_micros(1), &segment);
    }
    // Nothing in it is taken for HTTP.
    let text = b"GET /a HTTP/1.1\r\n\r\n";
    reader.say(Low, Timestamp::from_micros(2), text);
    bytes += text.len() as u64;
    assert_eq!(reader.take_unread(false), None);
    let unread = Unread { bytes, is_first_report: true, protocol: "websocket" };
    assert_eq!((reader.take_unread(true), reader.counters.passed_over_bytes), (Some(unread), bytes));
    assert_eq!((reader.take_unread(true), reader.sink.all().len()), (None, 0));
    assert_eq!(reader.counters.streams, Default::default());
}

#[test]
fn a_loss_begins_the_proof_anew() {
    for lost in 0..8 {
        let mut reader = meet(true);
        for (index, (side, bytes)) in chat(12).into_iter().enumerate() {
            if index == lost {
                reader.lose(side, bytes.len() as u64);
            } else {
                reader.say(side, Timestamp::from_micros(1), &bytes);
            }
        }
        let first = lost as u32 / 2 + 2;
        // The other side's next message is the first of the new proof.
        let (asks, answers) = if lost % 2 == 0 { (first, first - 1) } else { (first, first) };
        let expected = if lost == 7 { (5, 5) } else { (asks, answers) };
        assert_eq!(reader.sink.all(), lines(expected.0..12, expected.1..12), "{lost}");
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut reader = meet(true);
    let message = frame(Response, FIN | BINARY, &[7; 1_000]);
    for _ in 0..1_000 {
        reader.say(High, Timestamp::from_micros(1), &message);
        assert!(reader.buffered_bytes() < 96 << 10, "{}", reader.buffered_bytes());
    }
    for _ in 0..1_000 {
        reader.say(High, Timestamp::from_micros(1), &frame(Response, FIN | PING, b""));
        assert!(reader.buffered_bytes() < 96 << 10, "{}", reader.buffered_bytes());
    }
    for n in 0..4 {
        reader.say(Low, Timestamp::from_micros(1), &ask(n).1);
        reader.say(High, Timestamp::from_micros(1), &answer(n).1);
    }
    assert_eq!(reader.sink.lines[0], ["1 text 'ask 1'", "2 text 'ask 2'", "3 text 'ask 3'"]);
    assert_eq!(reader.sink.data[1].last().unwrap().1, b"answer 3");
}

fn is_proved(segments: &[(Side, Vec<u8>)]) -> bool {
    let mut pickup = Pickup::default();
    let meta = |segment_start| DataMeta {
        at: Timestamp::UNKNOWN,
        position: Position::UNKNOWN,
        acked: Position::UNKNOWN,
        segment_start,
        waited: false,
    };
    segments
        .iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .any(|(side, bytes)| pickup.push(*side, &StreamEvent::Data(bytes, meta(true)), false).is_some())
}

#[test]
fn the_proof_itself_can_fail() {
    assert!(is_proved(&chat(4)) && !is_proved(&chat(4)[..7]));
    for wrong in [
        b"\x84\x80abcd".to_vec(),                 // an opcode that is not defined
        b"\xa1\x80abcd".to_vec(),                 // a reserved bit
        b"\x81\x00".to_vec(),                     // no mask
        b"\x09\x80abcd".to_vec(),                 // a ping in parts
        b"\x89\xfe\0\x80abcd".to_vec(),           // a ping too long
        b"\x81\xfe\0\x05abcd\0\0\0\0\0".to_vec(), // a length in too many bytes
        b"\x80\x80abcd".to_vec(),                 // nothing to go on with
        masked(9, FIN | TEXT, b"\xff\xfe"),       // text that is not UTF-8
        masked(9, FIN | CLOSE, &[3]),             // half a code
        masked(9, FIN | CLOSE, &999_u16.to_be_bytes()),
        masked(9, FIN | CLOSE, b"\x03\xe8\xff"), // a reason that is not UTF-8
    ] {
        let mut segments = chat(3);
        segments.push((Low, wrong.clone()));
        segments.extend(chat(3));
        assert!(!is_proved(&segments), "{}", wrong.escape_ascii());
    }
    for right in [
        masked(9, FIN | RSV1 | BINARY, b"\xff"),
        masked(9, FIN | CLOSE, b""),
        masked(9, FIN | CLOSE, b"\x03\xe8bye"),
        masked(9, FIN | BINARY, &[5; 70_000]),
    ] {
        let mut segments = chat(3);
        segments.push((Low, right.clone()));
        segments.push(answer(3));
        assert!(is_proved(&segments), "{}", right[..20.min(right.len())].escape_ascii());
    }
    // After a close nothing comes.
    let mut segments = chat(3);
    segments.extend([(Low, masked(9, FIN | CLOSE, b"")), ask(10), answer(10)]);
    assert!(!is_proved(&segments));
    // Masks that are all the same, or none.
    for mask in [[0; 4], [1, 2, 3, 4]] {
        let ask = [&[FIN | BINARY, 0x84][..], &mask, b"abcd"].concat();
        let segments: Segments = (0..90).flat_map(|n| [(Low, ask.clone()), answer(n)]).collect();
        assert!(!is_proved(&segments));
    }
}

/// Frames in the bodies of HTTP, each in a segment of its own as they were recorded, or as they come.
#[test]
fn a_recording_in_a_body_is_none() {
    let recorded = |side| chat(30).into_iter().filter(move |(from, _)| *from == side);
    let bodies: [fn(Segments) -> Segments; 2] = [
        |segments| segments,
        |segments| {
            let side = segments[0].0;
            let all: Vec<u8> = segments.into_iter().flat_map(|(_, bytes)| bytes).collect();
            all.chunks(97).map(|piece| (side, piece.to_vec())).collect()
        },
    ];
    for cut in bodies {
        let heads = |text: &[u8], side| vec![(side, text.to_vec())];
        let request = || heads(b"POST /recordings HTTP/1.1\r\nContent-Length: 300\r\n\r\n", Low);
        let response = || heads(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", High);
        let exchange = || [request(), cut(recorded(Low).collect()), response(), cut(recorded(High).collect())].concat();
        let all = [exchange(), exchange(), exchange()].concat();
        for begin in 0..all.len() / 2 {
            assert!(!is_proved(&all[begin..]), "{begin}");
        }
    }
}

/// The messages of other protocols, with bytes from outside in them.
fn other_protocol(kind: usize, side: Side, data: &[u8]) -> Vec<u8> {
    let text: String = data.iter().map(|byte| char::from(b' ' + byte % 95)).collect();
    let be32 = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let be16 = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let short = data.get(..data.len().min(120)).unwrap_or_default();
    match (kind, side) {
        (0, _) => data.to_vec(),
        (1, Low) => {
            format!("POST /{} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{text}", data.len(), text.len()).into_bytes()
        }
        (1, High) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes(),
        (2, _) => [&[23, 3, 3][..], &be16(data)].concat(),
        (3, _) => {
            let kind = data.first().map_or(0, |byte| byte % 10);
            [&(data.len() as u32).to_be_bytes()[1..], &[kind, 0, 0, 0, 0, 1], data].concat()
        }
        (4, Low) => format!("MAIL FROM:<{text}>\r\n").into_bytes(),
        (4, High) => format!("250 {text}\r\n").into_bytes(),
        (5, Low) => format!("*2\r\n$3\r\nGET\r\n${}\r\n{text}\r\n", text.len()).into_bytes(),
        (5, High) => [format!("${}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat(),
        (6, Low) => format!("PUB a {}\r\n{text}\r\n", text.len()).into_bytes(),
        (6, High) => format!("MSG a 1 {}\r\n{text}\r\n", text.len()).into_bytes(),
        (7, Low) => [b"Q", &((data.len() as u32 + 4).to_be_bytes())[..], data].concat(),
        (7, High) => [b"D", &((data.len() as u32 + 4).to_be_bytes())[..], data].concat(),
        (8, _) => be32(data),
        (9, _) => be16(short),
        // MQTT's SUBSCRIBE and a name in a certificate look like a server's frame.
        (10, _) => [&[0x82, short.len() as u8][..], short].concat(),
        (11, _) => [
            &[if short.len() % 2 == 0 { 0x81 } else { 0x01 }, short.len() as u8][..],
            text.as_bytes().get(..short.len()).unwrap_or_default(),
        ]
        .concat(),
        (12, _) => vec![0; data.len()],
        (13, _) => "\u{a0}".repeat(data.len()).into_bytes(),
        // Lengths with the high bit set, as of BER.
        (14, _) => [&[0x82, 0x84][..], &be32(data)].concat(),
        _ => [&(data.len() as u32).to_le_bytes(), data].concat(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_else_is_taken_for_it(
        kinds in (0_usize..16, 0_usize..16),
        turns in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200), 1_usize..4), 1..120),
        step in prop_oneof![Just(usize::MAX), 1_usize..300],
    ) {
        let mut segments = Vec::new();
        for (low, data, messages) in turns {
            let (side, kind) = if low { (Low, kinds.0) } else { (High, kinds.1) };
            let bytes = other_protocol(kind, side, &data).repeat(messages);
            segments.extend(bytes.chunks(step).map(|piece| (side, piece.to_vec())));
        }
        prop_assert!(!is_proved(&segments));
        // Nor with frames on one side.
        let segments: Segments = (0..).zip(segments).map(|(n, (side, bytes))| (side, if side == Low { masked(n, FIN | BINARY, &bytes) } else { bytes })).collect();
        let looks_like_frames = |kind| matches!(kind, 10 | 11);
        prop_assert!(looks_like_frames(kinds.1) || !is_proved(&segments));
    }

    /// Met anywhere, cut anywhere: each message that comes out was sent, in that order.
    #[test]
    fn only_what_was_sent_comes_out(
        sent in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..400), 0_u8..4), 10..60),
        begin in any::<prop::sample::Index>(),
        steps in prop::collection::vec(prop_oneof![8 => Just(usize::MAX), 1 => 1_usize..200], 1..9),
        begins_anew in any::<bool>(),
    ) {
        let mut deflaters = [Deflater::new(begins_anew), Deflater::new(begins_anew)];
        let mut segments = Vec::new();
        for (n, (low, data, kind)) in (0..).zip(&sent) {
            let (side, deflater) = if *low { (Low, &mut deflaters[0]) } else { (High, &mut deflaters[1]) };
            let encode = |n, first, payload: &[u8]| if *low { masked(n, first, payload) } else { frame(Response, first, payload) };
            let half = data.len() / 2;
            let bytes = match kind {
                0 => encode(n, FIN | RSV1 | BINARY, &deflater.message(data)),
                1 => [encode(n, BINARY, &data[..half]), encode(n + 1_000, FIN, &data[half..])].concat(),
                _ => encode(n, FIN | BINARY, data),
            };
            segments.extend(bytes.chunks(steps[n as usize % steps.len()]).map(|piece| (side, piece.to_vec())));
        }
        let begin = begin.index(segments.len());
        let reader = read_all(&segments.split_off(begin));
        for (low, seen) in [true, false].into_iter().zip(&reader.sink.data) {
            let mut sent = sent.iter().filter(|(of, ..)| *of == low);
            for (_, data) in seen {
                prop_assert!(sent.any(|(_, sent, _)| sent == data), "{}", data.escape_ascii());
            }
        }
        prop_assert_eq!(&reader.sink.remarks, &Vec::<String>::new());
    }
}
