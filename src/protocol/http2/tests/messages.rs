//! Whole conversations.

use super::wire::*;
use super::*;

fn get(path: &str) -> Vec<(&str, &str)> {
    vec![(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", path)]
}

fn post(path: &str) -> Vec<(&str, &str)> {
    vec![(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", path)]
}

#[test]
fn a_request_and_its_answer() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let counters = check(
        &[
            C([hello(), headers(1, &c.block(&get("/a?b")), true)].concat()),
            S([settings(&[]), settings_ack(), headers(1, &s.block(&[(":status", "200"), ("x", "1")]), false)].concat()),
            C(settings_ack()),
            S([data(1, b"he", false), data(1, b"llo", true)].concat()),
        ],
        &["> 1 GET /a?b {host=h}", "< 1 200 {x=1} 'hello' for GET /a?b"],
    );
    assert_eq!(counters, HttpCounters { http2: counters.http2, ..HttpCounters::default() });
    assert_eq!((counters.http2.connections, counters.http2.resyncs, counters.http2.partial_blocks), (1, 0, 0));
}

#[test]
fn a_server_speaks_first() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check(
        &[
            S(settings(&[(5, 16384)])),
            C([hello(), headers(1, &c.block(&get("/")), true)].concat()),
            S(headers(1, &s.block(&[(":status", "204")]), true)),
        ],
        &["> 1 GET / {host=h}", "< 1 204 for GET /"],
    );
}

#[test]
fn bodies_padding_and_trailers() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let start = c.block(&[post("/p"), vec![("x-plain", "1"), ("authorization", "a")]].concat());
    let request = frame(1, 4 | 8 | 32, 1, &[&[3, 0, 0, 0, 0, 9][..], &start, &[0; 3]].concat());
    check(
        &[
            C([hello(), request, padded_data(1, b"ab", 4, false), padded_data(1, b"", 0, false), data(1, b"", false)]
                .concat()),
            C([padded_data(1, b"c", 255, false), headers(1, &c.block(&[("t", "1")]), true)].concat()),
            S([settings(&[]), headers(1, &s.block(&[(":status", "200")]), false), data(1, b"", false)].concat()),
            S(headers(1, &s.block(&[("grpc-status", "0"), ("u", "2")]), true)),
        ],
        &["> 1 POST /p {host=h|x-plain=1|authorization=a} 'abc' +{t=1}", "< 1 200 +{grpc-status=0|u=2} for POST /p"],
    );
}

#[test]
fn interleaved_streams() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let asked = [1, 3, 5].map(|id| headers(id, &c.block(&post(&format!("/{id}"))), false)).concat();
    let bodies = [data(3, b"3a", false), data(1, b"1", true), data(5, b"5", true), data(3, b"3b", true)].concat();
    let answers =
        [5, 1, 3].map(|id| headers(id, &s.block(&[(":status", "200"), ("n", &id.to_string())]), false)).concat();
    let ends = [data(1, b"x", true), data(5, b"y", true), data(3, b"z", true)].concat();
    check(
        &[C([hello(), asked, bodies].concat()), S([settings(&[]), answers, ends].concat())],
        &[
            "> 1 POST /1 {host=h} '1'",
            "> 5 POST /5 {host=h} '5'",
            "> 3 POST /3 {host=h} '3a3b'",
            "< 1 200 {n=1} 'x' for POST /1",
            "< 5 200 {n=5} 'y' for POST /5",
            "< 3 200 {n=3} 'z' for POST /3",
        ],
    );
}

#[test]
fn continuation_frames() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let long = "v".repeat(300);
    let block = c.block(&[get("/c"), vec![("long", &long)]].concat());
    for size in [2, 3, 50, 100, 1_000] {
        check(
            &[
                C([hello(), headers_in_pieces(1, &block, true, size)].concat()),
                S([settings(&[]), headers_in_pieces(1, &s.block(&[(":status", "200"), ("a", "b")]), true, 2)].concat()),
            ],
            &[&format!("> 1 GET /c {{host=h|long={long}}}"), "< 1 200 {a=b} for GET /c"],
        );
        s = Encoder::default();
    }
}

