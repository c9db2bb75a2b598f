//! Messages inside streams: from packets to lines, and which of them come out.

use serde_json::{Value, json};

use super::*;
use crate::message::own_posts::OwnOutput;
use crate::message::selection::Rule;

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";
const GRANT: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: y\r\n\r\n";
const HELLO: &[u8] = b"\x81\x05hello";
const ASKED: &[u8] = b"\x82\x83\0\0\0\0ask";

pub fn config() -> EngineConfig {
    EngineConfig { stream_messages: true, ..EngineConfig::for_ports(&[SERVER_PORT]) }
}

/// A connection that becomes a WebSocket; `welcome` comes in the packet of the 101.
fn run(config: EngineConfig, ask: &str, grant: &str, welcome: &[u8]) -> (Vec<Value>, Stats) {
    let mut engine = Engine::new(config);
    let syn = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    let client = send(&mut engine, From::Client(1), 1, 1, ask.as_bytes());
    let server = send(&mut engine, From::Server(1), 1, client, &[grant.as_bytes(), welcome].concat());
    let client = send(&mut engine, From::Client(1), client, server, ASKED);
    send(&mut engine, From::Server(1), server, client, HELLO);
    let lines = all_lines(&mut engine);
    (lines, engine.stats())
}

pub fn count(stats: &Stats, name: &str) -> u64 {
    stats.entries().into_iter().find_map(|(known, count)| (known == name).then_some(count)).unwrap()
}

#[test]
fn a_message_is_a_line_below_its_exchange() {
    for welcome in [b"".as_slice(), HELLO] {
        let (lines, stats) = run(config(), ASK, GRANT, welcome);
        let (exchange, inside) = lines.split_at(2);
        assert!(exchange.iter().all(|line| line["id"] == "1.1" && line["stream"] == Value::Null));
        let first = (!welcome.is_empty()).then(|| json!([1, "response", "hello", null, "text"]));
        let expected: Vec<_> = first
            .into_iter()
            .chain([
                json!([1, "request", "YXNr", "base64", "binary"]),
                json!([1 + u8::from(!welcome.is_empty()), "response", "hello", null, "text"]),
            ])
            .collect();
        let seen: Vec<_> = inside
            .iter()
            .map(|line| {
                assert_eq!((&line["stream"], &line["id"]), (&json!("websocket"), &json!("1.1")));
                json!([line["sequence"], line["direction"], line["data"], line["dataEncoding"], line["opcode"]])
            })
            .collect();
        assert_eq!(seen, expected);
        assert_eq!(count(&stats, "streamMessagesWebSocket"), expected.len() as u64);
        assert_eq!(["webSocketsRead", "switchedWebSocket", "switchedBytes"].map(|name| count(&stats, name)), [1, 0, 0]);
    }
}

#[test]
fn without_the_option_the_connection_is_counted() {
    let (lines, stats) = run(EngineConfig::for_ports(&[SERVER_PORT]), ASK, GRANT, HELLO);
    assert_eq!(lines.len(), 2);
    let bytes = (2 * HELLO.len() + ASKED.len()) as u64;
    assert_eq!(["webSocketsRead", "switchedWebSocket", "switchedBytes"].map(|name| count(&stats, name)), [0, 1, bytes]);
}

#[test]
fn what_was_agreed_to_and_is_not_known_is_not_read() {
    for grant in [
        GRANT.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: mystery\r\n\r\n"),
        GRANT.replace("websocket", "another"),
    ] {
        let (lines, stats) = run(config(), ASK, &grant, b"");
        assert_eq!(lines.len(), 2, "{grant}");
        assert_eq!(count(&stats, "webSocketsRead"), 0);
        assert_eq!(count(&stats, "switchedWebSocket") + count(&stats, "switchedOther"), 1);
        assert_eq!(count(&stats, "switchedBytes"), (HELLO.len() + ASKED.len()) as u64);
    }
}

#[test]
fn a_request_that_was_not_seen_hides_nothing() {
    let mut engine = Engine::new(config());
    let client = 1 + ASK.len() as u32;
    // The end of the request, and the answer.
    send(&mut engine, From::Client(1), client - 10, 1, &ASK.as_bytes()[ASK.len() - 10..]);
    let server = send(&mut engine, From::Server(1), 1, client, GRANT.as_bytes());
    let client = send(&mut engine, From::Client(1), client, server, ASKED);
    send(&mut engine, From::Server(1), server, client, HELLO);
    let lines = all_lines(&mut engine);
    let seen: Vec<_> = lines.iter().map(|line| (line["statusCode"].as_u64(), line["data"].as_str())).collect();
    assert_eq!(seen, [(Some(101), None), (None, Some("YXNr")), (None, Some("hello"))]);
}

