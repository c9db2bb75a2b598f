//! Late starts and losses of any extent: no message that was not sent, none with a value that it did not have.

use proptest::prelude::*;

use super::plan::{Messages, Plan, interim_of, plan};
use super::*;

/// The messages that came out; each part of them is checked.
#[derive(Debug, Default)]
struct Checked<'a> {
    sent: Option<&'a Messages>,
    seen: Vec<(bool, u32)>,
    flagged: usize,
    paired: usize,
}

impl Sink for Checked<'_> {
    fn message(&mut self, message: &HttpMessage<'_>) {
        let client = message.direction == Direction::Request;
        let extras = message.extras.expect("HTTP/2 has them");
        let id = extras.stream_id.expect("a stream");
        let is_interim = matches!(message.head.start, StartLine::Status { code: 103, .. });
        let key = (client, if is_interim { interim_of(id) } else { id });
        let sent = self.sent.and_then(|sent| sent.get(&key)).unwrap_or_else(|| panic!("never sent: {message:?}"));
        assert!(!self.seen.contains(&key), "twice: {message:?}");
        self.seen.push(key);
        let value = |name: &str| sent.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match message.head.start {
            StartLine::Request { .. } => {
                let path = text(message.head.target(message.head_bytes));
                assert!(
                    path.is_empty() && extras.unknown_headers.is_some() || value(":path") == Some(&path),
                    "{message:?}"
                );
                assert_eq!(text(message.head.method(message.head_bytes)), "POST");
            }
            StartLine::Status { code, .. } => {
                let code = code.to_string();
                assert!(
                    code == "0" && extras.unknown_headers.is_some() || value(":status") == Some(&code),
                    "{message:?}"
                );
            }
        }
        let mut shown = 0;
        for field in message.head.fields.iter() {
            let name = text(field.name.of(message.head_bytes));
            let name = if name == "host" { ":authority" } else { &name };
            assert_eq!(value(name), Some(text(&field.value(message.head_bytes)).as_str()), "{message:?}");
            shown += usize::from(name != ":authority");
        }
        let ordinary = sent.fields.iter().filter(|(name, _)| !name.starts_with(':')).count();
        assert!(
            shown == ordinary || extras.unknown_headers.is_some(),
            "a field is missing and nothing says so: {message:?}"
        );
        let pairs = |of: Fields<'_>| {
            let pair = |field: &crate::message::Field| (text(field.name.of(of.bytes)), text(&field.value(of.bytes)));
            of.lines.iter().map(pair).collect::<Vec<_>>()
        };
        let trailers = message.trailers.map(pairs).unwrap_or_default();
        assert!(trailers.iter().all(|field| sent.trailers.contains(field)), "{message:?}");
        assert!(
            trailers == sent.trailers || extras.unknown_headers.is_some() || message.incomplete.is_some(),
            "a trailer is missing and nothing says so: {message:?}"
        );
        assert!(sent.body.starts_with(message.body), "another body: {key:?}");
        assert!(message.body_bytes <= sent.body.len() as u64, "more than was sent: {message:?}");
        if message.incomplete.is_none() {
            assert_eq!(message.body, sent.body, "{key:?}");
        }
        self.flagged += usize::from(message.incomplete.is_some());
        if let Some(answered) = message.answered {
            self.paired += 1;
            let asked = &self.sent.expect("some")[&(true, id)];
            let path = asked.fields.iter().find(|(name, _)| name == ":path").map(|(_, path)| path.as_str());
            assert!(answered.target.is_empty() || path == Some(text(answered.target).as_str()));
        }
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

/// Cut into packets: client or server, and the bytes.
fn packets(turns: &[(bool, Vec<u8>)], size: usize) -> Vec<(bool, Vec<u8>)> {
    turns.iter().flat_map(|(client, bytes)| bytes.chunks(size).map(|piece| (*client, piece.to_vec()))).collect()
}

