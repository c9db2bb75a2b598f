//! The messages that every protocol makes of a connection's bytes, with their heads as spans, and where they go.
//!
//! In: what a protocol read. Out: `HttpMessage` and `StreamMessage`, borrowed from wherever their bytes lie, to a `Sink`. Refuses to know: how any
//! protocol stands on the wire, connections, JSON.
//!
//! A protocol that has decoded its fields (HPACK) builds a message so:
//! - it writes names, values, `:method` and `:path` into one buffer, and keeps the `Span` of each (`Span::new`);
//! - each field is a `Field::decoded` of two such spans; an `:authority` becomes a field `host` if no other came;
//! - the `Head` gets `StartLine::Request { method, target }` or `StartLine::Status { code, reason: Span::default() }`, and
//!   `Version::HTTP_2`;
//! - `Selection::judge` is asked once a request, and what it says is kept with the exchange for the response;
//! - what HTTP/1.x does not know of a message goes into `Extras`, which is lent to it.

mod counters;
mod direction;
mod extras;
mod head;
mod http_message;
pub mod members;
pub mod own_posts;
mod seen_fields;
pub mod selection;
mod sink;
mod stream_message;
mod switch;
mod unanswered;
mod verdict;
pub mod words;

pub use counters::{Http2Counters, HttpCounters, StreamCounters};
pub use direction::Direction;
pub use extras::{Extras, Grpc, Tls};
pub use head::{
    Field, FieldLines, Head, KnownName, SectionNumber, Span, StartLine, Version, is_token, name_bit, trim_ows,
    trim_ows_end,
};
pub use http_message::{Answered, Fields, HttpMessage, Incomplete, Proxied};
pub use members::{Member, Members};
pub use seen_fields::{Known, PLACES, SeenFields};
pub use selection::Selection;
pub use sink::{NotHttp, Sink};
pub use stream_message::{Opcode, Part, StreamMessage, StreamOf};
pub use switch::Switch;
pub use unanswered::{Ended, Unanswered};
pub use verdict::{Mark, RequestVerdict};
