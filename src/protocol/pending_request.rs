//! A request that waits for its answers, as far as they need it.

use crate::message::{Answered, RequestVerdict};
use crate::time::{Timestamp, span_micros};

/// The memory that the allocation of the text takes besides the bytes of the text.
const TEXT_OVERHEAD_BYTES: usize = 32;

#[derive(Debug)]
pub struct PendingRequest {
    /// Method and target, one after the other.
    text: Box<[u8]>,
    method_bytes: usize,
    /// Its first packet.
    at: Timestamp,
    /// Its last packet, once it was seen whole.
    pub ended_at: Option<Timestamp>,
    pub verdict: RequestVerdict,
}

impl PendingRequest {
    pub fn new(method: &[u8], target: &[u8], at: Timestamp, verdict: RequestVerdict) -> Self {
        let mut text = Vec::with_capacity(method.len() + target.len());
        text.extend_from_slice(method);
        text.extend_from_slice(target);
        Self { text: text.into(), method_bytes: method.len(), at, ended_at: None, verdict }
    }

    pub fn method(&self) -> &[u8] {
        self.text.get(..self.method_bytes).unwrap_or_default()
    }

    pub fn target(&self) -> &[u8] {
        self.text.get(self.method_bytes..).unwrap_or_default()
    }

    /// For a response that begins `at` then.
    pub fn answered(&self, at: Timestamp) -> Answered<'_> {
        let (method, target) = self.text.split_at_checked(self.method_bytes).unwrap_or_default();
        Answered {
            method,
            target,
            latency_micros: span_micros(self.at, at),
            wait_micros: self.ended_at.and_then(|ended_at| span_micros(ended_at, at)),
        }
    }

    pub fn held_bytes(&self) -> usize {
        self.text.len() + TEXT_OVERHEAD_BYTES
    }
}
