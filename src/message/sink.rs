//! Where messages go, and remarks on streams.

use super::direction::Direction;
use super::http_message::HttpMessage;
use super::stream_message::StreamMessage;
use super::unanswered::Unanswered;
use super::verdict::RequestVerdict;

/// Takes the output of the layer: messages, messages inside streams, and remarks on streams.
pub trait Sink {
    fn message(&mut self, message: &HttpMessage<'_>);
    /// A message inside a stream; comes only if such messages are asked for.
    fn stream_message(&mut self, _message: &StreamMessage<'_>) {}
    /// The exchange is over, and no response to its request, which may still be to come itself, has begun or can have been lost, if
    /// the server's direction was captured at all. `verdict`: on that request.
    fn unanswered(&mut self, _exchange: u32, _verdict: RequestVerdict, _how: Unanswered) {}
    /// A stream ends here as HTTP: `sample` holds its first bytes from where it went wrong. Of another protocol it is told once
    /// a connection, by whichever side is the first.
    fn not_http(&mut self, direction: Direction, what: NotHttp<'_>, sample: &[u8]);
}

#[derive(Debug, Clone, Copy)]
pub enum NotHttp<'a> {
    /// It never was HTTP; the protocol's name where it is known.
    Protocol(&'static str),
    /// Why it is not read on: the protocol's own reason.
    Malformed(&'a dyn std::error::Error),
    /// It goes on after bytes that follow a response without a body.
    Excess,
}
