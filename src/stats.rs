//! The loss ledger: everything that came in, and for what did not come out, why.

/// Monotonic counters, except the two marked as gauges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub packets: u64,
}

impl Stats {
    /// Public name (camelCase) and value of each, in the order in which they are shown.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        let Self { packets } = *self;
        vec![("packets", packets)]
    }
}

/// libpcap's own counters (`pcap_stats(3PCAP)`), widened so that they do not wrap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Packets that passed the kernel filter, the dropped ones included; on a loopback interface the kernel counts each
    /// twice, going out and coming in. For a savefile: packets read.
    pub received: u64,
    /// Packets the kernel dropped because the ring was full.
    pub dropped: u64,
    /// Packets the interface or its driver dropped.
    pub if_dropped: u64,
}

impl CaptureStats {
    /// Public name (camelCase) and value of each, in the order in which they are shown.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        let Self { received, dropped, if_dropped } = *self;
        vec![("received", received), ("dropped", dropped), ("interfaceDropped", if_dropped)]
    }
}
