//! Names of JSON members, as the user gave them, and how the names in a body are compared with them.
//!
//! Letters are compared in any case. A name of several words, `api_key`, `api-key` or `apiKey`, is one name however its words are
//! joined. Nothing else makes names equal: `api_keys`, `my_api_key` and `ap_ikey` are others.

use std::borrow::Cow;
use std::collections::HashMap;

use ahash::RandomState;
use memchr::memchr;

/// Names as they are compared: in lower case, and without what joins their words.
#[derive(Debug)]
pub(super) struct MemberNames {
    /// By each name without joints, where its words may be joined.
    joints: HashMap<Vec<u8>, Vec<usize>, RandomState>,
    /// The first bytes of names, a bit each.
    firsts: [u64; 4],
    /// Of the shortest name and of the longest with all its joints.
    lengths: (usize, usize),
}

/// A name in its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    /// In lower case, without joints.
    pub text: Vec<u8>,
    /// Where words are joined, in order: places in `text`.
    pub joints: Vec<usize>,
}

impl Folded {
    /// With `humps` also a capital letter begins a word.
    pub fn of(name: &str, humps: bool) -> Self {
        let mut folded = Self::default();
        let mut before = None;
        let mut chars = name.chars().peekable();
        while let Some(char) = chars.next() {
            let after = chars.peek().copied();
            let joins = |next: Option<char>| next.is_some_and(|next| !is_joint(next));
            if is_joint(char) && joins(before) && joins(after) {
                folded.joints.push(folded.text.len());
            } else {
                let hump = |before: char| {
                    !before.is_uppercase() && before.is_alphanumeric()
                        || before.is_uppercase() && after.is_some_and(char::is_lowercase)
                };
                if humps && char.is_uppercase() && before.is_some_and(hump) {
                    folded.joints.push(folded.text.len());
                }
                push_lower(&mut folded.text, char);
            }
            before = Some(char);
        }
        folded
    }
}

pub(super) const fn is_joint(char: char) -> bool {
    matches!(char, '_' | '-')
}

/// A character beyond ASCII stays there: the Kelvin sign is no `k`.
fn push_lower(out: &mut Vec<u8>, char: char) {
    if char.is_ascii() {
        out.push(char.to_ascii_lowercase() as u8);
        return;
    }
    let lower = char.to_lowercase();
    let same = lower.clone().any(|lower| lower.is_ascii());
    let mut push = |char: char| out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    if same { push(char) } else { lower.for_each(push) }
}

impl MemberNames {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut joints: HashMap<_, Vec<usize>, _> = HashMap::default();
        let (mut firsts, mut lengths) = ([0; 4], (usize::MAX, 0));
        for name in names {
            let folded = Folded::of(name, true);
            // Characters may have other lengths in other cases: all but ASCII is taken for the longest and the shortest.
            let (least, most) = if name.is_ascii() { (name.len(), name.len()) } else { (0, 6 * name.len()) };
            lengths =
                (lengths.0.min(least - folded.joints.len().min(least)), lengths.1.max(most + folded.joints.len()));
            if name.is_ascii() {
                let first = folded.text.first().copied().unwrap_or_default();
                set(&mut firsts, first);
                set(&mut firsts, first.to_ascii_uppercase());
            } else {
                firsts = [u64::MAX; 4];
            }
            joints.entry(folded.text).or_default().extend(folded.joints);
        }
        Self { joints, firsts, lengths }
    }

    /// True if the name of a member, as it stands between its quotes, is one of these; `None` if it cannot be read.
    #[inline]
    pub fn has(&self, raw: &[u8]) -> Option<bool> {
        let first = raw.first().copied().unwrap_or_default();
        let may_be = has(&self.firsts, first) && (self.lengths.0..=self.lengths.1).contains(&raw.len());
        if !may_be && memchr(b'\\', raw).is_none() {
            return Some(raw.is_empty() && self.joints.contains_key(raw));
        }
        self.has_unescaped(&unescaped(raw)?).into()
    }

    fn has_unescaped(&self, name: &[u8]) -> bool {
        let Folded { text, joints } = Folded::of(&String::from_utf8_lossy(name), false);
        self.joints.get(&text).is_some_and(|allowed| joints.iter().all(|joint| allowed.contains(joint)))
    }
}

fn set(bits: &mut [u64; 4], byte: u8) {
    if let Some(word) = bits.get_mut(usize::from(byte >> 6)) {
        *word |= 1 << (byte & 63);
    }
}

fn has(bits: &[u64; 4], byte: u8) -> bool {
    bits.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
}

/// The text of a JSON string (RFC 8259 §7); `None` where an escape is none.
fn unescaped(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr(b'\\', raw).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    let (mut out, mut rest) = (Vec::with_capacity(raw.len()), raw);
    while let Some(at) = memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let (byte, length) = match *escape.get(1)? {
            same @ (b'"' | b'\\' | b'/') => (same, 2),
            b'b' => (8, 2),
            b'f' => (12, 2),
            b'n' => (b'\n', 2),
            b'r' => (b'\r', 2),
            b't' => (b'\t', 2),
            b'u' => {
                let (char, length) = unicode(escape)?;
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                rest = escape.get(length..)?;
                continue;
            }
            _ => return None,
        };
        out.push(byte);
        rest = escape.get(length..)?;
    }
    out.extend_from_slice(rest);
    Some(Cow::Owned(out))
}

/// The character of `\uXXXX`, or of two such that are a surrogate pair, and how long that is.
fn unicode(escape: &[u8]) -> Option<(char, usize)> {
    let high = unit(escape)?;
    if let Some(low) = escape.get(6..).and_then(unit)
        && let Some(Ok(char)) = char::decode_utf16([high, low]).next()
        && char.len_utf16() == 2
    {
        return Some((char, 12));
    }
    Some((char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

pub(super) fn unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)? as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_and_any_joint_between_words() {
        let names =
            MemberNames::new(["password", "api_key", "cardNumber", "X-API-Token", "größe", "_id", "", "a/b", "ID"]);
        for name in [
            "password",
            "PassWord",
            "api_key",
            "apiKey",
            "API-KEY",
            "apikey",
            "card_number",
            "cardnumber",
            "CARD-NUMBER",
            "xApiToken",
            "x_api-token",
            "GRÖSSE".replace("SS", "ß").as_str(),
            "_ID",
            "",
            "a/b",
            "a\\/b",
            "id",
            "Id",
            "\\u0070assword",
            "pass\\u0077ord",
            "api\\u005Fkey",
            "\\u0067r\\u00f6\\u00DFe",
            "\\u0069d",
        ] {
            assert_eq!(names.has(name.as_bytes()), Some(true), "{name}");
        }
        for name in [
            "passwords",
            "my_password",
            "pass_word",
            "ap_ikey",
            "api__key",
            "_api_key",
            "api_key_",
            "id_",
            "-id",
            "pass word",
            "\u{212a}ey",
            "i",
            "_",
            "passwor\\\\u0064",
            "pa\\ud83dssword",
        ] {
            assert_eq!(names.has(name.as_bytes()), Some(false), "{name}");
        }
        for broken in ["passwor\\u006", "\\x", "id\\"] {
            assert_eq!(names.has(broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(MemberNames::new([]).has(b""), Some(false));
    }

    #[test]
    fn escapes_are_those_of_serde_json() {
        for raw in [r#"\"\\\/\b\f\n\r\t"#, r"\u0041\u00e9\u20ac", r"\ud83d\ude00x", "plain é"] {
            let text: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
            assert_eq!(unescaped(raw.as_bytes()).unwrap(), text.as_bytes());
        }
    }
}
