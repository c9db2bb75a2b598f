//! A message that is decompressed as it passes, in the capture's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::MessageCoding;
use crate::content::{Coding, Inflating, Limits, decode};
use crate::time::Timestamp;

/// No byte of deflate puts out more: a match of 258 bytes takes two bits at least.
const MAX_DEFLATE_RATIO: usize = 1_032;

/// The content of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plain {
    pub bytes: Vec<u8>,
    /// There is more of it, or its end is missing.
    pub is_cut: bool,
    /// It is cut since it is too much for so few compressed bytes.
    pub is_over_ratio: bool,
}

/// Decompresses a message that was `sent` by `now`, or its beginning if that is all there is (`is_cut`), to at most `max_bytes`.
/// `None` if it is whole and not coded so, if the coding is not gzip or deflate, which are what implementations of gRPC have, or if
/// that is not known.
pub fn decompress_passing(
    sent: &[u8],
    is_cut: bool,
    coding: MessageCoding,
    max_bytes: usize,
    now: Timestamp,
    shared: &mut Inflating,
) -> Option<Plain> {
    let is_named = coding != MessageCoding::Unnamed;
    let coding = coding.of_message(sent, is_cut)?;
    if !matches!(coding, Coding::Gzip | Coding::XGzip | Coding::Deflate) {
        return None;
    }
    let nothing = Plain { is_cut: true, ..Plain::default() };
    let allowed = usize::try_from(shared.allowed(sent.len(), now)).unwrap_or(usize::MAX);
    let max = max_bytes.min(allowed);
    if max == 0 || sent.is_empty() {
        return Some(nothing);
    }
    let limits = Limits { content_bytes: max, decoded_bytes: max };
    let content = catch_unwind(AssertUnwindSafe(|| decode(sent, is_cut, &[coding], limits))).ok().and_then(Result::ok);
    // Of bytes that are not coded so it is not known how much work they were.
    let most = max.min(sent.len().saturating_mul(MAX_DEFLATE_RATIO));
    shared.spend(sent.len(), content.as_ref().map_or(most, |content| content.bytes.len()) as u64);
    let Some(content) = content.filter(|content| is_named || !content.cut) else { return is_cut.then_some(nothing) };
    let is_over_ratio = max < max_bytes && (content.over_limit || content.over_work);
    Some(Plain { bytes: content.bytes.into_owned(), is_cut: content.cut, is_over_ratio })
}
