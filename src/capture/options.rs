//! The options of a capture. Plain values, checked by the code that fills them in.

use crate::config::EngineConfig;
use crate::source::SourceOptions;

#[derive(Debug, Clone)]
pub struct CaptureOptions {
    pub source: SourceOptions,
    pub engine: EngineConfig,
    /// Key logs of TLS: files and folders of them. `None`: TLS is read only if secrets come otherwise.
    pub tls_keylog: Option<Vec<String>>,
    /// Live, load is shed so that no more is taken.
    pub cpu_limit: Option<CpuLimit>,
    /// Between two `Stats` events; 0 is never (the one at the end always comes).
    pub stats_interval_ms: u64,
}

/// The CPU time that may be taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuLimit {
    /// Of one core.
    pub share: f64,
    /// The process as a whole is meant, which does nothing else. Without it the capture's own threads are.
    pub of_process: bool,
}
