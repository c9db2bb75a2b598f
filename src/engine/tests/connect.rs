//! TLS inside a tunnel that a CONNECT opened: read with its keys, and what is no TLS stays opaque.

use super::tls::{Capture, REQUEST, RESPONSE, WAIT_MS, exchange, whole, whole13};
use crate::tls::tests::peer::{CLIENT, Peers, SERVER};

const CONNECT: &[u8] = b"CONNECT shop.invalid:443 HTTP/1.1\r\nhost: shop.invalid:443\r\n\r\n";
const GRANTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

fn outside() -> [String; 2] {
    ["request", "response"].map(|direction| format!("{direction} shop.invalid:443  whole - - -"))
}

fn with_outside(inside: &[String]) -> Vec<String> {
    [&outside()[..], inside].concat()
}

fn opened(peers: &Peers) -> Capture {
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    capture.segment(true, CONNECT);
    capture.segment(false, GRANTED);
    capture
}

#[test]
fn both_versions_are_read() {
    for (peers, inside) in [
        (Peers::tls13(0x1301), whole13()),
        (Peers::tls12(0xc02f), whole("1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")),
    ] {
        let peers = exchange(peers);
        let mut capture = opened(&peers);
        capture.play(&peers);
        capture.close();
        assert_eq!(capture.outcome(), with_outside(&inside));
        assert_eq!((capture.count("switchedTunnel"), capture.count("switchedBytes")), (1, 0));
        assert_eq!(capture.count("tlsConnections"), 1);
        assert_eq!(capture.engine.stats().buffered_bytes, 0);
    }
}

#[test]
fn each_exchange_has_an_id_of_its_own() {
    let mut peers = Peers::tls13(0x1301);
    for _ in 0..2 {
        peers.send(CLIENT, REQUEST);
        peers.send(SERVER, RESPONSE);
    }
    let mut capture = opened(&peers);
    capture.play(&peers);
    let lines = super::all_lines(&mut capture.engine);
    let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 6);
    for (index, id) in ids.iter().enumerate() {
        assert_eq!(ids.iter().position(|other| other == id), Some(index / 2 * 2), "{ids:?}");
    }
}

/// In the same segment as the answer, in the smallest pieces, before the answer, with the request: wherever the hellos begin.
#[test]
fn the_hello_may_come_in_any_pieces() {
    let peers = exchange(Peers::tls13(0x1301));
    for size in [1, 2, 3, 7, 64] {
        let mut capture = opened(&peers);
        for (side, record) in &peers.wire {
            record.chunks(size).for_each(|piece| capture.segment(*side == CLIENT, piece));
        }
        assert_eq!(capture.outcome(), with_outside(&whole13()), "{size}");
    }
    for cut in [CONNECT.len(), CONNECT.len() - 1, 20] {
        let mut capture = Capture::new();
        capture.keys(&peers.log_text());
        capture.open();
        let ahead = [CONNECT, &peers.wire[0].1].concat();
        capture.segment(true, &ahead[..cut]);
        capture.segment(true, &ahead[cut..]);
        let (first, rest) = peers.wire.split_first().unwrap();
        assert_eq!(first.0, CLIENT);
        let answer = [GRANTED, &rest[0].1].concat();
        assert_eq!(rest[0].0, SERVER);
        capture.segment(false, &answer);
        for (side, record) in &rest[1..] {
            capture.segment(*side == CLIENT, record);
        }
        assert_eq!(capture.outcome(), with_outside(&whole13()), "{cut}");
    }
}

#[test]
fn http2_is_read_there_too() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    peers.send(CLIENT, b"\0\0\x03\x01\x05\0\0\0\x01\x82\x84\x87");
    peers.send(SERVER, b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x88");
    let mut capture = opened(&peers);
    capture.play(&peers);
    let lines = super::all_lines(&mut capture.engine);
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["httpVersion"].as_str().unwrap(), line["id"].as_str().unwrap(), line["streamId"].as_u64()))
        .collect();
    let (outer, inner) = (told[0].1, told[2].1);
    assert_ne!(outer, inner);
    assert_eq!(told[2..], [("2.0", inner, Some(1)), ("2.0", inner, Some(1))]);
}

