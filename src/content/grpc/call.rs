//! Which call a request is, and how the messages of a body are framed.

use memchr::{memchr, memrchr};

const NAME: &[u8] = b"application/grpc";

/// The service and the method that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    /// With its package: `pkg.Service`.
    pub service: &'a [u8],
    pub method: &'a [u8],
}

impl<'a> Call<'a> {
    /// Of a path as `/pkg.Service/Method`. As servers do, all between the first slash and the last is the service.
    pub fn of_path(path: &'a [u8]) -> Option<Self> {
        let end = memchr(b'?', path).unwrap_or(path.len());
        let name = path.get(..end)?.strip_prefix(b"/")?;
        let slash = memrchr(b'/', name)?;
        let (service, method) = (name.get(..slash)?, name.get(slash + 1..)?);
        (!service.is_empty() && !method.is_empty()).then_some(Self { service, method })
    }
}

/// How messages lie in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One after the other; the status is in the trailers.
    Grpc,
    /// The same, and the trailers are a last frame.
    Web,
    /// The same in base64.
    WebText,
}

impl Kind {
    /// By a `content-type`: `application/grpc`, `-web` or `-web-text` after it, and then perhaps a codec, as `+proto`.
    pub fn of_content_type(value: &[u8]) -> Option<Self> {
        // Nearly all that come here are none.
        let front = value.trim_ascii_start().get(..NAME.len())?;
        if !front.eq_ignore_ascii_case(NAME) {
            return None;
        }
        let end = memchr(b';', value).unwrap_or(value.len());
        let essence = value.get(..end)?.trim_ascii();
        let without_codec = essence.get(..memchr(b'+', essence).unwrap_or(essence.len()))?;
        [
            (NAME, Self::Grpc),
            (b"application/grpc-web".as_slice(), Self::Web),
            (b"application/grpc-web-text", Self::WebText),
        ]
        .into_iter()
        .find_map(|(name, kind)| without_codec.eq_ignore_ascii_case(name).then_some(kind))
    }
}
