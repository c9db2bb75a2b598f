//! Any conversation, however its packets are cut, ordered, repeated and numbered, comes out as the messages that were sent.

mod support;

use proptest::prelude::*;
use support::conversation::From;
use support::disorder::{contradict, delay, repeat};
use support::rendered::Rendered;
use support::strategy::{self, Scope};
use support::trace::{Cutting, trace};
use support::verdict::Case;
use support::watch::{engine_config, watch};
use support::wire::{Link, Packet};

/// Watches the packets and compares with what was sent.
fn check(
    rendered: &Rendered,
    packets: &[Packet],
    link: &Link,
    max_body_bytes: usize,
    sides: &[From],
) -> support::verdict::Verdict {
    let mut config = engine_config();
    config.max_body_size = max_body_bytes;
    let lines = watch(config, link, packets);
    Case { rendered, packets, link, max_body_bytes, patience_ms: None, lines: &lines }.is_exact(sides)
}

fn max_body_bytes() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(1usize << 20), 1 => 1usize..50]
}

proptest! {
    #![proptest_config(support::config(1_500))]

    #[test]
    fn any_cuts(
        rendered in strategy::conversation(Scope::default()),
        cutting in strategy::cutting(),
        link in strategy::link(),
        max_body_bytes in max_body_bytes(),
    ) {
        check(&rendered, &trace(&rendered, &cutting), &link, max_body_bytes, &From::BOTH)?;
    }

    #[test]
    fn any_order_with_repetitions(
        rendered in strategy::conversation(Scope::default()),
        cutting in strategy::cutting(),
        again in strategy::again(),
        delays in strategy::delays(),
        link in strategy::link(),
        max_body_bytes in max_body_bytes(),
    ) {
        let packets = contradict(delay(repeat(&rendered, trace(&rendered, &cutting), &again), &delays));
        check(&rendered, &packets, &link, max_body_bytes, &From::BOTH)?;
    }

    /// A client may have pipelined before, so which request the first answers belong to is not known.
    #[test]
    fn without_a_handshake(
        rendered in strategy::conversation(Scope { pipelined: false, lookalikes: false, ..Scope::default() }),
        cutting in strategy::cutting(),
        again in strategy::again(),
        link in strategy::link(),
    ) {
        let cutting = Cutting { handshake: false, ..cutting };
        let packets = contradict(repeat(&rendered, trace(&rendered, &cutting), &again));
        let lines = watch(engine_config(), &link, &packets);
        let case = Case { rendered: &rendered, packets: &packets, link: &link, max_body_bytes: 1 << 20, patience_ms: None, lines: &lines };
        prop_assert_eq!(case.is_sound()?.len(), rendered.sent.len());
    }

    /// All the same, every message comes out, if no framing depends on a request.
    #[test]
    fn without_a_handshake_pipelined(
        rendered in strategy::conversation(Scope {
            head: false, tunnel: false, upgrade: false, lookalikes: false, ..Scope::default()
        }),
        cutting in strategy::cutting(),
        again in strategy::again(),
        link in strategy::link(),
    ) {
        let cutting = Cutting { handshake: false, ..cutting };
        let packets = contradict(repeat(&rendered, trace(&rendered, &cutting), &again));
        let lines = watch(engine_config(), &link, &packets);
        let case = Case { rendered: &rendered, packets: &packets, link: &link, max_body_bytes: 1 << 20, patience_ms: None, lines: &lines };
        prop_assert_eq!(case.is_sound()?.len(), rendered.sent.len());
    }

    /// The bytes after a request to leave HTTP/1.x depend on an answer that is not seen: such requests are not in here, except
    /// at the end.
    #[test]
    fn requests_alone(
        rendered in strategy::conversation(Scope { upgrade: false, ..Scope::default() }),
        cutting in strategy::cutting(),
        handshake in any::<bool>(),
        again in strategy::again(),
        link in strategy::link(),
    ) {
        let cutting = Cutting { handshake, ..cutting };
        let mut packets = contradict(repeat(&rendered, trace(&rendered, &cutting), &again));
        packets.retain(|packet| packet.from == From::Client);
        check(&rendered, &packets, &link, 1 << 20, &[From::Client])?;
    }

    /// The answer to an unseen HEAD cannot be told from an answer whose body is still to come, nor that to an unseen CONNECT
    /// from an answer that lasts until the connection closes: these are not in here, nor bodies that begin like an answer.
    #[test]
    fn responses_alone(
        rendered in strategy::conversation(Scope { head: false, tunnel: false, lookalikes: false, ..Scope::default() }),
        cutting in strategy::cutting(),
        handshake in any::<bool>(),
        again in strategy::again(),
        link in strategy::link(),
    ) {
        let cutting = Cutting { handshake, ..cutting };
        let mut packets = contradict(repeat(&rendered, trace(&rendered, &cutting), &again));
        packets.retain(|packet| packet.from == From::Server);
        check(&rendered, &packets, &link, 1 << 20, &[From::Server])?;
    }

    /// Here they are: some of it may be missing, nothing may be wrong.
    #[test]
    fn one_side_alone_is_sound(
        rendered in strategy::conversation(Scope { tunnel: false, ..Scope::default() }),
        cutting in strategy::cutting(),
        side in proptest::sample::select(&From::BOTH[..]),
        handshake in any::<bool>(),
        again in strategy::again(),
        link in strategy::link(),
    ) {
        let cutting = Cutting { handshake, ..cutting };
        let mut packets = contradict(repeat(&rendered, trace(&rendered, &cutting), &again));
        packets.retain(|packet| packet.from == side);
        let lines = watch(engine_config(), &link, &packets);
        let case = Case { rendered: &rendered, packets: &packets, link: &link, max_body_bytes: 1 << 20, patience_ms: None, lines: &lines };
        case.is_sound()?;
    }
}
