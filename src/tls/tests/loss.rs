//! Lost segments, damaged segments, and what is no TLS at all.

use proptest::prelude::*;

use super::driver::{Driver, Out};
use super::peer::{CLIENT, Peers, SERVER};
use super::splits::conversation;
use super::text;
use crate::tls::HANDSHAKE_SECRET_WAIT_MS;
use crate::tls::counters::Unread;
use crate::tls::crypto::suite_name;

/// Plays the connection in segments of so many bytes; those at these places are lost.
fn play_with_losses(driver: &mut Driver, peers: &Peers, size: usize, lost: impl Fn(usize) -> bool) {
    let mut index = 0;
    for (side, record) in &peers.wire {
        for part in record.chunks(size) {
            if lost(index) {
                driver.lose(*side, part.len() as u64)
            } else {
                driver.segment(*side, part)
            }
            index += 1;
        }
    }
}

#[test]
fn after_each_single_loss_the_rest_is_read() {
    for kind in 0..5 {
        let mut peers = conversation(kind, &[300, 400, 20, 1_000, 10, 10]);
        peers.wire.pop(); // the close
        for _ in 0..4 {
            peers.send(CLIENT, &text(50));
            peers.send(SERVER, &text(60));
        }
        let tail = [peers.sent[0].len() - 60, peers.sent[1].len() - 50].map(|at| at - 100);
        let segments: usize = peers.wire.iter().map(|(_, record)| record.len().div_ceil(200)).sum();
        for lost in 0..segments {
            let mut driver = Driver::with_keys(&peers);
            play_with_losses(&mut driver, &peers, 200, |index| index == lost);
            driver.assert_not_wrong(&peers);
            let hello = lost < 2 || driver.connection.described().is_none();
            for side in [SERVER, CLIENT] {
                let wanted = &peers.sent[side as usize][tail[side as usize]..];
                let has_it = driver.plain(side).ends_with(&wanted[wanted.len() - 50..]);
                assert!(has_it || hello || lost > segments - 4, "kind {kind}, segment {lost} of {segments}: {side:?}");
            }
        }
    }
}

#[test]
fn many_records_may_be_lost_at_once() {
    for (tls12, size) in [(true, 30), (false, 30), (true, 16_000), (false, 16_000)] {
        let mut peers = if tls12 { Peers::tls12(0xc02f) } else { Peers::tls13(0x1302) };
        peers.send(SERVER, b"first");
        let before = peers.wire.len();
        for _ in 0..200 {
            peers.send(SERVER, &text(size));
        }
        let after = peers.wire.len();
        peers.send(SERVER, b"last");
        let mut driver = Driver::with_keys(&peers);
        for (index, (side, record)) in peers.wire.iter().enumerate() {
            if index >= before && index < after {
                driver.lose(*side, record.len() as u64);
            } else {
                driver.segment(*side, record);
            }
        }
        assert_eq!(driver.pieces(SERVER).concat(), b"firstlast");
        assert_eq!(driver.counters.resumed, 1);
        driver.assert_not_wrong(&peers);
    }
}

#[test]
fn a_key_update_may_be_lost() {
    let mut peers = Peers::tls13(0x1301);
    peers.send(SERVER, b"old");
    let before = peers.wire.len();
    peers.update_key(SERVER);
    let after = peers.wire.len();
    peers.send(SERVER, b"new");
    let mut driver = Driver::with_keys(&peers);
    for (index, (side, record)) in peers.wire.iter().enumerate() {
        if (before..after).contains(&index) {
            driver.lose(*side, record.len() as u64);
        } else {
            driver.segment(*side, record);
        }
    }
    assert_eq!(driver.plain(SERVER), b"oldnew");
}

