//! Any HTTP/2 conversation, however its packets are cut, ordered, repeated and numbered, comes out as the messages that were
//! sent; after losses, and from the middle of a connection on, no message comes out that was not sent or that has a wrong value.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test's own bug may panic")]

#[path = "../src/protocol/http2/tests/plan.rs"]
mod plan;
mod support;
#[path = "../src/protocol/http2/tests/wire.rs"]
#[allow(dead_code, reason = "the unit tests use all of it")]
mod wire;

use plan::{Messages, Plan, Sent, interim_of, plan};
use proptest::prelude::*;
use serde_json::Value;
use support::conversation::{Close, Conversation, From, Pace};
use support::disorder::{contradict, delay, lose, repeat};
use support::rendered::Rendered;
use support::scene::is_named;
use support::strategy;
use support::trace::{Cutting, trace};
use support::watch::{Watch, engine_config};
use support::wire::{Link, Packet};
use tcp_sniffer::config::BinaryBodies;
use tcp_sniffer::stats::Stats;

fn rendered(plan: &Plan) -> (Rendered, Messages) {
    let (turns, sent) = plan.turns();
    let pieces = turns.into_iter().map(|(client, bytes)| (if client { From::Client } else { From::Server }, bytes));
    let conversation = Conversation {
        exchanges: Vec::new(),
        tunnel: Some(pieces.collect()),
        pace: Pace::OneByOne,
        close: Close::Client,
        prefix: Vec::new(),
    };
    (Rendered::of(conversation), sent)
}

fn watch(link: &Link, packets: &[Packet]) -> (Vec<Value>, Stats) {
    let mut config = engine_config();
    config.binary_bodies = BinaryBodies::Base64;
    let mut watch = Watch::new(config);
    packets.iter().for_each(|packet| watch.packet(link, packet));
    watch.end()
}

/// The message that a line shows, if the line says nothing else.
fn sent_of<'a>(line: &Value, sent: &'a Messages) -> Result<((bool, u32), &'a Sent), TestCaseError> {
    let id = line["streamId"].as_u64().unwrap_or(0) as u32;
    let key = (line["direction"] == "request", if line["statusCode"] == 103 { interim_of(id) } else { id });
    let Some(message) = sent.get(&key) else {
        return Err(TestCaseError::fail(format!("never sent: {line}")));
    };
    let value = |name: &str| message.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let unknown = line["unknownHeaders"].as_u64().unwrap_or(0);
    for (member, name) in [("method", ":method"), ("path", ":path"), ("scheme", ":scheme")] {
        let shown = line[member].as_str();
        prop_assert!(shown == value(name) || shown.is_none() && unknown > 0, "{}: {}", member, line);
    }
    let status = line["statusCode"].as_u64().map(|code| code.to_string());
    prop_assert!(status.as_deref() == value(":status") || status.is_none() && unknown > 0, "{}", line);
    let mut shown = 0;
    for (name, text) in line["headers"].as_object().into_iter().flatten() {
        let name = if name == "host" { ":authority" } else { name };
        prop_assert_eq!(text.as_str(), value(name), "{}", line);
        shown += u64::from(!name.starts_with(':'));
    }
    let ordinary = message.fields.iter().filter(|(name, _)| !name.starts_with(':')).count() as u64;
    prop_assert!(shown == ordinary || unknown > 0, "{}", line);
    let whole = line["incomplete"].is_null();
    let body = match (line["bodyEncoding"].as_str(), line["body"].as_str()) {
        (Some("base64"), Some(text)) => decoded(text),
        (_, text) => text.unwrap_or_default().as_bytes().to_vec(),
    };
    prop_assert!(message.body.starts_with(&body) && (!whole || body == message.body), "another body: {}", line);
    prop_assert!(line["bodySize"].as_u64() <= Some(message.body.len() as u64), "more than was sent: {}", line);
    let trailers = line["trailers"].as_object().into_iter().flatten();
    let trailers: Vec<_> = trailers.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let were_sent = message.trailers.iter().map(|(name, value)| (name.as_str(), Some(value.as_str())));
    prop_assert!(trailers.iter().all(|field| were_sent.clone().any(|sent| sent == *field)), "{}", line);
    prop_assert!(trailers.len() == message.trailers.len() || unknown > 0 || !whole, "{}", line);
    if let Some(path) = line["request"]["path"].as_str() {
        let asked = &sent[&(true, id)];
        prop_assert!(asked.fields.iter().any(|(name, value)| name == ":path" && value == path), "{}", line);
    }
    Ok((key, message))
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.decode(text).unwrap()
}

/// Everything comes out, once, and whole.
fn is_exact(lines: &[Value], sent: &Messages) -> Result<(), TestCaseError> {
    let mut seen = std::collections::HashSet::new();
    for line in lines {
        let (key, _) = sent_of(line, sent)?;
        prop_assert!(seen.insert(key), "twice: {}", line);
        prop_assert!(line["incomplete"].is_null() && line["unknownHeaders"].is_null(), "{}", line);
        prop_assert!(key.0 || line["request"]["path"].is_string(), "unpaired: {}", line);
    }
    prop_assert_eq!(seen.len(), sent.len());
    Ok(())
}

/// Nothing comes out that was not sent.
fn is_sound(lines: &[Value], sent: &Messages) -> Result<usize, TestCaseError> {
    let mut seen = std::collections::HashSet::new();
    for line in lines {
        let (key, _) = sent_of(line, sent)?;
        prop_assert!(seen.insert(key), "twice: {}", line);
    }
    Ok(lines.iter().filter(|line| line["incomplete"].is_null() && line["unknownHeaders"].is_null()).count())
}

proptest! {
    #![proptest_config(support::config(300))]

    #[test]
    fn any_order_with_repetitions(
        plan in plan(),
        cutting in strategy::cutting(),
        again in strategy::again(),
        delays in strategy::delays(),
        link in strategy::link(),
    ) {
        let (rendered, sent) = rendered(&plan);
        let packets = contradict(delay(repeat(&rendered, trace(&rendered, &cutting), &again), &delays));
        let (lines, _) = watch(&link, &packets);
        is_exact(&lines, &sent)?;
    }

    #[test]
    fn losses(plan in plan(), cutting in strategy::brisk_cutting(), arrivals in strategy::arrivals(true), link in strategy::link()) {
        let (rendered, sent) = rendered(&plan);
        let packets = lose(trace(&rendered, &cutting), &arrivals);
        let (lines, stats) = watch(&link, &packets);
        let whole = is_sound(&lines, &sent)?;
        prop_assert!(whole == sent.len() || is_named(&stats), "{:?}", stats.entries());
    }

    #[test]
    fn late_starts(
        plan in plan(),
        cutting in strategy::brisk_cutting(),
        link in strategy::link(),
        start in any::<prop::sample::Index>(),
    ) {
        let (rendered, sent) = rendered(&plan);
        let packets = trace(&rendered, &Cutting { handshake: false, ..cutting });
        let (lines, _) = watch(&link, &packets[start.index(packets.len())..]);
        is_sound(&lines, &sent)?;
    }
}
