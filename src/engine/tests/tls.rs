//! Connections that are TLS, from packets to messages: with their keys, without them, with keys that come late.

use super::*;
use crate::tls::KeyLogReader;
use crate::tls::tests::peer::{CLIENT, Peers, SERVER};

pub(super) const REQUEST: &[u8] = b"POST /secret HTTP/1.1\r\nhost: shop.invalid\r\ncontent-length: 5\r\n\r\nhello";
pub(super) const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nworld";
const BEGAN: i64 = 1_700_000_000_000_000;
pub(super) const WAIT_MS: u64 = 10_000;

pub(super) struct Capture {
    pub engine: Engine,
    pub next: [u32; 2],
    at: i64,
}

impl Capture {
    fn with(config: EngineConfig) -> Self {
        Self { engine: Engine::new(config), next: [1, 1], at: BEGAN }
    }

    pub fn new() -> Self {
        let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
        config.tls = true;
        config.tls_key_wait_ms = WAIT_MS;
        Self::with(config)
    }

    fn frame(&mut self, frame: &[u8]) {
        self.at += 1_000;
        self.engine.on_packet(Timestamp::from_micros(self.at), RAW_IP, frame, frame.len() as u32);
    }

    pub fn open(&mut self) {
        self.frame(&syn(From::Client(1), 0));
        self.frame(&syn_ack(From::Server(1), 0, 1));
    }

    pub fn segment(&mut self, is_client: bool, payload: &[u8]) {
        let [client, server] = self.next;
        let frame = match is_client {
            true => packet(From::Client(1), client, server, payload),
            false => packet(From::Server(1), server, client, payload),
        };
        self.next[usize::from(!is_client)] += payload.len() as u32;
        self.frame(&frame);
    }

    pub fn play(&mut self, peers: &Peers) {
        for (side, record) in &peers.wire {
            self.segment(*side == CLIENT, record);
        }
    }

    /// Both sides end.
    pub fn close(&mut self) {
        self.fin(true);
        self.fin(false);
        let [client, server] = self.next;
        self.frame(&packet(From::Client(1), client, server, b""));
    }

    /// A side ends.
    pub fn fin(&mut self, is_client: bool) {
        let [client, server] = self.next;
        let mut frame = match is_client {
            true => packet(From::Client(1), client, server, b""),
            false => packet(From::Server(1), server, client, b""),
        };
        frame[33] = 0x11;
        self.next[usize::from(!is_client)] += 1;
        self.frame(&frame);
    }

    pub fn keys(&mut self, text: &str) {
        self.engine.add_tls_keys(|store| KeyLogReader::default().push(text.as_bytes(), store));
    }

    pub fn pass(&mut self, ms: u64) {
        self.at += ms as i64 * 1_000;
        self.engine.on_tick(Timestamp::from_micros(self.at));
    }

    fn taken(&mut self) -> usize {
        std::iter::from_fn(|| self.engine.take_batch(true)).map(|batch| batch.messages as usize).sum()
    }

    /// Each message in short, with its TLS.
    pub fn outcome(&mut self) -> Vec<String> {
        let short = |line: &serde_json::Value| {
            let what = line["path"].as_str().or(line["request"]["path"].as_str()).unwrap_or("?");
            let incomplete = line["incomplete"].as_str().unwrap_or("whole");
            let tls = &line["tls"];
            format!(
                "{} {what} {} {incomplete} {} {} {}",
                line["direction"].as_str().unwrap(),
                line["body"].as_str().unwrap_or("-"),
                tls["version"].as_str().unwrap_or("-"),
                tls["cipher"].as_str().unwrap_or("-"),
                tls["serverName"].as_str().unwrap_or("-"),
            )
        };
        all_lines(&mut self.engine).iter().map(short).collect()
    }

    pub fn count(&self, name: &str) -> u64 {
        self.engine.stats().entries().iter().find(|(known, _)| *known == name).unwrap().1
    }
}