/// A WebSocket of which only messages were captured: who serves says its mask.
fn met_late(config: EngineConfig) -> Engine {
    let mut engine = Engine::new(config);
    let [mut client, mut server] = [7, 9];
    for n in 0..6_u8 {
        let ask = [0x81, 0x81, n + 1, n, n, n, b'a' ^ (n + 1)];
        client = send(&mut engine, From::Client(1), client, server, &ask);
        server = send(&mut engine, From::Server(1), server, client, &[0x81, 2, b'b', b'0' + n]);
    }
    engine
}

#[test]
fn a_web_socket_met_in_the_middle_is_read_whatever_its_ports_say() {
    for ports in [&[SERVER_PORT][..], &[40_000], &[SERVER_PORT, 40_000]] {
        let mut engine = met_late(EngineConfig { stream_messages: true, ..EngineConfig::for_ports(ports) });
        let lines = all_lines(&mut engine);
        let seen: Vec<_> =
            lines.iter().map(|line| json!([line["direction"], line["sequence"], line["data"]])).collect();
        let expected: Vec<_> =
            (1..6).flat_map(|n| [json!(["request", n, "a"]), json!(["response", n, format!("b{n}")])]).collect();
        assert_eq!(seen, expected, "{ports:?}");
        assert!(lines.iter().all(|line| line["id"] == "1.1" && line["receiver"]["port"] == SERVER_PORT));
        let stats = engine.stats();
        assert_eq!(["webSocketsRead", "unreadConnections"].map(|name| count(&stats, name)), [1, 0]);
        assert_eq!((stats.buffered_bytes, stats.connections_active), (0, 0));
    }
}

#[test]
fn a_web_socket_met_in_the_middle_is_named_without_the_option() {
    for ports in [&[SERVER_PORT][..], &[40_000], &[SERVER_PORT, 40_000]] {
        let mut engine = met_late(EngineConfig::for_ports(ports));
        assert_eq!(all_lines(&mut engine).len(), 0);
        let stats = engine.stats();
        let names = ["webSocketsRead", "unreadConnections", "unreadBytes", "passedOverBytes"];
        assert_eq!(names.map(|name| count(&stats, name)), [0, 1, 66, 66]);
        let notices = engine.take_notices();
        let unread = notices.iter().find(|notice| notice.kind == "unread").unwrap();
        assert!(unread.fields.contains(&("protocol", "websocket".to_owned())), "{unread:?}");
    }
}

#[test]
fn an_exchange_that_is_hidden_hides_its_messages() {
    let rule = |path: Option<&str>, status: Option<&str>| Rule {
        path: path.map(str::to_owned),
        status: status.map(str::to_owned),
        ..Rule::default()
    };
    for (include, exclude, shown) in [
        (vec![rule(Some("/chat"), None)], vec![], 4),
        (vec![rule(Some("/other"), None)], vec![], 0),
        (vec![], vec![rule(Some("/chat"), None)], 0),
        (vec![rule(None, Some("101"))], vec![], 4),
        (vec![rule(None, Some("200"))], vec![], 0),
        (vec![], vec![rule(Some("/chat"), Some("1xx"))], 0),
        (vec![], vec![rule(Some("/chat"), Some("2xx"))], 4),
    ] {
        let (lines, stats) = run(EngineConfig { include, exclude, ..config() }, ASK, GRANT, b"");
        assert_eq!((lines.len(), count(&stats, "filtered")), (shown, 4 - shown as u64));
    }
}

#[test]
fn messages_of_our_own_posts_stay_hidden() {
    let outputs = vec![OwnOutput { hosts: vec!["a".into()], port: SERVER_PORT, target: "/chat".into() }];
    let ask = ASK.replace("GET", "POST").replace("Host: a", "Host: a\r\nTcp-Sniffer-Output: 0 0");
    let (lines, stats) = run(EngineConfig { own_outputs: outputs, ..config() }, &ask, GRANT, b"");
    assert_eq!((lines.len(), count(&stats, "ownMessages")), (0, 4));
}
