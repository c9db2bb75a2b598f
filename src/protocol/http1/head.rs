//! A message's head: start line and fields (RFC 9112 §2–5), as spans into the bytes they were read from.
//!
//! In: bytes. Out: `Complete`, `Partial`, or why it is none. Parses each byte once; a head that arrives in pieces is
//! first searched for its end (`find_end`, which resumes) and then parsed.

use memchr::{memchr, memchr3, memrchr};

use super::malformed::{MAX_FIELDS, Malformed};
use crate::message::words::{name_hash, plain_end, scan_name};
use crate::message::{
    Direction, Field, FieldLines, Head, Known, SeenFields, Span, StartLine, Version, is_token, trim_ows, trim_ows_end,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::protocol) enum Parsed {
    /// The head is the first so many bytes.
    Complete(usize),
    Partial,
}

impl Head {
    /// Parses a head from the first byte of its start line on.
    pub(super) fn parse(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        seen: &mut SeenFields,
    ) -> Result<Parsed, Malformed> {
        let Some(line) = Line::at(bytes, 0) else { return Ok(Parsed::Partial) };
        (self.start, self.version) = start_line(direction, bytes, &line)?;
        match seen.read(&mut self.fields, bytes, line.next) {
            Known::All(end) => Ok(Parsed::Complete(end)),
            Known::Lines(end) => parse_other_fields(&mut self.fields, bytes, (line.next, end), seen),
        }
    }
}

/// Checks a start line as soon as it is there.
pub(in crate::protocol) fn check_start_line(direction: Direction, bytes: &[u8]) -> Result<Parsed, Malformed> {
    let Some(line) = Line::at(bytes, 0) else { return Ok(Parsed::Partial) };
    start_line(direction, bytes, &line)?;
    Ok(Parsed::Complete(line.next))
}

fn start_line(direction: Direction, bytes: &[u8], line: &Line) -> Result<(StartLine, Version), Malformed> {
    match direction {
        Direction::Request => request_line(bytes, line),
        Direction::Response => status_line(bytes, line.end),
    }
}

/// Where the section that ends with an empty line ends, looking from `from` on (everything before was looked at).
pub(super) fn find_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(2);
    while let Some(found) = memchr(b'\n', bytes.get(at..)?) {
        let after = at + found + 1;
        match bytes.get(after..)? {
            [b'\n', ..] => return Some(after + 1),
            [b'\r', b'\n', ..] => return Some(after + 2),
            _ => at = after,
        }
    }
    None
}

/// Parses the field lines of a head after those that are `known`, from here to there, and keeps all of them if each is as nearly all
/// are.
fn parse_other_fields(
    fields: &mut FieldLines,
    bytes: &[u8],
    known: (usize, usize),
    seen: &mut SeenFields,
) -> Result<Parsed, Malformed> {
    let (start, known_end) = known;
    let end = plain_fields(fields, bytes, known_end);
    let Some([b'\r', b'\n', ..]) = bytes.get(end..) else { return parse_more_fields(fields, bytes, end) };
    seen.keep(fields, bytes, start, end + 2);
    Ok(Parsed::Complete(end + 2))
}

/// Parses field lines up to and with the empty line of a trailer section.
pub(super) fn parse_fields(fields: &mut FieldLines, bytes: &[u8], at: usize) -> Result<Parsed, Malformed> {
    fields.clear();
    parse_more_fields(fields, bytes, at)
}

/// The same, if all lines before `at` are fields and in `fields` already.
fn parse_more_fields(fields: &mut FieldLines, bytes: &[u8], mut at: usize) -> Result<Parsed, Malformed> {
    let mut continues = !fields.is_empty();
    loop {
        let next = plain_fields(fields, bytes, at);
        continues |= next > at;
        at = next;
        match bytes.get(at..) {
            Some([b'\r', b'\n', ..]) => return Ok(Parsed::Complete(at + 2)),
            Some([b'\n', ..]) => return Ok(Parsed::Complete(at + 1)),
            _ => {}
        }
        let Some(line) = Line::at(bytes, at) else { return Ok(Parsed::Partial) };
        let text = bytes.get(at..line.end).unwrap_or_default();
        if let [b' ' | b'\t', ..] = text {
            let trimmed = text.trim_ascii_end().len();
            match fields.last_mut() {
                Some(last) if continues && trimmed > 0 => {
                    last.raw_value = last.raw_value.up_to(at + trimmed);
                    last.uneven = true;
                    last.plain = false;
                }
                // White space before the first field is passed over (RFC 9112 §2.2), and so is what continues no field.
                _ => {}
            }
        } else if let Some(mut field) = field_line(text, at) {
            if fields.len() == MAX_FIELDS {
                return Err(Malformed::TooManyFields);
            }
            field.uneven = line.uneven;
            fields.push(field);
            continues = true;
        } else {
            continues = false;
        }
        at = line.next;
    }
}

/// Parses lines as long as they are as nearly all are; returns where they end.
fn plain_fields(fields: &mut FieldLines, bytes: &[u8], mut at: usize) -> usize {
    while fields.len() < MAX_FIELDS
        && let Some((field, next)) = plain_field(bytes, at)
    {
        fields.push(field);
        at = next;
    }
    at
}

