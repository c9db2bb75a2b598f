//! The bytes of both sides before the first message: the prefix of a proxy, the preface of HTTP/2 (RFC 9113 §3.4).
//!
//! In: each side's first bytes, in pieces of any size. Out: what they are, once that is clear; bytes that were kept until then.

use super::http2::PREFACE;
use super::proxy_prefix::Prefix;
use crate::flow::DataMeta;
use crate::message::Proxied;

/// A side may say so much before the other one's first bytes tell what it is. More is not waited for.
const MAX_FIRST_BYTES: usize = 16 << 10;
/// Pieces of it. Each costs an allocation.
const MAX_FIRST_PIECES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Opening {
    /// It is known what the client speaks.
    pub is_over: bool,
    /// The addresses from the prefix of the PROXY protocol.
    pub proxied: Option<Proxied>,
    has_prefix: bool,
    /// The beginning of a prefix or a preface; the first of the bytes came so.
    kept: Vec<u8>,
    first: Option<DataMeta>,
    /// A preface and what follows it, as long as it may stand in a body.
    unconfirmed: FirstBytes,
    /// The bytes that the server sent before, as long as they may be SETTINGS.
    server_first: FirstBytes,
}

/// The bytes that a side sent before their protocol was known.
#[derive(Debug, Default)]
struct FirstBytes {
    pieces: Vec<(Vec<u8>, DataMeta)>,
    bytes: usize,
}

impl FirstBytes {
    /// Returns false if it is too much to wait on.
    fn push(&mut self, bytes: &[u8], meta: DataMeta) -> bool {
        self.bytes += bytes.len();
        self.pieces.push((bytes.to_vec(), meta));
        self.bytes <= MAX_FIRST_BYTES && self.pieces.len() <= MAX_FIRST_PIECES
    }

    fn buffered_bytes(&self) -> usize {
        self.bytes + self.pieces.capacity() * size_of::<(Vec<u8>, DataMeta)>()
    }
}

/// The kind of the client's first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The next bytes will tell; the first bytes are kept.
    Partial,
    /// So many of the last piece's bytes are the end of a proxy's prefix.
    Prefix(usize),
    Http2,
    Other,
}

/// The kind of the server's first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerSaid {
    /// SETTINGS, or the beginning of them; they are kept.
    Kept,
    /// So many bytes that it is clear.
    Http2,
    Other,
}

impl Opening {
    /// Takes a piece of the client's.
    #[inline]
    pub fn take_client(&mut self, bytes: &[u8], meta: DataMeta) -> Said {
        let before = self.kept.len();
        if before == 0 && !matches!(bytes.first(), Some(b'P' | b'\r')) {
            return Said::Other;
        }
        if before > 0 {
            self.kept.extend_from_slice(bytes);
        }
        let all = if before == 0 { bytes } else { &self.kept };
        let prefix = if self.has_prefix { Prefix::Absent } else { Prefix::of(all) };
        let said = match prefix {
            Prefix::Partial => Said::Partial,
            Prefix::Complete(length, proxied) => {
                self.has_prefix = true;
                self.proxied = proxied;
                Said::Prefix(length.saturating_sub(before))
            }
            Prefix::Absent if all.starts_with(PREFACE) => Said::Http2,
            Prefix::Absent if PREFACE.starts_with(all) => Said::Partial,
            Prefix::Absent => Said::Other,
        };
        match said {
            Said::Partial => {
                self.first.get_or_insert(meta);
                if before == 0 {
                    self.kept.extend_from_slice(bytes);
                }
            }
            Said::Prefix(_) => {
                self.kept = Vec::new();
                self.first = None;
            }
            Said::Http2 | Said::Other => self.kept.truncate(before),
        }
        said
    }

    /// Takes a piece of the server's, which has said nothing else before.
    pub fn take_server(&mut self, bytes: &[u8], meta: DataMeta) -> ServerSaid {
        let can_wait = self.server_first.push(bytes, meta) && !self.is_unconfirmed();
        match self.server_settings() {
            Some(true) if !can_wait => ServerSaid::Http2,
            Some(false) => ServerSaid::Other,
            Some(true) | None => ServerSaid::Kept,
        }
    }

    /// The server has said something that is kept here.
    pub fn has_server_first(&self) -> bool {
        !self.server_first.pieces.is_empty()
    }

    /// Keeps the client's bytes from a preface on, until the server's first bytes say that it is one. Returns false if it is too
    /// much to wait on.
    pub fn doubt(&mut self, bytes: &[u8], meta: DataMeta) -> bool {
        if let Some((kept, first)) = self.take_kept() {
            self.unconfirmed.push(&kept, first);
        }
        self.unconfirmed.push(bytes, meta)
    }

    /// The client's bytes are kept until the server speaks.
    pub fn is_unconfirmed(&self) -> bool {
        !self.unconfirmed.pieces.is_empty()
    }

    /// It begins with SETTINGS; `None` as long as that is not clear.
    pub fn server_settings(&self) -> Option<bool> {
        let mut header = self.server_first.pieces.iter().flat_map(|(bytes, _)| bytes).copied();
        let header: Vec<u8> = header.by_ref().take(9).collect();
        begins_with_settings(&header)
    }

    pub fn take_server_first(&mut self) -> Vec<(Vec<u8>, DataMeta)> {
        std::mem::take(&mut self.server_first).pieces
    }

    pub fn take_unconfirmed(&mut self) -> Vec<(Vec<u8>, DataMeta)> {
        std::mem::take(&mut self.unconfirmed).pieces
    }

    /// As nearly always: the first bytes told.
    pub fn keeps_nothing(&self) -> bool {
        self.first.is_none() && !self.is_unconfirmed() && !self.has_server_first()
    }

    /// Takes the kept bytes of the client.
    pub fn take_kept(&mut self) -> Option<(Vec<u8>, DataMeta)> {
        let kept = std::mem::take(&mut self.kept);
        self.first.take().map(|first| (kept, first))
    }

    pub fn buffered_bytes(&self) -> usize {
        if self.is_over {
            return 0; // all of it was taken
        }
        self.kept.capacity() + self.unconfirmed.buffered_bytes() + self.server_first.buffered_bytes()
    }
}

/// The header of a SETTINGS frame that is no acknowledgment; `None` as long as that is not clear.
pub(super) fn begins_with_settings(bytes: &[u8]) -> Option<bool> {
    const FORM: [Option<u8>; 9] = [Some(0), Some(0), None, Some(4), Some(0), Some(0), Some(0), Some(0), Some(0)];
    let fits = FORM.iter().zip(bytes).all(|(form, byte)| form.is_none_or(|form| form == *byte));
    let has_length = bytes.get(2).is_none_or(|length| length % 6 == 0);
    if !fits || !has_length {
        return Some(false);
    }
    (bytes.len() >= FORM.len()).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_the_first_nine_bytes() {
        let settings = [0, 0, 12, 4, 0, 0, 0, 0, 0, 1, 2];
        for end in 0..settings.len() {
            assert_eq!(begins_with_settings(&settings[..end]), (end >= 9).then_some(true));
        }
        for (at, wrong) in [(0, b'H'), (1, 1), (2, 13), (3, 0), (4, 1), (5, 128), (8, 1)] {
            let mut bytes = settings;
            bytes[at] = wrong;
            assert_eq!(begins_with_settings(&bytes), Some(false), "{at}");
        }
    }
}
