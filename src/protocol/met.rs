//! How a connection was met: what may have been said on it that the capture did not see.

use crate::flow::Role;
use crate::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// With the initiator's SYN: all of it was seen.
    AtItsSyn,
    /// At its beginning, but the initiator's SYN was not captured, or not yet. It may have carried data (RFC 7413), so that
    /// requests may have been sent that were not seen.
    WithoutSyn,
    /// In the middle, and since when nothing was said on it, if that is known.
    InTheMiddle { quiet_since: Option<Timestamp> },
}

impl Met {
    /// `quiet_since`: of a connection met in the middle.
    pub fn of(role: Role, syn_seen: bool, quiet_since: Option<Timestamp>) -> Self {
        match role {
            Role::Unknown => Self::InTheMiddle { quiet_since },
            Role::InitiatedBy(_) if syn_seen => Self::AtItsSyn,
            Role::InitiatedBy(_) => Self::WithoutSyn,
        }
    }
}