/// Plays the packets for which `captured` says so.
fn play<'a>(
    connection: Http2Connection,
    packets: &[(bool, Vec<u8>)],
    from: usize,
    captured: impl Fn(usize) -> bool,
    sent: &'a Messages,
) -> (Checked<'a>, HttpCounters) {
    let mut checked = Checked { sent: Some(sent), ..Checked::default() };
    let mut talker = Talker::new(connection);
    let mut lost = [0_u64; 2];
    for (index, (client, bytes)) in packets.iter().enumerate() {
        let own = usize::from(!client);
        talker.clock = talker.clock.plus_millis(1);
        if index < from {
            talker.ends[own] += bytes.len() as u64;
            continue;
        }
        if !captured(index) {
            lost[own] += bytes.len() as u64;
            continue;
        }
        let mut events = Vec::new();
        if lost[own] > 0 {
            events.push(StreamEvent::Gap { len: lost[own] });
            talker.ends[own] += std::mem::take(&mut lost[own]);
        }
        let meta = DataMeta {
            at: talker.clock,
            position: talker.ends[own],
            acked: talker.ends[1 - own] + lost[1 - own],
            segment_start: true,
            waited: false,
        };
        talker.ends[own] += bytes.len() as u64;
        events.push(StreamEvent::Data(bytes, meta));
        for event in events {
            deliver(&mut talker, &mut checked, *client, event);
        }
    }
    for client in [true, false] {
        let len = lost[usize::from(!client)];
        if len > 0 {
            deliver(&mut talker, &mut checked, client, StreamEvent::Gap { len });
        }
        deliver(&mut talker, &mut checked, client, StreamEvent::End { clean: true, reset: None });
    }
    (checked, talker.counters)
}

