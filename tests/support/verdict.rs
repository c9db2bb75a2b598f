//! Whether what came out is what was sent.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::conversation::{From, Rendered, Sent};
use super::disorder::Spans;
use super::expected::{self, Seen};
use super::trace::EPOCH_MICROS;
use super::wire::{Link, Packet};

pub type Verdict = Result<(), TestCaseError>;

/// A conversation, how it was captured, and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub rendered: &'a Rendered,
    pub packets: &'a [Packet],
    pub link: &'a Link,
    pub max_body_bytes: usize,
    pub lines: &'a [Value],
}

impl Case<'_> {
    /// Every message of these sides came out, in order, with exactly what was captured of it.
    pub fn is_exact(&self, sides: &[From]) -> Verdict {
        let mut ids: HashMap<usize, &Value> = HashMap::new();
        for side in sides {
            let lines: Vec<_> = self.lines.iter().filter(|line| direction(line) == Some(*side)).collect();
            let sent: Vec<_> = self.rendered.sent.iter().filter(|sent| sent.from == *side).collect();
            for (line, sent) in lines.iter().zip(&sent) {
                self.is_exactly(line, sent, sides.len() > 1)?;
            }
            prop_assert_eq!(lines.len(), sent.len(), "{:?} of {:?}", lines.last(), sent.len());
            if sides.len() > 1 {
                for (line, sent) in lines.iter().zip(&sent) {
                    prop_assert_eq!(*ids.entry(sent.exchange).or_insert(&line["id"]), &line["id"]);
                }
            }
        }
        if sides.len() > 1 {
            let different: std::collections::HashSet<_> = ids.values().map(|id| id.to_string()).collect();
            prop_assert_eq!(different.len(), ids.len(), "an id is shared by exchanges");
        }
        prop_assert!(self.lines.iter().all(|line| direction(line).is_some_and(|from| sides.contains(&from))));
        Ok(())
    }

    /// The line says what was captured of the message, no more and no less, and which request it answers if it is `paired`.
    pub fn is_exactly(&self, line: &Value, sent: &Sent, paired: bool) -> Verdict {
        let mut expected = expected::line(self.rendered, sent, self.link, self.seen(sent), self.max_body_bytes);
        expected["timestamp"] = json!(timestamp(self.began(sent)?));
        let mut line = line.clone();
        let (object, expected_object) = (line.as_object_mut().unwrap(), expected.as_object_mut().unwrap());
        object.remove("id");
        let latency = object.remove("latencyMs");
        object.remove("waitMs");
        object.remove("durationMs");
        if !paired {
            object.remove("request");
            expected_object.remove("request");
        } else if sent.from == From::Server {
            self.has_latency(latency.as_ref(), sent)?;
        }
        prop_assert!(line == expected, "came out: {line}\n  expected: {expected}");
        Ok(())
    }

    /// What came of a message.
    pub fn line_of(&self, sent: &Sent) -> Option<&Value> {
        self.lines.iter().find(|line| self.sent_as(line).is_ok_and(|(_, other)| std::ptr::eq(other, sent)))
    }

    /// Nothing came out that was not sent, and what is missing is named. Returns which messages came out, by index.
    pub fn is_sound(&self) -> Result<Vec<usize>, TestCaseError> {
        let mut last: [Option<usize>; 2] = [None, None];
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut out = Vec::new();
        for line in self.lines {
            let (index, sent) = self.sent_as(line)?;
            prop_assert!(last[sent.from as usize] < Some(index), "twice or out of order: {line}");
            last[sent.from as usize] = Some(index);
            let id = line["id"].to_string();
            prop_assert_eq!(*ids.entry(id).or_insert(sent.exchange), sent.exchange, "an id is shared by exchanges");
            self.is_part_of(line, sent)?;
            out.push(index);
        }
        Ok(out)
    }

    fn is_part_of(&self, line: &Value, sent: &Sent) -> Verdict {
        let whole = Seen { body_bytes: sent.body.len(), lost_bytes: 0 };
        let expected = expected::line(self.rendered, sent, self.link, whole, self.max_body_bytes);
        for name in
            ["receiver", "destination", "direction", "method", "path", "statusCode", "reason", "httpVersion", "headers"]
        {
            prop_assert_eq!(&line[name], &expected[name], "{}", line);
        }
        prop_assert_eq!(&line["timestamp"], &json!(timestamp(self.began(sent)?)));
        if sent.from == From::Server && !line["request"].is_null() {
            prop_assert_eq!(&line["request"], &expected["request"], "wrong pair: {}", line);
            self.has_latency(line.get("latencyMs"), sent)?;
        }
        let request = &self.rendered.conversation.exchanges[sent.exchange].request;
        let body_size = line["bodySize"].as_u64().unwrap() as usize;
        let gap_bytes = line["gapBytes"].as_u64().unwrap_or(0) as usize;
        if let Some(body) = line["body"].as_str() {
            prop_assert!(sent.body.starts_with(body.as_bytes()), "not what was sent: {line}");
            prop_assert!(body.len() <= body_size, "{line}");
        }
        // Without its request, an answer to HEAD is like one with a body, and losses behind it may be losses of that.
        let unclear = request.method == "HEAD" && line["request"].is_null() && gap_bytes > 0;
        prop_assert!(body_size <= sent.body.len() || unclear, "{line}");
        if line["bodyTruncated"].is_null() {
            prop_assert!(line["incomplete"].is_null() && gap_bytes == 0, "{line}");
            for name in ["body", "bodyEncoding", "bodySize", "trailers"] {
                prop_assert_eq!(&line[name], &expected[name], "{}", line);
            }
            prop_assert_eq!(self.seen(sent).lost_bytes, 0, "bytes of it were lost: {}", line);
        } else {
            prop_assert!(!line["trailers"].is_object() || line["trailers"] == expected["trailers"], "{line}");
            prop_assert!(line["incomplete"] != "gap" || gap_bytes > 0, "{line}");
            prop_assert!(
                !line["incomplete"].is_null() || (gap_bytes == 0 && sent.body.len() > self.max_body_bytes),
                "no reason: {line}"
            );
            prop_assert!(
                gap_bytes <= self.lost(sent.from).within(&(0..self.rendered.stream(sent.from).len())),
                "{line}"
            );
        }
        Ok(())
    }

    /// The message that carries this line's mark.
    fn sent_as(&self, line: &Value) -> Result<(usize, &Sent), TestCaseError> {
        let exact = |&(_, sent): &(usize, &Sent)| {
            let whole = Seen { body_bytes: 0, lost_bytes: 0 };
            let expected = expected::line(self.rendered, sent, self.link, whole, self.max_body_bytes);
            direction(line) == Some(sent.from) && line["headers"]["x-n"] == expected["headers"]["x-n"]
        };
        self.rendered
            .sent
            .iter()
            .enumerate()
            .find(exact)
            .ok_or_else(|| TestCaseError::fail(format!("never sent: {line}")))
    }

    /// What was captured of a message.
    pub fn seen(&self, sent: &Sent) -> Seen {
        let lost = self.lost(sent.from);
        let mut body_bytes = 0;
        for range in &sent.body_ranges {
            match lost.iter().find(|lost| lost.start < range.end && lost.end > range.start) {
                Some(lost) => {
                    body_bytes += lost.start.saturating_sub(range.start);
                    break;
                }
                None => body_bytes += range.len(),
            }
        }
        Seen { body_bytes, lost_bytes: lost.within(&sent.range) }
    }

    pub fn lost(&self, from: From) -> Spans {
        Spans::captured(self.packets, from).missing(self.rendered.stream(from).len())
    }

    /// When the packet was captured that first brought the message's first byte.
    fn began(&self, sent: &Sent) -> Result<i64, TestCaseError> {
        let at = |packet: &&Packet| packet.from == sent.from && packet.span().contains(&sent.range.start);
        let first = self.packets.iter().find(at);
        first.map(|packet| packet.at).ok_or_else(|| TestCaseError::fail("its first byte was never captured"))
    }

    fn has_latency(&self, millis: Option<&Value>, sent: &Sent) -> Verdict {
        let request =
            self.rendered.sent.iter().find(|other| other.from == From::Client && other.exchange == sent.exchange);
        let expected = self.began(sent)? - self.began(request.unwrap())?;
        if expected < 0 {
            prop_assert_eq!(millis, None, "latency of {:?}", sent);
            return Ok(());
        }
        let micros = (millis.and_then(Value::as_f64).unwrap_or(f64::NAN) * 1_000.0).round();
        prop_assert_eq!(micros, expected as f64, "latency of {:?}", sent);
        Ok(())
    }
}

pub fn direction(line: &Value) -> Option<From> {
    match line["direction"].as_str()? {
        "request" => Some(From::Client),
        "response" => Some(From::Server),
        _ => None,
    }
}

/// Within the hour that the traces begin in.
fn timestamp(at: i64) -> String {
    let millis = (at - EPOCH_MICROS) / 1_000;
    format!(
        "2024-01-01T{:02}:{:02}:{:02}.{:03}Z",
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1_000 % 60,
        millis % 1_000
    )
}
