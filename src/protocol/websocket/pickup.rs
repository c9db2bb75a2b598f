//! A connection of which the beginning was not captured: its frames prove that it is a WebSocket.
//!
//! In: what each side delivers. Out: which side is the client, and what each has sent since a frame began. Refuses to know: ports, HTTP.
//!
//! The frames of a side are followed from the start of a segment on. A segment speaks for them if it is whole: it begins where a frame
//! does, and ends where one does. Other bytes hardly ever are so: of 256 first bytes 13 may stand there, the next bit says who sends,
//! and of 128 lengths one is right. That is once in 2^12.
//!
//! Both sides have to send such segments, one of them masked (RFC 6455 §5.1), each time otherwise (§5.3), and neither may send anything
//! else in between: one byte that fits no frame, on either side, refutes all before it. So repeated bytes are no frames, and a
//! recording of a WebSocket in a body proves nothing: the other side of HTTP answers it with a head. A client that does not mask, or always does it
//! alike, is not recognized, nor is a client that never speaks.
//!
//! If its request was seen and only the answer was lost, the client's frames begin right after the request, and fewer of them are
//! enough: a client that was answered otherwise sends none.

use super::chain::{Chain, NoFrame};
use super::reader::{Begin, Reader};
use crate::flow::{DataMeta, Side, StreamEvent};
use crate::message::Direction;

/// Whole segments of both sides together, 2^12 each: random bytes would be taken for them once in 2^96.
const MIN_SEGMENTS: u32 = 8;
/// Of the client: its masks are what nothing else has, and many clients only answer a ping now and then. After a request for a
/// WebSocket these alone prove it.
const MIN_CLIENT_SEGMENTS: u32 = 3;
const MIN_SERVER_SEGMENTS: u32 = 2;
/// A side's bytes that wait for proof: those of chats. Of larger messages some are passed over.
const MAX_KEPT_BYTES: usize = 32 << 10;
/// Pieces of it. Each costs an allocation.
const MAX_KEPT_PIECES: usize = 128;

#[derive(Debug, Default)]
pub struct Pickup {
    low: Row,
    high: Row,
    kept: Vec<Kept>,
    /// The side of the client, once it is proved.
    client: Option<Side>,
    /// The side that has asked for a WebSocket.
    asked: Option<Side>,
}

/// The frames of one side.
#[derive(Debug, Default)]
struct Row {
    /// The role whose frames they are; `None` before the first.
    chain: Option<(Direction, Chain)>,
    /// Whole segments.
    segments: u32,
    /// Of the last segments.
    masks: [[u8; 4]; 2],
    /// Bytes are kept from there on. The first whole segment is before that: a message may end in bytes that look like one.
    begun: Option<Begin>,
    kept_bytes: usize,
    kept_pieces: usize,
}

/// Bytes that wait for proof, in the order in which they came.
#[derive(Debug)]
pub struct Kept {
    side: Side,
    pub bytes: Vec<u8>,
    pub meta: DataMeta,
}

/// The place where the frames of a WebSocket are read from.
#[derive(Debug)]
pub struct PickedUp {
    client: Side,
    kept: Vec<Kept>,
    begins: [Begin; 2],
}

impl PickedUp {
    /// Of the client, of the server.
    pub fn readers(&self) -> [Reader; 2] {
        let [client, server] = self.begins;
        [Reader::met(Direction::Request, client), Reader::met(Direction::Response, server)]
    }

    pub fn pieces(&self) -> impl Iterator<Item = (Direction, StreamEvent<'_>)> {
        let direction = |side| if side == self.client { Direction::Request } else { Direction::Response };
        self.kept.iter().map(move |kept| (direction(kept.side), StreamEvent::Data(&kept.bytes, kept.meta)))
    }
}

impl Row {
    /// Of a side whose first frame comes next.
    fn from_the_first() -> Self {
        Self { chain: Some((Direction::Request, Chain::FIRST)), begun: Some(Begin::First), ..Self::default() }
    }

    fn take(&mut self, bytes: &[u8], meta: DataMeta) -> Result<(), NoFrame> {
        let (from, chain) = match (&mut self.chain, bytes) {
            (Some(chain), _) => chain,
            (none, [_, second, ..]) if meta.segment_start => {
                let from = if second & 0x80 != 0 { Direction::Request } else { Direction::Response };
                none.insert((from, Chain::BEGIN))
            }
            _ => return Err(NoFrame),
        };
        let (frames, is_begin) = (chain.frames, meta.segment_start && chain.is_between());
        chain.follow(bytes, *from, true, u32::MAX)?;
        if !chain.is_between() {
            return Ok(());
        }
        if is_begin && chain.frames > frames && (*from == Direction::Response || is_new(&mut self.masks, chain.mask)) {
            self.segments = self.segments.saturating_add(1);
        }
        if self.segments > 0 && self.begun.is_none() {
            self.begun = Some(Begin::Frame(chain.is_in_message));
        }
        Ok(())
    }
}

impl Row {
    /// Of a server: so many whole segments that frames begin where they seem to.
    fn is_placed(&self) -> bool {
        let is_server = matches!(self.chain, Some((Direction::Response, _)));
        is_server && self.segments >= MIN_SERVER_SEGMENTS
    }
}

/// A mask is as no other was, and not left out.
fn is_new(last: &mut [[u8; 4]; 2], mask: [u8; 4]) -> bool {
    let is_new = mask != [0; 4] && !last.contains(&mask);
    let [_, newest] = *last;
    *last = [newest, mask];
    is_new
}

