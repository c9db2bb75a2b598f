//! Under any loss nothing comes out that was not sent, what is missing is named, and what was not touched comes out.

#![allow(clippy::indexing_slicing, reason = "a test's own bug may panic")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use support::conversation::{Close, From};
use support::disorder::{contradict, delay, lose, lose_range, repeat};
use support::rendered::Rendered;
use support::strategy::{self, Scope};
use support::survivors::survivors;
use support::trace::{Cutting, trace};
use support::verdict::{Case, Verdict};
use support::watch::{engine_config, watch};
use support::wire::{Link, Packet};

const MAX_BODY_BYTES: usize = 1 << 20;

fn with_case(
    rendered: &Rendered,
    packets: &[Packet],
    link: &Link,
    check: impl FnOnce(&Case<'_>) -> Verdict,
) -> Verdict {
    let lines = watch(engine_config(), link, packets);
    let verdict =
        check(&Case { rendered, packets, link, max_body_bytes: MAX_BODY_BYTES, patience_ms: None, lines: &lines });
    verdict.map_err(|error| TestCaseError::fail(format!("{error}\n{}", show(packets, &lines))))
}

/// Shows the captured packets and the lines that came out, so that a failed case can be read.
fn show(packets: &[Packet], lines: &[serde_json::Value]) -> String {
    let packets = packets.iter().map(|packet| format!("  {packet:?}\n")).collect::<String>();
    let lines = lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
    format!("{packets}{lines}")
}

proptest! {
    #![proptest_config(support::config(3_000))]

    /// Where a request for a tunnel is lost, and its answer too, what is in the tunnel is like what else may be said there:
    /// none in here.
    #[test]
    fn nothing_is_invented(
        rendered in strategy::conversation(Scope { pipelined: false, tunnel: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        arrivals in strategy::arrivals(false),
        delays in strategy::short_delays(),
        link in strategy::link(),
    ) {
        let packets = contradict(delay(lose(repeat(&rendered, trace(&rendered, &cutting), &again), &arrivals), &delays));
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    /// As long as all requests were captured, also if one asks for a tunnel.
    #[test]
    fn nothing_is_invented_when_answers_to_pipelined_requests_are_lost(
        rendered in strategy::conversation(Scope { connect: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        arrivals in strategy::arrivals(false),
        delays in strategy::short_delays(),
        link in strategy::link(),
    ) {
        let all = repeat(&rendered, trace(&rendered, &cutting), &again);
        let (asked, answered): (Vec<_>, Vec<_>) = all.into_iter().partition(|packet| packet.from == From::Client);
        let packets = contradict(delay([asked, lose(answered, &arrivals)].concat(), &delays));
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    /// A loss may hide that a client pipelines. Then a response may be taken for the answer to the request after the right
    /// one: it cannot be told. So no framing depends on a request here, and pairs are not looked at.
    #[test]
    fn nothing_is_invented_when_pipelined_requests_are_lost(
        rendered in strategy::conversation(Scope { head: false, tunnel: false, upgrade: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        arrivals in strategy::arrivals(false),
        delays in strategy::short_delays(),
        link in strategy::link(),
    ) {
        let packets = contradict(delay(lose(repeat(&rendered, trace(&rendered, &cutting), &again), &arrivals), &delays));
        let mut lines = watch(engine_config(), &link, &packets);
        for (index, line) in lines.iter_mut().enumerate() {
            let object = line.as_object_mut().unwrap();
            object.insert("id".into(), index.into());
            object.remove("request");
        }
        let case = Case { rendered: &rendered, packets: &packets, link: &link, max_body_bytes: MAX_BODY_BYTES, patience_ms: None, lines: &lines };
        case.is_sound().map_err(|error| TestCaseError::fail(format!("{error}\n{}", show(&packets, &lines))))?;
    }

    /// Lost bytes of a direction whose beginning is known are missing, also if nothing of it was captured yet.
    #[test]
    fn nothing_is_invented_when_the_answer_to_the_syn_is_lost(
        rendered in strategy::conversation(Scope { pipelined: false, tunnel: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        arrivals in strategy::arrivals(false),
        acks in any::<bool>(),
        link in strategy::link(),
    ) {
        let mut packets = lose(trace(&rendered, &cutting), &arrivals);
        packets.retain(|packet| !(packet.syn && packet.from == From::Server));
        packets.retain(|packet| acks || !packet.payload.is_empty() || packet.syn || packet.fin || packet.rst);
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    /// Two captures put together, one of them with a clock that is late: no packet is lost, and the order says little.
    #[test]
    fn a_side_that_was_captured_late(
        rendered in strategy::conversation(Scope { pipelined: false, tunnel: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        side in prop::sample::select(&From::BOTH[..]),
        late_micros in 1i64..20_000,
        link in strategy::link(),
    ) {
        let mut packets = trace(&rendered, &cutting);
        packets.iter_mut().filter(|packet| packet.from == side).for_each(|packet| packet.at += late_micros);
        packets.sort_by_key(|packet| packet.at);
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    #[test]
    fn what_the_snaplen_cut_off_is_a_gap(
        rendered in strategy::conversation(Scope { pipelined: false, tunnel: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        arrivals in strategy::arrivals(true),
        delays in strategy::short_delays(),
        link in strategy::link(),
    ) {
        let packets = delay(lose(trace(&rendered, &cutting), &arrivals), &delays);
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    /// The capture begins anywhere. Its first bytes may be the middle of a body: a lookalike there is believed, and so
    /// is the second of two pipelined requests when the answer to the first follows: these are not in here.
    #[test]
    fn a_capture_that_begins_anywhere_invents_nothing(
        rendered in strategy::conversation(Scope { pipelined: false, tunnel: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        arrivals in strategy::arrivals(false),
        begin in any::<prop::sample::Index>(),
        link in strategy::link(),
    ) {
        let cutting = Cutting { at_lookalikes: false, ..cutting };
        let all = trace(&rendered, &cutting);
        let packets = lose(all[begin.index(all.len())..].to_vec(), &arrivals);
        let believed = From::BOTH.into_iter().any(|side| {
            let first = packets.iter().find(|packet| packet.from == side && !packet.payload.is_empty());
            first.is_some_and(|first| support::trace::is_like_a_start(&rendered, first))
        });
        // With all of the other side lost too, it is as if that had not been captured: see the next test.
        let seen = From::BOTH.map(|side| packets.iter().any(|packet| packet.from == side && !packet.payload.is_empty()));
        if believed || seen.contains(&false) {
            return Ok(());
        }
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    /// Where the other side is not captured, text that looks like a message may be believed after a loss: none in here.
    #[test]
    fn losses_on_one_side_alone(
        rendered in strategy::conversation(Scope {
            pipelined: false, tunnel: false, upgrade: false, lookalikes: false, ..Scope::default()
        }),
        cutting in strategy::brisk_cutting(),
        side in prop::sample::select(&From::BOTH[..]),
        arrivals in strategy::arrivals(false),
        link in strategy::link(),
    ) {
        let mut packets = lose(trace(&rendered, &cutting), &arrivals);
        packets.retain(|packet| packet.from == side);
        with_case(&rendered, &packets, &link, |case| case.is_sound().map(drop))?;
    }

    /// A loss within a body whose length is known, or within one chunk's data, is crossed: all messages come out, each
    /// with what was captured of it.
    #[test]
    fn losses_within_bodies_are_crossed(
        rendered in strategy::conversation(Scope::default()),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        delays in strategy::short_delays(),
        losses in vec((any::<prop::sample::Index>(), 0usize..=100, 1usize..=100), 1..4),
        link in strategy::link(),
    ) {
        let mut packets = delay(repeat(&rendered, trace(&rendered, &cutting), &again), &delays);
        let open = rendered.conversation.close == Close::Open;
        // A loss at the very end of a capture is not known to be a loss.
        let bodies: Vec<_> = rendered.sent.iter()
            .flat_map(|sent| sent.body_ranges.iter().map(|range| (sent.from, range.clone())))
            .filter(|(from, range)| !open || range.end < rendered.stream(*from).len())
            .collect();
        for (index, from, length) in losses {
            if bodies.is_empty() {
                break;
            }
            let (side, range) = index.get(&bodies);
            let start = range.start + range.len() * from / 101;
            let lost = start..(start + (range.len() * length / 100).max(1)).min(range.end);
            packets = lose_range(packets, *side, &lost);
        }
        let packets = contradict(packets);
        with_case(&rendered, &packets, &link, |case| case.is_exact(&From::BOTH))?;
    }

    #[test]
    fn what_is_not_touched_comes_out(
        // While it is not known which request a response answers, a body that begins like a response may be one, and so may
        // what follows the head of an answer to HEAD.
        rendered in strategy::conversation(Scope {
            pipelined: false, head: false, tunnel: false, upgrade: false, lookalikes: false, ..Scope::default()
        }),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        arrivals in strategy::arrivals(false),
        delays in strategy::short_delays(),
        link in strategy::link(),
    ) {
        let packets = contradict(delay(lose(repeat(&rendered, trace(&rendered, &cutting), &again), &arrivals), &delays));
        with_case(&rendered, &packets, &link, |case| {
            case.is_sound()?;
            for survivor in survivors(case) {
                let sent = &rendered.sent[survivor.index];
                let Some(line) = case.line_of(sent) else {
                    return Err(TestCaseError::fail(format!("missing: {sent:?}")));
                };
                // A client that has not waited for answers yet may pipeline.
                case.is_exactly(line, sent, survivor.paired && !line["request"].is_null())?;
            }
            Ok(())
        })?;
    }
}