/// A field line as nearly all are: a name of letters, digits and `-`, and a plain value. `field_line` would say the same.
#[inline]
fn plain_field(bytes: &[u8], at: usize) -> Option<(Field, usize)> {
    if bytes.get(at) == Some(&b'\r') {
        return None; // the end of most heads
    }
    let (name_end, name_hash) = scan_name(bytes, at);
    if name_end == at || bytes.get(name_end) != Some(&b':') {
        return None;
    }
    let is_space = |at: usize| bytes.get(at) == Some(&b' ');
    let mut start = name_end + 1;
    while is_space(start) {
        start += 1;
    }
    let end = plain_end(bytes, start);
    let next = match bytes.get(end..)? {
        [b'\r', b'\n', ..] => end + 2,
        [b'\n', ..] => end + 1,
        _ => return None,
    };
    let mut value_end = end;
    while value_end > start && is_space(value_end - 1) {
        value_end -= 1;
    }
    let field = Field {
        name: Span::new(at, name_end),
        raw_value: Span::new(start, value_end),
        name_hash,
        plain: true,
        uneven: false,
        odd_name: false,
    };
    Some((field, next))
}

struct Line {
    /// Where its line break begins.
    end: usize,
    /// Where the next line begins.
    next: usize,
    /// There is a CR or a NUL inside.
    uneven: bool,
    /// All of it is plain (`words`).
    plain: bool,
}

impl Line {
    /// The line that starts at `at`, if it is all there. A bare LF ends it too (RFC 9112 §2.2), a bare CR does not.
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let mut from = plain_end(bytes, at);
        let (mut uneven, mut plain) = (false, true);
        loop {
            match bytes.get(from..)? {
                [b'\n', ..] => return Some(Self { end: from, next: from + 1, uneven, plain }),
                [b'\r', b'\n', ..] => return Some(Self { end: from, next: from + 2, uneven, plain }),
                [b'\r' | 0, ..] => {
                    uneven = true;
                    from += 1;
                }
                _ => {}
            }
            plain = false;
            if !matches!(bytes.get(from), Some(b'\n' | b'\r' | 0)) {
                from += memchr3(b'\n', b'\r', 0, bytes.get(from..)?)?;
            }
        }
    }
}

fn request_line(bytes: &[u8], &Line { end, plain, .. }: &Line) -> Result<(StartLine, Version), Malformed> {
    let line = bytes.get(..end).unwrap_or_default();
    let method_end = line.iter().position(|&b| !is_token(b)).unwrap_or(line.len());
    if method_end == 0 || line.get(method_end) != Some(&b' ') {
        return Err(Malformed::StartLine);
    }
    let spaces = line.iter().skip(method_end).take_while(|&&b| b == b' ').count();
    let target_start = method_end + spaces;
    let rest = line.get(target_start..).unwrap_or_default();
    if !plain && rest.iter().any(|&b| b < b' ' || b == 0x7f) {
        return Err(Malformed::StartLine);
    }
    // A target with spaces around it or in it is invalid, and yet clear: the version is the last word (RFC 9112 §3).
    let space = match rest.last_chunk() {
        Some([b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', _]) => Some(rest.len() - 9),
        _ => memrchr(b' ', rest),
    };
    let Some(space) = space else {
        let simple = line.starts_with(b"GET ") && rest.starts_with(b"/");
        return Err(if simple { Malformed::Http09 } else { Malformed::StartLine });
    };
    let target_end = target_start + rest.get(..space).unwrap_or_default().trim_ascii_end().len();
    let version = version(rest.get(space + 1..).unwrap_or_default())?;
    let start = StartLine::Request { method: Span::new(0, method_end), target: Span::new(target_start, target_end) };
    if version.major == 2 && line.starts_with(b"PRI * ") {
        return Err(Malformed::StartLine); // the preface of HTTP/2 (RFC 9113 §3.4)
    }
    Ok((start, version))
}

fn status_line(bytes: &[u8], end: usize) -> Result<(StartLine, Version), Malformed> {
    let line = bytes.get(..end).unwrap_or_default();
    let Some((version_text, rest)) = line.split_at_checked(8) else { return Err(Malformed::StartLine) };
    let version = version(version_text)?;
    let &[b' ', a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ref rest @ ..] = rest else {
        return Err(Malformed::StartLine);
    };
    // The space before an absent reason phrase is often left out (RFC 9112 §4 has it; §2.2 asks for tolerance).
    if !matches!(rest, [] | [b' ', ..]) {
        return Err(Malformed::StartLine);
    }
    let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    Ok((StartLine::Status { code, reason: Span::new((end - rest.len() + 1).min(end), end) }, version))
}

fn version(text: &[u8]) -> Result<Version, Malformed> {
    match *text {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'] => Ok(Version::HTTP_1_1),
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            Ok(Version { major: major - b'0', minor: minor - b'0' })
        }
        _ => Err(Malformed::StartLine),
    }
}

/// A line without a colon or a name is no field: it is passed over, as most servers do. A name with anything but token
/// characters in it is taken as it stands (RFC 9112 §5.1); `framing` decides whether it is dangerous.
fn field_line(text: &[u8], at: usize) -> Option<Field> {
    let token_end = text.iter().position(|&b| !is_token(b)).unwrap_or(text.len());
    let colon = match text.get(token_end) {
        Some(b':') => token_end,
        _ => memchr(b':', text)?,
    };
    let name_end = text.get(..colon).unwrap_or_default().trim_ascii_end().len();
    if name_end == 0 {
        return None;
    }
    let value = text.get(colon + 1..).unwrap_or_default();
    let end = trim_ows_end(value).len();
    let start = end - trim_ows(value).len();
    Some(Field {
        name: Span::new(at, at + name_end),
        raw_value: Span::new(at + colon + 1 + start, at + colon + 1 + end),
        name_hash: name_hash(text.get(..name_end).unwrap_or_default()),
        plain: false,
        uneven: false,
        odd_name: colon != token_end,
    })
}
