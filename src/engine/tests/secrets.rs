//! How much of the secrets in traffic is shown, in the log and in messages.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::message::PLACES;

const SECRET: &str = "hunter2";

fn samples(client: &[u8]) -> Vec<String> {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let syn = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    send(&mut engine, From::Client(1), 1, 1, client);
    let fields = engine.take_notices().into_iter().flat_map(|notice| notice.fields);
    fields.filter(|(name, _)| *name == "sample").map(|(_, sample)| sample).collect()
}

#[test]
fn a_sample_ends_before_anything_that_may_be_secret() {
    for (bytes, sample) in [
        (b"SSH-2.0-OpenSSH_9.6\r\n".as_slice(), "SSH-"),
        (b"AUTH hunter2\r\n", "AUTH"),
        (b"AUTH\x01hunter2\r\n", "AUTH"),
        (b"hunter2\r\n", "hunt"),
        (b"\x00\x00\x00\x09hunter2", "\\x00\\x00\\x00\\t"),
        (b"*1\r\n$4\r\nPING\r\n", "*1"),
        (b"GET /?token=hunter2\r\n", "GET"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03"),
    ] {
        assert_eq!(samples(bytes), [sample]);
    }
    // Broken HTTP: the bytes belong to a user's message.
    assert!(samples(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nhunter2\r\nhunter2 hunter2\r\n").is_empty());
}

fn redacting() -> EngineConfig {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.redact_headers.push("x-api-key".into());
    config.redact_query = vec!["token".into()];
    config
}

/// The output of an exchange, messages and notices.
fn shown(config: EngineConfig, request: &[u8], response: &[u8]) -> String {
    let mut engine = Engine::new(config);
    let ack = send(&mut engine, From::Client(1), 1, 1, request);
    send(&mut engine, From::Server(1), 1, ack, response);
    let notices: Vec<_> = engine.take_notices().into_iter().map(|notice| format!("{notice:?}\n")).collect();
    let lines = all_lines(&mut engine);
    lines.iter().map(|line| format!("{line}\n")).chain(notices).collect()
}

/// Wherever fields may stand: in a request, a response, and the trailers of each.
fn expect_hidden(config: &EngineConfig, lines: &str) {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let trailers = format!("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nFirst: x\r\n{lines}\r\n\r\n");
    for (request, response) in [
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\nLast: y\r\n\r\n"), ok.to_owned()),
        (format!("GET / HTTP/1.1\r\n{lines}\r\n\r\n"), ok.to_owned()),
        (format!("POST / HTTP/1.1\r\n{trailers}"), ok.to_owned()),
        (
            "GET / HTTP/1.1\r\n\r\n".into(),
            format!("HTTP/1.1 200 OK\r\nHost: a\r\n{lines}\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("GET / HTTP/1.1\r\n\r\n".into(), format!("HTTP/1.1 200 OK\r\n{trailers}")),
    ] {
        let shown = shown(config.clone(), request.as_bytes(), response.as_bytes());
        assert!(!shown.contains(SECRET), "{lines:?}: {shown}");
    }
}

#[test]
fn a_secret_field_is_redacted_however_its_name_is_dressed_up() {
    for lines in [
        "Authorization: hunter2",
        "AUTHORIZATION : hunter2",
        "Authorization\t: hunter2",
        "Authorization\x0b: hunter2",
        "x\rAuthorization: hunter2",
        "\x01Cookie: hunter2",
        "Authorization_: hunter2",
        "_Authorization: hunter2",
        "-Authorization-: hunter2",
        "X_Api_Key: hunter2",
        "x_api-key: hunter2",
        "\"Authorization\": hunter2",
        "'Cookie': hunter2",
        "Authorization,: hunter2",
        "Authorization;x: hunter2",
        "Authorization\u{a0}: hunter2",
        "Authorization\u{85}: hunter2",
        "Authorization\u{200b}: hunter2",
        "Author\u{ad}ization: hunter2",
        "\u{feff}Authorization: hunter2",
        "Author\0ization: hunter2",
        "Coo\u{212a}ie: hunter2",
        "Authorization= Basic hunter2: x",
        "Authorization Bearer hunter2: x",
        // Several at once.
        "Cookie: a=1\r\nCookie: hunter2\r\nCookie : hunter2",
        "Authorization;x: hunter2\r\nAuthorization;y: hunter2",
        // Folds, and what some receivers take for a new line.
        "Authorization:\r\n hunter2",
        "Authorization: Bearer\r\n\thunter2\r\n hunter2",
        "X: a\r\n Authorization: hunter2",
        " Authorization: hunter2",
        "\tCookie: hunter2",
        "X: a\r\n b\r\n  x-api-key : hunter2",
        "X: a\rAuthorization: hunter2",
        "X:\rAuthorization: hunter2",
        "X: a\r\r Authorization: hunter2",
        "X: a\0Authorization: hunter2",
        "X: a\x0bAuthorization: hunter2",
        "X: a\x0cCookie: hunter2",
        "X: a\x1eCookie: hunter2",
        "X: a\u{85}Cookie: hunter2",
        "X: a\u{2028}Cookie: hunter2",
        "X: a\rAuthor\0ization: hunter2",
        "X: a\rb: c\rAuthorization: hunter2",
        "X: a\nAuthorization: hunter2",
        "X: a\rAuthorization: y\r\nX: hunter2",
    ] {
        expect_hidden(&redacting(), lines);
    }
    let raw = |name: &[u8]| [b"GET / HTTP/1.1\r\n", name, b": hunter2\r\n\r\n"].concat();
    for name in [b"Authorization\xa0".as_slice(), b"\x85Cookie", b"Author\xadization", b"\xff\xfeCookie"] {
        assert!(!shown(redacting(), &raw(name), b"").contains(SECRET), "{name:?}");
    }
    let reason = b"HTTP/1.1 200 OK\rAuthorization: hunter2\r\nContent-Length: 0\r\n\r\n";
    assert!(!shown(redacting(), b"GET / HTTP/1.1\r\n\r\n", reason).contains(SECRET));
    let bare = b"HTTP/1.1 200 \rCookie: hunter2\r\nContent-Length: 0\r\n\r\n";
    assert!(!shown(redacting(), b"GET / HTTP/1.1\r\n\r\n", bare).contains(SECRET));
}

#[test]
fn other_fields_are_shown_as_they_are() {
    for (line, shown_as) in [
        ("Set-Cookie: a=b", "\"set-cookie\":\"a=b\""),
        ("Proxy-Authorization: x", "\"proxy-authorization\":\"x\""),
        ("Cookie2: x", "\"cookie2\":\"x\""),
        ("Authorizations: x", "\"authorizations\":\"x\""),
        ("X: Cookie: x", "\"x\":\"Cookie: x\""),
        ("X: \"Cookie\": x", "\"x\":\"\\\"Cookie\\\": x\""),
        ("X: a\r\n Set-Cookie: x", "\"x\":\"a Set-Cookie: x\""),
        ("X: a\r\n cookie", "\"x\":\"a cookie\""),
        ("Referer: /?tokens=1", "\"referer\":\"/?tokens=1\""),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{line}\r\n\r\n");
        let shown = shown(redacting(), request.as_bytes(), b"");
        assert!(shown.contains(shown_as), "{line:?}: {shown}");
    }
    let mut nothing = redacting();
    nothing.redact_headers.clear();
    nothing.redact_query.clear();
    let request =
        b"GET http://user:hunter2@host/?token=hunter2 HTTP/1.1\r\nAuthorization: hunter2\r\nX: a\rCookie: b\r\n\r\n";
    assert_eq!(shown(nothing, request, b"").matches(SECRET).count(), 3);
}

/// As a path, as what a response tells of its request, and in fields whose values are URLs.
fn expect_hidden_in_targets(target: &str) {
    let ok = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n";
    for field in
        ["Location", "referer", "Content-Location", "X-Original-URI", "X-Envoy-Original-Path", "HX-Current-URL"]
    {
        let request = format!("GET {target} HTTP/1.1\r\n{field}: {target}\r\n\r\n");
        let response = format!("{ok}{field}: {target}\r\n\r\n");
        let shown = shown(redacting(), request.as_bytes(), response.as_bytes());
        assert!(!shown.contains(SECRET), "{target:?}: {shown}");
    }
}

#[test]
fn a_secret_parameter_is_redacted_wherever_it_stands() {
    for target in [
        "/?token=hunter2",
        "/?user[token][]=hunter2",
        "/?a=1;TOKEN=hunter2",
        "/x;token=hunter2/y",
        "/?token=a b hunter2",
        "http://host/?x?token=hunter2",
        "//host/?token=hunter2",
        "http://user:hunter2@host/",
        "user:hunter2@host:443",
    ] {
        expect_hidden_in_targets(target);
    }
}

/// A name as a lenient receiver still takes it for that name: each part is text that may stand between its letters or around it.
fn disguised(name: &'static str) -> impl Strategy<Value = String> {
    let odd = [
        "\0", "\x01", "\x0b", "\x0c", "\x7f", "\"", "'", ",", ";", "(", ")", "[", "]", "\u{a0}", "\u{85}", "\u{200b}",
        "\u{feff}", "\u{ad}", "\u{2060}", "\r",
    ];
    let around = || prop::collection::vec(select(odd.iter().copied().chain(["_", " "]).collect::<Vec<_>>()), 0..3);
    let inside = prop::collection::vec(
        (any::<prop::sample::Index>(), select(vec!["\0", "\u{200b}", "\u{ad}", "\u{feff}"])),
        0..3,
    );
    (around(), inside, around(), any::<u32>(), any::<bool>()).prop_map(move |(before, inside, after, upper, joint)| {
        let mut letters: Vec<String> = name
            .chars()
            .enumerate()
            .map(|(at, letter)| match letter {
                '-' if joint => "_".to_owned(),
                _ if upper >> (at % 32) & 1 == 1 => letter.to_ascii_uppercase().to_string(),
                _ => letter.to_string(),
            })
            .collect();
        for (at, odd) in inside {
            let at = at.index(letters.len());
            letters[at].push_str(odd);
        }
        format!("{}{}{}", before.concat(), letters.concat(), after.concat())
    })
}

/// A name of a parameter, in some of its spellings.
fn parameter() -> impl Strategy<Value = String> {
    let letters = prop::collection::vec(0..6_u8, 5);
    let before = select(vec!["", "+", "%20", "%00", "user[", "a.", "\"", "%E2%80%8B", "%2520", "[", "%2B"]);
    let after = select(vec!["", "[]", "%5B%5D", "]", "+", "%20", "%00", "[a][b]", ".x", "\"", "%C2%A0", " "]);
    (before, letters, after).prop_map(|(before, letters, after)| {
        let spelled = "token".chars().zip(letters).map(|(letter, how)| match how {
            0 => letter.to_ascii_uppercase().to_string(),
            1 => format!("%{:02x}", letter as u32),
            2 => format!("%25{:02X}", letter as u32),
            3 => format!("%u00{:02x}", letter as u32),
            _ => letter.to_string(),
        });
        format!("{before}{}{after}", spelled.collect::<String>())
    })
}

proptest! {
    #[test]
    fn no_disguise_of_a_field_shows_its_secret(
        name in prop_oneof![disguised("authorization"), disguised("cookie"), disguised("x-api-key")],
        before in select(vec!["", "X: y\r", "X: y\r\n ", "X: y\r\n\t", " ", "X: y\0", "X: y\x0b", "X: \"\r\n ", "x\r"]),
        space in select(vec!["", " ", "\t", "\r\n ", "Basic "]),
    ) {
        // A name that begins with white space continues the field before it.
        expect_hidden(&redacting(), &format!("{before}{name}:{space}{SECRET}"));
    }

    #[test]
    fn no_disguise_of_a_parameter_shows_its_secret(
        name in parameter(),
        before in select(vec!["/?", "/?a=b&", "/?a=b;", "/a;", "/a#", "/?x?", "/?a=b?", "http://h/?", "//h/a?", "/%3F", "/?a=%26", "/?u=http%3A%2F%2Fh%2F%3F", "/?&amp;"]),
        equals in select(vec!["=", "%3D", "%3d", "%253D", " = ", "%u003d"]),
        value in select(vec!["hunter2", "a;hunter2", "a%26hunter2", "a#hunter2", "a/hunter2", "a=hunter2", "%20hunter2", "a b hunter2"]),
        after in select(vec!["", "&b=c", "&"]),
    ) {
        expect_hidden_in_targets(&format!("{before}{name}{equals}{value}{after}"));
    }
}

/// Field sections are kept for the next sections like them, and not for as long as the capture runs.
#[test]
fn fields_that_are_kept_are_forgotten_in_time() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let first = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &first, first.len() as u32);
    let head = b"GET / HTTP/1.1\r\nAuthorization: Bearer hunter2\r\nx-other: value\r\n\r\n";
    send(&mut engine, From::Client(1), 1, 1, head);
    let empty = |engine: &Engine| format!("{:?}", engine.outlet).matches("{ bytes: 0, .. }").count();
    let all = empty(&Engine::new(EngineConfig::for_ports(&[SERVER_PORT])));
    assert_eq!((empty(&engine), all), (all - 2, 2 * PLACES), "as it was captured, and as text");
    engine.on_tick(Timestamp::from_micros(59_000_000));
    assert_eq!(empty(&engine), all - 2);
    engine.on_tick(Timestamp::from_micros(62_000_000));
    assert_eq!(empty(&engine), all);
}
