//! Fields of `multipart/form-data` (RFC 7578), and parts of other multiparts (RFC 2046 §5.1) that are JSON or forms.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem};

use super::kind::{Kind, all_parameters};
use super::target::without_percents;

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub names: Vec<Vec<u8>>,
    pub kind: Kind,
    /// Its content can be read as it stands.
    pub is_plain: bool,
    pub content: Range<usize>,
}

/// The parts of a body, and from where on nothing is known, if it is not made as it should.
pub(super) fn parts(text: &[u8], boundary: &[u8]) -> (Vec<Part>, Option<usize>) {
    let mut parts = Vec::new();
    if boundary.is_empty() {
        return (parts, Some(0));
    }
    let delimiter = [b"\n--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    // The first delimiter may stand at the very beginning.
    let mut at = match text.strip_prefix(delimiter.get(1..).unwrap_or_default()) {
        Some(_) => delimiter.len() - 1,
        None => match finder.find(text) {
            Some(found) if text.get(..found).is_some_and(|before| before.trim_ascii().is_empty()) => {
                found + delimiter.len()
            }
            _ if text.len() < delimiter.len() && delimiter.get(1..).is_some_and(|begin| begin.starts_with(text)) => {
                return (parts, None);
            }
            _ => return (parts, Some(0)),
        },
    };
    loop {
        let rest = text.get(at..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix(b"--") {
            let odd = !after.trim_ascii().is_empty();
            return (parts, odd.then_some(at + 2));
        }
        let Some(line_end) = memchr(b'\n', rest) else {
            let cut = matches!(rest.trim_ascii(), b"" | b"-");
            return (parts, (!cut).then_some(at));
        };
        if !rest.split_at(line_end).0.trim_ascii().is_empty() {
            return (parts, Some(at));
        }
        let head_start = at + line_end + 1;
        let next =
            text.get(at..).and_then(|rest| finder.find(rest.get(line_end..)?)).map(|found| at + line_end + found);
        let Some(content_start) = head_end(text, head_start) else {
            // Cut within its head; or the head is none, since the next part comes first.
            return (parts, next.map(|_| head_start));
        };
        let Some(next_at) = next else {
            parts.push(part(text, head_start, content_start..text.len()));
            return (parts, None);
        };
        // The line break before a delimiter is the delimiter's own; of a part without content it ends the head.
        if next_at + 1 < content_start {
            return (parts, Some(head_start));
        }
        let before = next_at.checked_sub(1).filter(|before| text.get(*before) == Some(&b'\r')).unwrap_or(next_at);
        parts.push(part(text, head_start, content_start..before.max(content_start)));
        at = next_at + delimiter.len();
    }
}

/// After the empty line.
fn head_end(text: &[u8], start: usize) -> Option<usize> {
    let head = text.get(start..)?;
    let mut line_start = 0;
    for line_end in memchr_iter(b'\n', head) {
        if head.get(line_start..line_end)?.trim_ascii().is_empty() {
            return Some(start + line_end + 1);
        }
        line_start = line_end + 1;
    }
    None
}

fn part(text: &[u8], head_start: usize, content: Range<usize>) -> Part {
    let head = text.get(head_start..content.start).unwrap_or_default();
    let mut part = Part { names: Vec::new(), kind: Kind::Other, is_plain: true, content };
    for line in unfolded(head).split(|byte| *byte == b'\n') {
        let Some(colon) = memchr(b':', line) else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-disposition") {
            part.names.extend(names(value));
        } else if name.eq_ignore_ascii_case(b"content-type") && part.kind == Kind::Other {
            part.kind = Kind::of(value);
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            part.is_plain &= [&b"7bit"[..], b"8bit", b"binary"].iter().any(|plain| value.eq_ignore_ascii_case(plain));
        }
    }
    part
}

/// The names in a `Content-Disposition`. RFC 7578 §4.2 has plain names only; some receivers read those of RFC 2231 too, and
/// encoded words (RFC 2047), which are not read here: such a name is not known.
fn names(disposition: &[u8]) -> Vec<Vec<u8>> {
    let (mut names, mut extended) = (Vec::new(), Vec::new());
    for (parameter, value) in all_parameters(disposition) {
        if parameter == b"name" && !value.starts_with(b"=?") {
            names.push(value);
        } else if parameter.starts_with(b"name*") {
            extended.extend(value);
        }
    }
    if !extended.is_empty() {
        names.push(without_percents(&extended).into_owned());
    }
    names
}

/// With folded lines in one (RFC 5322 §2.2.3).
fn unfolded(head: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            while out.last().is_some_and(|last| matches!(last, b'\r' | b'\n')) {
                out.pop();
            }
        }
        out.extend_from_slice(line);
    }
    out
}
