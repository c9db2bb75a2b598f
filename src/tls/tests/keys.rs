//! Key logs.

use proptest::prelude::*;

use super::{hex, unhex};
use crate::tls::keylog::KeyLogReader;
use crate::tls::secret::Label;
use crate::tls::secret::Secret;
use crate::tls::store::{KeyStore, MAX_KEY_BYTES};

const RANDOM: [u8; 32] = [0xab; 32];

fn line(label: &str, bytes: usize) -> String {
    format!("{label} {} {}", hex(&RANDOM), hex(&vec![0xcd; bytes]))
}

fn read(text: &str) -> KeyStore {
    let mut store = KeyStore::default();
    let mut reader = KeyLogReader::default();
    reader.push(text.as_bytes(), &mut store);
    reader.finish(&mut store);
    store
}

#[test]
fn labels() {
    let labels = [
        ("CLIENT_RANDOM", Label::Master),
        ("CLIENT_EARLY_TRAFFIC_SECRET", Label::ClientEarly),
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", Label::ClientHandshake),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", Label::ServerHandshake),
        ("CLIENT_TRAFFIC_SECRET_0", Label::ClientTraffic),
        ("SERVER_TRAFFIC_SECRET_0", Label::ServerTraffic),
    ];
    for (name, label) in labels {
        let store = read(&line(name, 48));
        assert_eq!(store.secret(&RANDOM, label).unwrap().bytes(), [0xcd; 48], "{name}");
    }
}

#[test]
fn what_is_no_secret_is_counted() {
    let cases = [
        // text, secrets, ignored, broken
        ("", 0, 0, 0),
        ("\n\r\n  \n", 0, 0, 0),
        ("# a comment\n#\n", 0, 2, 0),
        (&line("EXPORTER_SECRET", 32), 0, 1, 0),
        (&line("CLIENT_TRAFFIC_SECRET_1", 32), 0, 1, 0),
        (&line("SERVER_TRAFFIC_SECRET_N", 32), 0, 1, 0),
        ("RSA 0123456789abcdef 00", 0, 1, 0),
        ("some words of a log", 0, 0, 1),
        (&line("CLIENT_RANDOM", 32), 0, 0, 1),
        (&line("CLIENT_TRAFFIC_SECRET_0", 47), 0, 0, 1),
        (&line("CLIENT_TRAFFIC_SECRET_0", 32), 1, 0, 0),
        (&line("CLIENT_RANDOM", 48).replace("cd", "CD").replace("ab", "aB"), 1, 0, 0),
        (&line("CLIENT_RANDOM", 48).replace(' ', "  "), 1, 0, 0),
        (&format!("{}\r\n{}\r\n", line("CLIENT_RANDOM", 48), line("CLIENT_RANDOM", 48)), 1, 0, 0),
        (&line("CLIENT_RANDOM", 48)[..100], 0, 0, 1),
        (&line("CLIENT_RANDOM", 48).replacen("ab", "ag", 1), 0, 0, 1),
        (&format!("{}\n{}", "x".repeat(100_000), line("CLIENT_RANDOM", 48)), 1, 0, 1),
    ];
    for (text, secrets, ignored, broken) in cases {
        let counters = read(text).counters;
        let counted = (counters.secrets, counters.ignored_lines, counters.broken_lines);
        assert_eq!(counted, (secrets, ignored, broken), "{}", &text[..text.len().min(80)]);
    }
}

#[test]
fn a_line_that_was_cut_is_replaced_by_the_whole_one() {
    let whole = line("CLIENT_TRAFFIC_SECRET_0", 48);
    let store = read(&format!("{}\n{whole}\n", &whole[..whole.len() - 32]));
    assert_eq!(store.secret(&RANDOM, Label::ClientTraffic).unwrap().bytes().len(), 48);
}

