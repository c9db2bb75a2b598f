//! The open streams of a connection, in the order of their numbers (RFC 9113 §5.1.1).

use std::collections::VecDeque;

use super::open::Open;
use crate::message::{Direction, Switch};
use crate::protocol::PendingRequest;
use crate::protocol::grpc::Carries;
use crate::protocol::websocket::{Pickup, Reader};

/// Open streams of one connection: servers allow 100 to 250 by default, load generators ask for 1 000.
pub(super) const MAX_OPEN_STREAMS: usize = 1_024;
/// Streams that were begun last: what a side speaks of while the other is being looked for.
const MAX_RECENT: usize = 16;

/// One direction of a stream.
#[derive(Debug, Default)]
pub(super) enum Half {
    /// Nothing of it was seen.
    #[default]
    Idle,
    /// Its head was not seen: what it carries is part of no message.
    Headless,
    Open(Box<Open>),
    /// It carries the bytes of a tunnel (RFC 9113 §8.5).
    Tunnel,
    /// It carries those of a WebSocket, which are read.
    Socket(Box<Reader>),
    Over,
}

impl Half {
    pub fn held_bytes(&self) -> usize {
        match self {
            Self::Open(open) => open.held_bytes(),
            Self::Socket(reader) => size_of::<Reader>() + reader.buffered_bytes(),
            Self::Idle | Self::Headless | Self::Tunnel | Self::Over => 0,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Stream {
    pub id: u32,
    /// Of its exchange on this connection.
    pub number: u32,
    pub asked: Option<PendingRequest>,
    /// The switch that a successful answer causes for it.
    pub opens: Option<Switch>,
    /// A server began it (RFC 9113 §8.4).
    pub pushed: bool,
    /// As its fields say.
    pub carries: Carries,
    pub request: Half,
    pub response: Half,
    /// It may be a WebSocket of which a head was not seen: the frames that would prove it.
    pub pickup: Option<Box<Pickup>>,
    /// `Way::reading` of the response's direction when the stream was met.
    pub reading: Option<u32>,
}

impl Stream {
    pub fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }

    /// All that came of its response was read, if this is the reading now.
    pub fn was_read(&self, now: Option<u32>) -> bool {
        now.is_some() && self.reading == now
    }

    /// Its DATA may be that of a WebSocket, as far as its heads are known.
    pub fn may_be_socket(&self) -> bool {
        let is_unread = |half: &Half| matches!(half, Half::Idle | Half::Headless | Half::Tunnel);
        let may_open = match self.opens {
            Some(Switch::Tunnel) => false,
            // Answered, and agreed to what is not known.
            Some(Switch::WebSocket) => !matches!(self.response, Half::Tunnel),
            Some(_) | None => true,
        };
        may_open && is_unread(&self.request) && is_unread(&self.response)
    }

    pub fn pickup_bytes(&self) -> usize {
        self.pickup.as_ref().map_or(0, |pickup| size_of::<Pickup>() + pickup.buffered_bytes())
    }

    /// Memory is needed elsewhere; returns how much that frees.
    pub fn shed_pickup(&mut self) -> usize {
        let before = self.pickup_bytes();
        if let Some(pickup) = &mut self.pickup {
            pickup.shed();
        }
        before - self.pickup_bytes()
    }

    /// A message of it is known to carry this.
    pub fn note_carried(&mut self, direction: Direction, carries: Carries) {
        let says_it = match direction {
            Direction::Request => self.carries == Carries::Unknown,
            // A response that carries something else may be one by somebody between client and server.
            Direction::Response => matches!(carries, Carries::Grpc(_)),
        };
        if says_it {
            self.carries = carries;
        }
    }

    fn held_bytes(&self) -> usize {
        size_of::<Self>()
            + self.asked.as_ref().map_or(0, PendingRequest::held_bytes)
            + self.request.held_bytes()
            + self.response.held_bytes()
            + self.pickup_bytes()
    }
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    /// At most `MAX_OPEN_STREAMS`, by ascending numbers.
    open: VecDeque<(u32, Box<Stream>)>,
    /// The highest number so far of the streams that each side began: client, server.
    highest: [u32; 2],
    /// Those that were begun last, each over the oldest of them; 0 where there was none yet.
    recent: [u32; MAX_RECENT],
    /// Bytes that the open streams hold. The caller that adds to a body adds to it.
    pub held_bytes: usize,
    last_number: u32,
}

impl Streams {
    /// Exchanges up to `last_number` were those of another protocol on the connection.
    pub fn after(last_number: u32) -> Self {
        Self { last_number, ..Self::default() }
    }

    fn find(&self, id: u32) -> Result<usize, usize> {
        // The newest is asked for most often.
        match self.open.back() {
            Some((last, _)) if *last == id => Ok(self.open.len() - 1),
            Some((last, _)) if *last < id => Err(self.open.len()),
            None => Err(0),
            Some(_) => self.open.binary_search_by_key(&id, |(id, _)| *id),
        }
    }

    pub fn get(&mut self, id: u32) -> Option<&mut Stream> {
        let index = self.find(id).ok()?;
        self.open.get_mut(index).map(|(_, stream)| &mut **stream)
    }

    /// A frame of it was seen before.
    pub fn was_met(&self, id: u32) -> bool {
        self.highest.get(usize::from(id.is_multiple_of(2))).is_some_and(|highest| id <= *highest)
    }

    /// The stream that has to make place for another.
    pub fn oldest_of_too_many(&self) -> Option<u32> {
        self.open.front().filter(|_| self.open.len() >= MAX_OPEN_STREAMS).map(|(id, _)| *id)
    }

    /// The stream `id`, which is not open yet.
    pub fn begin(&mut self, id: u32, reading: Option<u32>) -> Option<&mut Stream> {
        self.last_number = self.last_number.wrapping_add(1);
        let number = self.last_number;
        self.insert(id, number, reading)
    }

    /// The same for an exchange that has a number.
    pub fn insert(&mut self, id: u32, number: u32, reading: Option<u32>) -> Option<&mut Stream> {
        if let Some(highest) = self.highest.get_mut(usize::from(id.is_multiple_of(2))) {
            *highest = id.max(*highest);
        }
        if let Some(place) = self.recent.get_mut(number as usize % MAX_RECENT) {
            *place = id;
        }
        let stream = Box::new(Stream { id, number, reading, ..Stream::default() });
        let index = self.find(id).unwrap_or_else(|index| index);
        self.open.insert(index, (id, stream));
        self.held_bytes += size_of::<Stream>();
        self.open.get_mut(index).map(|(_, stream)| &mut **stream)
    }

    /// One direction of an open stream.
    #[inline]
    pub fn half(&mut self, id: u32, direction: Direction) -> Option<&mut Half> {
        self.get(id).map(|stream| stream.half(direction))
    }

    /// Changes it, and returns what it was.
    pub fn set_half(&mut self, id: u32, direction: Direction, now: Half) -> Option<Half> {
        let added = now.held_bytes();
        let before = std::mem::replace(self.half(id, direction)?, now);
        self.held_bytes = self.held_bytes + added - before.held_bytes();
        Some(before)
    }

    /// Takes what may prove it to be a WebSocket.
    pub fn take_pickup(&mut self, id: u32) -> Option<Box<Pickup>> {
        let stream = self.get(id)?;
        let bytes = stream.pickup_bytes();
        let pickup = stream.pickup.take();
        self.held_bytes -= bytes;
        pickup
    }

    /// Its request is there.
    pub fn set_asked(&mut self, id: u32, asked: PendingRequest, opens: Option<Switch>) {
        let added = asked.held_bytes();
        let Some(stream) = self.get(id) else { return };
        stream.opens = opens;
        let before = stream.asked.replace(asked).map_or(0, |before| before.held_bytes());
        self.held_bytes = self.held_bytes + added - before;
    }

    pub fn remove(&mut self, id: u32) {
        if let Ok(index) = self.find(id)
            && let Some((_, stream)) = self.open.remove(index)
        {
            self.held_bytes -= stream.held_bytes();
            if self.open.is_empty() {
                // The next streams use the same memory.
                self.open.clear();
            }
        }
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.open.iter_mut().map(|(_, stream)| &mut **stream)
    }

    pub fn ids(&self) -> Vec<u32> {
        self.open.iter().map(|(id, _)| *id).collect()
    }

    /// Streams that are open, or were lately.
    pub fn known_ids(&self) -> Vec<u32> {
        let recent = self.recent.iter().copied().filter(|&id| id != 0);
        self.open.iter().map(|(id, _)| *id).chain(recent).collect()
    }

    pub fn buffered_bytes(&self) -> usize {
        self.held_bytes + self.open.capacity() * size_of::<(u32, Box<Stream>)>()
    }
}
