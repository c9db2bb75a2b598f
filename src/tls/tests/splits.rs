//! Any split into segments, any order and time of the key log's lines.

use proptest::prelude::*;

use super::driver::Driver;
use super::peer::{CLIENT, Peers, SERVER};
use super::text;
use crate::flow::Side;
use crate::tls::crypto::Suite;

/// A connection with much in it.
pub fn conversation(kind: usize, sizes: &[usize]) -> Peers {
    let mut peers = match kind {
        0 => Peers::tls13(0x1301),
        1 => {
            let mut peers = Peers::new(Suite::tls13(0x1302).unwrap());
            peers.early(b"GET /early HTTP/1.1\r\n\r\n", true);
            peers
        }
        2 => Peers::tls12(0xc02f),
        3 => Peers::tls12(0xc027),
        _ => Peers::tls13(0x1303),
    };
    let all = text(sizes.iter().sum());
    let mut rest = &all[..];
    for (index, &size) in sizes.iter().enumerate() {
        let (part, after) = rest.split_at(size);
        peers.send(if index % 2 == 0 { CLIENT } else { SERVER }, part);
        rest = after;
        if kind < 2 && index % 5 == 3 {
            peers.ticket();
            peers.update_key(if index % 2 == 0 { CLIENT } else { SERVER });
        }
    }
    peers.close(CLIENT);
    peers
}

/// Both directions as they would be captured: cut at any place, but no segment before what its sender had received.
fn segments(peers: &Peers, cuts: &[usize]) -> Vec<(Side, Vec<u8>)> {
    let mut cuts = cuts.iter().copied().cycle();
    let mut segments = Vec::new();
    let mut index = 0;
    while let Some((side, _)) = peers.wire.get(index) {
        let run: Vec<u8> = peers.wire[index..]
            .iter()
            .take_while(|(of, _)| of == side)
            .inspect(|_| index += 1)
            .flat_map(|(_, record)| record.clone())
            .collect();
        let mut rest = &run[..];
        while !rest.is_empty() {
            let (part, after) = rest.split_at(cuts.next().unwrap_or(1).clamp(1, rest.len()));
            segments.push((*side, part.to_vec()));
            rest = after;
        }
    }
    segments
}

#[test]
fn every_split_in_two() {
    for kind in 0..5 {
        let peers = conversation(kind, &[20, 30, 1]);
        let longest = peers.wire.iter().map(|(_, record)| record.len()).max().unwrap();
        for at in 1..longest + 7 {
            let mut driver = Driver::with_keys(&peers);
            for (side, bytes) in segments(&peers, &[at, 1_000_000]) {
                driver.segment(side, &bytes);
            }
            driver.assert_whole(&peers);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 96 } else { 1_024 }))]

    #[test]
    fn any_split_and_keys_at_any_time(
        kind in 0..5_usize,
        sizes in prop::collection::vec(1..3_000_usize, 1..12),
        cuts in prop::collection::vec(1..2_000_usize, 1..10),
        order in any::<prop::sample::Index>(),
        times in prop::collection::vec(any::<prop::sample::Index>(), 16),
        doubled in any::<bool>(),
    ) {
        let peers = conversation(kind, &sizes);
        let segments = segments(&peers, &cuts);
        let mut lines: Vec<(usize, String)> = peers
            .log
            .iter()
            .enumerate()
            .map(|(index, line)| (times[index % times.len()].index(segments.len() + 1), line.clone()))
            .collect();
        let turn = order.index(lines.len());
        lines.rotate_left(turn);
        let mut driver = Driver::new();
        for (index, (side, bytes)) in segments.iter().enumerate() {
            for (_, line) in lines.iter().filter(|(time, _)| *time == index) {
                let (one, two) = line.split_at(line.len() / 2);
                driver.add_keys(one);
                driver.add_keys(two);
                if doubled {
                    driver.add_keys(line);
                }
            }
            driver.segment(*side, bytes);
            driver.assert_not_wrong(&peers);
        }
        for (_, line) in lines.iter().filter(|(time, _)| *time == segments.len()) {
            driver.add_keys(line);
        }
        driver.assert_whole(&peers);
        driver.finish();
        prop_assert_eq!(driver.counters.unread_bytes, 0);
        prop_assert_eq!(driver.counters.broken_records, 0);
    }
}
