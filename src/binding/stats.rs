//! The loss ledger as JS sees it.

use std::collections::BTreeMap;

use napi_derive::napi;

use crate::ledger::StatsSnapshot;

/// The loss ledger: packets, messages and bytes by what became of them, each a count since the start unless its name
/// says otherwise. `received`, `dropped` and `interfaceDropped` are libpcap's own.
#[napi]
pub type EngineStats = BTreeMap<String, f64>;

pub(super) fn stats_of(snapshot: &StatsSnapshot) -> EngineStats {
    let (mut capture, engine) = (snapshot.capture.entries(), snapshot.engine.entries());
    capture.push(("unread", snapshot.capture.unread(snapshot.engine.packets)));
    // Exact up to 2^53.
    capture
        .into_iter()
        .chain(engine)
        .chain(snapshot.content.entries())
        .map(|(name, count)| (name.to_owned(), count as f64))
        .collect()
}
