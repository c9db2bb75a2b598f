//! Bytes that are lost: inside a frame, over its end, and what compressed messages make of that.

use super::wire::{BINARY, Bits, Deflater, FIN, PING, RSV1, TEXT};
use super::*;

const DEFLATE: &str = "permessage-deflate";

#[test]
fn a_loss_inside_a_frame_is_crossed() {
    let bytes =
        [frame(Request, TEXT, b"abcdefgh"), frame(Request, FIN, b"ij"), frame(Request, FIN | TEXT, b"k")].concat();
    let payload = 6..14;
    for from in payload.clone() {
        for to in from + 1..=payload.end {
            let says = [
                Bytes(Request, bytes[..from].to_vec()),
                Lose(Request, (to - from) as u64),
                Bytes(Request, bytes[to..].to_vec()),
            ];
            let kept = &"abcdefgh"[..from - payload.start];
            let kept = if kept.is_empty() { String::new() } else { format!(" '{kept}'") };
            let counters = check("", &says, &[&format!("> 1 text{kept} of 10 ! gap {}", to - from), "> 2 text 'k'"]);
            assert_eq!(counters.streams, Default::default());
        }
    }
}

/// Frames that each begin a segment.
fn segments(from: Direction, count: usize) -> Vec<Say> {
    (0..count).map(|n| Bytes(from, frame(from, FIN | TEXT, format!("message {n}").as_bytes()))).collect()
}

#[test]
fn after_any_other_loss_frames_are_found_again_by_proof() {
    for from in [Request, Response] {
        let mark = if from == Request { '>' } else { '<' };
        for lost in [0, 3, 1_000] {
            let mut says = vec![Bytes(from, frame(from, TEXT, b"begun"))];
            says.push(Lose(from, lost));
            says.extend(segments(from, 9));
            let (seen, counters) = read("", &says, |_, bytes| vec![bytes.to_vec()]);
            let expected: Vec<_> =
                ["1 text 'begun' !", "2 text 'message 6'", "3 text 'message 7'", "4 text 'message 8'"]
                    .map(|line| format!("{mark} {line}"))
                    .into();
            assert_eq!(seen.all(), expected, "{lost}");
            assert_eq!(counters.streams.lost_boundaries, 1);
            assert!(counters.passed_over_bytes > 0);
        }
    }
}

#[test]
fn a_loss_over_the_end_of_a_frame_counts_what_was_the_message_s() {
    let mut says =
        vec![Bytes(Response, frame(Response, FIN | BINARY, &[b'x'; 100])[..50].to_vec()), Lose(Response, 80)];
    says.extend(segments(Response, 7));
    let (seen, _) = read("", &says, |_, bytes| vec![bytes.to_vec()]);
    let first = format!("< 1 binary '{}' of 100 ! gap 52", "x".repeat(48));
    assert_eq!(seen.all(), [first, "< 2 text 'message 6'".to_owned()]);
}

#[test]
fn a_message_whose_beginning_is_lost_is_left_out() {
    let mut says = vec![Lose(Response, 5)];
    says.extend(segments(Response, 5));
    says.push(Bytes(Response, frame(Response, TEXT, b"first")));
    for (index, last) in [(0, b"tail"), (1, b"over")] {
        let mut says = says.clone();
        says.push(Bytes(Response, frame(Response, if index == 0 { FIN } else { 0 }, last)));
        says.push(Bytes(Response, frame(Response, FIN | if index == 0 { TEXT } else { 0 }, b"end")));
        says.extend(segments(Response, 1));
        let (seen, counters) = read("", &says, |_, bytes| vec![bytes.to_vec()]);
        let after =
            if index == 0 { vec!["< 2 text 'end'", "< 3 text 'message 0'"] } else { vec!["< 2 text 'message 0'"] };
        assert_eq!(seen.all(), after);
        assert_eq!(counters.streams.unread_messages, 1);
    }
}

#[test]
fn a_message_in_the_middle_is_not_taken_for_frames() {
    // One long message whose segments hold no frame, then frames.
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(200_000)
    .collect();
    let mut says = vec![Lose(Response, 77)];
    says.extend(noise.chunks(500).map(|piece| Bytes(Response, piece.to_vec())));
    says.extend(segments(Response, 20));
    let (seen, _) = read(DEFLATE, &says, |_, bytes| vec![bytes.to_vec()]);
    let all = seen.all();
    assert!(!all.is_empty() && all.iter().all(|line| line.contains("text 'message ")), "{all:?}");
}

