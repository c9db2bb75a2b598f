//! What every protocol makes of a connection's bytes: messages, with their heads as spans, and where they go.
//!
//! In: what a protocol read. Out: `HttpMessage`, borrowed from wherever its bytes lie, to a `Sink`. Refuses to know: how any
//! protocol stands on the wire, connections, JSON.

mod context;
mod counters;
mod direction;
mod head;
mod http_message;
pub mod own_posts;
pub mod selection;
mod sink;
mod switch;
mod verdict;
pub mod words;

pub use context::{Context, Limits, Scratch};
pub use counters::HttpCounters;
pub use direction::Direction;
pub use head::{Field, Head, KnownName, Span, StartLine, Version, is_token, trim_ows, trim_ows_end};
pub use http_message::{Answered, Fields, HttpMessage, Incomplete, Proxied};
pub use selection::Selection;
pub use sink::{NotHttp, Sink};
pub use switch::Switch;
pub use verdict::{Judged, Mark};
