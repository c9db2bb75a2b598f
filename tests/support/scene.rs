//! One capture and what comes of it: conversations on one pair of endpoints, their packets, and the verdict.

use std::collections::HashMap;

use proptest::test_runner::TestCaseError;
use serde_json::Value;
use tcp_sniffer::config::{BinaryBodies, EngineConfig};
use tcp_sniffer::flow::Patience;
use tcp_sniffer::stats::Stats;

use super::conversation::From;
use super::disorder::Spans;
use super::rendered::Rendered;
use super::seeded::MOST_EXCHANGES;
use super::times::negative_time;
use super::verdict::{Case, CaseVerdict, mark_of};
use super::watch::{Watch, engine_config};
use super::wire::{Link, OTHER_SERVER_PORT, Packet, SERVER_PORT};

const MAX_BODY_BYTES: usize = 1 << 20;
/// One of these says that something was captured and not shown.
const NAMES_OF_LOSS: [&str; 16] = [
    "gaps",
    "lostHeads",
    "lostPairings",
    "passedOverBytes",
    "malformedStreams",
    "notHttpStreams",
    "connectionsTimedOut",
    "incompleteReset",
    "http2Resyncs",
    "http2GivenUp",
    "http2LostBlocks",
    "http2PartialBlocks",
    "http2EvictedStreams",
    "tlsUnreadBytes",
    "shedPackets",
    "shedConnections",
];

#[derive(Debug)]
pub struct Scene {
    pub talks: Vec<Rendered>,
    /// One a conversation: the same endpoints, other sequence numbers.
    pub links: Vec<Link>,
    /// In the order of the capture.
    pub packets: Vec<Packet>,
    pub patience: Patience,
}

/// The verdict on one capture.
#[derive(Debug, Default)]
pub struct Outcome {
    pub sent: usize,
    pub shown: usize,
    pub flagged: usize,
    pub unpaired: usize,
    /// Lines that are not what was sent.
    pub wrong: Vec<String>,
    /// Messages that are not there, or not whole, or not paired, although all was captured.
    pub missing: Vec<String>,
    /// Messages of which something was captured, in a capture where no counter says that anything is missing.
    pub unnamed: Vec<String>,
}

impl Outcome {
    /// Each begins with its kind.
    pub fn findings(&self) -> impl Iterator<Item = &String> {
        self.wrong.iter().chain(&self.missing).chain(&self.unnamed)
    }

    pub fn add(&mut self, more: Self) {
        self.sent += more.sent;
        self.shown += more.shown;
        self.flagged += more.flagged;
        self.unpaired += more.unpaired;
        self.wrong.extend(more.wrong);
        self.missing.extend(more.missing);
        self.unnamed.extend(more.unnamed);
    }
}

impl Scene {
    pub fn judge(&self) -> Outcome {
        let (lines, stats) = self.watch();
        self.judge_lines(lines, &stats)
    }

    pub fn judge_lines(&self, lines: Vec<Value>, stats: &Stats) -> Outcome {
        let mut outcome = Outcome {
            sent: self.talks.iter().map(|talk| talk.sent.len()).sum(),
            shown: lines.len(),
            flagged: lines.iter().filter(|line| !line["bodyTruncated"].is_null()).count(),
            ..Outcome::default()
        };
        let mut by_talk: Vec<Vec<Value>> = vec![Vec::new(); self.talks.len()];
        let mut ids: HashMap<String, usize> = HashMap::new();
        for line in lines {
            let number = mark_of(&line).get(1..).and_then(|mark| mark.split('.').next()?.parse::<usize>().ok());
            let Some(talk) = number.map(|number| number / MOST_EXCHANGES).filter(|&talk| talk < by_talk.len()) else {
                outcome.wrong.push(format!("never sent: {line}"));
                continue;
            };
            if *ids.entry(line["id"].to_string()).or_insert(talk) != talk {
                outcome.wrong.push(format!("an id is shared by connections: {line}"));
            }
            by_talk[talk].push(line);
        }
        let named = is_named(stats);
        for (index, lines) in by_talk.iter().enumerate() {
            self.judge_talk(index, lines, named, &mut outcome);
        }
        outcome
    }

