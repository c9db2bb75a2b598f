//! Any fields, through the short ways of parser and encoder, as a slow reader without short ways would write them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const REDACTED: [&str; 5] = ["authorization", "x-secret", "set-cookie", "x-sixteen-of-all", "k"];

/// A line of a head as it is generated.
#[derive(Debug, Clone)]
enum Written {
    Field {
        name: Vec<u8>,
        before_colon: &'static str,
        before: &'static str,
        value: Vec<u8>,
        behind: &'static str,
    },
    /// obs-fold (RFC 9112 §5.2).
    Fold(&'static str, Vec<u8>),
    /// Neither.
    Junk(Vec<u8>),
}

fn token_name() -> impl Strategy<Value = Vec<u8>> {
    let known = select(
        ["host", "cookie", "x-eight-8", "content-type", "a", "x!y~z", "x-twenty-four-characters"]
            .into_iter()
            .chain(REDACTED)
            .collect::<Vec<_>>(),
    );
    let cased = |(name, upper): (String, u64)| {
        let upper = |at: usize| (upper >> (at % 64)) & 1 == 1;
        name.bytes().enumerate().map(|(at, b)| if upper(at) { b.to_ascii_uppercase() } else { b }).collect()
    };
    prop_oneof![
        3 => (known.prop_map(str::to_owned), any::<u64>()).prop_map(cased),
        2 => ("[a-zA-Z0-9-]{1,40}", any::<u64>()).prop_map(cased),
        1 => "[a-z!#$%&'*+.^_`|~-]{1,40}".prop_map(String::into_bytes),
    ]
}

fn odd_name() -> impl Strategy<Value = Vec<u8>> {
    let odd = select(b" \t\"\\(@\x01\x0b\x1f\x7f\x80\xc3\xe9\xff".as_slice());
    (token_name(), odd, vec(any::<u8>(), 0..9)).prop_map(|(name, odd, more)| {
        let mut all = [&more, [odd].as_slice(), &name].concat();
        all.retain(|b| !matches!(b, b'\r' | b'\n' | b':' | 0));
        while all.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            all.remove(0);
        }
        all
    })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let text = |bytes: Vec<u8>| {
        let mut bytes: Vec<u8> = bytes.into_iter().filter(|b| !matches!(b, b'\n' | 0x0c)).collect();
        while bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        bytes
    };
    prop_oneof![
        3 => "[ -~]{0,80}".prop_map(String::into_bytes),
        1 => "[ -~é日\"\\\\\t]{0,80}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..80).prop_map(text),
    ]
}

fn written() -> impl Strategy<Value = Written> {
    let space = || select(vec!["", " ", " ", "  ", "\t", " \t "]);
    let field = |name, before_colon| {
        (name, before_colon, space(), value(), space()).prop_map(|(name, before_colon, before, value, behind)| {
            Written::Field { name, before_colon, before, value, behind }
        })
    };
    prop_oneof![
        12 => field(token_name().boxed(), Just("").boxed()),
        1 => field(token_name().boxed(), select(vec![" ", "\t", " "]).boxed()),
        2 => field(odd_name().boxed(), Just("").boxed()),
        1 => (select(vec![" ", "\t", "   "]), value()).prop_map(|(space, text)| Written::Fold(space, text)),
        1 => "[a-z][a-z \"]{0,30}".prop_map(|text| Written::Junk(text.into_bytes())),
    ]
}

/// A line as nearly all are, of names that come again.
fn ordinary() -> impl Strategy<Value = Written> {
    let name = select(vec![
        "host",
        "Accept",
        "k",
        "X-Secret",
        "date",
        "content-type",
        "Set-Cookie",
        "x-twenty-four-characters",
    ]);
    (name, "[!#-\\[^-~][ #-\\[^-~]{0,40}|").prop_map(|(name, value)| Written::Field {
        name: name.as_bytes().to_vec(),
        before_colon: "",
        before: " ",
        value: value.into_bytes(),
        behind: "",
    })
}

fn is_token(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b)
}

impl Written {
    /// As a line of trailers.
    fn is_sound(&self) -> bool {
        match self {
            Self::Field { name, .. } => !name.is_empty() && name.iter().all(is_token),
            Self::Fold(..) => true,
            Self::Junk(_) => false,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Field { name, before_colon, before, value, behind } => {
                [name, before_colon.as_bytes(), b":", before.as_bytes(), value, behind.as_bytes()].concat()
            }
            Self::Fold(space, text) => [space.as_bytes(), text].concat(),
            Self::Junk(text) => text.clone(),
        }
    }
}