#[test]
fn keys_may_come_late_or_never() {
    let peers = exchange(Peers::tls13(0x1301));
    let other = Peers::tls13(0x1301).log_text().replace("c1c1", "c9c9");
    let mut capture = Capture::new();
    capture.keys(&other);
    capture.open();
    capture.segment(true, CONNECT);
    capture.segment(false, GRANTED);
    capture.play(&peers);
    capture.close();
    capture.keys(&peers.log_text());
    assert_eq!(capture.outcome(), with_outside(&whole13()));

    let mut capture = Capture::new();
    capture.open();
    capture.segment(true, CONNECT);
    capture.segment(false, GRANTED);
    capture.play(&peers);
    capture.pass(WAIT_MS + 1_000);
    capture.close();
    assert_eq!(capture.outcome(), outside());
    assert_eq!(capture.count("tlsUnreadNoKeys"), 1);
}

#[test]
fn anything_else_stays_opaque() {
    let peers = Peers::tls13(0x1301);
    let ssh: &[u8] = b"SSH-2.0-x\r\n";
    for (side, first) in [(true, ssh), (false, ssh), (true, REQUEST), (true, b"\x16"), (true, b"PROXY ")] {
        let mut capture = opened(&peers);
        capture.segment(side, first);
        capture.segment(true, REQUEST);
        capture.segment(false, RESPONSE);
        capture.close();
        assert_eq!(capture.outcome(), outside(), "{first:?}");
        let passed = first.len() + REQUEST.len() + RESPONSE.len();
        assert_eq!(capture.count("switchedBytes"), passed as u64, "{first:?}");
    }
}

#[test]
fn a_refusal_opens_none() {
    let peers = exchange(Peers::tls13(0x1301));
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    capture.segment(true, CONNECT);
    capture.segment(false, b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    capture.segment(true, CONNECT);
    capture.segment(false, GRANTED);
    capture.play(&peers);
    assert_eq!(capture.outcome().len(), 6);
    assert_eq!(capture.count("tlsConnections"), 1);
}

#[test]
fn a_loss_in_it_is_one_of_its_records() {
    let mut peers = exchange(Peers::tls13(0x1301));
    peers.send(CLIENT, REQUEST);
    peers.send(SERVER, RESPONSE);
    for lost in 1..peers.wire.len() {
        let mut capture = opened(&peers);
        for (index, (side, record)) in peers.wire.iter().enumerate() {
            if index == lost {
                capture.next[usize::from(*side != CLIENT)] += record.len() as u32;
            } else {
                capture.segment(*side == CLIENT, record);
            }
        }
        capture.pass(120_000);
        for line in capture.outcome() {
            // Its request is lost.
            let line = line.replace("response ? ", "response /secret ");
            let known = outside().contains(&line) || whole13().contains(&line) || !line.contains(" whole ");
            assert!(known, "{lost}: {line}");
        }
    }
}

/// The addresses that the PROXY protocol named are those of the whole connection.
#[test]
fn the_prefix_of_a_proxy_is_named_inside_too() {
    let peers = exchange(Peers::tls13(0x1301));
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    capture.segment(true, b"PROXY TCP4 203.0.113.7 192.0.2.9 4711 443\r\n");
    capture.segment(true, CONNECT);
    capture.segment(false, GRANTED);
    capture.play(&peers);
    let lines = super::all_lines(&mut capture.engine);
    assert_eq!(lines.len(), 4);
    for line in lines {
        assert_eq!(line["proxied"]["source"]["ip"], "203.0.113.7", "{line}");
    }
}

/// Numbers inside go on where those outside ended, also if what comes there is another connection than it seemed.
#[test]
fn a_handshake_with_a_proxy_inside_begins_no_number_again() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, b"\x05\x01\0");
    peers.send(SERVER, b"\x05\0");
    peers.send(CLIENT, b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(paths_and_numbers(&peers), ["shop.invalid:443 1", "shop.invalid:443 1", "/x 2"]);
}

