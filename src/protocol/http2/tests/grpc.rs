//! Calls by gRPC, as they come out if messages inside streams are not asked for.

use super::wire::*;
use super::*;

#[track_caller]
fn check(turns: &[Turn], expected: &[&str]) {
    check_with(Http2Connection::new, false, turns, expected);
}

pub fn call<'a>(content_type: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let head = [(":method", "POST"), (":scheme", "http"), (":path", "/pkg.Greeter/Hi"), ("content-type", content_type)];
    [&head, more].concat()
}

pub fn answer<'a>(content_type: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[(":status", "200"), ("content-type", content_type)], more].concat()
}

/// A frame of five bytes and what follows.
pub fn message(flags: u8, data: &[u8]) -> Vec<u8> {
    [&[flags], &(data.len() as u32).to_be_bytes()[..], data].concat()
}

#[test]
fn messages_are_counted_and_the_status_is_in_the_trailers() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let two = [message(0, b"ab"), message(1, b"")].concat();
    check(
        &[
            C([hello(), headers(1, &c.block(&call("application/grpc+proto", &[("grpc-encoding", "gzip")])), false)]
                .concat()),
            C([data(1, &two[..3], false), data(1, &two[3..], true)].concat()),
            S([settings(&[]), headers(1, &s.block(&answer("application/grpc", &[])), false)].concat()),
            S(data(1, &message(0, b"c"), false)),
            S(headers(1, &s.block(&[("grpc-status", "5"), ("grpc-message", "no%20%C3%A9")]), true)),
        ],
        &[
            r"> 1 POST /pkg.Greeter/Hi {content-type=application/grpc+proto|grpc-encoding=gzip} '\x00\x00\x00\x00\x02ab\x01\x00\x00\x00\x00' grpc[Some(2) gzip]",
            concat!(
                r"< 1 200 {content-type=application/grpc} '\x00\x00\x00\x00\x01c' +{grpc-status=5|grpc-message=no%20%C3%A9}",
                r" grpc[Some(1) 5 NOT_FOUND no \xc3\xa9] for POST /pkg.Greeter/Hi"
            ),
        ],
    );
}

#[test]
fn a_head_that_is_all_has_the_status() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let status = [("grpc-status", "16"), ("grpc-message", "who?")];
    check(
        &[
            C([hello(), headers(1, &c.block(&call("application/grpc", &[])), true)].concat()),
            S([settings(&[]), headers(1, &s.block(&answer("Application/gRPC;x", &status)), true)].concat()),
            // A number without a name, and no number.
            C([headers(3, &c.block(&call("application/grpc", &[])), true)].concat()),
            S(headers(3, &s.block(&answer("application/grpc", &[("grpc-status", "99")])), true)),
            C([headers(5, &c.block(&call("application/grpcx", &status)), true)].concat()),
            S(headers(5, &s.block(&answer("application/grpc", &[("grpc-status", "-1")])), true)),
        ],
        &[
            "> 1 POST /pkg.Greeter/Hi {content-type=application/grpc} grpc[Some(0)]",
            concat!(
                "< 1 200 {content-type=Application/gRPC;x|grpc-status=16|grpc-message=who?} ",
                "grpc[Some(0) 16 UNAUTHENTICATED who?] for POST /pkg.Greeter/Hi"
            ),
            "> 3 POST /pkg.Greeter/Hi {content-type=application/grpc} grpc[Some(0)]",
            "< 3 200 {content-type=application/grpc|grpc-status=99} grpc[Some(0) 99 ?] for POST /pkg.Greeter/Hi",
            "> 5 POST /pkg.Greeter/Hi {content-type=application/grpcx|grpc-status=16|grpc-message=who?}",
            "< 5 200 {content-type=application/grpc|grpc-status=-1} grpc[Some(0)] for POST /pkg.Greeter/Hi",
        ],
    );
}

