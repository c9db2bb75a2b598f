//! Who may join whose connection: the halves of a handshake that have other addresses, honest and forged.

use super::*;
use crate::decode::LinkType;
use crate::stats::Stats;

const LINUX_SLL: LinkType = 113;

type Address = ([u8; 4], u16);

const CLIENT: Address = ([10, 0, 0, 1], 40_000);
const PROXY: Address = ([127, 0, 0, 1], 15_001);
const SERVER: Address = ([10, 0, 0, 2], 8_080);
const OTHER: Address = ([10, 0, 0, 3], 8_080);

const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const RST_ACK: u8 = 0x14;

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

struct Tap {
    engine: Engine,
    at: i64,
    /// As `any` captures.
    is_cooked: bool,
}

impl Tap {
    fn on(ports: &[u16]) -> Self {
        Self { engine: Engine::new(EngineConfig::for_ports(ports)), at: 1_000_000, is_cooked: false }
    }

    fn sees(&mut self, [source, destination]: [Address; 2], flags: u8, seq: u32, ack: u32, payload: &[u8]) {
        let mut frame = packet(From::Client(1), seq, ack, payload);
        frame[12..16].copy_from_slice(&source.0);
        frame[16..20].copy_from_slice(&destination.0);
        frame[20..22].copy_from_slice(&source.1.to_be_bytes());
        frame[22..24].copy_from_slice(&destination.1.to_be_bytes());
        frame[33] = flags;
        self.at += 1_000;
        let linktype = if self.is_cooked { LINUX_SLL } else { RAW_IP };
        if self.is_cooked {
            // From an Ethernet device, IPv4.
            frame.splice(..0, [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]);
        }
        self.engine.on_packet(Timestamp::from_micros(self.at), linktype, &frame, frame.len() as u32);
    }

    /// A request to `to` and the answer of `from`, after a handshake with 100 and 500.
    fn exchange(&mut self, to: Address, from: Address) {
        self.sees([CLIENT, to], ACK | 0x08, 101, 501, REQUEST);
        self.sees([from, CLIENT], ACK | 0x08, 501, 101 + REQUEST.len() as u32, RESPONSE);
    }

    /// For each message its direction, its receiver's address, and for a response the request that it answers.
    fn end(mut self) -> (Vec<(String, String, String)>, Stats) {
        let lines = all_lines(&mut self.engine);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let messages = lines.iter().map(|line| {
            let receiver = format!("{}:{}", text(&line["receiver"]["ip"]), line["receiver"]["port"]);
            (text(&line["direction"]), receiver, text(&line["request"]["path"]))
        });
        (messages.collect(), self.engine.stats())
    }
}

fn pair(receiver: &str) -> Vec<(String, String, String)> {
    [("request", "-"), ("response", "/a")]
        .map(|(direction, path)| (direction.into(), receiver.into(), path.into()))
        .into()
}

#[test]
fn a_connection_that_is_led_away_has_the_server_that_answers() {
    for ports in [&[8_080][..], &[15_001], &[8_080, 15_001]] {
        for answer_first in [false, true] {
            let mut tap = Tap::on(ports);
            if answer_first {
                tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
            }
            tap.sees([CLIENT, PROXY], SYN, 100, 0, b"");
            if !answer_first {
                tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
            }
            tap.exchange(PROXY, SERVER);
            let (messages, stats) = tap.end();
            assert_eq!(messages, pair("10.0.0.2:8080"), "{ports:?}, {answer_first}");
            assert_eq!((stats.flow.joined_connections, stats.connections_opened), (1, 1), "{ports:?}, {answer_first}");
            let known = stats.segments + stats.other_ports;
            assert_eq!((known, stats.flow.forgotten_handshakes), (stats.packets, 0), "each packet is counted once");
        }
    }
}

#[test]
fn an_answer_to_another_number_joins_nothing() {
    for ack in [100, 102] {
        let mut tap = Tap::on(&[8_080, 15_001]);
        tap.sees([CLIENT, PROXY], SYN, 100, 0, b"");
        tap.sees([SERVER, CLIENT], SYN_ACK, 500, ack, b"");
        let (_, stats) = tap.end();
        assert_eq!((stats.flow.joined_connections, stats.connections_opened), (0, 2));
    }
}

/// Its own server has spoken: another server's answer, forged or late, changes nothing.
#[test]
fn an_answered_connection_is_not_stolen() {
    let mut tap = Tap::on(&[8_080]);
    tap.sees([CLIENT, SERVER], SYN, 100, 0, b"");
    tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
    tap.sees([OTHER, CLIENT], SYN_ACK, 900, 101, b"");
    tap.sees([OTHER, CLIENT], ACK | 0x08, 901, 101 + REQUEST.len() as u32, RESPONSE);
    tap.exchange(SERVER, SERVER);
    let (messages, stats) = tap.end();
    assert_eq!(stats.flow.joined_connections, 0);
    for message in pair("10.0.0.2:8080") {
        assert!(messages.contains(&message), "{messages:?}");
    }
}

