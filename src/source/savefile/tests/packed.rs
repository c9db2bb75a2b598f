//! Compressed savefiles: what comes out is what would come out of the file without compression, and every damage is told.

use std::io::Write as _;
use std::thread;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// With all the fields that a header can have but its checksum.
fn gzip_with_names(bytes: &[u8]) -> Vec<u8> {
    let builder = GzBuilder::new().extra(&b"xx\x02\x00ab"[..]).filename("capture.pcap").comment("of the day");
    let mut encoder = builder.write(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A frame of blocks as they are, without a checksum; `window` is its descriptor.
fn zstd_of(window: u8, blocks: &[u8]) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0, window], blocks].concat()
}

fn zstd_block(last: bool, kind: u32, size: u32, content: &[u8]) -> Vec<u8> {
    [&(size << 3 | kind << 1 | u32::from(last)).to_le_bytes()[..3], content].concat()
}

fn skippable(content: &[u8]) -> Vec<u8> {
    [&[0x5a, 0x2a, 0x4d, 0x18], &(content.len() as u32).to_le_bytes()[..], content].concat()
}

/// Some packets, so that what is packed has several blocks of the decoder's.
fn plain(records: u32) -> Vec<u8> {
    let random = |number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes();
    let frames = (0..records).flat_map(|number| LITTLE.record(number, 7, &random(number)));
    LITTLE.pcap(MICROSECONDS, 1).into_iter().chain(frames).collect()
}

/// Each way to pack it in one or more pieces, which together are `bytes`.
fn packings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (head, tail) = bytes.split_at(bytes.len() / 3);
    // As plain's records.
    let parts = std::iter::once(&bytes[..24]).chain(bytes[24..].chunks(20));
    let last = (bytes.len() - 24).div_ceil(20);
    let blocks: Vec<_> = parts.enumerate().map(|(n, part)| zstd_block(n == last, 0, part.len() as u32, part)).collect();
    vec![
        gzip(bytes),
        gzip_with_names(bytes),
        [gzip(head), gzip_with_names(b""), gzip(tail)].concat(),
        [gzip(bytes), vec![0; 1_000]].concat(),
        zstd(bytes),
        [skippable(b""), zstd(head), skippable(&[7; 70_000]), zstd(tail), skippable(b"end")].concat(),
        zstd_of(0x78, &blocks.concat()),
    ]
}

#[test]
fn what_comes_out_is_what_was_packed() {
    for bytes in [plain(3), plain(2_000), parts(true).into_iter().flat_map(|(bytes, _)| bytes).collect()] {
        let expected = packets(&bytes);
        for packed in packings(&bytes) {
            let mut source = open(&packed).unwrap();
            assert_eq!(source.info().linktype, Some(1));
            let (packets, result) = read_to_end(&mut source);
            result.unwrap();
            assert_eq!(packets, expected);
            let counters = source.counters();
            assert_eq!((counters.received, counters.savefile_bytes), (expected.len() as u64, packed.len() as u64));
            assert!(source.take_notices().iter().all(|notice| notice.kind != "savefile-trailing-bytes"));
        }
    }
}

#[test]
fn a_pipe_that_dribbles_is_unpacked_too() {
    let bytes = plain(3);
    for packed in packings(&bytes) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut source = SavefileSource::over(reader.into(), "pipe").unwrap();
        let writing = thread::spawn(move || packed.iter().for_each(|byte| writer.write_all(&[*byte]).unwrap()));
        let mut found = Vec::new();
        while source.read(3, |packet| found.push(given(packet))).unwrap() != Progress::Ended {}
        writing.join().unwrap();
        assert_eq!(found, packets(&bytes));
    }
}

#[test]
fn cut_at_every_byte_gives_what_was_there_and_says_where() {
    let bytes = plain(40);
    let all = packets(&bytes);
    for packed in packings(&bytes) {
        let mut whole_before_cut = 0;
        for cut in 1..packed.len() {
            let (packets, result) = outcome(&packed[..cut]);
            assert!(all.starts_with(&packets), "cut at {cut}");
            assert!(packets.len() >= whole_before_cut, "cut at {cut}: {} after {whole_before_cut}", packets.len());
            whole_before_cut = packets.len();
            match result {
                Ok(()) => assert_eq!(packets, all, "cut at {cut} of {}", packed.len()),
                Err(error) => {
                    let words = error.to_string();
                    let place = words.rsplit_once(" at byte ").map(|(_, place)| place);
                    let is_header = words.ends_with("it ends in the middle of its header") && cut < 4
                        || words.ends_with("it is empty");
                    // Between two members the records end early and not the packing.
                    let at = place.and_then(|place| place.split(':').next()?.parse::<usize>().ok());
                    assert!(is_header || at.is_some_and(|at| at <= bytes.len().max(cut)), "cut at {cut}: {words}");
                }
            }
        }
        assert!(whole_before_cut >= 39, "{whole_before_cut} of {packed:02x?}");
    }
}