#[test]
fn the_server_hello_may_be_lost() {
    for id in 0x1301..=0x1303 {
        let mut peers = Peers::tls13(id);
        peers.send(CLIENT, b"asks");
        peers.send(SERVER, b"says");
        let mut driver = Driver::with_keys(&peers);
        for (index, (side, record)) in peers.wire.iter().enumerate() {
            if index == 1 { driver.lose(*side, record.len() as u64) } else { driver.segment(*side, record) }
        }
        assert_eq!(driver.plain(SERVER), b"says");
        assert_eq!(driver.plain(CLIENT), b"asks");
        assert_eq!(driver.connection.described().unwrap().cipher, suite_name(peers.suite.id));
    }
}

#[test]
fn a_loss_at_the_end_is_told_before_the_end() {
    for tls12 in [true, false] {
        let mut peers = if tls12 { Peers::tls12(0xc02f) } else { Peers::tls13(0x1301) };
        for _ in 0..3 {
            peers.send(CLIENT, &text(100));
        }
        let last = peers.wire.len() - 2;
        let mut driver = Driver::with_keys(&peers);
        for (index, (side, record)) in peers.wire.iter().enumerate() {
            if index >= last { driver.lose(*side, record.len() as u64) } else { driver.segment(*side, record) }
        }
        driver.finish();
        let mut of_client: Vec<_> =
            driver.out.iter().filter(|out| matches!(out, Out::Gap(CLIENT) | Out::End(CLIENT, _))).collect();
        of_client.dedup();
        assert_eq!(of_client, [&Out::Gap(CLIENT), &Out::End(CLIENT, false)], "tls12 {tls12}");
        assert_eq!(driver.counters.unread_bytes, 0, "nothing came after it");
        assert_eq!(driver.plain(CLIENT), text(100));
    }
}

/// Where the header says it, the record is found to be broken in another way each time: no type, no version, too short, too long.
#[test]
fn a_damaged_header_is_counted_once_and_the_rest_is_read() {
    for tls12 in [true, false] {
        for (at, damage) in [(0, 70), (1, 9), (3, 0x80), (4, 7), (4, 0x3f), (3, 1), (3, 0x30), (3, 0x3f)] {
            let mut peers = if tls12 { Peers::tls12(0xc02f) } else { Peers::tls13(0x1301) };
            for _ in 0..20 {
                peers.send(CLIENT, &text(100));
            }
            let damaged = peers.wire.len() - 18;
            let mut driver = Driver::with_keys(&peers);
            for (index, (side, record)) in peers.wire.iter().enumerate() {
                let mut record = record.clone();
                if index == damaged {
                    record[at] ^= damage;
                }
                driver.segment(*side, &record);
            }
            driver.finish();
            driver.assert_not_wrong(&peers);
            let read: usize = driver.pieces(CLIENT).iter().map(Vec::len).sum();
            assert!(read >= 1_500, "tls12 {tls12}, byte {at} ^ {damage}: {read} bytes");
            assert_eq!(driver.counters.broken_records, 1, "tls12 {tls12}, byte {at} ^ {damage}");
        }
    }
}

#[test]
fn a_damaged_header_is_counted_if_only_the_traffic_is_logged() {
    let mut peers = Peers::tls13(0x1301);
    let first = peers.wire.len();
    (0..3).for_each(|_| peers.send(SERVER, &text(100)));
    let mut driver = Driver::new();
    driver.add_keys(&peers.log.iter().filter(|line| line.contains("TRAFFIC_SECRET_0")).cloned().collect::<String>());
    for (index, (side, record)) in peers.wire.iter().enumerate() {
        let mut record = record.clone();
        record[0] ^= if index == first { 70 } else { 0 };
        driver.segment(*side, &record);
    }
    driver.pass_time(HANDSHAKE_SECRET_WAIT_MS);
    driver.pass_time(HANDSHAKE_SECRET_WAIT_MS);
    driver.finish();
    assert_eq!((driver.plain(SERVER).len(), driver.counters.broken_records), (200, 1));
}

