//! The packets of any connections of any capture, and no others, are in the copy, as they were captured; and from the copy the
//! engine reads the messages of these connections.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test's own bug may panic")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use proptest::prelude::*;
use rustix::fs::{MemfdFlags, memfd_create};
use serde_json::Value;
use support::conversation::From;
use support::disorder::{contradict, repeat};
use support::strategy::{self, Scope};
use support::trace::{Cutting, trace};
use support::watch::{Watch, engine_config};
use support::wire::{LINKTYPE, Link, PROXY, Packet};
use tcp_sniffer::capture::CaptureOptions;
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Numbers;
use tcp_sniffer::extract::{ExtractOptions, Extracted, Wanted, extract};
use tcp_sniffer::flow::Patience;
use tcp_sniffer::source::{PacketSource as _, Progress, SavefileSource, SourceOptions};

/// A packet as it is read: microseconds, link type, length on the wire, the frame.
type Read = (i64, i32, u32, Vec<u8>);

/// A captured packet: its connection, microseconds, the frame.
type Captured = (usize, i64, Vec<u8>);

#[derive(Debug, Clone)]
struct Talk {
    packets: Vec<Packet>,
    link: Link,
}

/// On the same client's port as the one before it, or on its own; led elsewhere by NAT or not; so many ms after the one before it.
fn talk() -> impl Strategy<Value = (Talk, bool, bool, i64)> {
    let talk = (
        strategy::conversation(Scope { max_exchanges: 3, ..Scope::default() }),
        strategy::brisk_cutting(),
        strategy::again(),
        any::<[u32; 2]>(),
    )
        .prop_map(|(rendered, cutting, again, isn)| {
            let cutting = Cutting { handshake: true, ..cutting };
            let packets = contradict(repeat(&rendered, trace(&rendered, &cutting), &again));
            Talk { packets, link: Link::numbered(0, isn) }
        });
    (talk, any::<bool>(), prop::bool::weighted(0.3), 0..20_i64)
}

/// One capture of all of them, each with its number; some packets as fragments.
fn capture(talks: Vec<(Talk, bool, bool, i64)>, sizes: &[usize]) -> (Vec<Link>, Vec<Captured>) {
    let mut links: Vec<Link> = Vec::new();
    let mut packets: Vec<(usize, Packet)> = Vec::new();
    let mut begin = 0;
    for (index, (talk, same_port, is_led, after)) in talks.into_iter().enumerate() {
        let Talk { packets: own, link: Link { isn, .. } } = talk;
        let before = links.last().filter(|_| same_port).cloned();
        begin += after * 1_000;
        if before.is_some() {
            // Long after the end of the one before it, and with numbers that cannot be taken for its own.
            begin = packets.iter().map(|(_, packet)| packet.at).max().unwrap_or(0) - support::trace::EPOCH_MICROS
                + 2_000_000;
        }
        let isn = before.as_ref().map_or(isn, |before| before.isn.map(|isn| isn.wrapping_add(0x2000_0000)));
        let led_to = is_led.then_some(PROXY);
        let numbered = Link { led_to, ..Link::numbered(index as u32, isn) };
        links.push(before.map_or(numbered, |before| Link { isn, ..before }));
        packets.extend(own.into_iter().map(|packet| (index, Packet { at: packet.at + begin, ..packet })));
    }
    packets.sort_by_key(|(_, packet)| packet.at);
    let mut sizes = sizes.iter().copied().cycle();
    let frames = packets.iter().enumerate().flat_map(|(number, (index, packet))| {
        let frame = links[*index].frame(packet);
        let pieces = fragments(&frame, sizes.next().unwrap_or(0), number as u16);
        pieces.into_iter().map(|piece| (*index, packet.at, piece)).collect::<Vec<_>>()
    });
    let frames = frames.collect();
    (links, frames)
}