pub(super) fn exchange(mut peers: Peers) -> Peers {
    peers.send(CLIENT, REQUEST);
    peers.send(SERVER, RESPONSE);
    peers
}

pub(super) fn whole(version: &str, cipher: &str) -> [String; 2] {
    ["request /secret hello", "response /secret world"]
        .map(|message| format!("{message} whole {version} {cipher} shop.invalid"))
}

pub(super) fn whole13() -> [String; 2] {
    whole("1.3", "TLS_AES_128_GCM_SHA256")
}

#[test]
fn both_versions_are_read_with_their_keys() {
    for (peers, expected) in [
        (Peers::tls13(0x1301), whole13()),
        (Peers::tls12(0xc02f), whole("1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")),
    ] {
        let peers = exchange(peers);
        let mut capture = Capture::new();
        capture.keys(&peers.log_text());
        capture.open();
        capture.play(&peers);
        capture.close();
        assert_eq!(capture.outcome(), expected);
        assert_eq!((capture.count("tlsConnections"), capture.count("tlsUnreadNoKeys")), (1, 0));
        assert_eq!(capture.engine.stats().buffered_bytes, 0);
        assert!(capture.engine.tls.keys.is_empty(), "secrets of a connection that is over are forgotten");
    }
}

#[test]
fn segments_may_be_of_any_size() {
    let peers = exchange(Peers::tls13(0x1301));
    for size in [1, 2, 3, 7, 64] {
        let mut capture = Capture::new();
        capture.keys(&peers.log_text());
        capture.open();
        for (side, record) in &peers.wire {
            record.chunks(size).for_each(|piece| capture.segment(*side == CLIENT, piece));
        }
        assert_eq!(capture.outcome(), whole13(), "{size}");
    }
}

#[test]
fn keys_may_come_after_the_connection_has_ended() {
    let peers = exchange(Peers::tls13(0x1301));
    let mut capture = Capture::new();
    capture.open();
    capture.play(&peers);
    capture.close();
    assert_eq!(capture.taken(), 0);
    assert!(capture.engine.stats().buffered_bytes > 0);
    capture.pass(WAIT_MS - 1_000);
    for line in &peers.log {
        capture.keys(line);
    }
    assert_eq!(capture.engine.stats().buffered_bytes, 0, "at once, not at the end");
    assert_eq!(capture.outcome(), whole13());
}

#[test]
fn a_wait_ends_in_time_and_is_counted() {
    let peers = exchange(Peers::tls13(0x1301));
    for closes in [false, true] {
        let mut capture = Capture::new();
        capture.open();
        capture.play(&peers);
        if closes {
            capture.close();
        }
        capture.pass(WAIT_MS + 200);
        capture.pass(WAIT_MS + 200);
        assert_eq!(capture.count("tlsUnreadNoKeys"), 1);
        assert!(capture.engine.tls.lingering.is_empty());
        let notices = capture.engine.take_notices();
        let notice = notices.iter().find(|notice| notice.kind == "tls-unread").unwrap();
        assert!(notice.fields.contains(&("serverName", "shop.invalid".to_owned())), "{notice:?}");
        capture.keys(&peers.log_text());
        assert_eq!(capture.outcome(), [""; 0]);
    }
}

#[test]
fn the_end_of_the_capture_ends_a_wait() {
    let peers = exchange(Peers::tls12(0xc02f));
    for closes in [false, true] {
        let mut capture = Capture::new();
        capture.open();
        capture.play(&peers);
        if closes {
            capture.close();
        }
        assert_eq!(capture.outcome(), [""; 0]);
        assert_eq!((capture.count("tlsUnreadNoKeys"), capture.engine.stats().buffered_bytes), (1, 0));
    }
}

