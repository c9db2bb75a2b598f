//! The options of a capture. Plain values, checked by the code that fills them in.

use crate::config::EngineConfig;
use crate::source::SourceOptions;

#[derive(Debug, Clone)]
pub struct CaptureOptions {
    pub source: SourceOptions,
    pub engine: EngineConfig,
    /// Key logs of TLS: files and folders of them. `None`: TLS is read only if secrets come otherwise.
    pub tls_keylog: Option<Vec<String>>,
    /// Between two `Stats` events; 0 is never (the one at the end always comes).
    pub stats_interval_ms: u64,
}
