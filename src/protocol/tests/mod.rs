//! Shared by the tests of all protocols: a connection that is read.

mod growth;

use crate::flow::{DataMeta, Position, Side, StreamEvent};
use crate::message::{HttpCounters, Incomplete, Selection, Sink};
use crate::protocol::{Context, Limits, Scratch};
use crate::protocol::{Conversation, Met, Parties, Unread};
use crate::time::Timestamp;

pub(in crate::protocol) use growth::expect_linear;

/// A connection whose server is expected on the high side, with what its reader is lent.
#[derive(Debug)]
pub(super) struct Reader<S> {
    conversation: Conversation,
    selection: Selection,
    scratch: Scratch,
    /// Where each side's next byte stands in its stream.
    ends: [Position; 2],
    /// Messages inside streams are asked for.
    pub streams: bool,
    pub counters: HttpCounters,
    pub sink: S,
}

impl<S: Sink> Reader<S> {
    pub fn new(met: Met, sink: S) -> Self {
        Self {
            conversation: Conversation::new(Parties::Expected { server: Side::High, initiator: None }, met),
            selection: Selection::new(&[], &[]),
            scratch: Scratch::default(),
            ends: [Position::ORIGIN; 2],
            streams: false,
            counters: HttpCounters::default(),
            sink,
        }
    }

    /// One segment, sent by a side that has received all that the other has said.
    pub fn say(&mut self, side: Side, at: Timestamp, bytes: &[u8]) {
        let [position, acked] = [self.ends[side as usize], self.ends[side.other() as usize]];
        self.deliver(
            side,
            StreamEvent::Data(bytes, DataMeta { at, position, acked, segment_start: true, waited: false }),
        );
        self.ends[side as usize] += bytes.len() as u64;
    }

    /// So many bytes of the side are lost.
    pub fn lose(&mut self, side: Side, len: u64) {
        self.deliver(side, StreamEvent::Gap { len });
        self.ends[side as usize] += len;
    }

    /// The side closes; what it says afterwards is delivered all the same.
    pub fn close(&mut self, side: Side) {
        self.deliver(side, StreamEvent::End { clean: true, reset: None });
    }

    pub fn deliver(&mut self, side: Side, event: StreamEvent<'_>) {
        self.conversation.decide(side, &event, self.streams);
        let mut cx = Context {
            limits: Limits { max_body_bytes: 1 << 20 },
            selection: &self.selection,
            counters: &mut self.counters,
            sink: &mut self.sink,
            ending: Incomplete::Closed,
            proxied: None,
            scratch: &mut self.scratch,
            readers: crate::protocol::Readers { streams: self.streams, tunnels: false },
        };
        self.conversation.on_event(side, event, &mut cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        self.conversation.buffered_bytes()
    }

    pub fn take_unread(&mut self, ended: bool) -> Option<Unread> {
        self.conversation.take_unread(ended)
    }
}
