//! The errors of the capture itself. Bad traffic is not an error: it is counted (`stats`).

/// The error of a library or of the system; `source()` of an error leads to it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// One cause each, with a stable public `code` (`ENGINE_ERROR_CODES`).
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("no interface named '{name}'; there are: {}", list(.available))]
    InvalidInterface { name: String, available: Vec<String> },
    #[error("no interface to capture on: each is down or a loopback; there are: {}", list(.available))]
    NoDefaultInterface { available: Vec<String> },
    #[error("cannot capture on '{interface}': {source}{}", hint(*.permission))]
    OpenInterface { interface: String, permission: bool, source: Cause },
    #[error("cannot open savefile '{path}': {source}")]
    OpenSavefile { path: String, source: Cause },
    #[error("cannot read protoDescriptors '{path}': {source}")]
    OpenDescriptors { path: String, source: Cause },
    /// The savefile ends or breaks in the middle; what came before was delivered.
    /// `offset` is the byte where the broken record begins.
    #[error("savefile '{path}' is broken after packet {packets}, at byte {offset}: {source}")]
    BrokenSavefile { path: String, packets: u64, offset: u64, source: Cause },
    /// The savefile was read to its end and its packets say nothing to us; `what` says what they are.
    #[error("no packet of {packets} in savefile '{path}' was understood: {what}")]
    NothingUnderstood { path: String, packets: u64, what: String },
    #[error("capture on '{interface}' failed: {source}")]
    CaptureFailed { interface: String, source: Cause },
    #[error("cannot write the packets to '{path}': {source}")]
    WriteExtract { path: String, source: Cause },
    /// Its packets are to be copied, and are not those that were read.
    #[error("savefile '{path}' has changed since it was read: {what}; read it again")]
    SavefileChanged { path: String, what: String },
    /// Those of some connections have numbers that are too large to be noted.
    #[error(
        "savefile '{path}' has more than {limit} packets, which is the limit for a copy of some; split the file and copy from each part"
    )]
    TooManyPackets { path: String, limit: u64 },
    #[error("the engine panicked: {message}; this is a bug, please report it")]
    Panicked { message: String },
}

impl EngineError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidInterface { .. } | Self::NoDefaultInterface { .. } => "INVALID_INTERFACE",
            Self::OpenInterface { .. } | Self::OpenSavefile { .. } | Self::OpenDescriptors { .. } => {
                "CAPTURE_OPEN_FAILED"
            }
            Self::BrokenSavefile { .. }
            | Self::NothingUnderstood { .. }
            | Self::CaptureFailed { .. }
            | Self::WriteExtract { .. }
            | Self::SavefileChanged { .. }
            | Self::TooManyPackets { .. }
            | Self::Panicked { .. } => "UNRECOVERABLE",
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn hint(permission: bool) -> &'static str {
    if permission {
        "; capturing needs the capability NET_RAW: run as root, or `setcap cap_net_raw+ep` the node binary, \
         or add NET_RAW to the container's securityContext.capabilities"
    } else {
        ""
    }
}
