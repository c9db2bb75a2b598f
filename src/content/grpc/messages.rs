//! The contents of a body's messages: taken out of the bytes that were kept of the body, and decompressed.

use std::borrow::Cow;

use super::TextDecoder;
use super::index::{MessageIndex, Place};
use crate::content::{Coding, Limits, add_codings, decode};

/// How the messages that are compressed are: `grpc-encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageCoding {
    /// No coding was named, as far as was seen: the field may refer to what was sent before the capture.
    #[default]
    Unnamed,
    /// A compressed message is an error.
    Identity,
    Known(Coding),
    /// A coding that cannot be removed.
    Unknown,
}

impl MessageCoding {
    pub fn of(value: &[u8]) -> Self {
        let mut codings = Vec::new();
        match (add_codings(value, &mut codings), &*codings) {
            (Ok(()), []) => Self::Identity,
            (Ok(()), [coding]) => Self::Known(*coding),
            _ => Self::Unknown,
        }
    }

    /// The coding of a compressed message that was `sent`, or of which that is the beginning (`is_cut`). gzip ends with a checksum, so
    /// that a whole message of it is known for what it is.
    pub fn of_message(self, sent: &[u8], is_cut: bool) -> Option<Coding> {
        match self {
            Self::Known(coding) => Some(coding),
            Self::Unnamed if !is_cut && sent.starts_with(GZIP) => Some(Coding::Gzip),
            Self::Unnamed | Self::Identity | Self::Unknown => None,
        }
    }
}

/// The beginning of gzip with deflate (RFC 1952 §2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b, 8];

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// As it was sent: still compressed.
    pub size: u32,
    pub compressed: bool,
    /// Decompressed, or as much of it as there is. `None` if it cannot be decompressed.
    pub data: Option<Cow<'a, [u8]>>,
    /// There is more of it than `data`: it was lost, not kept, or is over the limit.
    pub truncated: bool,
    /// It is over the limit.
    pub over_limit: bool,
}

/// The messages in `body`: the bytes that were kept of it, those from its beginning on. All of them together hold at most
/// `max_bytes`.
///
/// After a message that is not coded as it says none is decompressed any more: nothing else bounds the work that goes into those.
pub fn messages<'a>(index: &MessageIndex, body: &'a [u8], coding: MessageCoding, max_bytes: usize) -> Vec<Message<'a>> {
    let mut left = max_bytes;
    let body = if index.is_text() { Cow::Owned(plain(body)) } else { Cow::Borrowed(body) };
    let mut coding = coding;
    index.places().iter().map(|place| message(*place, &body, &mut coding, &mut left)).collect()
}

fn plain(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    TextDecoder::new().push(text, &mut bytes);
    bytes
}

fn message<'a>(place: Place, body: &Cow<'a, [u8]>, coding: &mut MessageCoding, left: &mut usize) -> Message<'a> {
    let at = usize::try_from(place.at).unwrap_or(usize::MAX).min(body.len());
    let end = at.saturating_add(place.arrived as usize).min(body.len());
    let cut = end - at < place.size as usize;
    let sent = match body {
        Cow::Borrowed(body) => Cow::Borrowed(body.get(at..end).unwrap_or_default()),
        Cow::Owned(body) => Cow::Owned(body.get(at..end).unwrap_or_default().to_vec()),
    };
    let message =
        Message { size: place.size, compressed: place.compressed, data: None, truncated: cut, over_limit: false };
    let is_compressed = place.compressed && place.size > 0;
    let message = match coding.of_message(&sent, cut) {
        _ if !is_compressed => within(sent, message, *left),
        None => message,
        Some(known) => {
            let plain = decompress(&sent, message.clone(), known, *left);
            let is_proved = *coding != MessageCoding::Unnamed || !plain.truncated;
            if plain.data.is_none() || !is_proved {
                *coding = MessageCoding::Unknown;
            }
            if is_proved { plain } else { message }
        }
    };
    *left -= message.data.as_ref().map_or(0, |data| data.len());
    message
}

fn within<'a>(data: Cow<'a, [u8]>, message: Message<'a>, max_bytes: usize) -> Message<'a> {
    if data.len() <= max_bytes {
        return Message { data: Some(data), ..message };
    }
    let data = match data {
        Cow::Borrowed(data) => Cow::Borrowed(data.get(..max_bytes).unwrap_or_default()),
        Cow::Owned(mut data) => {
            data.truncate(max_bytes);
            Cow::Owned(data)
        }
    };
    Message { data: Some(data), truncated: true, over_limit: true, ..message }
}

fn decompress<'a>(sent: &[u8], message: Message<'a>, coding: Coding, max_bytes: usize) -> Message<'a> {
    if sent.is_empty() || max_bytes == 0 {
        let over_limit = max_bytes == 0;
        return Message { data: Some(Cow::default()), truncated: true, over_limit, ..message };
    }
    match decode(sent, message.truncated, &[coding], Limits { content_bytes: max_bytes, decoded_bytes: max_bytes }) {
        Ok(content) => Message {
            data: Some(Cow::Owned(content.bytes.into_owned())),
            truncated: content.cut,
            over_limit: content.over_limit || content.over_work,
            ..message
        },
        Err(_) => message,
    }
}