#[test]
fn interim_responses() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check(
        &[
            C([hello(), headers(1, &c.block(&post("/")), false)].concat()),
            S([settings(&[]), headers(1, &s.block(&[(":status", "100")]), false)].concat()),
            C(data(1, b"body", true)),
            S([103, 200]
                .map(|status| headers(1, &s.block(&[(":status", &status.to_string())]), status == 200))
                .concat()),
        ],
        &["< 1 100 for POST /", "> 1 POST / {host=h} 'body'", "< 1 103 for POST /", "< 1 200 for POST /"],
    );
}

#[test]
fn resets() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check(
        &[
            C([hello(), [1, 3, 5].map(|id| headers(id, &c.block(&get(&format!("/{id}"))), true)).concat()].concat()),
            C(headers(7, &c.block(&post("/7")), false)),
            S([settings(&[]), headers(1, &s.block(&[(":status", "200")]), false), data(1, b"ha", false), rst(1, 2)]
                .concat()),
            S([headers(3, &s.block(&[(":status", "200")]), false), data(3, b"a", false)].concat()),
            C([rst(3, 8), data(7, b"up", false), rst(7, 77)].concat()),
            // Sent before the server knew.
            S([data(3, b"late", true), rst(5, 7), headers(7, &s.block(&[(":status", "200"), ("n", "7")]), true)]
                .concat()),
            C(headers(9, &c.block(&get("/9")), true)),
            S(headers(9, &s.block(&[(":status", "200"), ("n", "7")]), true)),
        ],
        &[
            "> 1 GET /1 {host=h}",
            "> 3 GET /3 {host=h}",
            "> 5 GET /5 {host=h}",
            "< 1 200 'ha' !reset INTERNAL_ERROR for GET /1",
            "< 3 200 'a' !reset CANCEL for GET /3",
            "> 7 POST /7 {host=h} 'up' !reset UNKNOWN_ERROR",
            "> 9 GET /9 {host=h}",
            "< 9 200 {n=7} for GET /9",
        ],
    );
}

/// A peer that breaks off may end its stream as if all were sent (RFC 9113 §8.1.1).
#[test]
fn a_body_of_another_length_than_it_says_is_malformed() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let mut ask = |id, method: &str, length: &str, body: &[u8]| {
        let fields =
            [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", "/"), ("content-length", length)];
        let head = headers(id, &c.block(&fields), body.is_empty());
        if body.is_empty() { head } else { [head, data(id, body, true)].concat() }
    };
    let mut answer = |id, status: &str, length: &str, body: &[u8], end| {
        let head = s.block(&[(":status", status), ("content-length", length)]);
        [headers(id, &head, end), if end { vec![] } else { data(id, body, true) }].concat()
    };
    let asked = [
        ask(1, "POST", "3", b"ab"),
        ask(3, "POST", "1", b"ab"),
        ask(5, "POST", "2", b""),
        ask(7, "HEAD", "0", b""),
        ask(9, "GET", "0", b""),
        ask(11, "GET", "0", b""),
        ask(13, "GET", "0", b""),
    ];
    let answers = [
        answer(1, "200", "2", b"ab", false),
        answer(3, "200", "3", b"ab", false),
        answer(5, "200", "3", b"", true),
        answer(7, "200", "3", b"", false),
        answer(9, "304", "3", b"", true),
        answer(11, "200", "x", b"ab", false),
        answer(13, "200", "2, 2", b"ab", false),
    ];
    check(
        &[C([hello(), asked.concat()].concat()), S([settings(&[]), answers.concat()].concat())],
        &[
            "> 1 POST / {host=h|content-length=3} 'ab' !malformed",
            "> 3 POST / {host=h|content-length=1} 'ab' !malformed",
            "> 5 POST / {host=h|content-length=2} !malformed",
            "> 7 HEAD / {host=h|content-length=0}",
            "> 9 GET / {host=h|content-length=0}",
            "> 11 GET / {host=h|content-length=0}",
            "> 13 GET / {host=h|content-length=0}",
            "< 1 200 {content-length=2} 'ab' for POST /",
            "< 3 200 {content-length=3} 'ab' !malformed for POST /",
            "< 5 200 {content-length=3} !malformed for POST /",
            "< 7 200 {content-length=3} for HEAD /",
            "< 9 304 {content-length=3} for GET /",
            "< 11 200 {content-length=x} 'ab' !malformed for GET /",
            "< 13 200 {content-length=2, 2} 'ab' for GET /",
        ],
    );
    // The request was not seen: it may have been a HEAD.
    let mut late = Encoder::default();
    let mut block = |id| headers(id, &late.block(&[(":status", "200"), ("content-length", "3")]), true);
    check(
        &[C(hello()), S(settings(&[])), LostC(50), S([block(1), block(3)].concat())],
        &["< 1 200 {content-length=3}", "< 3 200 {content-length=3}"],
    );
}

