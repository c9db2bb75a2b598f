//! Where in JSON the values of named members stand, found with as little work as will do.
//!
//! The names are searched for first. If each name that is there is a whole string, it is known from what is around it what that
//! string is: in JSON a quote after a letter, without a backslash before it, ends a string, and a string with a colon after it is
//! the name of a member. Names in any other place, and escapes that may hide one, take a walk through all of the text. A text in
//! which no name is, in whatever way, is left as it is also where it is no JSON.

use std::ops::Range;

use super::json::{self, Found, Stop, space_end, value_end};
use super::members::MemberNames;
use super::search::{Hit, Nothing, Search};

#[derive(Debug)]
pub(super) struct Finder {
    names: MemberNames,
    search: Option<Search>,
}

/// The role of the string that a name stands in.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// The name of a member, whose value comes at this place.
    Member(usize),
    /// A value; or the text ends with it.
    Value,
    /// Only all before it can tell.
    Unknown,
}

impl Finder {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        Self { names: MemberNames::new(names.clone()), search: Search::new(names) }
    }

    /// `Some` if a search shows that no name is in there.
    pub fn nothing_in(&self, text: &[u8]) -> Option<Nothing> {
        self.search.as_ref().filter(|_| !has_wide_start(text))?.nothing_in(text)
    }

    pub fn find(&self, text: &[u8]) -> Found {
        let near = self.search.as_ref().filter(|_| !has_wide_start(text)).and_then(|search| near_names(search, text));
        near.unwrap_or_else(|| json::find(text, &self.names))
    }

    /// The same by a walk, which tells too where the text ends too early.
    pub fn walk(&self, text: &[u8]) -> Found {
        json::find(text, &self.names)
    }
}

/// UTF-16 and UTF-32 show as zeros among the first bytes of JSON (RFC 4627 §3), and no name would be found there.
fn has_wide_start(text: &[u8]) -> bool {
    text.iter().take(4).any(|byte| *byte == 0)
}

/// `None` if it takes a walk.
fn near_names(search: &Search, text: &[u8]) -> Option<Found> {
    let (mut found, mut from) = (Found::default(), 0);
    while let Some(hit) = search.next(text, from) {
        let Hit::Name(name) = hit else { return None };
        match place_of(text, &name) {
            Place::Unknown => return None,
            Place::Value => from = name.end,
            Place::Member(at) => match value_end(text, at) {
                Ok(value) => {
                    from = value.end;
                    found.values.push(value);
                    let after = space_end(text, from);
                    found.open = after == text.len();
                    if let Some(lost_at) = lost_after(text, after) {
                        found.lost_at = Some(lost_at);
                        break;
                    }
                }
                Err(stop) => {
                    let start = space_end(text, at);
                    if start < text.len() {
                        found.values.push(start..text.len());
                    }
                    found.open = true;
                    found.lost_at = matches!(stop, Stop::Lost(_)).then_some(text.len());
                    break;
                }
            },
        }
    }
    Some(found)
}

/// Where a text that has a value of an object before `at` is no JSON any more. The next member may follow, or brackets that close,
/// and after the last of these a comma, nothing, or the next text, which is on a line of its own if it could be the value's rest.
fn lost_after(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..).unwrap_or_default();
    let closing =
        rest.iter().take_while(|byte| matches!(byte, b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | 0x1e)).count();
    let (closing, rest) = rest.split_at_checked(closing).unwrap_or_default();
    let after = at + closing.len();
    let goes_on = match (closing.first(), rest.first()) {
        (None, Some(b',')) => is_member_or_end(text, after + 1),
        (None, next) => next.is_none(),
        (Some(b'}'), None | Some(b'{' | b'[' | b'"')) => true,
        (Some(b'}'), Some(b',')) => is_value_or_end(text, after + 1),
        (Some(b'}'), Some(_)) => closing.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0x1e)),
        (Some(_), _) => false,
    };
    (!goes_on).then_some(after)
}

/// A name and its colon, as far as the text goes; or the end of an object.
fn is_member_or_end(text: &[u8], at: usize) -> bool {
    match text.get(space_end(text, at)) {
        None | Some(b'}') => true,
        Some(b'"') => match value_end(text, at) {
            Ok(name) => matches!(text.get(space_end(text, name.end)), None | Some(b':')),
            Err(stop) => stop == Stop::End,
        },
        Some(_) => false,
    }
}

/// The first byte of a value or of a name, or a bracket that closes.
fn is_value_or_end(text: &[u8], at: usize) -> bool {
    let begins = |byte: &u8| byte.is_ascii_digit() || b"\"{}[]-tfnNI".contains(byte);
    text.get(space_end(text, at)).is_none_or(begins)
}

fn place_of(text: &[u8], name: &Range<usize>) -> Place {
    let (before, rest) = text.split_at(name.start);
    let Some((b'"', before)) = before.split_last() else { return Place::Unknown };
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 {
        return Place::Unknown;
    }
    match rest.get(name.len()) {
        None => return Place::Value,
        Some(b'"') => {}
        Some(_) => return Place::Unknown,
    }
    let after = space_end(text, name.end + 1);
    let is_value = || matches!(before.trim_ascii_end().last(), Some(b':' | b'['));
    match text.get(after) {
        Some(b':') => Place::Member(after + 1),
        None => Place::Value,
        Some(b',' | b']' | b'}') if is_value() => Place::Value,
        Some(_) => Place::Unknown,
    }
}
