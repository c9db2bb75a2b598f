//! libpcap counts in `u32`, which wraps within an hour on a busy link: widened here by adding differences.

use crate::stats::CaptureStats;

#[derive(Debug, Default)]
pub(super) struct WideCounters {
    last: [u32; 3],
    total: CaptureStats,
}

impl WideCounters {
    pub(super) fn update(&mut self, received: u32, dropped: u32, if_dropped: u32) -> CaptureStats {
        let [last_received, last_dropped, last_if_dropped] = self.last;
        self.total.received += u64::from(received.wrapping_sub(last_received));
        self.total.dropped += u64::from(dropped.wrapping_sub(last_dropped));
        self.total.if_dropped += u64::from(if_dropped.wrapping_sub(last_if_dropped));
        self.last = [received, dropped, if_dropped];
        self.total
    }

    pub(super) fn total(&self) -> CaptureStats {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_over_the_wrap() {
        let mut counters = WideCounters::default();
        counters.update(u32::MAX - 1, 7, 0);
        let stats = counters.update(3, 7, 1);
        assert_eq!(
            stats,
            CaptureStats { received: u64::from(u32::MAX) + 4, dropped: 7, if_dropped: 1, savefile_bytes: 0 }
        );
        assert_eq!(counters.total(), stats);
    }
}