#[test]
fn a_status_without_a_content_type_answers_a_call() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let status = [(":status", "200"), ("grpc-status", "12")];
    check(
        &[
            C([hello(), headers(1, &c.block(&call("application/grpc", &[])), true)].concat()),
            S([settings(&[]), headers(1, &s.block(&status), true)].concat()),
            C(headers(3, &c.block(&call("application/grpc", &[])), true)),
            S([headers(3, &s.block(&status), false), data(3, b"", true)].concat()),
            // Without a status, and without a call, it is not of gRPC.
            C(headers(5, &c.block(&call("application/grpc", &[])), true)),
            S(headers(5, &s.block(&status[..1]), true)),
            C(headers(7, &c.block(&call("text/plain", &[])), true)),
            S(headers(7, &s.block(&status), true)),
        ],
        &[
            "> 1 POST /pkg.Greeter/Hi {content-type=application/grpc} grpc[Some(0)]",
            "< 1 200 {grpc-status=12} grpc[Some(0) 12 UNIMPLEMENTED] for POST /pkg.Greeter/Hi",
            "> 3 POST /pkg.Greeter/Hi {content-type=application/grpc} grpc[Some(0)]",
            "< 3 200 {grpc-status=12} grpc[Some(0) 12 UNIMPLEMENTED] for POST /pkg.Greeter/Hi",
            "> 5 POST /pkg.Greeter/Hi {content-type=application/grpc} grpc[Some(0)]",
            "< 5 200 for POST /pkg.Greeter/Hi",
            "> 7 POST /pkg.Greeter/Hi {content-type=text/plain}",
            "< 7 200 {grpc-status=12} for POST /pkg.Greeter/Hi",
        ],
    );
}

#[test]
fn grpc_web_has_its_trailers_in_the_body() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let body = [message(0, b"m"), message(0x80, b"grpc-status: 7\r\nGrpc-Message:a%0Ab\r\n")].concat();
    let text = "AAAAAAFtgAAAAA9ncnBjLXN0YXR1czogMTI=";
    check(
        &[
            C([hello(), headers(1, &c.block(&call("application/grpc-web+proto", &[])), true)].concat()),
            S([settings(&[]), headers(1, &s.block(&answer("application/grpc-web", &[])), false)].concat()),
            S(data(1, &body, true)),
            C(headers(3, &c.block(&call("application/grpc-web-text", &[])), true)),
            S([headers(3, &s.block(&answer("application/grpc-web-text", &[])), false), data(3, text.as_bytes(), true)]
                .concat()),
            // Coded as a whole: its messages are not counted.
            C(headers(5, &c.block(&call("application/grpc-web", &[("content-encoding", "gzip")])), true)),
        ],
        &[
            "> 1 POST /pkg.Greeter/Hi {content-type=application/grpc-web+proto} grpc[Some(0)]",
            &format!(
                "< 1 200 {{content-type=application/grpc-web}} '{}' grpc[Some(1) 7 PERMISSION_DENIED a\\nb] for POST /pkg.Greeter/Hi",
                body.escape_ascii()
            ),
            "> 3 POST /pkg.Greeter/Hi {content-type=application/grpc-web-text} grpc[Some(0)]",
            &format!(
                "< 3 200 {{content-type=application/grpc-web-text}} '{text}' grpc[Some(1) 12 UNIMPLEMENTED] for POST /pkg.Greeter/Hi"
            ),
            "> 5 POST /pkg.Greeter/Hi {content-type=application/grpc-web|content-encoding=gzip} grpc[None]",
        ],
    );
}

/// A status of which an end may be missing is not shown.
#[test]
fn trailers_that_are_cut_tell_what_is_whole() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let whole = message(0x80, b"grpc-message: m\r\ngrpc-status: 12");
    let start = [
        C([hello(), headers(1, &c.block(&call("application/grpc-web", &[])), true)].concat()),
        S([settings(&[]), headers(1, &s.block(&answer("application/grpc-web", &[])), false)].concat()),
    ];
    let cut = &whole[..whole.len() - 1];
    let request = "> 1 POST /pkg.Greeter/Hi {content-type=application/grpc-web} grpc[Some(0)]";
    let head = "< 1 200 {content-type=application/grpc-web}";
    check(
        &[&start[..], &[S(data(1, cut, true))]].concat(),
        &[request, &format!("{head} '{}' grpc[Some(0) m] for POST /pkg.Greeter/Hi", cut.escape_ascii())],
    );
    let frame = data(1, &whole, true);
    check(
        &[&start[..], &[S(frame[..20].to_vec()), LostS(2), S(frame[22..].to_vec())]].concat(),
        &[
            request,
            &format!(
                "{head} '{}' of {} !gap grpc[Some(0)] gap 2 for POST /pkg.Greeter/Hi",
                whole[..11].escape_ascii(),
                whole.len()
            ),
        ],
    );
}

