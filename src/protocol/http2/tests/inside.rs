//! Messages of calls by gRPC as they pass.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::grpc::{answer, call, late, message};
use super::wire::*;
use super::*;

const ASKED: &str = "> 1 POST /pkg.Greeter/Hi {content-type=application/grpc}";
const ANSWERED: &str = "< 1 200 {content-type=application/grpc}";

/// A call whose both sides are open.
fn start(c: &mut Encoder, s: &mut Encoder) -> [Turn; 2] {
    [
        C([hello(), headers(1, &c.block(&call("application/grpc", &[])), false)].concat()),
        S([settings(&[]), headers(1, &s.block(&answer("application/grpc", &[])), false)].concat()),
    ]
}

#[test]
fn they_come_out_while_the_call_is_open() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let mut talker = Talker::new(Http2Connection::new());
    talker.turns(&start(&mut c, &mut s), Cut::Nowhere);
    for n in 1..=3_u8 {
        talker.turns(&[C(data(1, &message(0, &[b'a' + n]), false))], Cut::Every(1));
        talker.turns(&[S(data(1, &message(0, &[b'A' + n]), false))], Cut::Every(1));
        let letter = (b'a' + n) as char;
        let last = [
            format!("> inside 1.{n} grpc '{letter}'"),
            format!("< inside 1.{n} grpc '{}'", letter.to_ascii_uppercase()),
        ];
        assert_eq!(talker.seen.lines.len(), 2 * usize::from(n));
        assert!(talker.seen.lines.ends_with(&last), "{:?}", talker.seen.lines);
    }
}

#[test]
fn frames_of_data_are_no_messages() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let body = [message(0, b"one"), message(0, b""), message(0, b"three")].concat();
    let [open, opened] = start(&mut c, &mut s);
    let trailers = headers(1, &s.block(&[("grpc-status", "0")]), true);
    for at in 0..=body.len() {
        let frames = [data(1, &body[..at], false), data(1, &body[at..], true)].concat();
        let shown = body.escape_ascii();
        let (lines, _) = talk(
            Http2Connection::new(),
            &[open.clone(), C(frames), opened.clone(), S(data(1, &body[..8], false)), S(trailers.clone())],
            Cut::Nowhere,
        );
        assert_eq!(
            lines,
            [
                "> inside 1.1 grpc 'one'",
                "> inside 1.2 grpc",
                "> inside 1.3 grpc 'three'",
                &format!("{ASKED} '{shown}' grpc[Some(3)] streamed 3"),
                "< inside 1.1 grpc 'one'",
                &format!(
                    "{ANSWERED} '{}' +{{grpc-status=0}} grpc[Some(1) 0 OK] streamed 1 for POST /pkg.Greeter/Hi",
                    body[..8].escape_ascii()
                ),
            ],
            "{at}"
        );
    }
}

#[test]
fn a_reset_cuts_the_message_at_hand() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let [open, opened] = start(&mut c, &mut s);
    let body = message(0, b"one");
    check(
        &[open, opened, S(data(1, &body[..6], false)), C(rst(1, 8))],
        &[
            &format!("{ASKED} !reset CANCEL grpc[Some(0)] streamed 0"),
            "< inside 1.1 grpc 'o' of 3 !",
            &format!(
                "{ANSWERED} '{}' !reset CANCEL grpc[Some(1)] streamed 1 for POST /pkg.Greeter/Hi",
                body[..6].escape_ascii()
            ),
        ],
    );
}

#[test]
fn a_loss_is_said_of_its_message() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let [open, opened] = start(&mut c, &mut s);
    let frame = data(1, &[message(0, b"abc"), message(0, b"def"), message(0, b"ghi")].concat(), false);
    let second = "< inside 1.2 grpc 'def'";
    let third = "< inside 1.3 grpc 'ghi'";
    for (from, to, seen, lost) in [
        (15, 17, vec!["< inside 1.1 grpc 'a' of 3 ! gap 2", second, third], 0),
        (14, 15, vec!["< inside 1.1 grpc of 3 ! gap 1", second, third], 0),
        (16, 18, vec!["< inside 1.1 grpc 'ab' of 3 ! gap 1"], 1),
        (9, 10, vec![], 1),
        (17, 25, vec!["< inside 1.1 grpc 'abc'"], 1),
    ] {
        let turns = [
            open.clone(),
            opened.clone(),
            S(frame[..from].to_vec()),
            LostS((to - from) as u64),
            S(frame[to..].to_vec()),
        ];
        let (lines, counters) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
        let inside: Vec<_> = lines.iter().filter(|line| line.contains(" inside ")).collect();
        assert_eq!(inside, seen.iter().collect::<Vec<_>>(), "{from}..{to}");
        assert_eq!(counters.streams.lost_boundaries, lost, "{from}..{to}");
        assert!(lines.iter().any(|line| line.contains(&format!(" streamed {} for", seen.len()))), "{lines:?}");
    }
}

