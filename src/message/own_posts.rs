//! Which requests are POSTs of our own: they are left out, or each would be reported by another without end.
//!
//! In: a request's head, later its body and the port it went to. Out: a mark, own or not. Every POST of ours carries a
//! field, but the field alone proves nothing, since everybody may send it. A marked request is our own when
//! - it goes to the host, the port and the path of a configured output, as they stand on the wire; several sniffers that
//!   post to one collector know each other's POSTs so, or
//! - its path is that of a configured output and the field holds the seal of its body, which only this process can make; a
//!   POST is known so after a proxy or a Service that changed its host or its port.
//!
//! Refuses to know: connections, names of hosts and what they resolve to.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use super::head::{Head, KnownName, StartLine};
use super::http_message::HttpMessage;
use super::verdict::Mark;

/// The field that every POST of ours carries: `version seal`.
pub const MARKER_FIELD: &[u8] = b"tcp-sniffer-output";
static MARKER: KnownName = KnownName::new(MARKER_FIELD);
static HOST: KnownName = KnownName::new(b"host");

/// Known to this process alone, new at each of its starts.
static SEAL_KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An output that gets POSTs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOutput {
    /// The values that the field `host` may have, in any case: with the port, and without it if that is the scheme's own.
    pub hosts: Vec<String>,
    pub port: u16,
    /// Path and query.
    pub target: String,
}

/// The seal of a body, of which the engine keeps so many bytes: what the marker holds after the version.
pub fn seal(body: &[u8], max_body_bytes: usize) -> String {
    sealed(body.get(..max_body_bytes).unwrap_or(body), body.len() as u64)
}

fn sealed(kept: &[u8], body_bytes: u64) -> String {
    format!("{:016x}", SEAL_KEY.hash_one((kept, body_bytes)))
}

/// Marks a request, as far as its head goes.
pub fn mark(outputs: &[OwnOutput], head: &Head, bytes: &[u8]) -> Mark {
    if head.fields.named(&MARKER, bytes).next().is_none() {
        return Mark::Absent;
    }
    let mut hosts = head.fields.named(&HOST, bytes).map(|field| field.value(bytes));
    // Two of them are no host (RFC 9112 §3.2).
    let host = hosts.next().filter(|_| hosts.next().is_none());
    let mut mark = Mark::Foreign;
    for output in outputs {
        if head.method(bytes) != b"POST" || head.target(bytes) != output.target.as_bytes() {
            continue;
        }
        if output.hosts.iter().any(|own| host.as_ref().is_some_and(|host| host.eq_ignore_ascii_case(own.as_bytes()))) {
            return Mark::Address { port: output.port };
        }
        mark = Mark::Path;
    }
    mark
}

/// The body of a marked request is the body that the marker was made for.
pub fn is_sealed(message: &HttpMessage<'_>) -> bool {
    let seal = || sealed(message.body, message.body_bytes);
    matches!(message.head.start, StartLine::Request { .. })
        && message.incomplete.is_none()
        && message.head.fields.named(&MARKER, message.head_bytes).any(|field| {
            let value = field.value(message.head_bytes);
            value.rsplit(|&b| b == b' ').next().is_some_and(|last| last == seal().as_bytes())
        })
}