#[test]
fn after_a_loss_between_messages_their_number_is_not_known() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let frame = data(1, &[message(0, b"abc"), message(0, b"def")].concat(), false);
    let lost = |from: usize, to: usize| [S(frame[..from].to_vec()), LostS((to - from) as u64), S(frame[to..].to_vec())];
    let start = [
        C([hello(), headers(1, &c.block(&call("application/grpc", &[])), true)].concat()),
        S([settings(&[]), headers(1, &s.block(&answer("application/grpc", &[])), false)].concat()),
    ];
    let end = [S(headers(1, &s.block(&[("grpc-status", "0")]), true))];
    for (from, to, count) in [(14, 17, "Some(2)"), (15, 16, "Some(2)"), (16, 18, "None"), (9, 10, "None")] {
        let kept = frame[9..from].escape_ascii().to_string();
        let body = format!("'{kept}' of 16");
        check(
            &[&start[..], &lost(from, to), &end].concat(),
            &[
                "> 1 POST /pkg.Greeter/Hi {content-type=application/grpc} grpc[Some(0)]",
                &format!(
                    "< 1 200 {{content-type=application/grpc}} {body} +{{grpc-status=0}} !gap grpc[{count} 0 OK] gap {} for POST /pkg.Greeter/Hi",
                    to - from
                ),
            ],
        );
    }
}

#[test]
fn the_status_of_a_head_counts_only_if_it_is_all() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let status = [("grpc-status", "7")];
    let asked = |c: &mut Encoder, stream| headers(stream, &c.block(&call("application/grpc", &[])), true);
    let body = message(0, b"m");
    let request = |stream| format!("> {stream} POST /pkg.Greeter/Hi {{content-type=application/grpc}} grpc[Some(0)]");
    let of = |kind: &str| format!("200 {{content-type=application/grpc{kind}|grpc-status=7}}");
    let shown = body.escape_ascii().to_string();
    let end = "for POST /pkg.Greeter/Hi";
    check(
        &[
            C([hello(), asked(&mut c, 1)].concat()),
            S([settings(&[]), headers(1, &s.block(&answer("application/grpc", &status)), false), data(1, &body, true)]
                .concat()),
            C(asked(&mut c, 3)),
            S([headers(3, &s.block(&answer("application/grpc", &status)), false), data(3, b"", true)].concat()),
            C(asked(&mut c, 5)),
            S([headers(5, &s.block(&answer("application/grpc-web", &status)), false), data(5, &body, true)].concat()),
            // Reset without a status: by the server, and by a client that does not wait any longer.
            C(asked(&mut c, 7)),
            S([headers(7, &s.block(&answer("application/grpc", &status)), false), rst(7, 2)].concat()),
            C(asked(&mut c, 9)),
            S([headers(9, &s.block(&answer("application/grpc", &[])), false), data(9, &body, false)].concat()),
            C(rst(9, 8)),
        ],
        &[
            &request(1),
            &format!("< 1 {} '{shown}' grpc[Some(1)] {end}", of("")),
            &request(3),
            &format!("< 3 {} grpc[Some(0) 7 PERMISSION_DENIED] {end}", of("")),
            &request(5),
            &format!("< 5 {} '{shown}' grpc[Some(1) 7 PERMISSION_DENIED] {end}", of("-web")),
            &request(7),
            &format!("< 7 {} !reset INTERNAL_ERROR grpc[Some(0)] {end}", of("")),
            &request(9),
            &format!("< 9 200 {{content-type=application/grpc}} '{shown}' !reset CANCEL grpc[Some(1)] {end}"),
        ],
    );
}

