//! Finds where in a text a name may stand, many bytes at a time: most bodies have none, and then nothing else is to be done.
//!
//! In: text. Out: each place where a name stands as a word by itself, in whatever way, and each escape that may hide a letter
//! of a name. Four bytes in a row of each name are looked for by their low four bits, which are the same for a letter in any case;
//! what that finds is compared in full. Up to eight groups of names are looked for together, a bit each.

use std::ops::Range;

use super::members::{Folded, is_joint, unit};
use super::tables::{Passed, Tables, WINDOW, groups_at};

/// Groups: as many as a byte has bits.
const GROUPS: usize = 8;
/// Letters by how often English has them, and so names of members: the bytes to look for stand last.
const BY_FREQUENCY: &[u8] = b"etaoinsrhldcumfpgwybvkxjqz";

#[derive(Debug)]
pub(super) struct Search {
    tables: Tables,
    groups: [Vec<Needle>; GROUPS],
    /// Bytes that a name may consist of, a bit each.
    letters: u128,
}

/// A name, or the beginning of an escape.
#[derive(Debug)]
struct Needle {
    name: Folded,
    /// Where in the name the bytes stand that are looked for, and how many they are.
    at: usize,
    length: usize,
    escape: bool,
}

/// The result of a search.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// A name, not as a part of a longer word.
    Name(Range<usize>),
    /// `\u00XX` that stands for a letter of a name.
    Escape,
}

/// No name is in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing {
    /// True if all bytes were seen to be ASCII.
    pub is_ascii: bool,
}

impl Search {
    /// `None` where a name cannot be looked for: it has characters that JSON may write in several ways.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut search =
            Self { tables: [[0; 16]; WINDOW], groups: std::array::from_fn(|_| Vec::new()), letters: joint_bits() };
        for name in names {
            let folded = Folded::of(name, true);
            let as_it_is = |b: &u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\' | b'/');
            if folded.text.is_empty() || !folded.text.iter().all(as_it_is) {
                return None;
            }
            for byte in &folded.text {
                search.letters |= 1 << byte | 1 << byte.to_ascii_uppercase();
            }
            let (at, length) = window(&folded);
            search.add(Needle { name: folded, at, length, escape: false });
        }
        let escape = Folded { text: b"\\u00".to_vec(), joints: Vec::new() };
        search.add(Needle { name: escape, at: 0, length: WINDOW, escape: true });
        Some(search)
    }

    /// To the group that finds the least by chance with it.
    fn add(&mut self, needle: Needle) {
        let masks = needle.masks();
        let lows = |table: &[u8; 16], group: usize| {
            let fit = table.iter().enumerate().filter(|(_, groups)| **groups >> group & 1 == 1);
            fit.fold(0_u16, |bits, (low, _)| bits | 1 << low)
        };
        let cost = |group: usize| {
            let now = self.tables.iter().map(|table| lows(table, group));
            let before: u64 = now.clone().map(|lows| u64::from(lows.count_ones())).product();
            let after: u64 = now.zip(masks).map(|(lows, mask)| u64::from((lows | mask).count_ones())).product();
            after - before
        };
        let Some(group) = (0..GROUPS).min_by_key(|group| cost(*group)) else { return };
        for (table, mask) in self.tables.iter_mut().zip(masks) {
            for (low, groups) in table.iter_mut().enumerate() {
                *groups |= u8::from(mask >> low & 1 == 1) << group;
            }
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.push(needle);
        }
    }

    /// The first that stands at `from` or after it.
    pub fn next(&self, text: &[u8], from: usize) -> Option<Hit> {
        self.look(text, from, pass).ok()
    }

    /// `None` if there is a hit.
    pub fn nothing_in(&self, text: &[u8]) -> Option<Nothing> {
        self.look(text, 0, pass).err()
    }

    fn look(&self, text: &[u8], from: usize, pass: impl Fn(&Tables, &[u8], usize) -> Passed) -> Result<Hit, Nothing> {
        let (mut at, mut is_ascii) = (from, true);
        while at < text.len() {
            let passed = pass(&self.tables, text, at);
            is_ascii &= passed.is_ascii;
            if let Some(hit) = self.compare(text, passed.at, groups_at(&self.tables, text, passed.at)) {
                return Ok(hit);
            }
            at = passed.at + 1;
        }
        Err(Nothing { is_ascii })
    }

    /// The hit at `at`, if the bytes there are as in a needle of these groups.
    fn compare(&self, text: &[u8], at: usize, groups: u8) -> Option<Hit> {
        let length = |hit: &Hit| if let Hit::Name(name) = hit { name.len() } else { usize::MAX };
        let (mut left, mut found): (u8, Option<Hit>) = (groups, None);
        while left != 0 {
            for needle in self.groups.get(left.trailing_zeros() as usize)? {
                let hit = needle.compare(text, at, self.letters);
                // The longest: `card` stands in `card number`, which may be a name too.
                if hit.as_ref().map(length) > found.as_ref().map(length) {
                    found = hit;
                }
            }
            left &= left - 1;
        }
        found
    }
}

/// Looks for the first place from `from` on where a group fits.
fn pass(tables: &Tables, text: &[u8], from: usize) -> Passed {
    #[cfg(target_arch = "x86_64")]
    if let Some(passed) = super::vectors::pass(tables, text, from) {
        return passed;
    }
    pass_by_bytes(tables, text, from)
}

/// On any processor.
fn pass_by_bytes(tables: &Tables, text: &[u8], from: usize) -> Passed {
    let at = (from..text.len()).find(|at| groups_at(tables, text, *at) != 0).unwrap_or(text.len());
    Passed { at, is_ascii: text.get(from..at).is_some_and(<[u8]>::is_ascii) }
}