/// A forged SYN to it, and an answer to that from elsewhere: only its own server could end what it has begun.
#[test]
fn a_forged_handshake_with_another_server_ends_nothing() {
    let mut tap = Tap::on(&[8_080]);
    tap.sees([CLIENT, SERVER], SYN, 100, 0, b"");
    tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
    tap.exchange(SERVER, SERVER);
    tap.sees([CLIENT, SERVER], SYN, 0x7000_0000, 0, b"");
    tap.sees([OTHER, CLIENT], SYN_ACK, 900, 0x7000_0001, b"");
    let (client, server) = (101 + REQUEST.len() as u32, 501 + RESPONSE.len() as u32);
    tap.sees([CLIENT, SERVER], ACK | 0x08, client, server, REQUEST);
    tap.sees([SERVER, CLIENT], ACK | 0x08, server, client + REQUEST.len() as u32, RESPONSE);
    let (messages, stats) = tap.end();
    assert_eq!(messages, [pair("10.0.0.2:8080"), pair("10.0.0.2:8080")].concat());
    assert_eq!(stats.flow.joined_connections, 0);
}

/// A forged answer came before the server's own: that is believed when it comes.
#[test]
fn the_servers_own_answer_takes_the_place_of_a_forged_one() {
    let mut tap = Tap::on(&[8_080]);
    tap.sees([CLIENT, SERVER], SYN, 100, 0, b"");
    tap.sees([OTHER, CLIENT], SYN_ACK, 900, 101, b"");
    tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
    tap.exchange(SERVER, SERVER);
    let (messages, _) = tap.end();
    assert_eq!(messages, pair("10.0.0.2:8080"));
}

#[test]
fn of_two_equal_syns_it_is_not_known_which_was_answered() {
    for ports in [&[8_080, 15_001][..], &[8_080], &[15_001]] {
        let mut tap = Tap::on(ports);
        tap.sees([CLIENT, PROXY], SYN, 100, 0, b"");
        tap.sees([CLIENT, OTHER], SYN, 100, 0, b"");
        tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
        tap.exchange(PROXY, SERVER);
        let (messages, stats) = tap.end();
        assert_eq!(stats.flow.joined_connections, 0, "{ports:?}");
        assert!(messages.iter().all(|(_, _, path)| path == "-"), "{messages:?}");
    }
}

/// The same addresses again, and other servers that answer: the connection before ended, was reset, or is open for all that
/// was captured.
#[test]
fn the_next_connection_may_have_another_server() {
    for ports in [&[8_080][..], &[15_001], &[8_080, 15_001]] {
        for ends in [false, true] {
            let mut tap = Tap::on(ports);
            tap.sees([CLIENT, PROXY], SYN, 100, 0, b"");
            tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
            tap.exchange(PROXY, SERVER);
            if ends {
                tap.sees([CLIENT, PROXY], RST_ACK, 101 + REQUEST.len() as u32, 501 + RESPONSE.len() as u32, b"");
            }
            let (client, server) = (0x7000_0000, 0x9000_0000);
            tap.sees([CLIENT, PROXY], SYN, client, 0, b"");
            tap.sees([OTHER, CLIENT], SYN_ACK, server, client + 1, b"");
            tap.sees([CLIENT, PROXY], ACK | 0x08, client + 1, server + 1, REQUEST);
            tap.sees([OTHER, CLIENT], ACK | 0x08, server + 1, client + 1 + REQUEST.len() as u32, RESPONSE);
            let (messages, stats) = tap.end();
            assert_eq!(messages, [pair("10.0.0.2:8080"), pair("10.0.0.3:8080")].concat(), "{ports:?}, {ends}");
            assert_eq!(stats.connections_opened, 2, "{ports:?}, {ends}");
        }
    }
}

/// A packet of an ended connection that comes again is known by either of the connection's addresses.
#[test]
fn after_the_end_both_addresses_are_remembered() {
    let mut tap = Tap::on(&[8_080, 15_001]);
    tap.sees([CLIENT, PROXY], SYN, 100, 0, b"");
    tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
    tap.exchange(PROXY, SERVER);
    tap.sees([SERVER, CLIENT], RST_ACK, 501 + RESPONSE.len() as u32, 101 + REQUEST.len() as u32, b"");
    tap.exchange(PROXY, SERVER);
    let (messages, stats) = tap.end();
    assert_eq!(messages, pair("10.0.0.2:8080"));
    assert_eq!((stats.after_close, stats.connections_opened), (2, 1));
}