/// The `content-type` of a connection that is older than the capture is in a table that was not seen.
#[test]
fn a_call_without_its_content_type_is_known_by_other_fields() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let lost_c = headers(1, &c.block(&call("application/grpc", &[])), true);
    let lost_s = headers(1, &s.block(&answer("application/grpc", &[])), false);
    let body = message(0, b"m");
    let mut turns = vec![
        C([hello(), lost_c[..12].to_vec()].concat()),
        LostC(lost_c.len() as u64 - 12),
        S([settings(&[]), lost_s[..12].to_vec()].concat()),
        LostS(lost_s.len() as u64 - 12),
    ];
    for (stream, field, trailers) in [
        (3, ("grpc-timeout", "1S"), Some(("grpc-status", "5"))),
        (5, ("te", "trailers"), None),
        (7, ("grpc-encoding", "gzip"), Some(("x-plain", "a"))),
    ] {
        turns.push(C([
            headers(stream, &c.block(&call("application/grpc", &[field])), false),
            data(stream, &body, true),
        ]
        .concat()));
        let head = headers(stream, &s.block(&answer("application/grpc", &[])), false);
        let end = match trailers {
            Some(trailers) => [data(stream, &body, false), headers(stream, &s.block(&[trailers]), true)].concat(),
            None => data(stream, &body, true),
        };
        turns.push(S([head, end].concat()));
    }
    let shown = body.escape_ascii();
    check(
        &turns,
        &[
            &format!("> 3 POST  {{grpc-timeout=1S}} '{shown}' ?2 grpc[Some(1)]"),
            &format!("< 3 200 '{shown}' +{{grpc-status=5}} ?1 grpc[Some(1) 5 NOT_FOUND] for POST "),
            // Its path is not known.
            &format!("> 5 POST  {{te=trailers}} '{shown}' ?2"),
            &format!("< 5 200 '{shown}' ?1 for POST "),
            &format!("> 7 POST  {{grpc-encoding=gzip}} '{shown}' ?2 grpc[Some(1) gzip]"),
            &format!("< 7 200 '{shown}' +{{x-plain=a}} ?1 for POST "),
        ],
    );
}

/// Both sides met late: a table that the other side has holds these fields, and their values are not known.
pub fn late(c: &mut Encoder, s: &mut Encoder, unknown: &[(&str, &str)]) -> Vec<Turn> {
    let lost_c = headers(1, &c.block(&[&[(":method", "POST")], unknown].concat()), true);
    let lost_s = headers(1, &s.block(&[&[(":status", "200")], unknown].concat()), true);
    vec![
        C([hello(), lost_c[..12].to_vec()].concat()),
        LostC(lost_c.len() as u64 - 12),
        S([settings(&[]), lost_s[..12].to_vec()].concat()),
        LostS(lost_s.len() as u64 - 12),
    ]
}

const UNKNOWN: [(&str, &str); 2] = [("content-type", "application/grpc"), ("grpc-status", "0")];
const HI: &str = "/pkg.Greeter/Hi";

/// The request and the response of stream 3 as they came out, after such a beginning.
fn late_call(unknown: &[(&str, &str)], turns: impl FnOnce(&mut Encoder, &mut Encoder) -> Vec<Turn>) -> Vec<String> {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let start = late(&mut c, &mut s, unknown);
    let (lines, _) = talk_with(Http2Connection::new(), false, &[start, turns(&mut c, &mut s)].concat(), Cut::Nowhere);
    assert_eq!(lines.len(), 2, "{lines:?}");
    lines
}

