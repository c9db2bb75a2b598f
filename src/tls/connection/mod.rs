//! A TLS connection: both directions' ciphertext in, their plaintext out.
//!
//! In: `Data`, `Gap` and `End` as the flows deliver them, and secrets, in any order in time. Out: the same events of the plaintext,
//! with positions in it. Refuses to know: HTTP, files of keys, the clock.
//!
//! Nothing comes out that a tag has not verified. A record that cannot be read yet holds back its direction, and of the other what
//! was sent in answer to it.

mod context;
mod described;
mod direction;
mod keys;
mod open;
mod positions;
mod search;
mod session;

pub use context::{Context, HANDSHAKE_SECRET_WAIT_MS};
pub use described::{Described, Unsupported, Version};
use direction::{Direction, Reading, Search, Wait};
use open::{Outcome, Turn};
use positions::Ciphertext;
use search::Found;
use session::Session;

use super::counters::Unread;
use super::hello::Random;
use super::records::{HEADER_BYTES, Header, Parsed};
use crate::flow::{Side, StreamEvent};
use crate::time::Timestamp;

/// Ciphertext that one connection may hold back while its keys are awaited. Node logs them some ms late, or as long as a handler
/// keeps it busy; in that time a client sends what the server's window allows.
pub const MAX_WAITING_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub struct TlsConnection {
    session: Session,
    low: Direction,
    high: Direction,
    is_counted: bool,
}

impl TlsConnection {
    /// Takes what one side delivered.
    pub fn on_event(&mut self, side: Side, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        if !std::mem::replace(&mut self.is_counted, true) {
            cx.counters.connections += 1;
        }
        let direction = self.direction(side);
        if direction.must_queue() {
            direction.enqueue(event);
        } else {
            self.turn(side, cx).on_event(event);
        }
        self.advance(cx);
        if self.low.waiting_bytes() + self.high.waiting_bytes() > MAX_WAITING_BYTES {
            cx.counters.waits_cut += 1;
            self.shed(cx);
        }
    }

    /// Secrets of this connection came: what waited for them goes on.
    pub fn on_keys(&mut self, cx: &mut Context<'_>) {
        self.advance(cx);
    }

    /// Ends what has waited long enough.
    pub fn on_time(&mut self, cx: &mut Context<'_>) {
        for direction in [&mut self.low, &mut self.high] {
            if deadline(direction, cx.key_wait_ms).is_some_and(|deadline| deadline <= cx.now) {
                direction.stop_waiting();
            }
        }
        self.advance(cx);
    }

    /// When `on_time` is due.
    pub fn deadline(&self, key_wait_ms: u64) -> Option<Timestamp> {
        [&self.low, &self.high].into_iter().filter_map(|direction| deadline(direction, key_wait_ms)).min()
    }

    /// Lets go of what waits for keys: they are not awaited any longer.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        // One may wait for the next thing after the first; it does so for no more than these.
        for _ in 0..MAX_WAITS {
            for direction in [&mut self.low, &mut self.high] {
                direction.stop_waiting();
            }
            self.advance(cx);
        }
    }

    /// The connection is over, and nothing is awaited any longer: all that can be read comes out, with its ends.
    pub fn finish(&mut self, cx: &mut Context<'_>) {
        self.shed(cx);
        for side in Side::BOTH {
            let mut turn = self.turn(side, cx);
            if turn.me.plain.has_begun {
                turn.read_within_last();
                turn.end(false, None);
            }
        }
    }

    /// It waits for secrets, or for a direction that does.
    pub fn is_waiting(&self) -> bool {
        self.low.must_queue() || self.high.must_queue()
    }

    pub fn buffered_bytes(&self) -> usize {
        self.low.buffered_bytes() + self.high.buffered_bytes()
    }

    /// The randoms by which key logs name it.
    pub fn randoms(&self) -> &[Random] {
        self.session.randoms()
    }

    /// The side that sent the ClientHello.
    pub fn client(&self) -> Option<Side> {
        self.session.client
    }

    /// `None` until the ServerHello.
    pub fn described(&self) -> Option<Described<'_>> {
        self.session.described()
    }

    /// The name that the client asked for (RFC 6066 §3).
    pub fn server_name(&self) -> Option<&str> {
        self.session.server_name.as_deref()
    }

    /// The first few protocols that the client offered by ALPN.
    pub fn offered_protocols(&self) -> &[Box<str>] {
        &self.session.offered_protocols
    }

    /// The server's choice that is not read.
    pub fn unsupported(&self) -> Option<Unsupported> {
        self.session.unsupported
    }

    /// The reasons for which a direction was not, or is no longer, read.
    pub fn unread(&self) -> impl Iterator<Item = Unread> {
        let counted = |reason: &Unread| {
            let of = |direction: &Direction| direction.counted.get(reason.index()).copied().unwrap_or(false);
            of(&self.low) || of(&self.high)
        };
        Unread::ALL.into_iter().filter(counted)
    }

    /// Goes on with both directions until neither can.
    fn advance(&mut self, cx: &mut Context<'_>) {
        loop {
            let before = self.progress();
            for side in Side::BOTH {
                if self.direction(side).must_queue() {
                    self.turn(side, cx).go_on();
                }
            }
            if self.progress() == before {
                return;
            }
        }
    }

    /// Something that changes when a direction goes on.
    fn progress(&self) -> [(Ciphertext, usize, bool); 2] {
        [&self.low, &self.high]
            .map(|direction| (direction.position, direction.waiting_bytes(), direction.wait.is_some()))
    }

    fn direction(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }

    fn turn<'a, 'b>(&'a mut self, side: Side, cx: &'a mut Context<'b>) -> Turn<'a, 'b> {
        let (me, other) = match side {
            Side::Low => (&mut self.low, &mut self.high),
            Side::High => (&mut self.high, &mut self.low),
        };
        Turn { side, me, other, session: &mut self.session, cx }
    }
}