#[test]
fn the_last_line_waits_for_its_end() {
    let (mut store, mut reader) = (KeyStore::default(), KeyLogReader::default());
    let line = line("CLIENT_TRAFFIC_SECRET_0", 48);
    reader.push(&line.as_bytes()[..line.len() - 32], &mut store);
    assert!(store.is_empty(), "32 bytes of 48 are a secret too");
    reader.push(&line.as_bytes()[line.len() - 32..], &mut store);
    assert!(store.is_empty());
    reader.push(b"\n", &mut store);
    assert_eq!(store.secret(&RANDOM, Label::ClientTraffic).unwrap().bytes().len(), 48);
    reader.push(b"CLIENT_RANDOM abab", &mut store);
    reader.forget();
    reader.push(format!("{line}\n").as_bytes(), &mut store);
    assert_eq!(store.counters.broken_lines, 0);
}

#[test]
fn the_oldest_make_room() {
    let mut store = KeyStore::with_max_connections(3);
    for number in 0..5 {
        store.add(&[number; 32], Label::Master, Secret::new(&[number; 48]));
    }
    let kept: Vec<bool> = (0..5).map(|number| store.secret(&[number; 32], Label::Master).is_some()).collect();
    assert_eq!((kept, store.evicted), (vec![false, false, true, true, true], 2));
    store.remove(&[2; 32]);
    store.add(&[5; 32], Label::Master, Secret::new(&[5; 48]));
    assert_eq!((store.len(), store.evicted), (3, 2));
    for number in 3..6 {
        store.remove(&[number; 32]);
    }
    assert_eq!((store.len(), store.buffered_bytes()), (0, 0));
}

#[test]
fn memory_is_bounded_and_what_came_and_went_leaves_nothing() {
    let mut store = KeyStore::default();
    for number in 0..200_000_u32 {
        let mut random = [0; 32];
        random[..4].copy_from_slice(&number.to_be_bytes());
        for label in [Label::ClientHandshake, Label::ServerHandshake, Label::ClientTraffic, Label::ServerTraffic] {
            store.add(&random, label, Secret::new(&[1; 48]));
        }
        assert!(store.buffered_bytes() <= MAX_KEY_BYTES);
    }
    assert!(store.len() > 60_000);
}

#[test]
fn arrivals_are_named_once_they_are_watched() {
    let mut store = KeyStore::default();
    store.add(&[1; 32], Label::Master, Secret::new(&[0; 48]));
    assert!(!store.has_arrived());
    store.watch(&[2; 32]);
    store.add(&[3; 32], Label::Master, Secret::new(&[0; 48]));
    store.add(&[2; 32], Label::ClientTraffic, Secret::new(&[0; 32]));
    store.add(&[2; 32], Label::ServerTraffic, Secret::new(&[0; 32]));
    assert_eq!(store.take_arrived(), [[2; 32]]);
    assert!(!store.has_arrived());
}

#[test]
fn nothing_shows_a_secret() {
    let text = line("CLIENT_RANDOM", 48);
    let mut store = KeyStore::default();
    let mut reader = KeyLogReader::default();
    reader.push(text.as_bytes(), &mut store);
    let mut shown = format!("{reader:?}");
    reader.push(b"\n", &mut store);
    shown += &format!("{store:?} {:?}", Secret::new(&[0xcd; 48]));
    assert!(!shown.to_lowercase().contains("cdcd") && !shown.contains("205, 205"), "{shown}");
    assert_eq!(unhex("cdCD"), [0xcd; 2]);
}

proptest! {
    #[test]
    fn any_split_reads_the_same(
        lines in prop::collection::vec((0..8_usize, prop::sample::select(vec![32_usize, 48])), 0..12),
        cuts in prop::collection::vec(1..200_usize, 1..20),
        garbage in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        const LABELS: [&str; 8] = [
            "CLIENT_RANDOM", "CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "#",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
        ];
        let mut text = garbage;
        text.push(b'\n');
        lines.iter().for_each(|(label, bytes)| text.extend(format!("{}\n", line(LABELS[*label], *bytes)).bytes()));
        let (mut whole, mut pieces) = (KeyStore::default(), KeyStore::default());
        KeyLogReader::default().push(&text, &mut whole);
        let mut reader = KeyLogReader::default();
        let (mut rest, mut cuts) = (&text[..], cuts.iter().copied().cycle());
        while !rest.is_empty() {
            let (part, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            reader.push(part, &mut pieces);
            rest = after;
        }
        prop_assert_eq!(whole.counters, pieces.counters);
        prop_assert_eq!(whole.buffered_bytes(), pieces.buffered_bytes());
    }
}
