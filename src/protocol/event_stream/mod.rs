//! Server-Sent Events (HTML standard §9.2): the body of a response as it comes. Read only if messages inside streams are asked for.
//!
//! In: bytes of the body once framing is removed, losses. Out: events to the `Sink` of the `Context`. Refuses to know: HTTP's framing.

mod parser;
#[cfg(test)]
mod tests;

use parser::{Event, Parser};

use crate::content::{self, Flowing};
use crate::message::{Direction, Head, KnownName, Part, Sink, StreamMessage, StreamOf, trim_ows};
use crate::protocol::{Context, Scratch};
use crate::time::Timestamp;

static CONTENT_TYPE: KnownName = KnownName::new(b"content-type");
static CONTENT_ENCODING: KnownName = KnownName::new(b"content-encoding");

#[derive(Debug)]
pub struct EventStream {
    of: StreamOf,
    coding: Option<Flowing>,
    parser: Parser,
    /// Events so far.
    events: u64,
    /// Its bytes cannot be read on.
    is_given_up: bool,
}

impl EventStream {
    /// Of a response with this head, if its body can be read as it comes.
    pub fn of(head: &Head, bytes: &[u8], of: StreamOf) -> Option<Box<Self>> {
        let mut types = head.fields.named(&CONTENT_TYPE, bytes);
        let value = types.next()?.value(bytes);
        let essence = trim_ows(value.split(|&b| b == b';').next()?);
        if !essence.eq_ignore_ascii_case(b"text/event-stream") || types.next().is_some() {
            return None;
        }
        let mut codings = Vec::new();
        for field in head.fields.named(&CONTENT_ENCODING, bytes) {
            content::add_codings(&field.value(bytes), &mut codings).ok()?;
        }
        let coding = match codings.as_slice() {
            [] => None,
            [one] => Some(Flowing::new(*one)),
            _ => return None,
        };
        Some(Box::new(Self { of, coding, parser: Parser::new(), events: 0, is_given_up: false }))
    }

    /// Events that came out so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    pub fn on_data(&mut self, bytes: &[u8], at: Timestamp, cx: &mut Context<'_>) {
        if self.is_given_up {
            return;
        }
        let Self { of, coding, parser, events, .. } = self;
        let max = cx.limits.max_body_bytes;
        let Scratch { body: buffer, inflating, .. } = &mut *cx.scratch;
        let sink = &mut *cx.sink;
        let mut parse = |plain: &[u8]| parser.feed(plain, at, max, |event| hand_on(event, of, events, buffer, sink));
        let fed = match coding {
            None => {
                parse(bytes);
                Ok(())
            }
            Some(coding) => coding.feed(bytes, at, inflating, &mut parse),
        };
        if fed.is_err() {
            self.give_up(cx);
        }
    }

    /// So many bytes are lost; 0 if it is not known how many.
    pub fn on_gap(&mut self, len: u64, cx: &mut Context<'_>) {
        if self.is_given_up {
            return;
        }
        let Self { of, parser, events, .. } = self;
        let (buffer, sink) = (&mut cx.scratch.body, &mut *cx.sink);
        parser.lose(len, |event| hand_on(event, of, events, buffer, sink));
        cx.counters.streams.lost_boundaries += 1;
        if self.coding.is_some() {
            self.give_up(cx);
        }
    }

    /// The next bytes cannot be decoded without the bytes before them.
    fn give_up(&mut self, cx: &mut Context<'_>) {
        self.is_given_up = true;
        self.coding = None;
        self.parser = Parser::new();
        cx.counters.streams.given_up += 1;
    }

    /// Memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        if !self.is_given_up && self.held_bytes() > 0 {
            self.on_gap(0, cx);
        }
    }

    pub fn held_bytes(&self) -> usize {
        self.parser.held_bytes() + self.coding.as_ref().map_or(0, Flowing::held_bytes)
    }
}

fn hand_on(event: &Event, of: &StreamOf, events: &mut u64, buffer: &mut Vec<u8>, sink: &mut dyn Sink) {
    *events += 1;
    sink.stream_message(&StreamMessage {
        of: *of,
        direction: Direction::Response,
        sequence: *events,
        at: event.at.unwrap_or_default(),
        data: event.data.kept(buffer),
        data_bytes: event.data.bytes,
        truncated: event.is_cut || event.data.is_cut(),
        gap_bytes: event.gap_bytes,
        // An empty type is none (§9.2.6).
        part: Part::Sse {
            event: event.kind.as_deref().filter(|kind| !kind.is_empty()),
            id: event.id.as_deref(),
            retry: event.retry,
        },
    });
}