#[test]
fn a_server_that_asks_inside_begins_no_number_again() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, b"x");
    peers.send(SERVER, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(paths_and_numbers(&peers), ["shop.invalid:443 1", "shop.invalid:443 1", "/ 2"]);
}

/// Of each message what was asked, and the number in its id; each has the addresses that a proxy named.
fn paths_and_numbers(peers: &Peers) -> Vec<String> {
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    capture.segment(true, b"PROXY TCP4 203.0.113.7 192.0.2.9 4711 443\r\n");
    capture.segment(true, CONNECT);
    capture.segment(false, GRANTED);
    capture.play(peers);
    let told = |line: &serde_json::Value| {
        assert_eq!(line["proxied"]["source"]["ip"], "203.0.113.7", "{line}");
        let path = line["path"].as_str().or(line["request"]["path"].as_str()).unwrap();
        format!("{path} {}", line["id"].as_str().unwrap().split_once('.').unwrap().1)
    };
    super::all_lines(&mut capture.engine).iter().map(told).collect()
}

/// Bytes that wait for the answer are looked at again in the tunnel, and a loss in it is counted once.
#[test]
fn a_loss_before_the_answer_is_counted_once() {
    let peers = exchange(Peers::tls13(0x1301));
    for first in [&b""[..], b"\x16\x03"] {
        let mut capture = Capture::new();
        capture.keys(&peers.log_text());
        capture.open();
        capture.segment(true, CONNECT);
        capture.segment(true, first);
        capture.next[0] += 100;
        capture.segment(true, b"after it");
        capture.segment(false, b"");
        capture.pass(60_000);
        capture.segment(false, GRANTED);
        capture.play(&peers);
        assert_eq!((capture.count("gaps"), capture.count("gapBytes")), (1, 100), "{first:?}");
        capture.close();
        assert_eq!((capture.count("gaps"), capture.count("gapBytes")), (1, 100), "{first:?}");
    }
}

/// It was captured, and is counted as passed over.
#[test]
fn what_does_not_fit_before_the_answer_is_no_loss_of_the_capture() {
    let mut capture = Capture::new();
    capture.keys(&Peers::tls13(0x1301).log_text());
    capture.open();
    capture.segment(true, CONNECT);
    let much = [0x17; 32 << 10];
    for _ in 0..40 {
        capture.segment(true, &much);
    }
    capture.segment(false, GRANTED);
    capture.close();
    assert_eq!((capture.count("gaps"), capture.count("gapBytes")), (0, 0));
    assert_eq!(capture.count("passedOverBytes"), 40 * much.len() as u64);
    let notices = capture.engine.take_notices();
    assert!(notices.iter().all(|notice| !notice.message.contains("not captured")), "{notices:?}");
}

/// The answer was captured late: the client had said all by then.
#[test]
fn an_end_before_the_answer_is_one_of_the_tunnel() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, b"POST /secret HTTP/1.1\r\nhost: shop.invalid\r\ncontent-length: 9\r\n\r\nhello");
    let mut capture = Capture::new();
    capture.keys(&peers.log_text());
    capture.open();
    capture.segment(true, CONNECT);
    let of_client = |of_client: bool| peers.wire.iter().filter(move |(side, _)| (*side == CLIENT) == of_client);
    of_client(true).for_each(|(_, record)| capture.segment(true, record));
    capture.fin(true);
    capture.segment(false, GRANTED);
    of_client(false).for_each(|(_, record)| capture.segment(false, record));
    let inside = "request /secret hello closed 1.3 TLS_AES_128_GCM_SHA256 shop.invalid".to_owned();
    assert_eq!(capture.outcome(), with_outside(&[inside]));
}
