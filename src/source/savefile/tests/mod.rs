//! Both formats from files, and every way to be broken; what comes through a pipe is in `piped`.

mod copy;
mod drops;
mod packed;
pub(crate) mod piped;
mod samples;

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;

use proptest::prelude::*;
use rustix::fs::{MemfdFlags, memfd_create};
use samples::{BIG, LITTLE, MICROSECONDS, MODIFIED, NANOSECONDS, Writer};

use super::record::MAX_RECORD_BYTES;
use super::*;
use crate::decode::LinkType;
use crate::time::Timestamp;

type Given = (i64, LinkType, u32, Vec<u8>);
type Outcome = (Vec<Given>, Result<(), EngineError>);

fn given(packet: Packet<'_>) -> Given {
    (packet.at.micros(), packet.linktype, packet.wire_len, packet.frame.to_vec())
}

/// A file on a disk, as the source sees it.
fn open(bytes: &[u8]) -> Result<SavefileSource, EngineError> {
    let mut file = File::from(memfd_create("savefile", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    SavefileSource::over(file.into(), "file")
}

fn read_to_end(source: &mut SavefileSource) -> Outcome {
    let mut packets = Vec::new();
    loop {
        match source.read(2, |packet| packets.push(given(packet))) {
            Ok(Progress::More) => {}
            Ok(Progress::Dry) => panic!("a file is never dry"),
            Ok(Progress::Ended) => return (packets, Ok(())),
            Err(error) => return (packets, Err(error)),
        }
    }
}

fn outcome(bytes: &[u8]) -> Outcome {
    match open(bytes) {
        Ok(mut source) => read_to_end(&mut source),
        Err(error) => (Vec::new(), Err(error)),
    }
}

fn packets(bytes: &[u8]) -> Vec<Given> {
    let (packets, result) = outcome(bytes);
    result.unwrap();
    packets
}

/// How many packets came before it, and its words.
fn failure(bytes: &[u8]) -> (usize, String) {
    let (packets, result) = outcome(bytes);
    (packets.len(), result.unwrap_err().to_string())
}

const MICROS: i64 = 1_700_000_000_123_456;
const SECONDS: u32 = 1_700_000_000;

#[test]
fn pcap_in_both_orders_and_precisions() {
    let expected = vec![(MICROS, 1, 5, b"frame".to_vec()), (MICROS, 1, 0, Vec::new())];
    for w in [LITTLE, BIG] {
        let micro = |frame| w.record(SECONDS, 123_456, frame);
        let nano = |frame| w.record(SECONDS, 123_456_789, frame);
        let modified = |frame| w.modified_record(SECONDS, 123_456, frame);
        assert_eq!(packets(&[w.pcap(MICROSECONDS, 1), micro(b"frame"), micro(b"")].concat()), expected);
        assert_eq!(packets(&[w.pcap(NANOSECONDS, 1), nano(b"frame"), nano(b"")].concat()), expected);
        assert_eq!(packets(&[w.pcap(MODIFIED, 1), modified(b"frame"), modified(b"")].concat()), expected);
    }
}

#[test]
fn pcapng_in_both_orders_and_all_kinds_of_packets() {
    for w in [LITTLE, BIG] {
        let blocks = [
            w.section(),
            w.interface(1, 4, &[w.option(2, b"eth0"), w.option(0, b"")]),
            w.enhanced(0, MICROS as u64, b"frame"),
            w.obsolete(0, MICROS as u64 + 1, b"old"),
            w.simple(3, b"abc"),
            w.simple(9, b"cut!"),
            w.enhanced(0, MICROS as u64 + 2, b""),
        ];
        let expected = [
            (MICROS, 1, 5, b"frame".to_vec()),
            (MICROS + 1, 1, 3, b"old".to_vec()),
            (Timestamp::UNKNOWN.micros(), 1, 3, b"abc".to_vec()),
            (Timestamp::UNKNOWN.micros(), 1, 9, b"cut!".to_vec()),
            (MICROS + 2, 1, 0, Vec::new()),
        ];
        assert_eq!(packets(&blocks.concat()), expected);
    }
}

#[test]
fn resolutions_and_offsets_become_microseconds() {
    let seconds = u64::from(SECONDS);
    let cases = [
        (vec![0x06], 0, MICROS as u64, MICROS),
        (vec![0x09], 0, MICROS as u64 * 1_000 + 789, MICROS),
        (vec![0x03], 0, seconds * 1_000 + 5, i64::from(SECONDS) * 1_000_000 + 5_000),
        (vec![0x00], 0, seconds, i64::from(SECONDS) * 1_000_000),
        (vec![0x80], 0, seconds, i64::from(SECONDS) * 1_000_000),
        (vec![0x8a], 0, (seconds << 10) + 512, i64::from(SECONDS) * 1_000_000 + 500_000),
        (vec![0xa0], 0, (seconds << 32) + (1 << 31), i64::from(SECONDS) * 1_000_000 + 500_000),
        (vec![], 0, MICROS as u64, MICROS),
        (vec![0x06], 3_600, MICROS as u64, MICROS + 3_600_000_000),
        (vec![0x06], -3_600, MICROS as u64, MICROS - 3_600_000_000),
        // Hostile files.
        (vec![0x06], i64::MAX, u64::MAX, i64::MAX),
        (vec![0x06], i64::MIN, 0, i64::MIN),
        (vec![0x00], 0, u64::MAX, i64::MAX),
        (vec![0x80], 0, u64::MAX, i64::MAX),
        (vec![0xff], 0, u64::MAX, 0),
        (vec![0x7f], 0, u64::MAX, 0),
        (vec![0x19], 0, u64::MAX, 1),
        (vec![0x1a], 0, u64::MAX, 0),
    ];
    for w in [LITTLE, BIG] {
        for (resolution, offset, ticks, micros) in &cases {
            let options = [w.option(9, resolution), w.offset(*offset)];
            let file = [w.section(), w.interface(1, 0, &options), w.enhanced(0, *ticks, b"x")].concat();
            assert_eq!(packets(&file)[0].0, *micros, "{resolution:02x?} {offset} {ticks}");
        }
    }
}

#[test]
fn each_interface_has_its_own_link_type_and_each_section_its_interfaces() {
    let (a, b) = (LITTLE, BIG);
    let file = [
        a.section(),
        a.interface(1, 262_144, &[]),
        a.enhanced(0, 1, b"a"),
        a.interface(113, 96, &[a.resolution(9)]),
        a.enhanced(1, 2_000, b"b"),
        a.enhanced(0, 3, b"c"),
        // The other byte order, and nothing of before is known.
        b.section(),
        b.interface(101, 0, &[]),
        b.simple(1, b"d"),
        b.enhanced(0, 4, b"e"),
    ]
    .concat();
    let expected = [(1, 1, b'a'), (2, 113, b'b'), (3, 1, b'c'), (i64::MIN, 12, b'd'), (4, 12, b'e')]
        .map(|(at, linktype, byte)| (at, linktype, 1, vec![byte]));
    assert_eq!(packets(&file), expected);
    let again = [file.clone(), a.section(), a.interface(1, 0, &[]), a.enhanced(1, 5, b"f")].concat();
    let (count, words) = failure(&again);
    let place = again.len() - 36;
    assert_eq!(count, 5);
    let expected = format!("after packet 5, at byte {place}: a packet of interface 1 where 1 are known");
    assert!(words.ends_with(&expected), "{words}");
}

#[test]
fn the_link_type_is_the_first_interfaces() {
    let ng = |w: Writer, linktype| [w.section(), w.block(4, b"names"), w.interface(linktype, 0, &[])].concat();
    for (bytes, expected) in [
        (LITTLE.pcap(MICROSECONDS, 1), Some((1, "EN10MB"))),
        (BIG.pcap(NANOSECONDS, 276), Some((276, "LINUX_SLL2"))),
        // Raw IP is 101 in a file and 12 at libpcap; the bits above it tell of an Ethernet trailer.
        (LITTLE.pcap(MICROSECONDS, 101), Some((12, "RAW"))),
        (LITTLE.pcap(MICROSECONDS, 0x5400_0001), Some((1, "EN10MB"))),
        (LITTLE.pcap(MICROSECONDS, 9_999), Some((9_999, "9999"))),
        ([ng(LITTLE, 113), BIG.section(), BIG.interface(1, 0, &[])].concat(), Some((113, "LINUX_SLL"))),
        ([BIG.section(), ng(BIG, 1)].concat(), Some((1, "EN10MB"))),
        (LITTLE.section(), None),
    ] {
        let source = open(&bytes).unwrap();
        let info = source.info();
        let expected = expected.map(|(linktype, name)| (linktype, name.to_owned()));
        assert_eq!(info.linktype.zip(info.linktype_name.clone()), expected);
    }
}

#[test]
fn other_blocks_and_options_are_skipped() {
    let w = LITTLE;
    let options = [w.option(1, b"a comment"), w.option(9, &[9]), w.option(0x8bad, b"?"), w.option(0, b"")];
    let file = [
        w.section(),
        w.block(0x0bad, b""),
        w.interface(1, 0, &options),
        w.block(5, &[0; 60]),
        w.enhanced(0, 7_000, b"one"),
        w.block(0x4000_0bad, &vec![7; 1 << 20]),
        w.enhanced(0, 8_000, b"two"),
        w.block(10, b"secrets"),
    ]
    .concat();
    assert_eq!(packets(&file), [(7, 1, 3, b"one".to_vec()), (8, 1, 3, b"two".to_vec())]);
}

#[test]
fn packets_without_time_are_said_once() {
    let w = LITTLE;
    let file = [w.section(), w.interface(1, 0, &[]), w.simple(1, b"a"), w.simple(1, b"b")].concat();
    let mut source = open(&file).unwrap();
    assert_eq!(source.take_notices().len(), 0);
    read_to_end(&mut source).1.unwrap();
    let kinds: Vec<_> = source.take_notices().iter().map(|notice| notice.kind).collect();
    assert_eq!((kinds, source.take_notices().len()), (vec!["packets-without-time"], 0));
}

/// Of each interface its own, and the block's padding is no part of the frame; those of other kinds and custom blocks (§4.9) are
/// skipped.
#[test]
fn simple_packets_are_cut_to_the_first_interfaces_snaplen() {
    for w in [LITTLE, BIG] {
        let file = [
            w.section(),
            w.interface(1, 6, &[]),
            w.interface(113, 2, &[]),
            w.block(0x0bad, &[&w.u32s([32_473])[..], b"custom"].concat()),
            w.simple(9, b"abcdef"),
            w.block(0x4000_0bad, &w.u32s([32_473])),
            w.simple(5, b"abcde"),
            w.obsolete(1, 7, b"ab"),
        ];
        let lens: Vec<_> =
            packets(&file.concat()).into_iter().map(|(_, linktype, wire, frame)| (linktype, wire, frame)).collect();
        let expected = [(1, 9, b"abcdef".to_vec()), (1, 5, b"abcde".to_vec()), (113, 2, b"ab".to_vec())];
        assert_eq!(lens, expected);
    }
}

#[test]
fn lengths_are_passed_on_as_they_are() {
    let w = LITTLE;
    // Longer than the header's snaplen, shorter on the wire than captured, cut.
    let long = vec![1; 70_000];
    let odd = |captured, wire: u32| [w.u32s([1, 0, captured, wire]), b"abcd".to_vec()].concat();
    let file = [w.pcap(MICROSECONDS, 1), w.record(1, 0, &long), odd(4, 2), odd(4, 1_500)].concat();
    let lens: Vec<_> = packets(&file).iter().map(|(.., wire_len, frame)| (*wire_len, frame.len())).collect();
    assert_eq!(lens, [(70_000, 70_000), (2, 4), (1_500, 4)]);
}

#[test]
fn a_file_without_packets_just_ends() {
    for w in [LITTLE, BIG] {
        assert_eq!(packets(&w.pcap(NANOSECONDS, 1)), []);
        assert_eq!(packets(&w.section()), []);
        assert_eq!(packets(&[w.section(), w.interface(1, 0, &[])].concat()), []);
    }
}

/// The parts of a file, and for each whether it is a packet.
fn parts(pcapng: bool) -> Vec<(Vec<u8>, bool)> {
    let w = LITTLE;
    if !pcapng {
        let records = [w.record(1, 0, b"one"), w.record(2, 0, b""), w.record(3, 0, b"three")];
        return std::iter::once((w.pcap(MICROSECONDS, 1), false)).chain(records.map(|record| (record, true))).collect();
    }
    vec![
        (w.section(), false),
        (w.interface(1, 0, &[w.resolution(6)]), false),
        (w.enhanced(0, 1, b"one"), true),
        (w.block(4, b"names"), false),
        (w.obsolete(0, 2, b"two"), true),
        (BIG.section(), false),
        (BIG.interface(113, 0, &[]), false),
        (BIG.simple(5, b"three"), true),
        (BIG.enhanced(0, 4, b"four"), true),
    ]
}

#[test]
fn cut_at_every_byte_gives_what_came_before_and_says_where() {
    for parts in [parts(false), parts(true)] {
        let bytes = parts.iter().flat_map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>();
        let all = packets(&bytes);
        for cut in 0..=bytes.len() {
            let (mut start, mut whole) = (0, 0);
            for (part, is_packet) in &parts {
                if start + part.len() > cut {
                    break;
                }
                start += part.len();
                whole += usize::from(*is_packet);
            }
            let (packets, result) = outcome(&bytes[..cut]);
            assert_eq!(packets, all[..whole], "cut at {cut}");
            let expected = match (cut, start) {
                (0, _) => Some(("CAPTURE_OPEN_FAILED", "cannot open savefile 'file': it is empty".to_owned())),
                (_, 0) => Some((
                    "CAPTURE_OPEN_FAILED",
                    "cannot open savefile 'file': it ends in the middle of its header".into(),
                )),
                _ if cut == start => None,
                _ => {
                    let words = "it ends in the middle of a record";
                    let text = format!("savefile 'file' is broken after packet {whole}, at byte {start}: {words}");
                    Some(("UNRECOVERABLE", text))
                }
            };
            let found = result.err().map(|error| (error.code(), error.to_string()));
            assert_eq!(found, expected, "cut at {cut}");
        }
    }
}

#[test]
fn what_cannot_be_is_told_after_what_came_before() {
    let w = LITTLE;
    let pcap = [w.pcap(MICROSECONDS, 1), w.record(1, 0, b"one")].concat();
    let ng = [w.section(), w.interface(1, 0, &[]), w.enhanced(0, 1, b"one")].concat();
    let raw_block = |len: u32, closing: u32| [w.u32s([4, len]), vec![0; 60], w.u32s([closing])].concat();
    let cases = [
        (&pcap, vec![0xff; 64], "a frame of 4294967295 bytes where at most 262144 are possible"),
        (&pcap, w.u32s([1, 0, 262_145, 0]), "a frame of 262145 bytes where at most 262144 are possible"),
        (&ng, vec![0xff; 64], "a block of 4294967295 bytes: a multiple of 4 from 12 to 16777216 was expected"),
        (&ng, raw_block(MAX_RECORD_BYTES + 4, 0), "a block of 16777220 bytes: "),
        (&ng, raw_block(8, 0), "a block of 8 bytes: "),
        (&ng, raw_block(14, 0), "a block of 14 bytes: "),
        (&ng, raw_block(72, 76), "a block of 72 bytes at its beginning and 76 at its end"),
        (&ng, w.block(6, &[0; 16]), "a block that is too short for its fields"),
        (&ng, w.block(2, &[0; 16]), "a block that is too short for its fields"),
        (&ng, w.block(3, &[]), "a block that is too short for its fields"),
        (&ng, w.block(1, &[0; 4]), "a block that is too short for its fields"),
        (&ng, w.block(0x0a0d_0d0a, &w.u32s([0x1a2b_3c4d, 1])), "a block that is too short for its fields"),
        (&ng, w.block(0x0a0d_0d0a, &[7; 16]), "a section that does not tell its byte order"),
        (&ng, w.block(0x0a0d_0d0a, &w.u32s([0x1a2b_3c4d, 2, 0, 0])), "pcapng of version 2.0 is not known"),
        (&ng, w.block(6, &w.u32s([0, 0, 0, 5, 5, 0])), "a frame of 5 bytes where at most 4 are possible"),
        (
            &ng,
            w.block(6, &w.u32s([0, 0, 0, u32::MAX, 5, 0])),
            "a frame of 4294967295 bytes where at most 4 are possible",
        ),
        (&ng, w.enhanced(7, 0, b"x"), "a packet of interface 7 where 1 are known"),
        (&ng, [w.section(), w.simple(1, b"x")].concat(), "a packet of interface 0 where 0 are known"),
        (&ng, w.interface(1, 0, &[w.u32s([0xffff_0001])]), "an option that is longer than its block"),
    ];
    for (before, broken, words) in cases {
        // The section header of the last but one is whole.
        let at = before.len() + if words.contains("where 0 are known") { w.section().len() } else { 0 };
        let (count, text) = failure(&[&before[..], &broken, &before[..]].concat());
        let expected = format!("savefile 'file' is broken after packet 1, at byte {at}: {words}");
        assert!(count == 1 && text.starts_with(&expected), "{text}\n{expected}");
    }
}

#[test]
fn interfaces_without_end_are_an_error() {
    let interface = LITTLE.interface(1, 0, &[]);
    let enough = [LITTLE.section(), interface.repeat(65_536), LITTLE.enhanced(65_535, 1, b"x")].concat();
    assert_eq!(packets(&enough).len(), 1);
    let (count, words) = failure(&[enough, interface].concat());
    assert!(count == 1 && words.contains(": more than 65536 interfaces in a section"), "{words}");
}

#[test]
fn a_long_record_is_read_and_a_longer_one_refused() {
    let w = LITTLE;
    let header = [w.u32s([MICROSECONDS, 0x0004_0002, 0, 0, u32::MAX, 1])].concat();
    let longest = MAX_RECORD_BYTES as usize - 16;
    let file = [header.clone(), w.record(1, 0, &vec![7; longest]), w.record(2, 0, b"x")].concat();
    let mut source = open(&file).unwrap();
    let (packets, result) = read_to_end(&mut source);
    result.unwrap();
    assert_eq!(packets.iter().map(|(.., frame)| frame.len()).collect::<Vec<_>>(), [longest, 1]);
    assert!(source.input.capacity() <= 2 * MAX_RECORD_BYTES as usize);
    let (_, words) = failure(&[header, w.u32s([1, 0, longest as u32 + 1, 0])].concat());
    assert!(words.contains("a frame of 16777201 bytes"), "{words}");
}

#[test]
fn a_hostile_length_takes_no_memory() {
    let w = LITTLE;
    let file = [w.section(), w.u32s([6, MAX_RECORD_BYTES])].concat();
    let mut source = open(&file).unwrap();
    assert!(read_to_end(&mut source).1.is_err());
    assert!(source.input.capacity() <= 1 << 20, "{}", source.input.capacity());
}

/// A file in the temporary directory that goes when the test does.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("tcp-sniffer-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_cannot_be_opened_says_why_in_one_line() {
    let empty = TempFile::new("empty", b"");
    let text = TempFile::new("text", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let short = TempFile::new("short", &LITTLE.pcap(MICROSECONDS, 1)[..20]);
    let old = TempFile::new("old", &LITTLE.u32s([MICROSECONDS, 0x0004_0003, 0, 0, 0, 0]));
    let no_order = TempFile::new("no-order", &LITTLE.block(0x0a0d_0d0a, &[7; 16]));
    let cases = [
        ("/no/such/file", "No such file or directory (os error 2)"),
        ("/tmp", "Is a directory (os error 21)"),
        (empty.path(), "it is empty"),
        (short.path(), "it ends in the middle of its header"),
        (text.path(), "it is neither pcap nor pcapng"),
        (old.path(), "pcap of version 3.4 is not known"),
        (no_order.path(), "a section that does not tell its byte order"),
    ];
    for (path, words) in cases {
        let error = SavefileSource::open(path).unwrap_err();
        assert_eq!(error.code(), "CAPTURE_OPEN_FAILED");
        assert_eq!(error.to_string(), format!("cannot open savefile '{path}': {words}"));
    }
}

/// Bytes of a good file with some of them changed, so that what is after the header is reached.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (any::<bool>(), changes, proptest::collection::vec(any::<u8>(), 0..64)).prop_map(|(pcapng, changes, tail)| {
        let mut bytes = parts(pcapng).into_iter().flat_map(|(bytes, _)| bytes).collect::<Vec<_>>();
        for (index, value) in changes {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        bytes.extend(tail);
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_end_or_break(bytes in prop_oneof![mangled(), proptest::collection::vec(any::<u8>(), 0..512)]) {
        if let Ok(mut source) = open(&bytes) {
            let (packets, result) = read_to_end(&mut source);
            let held = packets.iter().map(|(.., frame)| frame.len()).sum::<usize>();
            prop_assert!(held <= bytes.len());
            prop_assert!(source.input.offset() <= bytes.len() as u64);
            prop_assert!(source.input.capacity() <= 1 << 20);
            if let Err(error) = result {
                let text = error.to_string();
                prop_assert!(text.contains(&format!(", at byte {}: ", source.input.offset())), "{}", text);
                prop_assert_eq!(text.lines().count(), 1);
            }
        }
    }
}

#[test]
fn an_error_leads_to_its_cause() {
    use std::error::Error as _;
    let missing = SavefileSource::open("/nonexistent/file").unwrap_err();
    assert!(missing.source().is_some_and(|cause| cause.downcast_ref::<Errno>() == Some(&Errno::NOENT)), "{missing}");
    let malformed = open(&[0; 40]).unwrap_err();
    assert!(malformed.source().is_some_and(|cause| cause.is::<record::Malformed>()), "{malformed}");
}
