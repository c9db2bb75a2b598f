//! A connection that is over while the secrets of its records are still to come.

use super::app::App;
use crate::flow::{EntryId, FlowKey, Role};

#[derive(Debug)]
pub(super) struct Lingering {
    /// Of the place that it had; only with its serial it means anything.
    pub id: EntryId,
    pub key: FlowKey,
    pub role: Role,
    pub syn_seen: bool,
    pub app: App,
}
