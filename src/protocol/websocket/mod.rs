//! WebSocket (RFC 6455), with messages that are compressed (RFC 7692): read only if messages inside streams are asked for.
//!
//! In: each direction's bytes from the answer on that made it a WebSocket, or from where its frames prove it. Out: messages, and control frames as such, to the `Sink`
//! of the `Context`. Refuses to know: HTTP, how the bytes came.
//!
//! ```text
//! connection   both directions after a 101
//!   reader     one direction: frames to messages
//!     frame    headers, masks; a header in several pieces is partial
//!     message  the one in progress, inflated as it comes
//!     search   where frames begin again after a loss
//! pickup       frames of both sides that prove a connection met in the middle to be one
//! chain        a row of frames that fit each other: the proof of `search` and `pickup`
//! agreement    what may be compressed, and how
//! malformed    why a direction is not read on
//! ```

mod agreement;
mod chain;
mod connection;
mod frame;
mod malformed;
mod message;
mod partial;
mod pickup;
mod reader;
mod search;
#[cfg(test)]
mod tests;

pub use agreement::Agreement;
pub use connection::WebSocketConnection;
pub use pickup::Pickup;
pub use reader::{Begin, Reader};