/// In zeros, and where each record stands after its length, every place looks like a continuation that is not the last.
#[test]
fn a_message_of_zeros_or_of_records_is_not_taken_for_frames() {
    let records = |length: &[u8], count| [length, &[b'r'; 5]].concat().repeat(count);
    for payload in [
        vec![0; 20_000],
        records(&[0, 5], 3_000),
        records(&[0, 0, 0, 5], 2_000),
        records(&[0, 0, 0, 0, 0, 0, 0, 5], 2_000),
    ] {
        for from in [Request, Response] {
            // The payload looks so, masked or not.
            let mut message = frame(from, FIN | BINARY, &payload);
            let header = message.len() - payload.len();
            message[header..].copy_from_slice(&payload);
            let mut says = vec![Lose(from, 77)];
            says.extend(message[header..].chunks(1_400).map(|piece| Bytes(from, piece.to_vec())));
            says.extend(segments(from, 9));
            let (seen, _) = read("", &says, |_, bytes| vec![bytes.to_vec()]);
            let mark = if from == Request { '>' } else { '<' };
            let expected: Vec<_> = (1..4).map(|n| format!("{mark} {n} text 'message {}'", n + 5)).collect();
            assert_eq!(seen.all(), expected, "{from:?} {:?}", &payload[..8]);
        }
    }
}

#[test]
fn after_a_loss_only_what_refers_to_nothing_unknown_is_shown() {
    let mut deflater = Deflater::new(false);
    let coded =
        |deflater: &mut Deflater, text: &str| frame(Response, FIN | RSV1 | TEXT, &deflater.message(text.as_bytes()));
    let first = coded(&mut deflater, "the same words in every message: one");
    let second = coded(&mut deflater, "the same words in every message: two");
    let third = coded(&mut deflater, "the same words in every message: three");
    let other = coded(&mut deflater, "0123456789");
    let says = [
        Bytes(Response, first),
        Bytes(Response, second[..6].to_vec()),
        Lose(Response, second.len() as u64 - 6),
        Bytes(Response, third),
        Bytes(Response, other.clone()),
        Bytes(Response, other),
    ];
    let (seen, counters) = read(DEFLATE, &says, |_, bytes| vec![bytes.to_vec()]);
    let all = seen.all();
    assert!(all[0].ends_with(": one'") && all[1].starts_with("< 2 text ") && all[1].contains(" ! gap "), "{all:?}");
    assert_eq!(all[2..], ["< 4 text '0123456789'", "< 5 text '0123456789'"], "the third is left out");
    assert_eq!((counters.streams.unread_messages, counters.streams.lost_contexts), (1, 1));
}

#[test]
fn once_a_whole_window_is_known_nothing_is_unknown_any_more() {
    let extensions = "permessage-deflate; server_max_window_bits=9";
    let stored = |text: &[u8]| {
        [&[0][..], &(text.len() as u16).to_le_bytes(), &(!(text.len() as u16)).to_le_bytes(), text, &[0]].concat()
    };
    // Three bytes from 600 back, which is more than was agreed.
    let mut far = Bits::default();
    far.push(0b010, 3);
    far.push_code(0b000_0001, 7);
    far.push_code(18, 5);
    far.push(600 - 513, 8);
    far.push_code(0, 7);
    far.push(0, 3);
    let says = |known: usize| {
        [
            Bytes(Response, frame(Response, FIN | RSV1 | TEXT, &stored(b"x"))),
            Bytes(Response, frame(Response, FIN | RSV1 | TEXT, &stored(b"y"))[..4].to_vec()),
            Lose(Response, 5),
            Bytes(Response, frame(Response, FIN | RSV1 | TEXT, &stored(&vec![b'z'; known]))),
            Bytes(Response, frame(Response, FIN | RSV1 | TEXT, &far.bytes)),
        ]
    };
    let remarks = |known| read(extensions, &says(known), |_, bytes| vec![bytes.to_vec()]).0.remarks;
    assert_eq!(remarks(511), Vec::<String>::new());
    assert_eq!(remarks(512), ["x Response Compression"]);
}

#[test]
fn memory_that_is_let_go_of_is_no_wrong_message() {
    let mut deflater = Deflater::new(false);
    let mut coded = |text: &str| Bytes(Request, frame(Request, FIN | RSV1 | TEXT, &deflater.message(text.as_bytes())));
    let mut talk = Talk::new(DEFLATE);
    talk.say(&coded("what is said once is said again"));
    assert!(talk.connection.buffered_bytes() > size_of::<WebSocketConnection>());
    talk.context(|connection, cx| connection.shed(cx));
    assert_eq!(talk.connection.buffered_bytes(), size_of::<WebSocketConnection>());
    talk.say(&coded("what is said once is said again"));
    talk.say(&coded("0123"));
    talk.say(&Bytes(Request, frame(Request, FIN | PING, b"")));
    assert_eq!(talk.seen.lines[0][1..], ["3 text '0123'", "4 ping"]);
    assert_eq!((talk.counters.streams.lost_contexts, talk.counters.streams.unread_messages), (2, 1));
}