/// curl leaves as soon as it has the bytes of Content-Length; the frame with END_STREAM is still on its way then.
#[test]
fn a_body_as_long_as_it_says_is_whole() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let mut answer = |id, length: &str| {
        let head = s.block(&[(":status", "200"), ("content-length", length)]);
        [headers(id, &head, false), data(id, b"ab", false)].concat()
    };
    let asked: Vec<_> = [1, 3, 5, 7, 9].map(|id| headers(id, &c.block(&get("/")), true)).concat();
    check(
        &[
            C([hello(), asked].concat()),
            S([settings(&[]), answer(1, "2"), answer(3, "3"), answer(5, "2"), answer(7, "3"), answer(9, "2")].concat()),
            C([rst(1, 5), rst(3, 8)].concat()),
            // The server says that it failed.
            S(rst(9, 2)),
        ],
        &[
            "> 1 GET / {host=h}",
            "> 3 GET / {host=h}",
            "> 5 GET / {host=h}",
            "> 7 GET / {host=h}",
            "> 9 GET / {host=h}",
            "< 1 200 {content-length=2} 'ab' for GET /",
            "< 3 200 {content-length=3} 'ab' !reset CANCEL for GET /",
            "< 9 200 {content-length=2} 'ab' !reset INTERNAL_ERROR for GET /",
            "< 5 200 {content-length=2} 'ab' for GET /",
            "< 7 200 {content-length=3} 'ab' !closed for GET /",
        ],
    );
}

#[test]
fn pushes() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check(
        &[
            C([hello(), headers(1, &c.block(&get("/")), true)].concat()),
            S([settings(&[]), push_promise(1, 2, &s.block(&get("/s.css")))].concat()),
            S([
                headers(1, &s.block(&[(":status", "200")]), true),
                headers(2, &s.block(&[(":status", "200"), ("k", "v")]), false),
                data(2, b"css", true),
            ]
            .concat()),
        ],
        &[
            "> 1 GET / {host=h}",
            "> 2 GET /s.css {host=h} pushed",
            "< 1 200 for GET /",
            "< 2 200 {k=v} 'css' pushed for GET /s.css",
        ],
    );
}

#[test]
fn noise_between_frames() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let noise =
        [ping(), window_update(0), window_update(1), priority(11), frame(0x10, 7, 3, b"u=1"), settings_ack()].concat();
    check(
        &[
            C([hello(), noise.clone(), headers(13, &c.block(&get("/")), true), noise.clone()].concat()),
            S([
                settings(&[]),
                ping(),
                frame(0xc, 0, 0, b"origin"),
                headers(13, &s.block(&[(":status", "200")]), false),
            ]
            .concat()),
            S([data(13, b"a", false), ping(), goaway(13, 0), data(13, b"b", true), goaway(13, 0)].concat()),
            C([goaway(0, 0), goaway(0, 0)].concat()),
        ],
        &["> 13 GET / {host=h}", "< 13 200 'ab' for GET /"],
    );
}

