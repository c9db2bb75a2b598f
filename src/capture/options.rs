//! What a capture is asked to do. Plain values, checked by whoever fills them in.

use crate::config::EngineConfig;
use crate::source::SourceOptions;

#[derive(Debug, Clone)]
pub struct CaptureOptions {
    pub source: SourceOptions,
    pub engine: EngineConfig,
    /// Between two `Stats` events; 0 is never (the one at the end always comes).
    pub stats_interval_ms: u64,
}
