//! Why a direction is not read on.

use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Malformed {
    #[error("a WebSocket frame has reserved bits set that nothing was agreed for")]
    ReservedBits,
    #[error("a WebSocket frame has an opcode that is not defined")]
    Opcode,
    #[error("a WebSocket frame of a client is not masked, or that of a server is")]
    Mask,
    #[error("a WebSocket control frame is fragmented or too long")]
    Control,
    #[error("a WebSocket frame has a length of 2^63 or more")]
    Length,
    #[error("a WebSocket message goes on that was not begun, or begins within another")]
    Fragment,
    #[error("a WebSocket message is not compressed as it says")]
    Compression,
}
