use std::fmt::Write;

use proptest::prelude::*;

use super::writer::{ARRAY_BYTES, PLACES};
use super::*;

/// One after another, found byte by byte.
fn items(array: &str) -> Vec<&str> {
    let inside = array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).expect("an array");
    split(inside, b',').map(|end| &inside[end]).collect()
}

/// The parts between such bytes that are in no string, object or array.
fn split(text: &str, by: u8) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (mut ends, mut depth, mut in_string, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ if byte == by && depth == 0 => ends.push(at),
            _ => {}
        }
    }
    ends.push(text.len());
    let mut start = 0;
    ends.into_iter().map(move |end| std::mem::replace(&mut start, end + 1)..end)
}

/// A line's values, and what is between them.
fn parts(line: &str) -> (Vec<String>, Vec<String>) {
    let (mut values, mut between) = (Vec::new(), vec![String::new()]);
    let inside = &line[1..line.len() - 1];
    between[0].push('{');
    for (index, member) in split(inside, b',').enumerate() {
        let member = &inside[member];
        let key = split(member, b':').next().unwrap().end;
        let last = between.last_mut().unwrap();
        write!(last, "{}{}:", if index > 0 { "," } else { "" }, &member[..key]).unwrap();
        let value = &member[key + 1..];
        if value == "{}" {
            last.push_str(value);
        } else if value.starts_with('{') {
            let (inner_values, inner_between) = parts(value);
            last.push_str(&inner_between[0]);
            values.extend(inner_values);
            between.extend_from_slice(&inner_between[1..]);
        } else {
            values.push(value.to_owned());
            between.push(String::new());
        }
    }
    between.last_mut().unwrap().push('}');
    (values, between)
}

/// The lines again, and how many of them were told as changes.
fn expand(changes: &[u8]) -> (String, usize) {
    let (arrays, texts, words) = sections(changes);
    let (mut items, mut texts) = (arrays.lines().flat_map(items), texts.chars());
    let mut words = words.into_iter();
    let (mut lines, mut changed, mut known) = (String::new(), 0, Vec::new());
    let mut patterns: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    while let Some(word) = words.next() {
        if word <= 0 {
            let line = items.next().unwrap();
            if word < 0 {
                patterns.push(parts(line));
                assert_eq!(patterns.last().unwrap().0.len(), word.unsigned_abs() as usize);
            }
            writeln!(lines, "{line}").unwrap();
            continue;
        }
        let (values, between) = &mut patterns[word as usize - 1];
        let ways: Vec<i32> = words.by_ref().take(values.len().div_ceil(PLACES)).collect();
        for (place, value) in values.iter_mut().enumerate() {
            let new = match ways[place / PLACES] >> (2 * (place % PLACES)) & 3 {
                0 => continue,
                1 => {
                    let (number, decimals) = words.next().map(|word| (word >> 3, word as usize & 7)).unwrap();
                    let digits = format!("{number:0>width$}", width = decimals + 1);
                    let (whole, fraction) = digits.split_at(digits.len() - decimals);
                    if decimals == 0 { digits } else { format!("{whole}.{fraction}") }
                }
                2 => {
                    let word = words.next().unwrap();
                    if word >= 0 {
                        known.push(format!("\"{}\"", texts.by_ref().take(word as usize).collect::<String>()));
                    }
                    known[if word < 0 { !word as usize } else { known.len() - 1 }].clone()
                }
                _ => items.next().unwrap().to_owned(),
            };
            assert_ne!(*value, new, "it has not changed");
            *value = new;
        }
        lines.push_str(&between[0]);
        values.iter().zip(&between[1..]).for_each(|(value, after)| lines.extend([value.as_str(), after]));
        lines.push('\n');
        changed += 1;
    }
    assert_eq!((items.next(), texts.as_str().trim_end()), (None, ""));
    (lines, changed)
}

/// Arrays, texts and words.
fn sections(changes: &[u8]) -> (&str, &str, Vec<i32>) {
    assert_eq!(changes.len() % 4, 0);
    let words: Vec<i32> = changes.chunks_exact(4).map(|word| i32::from_ne_bytes(word.try_into().unwrap())).collect();
    let [.., count, arrays_bytes] = words[..] else { panic!("{words:?}") };
    let words = &words[words.len() - 2 - count as usize..words.len() - 2];
    let (arrays, rest) = changes.split_at(arrays_bytes as usize);
    let texts = &rest[..rest.len() - 4 * (words.len() + 2)];
    (std::str::from_utf8(arrays).unwrap(), std::str::from_utf8(texts).unwrap(), words.to_vec())
}

fn changes_of(changes: &mut Changes, lines: &str) -> Buffer {
    changes.of(&lines.as_bytes().to_vec().into())
}

