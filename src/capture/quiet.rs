//! Notices when an interface says nothing for a while (no packet for 30 s is logged once). In: packets seen,
//! the time. Out: whether to say so now.

use std::time::{Duration, Instant};

pub(super) const QUIET_AFTER: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct QuietWatch {
    last_packet: Instant,
    /// Said once; said again only after traffic came back.
    said: bool,
}

impl QuietWatch {
    pub(super) fn new(now: Instant) -> Self {
        Self { last_packet: now, said: false }
    }

    pub(super) fn on_packets(&mut self, now: Instant) {
        self.last_packet = now;
        self.said = false;
    }

    pub(super) fn due(&mut self, now: Instant) -> bool {
        let due = !self.said && now.saturating_duration_since(self.last_packet) >= QUIET_AFTER;
        self.said |= due;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_until_traffic_comes_back() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut quiet = QuietWatch::new(start);
        assert!(!quiet.due(at(29)));
        assert!(quiet.due(at(30)));
        assert!(!quiet.due(at(300)));
        quiet.on_packets(at(301));
        assert!(!quiet.due(at(330)));
        assert!(quiet.due(at(331)));
    }
}
