//! The context that a protocol is lent while it reads.

use super::http2::HeadBuffer;
use crate::content::Inflating;
use crate::message::{Head, HttpCounters, Incomplete, Proxied, SeenFields, Selection, Sink};

/// Limits for each message.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_body_bytes: usize,
}

/// The things that parsing needs besides the bytes.
pub struct Context<'a> {
    pub limits: Limits,
    pub selection: &'a Selection,
    pub counters: &'a mut HttpCounters,
    pub sink: &'a mut dyn Sink,
    /// The reason if a stream ends before its message.
    pub ending: Incomplete,
    /// The ends of the connection as the PROXY protocol named them.
    pub proxied: Option<Proxied>,
    pub scratch: &'a mut Scratch,
    pub readers: Readers,
}

/// The readers that there are of what comes after a switch, or inside a body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readers {
    /// Messages inside streams are handed on.
    pub streams: bool,
    /// True if the bytes in a tunnel are read.
    pub tunnels: bool,
}

/// Buffers that are used again for each message.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For the fields of the head at hand.
    pub head: Head,
    pub seen_fields: SeenFields,
    /// That head itself, if it was decoded by HPACK; lent to the connection at hand.
    pub(super) head_of_http2: Option<Box<HeadBuffer>>,
    /// For a body that lies in blocks.
    pub body: Vec<u8>,
    /// For what is unmasked or inflated.
    pub plain: Vec<u8>,
    pub inflating: Inflating,
}

/// So much memory in one piece is kept for the next message: as much as the default limit of a body.
const MAX_SPARE_BYTES: usize = 1 << 20;

impl Scratch {
    /// `buffer`, if it is not too large to be kept.
    pub fn spare(buffer: Vec<u8>) -> Vec<u8> {
        if buffer.capacity() <= MAX_SPARE_BYTES { buffer } else { Vec::new() }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("ending", &self.ending).finish_non_exhaustive()
    }
}
