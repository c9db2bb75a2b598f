//! JSON (RFC 8259) passed over value by value, without building anything: where the values of named members stand.
//!
//! In: text, whole or cut. Out: ranges of it, and the place from which on it is no JSON any more. Values that follow each other
//! with or without whitespace are taken too (NDJSON, RFC 7464), and commas too many before an end. The work is in proportion to
//! the text, and the memory to its depth: a bit a level.

use std::ops::Range;

use memchr::memchr3;

use super::members::MemberNames;

/// Why the text cannot be passed over any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It ends here.
    End,
    /// It is no JSON from here on.
    Lost(usize),
}

/// The result of looking through a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Values of named members, in order.
    pub values: Vec<Range<usize>>,
    /// From where on nothing is known.
    pub lost_at: Option<usize>,
    /// The text ends before its last value does.
    pub open: bool,
}

/// Looks through all of a text.
pub(super) fn find(text: &[u8], names: &MemberNames) -> Found {
    let mut walk = Walk { text, at: 0, open: Levels::default() };
    let mut found = Found::default();
    if text.starts_with(BYTE_ORDER_MARK) {
        walk.at = BYTE_ORDER_MARK.len();
    }
    let stop = loop {
        walk.pass_separators();
        if walk.at >= text.len() {
            return found;
        }
        if let Err(stop) = walk.value(Some(names), &mut found.values) {
            break stop;
        }
    };
    match stop {
        Stop::End => found.open = true,
        Stop::Lost(at) => found.lost_at = Some(at),
    }
    found
}

/// Where the value ends that begins at `at`, or after whitespace that stands there.
pub(super) fn value_end(text: &[u8], at: usize) -> Result<Range<usize>, Stop> {
    let mut walk = Walk { text, at, open: Levels::default() };
    walk.pass_space();
    let start = walk.at;
    walk.value(None, &mut Vec::new())?;
    Ok(start..walk.at)
}

/// Where what is not whitespace begins.
pub(super) fn space_end(text: &[u8], at: usize) -> usize {
    let mut walk = Walk { text, at, open: Levels::default() };
    walk.pass_space();
    walk.at
}

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Words that are values, and those that some writers take for numbers.
const WORDS: [&[u8]; 6] = [b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity"];

struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    open: Levels,
}

/// The tokens that may come next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    /// Or the end of the array.
    ValueOrEnd,
    NameOrEnd,
    CommaOrEnd,
}