#[test]
fn a_body_that_is_messages_to_its_end_proves_a_call() {
    let one = message(0, b"m");
    for (method, path, body, is_call) in [
        ("POST", HI, one.clone(), true),
        ("POST", HI, [message(1, b"ab"), message(0, b"")].concat(), true),
        ("POST", HI, message(0, b""), true),
        // Zeros may be anything.
        ("POST", HI, vec![0; 10], false),
        ("POST", HI, one[..5].to_vec(), false),
        ("POST", HI, [&one[..], b"x"].concat(), false),
        ("POST", HI, message(2, b"m"), false),
        ("POST", HI, Vec::new(), false),
        ("GET", HI, one.clone(), false),
        ("POST", "/", one.clone(), false),
    ] {
        let lines = late_call(&UNKNOWN, |c, s| {
            let asked = [(":method", method), (":scheme", "http"), (":path", path), UNKNOWN[0]];
            vec![
                C([headers(3, &c.block(&asked), false), data(3, &body, true)].concat()),
                S([headers(3, &s.block(&[(":status", "200"), UNKNOWN[0]]), false), data(3, &body, false)].concat()),
                S(headers(3, &s.block(&[UNKNOWN[1]]), true)),
            ]
        });
        for line in lines {
            assert_eq!(line.contains(" grpc["), is_call, "{method} {path} {body:?}: {line}");
        }
    }
}

#[test]
fn a_body_proves_nothing_against_what_is_known() {
    let body = message(0, b"m");
    // The content-type; that of the request alone; trailers without a status; no trailers; a status of HTTP.
    for (request, response, status, trailers) in [
        ("text/x", Some("text/x"), "200", Some(("te", "trailers"))),
        ("text/x", None, "200", Some(("te", "trailers"))),
        ("application/grpc", None, "200", Some(("x-plain", "a"))),
        ("application/grpc", None, "200", None),
        ("application/grpc", None, "503", Some(("te", "trailers"))),
    ] {
        let lines = late_call(&[("te", "trailers")], |c, s| {
            let asked = [(":method", "POST"), (":path", HI), ("te", "trailers"), ("content-type", request)];
            let answer = [(":status", status), ("te", "trailers"), ("content-type", response.unwrap_or_default())];
            let head = headers(3, &s.block(&answer[..2 + usize::from(response.is_some())]), false);
            vec![
                C([headers(3, &c.block(&asked), false), data(3, &body, true)].concat()),
                S([head, data(3, &body, trailers.is_none())].concat()),
                S(trailers.map(|field| headers(3, &s.block(&[field]), true)).unwrap_or_default()),
            ]
        });
        assert_eq!(lines[0].contains(" grpc["), request == "application/grpc", "{}", lines[0]);
        assert!(!lines[1].contains(" grpc["), "{request} {response:?} {status} {trailers:?}: {}", lines[1]);
    }
}

/// And not what somebody between client and server answers in place of the server.
#[test]
fn the_response_to_a_call_is_of_it_too() {
    let (one, page) = (message(0, b"m"), b"<p>".to_vec());
    let trailers = |s: &mut Encoder| headers(3, &s.block(&[UNKNOWN[1]]), true);
    type End = fn(&mut Encoder) -> Vec<u8>;
    let (whole, cut): (End, End) = (|_| data(3, b"", true), |_| rst(3, 8));
    for (status, body, end, shown) in [
        ("200", &one, &trailers as &dyn Fn(&mut Encoder) -> Vec<u8>, Some("grpc[Some(1)]")),
        ("200", &Vec::new(), &trailers, Some("grpc[Some(0)]")),
        ("200", &Vec::new(), &whole, Some("grpc[Some(0)]")),
        ("200", &one, &cut, Some("!reset CANCEL grpc[Some(1)]")),
        ("200", &one, &whole, None),
        ("200", &page, &whole, None),
        ("200", &page, &cut, None),
        ("503", &Vec::new(), &whole, None),
        ("503", &one, &cut, None),
    ] {
        let lines = late_call(&UNKNOWN, |c, s| {
            let asked = [(":method", "POST"), (":path", HI), UNKNOWN[0], ("grpc-timeout", "1S")];
            let head = headers(3, &s.block(&[(":status", status), UNKNOWN[0]]), false);
            vec![C(headers(3, &c.block(&asked), true)), S([head, data(3, body, false), end(s)].concat())]
        });
        assert!(lines[0].contains(" grpc[Some(0)]"), "{}", lines[0]);
        assert_eq!(lines[1].split(" for ").next().unwrap().find(" grpc[").is_some(), shown.is_some(), "{}", lines[1]);
        assert!(lines[1].contains(shown.unwrap_or_default()), "{}", lines[1]);
    }
}