/// Things that a direction may wait for, one after the other: a hello, early keys, the handshake's, the traffic's.
const MAX_WAITS: usize = 4;

fn deadline(direction: &Direction, key_wait_ms: u64) -> Option<Timestamp> {
    match direction.wait? {
        (Wait::Keys { ms }, since) => Some(since.plus_millis(ms)),
        (Wait::Hello, since) => Some(since.plus_millis(key_wait_ms)),
        (Wait::Order, _) => None,
    }
}

impl Turn<'_, '_> {
    fn on_event(&mut self, event: StreamEvent<'_>) {
        match event {
            StreamEvent::Data(bytes, meta) => {
                self.me.note_segment(&meta);
                self.read(bytes);
            }
            StreamEvent::Gap { len } => self.on_gap(len),
            StreamEvent::End { reset, .. } => {
                self.read_within_last();
                self.me.buffer = Vec::new();
                // A FIN alone does not say that all was sent (RFC 8446 §6.1): that is what close_notify says.
                self.end(false, reset);
            }
        }
    }

    /// The last record is not whole. If only the length in its header is damaged, whole records stand in the bytes that it claims.
    fn read_within_last(&mut self) {
        let is_cut = matches!(self.me.reading, Reading::Records) && self.me.buffer.len() > HEADER_BYTES;
        if !is_cut || self.me.opened == 0 {
            return;
        }
        let opened = self.me.opened;
        self.me.reading = Reading::Searching(Search::default());
        self.me.buffer.remove(0);
        self.me.pass(1);
        self.read(&[]);
        self.me.wait = None;
        match self.me.opened > opened {
            true => self.cx.counters.broken_records += 1,
            false => self.me.reading = Reading::Records,
        }
    }

    /// Goes on where it waited.
    fn go_on(&mut self) {
        if self.me.wait.is_some() {
            self.read(&[]);
        }
        while self.me.wait.is_none()
            && let Some(queued) = self.me.dequeue()
        {
            self.on_event(queued.event());
        }
    }

    /// Reads the records that are whole, of what was there before and these bytes.
    fn read(&mut self, bytes: &[u8]) {
        let mut work = std::mem::take(&mut self.me.buffer);
        let is_kept = !work.is_empty();
        if !is_kept {
            work = std::mem::take(self.cx.scratch);
            work.clear();
        }
        work.extend_from_slice(bytes);
        let mut read = 0;
        while let Some(rest) = work.get_mut(read..).filter(|rest| !rest.is_empty()) {
            let Some(count) = self.read_one(rest) else { break };
            self.me.wait = None;
            self.me.pass(count);
            read += count;
        }
        if is_kept {
            work.drain(..read.min(work.len()));
            self.me.buffer = work;
            if self.me.buffer.is_empty() {
                self.me.buffer = Vec::new();
            }
        } else {
            self.me.buffer = work.get(read..).unwrap_or_default().to_vec();
            *self.cx.scratch = work;
        }
    }

    /// The number of bytes that were read; `None` if more are needed, or the record waits.
    fn read_one(&mut self, rest: &mut [u8]) -> Option<usize> {
        match &mut self.me.reading {
            Reading::Discarding => {
                self.cx.counters.unread_bytes += rest.len() as u64;
                Some(rest.len())
            }
            Reading::Skipping(left) => {
                let count = (*left).min(rest.len() as u64);
                *left -= count;
                if *left == 0 {
                    self.me.reading = Reading::Records;
                }
                Some(count as usize)
            }
            Reading::Searching(_) => match self.search(rest) {
                Found::Pass(count) | Found::Record(count) => Some(count),
                Found::More => None,
                Found::Nothing => Some(0),
                Found::Wait(wait) => self.hold(wait),
            },
            Reading::Records => match Header::parse(rest) {
                Parsed::Partial => None,
                Parsed::Invalid if self.me.opened == 0 && self.session.negotiated.is_none() => {
                    self.discard(Unread::NoHandshake);
                    Some(0)
                }
                Parsed::Invalid => {
                    self.on_broken_header();
                    Some(0)
                }
                Parsed::Header(header) => {
                    let record = rest.get_mut(..HEADER_BYTES + header.body_bytes())?;
                    match self.on_record(header, record) {
                        Outcome::Done => Some(record.len()),
                        Outcome::Astray => {
                            self.go_astray(None, 0);
                            Some(0)
                        }
                        Outcome::Wait(wait) => self.hold(wait),
                    }
                }
            },
        }
    }

    fn hold(&mut self, wait: Wait) -> Option<usize> {
        let now = self.cx.now;
        self.me.wait_for(wait, now);
        None
    }
}
