//! The facts about a message that only some protocols know.

use crate::content::grpc::Kind;

/// Lent to a message as `HttpMessage::extras`: a message without any of this, as of HTTP/1.x in the clear, pays for an empty
/// reference. Each part is encoded only if it is there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// The stream's number (RFC 9113 §5.1.1).
    pub stream_id: Option<u32>,
    /// `:scheme` of a request.
    pub scheme: Option<&'a [u8]>,
    /// The server pushed it (RFC 9113 §8.4).
    pub pushed: bool,
    /// `:protocol` of an extended CONNECT (RFC 8441 §4).
    pub protocol: Option<&'a [u8]>,
    /// The name of the code with which the stream was reset (RFC 9113 §7).
    pub error_code: Option<&'static str>,
    /// Fields of the head or the trailers that are not known, since they refer to entries of the compression table that were
    /// not captured. `Some(0)`: it is not known either how many.
    pub unknown_headers: Option<u32>,
    /// Messages inside it that came out by themselves.
    pub streamed_messages: Option<u64>,
    pub grpc: Option<Grpc<'a>>,
    pub tls: Option<&'a Tls>,
}

/// Of a call by gRPC (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>), besides the service and the method,
/// which the request's path names.
#[derive(Debug, Clone, Copy)]
pub struct Grpc<'a> {
    pub kind: Kind,
    /// The body is coded as a whole: `content-encoding`.
    pub is_coded: bool,
    /// `grpc-status`, and its name if it is a known one.
    pub status: Option<(u32, Option<&'static str>)>,
    /// Percent-decoded.
    pub status_message: Option<&'a [u8]>,
    pub encoding: Option<&'a [u8]>,
    /// Messages that began in the body; `None` if bytes of it are lost, or are not framed as it says, so that there may be more.
    pub message_count: Option<u64>,
}

/// Of the TLS connection that carried it, the same for all of its messages.
#[derive(Debug, Clone)]
pub struct Tls {
    /// As `1.2`, `1.3`.
    pub version: &'static str,
    /// The suite's name in IANA's registry.
    pub cipher: Box<str>,
    pub server_name: Option<Box<[u8]>>,
    pub alpn: Option<Box<[u8]>>,
}