fn deliver(talker: &mut Talker, checked: &mut Checked<'_>, client: bool, event: StreamEvent<'_>) {
    let direction = if client { Direction::Request } else { Direction::Response };
    talker.connection.on_event(
        direction,
        event,
        &mut Context {
            limits: Limits { max_body_bytes: MAX_BODY_BYTES },
            selection: &talker.selection,
            counters: &mut talker.counters,
            sink: checked,
            ending: Incomplete::Closed,
            proxied: None,
            scratch: &mut talker.scratch,
            readers: crate::protocol::Readers { streams: false, tunnels: false },
        },
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn everything_comes_out_however_it_is_cut(plan in plan(), size in prop_oneof![1..40_usize, 1_000..3_000_usize]) {
        let (turns, sent) = plan.turns();
        let (checked, counters) = play(Http2Connection::new(), &packets(&turns, size), 0, |_| true, &sent);
        prop_assert_eq!((checked.seen.len(), checked.flagged), (sent.len(), 0));
        prop_assert_eq!(checked.paired, sent.keys().filter(|(client, _)| !client).count());
        prop_assert_eq!(counters, HttpCounters { http2: counters.http2, ..HttpCounters::default() });
    }

    #[test]
    fn nothing_is_invented_after_a_late_start(
        plan in plan(), size in prop_oneof![5..60_usize, 1_000..3_000_usize], start in any::<prop::sample::Index>()
    ) {
        let (turns, sent) = plan.turns();
        let packets = packets(&turns, size);
        let from = start.index(packets.len());
        play(Http2Connection::unproven(), &packets, from, |_| true, &sent);
    }

    #[test]
    fn nothing_is_invented_after_losses(
        plan in plan(),
        size in prop_oneof![5..60_usize, 1_000..3_000_usize],
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let (turns, sent) = plan.turns();
        let packets = packets(&turns, size);
        let lost: Vec<_> = lost.iter().map(|index| index.index(packets.len())).collect();
        let (checked, counters) = play(Http2Connection::new(), &packets, 0, |index| !lost.contains(&index), &sent);
        let is_whole = checked.seen.len() == sent.len() && checked.flagged == 0;
        let is_named = counters.http2.resyncs + counters.lost_heads + counters.http2.lost_blocks > 0
            || counters.passed_over_bytes > 0;
        prop_assert!(is_whole || is_named || checked.flagged > 0 || checked.seen.len() == sent.len());
    }
}

/// A body that is a conversation of HTTP/2, in packets that begin where its frames do, met at each of them.
#[test]
fn a_conversation_in_a_body_stays_a_body() {
    for frame in [100, 1_000, 16_384] {
        let plan = Plan { exchanges: vec![(891, 13_463, 41), (6, 17, 187)], width: 1, nested: true, frame, noise: 0 };
        let (turns, sent) = plan.turns();
        for size in [20, 31, 47, 60] {
            let packets = packets(&turns, size);
            for from in 0..packets.len() {
                play(Http2Connection::unproven(), &packets, from, |_| true, &sent);
            }
        }
    }
}

/// An ordinary connection of small exchanges, met after so many of its turns: most of what follows is shown.
#[test]
fn a_late_start_finds_its_way() {
    let plan = Plan { exchanges: vec![(20, 30, 0x8f); 12], width: 1, nested: false, frame: 16_384, noise: 0 };
    let (turns, sent) = plan.turns();
    let packets = packets(&turns, 1_400);
    for from in 3..packets.len() - 4 {
        let (checked, counters) = play(Http2Connection::unproven(), &packets, from, |_| true, &sent);
        let left = packets.len() - from;
        assert!(checked.seen.len() + 1 >= left, "from {from}: {} of {left}; {counters:?}", checked.seen.len());
    }
}

/// The same after the loss of any one packet.
#[test]
fn a_loss_costs_little() {
    let plan = Plan { exchanges: vec![(20, 30, 0x8f); 12], width: 1, nested: false, frame: 16_384, noise: 0 };
    let (turns, sent) = plan.turns();
    let packets = packets(&turns, 1_400);
    for lost in 3..packets.len() - 6 {
        let (checked, counters) = play(Http2Connection::new(), &packets, 0, |index| index != lost, &sent);
        assert!(checked.seen.len() + 2 >= sent.len(), "{lost}: {} of {}; {counters:?}", checked.seen.len(), sent.len());
    }
}

/// A long transfer, met anywhere: its frames are found by their length alone.
#[test]
fn a_bulk_transfer_is_found() {
    let plan = Plan {
        exchanges: vec![(0, 400_000, 1), (10, 10, 1), (10, 10, 2), (10, 10, 1)],
        width: 1,
        nested: false,
        frame: 16_384,
        noise: 0,
    };
    let (turns, sent) = plan.turns();
    let packets = packets(&turns, 1_448);
    for from in [10, 57, 100, 180] {
        let (checked, counters) = play(Http2Connection::unproven(), &packets, from, |_| true, &sent);
        assert!(checked.seen.len() >= 6, "from {from}: {:?} {counters:?}", checked.seen);
    }
}

/// The request comes while the frames of the answer are still searched for: the first block that is found may be the trailers.
#[test]
fn trailers_are_no_head_if_the_head_was_searched_over() {
    let exchanges = vec![(0, 17_340, 2), (0, 1_028, 91), (1, 1, 0), (28_928, 35_548, 103), (1_655, 0, 117)];
    let plan = Plan { exchanges, width: 2, nested: false, frame: 16_384, noise: 11_850_237_984_062_207_263 };
    let (turns, sent) = plan.turns();
    let packets = packets(&turns, 1_007);
    for lost in 0..packets.len() {
        play(Http2Connection::new(), &packets, 0, |index| index != lost, &sent);
    }
}

/// A row in a body may begin before that: with bytes of a head that look like a frame, and end where one in the body begins.
#[test]
fn a_chance_before_a_body_adds_nothing_to_its_frames() {
    let exchanges = vec![
        (26_515, 34_089, 17),
        (1, 9, 107),
        (470, 35_373, 33),
        (414, 1_736, 10),
        (1, 790, 0),
        (32, 1, 67),
        (26_770, 1_012, 151),
        (10, 24_791, 37),
    ];
    let plan = Plan { exchanges, width: 1, nested: true, frame: 16_384, noise: 2_628_860_701_026_778_204 };
    let (turns, sent) = plan.turns();
    let packets = packets(&turns, 5);
    for lost in 20_050..20_150 {
        play(Http2Connection::new(), &packets, 0, |index| index != lost, &sent);
    }
}

/// Request and answer are both searched for. The answer is found after its head, and then the request, from before that: the next block
/// is the trailers.
#[test]
fn trailers_are_no_head_if_the_head_came_before_its_request() {
    let exchanges = vec![(1_447, 0, 225), (1_782, 1, 97), (1, 37_167, 72), (1, 33_703, 2), (1, 2, 183), (909, 22, 75)];
    let plan = Plan { exchanges, width: 3, nested: false, frame: 16_384, noise: 1_069_745_935_692_954_935 };
    let (turns, sent) = plan.turns();
    let packets = packets(&turns, 19);
    for from in 0..packets.len() {
        play(Http2Connection::unproven(), &packets, from, |_| true, &sent);
    }
}