#[test]
fn a_damaged_record_costs_itself() {
    for tls12 in [true, false] {
        let mut peers = if tls12 { Peers::tls12(0xc028) } else { Peers::tls13(0x1301) };
        for _ in 0..5 {
            peers.send(CLIENT, &text(100));
        }
        let last = peers.wire.len() - 3;
        let mut driver = Driver::with_keys(&peers);
        for (index, (side, record)) in peers.wire.iter().enumerate() {
            let mut record = record.clone();
            if index == last {
                record[40] ^= 1;
            }
            driver.segment(*side, &record);
        }
        assert_eq!(driver.pieces(CLIENT).iter().map(Vec::len).collect::<Vec<_>>(), [200, 200]);
        assert_eq!(driver.counters.broken_records, 1);
        driver.assert_not_wrong(&peers);
    }
}

#[test]
fn keys_of_another_connection_open_nothing() {
    for tls12 in [true, false] {
        let mut peers = if tls12 { Peers::tls12(0xc02f) } else { Peers::tls13(0x1302) };
        for _ in 0..100 {
            peers.send(CLIENT, &text(20_000)[..16_000]);
            peers.send(SERVER, &text(5_000));
        }
        let mut driver = Driver::new();
        // The same random, and other secrets.
        let mut other = Peers::new(peers.suite);
        (0..20).for_each(|_| drop(other.new_secret("", 1))); // so that its secrets are others
        other.handshake();
        driver.add_keys(&other.log_text());
        driver.play(&peers);
        driver.finish();
        assert!(driver.plain(CLIENT).is_empty() && driver.plain(SERVER).is_empty());
        assert_eq!(driver.connection.unread().collect::<Vec<_>>(), [Unread::WrongKeys]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 96 } else { 1_024 }))]

    #[test]
    fn any_losses_never_make_wrong_plaintext(
        kind in 0..5_usize,
        sizes in prop::collection::vec(1..4_000_usize, 1..12),
        segment in 1..1_500_usize,
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        unknown in any::<bool>(),
    ) {
        let peers = conversation(kind, &sizes);
        let segments: usize = peers.wire.iter().map(|(_, record)| record.len().div_ceil(segment)).sum();
        let lost: Vec<usize> = lost.iter().map(|index| index.index(segments)).collect();
        let mut driver = Driver::with_keys(&peers);
        play_with_losses(&mut driver, &peers, segment, |index| lost.contains(&index));
        if unknown {
            driver.event(CLIENT, crate::flow::StreamEvent::Gap { len: 0 });
        }
        driver.finish();
        driver.assert_not_wrong(&peers);
    }

    #[test]
    fn any_damage_never_makes_wrong_plaintext(
        kind in 0..5_usize,
        sizes in prop::collection::vec(1..2_000_usize, 1..12),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..8),
    ) {
        let peers = conversation(kind, &sizes);
        let length: usize = peers.wire.iter().map(|(_, record)| record.len()).sum();
        let damage: Vec<_> = damage.iter().map(|(index, mask)| (index.index(length), *mask)).collect();
        let mut driver = Driver::with_keys(&peers);
        let mut at = 0;
        for (side, record) in &peers.wire {
            let mut record = record.clone();
            for (place, mask) in &damage {
                if let Some(byte) = place.checked_sub(at).and_then(|place| record.get_mut(place)) {
                    *byte ^= mask;
                }
            }
            at += record.len();
            driver.segment(*side, &record);
        }
        driver.finish();
        driver.assert_not_wrong(&peers);
    }

    #[test]
    fn anything_at_all_is_taken(
        parts in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200), 0..9_u8), 0..30),
    ) {
        let peers = Peers::tls13(0x1301);
        let mut driver = Driver::with_keys(&peers);
        for (client, bytes, kind) in parts {
            let side = if client { CLIENT } else { SERVER };
            match kind {
                0 => driver.lose(side, bytes.len() as u64),
                1..=4 => {
                    let header = [19 + kind, 3, 3, 0, bytes.len() as u8];
                    driver.segment(side, &[&header[..], &bytes].concat());
                }
                5 => driver.segment(side, &peers.wire[usize::from(client)].1),
                _ => driver.segment(side, &bytes),
            }
        }
        driver.finish();
        prop_assert!(!driver.out.iter().any(|out| matches!(out, Out::Data(..))));
    }
}
