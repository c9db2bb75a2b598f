//! The engine's own configuration: plain values, already validated, with every limit named.

use crate::flow::Patience;
use crate::message::own_posts::OwnOutput;
use crate::message::selection::Rule;

/// HTTP bodies: bytes kept of each.
pub const DEFAULT_MAX_BODY_BYTES: usize = 1 << 20;
pub const DEFAULT_MAX_CONNECTIONS: usize = 10_000;
pub const DEFAULT_IDLE_TIMEOUT_MS: u64 = 300_000;
/// Everything that the engine holds back at one time: out-of-order bytes, heads and bodies in progress.
pub const DEFAULT_MAX_BUFFERED_BYTES: usize = 40 << 20;

#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Server ports; non-empty.
    pub ports: Vec<u16>,
    /// Share of connections that is processed, 0.0–1.0.
    pub sample_rate: f64,
    pub max_body_bytes: usize,
    pub max_connections: usize,
    pub idle_timeout_ms: u64,
    /// Names in lower case.
    pub redact_headers: Vec<String>,
    pub max_buffered_bytes: usize,
    pub patience: Patience,
    /// Query parameters whose values are replaced, compared without regard to case.
    pub redact_query: Vec<String>,
    /// Which exchanges come out; without `include` all that `exclude` leaves.
    pub include: Vec<Rule>,
    pub exclude: Vec<Rule>,
    /// Outputs that get POSTs: those are not shown.
    pub own_outputs: Vec<OwnOutput>,
    /// Content-codings are removed from bodies, and text of any charset is shown; batches then need `finish`.
    pub decode_body: bool,
    /// Bodies that are not UTF-8 come out as base64; batches then need `finish`.
    pub base64_bodies: bool,
    /// Packets in tunnels (GRE, VXLAN, IP in IP …) are looked into.
    pub decapsulate: bool,
}

impl EngineConfig {
    /// The public defaults for these ports. Bodies stay as they are, so that batches are finished as they come.
    pub fn for_ports(ports: &[u16]) -> Self {
        Self {
            ports: ports.to_vec(),
            sample_rate: 1.0,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            idle_timeout_ms: DEFAULT_IDLE_TIMEOUT_MS,
            redact_headers: vec!["authorization".into(), "cookie".into()],
            max_buffered_bytes: DEFAULT_MAX_BUFFERED_BYTES,
            patience: Patience::LIVE,
            redact_query: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            own_outputs: Vec::new(),
            decode_body: false,
            base64_bodies: false,
            decapsulate: true,
        }
    }
}
