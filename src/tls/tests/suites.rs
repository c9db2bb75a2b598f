//! Each kind of cipher, and each way to begin.

use super::driver::{Driver, Out};
use super::peer::{CLIENT, Peers, SERVER};
use super::text;
use crate::tls::connection::Version;
use crate::tls::crypto::{Cipher, Suite, suite_name};

fn talk(peers: &mut Peers) {
    let all = text(40_000);
    let mut rest = &all[..];
    for (side, length) in
        [(CLIENT, 1), (SERVER, 16_384), (CLIENT, 15), (SERVER, 16), (CLIENT, 17), (SERVER, 5_000), (CLIENT, 300)]
    {
        let (part, after) = rest.split_at(length);
        peers.send(side, part);
        rest = after;
    }
    peers.close(SERVER);
    peers.close(CLIENT);
}

fn check(mut peers: Peers) {
    talk(&mut peers);
    let mut driver = Driver::with_keys(&peers);
    driver.play(&peers);
    driver.finish();
    driver.assert_whole(&peers);
    let ends: Vec<_> = driver.out.iter().filter(|out| matches!(out, Out::End(..))).collect();
    assert_eq!(ends, [&Out::End(SERVER, true), &Out::End(CLIENT, true)]);
    let described = driver.connection.described().unwrap();
    assert_eq!(described.cipher, suite_name(peers.suite.id));
    assert_eq!((described.server_name, described.alpn), (Some("shop.invalid"), Some("h2")));
    assert_eq!(driver.counters.unread_bytes, 0);
}

#[test]
fn tls13() {
    for id in 0x1301..=0x1305 {
        check(Peers::tls13(id));
        let mut peers = Peers::tls13(id);
        peers.padding = 100;
        check(peers);
    }
}

/// All of them: AES-GCM, ChaCha20, CCM, CCM_8, and CBC with each HMAC, in both orders.
#[test]
fn tls12() {
    for id in (0..=u16::MAX).filter(|&id| Suite::tls12(id).is_some()) {
        // The others do not know either of these.
        let is_cbc = matches!(Suite::tls12(id).unwrap().cipher, Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_));
        let ways = [(true, 9), (false, 0), (true, 0), (false, 9)];
        for (encrypt_then_mac, padding) in ways.into_iter().take(if is_cbc { 4 } else { 1 }) {
            let mut peers = Peers::new(Suite::tls12(id).unwrap());
            peers.encrypt_then_mac = encrypt_then_mac;
            peers.padding = padding;
            peers.handshake();
            check(peers);
        }
    }
}

#[test]
fn a_retried_hello() {
    for early in [&b""[..], b"GET /early HTTP/1.1\r\n\r\n"] {
        let mut peers = Peers::new(Suite::tls13(0x1302).unwrap());
        peers.retry(early);
        check(peers);
    }
}

#[test]
fn early_data_counts_if_the_server_takes_it() {
    for accepted in [true, false] {
        let mut peers = Peers::new(Suite::tls13(0x1301).unwrap());
        peers.early(b"GET /early HTTP/1.1\r\n\r\n", accepted);
        talk(&mut peers);
        let mut driver = Driver::with_keys(&peers);
        driver.play(&peers);
        driver.assert_whole(&peers);
        assert_eq!(driver.counters.early_data_bytes_refused > 0, !accepted);
    }
}

#[test]
fn keys_change_under_way() {
    let mut peers = Peers::tls13(0x1302);
    for round in 0..5 {
        peers.send(CLIENT, &text(100 + round));
        peers.update_key(CLIENT);
        peers.ticket();
        peers.send(SERVER, &text(200 + round));
        peers.send(CLIENT, &text(10));
        peers.update_key(SERVER);
    }
    let mut driver = Driver::with_keys(&peers);
    driver.play(&peers);
    driver.assert_whole(&peers);
    assert_eq!(driver.counters.key_updates, 10);
}

#[test]
fn a_renegotiation_has_its_own_secret() {
    let mut peers = Peers::tls12(0xc02f);
    peers.send(CLIENT, b"before");
    peers.renegotiate();
    peers.send(CLIENT, b"after");
    peers.send(SERVER, b"answer");
    let mut driver = Driver::with_keys(&peers);
    driver.play(&peers);
    driver.assert_whole(&peers);
    assert_eq!(driver.counters.renegotiations, 1);
    assert_eq!(driver.connection.randoms().len(), 2);
}

#[test]
fn only_the_traffic_is_logged() {
    let mut peers = Peers::tls13(0x1303);
    talk(&mut peers);
    let mut driver = Driver::new();
    driver.add_keys(&peers.log.iter().filter(|line| line.contains("TRAFFIC_SECRET_0")).cloned().collect::<String>());
    driver.play(&peers);
    assert!(driver.plain(SERVER).is_empty(), "the handshake's may still come");
    driver.pass_time(crate::tls::HANDSHAKE_SECRET_WAIT_MS);
    driver.pass_time(crate::tls::HANDSHAKE_SECRET_WAIT_MS);
    driver.assert_whole(&peers);
    assert_eq!(driver.connection.described().unwrap().alpn, None);
}

#[test]
fn the_versions_are_named() {
    for (peers, version) in [(Peers::tls13(0x1301), Version::Tls13), (Peers::tls12(0xc02f), Version::Tls12)] {
        let mut driver = Driver::new();
        driver.play(&peers);
        assert_eq!(driver.connection.described().unwrap().version, version);
    }
}
