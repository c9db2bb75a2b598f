//! Start lines: whether bytes are the beginning of a message, as far as they go.

use super::head::check_start_line;
use crate::message::{Direction, is_token};

/// No method is longer; what has no space by then is no request line.
pub(super) const MAX_METHOD_BYTES: usize = 64;
/// None is shorter in the registry of RFC 9110 §18.2 (ACL, GET, PUT).
const MIN_METHOD_BYTES: usize = 3;
/// RFC 9110 §9.3 and RFC 5789. No method is the end of another method in common use.
const COMMON_METHODS: [&[u8]; 9] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];

/// Others of the registry (RFC 9110 §18.2), and those of UPnP, RTSP, Icecast, of caches, and of Microsoft that end with another
/// method (Exchange's WebDAV, BITS, Configuration Manager, SSTP).
const FURTHER_METHODS: [&[u8]; 45] = [
    b"ACL",
    b"BASELINE-CONTROL",
    b"BIND",
    b"CHECKIN",
    b"CHECKOUT",
    b"COPY",
    b"LABEL",
    b"LINK",
    b"LOCK",
    b"M-SEARCH",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MKREDIRECTREF",
    b"MKWORKSPACE",
    b"MOVE",
    b"NOTIFY",
    b"ORDERPATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"QUERY",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"SUBSCRIBE",
    b"UNBIND",
    b"UNCHECKOUT",
    b"UNLINK",
    b"UNLOCK",
    b"UNSUBSCRIBE",
    b"UPDATE",
    b"UPDATEREDIRECTREF",
    b"VERSION-CONTROL",
    b"DESCRIBE",
    b"SOURCE",
    b"BCOPY",
    b"BDELETE",
    b"BMOVE",
    b"BPROPFIND",
    b"BPROPPATCH",
    b"BITS_POST",
    b"CCM_POST",
    b"SSTP_DUPLEX_POST",
];

/// A method may have lost its first letters; a common one has not. A status line begins the same way always.
pub(super) fn has_whole_start(direction: Direction, bytes: &[u8]) -> bool {
    let method = bytes.split(|&b| b == b' ').next().unwrap_or_default();
    direction == Direction::Response || COMMON_METHODS.contains(&method)
}

/// A known method that has lost its first letters, or stands after the end of a body.
pub(super) fn is_cut_or_glued(method: &[u8]) -> bool {
    let known = || COMMON_METHODS.iter().chain(&FURTHER_METHODS);
    !known().any(|known| *known == method) && known().any(|known| known.ends_with(method) || method.ends_with(known))
}

/// The same for bytes met while not in step, where only a start line beyond doubt counts.
pub(in crate::protocol) fn may_be_start(direction: Direction, bytes: &[u8]) -> bool {
    looks_like_start(direction, bytes)
        && check_start_line(direction, bytes).is_ok()
        && (direction == Direction::Response || has_common_form(bytes))
}

/// A method in capitals and a target of one word in a form of RFC 9112 §3.2, as far as the bytes go: prose, log lines and
/// numbers have others.
pub(super) fn has_common_form(bytes: &[u8]) -> bool {
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let mut words = line.strip_suffix(b"\r").unwrap_or(line).split(|&b| b == b' ');
    let method = words.next().unwrap_or_default();
    let Some(target) = words.next() else { return is_capital(method) };
    let version = words.next();
    let has_form = match target {
        [] => version.is_none(),
        [b'/' | b'*', ..] => true,
        _ if method == b"CONNECT" => true,
        // A scheme, of which the rest may still come.
        _ => target.windows(3).any(|three| three == b"://") || (version.is_none() && !target.contains(&b'.')),
    };
    is_capital(method)
        && method.len() >= MIN_METHOD_BYTES
        && has_form
        && version.unwrap_or_default().iter().zip(b"HTTP/").all(|(a, b)| a == b)
        && words.next().is_none()
}

fn is_capital(method: &[u8]) -> bool {
    method.first().is_some_and(u8::is_ascii_uppercase)
        && method.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'))
}

/// True if bytes can be the beginning of a start line, as far as they go.
pub(in crate::protocol) fn looks_like_start(direction: Direction, bytes: &[u8]) -> bool {
    match direction {
        Direction::Request => match bytes.iter().take(MAX_METHOD_BYTES).position(|&b| !is_token(b)) {
            Some(end) => end > 0 && bytes.get(end) == Some(&b' ') && !bytes.starts_with(b"HTTP/"),
            None => bytes.len() < MAX_METHOD_BYTES,
        },
        Direction::Response => {
            bytes.starts_with(b"HTTP/1.") || {
                let form = b"HTTP/0.0 000".iter().zip(bytes);
                form.into_iter().all(|(form, byte)| form == byte || *form == b'0' && byte.is_ascii_digit())
            }
        }
    }
}