    fn judge_talk(&self, index: usize, lines: &[Value], named: bool, outcome: &mut Outcome) {
        let (rendered, link) = (&self.talks[index], &self.links[index]);
        let packets: Vec<Packet> = self.packets.iter().filter(|packet| packet.connection == index).cloned().collect();
        let patience_ms = Some(self.patience.acked_hole_ms);
        let case = Case { rendered, packets: &packets, link, max_body_bytes: MAX_BODY_BYTES, patience_ms, lines };
        let CaseVerdict { wrong, .. } = case.judge();
        let negative =
            lines.iter().filter_map(|line| Some(format!("negative time: {} of {line}", negative_time(line)?)));
        outcome.wrong.extend(negative);
        outcome.wrong.extend(lines.iter().filter_map(|line| wrong_proxied(line, &rendered.conversation.prefix)));
        outcome.wrong.extend(wrong.into_iter().map(|(_, error)| what(&error)));
        // Bytes that were taken for another message are not lost without a name: that message is wrong.
        let mistaken = outcome.wrong.iter().any(|wrong| wrong.starts_with("never sent"));
        // The receiver of a reset discards the packets that follow it.
        let before_reset = packets.split(|packet| packet.rst).next().unwrap_or_default();
        let captured = From::BOTH.map(|side| Spans::captured(before_reset, side));
        for sent in &rendered.sent {
            let part = captured[sent.from as usize].within(&sent.range);
            let line = case.line_of(sent);
            if part > 0 && line.is_none() && !named && !mistaken {
                outcome.unnamed.push(format!("unnamed: {part} of {} bytes of {}", sent.range.len(), sent.mark));
            }
            let refused = sent.from == From::Client && sent.announced;
            if line.is_none_or(|line| !line["bodyTruncated"].is_null() && !refused) {
                outcome.missing.push(format!("{}: {}", line.map_or("missing", |_| "cut"), sent.mark));
            } else if sent.from == From::Server && line.is_some_and(|line| line["request"].is_null()) {
                outcome.unpaired += 1;
                outcome.missing.push(format!("unpaired: {}", sent.mark));
            }
        }
    }

    pub fn config(&self) -> EngineConfig {
        let mut config = engine_config();
        config.binary_bodies = BinaryBodies::Base64;
        config.patience = self.patience;
        if self.links[0].client.1 == OTHER_SERVER_PORT {
            config.ports = vec![SERVER_PORT, OTHER_SERVER_PORT];
        }
        if let Some((_, proxy_port)) = self.links[0].led_to {
            // Either is enough.
            config.ports = match self.links[0].client.1 % 3 {
                0 => vec![SERVER_PORT],
                1 => vec![proxy_port],
                _ => vec![SERVER_PORT, proxy_port],
            };
        }
        config
    }

    fn watch(&self) -> (Vec<Value>, Stats) {
        let mut watch = Watch::new(self.config());
        for packet in &self.packets {
            watch.packet(&self.links[packet.connection], packet);
        }
        watch.end()
    }
}

/// Without the place in the tests.
fn what(error: &TestCaseError) -> String {
    let (TestCaseError::Fail(reason) | TestCaseError::Reject(reason)) = error;
    let text = reason.message();
    text.rsplit_once(" at tests/").map_or(text, |(text, _)| text).to_owned()
}

pub fn is_named(stats: &Stats) -> bool {
    stats.entries().iter().any(|(name, count)| *count > 0 && NAMES_OF_LOSS.contains(name))
}

/// A message that names another client than the proxy's prefix does.
fn wrong_proxied(line: &Value, prefix: &[u8]) -> Option<String> {
    let source = line.get("proxied")?.get("source")?;
    let told = prefix.starts_with(b"PROXY TCP4") || prefix.get(13) == Some(&0x11);
    let right = told && source["ip"] == "192.0.2.7" && source["port"] == 51_234;
    (!right).then(|| format!("wrong proxy: {line}"))
}
