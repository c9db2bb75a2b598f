//! The ends and keys of a connection whose two directions have different addresses.

use super::key::{Ends, FlowKey};

#[derive(Debug)]
pub(super) struct Joined {
    /// As they are told.
    pub ends: Ends,
    /// Further keys, and whether their sides are the other way round.
    pub keys: Vec<(FlowKey, bool)>,
}