#[test]
fn tunnels() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let counters = check(
        &[
            C([hello(), headers(1, &c.block(&[(":method", "CONNECT"), (":authority", "h:1")]), false)].concat()),
            C(headers(
                3,
                &c.block(&[
                    (":method", "CONNECT"),
                    (":protocol", "websocket"),
                    (":scheme", "http"),
                    (":path", "/ws"),
                    (":authority", "h"),
                ]),
                false,
            )),
            S([settings(&[(8, 1)]), headers(1, &s.block(&[(":status", "200")]), false), data(1, b"in", false)]
                .concat()),
            S(headers(3, &s.block(&[(":status", "403")]), false)),
            C(data(1, b"out", false)),
            S(data(3, b"no", true)),
        ],
        &[
            "> 1 CONNECT h:1 {host=h:1}",
            "> 3 CONNECT /ws {host=h} protocol websocket",
            "< 1 200 for CONNECT h:1",
            "< 3 403 'no' for CONNECT /ws",
        ],
    );
    assert_eq!(counters.switched_bytes, 5);
}

#[test]
fn table_sizes_change() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let first = headers(1, &c.block(&[get("/1"), vec![("a", "1")]].concat()), true);
    let answer = headers(1, &s.block(&[(":status", "200")]), true);
    c.resize(0);
    let second = headers(3, &c.block(&[get("/1"), vec![("a", "1")]].concat()), true);
    // Two in one frame: the encoder shrinks and grows again.
    c.resize(0);
    c.resize(512);
    let third = headers(5, &c.block(&[get("/1"), vec![("a", "1")]].concat()), true);
    let fourth = headers(7, &c.block(&[get("/1"), vec![("a", "1")]].concat()), true);
    let ok = |s: &mut Encoder, id| headers(id, &s.block(&[(":status", "200")]), true);
    check(
        &[
            C([hello(), first].concat()),
            S([settings(&[]), answer, settings(&[(1, 0)])].concat()),
            C([settings_ack(), second].concat()),
            S([ok(&mut s, 3), settings(&[(1, 0), (1, 512)])].concat()),
            C([settings_ack(), third, fourth].concat()),
            S([ok(&mut s, 5), ok(&mut s, 7)].concat()),
        ],
        &[
            "> 1 GET /1 {host=h|a=1}",
            "< 1 200 for GET /1",
            "> 3 GET /1 {host=h|a=1}",
            "< 3 200 for GET /1",
            "> 5 GET /1 {host=h|a=1}",
            "> 7 GET /1 {host=h|a=1}",
            "< 5 200 for GET /1",
            "< 7 200 for GET /1",
        ],
    );
}

#[test]
fn an_answer_before_the_request_is_over() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check(
        &[
            C([hello(), headers(1, &c.block(&post("/")), false), data(1, b"a", false)].concat()),
            S([settings(&[]), headers(1, &s.block(&[(":status", "413")]), true), rst(1, 0)].concat()),
            C(data(1, b"b", true)),
        ],
        &["< 1 413 for POST /", "> 1 POST / {host=h} 'a' !reset NO_ERROR"],
    );
}

#[test]
fn what_is_open_at_the_end_is_said_to_be() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check(
        &[
            C([hello(), headers(1, &c.block(&post("/")), false), data(1, b"a", false)].concat()),
            S([settings(&[]), headers(1, &s.block(&[(":status", "200")]), false), data(1, b"b", false)].concat()),
        ],
        &["> 1 POST / {host=h} 'a' !closed", "< 1 200 'b' !closed for POST /"],
    );
}