fn line(id: usize, path: &str) -> String {
    format!(
        r#"{{"id":"1.{id}","receiver":{{"ip":"10.0.0.1","port":80}},"path":{path:?},"headers":{{}},"bodySize":{id}}}"#
    )
}

#[test]
fn only_the_values_that_differ_are_told() {
    let lines = [line(1, "/"), line(2, "/"), line(3, "/"), line(30, "/a\"}"), line(30, "/a\"}")]
        .map(|line| line + "\n")
        .concat();
    let changes = changes_of(&mut Changes::default(), &lines);
    let [first, second] = [line(1, "/"), line(2, "/")];
    let (arrays, texts, words) = sections(&changes);
    assert_eq!(arrays, format!("[{first},{second},\"/a\\\"}}\"]\n"));
    assert_eq!(texts.trim_end(), "1.31.30");
    let ways = |id: i32, path: i32, size: i32| id | path << 6 | size << 8;
    assert_eq!(words, [0, -5, 1, ways(2, 0, 1), 3, 3 << 3, 1, ways(2, 3, 1), 4, 30 << 3, 1, 0]);
    assert_eq!(expand(&changes), (lines, 3));
}

#[test]
fn numbers_and_short_texts_are_told_by_words() {
    // The way of the value, and its word.
    let told = |value: &str| {
        let lines = format!("{{\"a\":null}}\n{{\"a\":null}}\n{{\"a\":{value}}}\n");
        let changes = changes_of(&mut Changes::default(), &lines);
        assert_eq!(expand(&changes), (lines, 1), "{value}");
        let (_, _, words) = sections(&changes);
        (words[3], words.get(4).copied())
    };
    let number = |digits: i32, decimals: i32| (1, Some(digits << 3 | decimals));
    assert_eq!(told("0"), number(0, 0));
    assert_eq!(told("8080"), number(8080, 0));
    assert_eq!(told("0.050"), number(50, 3));
    assert_eq!(told("268435455"), number((1 << 28) - 1, 0));
    assert_eq!(told("1.2345678"), number(12_345_678, 7));
    let item = (3, None);
    for value in ["268435456", "99999999999999999999999999", "0.00000001", "-1", "-0", "1e3", "1.5E-7", "true"] {
        assert_eq!(told(value), item, "{value}");
    }
    assert_eq!(told("\"\""), (2, Some(0)));
    assert_eq!(told("\"a long text.\""), (2, Some(12)));
    for text in ["\"a longer text\"", "\"\\\\\"", "\"\\n\"", "\"\u{e4}\"", "\"\u{7f}\""] {
        assert_eq!(told(text), item, "{text}");
    }
}

#[test]
fn a_short_text_that_comes_again_is_told_once() {
    let [request, response] =
        ["requests", "responses"].map(|kind| move |id: usize| format!("{{\"id\":\"1.{id}\",\"{kind}\":\"\"}}\n"));
    let lines: String = (0..20).flat_map(|id| [request(id), response(id)]).collect();
    let changes = changes_of(&mut Changes::default(), &lines);
    let (_, texts, words) = sections(&changes);
    assert_eq!(texts.trim_end(), (2..20).map(|id| format!("1.{id}")).collect::<String>());
    assert_eq!(words[4..12], [1, 2, 3, 2, 2, !0, 1, 2]);
    assert_eq!(expand(&changes), (lines, 36));
}

#[test]
fn lines_that_are_not_like_a_pattern_stand_as_they_are() {
    let odd = [
        r#"{"__proto__":"a","x":1}"#,
        r#"{"a":"a","1":1}"#,
        r#"{"\u005f_proto__":"a","x":1}"#,
        r#"{"a":"a","list":[1,2]}"#,
        r#"{"a":{"b":{"c":{"d":1}}}}"#,
        "{}",
        r#"{"a":{}}"#,
    ];
    for line in odd {
        let lines = format!("{line}\n").repeat(20);
        let changes = changes_of(&mut Changes::default(), &lines);
        assert_eq!(expand(&changes), (lines, 0));
        assert_eq!(sections(&changes).2, [0; 20], "{line} is no pattern");
    }
    let values = |count: usize| (0..count).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",");
    for (count, changed) in [(1, 18), (30, 18), (31, 18), (line::MAX_VALUES, 18), (line::MAX_VALUES + 1, 0)] {
        let lines = format!("{{{}}}\n", values(count)).repeat(20);
        assert_eq!(expand(&changes_of(&mut Changes::default(), &lines)), (lines, changed), "{count} values");
    }
}

#[test]
fn arrays_are_of_a_size_that_is_one_string() {
    let lines: String = (0..200).map(|n| line(n, &"x".repeat(n * 100)) + "\n").collect();
    let changes = changes_of(&mut Changes::default(), &lines);
    let longest = lines.lines().map(str::len).max().unwrap();
    let arrays: Vec<_> = sections(&changes).0.lines().collect();
    assert!(arrays.len() > 10 && arrays.iter().all(|array| array.len() < ARRAY_BYTES + longest));
    assert_eq!(expand(&changes), (lines, 198));
}

