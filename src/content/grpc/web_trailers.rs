//! The trailers of gRPC-Web: lines as in HTTP/1 (RFC 9112 §5), in the last frame of a body.

use memchr::memchr;

/// Names and values, in their order. A line without a colon is passed over.
pub fn web_trailers(block: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    block.split(|&byte| byte == b'\n').filter_map(|line| {
        let (name, value) = line.split_at_checked(memchr(b':', line)?)?;
        let name = name.trim_ascii();
        (!name.is_empty()).then(|| (name, value.get(1..).unwrap_or_default().trim_ascii()))
    })
}
