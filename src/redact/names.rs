//! Names whose values are secret, and how they are found in text that may be dressed up: with other case, with odd bytes around
//! or inside a name, with `_` for `-`.
//!
//! In: the names that the user gave; later a field's name or a parameter's. Out: where a secret name ends in it. Generous: what a
//! lenient receiver might take for the name is taken for it. Work is in proportion to the text, however many names there are.
#![allow(clippy::indexing_slicing, reason = "a table of 256 entries, indexed by a byte")]

use std::collections::HashSet;

use ahash::RandomState;

/// Stands in place of a secret.
pub(crate) const REDACTED: &[u8] = b"[REDACTED]";

/// The names as a tree, one symbol a node: a walk through it costs no more than the text has in common with a name.
#[derive(Debug)]
pub(crate) struct Names {
    /// The first is the root.
    nodes: Vec<Node>,
    /// The root's children by their symbols: most walks end here.
    firsts: Box<[u32; 256]>,
    /// Names without a letter or a digit, in lower case: they are compared as they are.
    marks: HashSet<Vec<u8>, RandomState>,
    /// A name has letters beyond ASCII. Otherwise these are odd bytes.
    beyond_ascii: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Node {
    symbol: u8,
    /// A name ends here.
    ends: bool,
    /// 0 is none.
    first_child: u32,
    next_sibling: u32,
}

/// The meaning of a piece of text for the comparison of names.
enum Piece {
    /// Letters and digits, which are compared: so many bytes of UTF-8, in lower case.
    Symbols([u8; MAX_SYMBOL_BYTES], usize),
    /// `-` and `_`: passed over. They do not part a name from what is before or after it: `set-cookie` is not `cookie`.
    Joint,
    /// Anything else: passed over. A name may begin after it and end before it.
    Odd,
}

/// The case folding of one character is at most three characters.
const MAX_SYMBOL_BYTES: usize = 12;

/// The class of each byte: the byte in lower case if it is a symbol, or a class from below.
static CLASSES: [u8; 256] = {
    let mut classes = [ODD; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            symbol @ (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9') => symbol.to_ascii_lowercase(),
            b'-' | b'_' => JOINT,
            0x80.. => BEYOND_ASCII,
            _ => ODD,
        };
        byte += 1;
    }
    classes
};
const ODD: u8 = 0;
const JOINT: u8 = 1;
const BEYOND_ASCII: u8 = 2;

impl Names {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self {
            nodes: vec![Node::default()],
            firsts: Box::new([0; 256]),
            marks: HashSet::default(),
            beyond_ascii: false,
        };
        for name in names {
            all.add(name);
        }
        all
    }

    fn add(&mut self, name: &str) {
        let (mut node, mut at) = (0, 0);
        while let Some((piece, length)) = piece_at(name.as_bytes(), at) {
            if let Piece::Symbols(symbols, count) = piece {
                for &symbol in symbols.iter().take(count) {
                    self.beyond_ascii |= !symbol.is_ascii();
                    node = self.child(node, symbol).unwrap_or_else(|| self.add_child(node, symbol));
                }
            }
            at += length;
        }
        match self.nodes.get_mut(node as usize) {
            Some(last) if node != 0 => last.ends = true,
            _ => drop(self.marks.insert(name.to_ascii_lowercase().into_bytes())),
        }
    }

    fn add_child(&mut self, parent: u32, symbol: u8) -> u32 {
        // Names are options: far fewer than this has room for.
        let child = self.nodes.len() as u32;
        let place = match self.firsts.get_mut(usize::from(symbol)) {
            Some(first) if parent == 0 => Some(first),
            _ => self.nodes.get_mut(parent as usize).map(|parent| &mut parent.first_child),
        };
        let next_sibling = place.map_or(0, |place| std::mem::replace(place, child));
        self.nodes.push(Node { symbol, ends: false, first_child: 0, next_sibling });
        child
    }

    fn child(&self, parent: u32, symbol: u8) -> Option<u32> {
        if parent == 0 {
            return Some(self.first(symbol)).filter(|child| *child != 0);
        }
        let mut child = self.nodes.get(parent as usize)?.first_child;
        while child != 0 {
            let node = self.nodes.get(child as usize)?;
            if node.symbol == symbol {
                return Some(child);
            }
            child = node.next_sibling;
        }
        None
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1 && self.marks.is_empty()
    }

