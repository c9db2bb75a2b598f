//! What the engine has to say besides messages: one log line each, limited in rate, never a body, never a secret.

use crate::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
}

/// A line for the log. `fields` become top-level fields of the JSON log line.
#[derive(Debug, Clone)]
pub struct Notice {
    pub at: Timestamp,
    pub level: Level,
    /// Stable kebab-case name, e.g. `connection-evicted`.
    pub kind: &'static str,
    pub message: String,
    pub fields: Vec<(&'static str, String)>,
}