#[test]
fn the_prefix_of_a_proxy_may_stand_before_the_hello() {
    let peers = exchange(Peers::tls13(0x1301));
    let prefix = b"PROXY TCP4 192.0.2.7 192.0.2.1 51234 443\r\n";
    for size in [1, 20, prefix.len()] {
        let mut capture = Capture::new();
        capture.keys(&peers.log_text());
        capture.open();
        prefix.chunks(size).for_each(|piece| capture.segment(true, piece));
        capture.play(&peers);
        let lines = all_lines(&mut capture.engine);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line["proxied"]["source"]["port"] == 51_234 && !line["tls"].is_null()));
    }
    // In one segment with the hello.
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    let mut wire = peers.wire.iter();
    capture.segment(true, &[prefix, &wire.next().unwrap().1[..]].concat());
    wire.for_each(|(side, record)| capture.segment(*side == CLIENT, record));
    assert_eq!(capture.outcome(), whole13());
}

#[test]
fn what_is_no_tls_is_read_as_ever() {
    for size in [1, 3, REQUEST.len()] {
        let mut capture = Capture::new();
        capture.open();
        REQUEST.chunks(size).for_each(|piece| capture.segment(true, piece));
        capture.segment(false, RESPONSE);
        let expected =
            ["request /secret hello", "response /secret world"].map(|message| format!("{message} whole - - -"));
        assert_eq!(capture.outcome(), expected);
    }
}

/// Any record may come first, of either side.
#[test]
fn a_connection_without_its_hello_is_counted_as_tls() {
    for peers in [exchange(Peers::tls13(0x1301)), exchange(Peers::tls12(0xc02f))] {
        for first in 1..peers.wire.len() {
            for from in [Some(CLIENT), Some(SERVER), None] {
                let mut capture = Capture::new();
                capture.keys(&peers.log_text());
                capture.open();
                let rest = peers.wire[first..].iter().filter(|(side, _)| from.is_none_or(|from| *side == from));
                rest.clone().for_each(|(side, record)| capture.segment(*side == CLIENT, record));
                capture.close();
                capture.pass(2 * WAIT_MS);
                let expected = u64::from(rest.count() > 0);
                assert_eq!(capture.count("tlsConnections"), expected, "{first} {from:?}");
                assert_eq!(capture.count("tlsUnreadNoHandshake"), expected, "{first} {from:?}");
                for name in ["unreadConnections", "notHttpStreams", "malformedStreams", "requests"] {
                    assert_eq!(capture.count(name), 0, "{first} {from:?} {name}");
                }
            }
        }
    }
}

#[test]
fn without_keys_configured_nothing_is_held() {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.tls = false;
    let mut capture = Capture::with(config);
    let peers = exchange(Peers::tls13(0x1301));
    capture.open();
    capture.play(&peers);
    assert_eq!((capture.outcome().len(), capture.count("tlsConnections"), capture.count("notHttpStreams")), (0, 0, 2));
    assert_eq!(capture.count("tlsUnreadNoKeylog"), 1);
}

#[test]
fn a_lost_record_is_a_gap_of_unknown_length() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, REQUEST);
    peers.send(SERVER, b"HTTP/1.1 200 OK\r\ncontent-length: 3000\r\n\r\n");
    (0..3).for_each(|_| peers.send(SERVER, &[b'x'; 1_000]));
    let kept = peers.wire.len();
    peers.send(CLIENT, REQUEST);
    peers.send(SERVER, RESPONSE);
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    for (index, (side, record)) in peers.wire.iter().enumerate() {
        if index == kept - 2 {
            capture.next[1] += record.len() as u32;
        } else {
            capture.segment(*side == CLIENT, record);
        }
    }
    capture.pass(2_000);
    capture.pass(20_000);
    let lines = all_lines(&mut capture.engine);
    let cut = lines.iter().find(|line| line["direction"] == "response").unwrap();
    assert_eq!((cut["incomplete"].as_str(), cut.get("gapBytes")), (Some("gap"), None), "{cut}");
    let next = lines.iter().filter(|line| line["direction"] == "response").nth(1);
    assert!(next.is_none_or(|line| line["body"] == "world"), "{lines:?}");
    assert!(lines.iter().all(|line| line["body"].as_str().is_none_or(|body| body.len() < 3_000)));
}

