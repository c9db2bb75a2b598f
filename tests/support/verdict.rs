//! Whether what came out is what was sent.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::conversation::{From, Sent};
use super::disorder::Spans;
use super::expected::{self, Seen};
use super::rendered::Rendered;
use super::trace::timestamp;
use super::wire::{Link, Packet};

/// The engine's clock is so much off while it does not know yet that a pause is one.
const CLOCK_MICROS: i64 = 500_000;

pub type Verdict = Result<(), TestCaseError>;

/// A conversation, how it was captured, and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub rendered: &'a Rendered,
    pub packets: &'a [Packet],
    pub link: &'a Link,
    pub max_body_bytes: usize,
    /// Bytes that are captured so much later than the bytes after them may count as lost.
    pub patience_ms: Option<u64>,
    pub lines: &'a [Value],
}

/// The verdict on each line.
#[derive(Debug, Default)]
pub struct CaseVerdict {
    /// Which messages came out as they were sent, by index.
    pub out: Vec<usize>,
    /// The other lines, by number, and what is wrong with each.
    pub wrong: Vec<(usize, TestCaseError)>,
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
        object.remove("proxied");
        self.has_times(object, sent)?;
        let latency = object.remove("latencyMs");
        object.remove("durationMs");
        object.remove("stallMs");
        object.remove("waitMs");
        if !paired {
            object.remove("request");
            expected_object.remove("request");
        } else if sent.from == From::Server {
            self.has_latency(latency.as_ref(), sent)?;
        }
        prop_assert!(line == expected, "came out: {line}\n  expected: {expected}");
        Ok(())
    }

    /// The line of a message, if it came out.
    pub fn line_of(&self, sent: &Sent) -> Option<&Value> {
        self.lines.iter().find(|line| direction(line) == Some(sent.from) && mark_of(line) == sent.mark)
    }

    /// Nothing came out that was not sent, and what is missing is named. Returns which messages came out, by index.
    pub fn is_sound(&self) -> Result<Vec<usize>, TestCaseError> {
        let CaseVerdict { out, wrong } = self.judge();
        wrong.into_iter().next().map_or(Ok(out), |(_, error)| Err(error))
    }

    /// The same for each line by itself.
    pub fn judge(&self) -> CaseVerdict {
        let mut last: [Option<usize>; 2] = [None, None];
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut of_case = CaseVerdict::default();
        for (number, line) in self.lines.iter().enumerate() {
            let verdict = self.sent_as(line).and_then(|(index, sent)| {
                prop_assert!(last[sent.from as usize] < Some(index), "twice or out of order: {}", sent.mark);
                last[sent.from as usize] = Some(index);
                let id = line["id"].to_string();
                let other = *ids.entry(id).or_insert(sent.exchange);
                prop_assert!(other == sent.exchange, "wrong pair: {} has the id of exchange {other}", sent.mark);
                self.is_part_of(line, sent)?;
                Ok(index)
            });
            match verdict {
                Ok(index) => of_case.out.push(index),
                Err(error) => of_case.wrong.push((number, error)),
            }
        }
        of_case
    }

    fn is_part_of(&self, line: &Value, sent: &Sent) -> Verdict {
        let whole = Seen { body_bytes: sent.body.len(), lost_bytes: 0 };
        let expected = expected::line(self.rendered, sent, self.link, whole, self.max_body_bytes);
        for name in
            ["receiver", "destination", "direction", "method", "path", "statusCode", "reason", "httpVersion", "headers"]
        {
            prop_assert!(
                line[name] == expected[name],
                "wrong head: {name} of {} is {}, not {}",
                sent.mark,
                line[name],
                expected[name]
            );
        }
        let began = timestamp(self.began(sent)?);
        prop_assert!(line["timestamp"] == began, "wrong time: {} at {}, not {began}", sent.mark, line["timestamp"]);
        self.has_times(line.as_object().unwrap(), sent)?;
        if sent.from == From::Server && !line["request"].is_null() {
            prop_assert!(line["request"] == expected["request"], "wrong pair: {} with {}", sent.mark, line["request"]);
            self.has_latency(line.get("latencyMs"), sent)?;
        }
        let request = &self.rendered.conversation.exchanges[sent.exchange].request;
        let body_size = line["bodySize"].as_u64().unwrap() as usize;
        let gap_bytes = line["gapBytes"].as_u64().unwrap_or(0) as usize;
        let body = body_of(line);
        // Its end is in doubt: more may have been taken for it than it has, of what its sender sent next.
        let is_doubtful = line["incomplete"] == "malformed" && body_size > sent.body.len();
        if let Some(body) = &body {
            let goes_on = |surplus| self.rendered.stream(sent.from)[sent.range.end..].starts_with(surplus);
            let is_sent = match body.strip_prefix(&sent.body[..]) {
                Some(surplus) if is_doubtful => goes_on(surplus),
                _ => sent.body.starts_with(body),
            };
            prop_assert!(is_sent, "wrong body: {} is {line}", sent.mark);
            prop_assert!(body.len() <= body_size, "wrong size: {} is {line}", sent.mark);
        }
        // Without its request, an answer to HEAD is like one with a body, and losses after it may be losses of that.
        let unclear = request.method == "HEAD" && line["request"].is_null() && gap_bytes > 0;
        prop_assert!(body_size <= sent.body.len() || unclear || is_doubtful, "wrong size: {} is {line}", sent.mark);
        if line["bodyTruncated"].is_null() {
            prop_assert!(line["incomplete"].is_null() && gap_bytes == 0, "no flag: {} is {line}", sent.mark);
            match body {
                Some(body) => prop_assert!(body == sent.body, "no flag: {} is cut: {line}", sent.mark),
                None => prop_assert!(
                    line["bodyEncoding"] == expected["bodyEncoding"],
                    "wrong body: {} is {line}",
                    sent.mark
                ),
            }
            for name in ["bodySize", "trailers"] {
                prop_assert!(line[name] == expected[name], "wrong {name}: {} is {line}", sent.mark);
            }
            prop_assert!(self.seen(sent).lost_bytes == 0, "no flag: bytes of {} were lost: {line}", sent.mark);
        } else {
            prop_assert!(
                !line["trailers"].is_object() || line["trailers"] == expected["trailers"],
                "wrong trailers: {line}"
            );
            prop_assert!(line["incomplete"] != "gap" || gap_bytes > 0, "wrong gap: {line}");
            prop_assert!(
                !line["incomplete"].is_null() || (gap_bytes == 0 && sent.body.len() > self.max_body_bytes),
                "no reason: {line}"
            );
            let whole = 0..self.rendered.stream(sent.from).len();
            let [lost, given_up] = [self.lost(sent.from), self.given_up(sent.from)].map(|spans| spans.within(&whole));
            // A FIN that was acked and not captured cannot be told from a byte.
            let fin = self.packets.iter().any(|packet| packet.from == sent.from && packet.fin);
            prop_assert!(
                gap_bytes <= lost.max(given_up) + usize::from(!fin),
                "wrong gap: of {} of {lost} lost bytes, {given_up} given up: {line}",
                sent.mark
            );
        }
        Ok(())
    }

    /// The message that carries this line's mark.
    fn sent_as(&self, line: &Value) -> Result<(usize, &Sent), TestCaseError> {
        let mark = mark_of(line);
        let mut all = self.rendered.sent.iter().enumerate();
        let found = all.find(|(_, sent)| direction(line) == Some(sent.from) && sent.mark == mark);
        found.ok_or_else(|| TestCaseError::fail(format!("never sent: {line}")))
    }

    /// The captured part of a message.
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

    /// The bytes that were lost, or captured when they were given up already.
    fn given_up(&self, from: From) -> Spans {
        let Some(patience_ms) = self.patience_ms else { return self.lost(from) };
        let patience = patience_ms as i64 * 1_000 - CLOCK_MICROS;
        // Bytes that are sent after them wait for them, and so do bytes that answer them.
        let waits = |p: &Packet, late: &Packet| match p.from == from {
            true => p.offset >= late.end(),
            false => p.ack.is_some_and(|ack| ack > late.offset) && (!p.payload.is_empty() || p.fin || p.rst),
        };
        let is_tardy = |late: &Packet| self.packets.iter().any(|p| p.at + patience <= late.at && waits(p, late));
        let of_side = self.packets.iter().filter(|packet| packet.from == from);
        let in_time: Vec<Packet> = of_side.filter(|packet| !is_tardy(packet)).cloned().collect();
        Spans::captured(&in_time, from).missing(self.rendered.stream(from).len())
    }

    pub fn lost(&self, from: From) -> Spans {
        Spans::captured(self.packets, from).missing(self.rendered.stream(from).len())
    }
}

pub fn direction(line: &Value) -> Option<From> {
    match line["direction"].as_str()? {
        "request" => Some(From::Client),
        "response" => Some(From::Server),
        _ => None,
    }
}

/// The mark that a line carries, before whatever else is in fields of that name.
pub fn mark_of(line: &Value) -> &str {
    line["headers"]["x-n"].as_str().and_then(|value| value.split(", ").next()).unwrap_or_default()
}

/// The body's bytes, where they are in the line.
fn body_of(line: &Value) -> Option<Vec<u8>> {
    let text = line["body"].as_str()?;
    match line["bodyEncoding"].as_str() {
        Some("base64") => Some(BASE64.decode(text).expect("a body is base64")),
        _ => Some(text.as_bytes().to_vec()),
    }
}