impl Walk<'_> {
    /// Passes over one value, from its first byte to its end. Values of members with one of the `names` are added to `values`;
    /// they end with the text where that stops short.
    fn value(&mut self, names: Option<&MemberNames>, values: &mut Vec<Range<usize>>) -> Result<(), Stop> {
        let base = self.open.depth;
        let mut next = Next::Value;
        loop {
            self.pass_space();
            let byte = *self.text.get(self.at).ok_or(Stop::End)?;
            match (next, byte) {
                (Next::Value | Next::ValueOrEnd, b'{') => next = self.enter(true),
                (Next::Value | Next::ValueOrEnd, b'[') => next = self.enter(false),
                (Next::Value | Next::ValueOrEnd, b'"') => {
                    self.at = self.string_end()?;
                    next = Next::CommaOrEnd;
                }
                (Next::NameOrEnd, b'"') => {
                    self.member(names, values, &mut next)?;
                }
                (Next::CommaOrEnd, b',') => {
                    self.at += 1;
                    next = if self.open.is_object() { Next::NameOrEnd } else { Next::ValueOrEnd };
                }
                (Next::NameOrEnd | Next::CommaOrEnd, b'}') if self.open.is_object() => next = self.leave(),
                (Next::ValueOrEnd | Next::CommaOrEnd, b']') if !self.open.is_object() => next = self.leave(),
                (Next::Value | Next::ValueOrEnd, _) => {
                    self.at = self.primitive_end()?;
                    next = Next::CommaOrEnd;
                }
                _ => return Err(Stop::Lost(self.at)),
            }
            if self.open.depth == base && matches!(next, Next::CommaOrEnd) {
                return Ok(());
            }
        }
    }

    /// A name and its colon; of a named member the value too.
    #[inline]
    fn member(
        &mut self,
        names: Option<&MemberNames>,
        values: &mut Vec<Range<usize>>,
        next: &mut Next,
    ) -> Result<(), Stop> {
        let start = self.at;
        let end = self.string_end()?;
        let named = match names {
            None => false,
            Some(names) => {
                let raw = self.text.get(start + 1..end - 1).unwrap_or_default();
                names.has(raw).ok_or(Stop::Lost(start))?
            }
        };
        self.at = end;
        self.pass_space();
        match self.text.get(self.at) {
            None => return Err(Stop::End),
            Some(b':') => self.at += 1,
            // No name, and so perhaps the rest of the value before it.
            Some(_) => return Err(Stop::Lost(start)),
        }
        *next = Next::Value;
        if named {
            self.pass_space();
            let start = self.at;
            let passed = self.value(None, &mut Vec::new());
            if start < self.text.len() {
                values.push(start..if passed.is_ok() { self.at } else { self.text.len() });
            }
            // All of the rest is replaced as it is.
            passed.map_err(|stop| if let Stop::Lost(_) = stop { Stop::Lost(self.text.len()) } else { stop })?;
            *next = Next::CommaOrEnd;
        }
        Ok(())
    }

    fn enter(&mut self, object: bool) -> Next {
        self.at += 1;
        self.open.push(object);
        if object { Next::NameOrEnd } else { Next::ValueOrEnd }
    }

    fn leave(&mut self) -> Next {
        self.at += 1;
        self.open.pop();
        Next::CommaOrEnd
    }

    #[inline]
    fn pass_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// Whitespace, and the record separator of RFC 7464.
    fn pass_separators(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r' | 0x1e) = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// After the quote that ends the string whose first quote stands here. A line break in it is none of JSON's: the string may
    /// have lost its end, and what follows would be read as its opposite.
    #[inline]
    fn string_end(&self) -> Result<usize, Stop> {
        let mut at = self.at + 1;
        // Most strings are short, and looking at some bytes costs less than the search in vectors.
        let near = at + 16;
        loop {
            let byte = match self.text.get(at) {
                None => return Err(Stop::End),
                Some(byte) if at < near => *byte,
                Some(_) => {
                    let rest = self.text.split_at(at).1;
                    at += memchr3(b'"', b'\\', b'\n', rest).ok_or(Stop::End)?;
                    self.text.get(at).copied().ok_or(Stop::End)?
                }
            };
            match byte {
                b'"' => return Ok(at + 1),
                b'\\' => at += 2,
                b'\n' => return Err(Stop::Lost(at)),
                _ => at += 1,
            }
        }
    }

    fn primitive_end(&self) -> Result<usize, Stop> {
        let rest = self.text.split_at(self.at).1;
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        let word = rest.split_at(length).0;
        if WORDS.contains(&word) || is_number(word) {
            return Ok(self.at + length);
        }
        let may_go_on = length == rest.len() && length > 0;
        let begins = is_number_so_far(word) || WORDS.iter().any(|known| known.starts_with(word));
        Err(if may_go_on && begins { Stop::End } else { Stop::Lost(self.at) })
    }
}

/// Not how its parts follow each other, which changes nothing in where it ends.
fn is_number(word: &[u8]) -> bool {
    is_number_so_far(word) && word.last().is_some_and(u8::is_ascii_digit)
}

fn is_number_so_far(word: &[u8]) -> bool {
    let numeric = |b: &u8| b.is_ascii_digit() || b"+-.eE".contains(b);
    matches!(word.first(), Some(b'-' | b'0'..=b'9')) && word.iter().all(numeric)
}

/// The objects and arrays that are open: a bit each, set for an object.
#[derive(Debug, Default)]
struct Levels {
    /// The innermost 64.
    top: u64,
    /// Those further out, where there are more.
    rest: Vec<u64>,
    depth: usize,
}

impl Levels {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.rest.push(self.top);
        }
        self.top = self.top << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.top >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.top = self.rest.pop().unwrap_or_default();
        }
    }

    fn is_object(&self) -> bool {
        self.depth > 0 && self.top & 1 == 1
    }
}