impl Pickup {
    /// The client has asked for a WebSocket; what it sends comes from right after its request on.
    pub fn after_request_of(client: Side) -> Self {
        let mut pickup = Self { asked: Some(client), ..Self::default() };
        *pickup.row(client) = Row::from_the_first();
        pickup
    }

    fn row(&mut self, side: Side) -> &mut Row {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }

    /// Takes what one side delivered. `keeps`: true if the bytes are read once a WebSocket is proved. Returns the client's side
    /// from then on.
    pub fn push(&mut self, side: Side, event: &StreamEvent<'_>, keeps: bool) -> Option<Side> {
        let StreamEvent::Data(bytes, meta) = *event else {
            self.forget(side);
            return None;
        };
        let row = self.row(side);
        let (had_chain, had_begun) = (row.chain.is_some(), row.begun.is_some());
        if row.take(bytes, meta).is_err() {
            self.forget(side);
            // It may be where frames begin.
            if had_chain && self.row(side).take(bytes, meta).is_err() {
                self.forget(side);
            }
            return None;
        }
        if had_begun && keeps {
            self.keep(side, bytes, meta);
        }
        // With bytes that are kept: the last bytes are not lost.
        self.client = if had_begun { self.proved() } else { None };
        self.client
    }

    fn proved(&self) -> Option<Side> {
        if let Some(side) = self.asked {
            return self.proved_after_request(side);
        }
        let (from_low, from_high) = (self.low.chain.as_ref()?.0, self.high.chain.as_ref()?.0);
        let (side, client, server) = match (from_low, from_high) {
            (Direction::Request, Direction::Response) => (Side::Low, &self.low, &self.high),
            (Direction::Response, Direction::Request) => (Side::High, &self.high, &self.low),
            _ => return None,
        };
        let has_begun = client.begun.is_some() && server.begun.is_some();
        let are_enough = client.segments.saturating_add(server.segments) >= MIN_SEGMENTS;
        (has_begun && are_enough && client.segments >= MIN_CLIENT_SEGMENTS && server.is_placed()).then_some(side)
    }

    /// The same after a request: the server's frames tell where they begin, and are waited for for a while.
    fn proved_after_request(&self, side: Side) -> Option<Side> {
        let [client, server] = if side == Side::Low { [&self.low, &self.high] } else { [&self.high, &self.low] };
        let (from, _) = client.chain.as_ref()?;
        let has_waited = server.is_placed() || client.segments.saturating_add(server.segments) >= MIN_SEGMENTS;
        let are_enough = *from == Direction::Request && client.segments >= MIN_CLIENT_SEGMENTS;
        (are_enough && has_waited && client.begun.is_some()).then_some(side)
    }

    fn keep(&mut self, side: Side, bytes: &[u8], meta: DataMeta) {
        let row = self.row(side);
        row.kept_bytes += bytes.len();
        row.kept_pieces += 1;
        if row.kept_bytes > MAX_KEPT_BYTES || row.kept_pieces > MAX_KEPT_PIECES {
            self.let_go(side);
        } else {
            self.kept.push(Kept { side, bytes: bytes.to_vec(), meta });
        }
    }

    /// Lets go of what is kept; it begins again with the next frame of which the beginning is known.
    fn let_go(&mut self, side: Side) {
        self.kept.retain(|kept| kept.side != side);
        let row = self.row(side);
        (row.begun, row.kept_bytes, row.kept_pieces) = (None, 0, 0);
    }

    /// Bytes of the side are lost, or are no frames: that proves nothing of the other side any more, unless the client's frames do.
    fn forget(&mut self, side: Side) {
        if self.asked.is_some() {
            self.let_go(side);
            *self.row(side) = Row::default();
            return;
        }
        (self.low, self.high) = (Row::default(), Row::default());
        self.kept.clear();
    }

    /// Memory is needed elsewhere.
    pub fn shed(&mut self) {
        Side::BOTH.into_iter().for_each(|side| self.let_go(side));
        self.kept = Vec::new();
    }

    /// Where what is kept of the client after its request begins.
    pub fn client_begin(&self) -> Begin {
        let row = self.asked.map(|side| if side == Side::Low { &self.low } else { &self.high });
        row.and_then(|row| row.begun).unwrap_or(Begin::Unknown)
    }

    /// The bytes that are kept of the client.
    pub fn pieces(&self, client: Side) -> impl Iterator<Item = (Direction, StreamEvent<'_>)> {
        let kept = self.kept.iter().filter(move |kept| kept.side == client);
        kept.map(|kept| (Direction::Request, StreamEvent::Data(&kept.bytes, kept.meta)))
    }

    pub fn is_after_request(&self) -> bool {
        self.asked.is_some()
    }

    pub fn is_proved(&self) -> bool {
        self.client.is_some()
    }

    /// `None` unless it is proved.
    pub fn picked_up(self) -> Option<PickedUp> {
        let Self { low, high, kept, client, .. } = self;
        let client = client?;
        let [client_row, server_row] = if client == Side::Low { [low, high] } else { [high, low] };
        let server = server_row.begun.filter(|_| server_row.is_placed());
        Some(PickedUp { client, kept, begins: [client_row.begun, server].map(|begun| begun.unwrap_or(Begin::Unknown)) })
    }

    pub fn buffered_bytes(&self) -> usize {
        self.low.kept_bytes + self.high.kept_bytes + self.kept.capacity() * size_of::<Kept>()
    }
}
