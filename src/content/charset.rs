//! Text of any charset as UTF-8, by the labels and tables of the WHATWG Encoding Standard.

use encoding_rs::{DecoderResult, Encoding, UTF_8};
use memchr::{memchr2, memmem};

pub type Charset = &'static Encoding;

/// The charset that a `Content-Type` value names, if that charset is known and not UTF-8.
pub fn charset_of(content_type: &[u8]) -> Option<Charset> {
    let parameters = content_type.split(|&b| b == b';').skip(1);
    let label = parameters.filter_map(|parameter| {
        let equals = memmem::find(parameter, b"=")?;
        let (name, value) = parameter.split_at(equals);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        name.trim_ascii().eq_ignore_ascii_case(b"charset").then_some(unquoted.unwrap_or(value))
    });
    let mut label = label.take(1).filter(|label| !label.eq_ignore_ascii_case(b"utf-8"));
    label.find_map(Encoding::for_label).filter(|charset| *charset != UTF_8)
}

/// Text that was not UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub struct Converted {
    pub text: String,
    /// The charset that it was in: a name in lower case.
    pub charset: String,
}

/// The text of `bytes` that are said to be in `charset`; `None` when they are not, or are plain UTF-8. With `cut` they may
/// end within a character, which is left out.
pub fn convert(bytes: &[u8], cut: bool, charset: Charset) -> Option<Converted> {
    // UTF-16 in Latin script and ISO-2022-JP are valid UTF-8 as well, but with bytes that no text in UTF-8 has.
    let plain = |text: &str| charset.is_ascii_compatible() || memchr2(0, 0x1b, text.as_bytes()).is_none();
    if utf8(bytes, cut).is_some_and(plain) {
        return None;
    }
    // A byte order mark has the last word. The decoder's own look at it would keep bytes back that might be one.
    let (charset, mark_bytes) = Encoding::for_bom(bytes).unwrap_or((charset, 0));
    let bytes = bytes.get(mark_bytes..).unwrap_or_default();
    let mut decoder = charset.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, !cut).0 {
        DecoderResult::InputEmpty => Some(Converted { text, charset: decoder.encoding().name().to_ascii_lowercase() }),
        DecoderResult::OutputFull | DecoderResult::Malformed(..) => None,
    }
}

/// The bytes as UTF-8, up to a character that is cut off if something is.
pub fn utf8(bytes: &[u8], cut: bool) -> Option<&str> {
    match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if cut && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
        }
        Err(_) => None,
    }
}
