//! gRPC (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>) and gRPC-Web (PROTOCOL-WEB.md beside it).
//!
//! In: a path, the values of a few fields, the bytes of a body in any pieces, its gaps. Out: service and method, the status,
//! and where in the body its messages are; then, from the bytes that were kept, what the messages hold. Refuses to know
//! frames of HTTP/2, JSON, Protocol Buffers. The part of a body that it keeps is bounded, whatever the body's length.

mod call;
mod index;
mod messages;
mod passing;
mod reader;
mod status;
#[cfg(test)]
mod tests;
mod web_text;
mod web_trailers;

pub use call::{Call, Kind};
pub use index::{MAX_MESSAGES, MAX_WEB_TRAILER_BYTES, MessageIndex};
pub use messages::{Message, MessageCoding, messages};
pub use passing::{Plain, decompress_passing};
pub use reader::{FrameReader, Part};
pub use status::{message_text, status_name, status_of};
pub use web_text::TextDecoder;
pub use web_trailers::web_trailers;
