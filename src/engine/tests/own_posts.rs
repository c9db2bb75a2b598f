//! Our own POSTs are left out, and no other message can hide by carrying their marks.

use super::*;
use crate::message::own_posts::{OwnOutput, seal};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BODY: &str = r#"{"id":"1.1"}"#;
const TARGET: &str = "/in?key=1";

fn config(port: u16) -> EngineConfig {
    let hosts = vec!["collector:80".to_owned(), "collector".to_owned()];
    let own_outputs = vec![OwnOutput { hosts, port, target: TARGET.to_owned() }];
    EngineConfig { own_outputs, ..EngineConfig::for_ports(&[SERVER_PORT]) }
}

fn request(line: &str, hosts: &[&str], marker: &str, body: &str) -> String {
    let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
    let marker = if marker.is_empty() { String::new() } else { format!("Tcp-Sniffer-Output: {marker}\r\n") };
    format!("{line} HTTP/1.1\r\n{hosts}{marker}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn own() -> String {
    request(&format!("POST {TARGET}"), &["collector"], "0.1.0 0", BODY)
}

fn other(marker: &str) -> String {
    request("POST /orders", &["shop"], marker, "x")
}

/// One connection with these requests and as many answers; `None` is a request that was not captured.
fn run(config: EngineConfig, requests: &[Option<String>]) -> (Vec<serde_json::Value>, Stats) {
    let mut engine = Engine::new(config);
    let syn = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    let (mut client, mut server) = (1, 1);
    for request in requests {
        client = match request {
            Some(text) => send(&mut engine, From::Client(1), client, server, text.as_bytes()),
            None => client + 100,
        };
        server = send(&mut engine, From::Server(1), server, client, ANSWER.as_bytes());
    }
    let lines = all_lines(&mut engine);
    (lines, engine.stats())
}

#[test]
fn a_marked_request_is_hidden_only_on_its_way_to_an_output() {
    let post = format!("POST {TARGET}");
    let sealed = format!("0.1.0 {}", seal(BODY.as_bytes(), 1 << 20));
    let guessed = "0.1.0 0123456789abcdef";
    // The output's port, the request's first line, its hosts, marker and body, whether it is hidden.
    type Case<'a> = (u16, &'a str, &'a [&'a str], &'a str, &'a str, bool);
    let cases: [Case<'_>; 24] = [
        (80, &post, &["collector"], "0.1.0", BODY, true),
        (80, &post, &["collector"], guessed, BODY, true),
        (80, &post, &["COLLECTOR:80"], "0.1.0", BODY, true),
        (80, &post, &["collector"], "", BODY, false),
        (80, &post, &["other"], "0.1.0", BODY, false),
        (80, &post, &["collector:81"], guessed, BODY, false),
        (80, &post, &["collector", "collector"], "0.1.0", BODY, false),
        (80, &post, &["other", "collector"], "0.1.0", BODY, false),
        (80, &post, &["collector.other"], "0.1.0", BODY, false),
        (80, &post, &["collector, other"], "0.1.0", BODY, false),
        (80, &post, &[], "0.1.0", BODY, false),
        (80, "POST /in", &["collector"], "0.1.0", BODY, false),
        (80, "POST /in?key=1&x", &["collector"], "0.1.0", BODY, false),
        (80, "POST /in?key=", &["collector"], "0.1.0", BODY, false),
        (80, "POST http://collector/in?key=1", &["collector"], "0.1.0", BODY, false),
        (80, "GET /in?key=1", &["collector"], "0.1.0", "", false),
        (80, "PUT /in?key=1", &["collector"], "0.1.0", BODY, false),
        // To another port, as behind a proxy: only what this process has sent.
        (81, &post, &["collector"], guessed, BODY, false),
        (81, &post, &["collector"], &sealed, BODY, true),
        (81, &post, &["upstream"], &sealed, BODY, true),
        (81, &post, &["collector"], &sealed, r#"{"id":"1.2"}"#, false),
        (81, &post, &["collector"], &sealed, "", false),
        (81, "POST /orders", &["collector"], &sealed, BODY, false),
        (81, "GET /in?key=1", &["collector"], &sealed, BODY, false),
    ];
    for (port, line, hosts, marker, body, hidden) in cases {
        let text = request(line, hosts, marker, body);
        let (lines, stats) = run(config(port), &[Some(text.clone())]);
        let shown = if hidden { 0 } else { 2 };
        let marked = if marker.is_empty() { 0 } else { shown };
        assert_eq!(
            (lines.len(), stats.own_messages, stats.falsely_marked),
            (shown as usize, 2 - shown, marked),
            "{text}"
        );
    }
}

#[test]
fn without_an_output_every_marked_request_is_shown_and_said() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    send(&mut engine, From::Client(1), 1, 1, own().as_bytes());
    let notices = engine.take_notices();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].kind, "falsely-marked");
    assert_eq!(all_lines(&mut engine).len(), 1);
    assert_eq!((engine.stats().own_messages, engine.stats().falsely_marked), (0, 1));
}

#[test]
fn filters_see_a_falsely_marked_request_as_any_other() {
    let exclude = vec![crate::message::selection::Rule { path: Some("/orders".into()), ..Default::default() }];
    let (lines, stats) = run(EngineConfig { exclude, ..config(80) }, &[Some(other("0.1.0"))]);
    assert_eq!((lines.len(), stats.filtered, stats.falsely_marked), (0, 2, 2));
}

/// A response whose request was not seen answers one of our own POSTs where a connection carries nothing else.
#[test]
fn an_unpaired_response_is_hidden_only_on_a_connection_of_our_own() {
    let sealed = request(&format!("POST {TARGET}"), &["x"], &seal(BODY.as_bytes(), 1 << 20), BODY);
    let cases: [(&[String], u64); 6] = [
        (&[], 1),
        (&[own()], 0),
        (&[sealed, own()], 0),
        (&[other("0.1.0")], 3),
        (&[own(), other("")], 3),
        (&[other("0.1.0"), own()], 3),
    ];
    for (before, shown) in cases {
        let requests: Vec<_> = before.iter().cloned().map(Some).chain([None]).collect();
        let (lines, stats) = run(config(80), &requests);
        let all = 2 * before.len() as u64 + 1;
        assert_eq!((lines.len() as u64, stats.own_messages), (shown, all - shown), "{before:?}");
    }
}

/// Both halves, though the answer comes first and over interim responses.
#[test]
fn an_answer_is_hidden_with_its_post_at_any_time() {
    let text = own();
    let (head, body) = text.split_at(text.len() - 3);
    let interim = format!("HTTP/1.1 100 Continue\r\n\r\n{ANSWER}");
    for answer in [ANSWER, interim.as_str()] {
        let mut engine = Engine::new(config(80));
        let syn = syn(From::Client(1), 0);
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
        let seq = send(&mut engine, From::Client(1), 1, 1, head.as_bytes());
        send(&mut engine, From::Server(1), 1, seq, answer.as_bytes());
        send(&mut engine, From::Client(1), seq, 1 + answer.len() as u32, body.as_bytes());
        assert_eq!(all_lines(&mut engine).len(), 0, "{answer}");
    }
}
