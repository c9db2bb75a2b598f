//! Secrets in a request target, and in other URLs: values of query parameters, and the user information before a host.
//!
//! Servers read a target in many ways: some decode it twice, some take `;` for a separator, some read brackets in a name as a
//! path through objects. A secret in any of these readings is replaced; a value goes as far as the reading that takes
//! it furthest.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

use super::names::{Names, REDACTED};

/// So many times percent-encoding is removed before names are compared: once by each proxy or framework on the way.
const MAX_DECODINGS: usize = 3;

#[derive(Debug)]
pub(crate) struct Targets {
    parameters: Names,
    /// `user:password@` is replaced.
    user_information: bool,
}

impl Targets {
    pub fn new<'a>(parameters: impl IntoIterator<Item = &'a str>, user_information: bool) -> Self {
        Self { parameters: Names::new(parameters), user_information }
    }

    pub fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// The target without its secrets.
    pub fn redact<'a>(&self, target: &'a [u8]) -> Cow<'a, [u8]> {
        let users = self.user_information && may_hold(target, b'@', b"40");
        let parameters = self.has_parameters() && may_hold(target, b'=', b"3d");
        if !users && !parameters {
            return Cow::Borrowed(target);
        }
        let decoded = Decoded::of(target);
        let mut secrets = Vec::new();
        if parameters {
            let path_end = target.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(target.len());
            self.find_values(target, path_end, &decoded, &mut secrets);
        }
        if users {
            find_user_information(&decoded, &mut secrets);
        }
        without(target, secrets)
    }

    /// The same of a body that is a query by itself (`application/x-www-form-urlencoded`). It may be long: each of its parts is
    /// decoded by itself.
    pub fn redact_form<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        let (mut secrets, mut start) = (Vec::new(), 0);
        for part in body.split(|byte| *byte == b'&') {
            if self.has_parameters() && may_hold(part, b'=', b"3d") {
                let mut values = Vec::new();
                match u32::try_from(part.len()) {
                    Ok(_) => self.find_values(part, 0, &Decoded::of(part), &mut values),
                    Err(_) => values.push(0..part.len()),
                }
                secrets.extend(values.into_iter().map(|value| start + value.start..start + value.end));
            }
            start += part.len() + 1;
        }
        without(body, secrets)
    }

    /// Values up to the next `&`, in the path up to the next `?`.
    fn find_values(&self, target: &[u8], path_end: usize, decoded: &Decoded<'_>, secrets: &mut Vec<Range<usize>>) {
        let bytes = &*decoded.bytes;
        let (mut at, mut name_start, mut separated) = (0, 0, None);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'?' | b'&' | b';' | b'#' | b'/' => separated = Some(at + 1),
                b'=' => {
                    let name = bytes.get(name_start..at).unwrap_or_default();
                    if self.parameters.find(name).is_some() {
                        let start = decoded.origin(at + 1);
                        let end = value_end(target, start, path_end);
                        secrets.push(start..end);
                        while at < bytes.len() && decoded.origin(at) < end {
                            at += 1;
                        }
                        (name_start, separated) = (at, None);
                        continue;
                    }
                    (name_start, separated) = (at + 1, None);
                }
                // A name begins after a separator, not where nothing but odd bytes follows that.
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | 0x80.. => {
                    if let Some(start) = separated.take() {
                        name_start = start;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// True if the byte may be among them once they are decoded; `hex` is it as `%` would have it.
fn may_hold(target: &[u8], byte: u8, hex: &[u8; 2]) -> bool {
    let mut rest = target;
    while let Some(at) = memchr2(byte, b'%', rest) {
        let (found, after) = rest.split_at(at).1.split_first().unwrap_or((&byte, &[]));
        // `%40`, `%2540`, `%u0040`: the digits stand in the next bytes.
        let near = after.get(..after.len().min(2 * MAX_DECODINGS)).unwrap_or_default();
        if *found == byte || near.windows(2).any(|digits| digits.eq_ignore_ascii_case(hex)) {
            return true;
        }
        rest = after;
    }
    false
}

/// Only `&` surely ends a value: `;` and `#` are part of it for some. In the path `?` ends it too.
fn value_end(target: &[u8], start: usize, path_end: usize) -> usize {
    let rest = target.get(start..).unwrap_or_default();
    let end = if start < path_end { memchr2(b'&', b'?', rest) } else { memchr(b'&', rest) };
    end.map_or(target.len(), |end| start + end)
}

/// RFC 3986 §3.2.1, in the target's own authority and in each that stands in it after `://`.
fn find_user_information(decoded: &Decoded<'_>, secrets: &mut Vec<Range<usize>>) {
    let bytes = &*decoded.bytes;
    let mut found = |start: usize, end: usize| {
        let authority = bytes.get(start..end).unwrap_or_default();
        if let Some(at) = memchr::memrchr(b'@', authority).filter(|&at| at > 0) {
            secrets.push(decoded.origin(start)..decoded.origin(start + at));
        }
    };
    let start = own_authority(bytes);
    if let Some(start) = start {
        let end = authority_end(bytes, start);
        let authority = bytes.get(start..end).unwrap_or_default();
        // If no port follows the colon, a password has one of the bytes that end an authority in it.
        let port = memchr::memrchr(b':', authority).and_then(|at| authority.get(at + 1..)).unwrap_or_default();
        let torn = !authority.contains(&b'@') && !authority.ends_with(b"]") && !port.iter().all(u8::is_ascii_digit);
        found(start, if torn { bytes.len() } else { end });
    }
    for colon in memchr::memchr_iter(b':', bytes) {
        let authority = colon + 3;
        if bytes.get(colon + 1..authority) == Some(b"//") && Some(authority) != start {
            found(authority, authority_end(bytes, authority));
        }
    }
}

/// Where the target's own authority begins: after `scheme://`, after `//`, or at once where no path begins (CONNECT).
fn own_authority(bytes: &[u8]) -> Option<usize> {
    let slashes = |from: usize| bytes.iter().skip(from).take_while(|b| matches!(b, b'/' | b'\\')).count();
    let scheme = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
    match (slashes(0), bytes.get(scheme)) {
        (1, _) => None,
        (0, Some(b':')) if slashes(scheme + 1) > 0 => Some(scheme + 1 + slashes(scheme + 1)),
        (count, _) => Some(count),
    }
}

fn authority_end(bytes: &[u8], start: usize) -> usize {
    let ends = |b: &u8| matches!(b, b'/' | b'\\' | b'?' | b'#' | b'&');
    bytes.iter().skip(start).position(ends).map_or(bytes.len(), |length| start + length)
}

fn without(target: &[u8], mut secrets: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if secrets.is_empty() {
        return Cow::Borrowed(target);
    }
    if !secrets.is_sorted_by_key(|secret| secret.start) {
        secrets.sort_unstable_by_key(|secret| secret.start);
    }
    let (mut out, mut copied) = (Vec::with_capacity(target.len() + REDACTED.len()), 0);
    for Range { start, end } in secrets {
        if start < copied {
            copied = copied.max(end);
            continue;
        }
        out.extend_from_slice(target.get(copied..start).unwrap_or_default());
        out.extend_from_slice(REDACTED);
        copied = end;
    }
    out.extend_from_slice(target.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

pub(super) fn without_percents(text: &[u8]) -> Cow<'_, [u8]> {
    Decoded::of(text).bytes
}

/// The bytes without percent-encoding, each with the place where it began.
struct Decoded<'a> {
    bytes: Cow<'a, [u8]>,
    /// Empty where nothing was encoded.
    origins: Vec<u32>,
    end: usize,
}

impl<'a> Decoded<'a> {
    fn of(target: &'a [u8]) -> Self {
        let mut decoded = Self { bytes: Cow::Borrowed(target), origins: Vec::new(), end: target.len() };
        for _ in 0..MAX_DECODINGS {
            let bytes = &*decoded.bytes;
            if !memchr::memchr_iter(b'%', bytes).any(|at| escape(bytes, at).is_some()) || !decoded.decode() {
                break;
            }
        }
        decoded
    }

    fn origin(&self, at: usize) -> usize {
        if self.origins.is_empty() && at < self.bytes.len() {
            return at;
        }
        self.origins.get(at).map_or(self.end, |&origin| origin as usize)
    }

    /// Once. Says whether anything was encoded.
    fn decode(&mut self) -> bool {
        let bytes = &*self.bytes;
        let (mut out, mut origins) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len()));
        let mut at = 0;
        // A head is far shorter than 4 GiB.
        let extend = |origins: &mut Vec<u32>, from: usize, to: usize| match self.origins.get(from..to) {
            Some(known) => origins.extend_from_slice(known),
            None => origins.extend(from as u32..to as u32),
        };
        while let Some(&first) = bytes.get(at) {
            if first != b'%' {
                let plain = bytes.split_at(at).1;
                let run = memchr(b'%', plain).unwrap_or(plain.len());
                out.extend_from_slice(plain.split_at(run).0);
                extend(&mut origins, at, at + run);
                at += run;
                continue;
            }
            let origin = self.origin(at) as u32;
            let (byte, length) = match escape(bytes, at) {
                None => (b'%', 1),
                Some(Escape::Byte(byte)) => (byte, 3),
                Some(Escape::Char(char)) => {
                    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                    origins.resize(out.len(), origin);
                    at += 6;
                    continue;
                }
            };
            out.push(byte);
            origins.push(origin);
            at += length;
        }
        let any = out.len() < bytes.len();
        (self.bytes, self.origins) = (Cow::Owned(out), origins);
        any
    }
}

enum Escape {
    Byte(u8),
    /// `%uXXXX`, which some servers read though no standard has it.
    Char(char),
}

/// The meaning of the `%` at `at` and the digits after it.
#[inline]
fn escape(bytes: &[u8], at: usize) -> Option<Escape> {
    match *bytes.get(at + 1..)? {
        [b'u' | b'U', a, b, c, d, ..] => {
            let digits = [hex(a)?, hex(b)?, hex(c)?, hex(d)?];
            char::from_u32(digits.into_iter().fold(0, |value, digit| value << 4 | u32::from(digit))).map(Escape::Char)
        }
        [high, low, ..] => Some(Escape::Byte(hex(high)? << 4 | hex(low)?)),
        _ => None,
    }
}

#[inline]
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_these_parameters_only() {
        let targets = Targets::new(["token", "api key"], true);
        for (target, redacted) in [
            ("/?token=abc", "/?token=[REDACTED]"),
            ("/?a=1&TOKEN=abc&b=2", "/?a=1&TOKEN=[REDACTED]&b=2"),
            ("/?%74oken=abc&x=y", "/?%74oken=[REDACTED]&x=y"),
            ("/?api+key=1&api%20key=2&api_key=3", "/?api+key=[REDACTED]&api%20key=[REDACTED]&api_key=[REDACTED]"),
            ("/?token", "/?token"),
            ("/?token=", "/?token=[REDACTED]"),
            ("/?tokens=1&%zz=2&my-token=3", "/?tokens=1&%zz=2&my-token=3"),
            ("/?token[]=a&token%5B%5D=b", "/?token[]=[REDACTED]&token%5B%5D=[REDACTED]"),
            ("/?user[token]=a&user.token=b", "/?user[token]=[REDACTED]&user.token=[REDACTED]"),
            ("/?+token=a&token%20=b&%00token=c", "/?+token=[REDACTED]&token%20=[REDACTED]&%00token=[REDACTED]"),
            ("/?x?token=a", "/?x?token=[REDACTED]"),
            ("/?a=b?token=a", "/?a=b?token=[REDACTED]"),
            ("/?&amp;token=a", "/?&amp;token=[REDACTED]"),
            ("/x;token=a;b=c?d=e", "/x;token=[REDACTED]?d=e"),
            ("/x#token=a", "/x#token=[REDACTED]"),
            ("/x%3Ftoken=a?b=c", "/x%3Ftoken=[REDACTED]?b=c"),
            ("/?x=1%26token=a&b=c", "/?x=1%26token=[REDACTED]&b=c"),
            ("/?token%3Da&b=c", "/?token%3D[REDACTED]&b=c"),
            ("/?%2574oken=a", "/?%2574oken=[REDACTED]"),
            ("/?t%u006fken%u003da", "/?t%u006fken%u003d[REDACTED]"),
            ("/?to\u{200b}ken=a&to%E2%84%AAen=b", "/?to\u{200b}ken=[REDACTED]&to%E2%84%AAen=[REDACTED]"),
            ("/?token = a b", "/?token =[REDACTED]"),
            // Parts of the value for some.
            ("/?token=a;b=c#d&e=f", "/?token=[REDACTED]&e=f"),
            ("/?token=a%26b&e=f", "/?token=[REDACTED]&e=f"),
            ("http://h/?token=a", "http://h/?token=[REDACTED]"),
            ("/?next=/login?token=a&b=c", "/?next=/login?token=[REDACTED]&b=c"),
            ("/?\"token\"=a&'token'=b", "/?\"token\"=[REDACTED]&'token'=[REDACTED]"),
            ("/?token/=a&token&=b", "/?token/=[REDACTED]&token&=[REDACTED]"),
            ("/?page=/token/2", "/?page=/token/2"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&targets.redact(target.as_bytes())), redacted, "{target}");
        }
    }

    #[test]
    fn values_of_form_fields() {
        let targets = Targets::new(["token", "api key"], false);
        for (body, redacted) in [
            ("token=a?b#c/d=e&x=y", "token=[REDACTED]&x=y"),
            ("a=1&TOKEN=abc&b=2", "a=1&TOKEN=[REDACTED]&b=2"),
            ("%74oken=abc&api+key=2", "%74oken=[REDACTED]&api+key=[REDACTED]"),
            ("user[token]=a&user%5Btoken%5D=b&c", "user[token]=[REDACTED]&user%5Btoken%5D=[REDACTED]&c"),
            ("a=1;token=2&b=3", "a=1;token=[REDACTED]&b=3"),
            ("token=&token=x", "token=[REDACTED]&token=[REDACTED]"),
            ("token=cut", "token=[REDACTED]"),
            ("tok", "tok"),
            ("a=token&b=%zz", "a=token&b=%zz"),
            ("&&=&", "&&=&"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&targets.redact_form(body.as_bytes())), redacted, "{body}");
        }
    }

    #[test]
    fn user_information() {
        let targets = Targets::new([], true);
        for (target, redacted) in [
            ("http://user:pass@host/x", "http://[REDACTED]@host/x"),
            ("http://user@host", "http://[REDACTED]@host"),
            ("http://a@b:c@host:80?x@y", "http://[REDACTED]@host:80?x@y"),
            ("user:pass@host:443", "[REDACTED]@host:443"),
            ("//user:pass@host/", "//[REDACTED]@host/"),
            ("/\\user:pass@host/", "/\\[REDACTED]@host/"),
            ("http:/user:pass@host/", "http:/[REDACTED]@host/"),
            ("http:\\\\user:pass@host/", "http:\\\\[REDACTED]@host/"),
            ("http:user:pass@host/", "[REDACTED]@host/"),
            ("http://user:pa/ss@host/", "http://[REDACTED]@host/"),
            ("http://user:pa?ss@host/", "http://[REDACTED]@host/"),
            ("http://user:pass%40host/", "http://[REDACTED]%40host/"),
            ("/?u=http://user:pass@host/&v", "/?u=http://[REDACTED]@host/&v"),
            ("/?u=http%3A%2F%2Fuser%3Apass%40host%2F&v", "/?u=http%3A%2F%2F[REDACTED]%40host%2F&v"),
            ("/proxy/ftp://user:pass@host/", "/proxy/ftp://[REDACTED]@host/"),
            // No authority.
            ("/@scope/package", "/@scope/package"),
            ("http://host/@scope/package", "http://host/@scope/package"),
            ("http://host:80/a@b", "http://host:80/a@b"),
            ("http://[::1]/a@b", "http://[::1]/a@b"),
            ("/?mail=a@b", "/?mail=a@b"),
            ("http://@host/", "http://@host/"),
            ("*", "*"),
        ] {
            assert_eq!(String::from_utf8_lossy(&targets.redact(target.as_bytes())), redacted, "{target}");
        }
        let off = Targets::new([], false);
        assert_eq!(*off.redact(b"http://user:pass@host/"), *b"http://user:pass@host/");
    }
}
