//! A connection that is over while the secrets of its records are still to come.

use super::app::App;
use crate::flow::{Ends, EntryId, Role, Side};

#[derive(Debug)]
pub(super) struct Lingering {
    /// Of the place that it had; only with its serial it means anything.
    pub id: EntryId,
    pub ends: Ends,
    pub role: Role,
    pub is_joined: bool,
    pub syn_seen: bool,
    pub unseen: Option<Side>,
    pub app: App,
}
