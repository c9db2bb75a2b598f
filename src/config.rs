//! The engine's own configuration: plain values, already validated. It has no defaults: the package passes every value,
//! and has each default in one place, where the command's help and the webhook read it without the addon.

use std::sync::{Arc, OnceLock};

use crate::flow::Patience;
use crate::message::Members;
use crate::message::own_posts::OwnOutput;
use crate::message::selection::Rule;
use crate::protobuf::Descriptors;

/// A file with descriptors of Protocol Buffers. Its content is there once the capture is open.
#[derive(Debug, Clone)]
pub struct DescriptorFile {
    pub path: String,
    pub content: Arc<OnceLock<Descriptors>>,
}

/// The treatment of a body that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryBodies {
    Omit,
    Base64,
}

#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Server ports; non-empty.
    pub ports: Vec<u16>,
    /// Share of connections that is processed, 0.0–1.0.
    pub sample_rate: f64,
    /// HTTP bodies: bytes kept of each.
    pub max_body_size: usize,
    pub max_concurrent_connections: usize,
    pub connection_idle_timeout_ms: u64,
    /// Names in lower case.
    pub redact_headers: Vec<String>,
    /// Everything that the engine holds back at one time: out-of-order bytes, heads and bodies in progress.
    pub max_buffered_bytes: usize,
    pub patience: Patience,
    /// Query parameters whose values are replaced, compared without regard to case.
    pub redact_query: Vec<String>,
    /// Members of JSON and form fields whose values are replaced in bodies; batches then need `finish`.
    pub redact_body: Vec<String>,
    /// Members that the line of a message has beside those that say which it is; not those of messages in streams.
    pub members: Members,
    /// Which exchanges come out; without `include` all that `exclude` leaves.
    pub include: Vec<Rule>,
    pub exclude: Vec<Rule>,
    /// Outputs that get POSTs: those are not shown.
    pub own_outputs: Vec<OwnOutput>,
    /// Content-codings are removed from bodies, and text of any charset is shown; batches then need `finish`.
    pub decode_body: bool,
    /// With `Base64` batches need `finish`.
    pub binary_bodies: BinaryBodies,
    /// By them messages of gRPC are shown as JSON.
    pub proto_descriptors: Option<DescriptorFile>,
    /// Packets in tunnels (GRE, VXLAN, IP in IP …) are looked into.
    pub decapsulate: bool,
    /// Connections are looked at for TLS, since secrets may come. It is so anyway once there are some.
    pub tls: bool,
    /// Messages inside streams are handed on, such as those of a WebSocket.
    pub stream_messages: bool,
    /// How long records of TLS wait for their secrets; 0 where all that will ever be known are there.
    pub tls_key_wait_ms: u64,
}

impl EngineConfig {
    /// For tests, benches and fuzz targets, which change the values that matter to them. Bodies stay as they are, so that
    /// batches are finished as they come.
    pub fn for_ports(ports: &[u16]) -> Self {
        Self {
            ports: ports.to_vec(),
            sample_rate: 1.0,
            max_body_size: 1 << 20,
            max_concurrent_connections: 10_000,
            connection_idle_timeout_ms: 300_000,
            redact_headers: vec!["authorization".into(), "cookie".into()],
            max_buffered_bytes: 40 << 20,
            patience: Patience::LIVE,
            redact_query: Vec::new(),
            redact_body: Vec::new(),
            members: Members::ALL,
            include: Vec::new(),
            exclude: Vec::new(),
            own_outputs: Vec::new(),
            decode_body: false,
            binary_bodies: BinaryBodies::Omit,
            proto_descriptors: None,
            decapsulate: true,
            tls: false,
            stream_messages: false,
            tls_key_wait_ms: 10_000,
        }
    }
}
