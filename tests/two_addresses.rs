//! A connection of which NAT leads one direction elsewhere is one connection, whichever half of its handshake comes first.

mod support;

use proptest::prelude::*;
use support::conversation::From;
use support::disorder::{contradict, delay, lose, repeat};
use support::strategy::{self, Scope};
use support::trace::trace;
use support::verdict::Case;
use support::watch::{Watch, engine_config};
use support::wire::{Link, PROXY, Packet, SERVER_PORT};
use tcp_sniffer::config::EngineConfig;

const MAX_BODY_BYTES: usize = 1 << 20;

/// The server's answers come from its own address.
fn link() -> impl Strategy<Value = Link> {
    strategy::link().prop_map(|link| Link { led_to: Some(PROXY), ..link })
}

/// One of the server's two ports is enough.
fn ports() -> impl Strategy<Value = Vec<u16>> {
    prop::sample::select(vec![vec![SERVER_PORT], vec![PROXY.1], vec![SERVER_PORT, PROXY.1]])
}

/// The first two packets, the handshake's, in this order and so often.
fn greet(mut packets: Vec<Packet>, answer_first: bool, again: [usize; 2]) -> Vec<Packet> {
    let rest = packets.split_off(2);
    let mut greeting: Vec<Packet> =
        packets.into_iter().zip(again).flat_map(|(packet, times)| vec![packet; 1 + times]).collect();
    if answer_first {
        greeting.rotate_left(1 + again[0]);
    }
    let at = greeting.iter().map(|packet| packet.at).min().unwrap_or_default();
    greeting.iter_mut().for_each(|packet| packet.at = at);
    [greeting, rest].concat()
}

proptest! {
    #![proptest_config(support::config(1_500))]

    #[test]
    fn any_order(
        rendered in strategy::conversation(Scope::default()),
        cutting in strategy::cutting(),
        again in strategy::again(),
        delays in strategy::delays(),
        answer_first in any::<bool>(),
        greetings in prop::array::uniform2(0usize..3),
        ports in ports(),
        link in link(),
    ) {
        let packets = contradict(delay(repeat(&rendered, trace(&rendered, &cutting), &again), &delays));
        let packets = greet(packets, answer_first, greetings);
        let mut watch = Watch::new(EngineConfig { ports, ..engine_config() });
        packets.iter().for_each(|packet| watch.packet(&link, packet));
        let (lines, stats) = watch.end();
        let case = Case { rendered: &rendered, packets: &packets, link: &link, max_body_bytes: MAX_BODY_BYTES, patience_ms: None, lines: &lines };
        case.is_exact(&From::BOTH)?;
        prop_assert_eq!(stats.flow.joined_connections, 1);
        prop_assert_eq!((stats.connections_opened, stats.gaps), (1, 0));
    }

    #[test]
    fn losses(
        rendered in strategy::conversation(Scope { pipelined: false, tunnel: false, ..Scope::default() }),
        cutting in strategy::brisk_cutting(),
        again in strategy::again(),
        arrivals in strategy::arrivals(false),
        delays in strategy::short_delays(),
        ports in ports(),
        link in link(),
    ) {
        let mut packets = repeat(&rendered, trace(&rendered, &cutting), &again);
        let rest = packets.split_off(2);
        let packets = contradict(delay([packets, lose(rest, &arrivals)].concat(), &delays));
        let mut watch = Watch::new(EngineConfig { ports, ..engine_config() });
        packets.iter().for_each(|packet| watch.packet(&link, packet));
        let (lines, _) = watch.end();
        let case = Case { rendered: &rendered, packets: &packets, link: &link, max_body_bytes: MAX_BODY_BYTES, patience_ms: None, lines: &lines };
        case.is_sound()?;
    }

    /// Without the answer to the SYN it is not known where the server begins: two halves, and nothing is said to be missing of
    /// a direction that never came.
    #[test]
    fn halves_that_are_not_joined_claim_no_gap(
        rendered in strategy::conversation(Scope {
            head: false, tunnel: false, upgrade: false, lookalikes: false, pipelined: false, ..Scope::default()
        }),
        cutting in strategy::brisk_cutting(),
        lost in prop::sample::select(&From::BOTH[..]),
        link in link(),
    ) {
        let mut packets = trace(&rendered, &cutting);
        packets.retain(|packet| !(packet.syn && packet.from == lost));
        let mut watch = Watch::new(EngineConfig { ports: vec![SERVER_PORT, PROXY.1], ..engine_config() });
        packets.iter().for_each(|packet| watch.packet(&link, packet));
        let (lines, stats) = watch.end();
        prop_assert_eq!((stats.flow.joined_connections, stats.gaps, stats.gap_bytes), (0, 0, 0));
        prop_assert_eq!(lines.len(), rendered.sent.len());
    }
}