fn trimmed(value: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !blank(b)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// Where a name that is redacted ends in this name, found by trying each beginning and each end. Of letters beyond ASCII it
/// knows what the names here have of them, nothing.
fn secret_end(name: &[u8]) -> Option<usize> {
    let simple = name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    if simple {
        let bare = name.strip_prefix(b"-").unwrap_or(name);
        let bare = bare.strip_suffix(b"-").unwrap_or(bare);
        return REDACTED.iter().any(|secret| secret.as_bytes() == bare).then_some(name.len());
    }
    let symbols = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let joint = |b: &u8| matches!(b, b'-' | b'_');
    let is_parted = |mut around: Box<dyn Iterator<Item = &u8> + '_>| {
        around.find(|b| !joint(b)).is_none_or(|b| !b.is_ascii_alphanumeric())
    };
    for start in (0..name.len()).filter(|&start| name[start].is_ascii_alphanumeric()) {
        for end in (start + 1..=name.len()).filter(|&end| name[end - 1].is_ascii_alphanumeric()) {
            let found = symbols(&name[start..end]);
            if REDACTED.iter().any(|secret| symbols(secret.as_bytes()) == found)
                && is_parted(Box::new(name[..start].iter().rev()))
                && is_parted(Box::new(name[end..].iter()))
            {
                return Some(end);
            }
        }
    }
    None
}

/// After something that may be taken for a line break a name that is redacted, and a colon.
fn holds_a_secret(value: &[u8]) -> bool {
    let is_break = |at: &usize| {
        let control = (value[*at] < 0x20 && value[*at] != b'\t') || matches!(value[*at], 0x7f | 0x85);
        control || value[*at..].starts_with(b"\xe2\x80\xa8") || value[*at..].starts_with(b"\xe2\x80\xa9")
    };
    let Some(start) = (0..value.len()).find(is_break) else { return false };
    let colon = value[start..].iter().rposition(|b| *b == b':');
    colon.is_some_and(|colon| {
        // Never only letters, digits and dashes: it begins with the break.
        secret_end(&value[start..start + colon]).is_some()
    })
}

/// The object of these lines.
fn expected(lines: &[Written]) -> String {
    let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut open = false;
    for line in lines {
        match line {
            Written::Field { name, before, value, behind, .. } => {
                let name = name.trim_ascii_end().to_ascii_lowercase();
                open = !name.is_empty();
                if open {
                    fields.push((name, [before.as_bytes(), value, behind.as_bytes()].concat()));
                }
            }
            Written::Fold(_, text) => {
                if let Some((_, value)) = fields.last_mut().filter(|_| open) {
                    value.push(b'\n');
                    value.extend_from_slice(text);
                }
            }
            Written::Junk(_) => open = false,
        }
    }
    let is_secret = |name: &[u8]| secret_end(name).is_some();
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::to_string(text).unwrap(),
        Err(_) => serde_json::to_string(&bytes.iter().map(|&b| char::from(b)).collect::<String>()).unwrap(),
    };
    let mut members = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let (name, _) = field;
        if fields[..index].iter().any(|(before, _)| before == name) {
            continue;
        }
        let values: Vec<Vec<u8>> = fields
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| {
                let parts = value.split(|b| matches!(b, b'\n' | b'\r' | 0)).map(trimmed);
                parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&b' ')
            })
            .collect();
        let joint: &[u8] = if name == b"cookie" { b"; " } else { b", " };
        let hidden = is_secret(name) || fields.iter().any(|(other, value)| other == name && holds_a_secret(value));
        let value = if hidden { "\"[REDACTED]\"".to_owned() } else { text(&values.join(joint)) };
        let shown = match secret_end(name).map(|end| name.split_at(end)) {
            Some((known, more)) if more.iter().any(|&b| b.is_ascii_alphanumeric() || b >= 0x80) => {
                [known, b"[REDACTED]"].concat()
            }
            _ => name.clone(),
        };
        let member = format!("{}:{value}", text(&shown));
        if shown == *name || !members.contains(&member) {
            members.push(member);
        }
    }
    format!("{{{}}}", members.join(","))
}