#[test]
fn damage_is_told_after_what_came_before() {
    let bytes = plain(2_000);
    let cases = [
        (gzip(&bytes), 8, "the checksum of its gzip data is wrong"),
        (zstd(&bytes), 4, "the checksum of its zstd data is wrong"),
    ];
    for (mut packed, from_end, words) in cases {
        let at = packed.len() - from_end;
        packed[at] ^= 1;
        let (count, text) = failure(&packed);
        assert!(count == 2_000 && text.contains(words), "{count} {text}");
        assert!(text.contains(&format!("at byte {}", if from_end == 8 { at } else { packed.len() })), "{text}");
    }
    let wide = zstd_of(0xf0, &zstd_block(true, 0, 24, &bytes[..24]));
    let dictionary = [&[0x28, 0xb5, 0x2f, 0xfd, 1, 0, 9][..], &zstd_block(true, 0, 24, &bytes[..24])].concat();
    let header_with_flag = [&gzip(&bytes)[..3], &[0x80], &gzip(&bytes)[4..]].concat();
    for (packed, words) in [
        (
            wide,
            "its zstd data needs a window of more than 33554432 bytes; unpacked by zstd it can be read from a pipe, at byte 0",
        ),
        (dictionary, "its zstd data needs a dictionary; unpacked by zstd it can be read from a pipe, at byte 0"),
        (zstd_of(0, &zstd_block(true, 3, 9, &[0; 9])), "its zstd data is damaged, at byte 6"),
        (header_with_flag, "its gzip data is damaged, at byte 0"),
        ([&gzip(&bytes)[..10], &[0xff; 40]].concat(), "its gzip data is damaged, at byte 10"),
        (gzip(&gzip(&bytes)), "it is compressed twice, the second time with gzip"),
        (gzip(&zstd(&bytes)), "it is compressed twice, the second time with zstd"),
        (zstd(&gzip(&bytes)), "it is compressed twice, the second time with gzip"),
        (gzip(b"no savefile"), "it is neither pcap nor pcapng"),
        (gzip(b""), "it is empty"),
        (b"BZh91AY&SY".to_vec(), "it is compressed with bzip2, which is not read; unpacked it can be read from a pipe"),
        (b"\xfd7zXZ\0\0".to_vec(), "it is compressed with xz, which is not read; unpacked it can be read from a pipe"),
        (
            b"PK\x03\x04\x14\0".to_vec(),
            "it is compressed with zip, which is not read; unpacked it can be read from a pipe",
        ),
    ] {
        assert_eq!(failure(&packed), (0, format!("cannot open savefile 'file': {words}")));
    }
}

/// A record that breaks is counted in what it unpacks to, and that is said.
#[test]
fn a_broken_record_in_a_packed_file() {
    let bytes = [plain(1), vec![0xff; 64]].concat();
    let (count, text) = failure(&gzip(&bytes));
    let words =
        "a frame of 4294967295 bytes where at most 262144 are possible; counted in what its gzip data unpacks to";
    assert_eq!((count, text), (1, format!("savefile 'file' is broken after packet 1, at byte 44: {words}")));
}

#[test]
fn what_follows_the_packed_data_is_not_read_and_that_is_said_once() {
    let bytes = plain(3);
    for garbage in [&b"garbage behind it"[..], b"x", &[0, 0, 0, 1], &LITTLE.pcap(MICROSECONDS, 1)] {
        for packed in [gzip(&bytes), zstd(&bytes)] {
            let mut source = open(&[&packed, garbage].concat()).unwrap();
            let (found, result) = read_to_end(&mut source);
            result.unwrap();
            assert_eq!(found, packets(&bytes));
            let notices = source.take_notices();
            assert_eq!(notices.iter().map(|notice| notice.kind).collect::<Vec<_>>(), ["savefile-trailing-bytes"]);
            assert_eq!(source.take_notices().len(), 0);
        }
    }
}

/// Records of no bytes as often as one likes: they cost time, and no more memory than others.
#[test]
fn bombs_cost_no_memory() {
    let header = LITTLE.pcap(MICROSECONDS, 1);
    // 4 bytes a block of 128 KiB, which is 8 192 packets.
    let run = zstd_block(false, 1, 128 << 10, &[0]);
    let blocks = [zstd_block(false, 0, 24, &header), run.repeat(200), zstd_block(true, 1, 128 << 10, &[0])].concat();
    let zstd_bomb = zstd_of(0x78, &blocks);
    let gzip_bomb = gzip(&[header, vec![0; 201 * (128 << 10)]].concat());
    for bomb in [zstd_bomb, gzip_bomb] {
        let mut source = open(&bomb).unwrap();
        let mut packets = 0_u64;
        while source.read(64, |_| packets += 1).unwrap() == Progress::More {}
        assert_eq!(packets, 201 * 8_192);
        assert!(source.input.capacity() <= 1 << 20);
    }
}

proptest! {
    #[test]
    fn any_damage_ends_or_breaks(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let packings = packings(&plain(60));
        let mut packed = which.get(&packings).clone();
        for (index, value) in changes {
            let index = index.index(packed.len());
            packed[index] = value;
        }
        packed.truncate(cut.index(packed.len()) + 1);
        if let Ok(mut source) = open(&packed) {
            let (_, result) = read_to_end(&mut source);
            prop_assert!(source.input.capacity() <= 1 << 20);
            prop_assert!(source.input.file_offset() <= packed.len() as u64);
            if let Err(error) = result {
                prop_assert_eq!(error.to_string().lines().count(), 1);
            }
        }
    }
}
