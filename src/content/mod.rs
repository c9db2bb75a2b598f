//! From a body as it was sent to its content: content-codings removed (RFC 9110 §8.4), text as UTF-8.
//!
//! In: the bytes of a body, what its fields say of them, a limit. Out: at most so many bytes of content. Pure: refuses to
//! know threads, JSON, and what becomes of a body that cannot be decoded. Memory and work are in proportion to the bytes
//! and the limit, whatever the bytes say of themselves.

mod brotli;
mod charset;
mod content_buffer;
mod flowing;
pub mod grpc;
mod history;
mod inflate;
#[cfg(test)]
mod tests;
pub(crate) mod zstd;

use std::borrow::Cow;

pub use charset::{Charset, Converted, charset_of, convert, utf8};
pub use content_buffer::Broken;
use content_buffer::{ContentBuffer, End};
pub use flowing::Flowing;
pub use history::{History, Inflating, Inflation, MAX_WINDOW_BITS, Unread};
pub(crate) use inflate::header as gzip_header;

/// Codings of one body; there is no reason for more than two, and each is a pass over the bytes.
const MAX_CODINGS: usize = 3;
/// A content-coding that can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    /// An old name for it (RFC 9110 §8.4.1.3).
    XGzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    pub const ALL: [Self; 5] = [Self::Gzip, Self::XGzip, Self::Deflate, Self::Brotli, Self::Zstd];

    /// As it stands in `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::XGzip => "x-gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Whether the bytes begin as only this coding does: br and raw deflate have no mark of their own.
    fn has_mark(self, coded: &[u8]) -> bool {
        match self {
            Self::Gzip | Self::XGzip | Self::Zstd => true, // else it is broken
            Self::Deflate => inflate::is_zlib(coded),
            Self::Brotli => false,
        }
    }

    fn remove(self, coded: &[u8], out: &mut ContentBuffer) -> Result<End, Broken> {
        match self {
            Self::Gzip | Self::XGzip => inflate::gzip(coded, out),
            Self::Deflate => inflate::deflate(coded, out),
            Self::Brotli => brotli::decode(coded, out),
            Self::Zstd => zstd::decode(coded, out),
        }
    }
}

/// There is a coding among them that cannot be removed, or there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCoding;

/// Adds the codings that a `Content-Encoding` value lists to `codings`, in the order in which they were applied.
///
/// # Errors
/// When one is not known.
pub fn add_codings(value: &[u8], codings: &mut Vec<Coding>) -> Result<(), UnknownCoding> {
    for name in value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
        if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        let known = Coding::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()));
        codings.push(known.filter(|_| codings.len() < MAX_CODINGS).ok_or(UnknownCoding)?);
    }
    Ok(())
}

/// How much decoding may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In each step.
    pub content_bytes: usize,
    /// In all steps together.
    pub decoded_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// There is more of it: over a limit, or the body was cut, or the sender left out its end.
    pub cut: bool,
    /// It is `content_bytes` that cut it.
    pub over_limit: bool,
    /// It is `decoded_bytes` that cut it.
    pub over_work: bool,
    /// The body was not cut, and its end is missing or its check does not hold.
    pub without_end: bool,
}

/// Removes the codings from `body`, the coding that was applied last first. As much is given as can be of a body that is `cut`,
/// and of a body that ends early.
///
/// # Errors
/// When the bytes are not coded so, or are too few to give any content.
pub fn decode<'a>(body: &'a [u8], cut: bool, codings: &[Coding], limits: Limits) -> Result<Content<'a>, Broken> {
    let mut content =
        Content { bytes: Cow::Borrowed(body), cut, over_limit: false, over_work: false, without_end: false };
    let mut left = limits.decoded_bytes;
    for coding in codings.iter().rev() {
        let mut out = ContentBuffer::new(limits.content_bytes.min(left));
        let end = coding.remove(&content.bytes, &mut out)?;
        if end != End::Whole && out.bytes.is_empty() {
            return Err(Broken);
        }
        match end {
            End::Whole => {}
            End::Limit if left < limits.content_bytes => content.over_work = true,
            End::Limit => content.over_limit = true,
            End::Early if content.cut => {}
            End::Early if !coding.has_mark(&content.bytes) && !is_likely(&content.bytes, &out.bytes) => {
                return Err(Broken);
            }
            End::Early | End::Unchecked => content.without_end = true,
        }
        content.cut |= end != End::Whole;
        left -= out.bytes.len();
        content.bytes = Cow::Owned(out.bytes);
    }
    Ok(content)
}

/// Without a mark any bytes may seem to be the beginning of something coded. It is believed when text comes out of bytes that
/// are no text.
fn is_likely(coded: &[u8], decoded: &[u8]) -> bool {
    utf8(coded, true).is_none() && utf8(decoded, true).is_some()
}
