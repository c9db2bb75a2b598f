//! A connection beyond its flows.

use super::layer::Layer;
use super::pending_lines::PendingLines;
use crate::encode::Origin;
use crate::flow::{EntryId, Side};
use crate::message::Tls;
use crate::protocol::Conversation;
use crate::time::Timestamp;

/// The engine's state of each connection besides its flows.
#[derive(Debug, Default)]
pub(super) struct App {
    pub layer: Layer,
    /// The TLS that its messages come in, once it is known.
    pub secured: Option<Box<Tls>>,
    /// From the first bytes on.
    pub conversation: Option<Box<Conversation>>,
    /// Bytes that this connection counts for in `Engine::buffered_bytes`.
    pub charged_bytes: usize,
    /// From the first bytes on, too.
    pub origin: Option<Origin>,
    /// Lines that wait for the decision whether they are shown.
    pub pending: PendingLines,
    pub gap_noticed: bool,
    /// Which side ended the connection first, when, and if it was by a reset.
    pub ended: Option<(Side, Timestamp, bool)>,
    /// Another connection, with its serial, whose SYN came from the same client with the same number.
    pub like_it: Option<(EntryId, u64)>,
    pub in_shed_queue: bool,
    /// Of a connection met in the middle: since when the capture has seen nothing of it, if that is known.
    pub quiet_since: Option<Timestamp>,
}
