//! The times in a message: when it began, how long it took, how long the client waited for it.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Map, Value};

use super::conversation::{From, Sent};
use super::verdict::{Case, Verdict};
use super::wire::Packet;

impl Case<'_> {
    /// When the packet was captured that first brought the message's first byte.
    pub fn began(&self, sent: &Sent) -> Result<i64, TestCaseError> {
        let at = |packet: &&Packet| packet.from == sent.from && packet.span().contains(&sent.range.start);
        let first = self.packets.iter().find(at);
        first.map(|packet| packet.at).ok_or_else(|| TestCaseError::fail("its first byte was never captured"))
    }

    /// When the last packet was captured that brought any byte of it.
    fn last_seen(&self, sent: &Sent) -> i64 {
        let brings = |packet: &&Packet| {
            let span = packet.span();
            packet.from == sent.from && span.start < sent.range.end && span.end > sent.range.start
        };
        self.packets.iter().filter(brings).map(|packet| packet.at).max().unwrap_or(i64::MAX)
    }

    fn is_steady(&self) -> bool {
        self.packets.is_sorted_by_key(|packet| packet.at)
    }

    fn request_of(&self, sent: &Sent) -> &Sent {
        let mut all = self.rendered.sent.iter();
        all.find(|other| other.from == From::Client && other.exchange == sent.exchange).unwrap()
    }

    pub fn has_latency(&self, millis: Option<&Value>, sent: &Sent) -> Verdict {
        let expected = self.began(sent)? - self.began(self.request_of(sent))?;
        match micros(millis) {
            Some(micros) => {
                prop_assert!(micros == expected, "wrong time: latency of {} is {micros}, not {expected}", sent.mark);
            }
            None => {
                let unclear = expected < 0 || !self.is_steady();
                prop_assert!(unclear, "wrong time: no latency of {}, {expected} is right", sent.mark);
            }
        }
        Ok(())
    }

    /// A message lasts no longer than its packets do, it stands still no longer than it lasts, and no answer is waited for longer than since its request's end.
    pub fn has_times(&self, line: &Map<String, Value>, sent: &Sent) -> Verdict {
        if let Some(duration) = micros(line.get("durationMs")) {
            let longest = self.last_seen(sent).saturating_sub(self.began(sent)?);
            prop_assert!(
                duration <= longest || !self.is_steady(),
                "wrong time: duration of {} is {duration}, at most {longest} is right",
                sent.mark
            );
        }
        if let Some(stall) = micros(line.get("stallMs")) {
            let longest = micros(line.get("durationMs")).unwrap_or_default();
            prop_assert!(
                stall <= longest,
                "wrong time: {} stood still for {stall}, at most {longest} is right",
                sent.mark
            );
        }
        if let Some(wait) = micros(line.get("waitMs")) {
            let began = self.began(sent)?;
            let request = self.request_of(sent);
            let (least, most) = (began - self.last_seen(request), began - self.began(request)?);
            prop_assert!(
                (least..=most).contains(&wait) || !self.is_steady(),
                "wrong time: wait of {} is {wait}, not in {least}..={most}",
                sent.mark
            );
        }
        Ok(())
    }
}

fn micros(millis: Option<&Value>) -> Option<i64> {
    Some((millis?.as_f64()? * 1_000.0).round() as i64)
}

/// A time of this line that is negative.
pub fn negative_time(line: &Value) -> Option<&'static str> {
    let negative = |name: &&str| line[name].as_f64().is_some_and(|millis| millis < 0.0);
    ["latencyMs", "durationMs", "stallMs", "waitMs"].into_iter().find(negative)
}
