//! Keys that come late, or not at all.

use super::driver::Driver;
use super::peer::{CLIENT, Peers, SERVER};
use super::text;
use crate::tls::MAX_WAITING_BYTES;
use crate::tls::counters::Unread;

fn exchange(peers: &mut Peers) {
    peers.send(CLIENT, b"GET / HTTP/1.1\r\n\r\n");
    peers.send(SERVER, b"HTTP/1.1 204 No Content\r\n\r\n");
}

#[test]
fn the_time_of_the_bytes_is_kept() {
    let mut peers = Peers::tls13(0x1302);
    exchange(&mut peers);
    let (mut early, mut late) = (Driver::with_keys(&peers), Driver::new());
    early.play(&peers);
    late.play(&peers);
    assert!(late.out.is_empty());
    assert!(late.connection.is_waiting());
    late.pass_time(9_000);
    late.add_keys(&peers.log_text());
    assert_eq!(late.out, early.out);
    assert!(!late.connection.is_waiting());
}

#[test]
fn what_comes_after_the_end_of_the_connection_is_read_too() {
    for tls12 in [true, false] {
        let mut peers = if tls12 { Peers::tls12(0xc02f) } else { Peers::tls13(0x1301) };
        exchange(&mut peers);
        let mut driver = Driver::new();
        driver.play(&peers);
        for side in [CLIENT, SERVER] {
            driver.event(side, crate::flow::StreamEvent::End { clean: true, reset: None });
        }
        assert!(driver.connection.is_waiting());
        driver.add_keys(&peers.log_text());
        assert!(!driver.connection.is_waiting());
        driver.assert_whole(&peers);
    }
}

#[test]
fn the_wait_ends() {
    for tls12 in [true, false] {
        let mut peers = if tls12 { Peers::tls12(0xc02f) } else { Peers::tls13(0x1301) };
        exchange(&mut peers);
        let mut driver = Driver::new();
        driver.play(&peers);
        let deadline = driver.connection.deadline(driver.key_wait_ms).unwrap();
        assert!(deadline.micros() <= (driver.now + 10_000) as i64 * 1_000);
        driver.pass_time(10_001);
        driver.pass_time(10_001);
        assert_eq!(driver.connection.deadline(driver.key_wait_ms), None);
        assert!(driver.plain(CLIENT).is_empty() && driver.plain(SERVER).is_empty());
        assert_eq!(driver.connection.unread().collect::<Vec<_>>(), [Unread::NoKeys]);
        assert_eq!(driver.counters.unread_connections[Unread::NoKeys.index()], 1);
        assert_eq!(driver.connection.buffered_bytes() / 1_000, 0, "nothing is held any longer");
    }
}

#[test]
fn keys_after_the_wait_open_what_comes_from_then_on() {
    for (tls12, before) in [(true, 1), (true, 40), (false, 1), (false, 40)] {
        let mut peers = if tls12 { Peers::tls12(0xcca8) } else { Peers::tls13(0x1301) };
        for _ in 0..before {
            exchange(&mut peers);
        }
        let mut driver = Driver::new();
        driver.play(&peers);
        driver.pass_time(10_001);
        driver.pass_time(10_001);
        driver.add_keys(&peers.log_text());
        let seen = peers.wire.len();
        peers.send(CLIENT, b"one more");
        peers.send(SERVER, b"so be it");
        for (side, record) in &peers.wire[seen..] {
            driver.segment(*side, record);
        }
        assert_eq!(driver.plain(CLIENT), b"one more");
        assert_eq!(driver.plain(SERVER), b"so be it");
        driver.assert_not_wrong(&peers);
    }
}

#[test]
fn an_answer_waits_for_its_request() {
    let mut peers = Peers::tls13(0x1301);
    exchange(&mut peers);
    let mut driver = Driver::new();
    let (clients, others): (Vec<_>, Vec<_>) =
        peers.log.iter().cloned().partition(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0"));
    driver.add_keys(&others.concat());
    driver.play(&peers);
    assert!(driver.out.is_empty());
    driver.add_keys(&clients.concat());
    driver.assert_whole(&peers);
}

#[test]
fn one_direction_without_keys_does_not_take_the_other_along() {
    let mut peers = Peers::tls13(0x1301);
    exchange(&mut peers);
    let mut driver = Driver::new();
    driver.add_keys(&peers.log.iter().filter(|line| line.starts_with("SERVER")).cloned().collect::<String>());
    driver.play(&peers);
    driver.pass_time(10_001);
    driver.pass_time(10_001);
    assert_eq!(driver.plain(SERVER), peers.sent[SERVER as usize]);
    assert!(driver.plain(CLIENT).is_empty());
}

#[test]
fn what_waits_is_bounded() {
    let mut peers = Peers::tls13(0x1301);
    let data = text(16_000);
    while peers.sent[CLIENT as usize].len() < 2 * MAX_WAITING_BYTES {
        peers.send(CLIENT, &data);
    }
    let mut driver = Driver::new();
    let mut most = 0;
    for (side, record) in &peers.wire {
        driver.segment(*side, record);
        most = most.max(driver.connection.buffered_bytes());
    }
    assert!(most > MAX_WAITING_BYTES / 2 && most < MAX_WAITING_BYTES + (256 << 10), "{most}");
    assert_eq!(driver.counters.waits_cut, 1);
    assert!(driver.connection.buffered_bytes() < 1_000);
}

#[test]
fn nothing_waits_where_no_key_will_come() {
    let mut peers = Peers::tls13(0x1301);
    exchange(&mut peers);
    let mut driver = Driver::new();
    driver.key_wait_ms = 0;
    driver.play(&peers);
    assert!(!driver.connection.is_waiting());
    assert_eq!(driver.connection.server_name(), Some("shop.invalid"));
    assert_eq!(driver.connection.offered_protocols(), [Box::from("h2")]);
    assert_eq!(driver.connection.unread().collect::<Vec<_>>(), [Unread::NoKeys]);
}
