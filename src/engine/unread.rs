//! Packets that were not understood: which link types they had, and all of them in words.

use crate::decode::{LinkType, Undecodable, describe_linktype};
use crate::stats::Stats;

/// Link types that are told apart; those that come later are counted together. A savefile can name 65 536 of them.
const MAX_LINKTYPES: usize = 16;

/// Packets by link type, of those that are not read.
#[derive(Debug, Default)]
pub(super) struct UnreadLinkTypes {
    /// At most `MAX_LINKTYPES`, in the order in which they came up.
    counts: Vec<(LinkType, u64)>,
}

impl UnreadLinkTypes {
    /// True when it is the first packet of a link type that is told apart.
    pub(super) fn count(&mut self, linktype: LinkType) -> bool {
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| *known == linktype) {
            *count += 1;
            return false;
        }
        let is_new = self.counts.len() < MAX_LINKTYPES;
        if is_new {
            self.counts.push((linktype, 1));
        }
        is_new
    }
}

/// The packets that a run did not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// At least 1.
    pub packets: u64,
    /// Such as "3 of link type USER0 (147), 1 with a broken IP header".
    pub what: String,
}

impl NotUnderstood {
    /// `None` when everything was understood.
    pub(super) fn of(stats: &Stats, linktypes: &UnreadLinkTypes) -> Option<Self> {
        let packets = stats.undecodable.iter().sum();
        let named: u64 = linktypes.counts.iter().map(|(_, count)| count).sum();
        let of_linktypes = linktypes
            .counts
            .iter()
            .map(|(linktype, count)| format!("{count} of link type {}", describe_linktype(*linktype)));
        let of_reasons = Undecodable::ALL.into_iter().zip(stats.undecodable).filter_map(|(reason, count)| {
            let count = if reason == Undecodable::UnknownLinkType { count.saturating_sub(named) } else { count };
            (count > 0).then(|| format!("{count} {}", reason.words()))
        });
        let what = of_linktypes.chain(of_reasons).collect::<Vec<_>>().join(", ");
        (packets > 0).then_some(Self { packets, what })
    }
}