/// NAT changes no numbers: each copy comes out, and it is said once that they are copies.
#[test]
fn copies_before_nat_and_after_it_are_told() {
    let another = ([10, 0, 0, 9], 40_000);
    for (client_inside, server_number, copies) in [(CLIENT, 500, 1), (CLIENT, 501, 0), (another, 500, 0)] {
        let mut tap = Tap::on(&[8_080, 80]);
        let outside = ([10, 0, 0, 2], 80);
        tap.sees([CLIENT, outside], SYN, 100, 0, b"");
        tap.sees([client_inside, OTHER], SYN, 100, 0, b"");
        for _ in 0..2 {
            tap.sees([OTHER, client_inside], SYN_ACK, server_number, 101, b"");
            tap.sees([outside, CLIENT], SYN_ACK, 500, 101, b"");
        }
        tap.exchange(outside, outside);
        let said = tap.engine.take_notices();
        assert_eq!(said.iter().filter(|notice| notice.kind == "nat-copy").count(), copies, "{said:?}");
        let (_, stats) = tap.end();
        assert_eq!((stats.nat_copies, stats.flow.joined_connections), (copies as u64, 0));
    }
}

/// Made traffic has the same numbers again and again.
#[test]
fn connections_with_equal_numbers_are_no_copies() {
    let mut tap = Tap::on(&[8_080]);
    for port in 0..5 {
        for server in [SERVER, OTHER] {
            let client = (CLIENT.0, CLIENT.1 + port);
            tap.sees([client, server], SYN, 100, 0, b"");
            tap.sees([server, client], SYN_ACK, 500, 101, b"");
        }
    }
    let (_, stats) = tap.end();
    assert_eq!((stats.nat_copies, stats.flow.joined_connections, stats.connections_opened), (0, 0, 10));
}

/// Only so many halves are kept, whatever comes, and those that made room are counted.
#[test]
fn a_flood_of_syns_is_bounded_and_counted() {
    let mut tap = Tap::on(&[8_080]);
    for n in 0..20_000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        tap.sees([([10, a, b, c], 40_000), PROXY], SYN, n.wrapping_mul(0x9e37_79b9), 0, b"");
    }
    tap.sees([CLIENT, PROXY], SYN, 100, 0, b"");
    tap.sees([SERVER, CLIENT], SYN_ACK, 500, 101, b"");
    tap.exchange(PROXY, SERVER);
    let (messages, stats) = tap.end();
    assert_eq!(messages, pair("10.0.0.2:8080"));
    let kept = 20_000 - stats.flow.forgotten_handshakes;
    assert!(kept <= 4_096, "{kept}");
}

/// NAT that replaces the client's address too, and a proxy, make connections of their own. The second exchange shows that they send on.
/// If the server is the same, that is looked for in captures of `any` alone.
#[test]
fn exchanges_that_are_sent_on_are_told_once() {
    let (outside, inside) = (([10, 0, 0, 2], 80), ([10, 0, 0, 9], 40_000));
    for (repeated, said, is_cooked, to) in [
        (1, 0, true, OTHER),
        (2, 1, true, OTHER),
        (5, 1, true, OTHER),
        (1, 0, false, OTHER),
        (2, 1, false, OTHER),
        (5, 1, false, OTHER),
        (5, 1, true, outside),
        (5, 0, false, outside),
    ] {
        let mut tap = Tap { is_cooked, ..Tap::on(&[8_080, 80]) };
        for [client, server] in [[CLIENT, outside], [inside, to]] {
            tap.sees([client, server], SYN, 100, 0, b"");
            tap.sees([server, client], SYN_ACK, 500, 101, b"");
        }
        let mut numbers = [101, 501];
        for n in 0..repeated {
            let request = format!("GET /{n} HTTP/1.1\r\nHost: h\r\n\r\n");
            let [client, server] = numbers;
            let asked = client + request.len() as u32;
            tap.sees([CLIENT, outside], ACK | 0x08, client, server, request.as_bytes());
            tap.sees([inside, to], ACK | 0x08, client, server, request.as_bytes());
            tap.sees([to, inside], ACK | 0x08, server, asked, RESPONSE);
            tap.sees([outside, CLIENT], ACK | 0x08, server, asked, RESPONSE);
            numbers = [asked, server + RESPONSE.len() as u32];
        }
        let notices: Vec<_> = tap.engine.take_notices().into_iter().filter(|notice| notice.kind == "relay").collect();
        assert_eq!(notices.len(), said, "{notices:?}");
        if let Some(notice) = notices.first() {
            let server = if to == OTHER { "10.0.0.3:8080" } else { "10.0.0.2:80" };
            let [connection, copy] = ["10.0.0.2:80 - 10.0.0.1:40000".to_owned(), format!("{server} - 10.0.0.9:40000")];
            assert_eq!(notice.fields, [("connection", connection), ("copy", copy)]);
        }
        let (messages, stats) = tap.end();
        let relayed = if said == 0 { 0 } else { repeated };
        assert_eq!((messages.len() as u64, stats.relayed_exchanges), (4 * repeated, relayed));
    }
}
