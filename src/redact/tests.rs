use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

const NAMES: [&str; 5] = ["password", "api_key", "pin", "cardNumber", "größe"];

fn redactor(names: &[&str]) -> Redactor {
    Redactor::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// With all names, and with those that can be searched for.
fn redactors() -> [Redactor; 2] {
    [redactor(&NAMES), redactor(&NAMES[..4])]
}

fn shown(redactor: &Redactor, text: &[u8], kind: &Kind) -> (String, Option<Extent>) {
    let redacted = redactor.redact(text, kind);
    if let Some(nothing) = redactor.nothing_in(text, kind) {
        assert_eq!(redacted, None, "{}", String::from_utf8_lossy(text));
        assert!(text.is_ascii() || !nothing.is_ascii);
    }
    let extent = redacted.as_ref().map(|redacted| redacted.extent);
    let text = redacted.map_or_else(|| text.to_vec(), |redacted| redacted.text);
    (String::from_utf8(text).unwrap(), extent)
}

#[test]
fn values_of_named_members_and_nothing_else() {
    let (values, rest, all) = (Some(Extent::Values), Some(Extent::Rest), Some(Extent::All));
    for (text, expected, extent) in [
        (r#"{"password":"a","x":"b"}"#, r#"{"password":"[REDACTED]","x":"b"}"#, values),
        (r#"{"a":{"Api-Key" : [1,{"x":"]}"}] ,"c":2}}"#, r#"{"a":{"Api-Key" : "[REDACTED]" ,"c":2}}"#, values),
        (
            r#"[{"pin":12},{"pin":-1.5e3},{"pin":null}]"#,
            r#"[{"pin":"[REDACTED]"},{"pin":"[REDACTED]"},{"pin":"[REDACTED]"}]"#,
            values,
        ),
        (r#"{"pin":1,"pin":2}"#, r#"{"pin":"[REDACTED]","pin":"[REDACTED]"}"#, values),
        (r#"{"p\u0069n":1}"#, r#"{"p\u0069n":"[REDACTED]"}"#, values),
        (r#"{"a":"the pin is {\"pin\":1}","pin":2}"#, r#"{"a":"the pin is {\"pin\":1}","pin":"[REDACTED]"}"#, values),
        (r#"{"type":"password","x":["pin","password"]}"#, r#"{"type":"password","x":["pin","password"]}"#, None),
        (r#"{"passwords":1,"my_pin":2}"#, r#"{"passwords":1,"my_pin":2}"#, None),
        // A text of several values.
        ("{\"pin\":1}\n{\"pin\":2}\n", "{\"pin\":\"[REDACTED]\"}\n{\"pin\":\"[REDACTED]\"}\n", values),
        (
            "\u{1e}{\"a\":\"a pin\"}\n\u{1e}{\"pin\":2}",
            "\u{1e}{\"a\":\"a pin\"}\n\u{1e}{\"pin\":\"[REDACTED]\"}",
            values,
        ),
        ("\u{feff}{\"p\\u0069n\":1}", "\u{feff}{\"p\\u0069n\":\"[REDACTED]\"}", values),
        // Cut.
        (r#"{"pin":"ab"#, r#"{"pin":"[REDACTED]""#, values),
        (r#"{"pin":{"a":[1"#, r#"{"pin":"[REDACTED]""#, values),
        (r#"{"pin": "#, r#"{"pin": "#, None),
        (r#"{"a":1,"pi"#, r#"{"a":1,"pi"#, None),
        // No JSON from some place on.
        (r#"{"pin":"a"b","c":"d"}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#, rest),
        (r#"{"a":1,pin:2}"#, r#"{"a":1,[REDACTED]"#, rest),
        (r#"{"a":1,'pin':2}"#, r#"{"a":1,[REDACTED]"#, rest),
        (r#"{"pin":'a, b'}"#, r#"{"pin":"[REDACTED]""#, rest),
        (r#"{"pin","a"}"#, r#"{[REDACTED]"#, rest),
        (r#"{"pin"="a"}"#, r#"{[REDACTED]"#, rest),
        ("{\"a\":\"no end\n{\"x\":\"a pin\",\"pin\":1}", "{\"a\":\"no end[REDACTED]", rest),
        ("pin=1", "[REDACTED]", all),
        ("{\0\"\0p\0i\0n\0", "{[REDACTED]", rest),
        ("no JSON", "no JSON", None),
    ] {
        let text_of = |name: &str| text.replace("pin", name);
        for redactor in &redactors() {
            let extents_that_differ = text == "no JSON" && redactor.members.nothing_in(text.as_bytes()).is_some();
            let (found, found_extent) = shown(redactor, text.as_bytes(), &Kind::Json);
            if text == "no JSON" && !extents_that_differ {
                continue; // a name that cannot be searched for may be in there
            }
            assert_eq!((found.as_str(), found_extent), (expected, extent), "{text}");
        }
        let (found, _) = shown(&redactor(&["größe"]), text_of("größe").as_bytes(), &Kind::Json);
        assert!(
            text == "no JSON" || found.contains("REDACTED") || extent.is_none() || !text.contains("pin"),
            "{found}"
        );
    }
}

#[test]
fn what_says_nothing_of_json_and_is_it() {
    let redactor = redactor(&["pin"]);
    for kind in [Kind::Other, Kind::Form, Kind::Events] {
        assert_eq!(shown(&redactor, br#" {"pin":1}"#, &kind).0, r#" {"pin":"[REDACTED]"}"#);
        assert_eq!(shown(&redactor, br#"[null,{"pin":1}]"#, &kind).0, r#"[null,{"pin":"[REDACTED]"}]"#);
        assert_eq!(shown(&redactor, b"{\0\"\0p\0i\0n\0", &kind).0, "{[REDACTED]");
    }
    // A form may begin as JSON does.
    for (form, expected) in [
        ("[]=a&p%69n=1&b=c", "[]=a&p%69n=[REDACTED]&b=c"),
        ("[0]%3Da&p%69n%3D1", "[0]%3Da&p%69n%3D[REDACTED]"),
        ("[]=a&pin=1&b=c", "[][REDACTED]"),
        (r#"{"a":"/b?p%69n=1"}"#, r#"{"a":"/b?p%69n=1"}"#),
    ] {
        assert_eq!(shown(&redactor, form.as_bytes(), &Kind::Form).0, expected);
    }
    assert_eq!(shown(&redactor, b"pin=1&x={\"pin\":1}", &Kind::Form).0, "pin=[REDACTED]&x={\"pin\":1}");
    assert_eq!(shown(&redactor, b"my pin: 1", &Kind::Other), ("my pin: 1".to_owned(), None));
    let events = "event: x\ndata: {\"pin\":1,\"a\":2}\n\ndata:{\"a\":2}\r\n\r\n: the pin\ndata: pin\n";
    let redacted = "event: x\ndata: {\"pin\":\"[REDACTED]\",\"a\":2}\n\ndata:{\"a\":2}\r\n\r\n: the pin\ndata: pin\n";
    assert_eq!(shown(&redactor, events.as_bytes(), &Kind::Events), (redacted.to_owned(), Some(Extent::Values)));
    let marked = "\u{feff}data: {\"pin\":1}\n";
    assert_eq!(shown(&redactor, marked.as_bytes(), &Kind::Events).0, marked.replace('1', "\"[REDACTED]\""));
    let several = b"data: {\"a\":1,\ndata: \"pin\":2}\n\n";
    assert_eq!(shown(&redactor, several, &Kind::Events), ("data: {\"a\":1,[REDACTED]".to_owned(), Some(Extent::Rest)));
}

#[test]
fn fields_of_multiparts() {
    let redactor = redactor(&["pin", "api_key"]);
    let part = |head: &str, content: &str| format!("--b\r\n{head}\r\n\r\n{content}\r\n");
    let named = |name: &str, content: &str| part(&format!("Content-Disposition: form-data; name={name}"), content);
    let whole = [
        named("\"a\"", "1 pin"),
        named("pin", "2"),
        named("\"user[PIN]\"; filename=\"x\"", "3\r\n4\r\n"),
        part("content-disposition:form-data;\r\n name=\"api key\"", ""),
        part("Content-Disposition: form-data; name=doc\r\nContent-Type: application/json", r#"{"pin":5,"a":6}"#),
        part("Content-Type: text/plain", "7"),
        named("a; name*=utf-8''p%69n", "2"),
        named("a; name*0=\"p\"; name*1*=\"%69n\"", "3"),
        named("\"=?utf-8?B?cGlu?=\"", "4"),
        "--b--\r\n".to_owned(),
    ];
    let expected = [
        named("\"a\"", "1 pin"),
        named("pin", "[REDACTED]"),
        named("\"user[PIN]\"; filename=\"x\"", "[REDACTED]"),
        part("content-disposition:form-data;\r\n name=\"api key\"", "[REDACTED]"),
        part(
            "Content-Disposition: form-data; name=doc\r\nContent-Type: application/json",
            r#"{"pin":"[REDACTED]","a":6}"#,
        ),
        part("Content-Type: text/plain", "[REDACTED]"),
        named("a; name*=utf-8''p%69n", "[REDACTED]"),
        named("a; name*0=\"p\"; name*1*=\"%69n\"", "[REDACTED]"),
        named("\"=?utf-8?B?cGlu?=\"", "[REDACTED]"),
        "--b--\r\n".to_owned(),
    ];
    let kind = Kind::of(b"multipart/form-data; boundary=b");
    let (whole, expected) = (whole.concat(), expected.concat());
    assert_eq!(shown(&redactor, whole.as_bytes(), &kind), (expected.clone(), Some(Extent::Values)));
    for cut in 0..whole.len() {
        let (found, extent) = shown(&redactor, &whole.as_bytes()[..cut], &kind);
        assert!(extent <= Some(Extent::Values), "{cut}: {found}");
        let secret = |byte: u8| (b'2'..=b'7').contains(&byte) && byte != b'6';
        assert!(!found.bytes().any(secret), "{cut}: {found}");
        // A delimiter that is cut counts as content: a part of it may be kept or not.
        let kept = found.trim_end_matches("[REDACTED]");
        assert!(expected.starts_with(kept.trim_end_matches("\r\n--b")), "{cut}: {found}");
    }
    for (text, expected) in [
        ("pin=1", "[REDACTED]"),
        ("x--b\r\n", "[REDACTED]"),
        ("--b\r\nContent-Disposition: form-data; name=a\r\n--b\r\n\r\n1", "--b\r\n[REDACTED]"),
        ("--b x\r\n\r\n1", "--b[REDACTED]"),
        ("--b--\r\npin: 1", "--b--[REDACTED]"),
    ] {
        assert_eq!(shown(&redactor, text.as_bytes(), &kind).0, expected, "{text:?}");
    }
    assert_eq!(shown(&redactor, b"--b\r\n\r\n1", &Kind::of(b"multipart/form-data")).0, "[REDACTED]");
    let mixed = "--b\r\nContent-Type: application/json\r\n\r\n{\"pin\":1}\r\n--b\r\n\r\ntext\r\n--b--";
    assert_eq!(
        shown(&redactor, mixed.as_bytes(), &Kind::of(b"multipart/mixed; boundary=b")).0,
        mixed.replace('1', "\"[REDACTED]\"")
    );
}

/// JSON that is made with what it becomes. Secret values consist of `#` and `7` where they are not `true`, and nothing else has
/// these.
#[derive(Debug, Clone, Default)]
struct Made {
    text: String,
    expected: String,
    /// Where in `text` names stand.
    names: Vec<Range<usize>>,
}

impl Made {
    fn push(&mut self, both: &str) {
        self.text.push_str(both);
        self.expected.push_str(both);
    }
}

#[derive(Debug, Clone)]
enum Value {
    Plain(String),
    Array(Vec<Value>),
    Object(Vec<(Name, String, Value)>),
}

#[derive(Debug, Clone)]
enum Name {
    Secret(String),
    Other(String),
}

fn write(value: &Value, secret: bool, space: &str, out: &mut String, made: &mut Vec<(usize, usize, bool)>) {
    match value {
        Value::Plain(text) if secret => out.push_str(&text.replace(['a', ' '], "#").replace('1', "7")),
        Value::Plain(text) => out.push_str(text),
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { space } else { "," });
                write(value, secret, space, out, made);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, space, value)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                let (text, named) = match name {
                    Name::Secret(text) => (text, true),
                    Name::Other(text) => (text, false),
                };
                write!(out, "{space}\"{text}\"{space}:{space}").unwrap();
                let start = out.len();
                made.push((start - text.len() - 2 * space.len() - 2, start - 2 * space.len() - 2, false));
                write(value, secret || named, space, out, made);
                if named && !secret {
                    made.push((start, out.len(), true));
                }
            }
            out.push('}');
        }
    }
}

fn made(values: &[Value], between: &str) -> Made {
    let (mut whole, mut marks) = (String::new(), Vec::new());
    for value in values {
        write(value, false, "", &mut whole, &mut marks);
        whole.push_str(between);
    }
    let mut secrets: Vec<_> = marks.iter().filter(|mark| mark.2).collect();
    secrets.sort_unstable();
    let mut made =
        Made { names: marks.iter().filter(|mark| !mark.2).map(|mark| mark.0..mark.1).collect(), ..Made::default() };
    let mut copied = 0;
    for (start, end, _) in secrets {
        made.push(&whole[copied..*start]);
        made.text.push_str(&whole[*start..*end]);
        made.expected.push_str("\"[REDACTED]\"");
        copied = *end;
    }
    made.push(&whole[copied..]);
    made
}

fn escaped(name: &str, which: u32) -> String {
    let mut out = String::new();
    for (index, char) in name.chars().enumerate() {
        if which >> (index % 32) & 1 == 1 {
            char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write!(out, "\\u{unit:04x}").unwrap());
        } else {
            out.push(char);
        }
    }
    out
}

fn name() -> impl Strategy<Value = Name> {
    let written = prop_oneof![3 => Just(0_u32), 1 => any::<u32>()];
    let secret = prop::sample::select(vec![
        "password",
        "PassWord",
        "api_key",
        "apiKey",
        "API-KEY",
        "pin",
        "cardnumber",
        "card_number",
        "größe",
        "GRößE",
    ]);
    let other = prop_oneof![
        "[b-z]{0,8}",
        prop::sample::select(vec![
            "passwords",
            "my_pin",
            "pass_word",
            "api",
            "key",
            "card number!",
            "pin\\\"",
            "\\\\pin",
            "ünï"
        ])
        .prop_map(str::to_owned),
    ];
    let escaped_secret = (secret, written).prop_map(|(name, which)| Name::Secret(escaped(name, which)));
    let is_other = |name: &String| !NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    prop_oneof![2 => escaped_secret, 3 => other.prop_filter("not named", is_other).prop_map(Name::Other)]
}

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        "\"[a ]{0,5}\"",
        "-?[1]{1,5}",
        prop::sample::select(vec![
            "true",
            "null",
            "\"\"",
            r#""a \"pin\":a""#,
            r#""\\""#,
            r#""password""#,
            r#""a password a""#,
            r#""é\u00e9\ud83d\ude00""#,
            r#""{\"a\":[1]}""#,
        ])
        .prop_map(str::to_owned),
    ];
    let space = prop::sample::select(vec!["", "", " ", "\n\t "]);
    plain.prop_map(Value::Plain).prop_recursive(5, 40, 6, move |inner| {
        let member = (name(), space.clone().prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::Array),
            prop::collection::vec(member, 0..6).prop_map(Value::Object),
        ]
    })
}

fn document() -> impl Strategy<Value = Made> {
    let between = prop::sample::select(vec!["\n", "", " \u{1e}"]);
    let top = value().prop_filter("members", |value| !matches!(value, Value::Plain(_)));
    (prop::collection::vec(top, 1..3), between).prop_map(|(values, between)| made(&values, between))
}

/// A `7` in the escape of a letter is none.
fn has_secret(text: &str) -> bool {
    let plain =
        |(index, piece): (usize, &str)| if index == 0 { piece.to_owned() } else { piece.chars().skip(4).collect() };
    text.split("\\u").enumerate().map(plain).any(|piece| piece.contains(['#', '7']))
}

/// More in a run of its own: `REDACT_CASES=10000 cargo test --release redact`.
fn cases() -> u32 {
    std::env::var("REDACT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn json_in_all_its_forms_whole_and_cut_at_every_byte(made in document()) {
        let redactors = [redactor(&NAMES), redactor(&["PASSWORD", "apiKey", "pin", "card-number", "größe"])];
        for redactor in &redactors {
            let (found, extent) = shown(redactor, made.text.as_bytes(), &Kind::Json);
            prop_assert_eq!(&found, &made.expected, "{}", &made.text);
            prop_assert!(extent <= Some(Extent::Values));
            prop_assert!(!has_secret(&found));
            for cut in (0..made.text.len()).filter(|cut| made.text.is_char_boundary(*cut)) {
                let (found, extent) = shown(redactor, &made.text.as_bytes()[..cut], &Kind::Json);
                prop_assert!(made.expected.starts_with(&found), "{} -> {}", &made.text[..cut], found);
                prop_assert!(extent <= Some(Extent::Values));
            }
        }
    }

    /// Without the name that cannot be searched for the quick way is taken.
    #[test]
    fn what_a_search_finds_is_what_a_walk_finds(made in document()) {
        let [_, quick] = redactors();
        let near = quick.redact(made.text.as_bytes(), &Kind::Json);
        let mut walked = Secrets::default();
        walked.add(quick.members.walk(made.text.as_bytes()), 0);
        prop_assert_eq!(near, walked.replace(made.text.as_bytes()), "{}", made.text);
    }

    #[test]
    fn no_secret_survives_in_broken_json(
        made in document(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3, prop::sample::select(b"{}[]:,\"\\ '\n".to_vec())), 1..2),
        more in prop::sample::select(vec!["", "\"", "[\"", "{\"", ",", ",\"", "\n"]),
    ) {
        let mut text = made.text.clone().into_bytes();
        let mut names = made.names.clone();
        for (index, how, byte) in changes {
            let at = index.index(text.len().max(1));
            if at == text.len() {
                continue;
            }
            // A name that was changed is another name, and so is a name with a letter's escape beside it.
            let near = |name: &Range<usize>| at + 7 > name.start && at < name.end + 7;
            if names.iter().any(near) && text.contains(&b'\\') || names.iter().any(|name| at >= name.start && at <= name.end)
                || !text[at].is_ascii() {
                continue;
            }
            let before = text.len();
            match how {
                0 => drop(text.remove(at)),
                1 => drop(text.splice(at..at, [&[byte], more.as_bytes()].concat())),
                _ => text[at] = byte,
            }
            let shift = |place: usize| if place > at { place + text.len() - before } else { place };
            names = names.into_iter().map(|name| shift(name.start)..shift(name.end)).collect();
        }
        let [all, quick] = redactors();
        // Without the name that cannot be searched for the quick way is taken.
        let is_searched = !["ß", "\\u00df"].iter().any(|letter| made.text.contains(letter));
        for redactor in [Some(all), is_searched.then_some(quick)].iter().flatten() {
            let found = redactor.redact(&text, &Kind::Json).map_or_else(|| text.clone(), |redacted| redacted.text);
            let found = String::from_utf8_lossy(&found).into_owned();
            // A number in two by a comma or a brace is JSON up to there, and what is after it is not known to be of it.
            prop_assert!(!found.contains('#'), "{} -> {}", String::from_utf8_lossy(&text), found);
        }
    }
}

#[test]
fn what_is_left_of_a_broken_value_is_not_shown() {
    let redactor = redactor(&["pin"]);
    for (text, expected) in [
        (r#"{"pin":7}77"#, r#"{"pin":"[REDACTED]"}[REDACTED]"#),
        (r#"{"pin":7}77}"#, r#"{"pin":"[REDACTED]"}[REDACTED]"#),
        (r#"[{"pin":7} 77]"#, r#"[{"pin":"[REDACTED]"} [REDACTED]"#),
        (r#"{"pin":7},{"a":1}"#, r#"{"pin":"[REDACTED]"},{"a":1}"#),
        ("{\"pin\":7}\n{\"a\":1}\n", "{\"pin\":\"[REDACTED]\"}\n{\"a\":1}\n"),
        (r#"{"a":[{"pin":7}],"b":2}"#, r#"{"a":[{"pin":"[REDACTED]"}],"b":2}"#),
        (r#"{"pin":7"77"}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        (r#"{"pin":7{"a":77}}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        (r#"{"pin":7["77"]}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        // A string in which quotes have no backslash, or two strings to be joined.
        (r#"{"pin":"7""77"}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        (r#"{"pin":"7" "77"}"#, r#"{"pin":"[REDACTED]" [REDACTED]"#),
        (r#"{"pin":"7",77"}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        (r#"{"pin":"7", "77"}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        (r#"{"pin":"7","77","a":1}"#, r#"{"pin":"[REDACTED]"[REDACTED]"#),
        (r#"{"pin":"7"},e7"}"#, r#"{"pin":"[REDACTED]"}[REDACTED]"#),
        ("{\"pin\":7\n,\r\"a\" :1 , }", "{\"pin\":\"[REDACTED]\"\n,\r\"a\" :1 , }"),
        (r#"{"p\u0069n":"7","77","a":1}"#, r#"{"p\u0069n":"[REDACTED]",[REDACTED]"#),
        (r#"{"pin":7,"a"#, r#"{"pin":"[REDACTED]","a"#),
        (r#"[{"pin":7},null,[{"pin":7}, 1]]"#, r#"[{"pin":"[REDACTED]"},null,[{"pin":"[REDACTED]"}, 1]]"#),
    ] {
        assert_eq!(shown(&redactor, text.as_bytes(), &Kind::Json).0, expected, "{text}");
    }
}

#[test]
fn depth_costs_a_bit_a_level() {
    let redactor = redactor(&["größe", "pin"]);
    for depth in [63, 64, 65, 127, 128, 129, 200_000] {
        let open = "[{\"a\":".repeat(depth);
        let close = "}]".repeat(depth);
        let text = |value: &str| format!("{open}{{\"pin\":{value},\"b\":[{{}}]}}{close}");
        let (found, extent) = shown(&redactor, text("[1,{\"c\":2}]").as_bytes(), &Kind::Json);
        assert!(found == text("\"[REDACTED]\"") && extent == Some(Extent::Values), "{depth}");
    }
}