#[test]
fn an_upgraded_request_is_stream_1() {
    let upgraded = || {
        let verdict = crate::message::RequestVerdict::default();
        let request = crate::protocol::PendingRequest::new(b"GET", b"/up", Timestamp::from_micros(1), verdict);
        Http2Connection::upgraded(Some(request), 1, 1)
    };
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    check_of(
        upgraded,
        &[
            S([settings(&[]), headers(1, &s.block(&[(":status", "200")]), false), data(1, b"up", true)].concat()),
            C([hello(), headers(3, &c.block(&get("/3")), true)].concat()),
            S(headers(3, &s.block(&[(":status", "200")]), true)),
        ],
        &["< 1 200 'up' for GET /up", "> 3 GET /3 {host=h}", "< 3 200 for GET /3"],
    );
}

#[test]
fn a_host_that_came_is_not_replaced_and_crumbs_stay_apart() {
    let mut c = Encoder::default();
    let more = vec![("cookie", "a=1"), ("cookie", "b=2"), ("host", "real")];
    check(
        &[C([hello(), headers(1, &c.block(&[get("/"), more].concat()), true)].concat())],
        &["> 1 GET / {cookie=a=1|cookie=b=2|host=real}"],
    );
}

/// A proxy that passes it on in HTTP/1.1 may make two fields of it (RFC 9113 §8.2.1, §10.3).
#[test]
fn a_field_with_a_line_break_or_a_name_that_is_none_is_malformed() {
    for (name, value) in [("x", "a\r\nb"), ("x", "a\nb"), ("x", "a\0b"), ("x\r\ny", "1"), ("x y", "1"), ("x:", "1")] {
        let mut c = Encoder::default();
        let (shown_name, shown_value) = (name.as_bytes().escape_ascii(), value.as_bytes().escape_ascii());
        check(
            &[C([hello(), headers(1, &c.block(&[get("/"), vec![(name, value)]].concat()), true)].concat())],
            &[&format!("> 1 GET / {{host=h|{shown_name}={shown_value}}} !malformed")],
        );
    }
}

#[test]
fn what_is_no_message() {
    let (mut c, mut s) = (Encoder::default(), Encoder::default());
    let counters = check(
        &[
            C([hello(), headers(1, &c.block(&[("x", "y")]), true), headers(3, &c.block(&[(":method", "GET")]), true)]
                .concat()),
            C(headers(5, &c.block(&[get("/twice"), vec![(":path", "/other")]].concat()), true)),
            S([settings(&[]), headers(5, &s.block(&[("no", "status")]), true)].concat()),
        ],
        &["> 5 GET /twice {host=h} !malformed"],
    );
    assert_eq!(counters.lost_heads, 3);
}

/// After a block that cannot be read the entries of the table are not known. Where neither status is, the second block is the
/// trailers of a response or the head of the final one after an interim one; a block whose first field is known begins with it.
#[test]
fn what_may_be_a_head_is_not_shown_as_trailers() {
    const BROKEN: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0x7f];
    const UNKNOWN: u8 = 0xbe;
    let literal: &[u8] = b"\0\x01x\x011";
    let mut c = Encoder::default();
    let asked = [1, 3].map(|id| headers(id, &c.block(&get("/")), true)).concat();
    let requests = "> 1 GET / {host=h}";
    for (second, expected) in [
        ([&[UNKNOWN], literal].concat(), "< 3 0 ?1 !gap for GET /"),
        ([literal, &[UNKNOWN]].concat(), "< 3 0 +{x=1} ?2 for GET /"),
        ([&[0x89], literal].concat(), "< 3 0 ?1 for GET /"),
    ] {
        let mut expected = vec![requests, "> 3 GET / {host=h}", expected];
        expected.extend((second[0] == 0x89).then_some("< 3 204 {x=1} for GET /"));
        check(
            &[
                C([hello(), asked.clone()].concat()),
                S([settings(&[]), headers(1, BROKEN, true)].concat()),
                S(headers(3, &[UNKNOWN], false)),
                S(headers(3, &second, true)),
            ],
            &expected,
        );
    }
}
