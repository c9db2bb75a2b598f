//! Savefiles written byte by byte: formats, precisions, and every way to be broken.

use std::path::PathBuf;

use super::*;
use crate::time::Timestamp;

/// A file in the temporary directory that goes when the test does.
pub(in crate::capture) struct TempFile(PathBuf);

impl TempFile {
    pub(in crate::capture) fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("tcp-sniffer-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    pub(in crate::capture) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(in crate::capture) fn pcap_header(magic: u32) -> Vec<u8> {
    let mut bytes = magic.to_le_bytes().to_vec();
    bytes.extend([2, 0, 4, 0]);
    bytes.extend([0; 8]);
    bytes.extend(65_535_u32.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes
}

pub(in crate::capture) fn pcap_record(seconds: u32, fraction: u32, frame: &[u8]) -> Vec<u8> {
    let len = frame.len() as u32;
    [&[seconds, fraction, len, len].map(u32::to_le_bytes).concat()[..], frame].concat()
}

const MICRO: u32 = 0xa1b2_c3d4;
const NANO: u32 = 0xa1b2_3c4d;

type Outcome = (Vec<(Timestamp, Vec<u8>)>, Result<(), EngineError>);

fn read_all(path: &str) -> Outcome {
    let mut source = SavefileSource::open(path).unwrap();
    let mut packets = Vec::new();
    loop {
        match source.read(2, |packet| packets.push((packet.at, packet.frame.to_vec()))) {
            Ok(Progress::Ended) => return (packets, Ok(())),
            Ok(_) => {}
            Err(error) => return (packets, Err(error)),
        }
    }
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let len = (padded as u32 + 12).to_le_bytes();
    let mut bytes = [&kind.to_le_bytes()[..], &len, body].concat();
    bytes.resize(8 + padded, 0);
    bytes.extend(len);
    bytes
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat())
}

fn interface(linktype: u16, resolution: u8) -> Vec<u8> {
    let options = [9, 0, 1, 0, resolution, 0, 0, 0, 0, 0, 0, 0];
    block(1, &[&linktype.to_le_bytes()[..], &[0, 0], &65_535_u32.to_le_bytes(), &options].concat())
}

fn enhanced(interface: u32, ticks: u64, frame: &[u8]) -> Vec<u8> {
    let len = frame.len() as u32;
    let words = [interface, (ticks >> 32) as u32, ticks as u32, len, len].map(u32::to_le_bytes).concat();
    block(6, &[&words, frame].concat())
}

#[test]
fn formats_and_precisions_keep_their_microseconds() {
    let micros = 1_700_000_000_123_456;
    let frame = b"frame".to_vec();
    let expected = (vec![(Timestamp::from_micros(micros), frame.clone())], ());
    let files = [
        ("micro", [pcap_header(MICRO), pcap_record(1_700_000_000, 123_456, &frame)].concat()),
        ("nano", [pcap_header(NANO), pcap_record(1_700_000_000, 123_456_789, &frame)].concat()),
        ("ng-micro", [section(), interface(1, 6), enhanced(0, micros as u64, &frame)].concat()),
        ("ng-nano", [section(), interface(1, 9), enhanced(0, micros as u64 * 1_000 + 789, &frame)].concat()),
    ];
    for (name, bytes) in files {
        let file = TempFile::new(name, &bytes);
        let (packets, result) = read_all(file.path());
        assert_eq!((packets, result.unwrap()), expected, "{name}");
    }
}

#[test]
fn a_file_without_packets_just_ends() {
    let file = TempFile::new("none", &pcap_header(MICRO));
    assert!(matches!(read_all(file.path()), (packets, Ok(())) if packets.is_empty()));
}

#[test]
fn cut_at_every_byte_gives_what_came_before_and_says_where() {
    let whole = [pcap_header(MICRO), pcap_record(1, 0, b"one"), pcap_record(2, 0, b"two!"), pcap_record(3, 0, b"3")];
    let starts = [24, 43, 63, 80];
    let bytes = whole.concat();
    for cut in 24..=bytes.len() {
        let file = TempFile::new("cut", &bytes[..cut]);
        let (packets, result) = read_all(file.path());
        let complete = starts.iter().filter(|start| **start <= cut).count() - 1;
        assert_eq!(packets.len(), complete, "cut at {cut}");
        match result {
            Ok(()) => assert!(starts.contains(&cut), "cut at {cut}"),
            Err(error) => {
                assert_eq!(error.code(), "UNRECOVERABLE");
                let place = format!(" after packet {complete}, at byte {}: truncated dump file", starts[complete]);
                assert!(error.to_string().contains(&place), "cut at {cut}: {error}");
            }
        }
    }
}

#[test]
fn garbage_in_the_middle_is_an_error_after_what_came_before() {
    let mut bytes = [pcap_header(NANO), pcap_record(1, 0, b"one")].concat();
    bytes.extend([0xff; 64]);
    let file = TempFile::new("garbage", &bytes);
    let (packets, result) = read_all(file.path());
    assert_eq!(packets.len(), 1);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("is broken after packet 1, at byte 43: "), "{error}");
}

#[test]
fn interfaces_of_different_link_types_are_an_error_in_libpcaps_words() {
    let (first, second) = (enhanced(0, 1, b"a"), enhanced(1, 2, b"b"));
    let file = TempFile::new("mixed", &[section(), interface(1, 6), first, interface(113, 6), second].concat());
    let (packets, result) = read_all(file.path());
    assert_eq!(packets.len(), 1);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("after packet 1: an interface has a type 113 different from"), "{error}");
}

#[test]
fn what_cannot_be_opened_says_why_in_one_line() {
    let empty = TempFile::new("empty", b"");
    let text = TempFile::new("text", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let short = TempFile::new("short", &pcap_header(MICRO)[..20]);
    let cases = [
        ("/no/such/file", "No such file or directory"),
        ("/tmp", "Is a directory"),
        (empty.path(), "truncated dump file"),
        (short.path(), "truncated dump file"),
        (text.path(), "unknown file format"),
    ];
    for (path, words) in cases {
        let error = SavefileSource::open(path).unwrap_err();
        assert_eq!(error.code(), "CAPTURE_OPEN_FAILED");
        let text = error.to_string();
        assert!(text.starts_with(&format!("cannot open savefile '{path}': ")) && text.contains(words), "{text}");
        assert_eq!((text.lines().count(), text.matches(path).count()), (1, 1), "{text}");
    }
}

#[test]
fn only_pipes_may_block() {
    let file = TempFile::new("regular", b"");
    for (path, expected) in [(file.path(), false), ("/tmp", false), ("/no/such/file", false), ("/dev/null", true)] {
        assert_eq!(may_block(path), expected, "{path}");
    }
}