#[test]
fn more_kinds_than_are_kept_take_each_others_places() {
    let kind = |n: usize| format!("{{\"k{n}\":{n}}}\n");
    let lines: String = (0..MAX_PATTERNS).chain(0..MAX_PATTERNS).chain(0..MAX_PATTERNS).map(kind).collect();
    assert_eq!(expand(&changes_of(&mut Changes::default(), &lines)), (lines, MAX_PATTERNS));
    let lines: String = (0..=MAX_PATTERNS).chain(0..=MAX_PATTERNS).chain(0..=MAX_PATTERNS).map(kind).collect();
    assert_eq!(expand(&changes_of(&mut Changes::default(), &lines)), (lines, 0));
}

#[test]
fn a_flood_of_kinds_is_left_alone_for_a_while() {
    for of_each in [1, 2, 20] {
        let mut changes = Changes::default();
        let mut kind = 0;
        let mut flood = || {
            kind += 200;
            (kind..kind + 200).map(|n| format!("{{\"k{}\":{n}}}\n", n / of_each)).collect::<String>()
        };
        let ordinary: String = (0..100).map(|n| line(n, "/") + "\n").collect();
        for _ in 0..3 {
            assert!(!changes_of(&mut changes, &ordinary).is_empty());
        }
        assert!(!changes_of(&mut changes, &flood()).is_empty());
        for _ in 0..3 {
            assert!(!changes_of(&mut changes, &flood()).is_empty(), "{of_each} of each kind");
            (0..REST_BATCHES).for_each(|_| assert!(changes_of(&mut changes, &ordinary).is_empty()));
        }
        // Its kind may have been forgotten: then it rests once more.
        (0..=2 * REST_BATCHES).for_each(|_| _ = changes_of(&mut changes, &ordinary));
        for _ in 0..2 * REST_BATCHES {
            assert!(!changes_of(&mut changes, &ordinary).is_empty());
        }
    }
}

/// Few of each, so that lines are often alike.
fn key() -> impl Strategy<Value = String> {
    static NAMES: &[&str] =
        &["a", "b", "host", "user-agent", "", "__proto__", "1", "ä", "x\"y", "body", "\u{2028}", "constructor"];
    prop::sample::select(NAMES).prop_map(|name: &str| serde_json::to_string(name).unwrap())
}

fn value() -> impl Strategy<Value = String> {
    static TEXTS: &[&str] = &[
        "",
        "a",
        "a\"",
        "a\\",
        "\\\"",
        "},{",
        "\u{0}\u{1f}",
        "ä€😀",
        "1",
        "a long one that takes several words to compare",
    ];
    static WORDS: &[&str] =
        &["0", "1", "12", "123", "1.5", "0.025", "-1", "12345678901", "1e3", "true", "[1,{\"a\":2}]"];
    prop_oneof![
        prop::sample::select(TEXTS).prop_map(|text: &str| serde_json::to_string(text).unwrap()),
        prop::sample::select(WORDS).prop_map(str::to_owned),
    ]
}

fn object(member: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let members = prop::collection::vec((key(), member), 0..5);
    members.prop_map(|members| {
        let mut seen = std::collections::HashSet::new();
        let members = members.iter().filter(|(key, _)| seen.insert(key.clone()));
        format!("{{{}}}", members.map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(","))
    })
}

fn batch() -> impl Strategy<Value = String> {
    let line = object(prop_oneof![3 => value(), 1 => object(value())]);
    // Each kind several times, with values of its own.
    let kinds = prop::collection::vec(line, 1..12);
    (kinds, prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(value(), 8)), 1..120)).prop_map(
        |(kinds, chosen)| {
            let mut lines = String::new();
            for (kind, others) in chosen {
                let (values, between) = parts_or_none(&kinds[kind.index(kinds.len())]);
                lines.push_str(&between[0]);
                for (place, (value, after)) in values.iter().zip(&between[1..]).enumerate() {
                    let other = others.get(place).filter(|other| other.len() % 3 != 0 && !other.starts_with('['));
                    lines.extend([other.unwrap_or(value).as_str(), after]);
                }
                lines.push('\n');
            }
            lines
        },
    )
}

fn parts_or_none(line: &str) -> (Vec<String>, Vec<String>) {
    if line == "{}" { (Vec::new(), vec![line.to_owned()]) } else { parts(line) }
}

proptest! {
    #[test]
    fn the_lines_are_what_the_changes_tell(batches in prop::collection::vec(batch(), 1..4)) {
        let mut changes = Changes::default();
        for lines in batches {
            changes.rest = 0;
            let told = changes_of(&mut changes, &lines);
            prop_assert_eq!(expand(&told).0, lines);
        }
    }
}