/// An IPv4 packet in pieces of so many units of 8 bytes; 0 is whole.
fn fragments(frame: &[u8], units: usize, identification: u16) -> Vec<Vec<u8>> {
    let (header, payload) = frame.split_at(20);
    if units == 0 || payload.len() <= units * 8 {
        return vec![frame.to_vec()];
    }
    let last = (payload.len() - 1) / (units * 8);
    let piece = |(index, piece): (usize, &[u8])| {
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&((20 + piece.len()) as u16).to_be_bytes());
        header[4..6].copy_from_slice(&identification.to_be_bytes());
        let flags = if index < last { 0x2000 } else { 0 } | (index * units) as u16;
        header[6..8].copy_from_slice(&flags.to_be_bytes());
        [&header, piece].concat()
    };
    payload.chunks(units * 8).enumerate().map(piece).collect()
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Pcap,
    PcapOfNanoseconds,
    /// Big-endian; with packets by turns on two interfaces, the second with another resolution; names and statistics between them.
    Pcapng,
}

fn savefile(format: Format, frames: &[Captured]) -> Vec<u8> {
    let mut out = Vec::new();
    match format {
        Format::Pcap | Format::PcapOfNanoseconds => {
            let is_fine = matches!(format, Format::PcapOfNanoseconds);
            let magic = if is_fine { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
            let words = [magic, 4 << 16 | 2, 0, 0, 262_144, LINKTYPE as u32];
            out.extend(words.into_iter().flat_map(u32::to_le_bytes));
            for (_, at, frame) in frames {
                let fraction = (at % 1_000_000) as u32 * if is_fine { 1_000 } else { 1 };
                let len = frame.len() as u32;
                out.extend([(at / 1_000_000) as u32, fraction, len, len].into_iter().flat_map(u32::to_le_bytes));
                out.extend(frame);
            }
        }
        Format::Pcapng => {
            block(&mut out, 0x0a0d_0d0a, &[&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat());
            let interface = |options: &[u8]| [&[0, LINKTYPE as u8, 0, 0, 0, 0, 0, 0], options].concat();
            block(&mut out, 1, &interface(&[0, 2, 0, 4, b'e', b't', b'h', b'0']));
            block(&mut out, 1, &interface(&[0, 9, 0, 1, 9, 0, 0, 0]));
            for (number, (_, at, frame)) in frames.iter().enumerate() {
                let interface = number as u32 % 2;
                let ticks = *at as u64 * if interface == 1 { 1_000 } else { 1 };
                let len = frame.len() as u32;
                let words = [interface, (ticks >> 32) as u32, ticks as u32, len, len];
                block(&mut out, 6, &[words.map(u32::to_be_bytes).as_flattened(), frame].concat());
                if number % 7 == 3 {
                    block(&mut out, 4, b"names");
                    block(&mut out, 5, b"counts");
                }
            }
        }
    }
    out
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padded = body.len().next_multiple_of(4);
    let len = (12 + padded as u32).to_be_bytes();
    out.extend(kind.to_be_bytes());
    out.extend(len);
    out.extend(body);
    out.resize(out.len() + padded - body.len(), 0);
    out.extend(len);
}

/// A file without a name.
fn file(bytes: &[u8]) -> (File, String) {
    let mut file = File::from(memfd_create("savefile", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(bytes).unwrap();
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    (file, path)
}

fn config() -> EngineConfig {
    EngineConfig { patience: Patience::SAVEFILE, ..engine_config() }
}

/// The packets of a savefile, and the lines that come of them.
fn read(path: &str) -> (Vec<Read>, Vec<Value>) {
    let mut source = SavefileSource::open(path).unwrap();
    let mut watch = Watch::new(config());
    let mut packets = Vec::new();
    loop {
        let progress = source.read(100, |packet| {
            packets.push((packet.at.micros(), packet.linktype, packet.wire_len, packet.frame.to_vec()));
        });
        if progress.unwrap() == Progress::Ended {
            break;
        }
    }
    for (at, _, wire_len, frame) in &packets {
        watch.frame(*at, frame, *wire_len);
    }
    watch.engine.drain();
    watch.collect();
    (packets, watch.lines)
}

/// Where packets of the copy stand in the savefile, as a failure is told best.
fn places<P: PartialEq>(copied: &[P], packets: &[P]) -> Vec<Option<usize>> {
    let mut from = 0;
    let mut place = |packet: &P| {
        let at = packets.iter().skip(from).position(|other| other == packet).map(|at| from + at);
        from = at.map_or(from, |at| at + 1);
        at
    };
    copied.iter().map(&mut place).collect()
}

fn connection_of(line: &Value) -> u64 {
    line["id"].as_str().and_then(|id| id.split('.').next()?.parse().ok()).unwrap()
}

/// By connection, without what of the ids may change: the numbers of connections.
fn by_connection(lines: &[Value], wanted: impl Fn(u64) -> bool) -> Vec<Vec<Value>> {
    let mut all: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for line in lines.iter().filter(|line| wanted(connection_of(line))) {
        let mut bare = line.clone();
        let exchange = bare["id"].as_str().and_then(|id| id.split('.').nth(1)).map(str::to_owned);
        bare["id"] = exchange.into();
        all.entry(connection_of(line)).or_default().push(bare);
    }
    let mut all: Vec<Vec<Value>> = all.into_values().collect();
    all.sort_by_key(|lines| format!("{lines:?}"));
    all
}

fn options(path: &str, to: &str, wanted: &BTreeSet<u64>) -> ExtractOptions {
    let mut connections = Numbers::default();
    wanted.iter().for_each(|&number| assert!(connections.insert(number)));
    ExtractOptions {
        capture: CaptureOptions {
            source: SourceOptions::Savefile { path: path.to_owned() },
            engine: config(),
            tls_keylog: None,
            cpu_limit: None,
            stats_interval_ms: 0,
        },
        savefiles: vec![Wanted { path: path.to_owned(), connections }],
        path: to.to_owned(),
        with_secrets: false,
    }
}

proptest! {
    #![proptest_config(support::config(400))]

    #[test]
    fn all_packets_of_some_connections(
        talks in prop::collection::vec(talk(), 1..5),
        sizes in prop::collection::vec(prop_oneof![6 => Just(0_usize), 1 => 3_usize..20], 1..6),
        choice in prop::collection::vec(any::<bool>(), 5),
        format in prop::sample::select(vec![Format::Pcap, Format::PcapOfNanoseconds, Format::Pcapng]),
    ) {
        let (links, frames) = capture(talks, &sizes);
        let (_whole, path) = file(&savefile(format, &frames));
        let (_copy, to) = file(b"what was there before");
        let (packets, lines) = read(&path);

        // Which talk has which number: both count up where they have one client.
        let mut numbers: BTreeMap<u64, usize> = BTreeMap::new();
        for client in links.iter().map(|link| link.endpoint(From::Client)).collect::<Vec<_>>() {
            let of_client = lines.iter().filter(|line| line["destination"] == client).map(connection_of);
            let of_client: BTreeSet<u64> = of_client.collect();
            let talks = (0..links.len()).filter(|&index| links[index].endpoint(From::Client) == client);
            numbers.extend(of_client.into_iter().zip(talks));
        }
        let wanted: BTreeSet<u64> = numbers.iter().filter(|(_, talk)| choice[**talk]).map(|(number, _)| *number).collect();

        let extracted = extract(&options(&path, &to, &wanted)).unwrap();
        let is_theirs = |index: usize| wanted.iter().any(|number| numbers[number] == index);
        let theirs = frames.iter().zip(&packets).filter(|((index, ..), _)| is_theirs(*index)).map(|(_, packet)| packet);
        let theirs: Vec<_> = theirs.cloned().collect();
        let (copied, again) = read(&to);
        prop_assert_eq!(places(&copied, &packets), places(&theirs, &packets));
        prop_assert_eq!(&copied, &theirs);
        prop_assert_eq!(by_connection(&again, |_| true), by_connection(&lines, |number| wanted.contains(&number)));
        let bytes = fs::metadata(&to).unwrap().len();
        prop_assert_eq!(extracted, Extracted { connections: wanted.len() as u64, packets: theirs.len() as u64, bytes });
    }
}

#[test]
fn a_connection_that_is_not_there_is_told() {
    let (_whole, path) = file(&savefile(Format::Pcap, &[]));
    let (_copy, to) = file(b"");
    let error = extract(&options(&path, &to, &BTreeSet::from([1]))).unwrap_err();
    assert_eq!(error.code(), "UNRECOVERABLE");
    assert!(error.to_string().ends_with("1 of 1 connections are not found again; read it again"), "{error}");
}

#[test]
fn of_no_connection_there_is_a_section() {
    let (_copy, to) = file(b"");
    let extracted = extract(&options("/not/looked/at", &to, &BTreeSet::new())).unwrap();
    assert_eq!((extracted.packets, extracted.bytes), (0, 28));
    assert_eq!(read(&to), (vec![], vec![]));
}
