//! The loss ledger: everything that came in, and for what did not come out, why.

/// Monotonic counters, except the two marked as gauges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub packets: u64,
}

/// libpcap's own counters (`pcap_stats(3PCAP)`), widened so that they do not wrap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Packets that passed the kernel filter.
    pub received: u64,
    /// Packets the kernel dropped because the ring was full.
    pub dropped: u64,
    /// Packets the interface or its driver dropped.
    pub if_dropped: u64,
}