    /// Where the first of these names that stands in `text` ends.
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        if !self.marks.is_empty() && self.marks.contains(&text.trim_ascii().to_ascii_lowercase()) {
            return Some(text.len());
        }
        let (mut at, mut may_begin) = (0, true);
        while let Some(&byte) = text.get(at) {
            match CLASSES[usize::from(byte)] {
                JOINT => at += 1,
                ODD => {
                    may_begin = true;
                    at += 1;
                }
                BEYOND_ASCII => {
                    let (piece, length) = self.piece_at(text, at)?;
                    let symbols = matches!(piece, Piece::Symbols(..));
                    if symbols
                        && may_begin
                        && let Some(end) = self.walk(text, at)
                    {
                        return Some(end);
                    }
                    may_begin = !symbols && (may_begin || matches!(piece, Piece::Odd));
                    at += length;
                }
                symbol => {
                    let begins = std::mem::take(&mut may_begin) && self.first(symbol) != 0;
                    if begins && let Some(end) = self.walk(text, at) {
                        return Some(end);
                    }
                    at += 1;
                }
            }
        }
        None
    }

    fn first(&self, symbol: u8) -> u32 {
        self.firsts.get(usize::from(symbol)).copied().unwrap_or_default()
    }

    fn piece_at(&self, text: &[u8], at: usize) -> Option<(Piece, usize)> {
        match piece_at(text, at)? {
            (Piece::Symbols([first, ..], _), length) if !first.is_ascii() && !self.beyond_ascii => {
                Some((Piece::Odd, length))
            }
            known => Some(known),
        }
    }

    /// The end of a name that begins at `at`.
    fn walk(&self, text: &[u8], mut at: usize) -> Option<usize> {
        // The end of the last name whose symbols were all there: it counts if no symbol follows without an odd byte between.
        let (mut node, mut end) = (0, None);
        while let Some(&byte) = text.get(at) {
            let (class, mut length) = (CLASSES[usize::from(byte)], 1);
            match class {
                JOINT => {}
                ODD if end.is_some() => return end,
                ODD => {}
                BEYOND_ASCII => {
                    let piece;
                    (piece, length) = self.piece_at(text, at)?;
                    match piece {
                        Piece::Symbols(symbols, count) => {
                            for &symbol in symbols.iter().take(count) {
                                node = self.child(node, symbol)?;
                            }
                            end = self.ends(node).then_some(at + length);
                        }
                        Piece::Odd if end.is_some() => return end,
                        Piece::Odd | Piece::Joint => {}
                    }
                }
                symbol => {
                    node = self.child(node, symbol)?;
                    end = self.ends(node).then_some(at + 1);
                }
            }
            at += length;
        }
        end
    }

    fn ends(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|node| node.ends)
    }
}

/// The piece at `at`, and its length; `None` at the end.
fn piece_at(text: &[u8], at: usize) -> Option<(Piece, usize)> {
    Some(match CLASSES[usize::from(*text.get(at)?)] {
        ODD => (Piece::Odd, 1),
        JOINT => (Piece::Joint, 1),
        BEYOND_ASCII => char_at(text, at).map_or((Piece::Odd, 1), |char| (piece_of(char), char.len_utf8())),
        symbol => {
            let mut symbols = [0; MAX_SYMBOL_BYTES];
            symbols[0] = symbol;
            (Piece::Symbols(symbols, 1), 1)
        }
    })
}

/// The character that stands at `at` in UTF-8.
fn char_at(text: &[u8], at: usize) -> Option<char> {
    (2..=4).find_map(|length| std::str::from_utf8(text.get(at..at + length)?).ok()?.chars().next())
}

fn piece_of(char: char) -> Piece {
    // Fullwidth forms of ASCII, which compatibility normalisation (Unicode Standard Annex #15) makes plain.
    let char = match u32::from(char) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xff01 + 0x21).unwrap_or(char),
        _ => char,
    };
    if matches!(char, '-' | '_') {
        return Piece::Joint;
    }
    if !char.is_alphanumeric() {
        return Piece::Odd;
    }
    // By way of upper case: the Kelvin sign is a `k` then, and the long s an `s`.
    let folded = char.to_uppercase().flat_map(char::to_lowercase).filter(|char| char.is_alphanumeric());
    let (mut symbols, mut count) = ([0; MAX_SYMBOL_BYTES], 0);
    for char in folded {
        let mut bytes = [0; 4];
        for byte in char.encode_utf8(&mut bytes).bytes() {
            if let Some(place) = symbols.get_mut(count) {
                *place = byte;
                count += 1;
            }
        }
    }
    Piece::Symbols(symbols, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_dressed_up() {
        let names = Names::new(["authorization", "x-api-key", "token", "schlüssel", "密码", "~"]);
        for (text, found) in [
            ("authorization", "authorization"),
            ("AUTHORIZATION", "AUTHORIZATION"),
            ("_Authorization_", "_Authorization"),
            ("\u{feff}Authorization\u{a0}", "\u{feff}Authorization"),
            ("Author\0ization", "Author\0ization"),
            ("Author\u{ad}iza\u{200b}tion", "Author\u{ad}iza\u{200b}tion"),
            ("x\rAuthorization;y", "x\rAuthorization"),
            ("X_Api_Key", "X_Api_Key"),
            ("x_api-key", "x_api-key"),
            ("to\u{212a}en", "to\u{212a}en"),
            ("ｔｏｋｅｎ", "ｔｏｋｅｎ"),
            ("user[token]", "user[token"),
            ("token.x", "token"),
            ("-token.token-x", "-token"),
            ("SCHLÜSSEL", "SCHLÜSSEL"),
            ("密码", "密码"),
            (" ~ ", " ~ "),
            ("tokens token", "tokens token"),
            // Not taken for a name.
            ("tokens", ""),
            ("x-token", ""),
            ("token_x", ""),
            ("x-authorization", ""),
            ("proxy_authorization", ""),
            ("toke", ""),
            ("", ""),
        ] {
            let end = names.find(text.as_bytes()).unwrap_or_default();
            assert_eq!(text.get(..end), Some(found), "{text:?}");
        }
        for odd in [&b"token\xa0"[..], b"\xe9token", b"token\x85x", b"\xff\xfetoken"] {
            assert!(names.find(odd).is_some(), "{odd:?}");
        }
        let ascii = Names::new(["token"]);
        assert_eq!(
            ["étoken", "tokené", "to日ken", "tokené2"].map(|text| ascii.find(text.as_bytes())),
            [Some(7), Some(5), Some(8), Some(5)]
        );
        assert!(Names::new([]).is_empty() && Names::new([]).find(b"token").is_none());
    }
}
