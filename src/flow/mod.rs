//! From segments to the ordered bytes of each direction.
//!
//! In: segments with their packet time. Out: for each side of a connection `Data`, `Gap` and `End`, in stream order.
//! Refuses to know: HTTP, links, the clock (time is passed in).
//!
//! Three rules carry the room:
//! - *First arrival wins*: a byte that was seen once is never replaced (RFC 9293 §3.10.7.4 trims to the window likewise).
//! - *Cause before effect*: a segment's bytes are delivered only when everything that its ACK says its sender had
//!   received is delivered too (or given up). A response can so never overtake its request, in whatever order a capture
//!   recorded them.
//! - *The receiver's reading*: what the receiving TCP would throw away is not read (`receiver`).

mod connection;
mod copies;
mod counters;
mod halves;
mod index;
mod joined;
mod judging;
mod key;
mod position;
mod prefetch;
mod reassembly;
mod receiver;
mod seq;
mod table;
#[cfg(test)]
mod tests;

pub use connection::{Connection, Next, Role};
pub use counters::{Discarded, FlowCounters};
pub use halves::{Apart, Half};
pub use key::{Ends, EntryId, FlowKey, Side};
pub use position::Position;
pub use prefetch::prefetch;
pub use reassembly::{DataMeta, StreamEvent};
pub use seq::SeqNumber;
pub use table::{Entry, Table};

/// Bytes that may wait after holes, per direction. A receiver's window is rarely larger, so more waiting bytes mean
/// that the hole will not fill.
pub const MAX_WAITING_BYTES: usize = 4 << 20;

/// The cost of a waiting segment besides its payload, charged against the limits: its place in a map node that is half
/// full (as ascending insertion leaves them), and an allocation's header and rounding. Measured: 145 bytes each.
pub const WAITING_OVERHEAD_BYTES: usize = 160;

/// A segment further than this from what is expected belongs to something else. RFC 7323 §2.3 allows windows up to
/// 1 GiB; real windows stay far below, and a random new ISN must not look like a hole.
pub const MAX_WINDOW_BYTES: u64 = 64 << 20;

/// How far after its SYN a connection may have been met for a SYN that comes later to be its own. Linux counts initial
/// sequence numbers of a 4-tuple up by 16 MB a second (RFC 6528), so a new connection's is further off, and ahead.
pub const MAX_LATE_SYN_BYTES: i32 = 1 << 20;

/// How long holes are kept open, in packet time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The other side has acknowledged the bytes: they will not be sent again, but may have been captured late.
    pub acked_hole_ms: u64,
    /// The client's side, of which nothing was captured since the server answered its SYN: two taps whose clocks or queues
    /// differ, or the server's side was captured alone.
    pub unseen_ms: u64,
}

impl Patience {
    /// A capture disorders packets by milliseconds, and the messages are waited for.
    pub const LIVE: Self = Self { acked_hole_ms: 1_000, unseen_ms: 100 };
    /// No reader waits, and the file may be disordered by more.
    pub const SAVEFILE: Self = Self { acked_hole_ms: HOLE_TIMEOUT_MS, unseen_ms: HOLE_TIMEOUT_MS };
}

/// How long a hole that is not acknowledged is kept open for a retransmission (RFC 6298 backs off from 1 s). A reset after bytes
/// that were not captured is believed after the same time: at another place than where its receiver is, it ends nothing
/// (RFC 5961 §3.2), and its sender goes on.
pub const HOLE_TIMEOUT_MS: u64 = 10_000;

/// How long an ended connection is remembered so that its retransmissions are not taken for a new one (Linux keeps
/// TIME_WAIT for 60 s).
pub const CLOSED_MEMORY_MS: u64 = 60_000;

/// Ended connections remembered at one time; past it the oldest is forgotten early.
pub const MAX_CLOSED_REMEMBERED: usize = 16_384;