/// The messages that each side of each call sent, by path and direction.
type Said = BTreeMap<(String, bool), Vec<Vec<u8>>>;

/// Messages inside calls, compared with what was said.
#[derive(Debug, Default)]
struct Compared {
    said: Said,
    seen: BTreeMap<(String, bool), u64>,
    whole: usize,
    flagged: usize,
}

impl Sink for Compared {
    fn message(&mut self, _: &HttpMessage<'_>) {}

    fn stream_message(&mut self, message: &StreamMessage<'_>) {
        let Part::Grpc { path } = message.part else { panic!("{message:?}") };
        let key = (String::from_utf8_lossy(path).into_owned(), message.direction == Direction::Request);
        let last = self.seen.insert(key.clone(), message.sequence).unwrap_or(0);
        assert_eq!(message.sequence, last + 1, "{message:?}");
        let said = &self.said[&key][last as usize];
        if message.truncated {
            assert!(said.starts_with(message.data), "{message:?} {said:?}");
        } else {
            assert_eq!(message.data, said, "{message:?}");
        }
        self.whole += usize::from(!message.truncated);
        self.flagged += usize::from(message.truncated);
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

/// Three calls at a time whose sides speak in any order: of which call, which side, how long, in frames of what size.
fn calls(steps: &[(usize, bool, usize, usize)]) -> (Vec<Turn>, Said) {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let (mut turns, mut said) = (vec![C(hello()), S(settings(&[]))], Said::new());
    let path = |index: usize| format!("/pkg.S/M{index}");
    for index in 0..3 {
        let mut ask = call("application/grpc", &[]);
        let path = path(index);
        ask[2].1 = &path;
        turns.push(C(headers(1 + 2 * index as u32, &c.block(&ask), false)));
        turns.push(S(headers(1 + 2 * index as u32, &s.block(&answer("application/grpc", &[])), false)));
    }
    for (step, (index, client, len, size)) in steps.iter().enumerate() {
        let text: Vec<u8> = format!("{step}.{index}.{client} ").bytes().cycle().take(*len).collect();
        let framed = message(0, &text);
        let id = 1 + 2 * *index as u32;
        // As often as not with padding.
        let frames: Vec<_> = framed
            .chunks(*size)
            .map(
                |piece| if size % 2 == 0 { data(id, piece, false) } else { padded_data(id, piece, *size as u8, false) },
            )
            .collect();
        turns.push(if *client { C(frames.concat()) } else { S(frames.concat()) });
        said.entry((path(*index), *client)).or_default().push(text);
    }
    (turns, said)
}

/// Plays what is left of the turns, in packets of so many bytes, if those of these numbers are lost.
fn play(turns: &[Turn], said: Said, size: usize, lost: impl Fn(usize) -> bool) -> (Compared, HttpCounters) {
    let mut compared = Compared { said, ..Compared::default() };
    let mut talker = Talker::new(Http2Connection::new());
    let mut packets = Vec::new();
    for turn in turns {
        let (C(bytes) | S(bytes)) = turn else { continue };
        packets.extend(bytes.chunks(size).map(|piece| (matches!(turn, C(_)), piece)));
    }
    let mut ends = [Position::ORIGIN; 2];
    let mut missing = [0_u64; 2];
    for (number, (client, bytes)) in packets.into_iter().enumerate() {
        let own = usize::from(!client);
        if lost(number) {
            missing[own] += bytes.len() as u64;
            continue;
        }
        let gap = std::mem::take(&mut missing[own]);
        ends[own] += gap;
        let direction = if client { Direction::Request } else { Direction::Response };
        let meta = DataMeta {
            at: talker.clock,
            position: ends[own],
            acked: ends[1 - own],
            segment_start: true,
            waited: false,
        };
        ends[own] += bytes.len() as u64;
        for event in
            (gap > 0).then_some(StreamEvent::Gap { len: gap }).into_iter().chain([StreamEvent::Data(bytes, meta)])
        {
            deliver(&mut talker, &mut compared, direction, event);
        }
    }
    for (direction, len) in [Direction::Request, Direction::Response].into_iter().zip(missing) {
        if len > 0 {
            deliver(&mut talker, &mut compared, direction, StreamEvent::Gap { len });
        }
        deliver(&mut talker, &mut compared, direction, StreamEvent::End { clean: true, reset: None });
    }
    (compared, talker.counters)
}

fn deliver(talker: &mut Talker, sink: &mut Compared, direction: Direction, event: StreamEvent<'_>) {
    talker.connection.on_event(
        direction,
        event,
        &mut Context {
            limits: Limits { max_body_bytes: MAX_BODY_BYTES },
            selection: &talker.selection,
            counters: &mut talker.counters,
            sink,
            ending: Incomplete::Closed,
            proxied: None,
            scratch: &mut talker.scratch,
            readers: crate::protocol::Readers { streams: true, tunnels: false },
        },
    );
}

proptest! {
    #[test]
    fn all_messages_come_out_and_after_losses_none_that_was_not_sent(
        steps in prop::collection::vec((0..3_usize, any::<bool>(), 0..60_usize, 1..40_usize), 1..30),
        size in prop_oneof![1..40_usize, 1_000..2_000_usize],
        lost in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let (turns, said) = calls(&steps);
        let (compared, _) = play(&turns, said.clone(), size, |_| false);
        prop_assert_eq!(compared.whole, steps.len());
        // Head and preface are there: what is lost comes later.
        let lost: Vec<_> = lost.iter().map(|index| 10 + index.index(200)).collect();
        let (compared, counters) = play(&turns, said, size, |number| lost.contains(&number));
        let told = compared.flagged + counters.streams.lost_boundaries as usize + counters.http2.resyncs as usize;
        prop_assert!(compared.whole == steps.len() || told > 0 || counters.lost_heads > 0, "{:?}", counters);
    }
}

/// The `content-type` is in a table that was not seen.
#[test]
fn of_a_call_met_late_they_come_out_once_a_side_proves_it() {
    let unknown = [("content-type", "application/grpc"), ("te", "trailers")];
    let path = (":path", "/pkg.Greeter/Hi");
    let body = [message(0, b"one"), message(0, b"two")].concat();
    for (ask, reply, seen) in [
        (("grpc-timeout", "1S"), unknown[1], &["> 1 one", "> 2 two", "< 1 one", "< 2 two"][..]),
        // Known while the first message of the request passes.
        (unknown[1], ("grpc-encoding", "identity"), &["> 2 two", "< 1 one", "< 2 two"]),
        (unknown[1], unknown[1], &[]),
    ] {
        for at in 0..8 {
            let (mut c, mut s) = (Encoder::default(), Encoder::default());
            let mut turns = late(&mut c, &mut s, &unknown);
            let asked = [(":method", "POST"), path, unknown[0], ask];
            turns.extend([
                C([headers(3, &c.block(&asked), false), data(3, &body[..at], false)].concat()),
                S(headers(3, &s.block(&[(":status", "200"), unknown[0], reply]), false)),
                C(data(3, &body[at..], true)),
                S(data(3, &body, false)),
            ]);
            let (lines, _) = talk(Http2Connection::new(), &turns, Cut::Nowhere);
            let shown = |line: &&String| line.contains(" inside ");
            let inside = lines.iter().filter(shown).map(|line| line.replace("inside 2.", "").replace("grpc '", ""));
            let inside: Vec<_> = inside.map(|line| line.replace('\'', "")).collect();
            // Nothing of the message was there yet but its prefix.
            let seen: Vec<_> = if at < 5 && !seen.is_empty() && seen.len() < 4 {
                ["> 1 one"].into_iter().chain(seen.iter().copied()).collect()
            } else {
                seen.to_vec()
            };
            assert_eq!(inside, seen, "{at} {lines:?}");
        }
    }
}