proptest! {
    #[test]
    fn fields_are_written_as_a_slow_reader_would(
        mut lines in vec((written(), any::<bool>()), 0..12),
        as_trailers in any::<bool>(),
        another_behind in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        if as_trailers {
            // With anything else among them they may be the next message.
            lines.retain(|(line, _)| line.is_sound());
            let folds = lines.iter().take_while(|(line, _)| matches!(line, Written::Fold(..))).count();
            lines.drain(..folds);
        }
        let start: &[u8] = match as_trailers {
            true => b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            false => b"GET / HTTP/1.1\r\n",
        };
        let mut bytes = start.to_vec();
        for (line, bare) in &lines {
            bytes.extend(line.bytes());
            bytes.extend_from_slice(if *bare { b"\n" } else { b"\r\n" });
        }
        bytes.extend_from_slice(b"\r\n");
        let end = cut.index(bytes.len() + 1);
        if another_behind {
            bytes.extend_from_slice(b"GET /second HTTP/1.1\r\n\r\n");
        }
        let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
        config.redact_headers = REDACTED.iter().map(|name| (*name).to_owned()).collect();
        let mut engine = Engine::new(config);
        let seq = send(&mut engine, From::Client(1), 1, 1, &bytes[..end]);
        send(&mut engine, From::Client(1), seq, 1, &bytes[end..]);
        engine.drain();
        let mut out = Vec::new();
        while let Some(batch) = engine.take_batch(true) {
            out.extend_from_slice(&batch.lines);
        }
        let out = String::from_utf8(out).unwrap();
        let lines: Vec<Written> = lines.into_iter().map(|(line, _)| line).collect();
        let expected = match (as_trailers, expected(&lines)) {
            (true, none) if none == "{}" => "\"bodySize\":0".to_owned(),
            (true, fields) => format!(",\"trailers\":{fields}"),
            (false, fields) => format!(",\"headers\":{fields}"),
        };
        let first = out.lines().next().unwrap_or_default();
        prop_assert!(first.contains(&expected), "{first}\n{expected}");
        prop_assert_eq!(first.contains(",\"trailers\":{"), expected.contains("trailers"));
        prop_assert_eq!(out.lines().count(), 1 + usize::from(another_behind));
        prop_assert!(out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }

    /// Heads with the lines of those before, all of them or all but some.
    #[test]
    fn lines_that_came_before_are_written_as_a_slow_reader_would(
        mut lines in vec(prop_oneof![20 => ordinary(), 1 => written()], 1..7),
        heads in vec(
            (
                any::<prop::sample::Index>(),
                prop::option::of(prop_oneof![9 => ordinary(), 1 => written()]),
                "[a-z]{0,20}",
                prop::option::of(any::<prop::sample::Index>()),
            ),
            2..8,
        ),
    ) {
        let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
        config.redact_headers = REDACTED.iter().map(|name| (*name).to_owned()).collect();
        let mut engine = Engine::new(config);
        let (mut seq, mut all_expected) = (1, Vec::new());
        for (at, change, path, cut) in heads {
            if let Some(change) = change {
                let at = at.index(lines.len());
                lines[at] = change;
            }
            let mut bytes = format!("GET /{path} HTTP/1.1\r\n").into_bytes();
            lines.iter().for_each(|line| bytes.extend([&line.bytes(), b"\r\n".as_slice()].concat()));
            bytes.extend_from_slice(b"\r\n");
            let end = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
            seq = send(&mut engine, From::Client(1), seq, 1, &bytes[..end]);
            seq = send(&mut engine, From::Client(1), seq, 1, &bytes[end..]);
            all_expected.push(format!("\"path\":\"/{path}\",\"httpVersion\":\"1.1\",\"headers\":{}", expected(&lines)));
        }
        engine.drain();
        let mut out = Vec::new();
        while let Some(batch) = engine.take_batch(true) {
            out.extend_from_slice(&batch.lines);
        }
        let out = String::from_utf8(out).unwrap();
        prop_assert_eq!(out.lines().count(), all_expected.len());
        for (line, expected) in out.lines().zip(&all_expected) {
            prop_assert!(line.contains(expected), "{line}\n{expected}");
        }
    }
}