impl Needle {
    /// For each place of the window a bit for each low four bits that fit.
    fn masks(&self) -> [u16; WINDOW] {
        let window = self.name.text.iter().skip(self.at).take(self.length);
        let mut masks = [u16::MAX; WINDOW];
        masks.iter_mut().zip(window).for_each(|(mask, byte)| *mask = 1 << (byte & 15));
        masks
    }

    /// The hit in the text, if the needle's window is at `at`.
    fn compare(&self, text: &[u8], at: usize, letters: u128) -> Option<Hit> {
        if self.escape {
            let unit = unit(text.get(at..)?)?;
            return (unit < 0x80 && letters >> unit & 1 == 1).then_some(Hit::Escape);
        }
        let Folded { text: name, joints } = &self.name;
        let is_joint_at = |at: usize| text.get(at).is_some_and(|byte| is_joint(char::from(*byte)));
        let mut end = at;
        for (place, byte) in name.iter().enumerate().skip(self.at) {
            if place > self.at && is_joint_at(end) && joints.contains(&place) {
                end += 1;
            }
            if text.get(end)?.to_ascii_lowercase() != *byte {
                return None;
            }
            end += 1;
        }
        let mut start = at;
        for (place, byte) in name.iter().enumerate().take(self.at).rev() {
            if start > 0 && is_joint_at(start - 1) && joints.contains(&(place + 1)) {
                start -= 1;
            }
            start = start.checked_sub(1)?;
            if text.get(start)?.to_ascii_lowercase() != *byte {
                return None;
            }
        }
        let before = start.checked_sub(1).and_then(|before| text.get(before));
        let alone = !before.is_some_and(is_of_word) && !text.get(end).is_some_and(is_of_word);
        alone.then_some(Hit::Name(start..end))
    }
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | 0x80..)
}

/// The rarest bytes in a row of a name that nothing can stand between: where they begin, and how many they are.
fn window(Folded { text, joints }: &Folded) -> (usize, usize) {
    let rarity =
        |byte: &u8| BY_FREQUENCY.iter().position(|letter| letter == byte).unwrap_or(BY_FREQUENCY.len() / 2) + 1;
    let windows = (0..text.len()).map(|at| {
        let word_end = joints.iter().copied().find(|joint| *joint > at).unwrap_or(text.len());
        (at, WINDOW.min(word_end - at))
    });
    let score = |(at, length): &(usize, usize)| text.iter().skip(*at).take(*length).map(rarity).sum::<usize>();
    windows.max_by_key(score).unwrap_or_default()
}

/// An escape may stand for what joins words.
const fn joint_bits() -> u128 {
    1 << b'-' | 1 << b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the processor does it, in all ways that it can.
    fn look(search: &Search, text: &[u8], from: usize) -> Result<Hit, Nothing> {
        let found = search.look(text, from, pass_by_bytes);
        assert_eq!(search.look(text, from, pass), found);
        #[cfg(target_arch = "x86_64")]
        for by in [super::super::vectors::pass_by_64_bytes, super::super::vectors::pass_by_32_bytes] {
            if by(&search.tables, text, from).is_some() {
                assert_eq!(search.look(text, from, |tables, text, from| by(tables, text, from).unwrap()), found);
            }
        }
        found
    }

    fn all(search: &Search, text: &[u8]) -> Vec<String> {
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            match look(search, text, from) {
                Ok(Hit::Name(name)) => {
                    found.push(String::from_utf8_lossy(&text[name.clone()]).into_owned());
                    from = name.end;
                }
                Ok(Hit::Escape) => return [found, vec!["escape".to_owned()]].concat(),
                Err(nothing) => {
                    assert_eq!(nothing, Nothing { is_ascii: text[from..].is_ascii() });
                    return found;
                }
            }
        }
    }

    #[test]
    fn names_that_are_words_by_themselves() {
        let search = Search::new(["password", "api_key", "pin", "cardNumber", "card", "x"]).unwrap();
        for (text, found) in [
            (r#"{"password":1,"Api-Key":2,"apikey":3}"#, &["password", "Api-Key", "apikey"][..]),
            (r#"{"passwords":1,"my_password":2,"password2":3,"pass_word":4,"ap_ikey":5,"passwordé":6}"#, &[]),
            ("a password, a PIN; card_number", &["password", "PIN", "card_number"]),
            ("pin", &["pin"]),
            ("xpinx pin", &["pin"]),
            ("card x", &["card", "x"]),
            (r"caf\u00e9 \u003c \u0020", &[]),
            (r"pin \u0050in", &["pin", "escape"]),
            (r"api\u005fkey", &["escape"]),
        ] {
            for (before, after) in (0..170).flat_map(|before| [(before, 0), (before, 170 - before)]) {
                let text = [&vec![b' '; before], text.as_bytes(), &vec![b' '; after]].concat();
                assert_eq!(all(&search, &text), found, "{}", String::from_utf8_lossy(&text));
            }
        }
        assert!(Search::new(["größe"]).is_none() && Search::new(["a/b"]).is_none() && Search::new([""]).is_none());
    }

    proptest! {
        #[test]
        fn vectors_find_what_bytes_find(
            names in prop::collection::vec("[a-c_]{0,4}[a-c]", 1..20),
            text in "[a-cA-C_\\- u0é]{0,400}",
        ) {
            let search = Search::new(names.iter().map(String::as_str)).unwrap();
            all(&search, text.as_bytes());
        }
    }
}