#[test]
fn what_waits_is_within_the_budget() {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.tls = true;
    config.max_buffered_bytes = 100_000;
    let mut peers = Peers::tls13(0x1301);
    (0..50).for_each(|_| peers.send(CLIENT, &[b'x'; 10_000]));
    let mut capture = Capture::with(config);
    capture.open();
    for (side, record) in &peers.wire {
        capture.segment(*side == CLIENT, record);
        assert!(capture.engine.stats().buffered_bytes <= 100_000);
    }
    assert!(capture.count("tlsWaitsCut") > 0);
}

#[test]
fn connections_that_are_over_wait_within_the_budget() {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.tls = true;
    config.max_buffered_bytes = 20_000;
    let peers = exchange(Peers::tls13(0x1301));
    let mut capture = Capture::with(config);
    for round in 0..50 {
        capture.next = [1 + round * 80_000_000; 2];
        let [client, server] = capture.next;
        capture.frame(&syn(From::Client(1), client - 1));
        capture.frame(&syn_ack(From::Server(1), server - 1, client));
        capture.play(&peers);
        capture.close();
        assert!(capture.engine.stats().buffered_bytes <= 20_000);
    }
    assert!(capture.count("tlsWaitsCut") > 0 && !capture.engine.tls.lingering.is_empty());
    capture.keys(&peers.log_text());
    assert!(capture.taken() >= 2);
}

/// The log says once of a server what its clients asked for, in whatever piece of the hello the first segment is.
#[test]
fn without_keys_configured_a_server_is_named_once() {
    let peers = exchange(Peers::tls13(0x1301));
    let hello = &peers.wire[0].1;
    for first in [hello.len(), hello.len() - 1, 75] {
        let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
        config.tls = false;
        let mut capture = Capture::with(config);
        for client in 1..=3 {
            capture.frame(&syn(From::Client(client), 0));
            capture.frame(&syn_ack(From::Server(client), 0, 1));
            capture.frame(&packet(From::Client(client), 1, 1, &hello[..first]));
            capture.frame(&packet(From::Client(client), 1 + first as u32, 1, &hello[first..]));
        }
        let notices: Vec<_> =
            capture.engine.take_notices().into_iter().filter(|said| said.kind == "not-http").collect();
        let [notice] = &notices[..] else { panic!("{first}: {notices:?}") };
        let field = |name| notice.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str());
        assert_eq!((field("protocol"), field("serverName")), (Some("tls"), Some("shop.invalid")), "{first}");
        assert_eq!(field("alpn"), Some("h2").filter(|_| first == hello.len()), "{first}");
        assert!(notice.message.contains("tlsKeylog") && field("sample").is_none(), "{notice:?}");
        assert_eq!((capture.count("notHttpStreams"), capture.count("tlsUnreadNoKeylog")), (3, 3));
    }
}

/// The suite is named, for its user to allow another suite.
#[test]
fn a_suite_that_is_not_read_is_named() {
    let mut peers = Peers::tls12(0xc02f);
    let hello = peers.wire.iter_mut().find(|(side, _)| *side == SERVER).unwrap();
    let suite = hello.1.windows(2).position(|two| two == [0xc0, 0x2f]).unwrap();
    hello.1[suite..suite + 2].copy_from_slice(&[0xc0, 0x61]);
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    capture.play(&peers);
    let notices = capture.engine.take_notices();
    let notice = notices.iter().find(|notice| notice.kind == "tls-unread").unwrap();
    assert!(
        notice.message.contains("cipher suite TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384 is not supported"),
        "{notice:?}"
    );
    assert_eq!(capture.count("tlsUnreadUnsupported"), 1);
}
