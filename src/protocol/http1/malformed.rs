//! Why a stream is not read on, and the limits that bound what is read.

/// Longest head: many times what common servers accept, so that what they accept is seen.
pub(super) const MAX_HEAD_BYTES: usize = 256 << 10;
/// Field lines in a head or a trailer section: many times what common servers accept.
pub(super) const MAX_FIELDS: usize = 1_024;
pub(super) const MAX_TRAILER_BYTES: usize = 64 << 10;

/// Why a stream is not, or no longer, read as HTTP/1.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("start line is not HTTP/1.x")]
    StartLine,
    #[error("HTTP/0.9 request")]
    Http09,
    #[error("a field that may or may not frame the message: odd bytes in its name or its value")]
    FramingField,
    #[error("a line of the trailer section is no field")]
    TrailerLine,
    #[error("more than {} fields", MAX_FIELDS)]
    TooManyFields,
    #[error("head over {} bytes", MAX_HEAD_BYTES)]
    HeadTooLong,
    #[error("trailer section over {} bytes", MAX_TRAILER_BYTES)]
    TrailersTooLong,
    #[error("Content-Length is not a number, or there are different lengths")]
    ContentLength,
    #[error("Transfer-Encoding that does not tell how long the message is")]
    TransferEncoding,
    #[error("broken chunk size")]
    ChunkSize,
    #[error("chunk data does not end where its size says")]
    ChunkEnd,
    #[error("unclear whether a body follows: the request was not seen")]
    UnknownRequest,
}
