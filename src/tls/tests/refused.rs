//! Connections that are not read, and the reasons that are named.

use super::driver::Driver;
use super::peer::{CLIENT, Peers, SERVER, client_hello};
use super::{text, unhex};
use crate::tls::counters::Unread;
use crate::tls::crypto::Suite;
use crate::tls::first_hello::first_hello;
use crate::tls::hello::{ClientHello, MAX_CLIENT_HELLO_BYTES, ServerHello};
use crate::tls::records::{
    APPLICATION_DATA, Beginning, HANDSHAKE, Header, MAX_BODY_BYTES, Parsed, beginning, looks_begun,
};

fn unread(driver: &Driver) -> Vec<Unread> {
    driver.connection.unread().collect()
}

/// A ServerHello of some other suite and version.
fn server_hello(version: u16, suite: u16, compression: u8) -> Vec<u8> {
    let body = [&version.to_be_bytes()[..], &[7; 32], &[0], &suite.to_be_bytes(), &[compression]].concat();
    [&[2, 0, 0, body.len() as u8][..], &body].concat()
}

#[test]
fn unknown_suites_versions_and_compression() {
    let cases = [
        (0x0303, 0x000a, 0, "cipher suite TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (0x0303, 0xc061, 0, "cipher suite TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"),
        (0x0303, 0x001e, 0, "cipher suite 0x001e"),
        (0x0303, 0x1301, 0, "cipher suite TLS_AES_128_GCM_SHA256"),
        (0x0301, 0xc013, 0, "TLS 1.0"),
        (0x0302, 0xc013, 0, "TLS 1.1"),
        (0x0300, 0x000a, 0, "SSL 3.0"),
        (0x7f1c, 0x1301, 0, "version 0x7f1c"),
        (0x0303, 0xc02f, 1, "compression"),
    ];
    for (version, suite, compression, named) in cases {
        let mut peers = Peers::new(Suite::tls12(0xc02f).unwrap());
        peers.plain(CLIENT, HANDSHAKE, &client_hello(&[1; 32], false));
        peers.plain(SERVER, HANDSHAKE, &server_hello(version, suite, compression));
        peers.plain(SERVER, APPLICATION_DATA, &text(100));
        peers.plain(CLIENT, APPLICATION_DATA, &text(100));
        let mut driver = Driver::with_keys(&peers);
        driver.play(&peers);
        assert_eq!(unread(&driver), [Unread::Unsupported]);
        assert_eq!(driver.connection.unsupported().unwrap().to_string(), named);
        assert_eq!(driver.counters.unread_connections[Unread::Unsupported.index()], 1);
        assert!(driver.out.is_empty());
    }
}

#[test]
fn a_connection_without_its_beginning() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, &text(100));
    peers.send(SERVER, &text(100));
    for first in 1..peers.wire.len() {
        let mut driver = Driver::with_keys(&peers);
        for (side, record) in &peers.wire[first..] {
            driver.segment(*side, record);
        }
        driver.pass_time(10_001);
        driver.finish();
        assert!(driver.plain(CLIENT).is_empty() && driver.plain(SERVER).is_empty(), "{first}");
        assert_eq!(unread(&driver), [Unread::NoHandshake], "{first}");
    }
}

#[test]
fn a_hello_over_the_cap_is_passed_over() {
    let mut peers = Peers::new(Suite::tls13(0x1301).unwrap());
    let body = text(MAX_CLIENT_HELLO_BYTES + 1);
    let message = [&[1], &(body.len() as u32).to_be_bytes()[1..], &body].concat();
    for part in message.chunks(16_384) {
        peers.plain(CLIENT, HANDSHAKE, part);
    }
    peers.plain(CLIENT, APPLICATION_DATA, &text(100));
    let mut driver = Driver::new();
    driver.play(&peers);
    assert!(driver.connection.buffered_bytes() < 20_000);
    assert_eq!(driver.connection.server_name(), None);
}

#[test]
fn headers() {
    let header = |bytes: &[u8]| Header::parse(bytes);
    assert_eq!(header(&[]), Parsed::Partial);
    assert_eq!(header(&[22, 3, 1, 2]), Parsed::Partial);
    for bytes in [&b"GET / "[..], &[19, 3, 3, 0, 1], &[22, 2, 0, 0, 1], &[22, 3, 5, 0, 1], &[22, 3, 3, 0, 0], &[24, 3]]
    {
        assert_eq!(header(bytes), Parsed::Invalid, "{bytes:?}");
    }
    let longest = (MAX_BODY_BYTES as u16).to_be_bytes();
    assert!(matches!(header(&[23, 3, 3, longest[0], longest[1]]), Parsed::Header(_)));
    let longer = (MAX_BODY_BYTES as u16 + 1).to_be_bytes();
    assert_eq!(header(&[23, 3, 3, longer[0], longer[1]]), Parsed::Invalid);
    assert!(matches!(header(&[23, 3, 3, 0, 0]), Parsed::Header(_)));
}

#[test]
fn beginnings() {
    let hello = [&[22, 3, 1, 0, 60][..], &client_hello(&[0; 32], false)].concat();
    for length in 0..6 {
        assert_eq!(beginning(&hello[..length]), Beginning::Partial);
    }
    assert_eq!(beginning(&hello), Beginning::ClientHello);
    for other in [&b"GET / HTTP/1.1"[..], b"P", &[22, 3, 1, 0, 60, 2], &[23, 3, 3, 0, 60, 1], &[22, 2]] {
        assert_eq!(beginning(other), Beginning::Other);
    }
    let mut peers = Peers::tls13(0x1301);
    peers.send(CLIENT, &text(100));
    let last = &peers.wire.last().unwrap().1;
    assert!(looks_begun(last) && looks_begun(&last[..20]));
    assert!(!looks_begun(b"HTTP/1.1 200") && !looks_begun(&last[..3]));
    for (_, record) in &peers.wire {
        assert!(looks_begun(record) && looks_begun(&[&record[..], last].concat()));
        assert!(!looks_begun(&[&record[..], b"HTTP/1.1"].concat()));
    }
    assert!(!looks_begun(&[&last[..], b"HTTP/1.1"].concat()));
}

#[test]
fn hellos_that_are_cut_or_odd() {
    let message = client_hello(&[9; 32], true);
    let whole = ClientHello::parse(&message[4..]).unwrap();
    assert_eq!((whole.random, whole.offers_early_data), ([9; 32], true));
    assert_eq!(whole.server_name.as_deref(), Some("shop.invalid"));
    for length in 0..message.len() - 4 {
        // Without its extensions it is whole too.
        let cut = ClientHello::parse(&message[4..4 + length]);
        assert!(cut.is_none_or(|cut| cut.server_name.is_none()), "{length}");
        // The beginning of a stream that is not read may be cut: a name counts if it is whole.
        let record = [&[22, 3, 1, 0, message.len() as u8][..], &message].concat();
        let name = first_hello(&record[..5 + 4 + length]).and_then(|hello| hello.server_name);
        let end = message.windows(12).position(|part| part == b"shop.invalid").unwrap() + 12;
        assert_eq!(name.as_deref(), Some("shop.invalid").filter(|_| 4 + length >= end), "{length}");
    }
    // A name that could be mistaken for something else in a log is none.
    let odd = [&[3, 3][..], &[0; 32], &unhex("00 0002 1301 01 00 000e 0000 000a 0008 00 0005 61 0a 22 c3 bc")].concat();
    assert_eq!(ClientHello::parse(&odd).unwrap().server_name, None);
    assert!(ServerHello::parse(&server_hello(0x0303, 0xc02f, 0)[4..30]).is_none());
}
