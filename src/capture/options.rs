//! What a capture is asked to do. Plain values, checked by whoever fills them in.

use crate::config::EngineConfig;
use crate::source::SourceOptions;

#[derive(Debug, Clone)]
pub struct CaptureOptions {
    pub source: SourceOptions,
    pub engine: EngineConfig,
    /// Between two `Stats` events; 0 is never (the one at the end always comes).
    pub stats_interval_ms: u64,
    /// For tests: panics at this packet, counted from 1, to show that a panic ends the capture and not the process.
    pub panic_at_packet: Option<u64>,
}
