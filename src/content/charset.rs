//! Text of any charset as UTF-8, by the labels and tables of the WHATWG Encoding Standard.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8};
use memchr::{memchr2, memmem};

pub type Charset = &'static Encoding;

/// The charset that a `Content-Type` value names, if it is one that is known and not UTF-8.
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

#[derive(Debug, PartialEq, Eq)]
pub struct Text<'a> {
    pub text: Cow<'a, str>,
    /// What it was before, where it was not UTF-8: a name in lower case.
    pub converted_from: Option<String>,
}

/// `bytes` as text: as they are when they are UTF-8, else from the charset they are said to be in. With `cut` they may end
/// within a character, which is left out. `None` when they are neither.
pub fn text_of(bytes: &[u8], cut: bool, charset: Option<Charset>) -> Option<Text<'_>> {
    let as_it_is = |text| Text { text: Cow::Borrowed(text), converted_from: None };
    let utf8 = utf8(bytes, cut);
    let Some(charset) = charset else { return utf8.map(as_it_is) };
    match utf8 {
        // UTF-16 in Latin script and ISO-2022-JP are valid UTF-8 as well, but with bytes that no text in UTF-8 has.
        Some(text) if charset.is_ascii_compatible() || memchr2(0, 0x1b, bytes).is_none() => Some(as_it_is(text)),
        _ => convert(bytes, cut, charset).or_else(|| utf8.map(as_it_is)),
    }
}

/// The bytes as UTF-8, up to a character that is cut off if something is.
pub fn utf8(bytes: &[u8], cut: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if cut && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
        }
        Err(_) => None,
    }
}

fn convert(bytes: &[u8], cut: bool, charset: Charset) -> Option<Text<'static>> {
    // A byte order mark has the last word.
    let mut decoder = charset.new_decoder();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, !cut).0 {
        DecoderResult::InputEmpty => {}
        DecoderResult::OutputFull | DecoderResult::Malformed(..) => return None,
    }
    Some(Text { text: Cow::Owned(text), converted_from: Some(decoder.encoding().name().to_ascii_lowercase()) })
}
