//! The source to be opened. Plain values, checked by the code that fills them in; libpcap's ranges are enforced here.

use super::ring;

/// libpcap's own maximum. Packets that the kernel merged (GRO, TSO) are far larger than the MTU, and a small snaplen
/// silently loses bodies.
const MAX_SNAPLEN_BYTES: u32 = 262_144;
/// The kernel needs room for a few ring blocks of a snaplen each.
const MIN_RING_BUFFER_BYTES: u32 = 1 << 20;
/// Past this a message would wait too long, and `stop()` with it; 0 would make libpcap wait without end.
const MAX_READ_TIMEOUT_MS: u32 = 1_000;

#[derive(Debug, Clone)]
pub enum SourceOptions {
    Live(LiveOptions),
    /// A pcap or pcapng savefile; `-` is stdin.
    Savefile {
        path: String,
    },
}

#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// As the system names it; empty is the first non-loopback that is up.
    pub interface: String,
    pub snaplen_bytes: u32,
    /// The bytes that the kernel holds for us while the thread is busy; at 1 GB/s 32 MiB are some 30 ms.
    pub ring_buffer_bytes: u32,
    /// Fewer, where the container may take little memory.
    pub ring_buffer_fits: bool,
    /// How long the kernel may keep a ring block that is not full (TPACKET_V3 retires it then).
    pub read_timeout_ms: u32,
    pub promiscuous: bool,
}

impl LiveOptions {
    #[cfg(test)]
    pub(crate) fn on(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            snaplen_bytes: MAX_SNAPLEN_BYTES,
            ring_buffer_bytes: 32 << 20,
            ring_buffer_fits: true,
            read_timeout_ms: 50,
            promiscuous: false,
        }
    }

    pub(super) fn snaplen(&self) -> i32 {
        as_c_int(self.snaplen_bytes.clamp(1, MAX_SNAPLEN_BYTES))
    }

    pub(super) fn ring(&self) -> i32 {
        let fitting = if self.ring_buffer_fits { ring::most_bytes() } else { u32::MAX };
        as_c_int(self.ring_buffer_bytes.min(fitting).max(MIN_RING_BUFFER_BYTES))
    }

    pub(super) fn read_timeout(&self) -> i32 {
        as_c_int(self.read_timeout_ms.clamp(1, MAX_READ_TIMEOUT_MS))
    }
}

fn as_c_int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
