//! Bodies as they come: each in pieces of its own, and held against what is known of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::layout::MAX_BLOCK_BYTES;
use super::*;
use crate::content::{Coding, Flowing, Inflating, Unread};
use crate::time::Timestamp;

/// Server-Sent Events, each flushed by itself, as zstandard 0.25 for Python writes them (libzstd 1.5.7, level 3, a checksum):
/// `compressor.compress(event) + compressor.flush(COMPRESSOBJ_FLUSH_BLOCK)`, and at last `compressor.flush()`.
const FLUSHED: [&str; 9] = [
    "KLUv/QRY7AEAEkQOFaClbagrHhIqy8UuraD/tWYXWYddGFWJSMlZBN9rcs05o9u2SHRA7kCiUaPhBuTpKWc0bmtYZBw1AA==",
    "zAAAkGlkOiAxIHF1aWNrIn19XX0KCgEAE1HQAg==",
    "xAAAiGlkOiAyYnJvd24ifX1dfQoKAQA4zqAF",
    "rAAAeGlkOiAzZm94In19XX0KCgEAOIEW",
    "xAAAiGlkOiA0anVtcHMifX1dfQoKAQBInEYL",
    "tAAAgGlkOiA1b3ZlciJ9fV19CgoBADiBFg==",
    "rAAAcGlkOiA2aXQifX1dfQoKAQBQnEYL",
    "pAAAaGlkOiA3LiJ9fV19CgoBABNR0AI=",
    "AQAAJhwBEA==",
];
const WORDS: [&str; 8] = ["The", " quick", " brown", " fox", " jumps", " over", " it", "."];

fn flushed() -> Vec<(Vec<u8>, String)> {
    let event = |(n, word)| {
        format!("id: {n}\ndata: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n")
    };
    let events = WORDS.into_iter().enumerate().map(event).chain([String::new()]);
    FLUSHED.map(|piece| BASE64_STANDARD.decode(piece).unwrap()).into_iter().zip(events).collect()
}

/// The content of all pieces as far as it can be read, whether it can, and the most memory that was held.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Result<(), Broken>, usize) {
    let (mut stream, mut content, mut most) = (Stream::default(), Vec::new(), 0);
    for piece in pieces {
        stream.put(piece);
        loop {
            match stream.step(|bytes| content.extend_from_slice(bytes)) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(Broken) => return (content, Err(Broken), most),
            }
        }
        most = most.max(stream.held_bytes());
    }
    (content, Ok(()), most)
}

fn frame(window_log: u8, blocks: &[u8]) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0, (window_log - 10) << 3], blocks].concat()
}

fn block(kind: u32, size: usize, content: &[u8]) -> Vec<u8> {
    let header = (size as u32) << 3 | kind << 1;
    [&header.to_le_bytes()[..3], content].concat()
}

#[derive(Debug, Clone)]
enum Part {
    Raw(Vec<u8>),
    Run(u8, usize),
    /// A block of one sequence, which copies so many bytes (3–34) from so far back.
    Copy {
        back: usize,
        len: usize,
    },
}

/// Coded, and added to the content.
fn code(part: &Part, content: &mut Vec<u8>) -> Vec<u8> {
    match *part {
        Part::Raw(ref bytes) => {
            content.extend_from_slice(bytes);
            block(0, bytes.len(), bytes)
        }
        Part::Run(byte, len) => {
            content.resize(content.len() + len, byte);
            block(1, len, &[byte])
        }
        Part::Copy { back, len } => {
            for _ in 0..len {
                content.push(content[content.len() - back]);
            }
            // No literals; one sequence, all its codes as they stand (§3.1.1.3); the offset's bits under the bit that ends them.
            let offset = back as u64 + 3;
            let bits = offset.ilog2();
            let sequence = [0, 1, 0b0101_0100, 0, bits as u8, len as u8 - 3];
            let sequence = [&sequence[..], &offset.to_le_bytes()[..=bits as usize / 8]].concat();
            block(2, sequence.len(), &sequence)
        }
    }
}

#[test]
fn what_was_flushed_comes_out_with_its_last_byte() {
    let pieces = flushed();
    let mut stream = Stream::default();
    for (piece, event) in &pieces {
        let (last, rest) = piece.split_last().unwrap();
        let mut came = Vec::new();
        for (bytes, expected) in [(rest, ""), (&[*last], event.as_str())] {
            stream.put(bytes);
            while stream.step(|bytes| came.extend_from_slice(bytes)).unwrap().is_some() {}
            assert_eq!(String::from_utf8_lossy(&came), expected);
        }
    }
    assert_eq!(stream.held_bytes(), 0);
    let (coded, content): (Vec<_>, Vec<_>) = pieces.into_iter().unzip();
    let (coded, content) = (coded.concat(), content.concat());
    for first in 0..coded.len() {
        for second in first..coded.len() {
            let cut = [&coded[..first], &coded[first..second], &coded[second..]];
            let (came, result, _) = read(cut);
            assert_eq!((came.as_slice(), result), (content.as_bytes(), Ok(())), "cut at {first} and {second}");
        }
    }
}

#[test]
fn frames_come_one_after_the_other() {
    let events = flushed();
    let (coded, content): (Vec<_>, Vec<_>) = events.into_iter().unzip();
    let skippable = b"\x5f\x2a\x4d\x18\x03\0\0\0xyz\x50\x2a\x4d\x18\0\0\0\0";
    // Single-segment, with the size of its content.
    let single = [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 3][..], &block(0, 1, b"a"), &block(1, 2, b"b"), &[1, 0, 0]].concat();
    let all = [skippable, &coded.concat()[..], skippable, &coded.concat(), &single, &single].concat();
    let content = content.concat().repeat(2) + "abbabb";
    for size in 1..20 {
        assert_eq!(read(all.chunks(size)), (content.clone().into_bytes(), Ok(()), read(all.chunks(size)).2), "{size}");
    }
    let (came, result, _) = read([&all[..], b"more"]);
    assert_eq!((came, result), (content.clone().into_bytes(), Ok(())), "it may be a frame's beginning");
    let (came, result, _) = read([&all[..], b"more than that"]);
    assert_eq!((came, result), (content.into_bytes(), Err(Broken)));
}

#[test]
fn what_is_not_allowed_is_broken() {
    let blocks = block(0, 1, b"a");
    let is_read = |coded: &[u8]| read([coded]) == (b"a".to_vec(), Ok(()), read([coded]).2);
    assert!(is_read(&frame(23, &blocks)));
    for (coded, what) in [
        (frame(24, &blocks), "a window of 16 MiB"),
        (frame(27, &blocks), "a window of 128 MiB"),
        (frame(31, &blocks), "a window of 2 GiB"),
        ([&[0x28, 0xb5, 0x2f, 0xfd, 0xa0, 1, 0, 128, 0][..], &blocks].concat(), "a single segment of 8 MiB and a byte"),
        ([&[0x28, 0xb5, 0x2f, 0xfd, 1, 0, 9][..], &blocks].concat(), "a dictionary"),
        (frame(23, &block(3, 1, b"a")), "a reserved block"),
        (frame(10, &block(1, 1025, b"a")), "a block larger than the window"),
        (frame(23, &block(1, MAX_BLOCK_BYTES + 1, b"a")), "a block of more than 128 KiB"),
        // It is not waited for.
        (frame(23, &block(0, MAX_BLOCK_BYTES + 1, b"a")), "the beginning of one"),
    ] {
        let (came, result, held) = read([&coded[..]]);
        assert_eq!((came.len(), result, held), (0, Err(Broken), 0), "{what}");
    }
    // Farther back than there is content, before and after it was cut to a window.
    for runs in [0, 1, 400] {
        let coded = frame(10, &block(1, 1024, b"a").repeat(runs));
        let copy = |back| code(&Part::Copy { back, len: 3 }, &mut vec![0; back]);
        let read = |back| read([&coded[..], &copy(back)]).1;
        assert!(runs == 0 || read(1024) == Ok(()), "{runs}");
        assert_eq!(read(1025 * runs.max(1) + 3), Err(Broken), "{runs}");
    }
}

#[test]
fn memory_is_bounded_by_the_window() {
    for (window_log, most_bytes) in [(10, 1 << 20), (17, 2 << 20), (20, 6 << 20), (23, 34 << 20)] {
        let window = 1_usize << window_log;
        let (mut content, mut coded) = (Vec::new(), Vec::new());
        for n in 0..5 * window.max(MAX_BLOCK_BYTES) / window.min(MAX_BLOCK_BYTES) {
            coded.push(code(&Part::Raw(vec![n as u8; window.min(MAX_BLOCK_BYTES) - n % 7]), &mut content));
            for back in [1, window / 2, window - 1, window] {
                let back = back.min(content.len());
                coded.push(code(&Part::Copy { back, len: 3 + n % 32 }, &mut content));
            }
        }
        let (came, result, held) =
            read([frame(window_log, &[]).as_slice()].into_iter().chain(coded.iter().map(Vec::as_slice)));
        assert!(came == content && result == Ok(()), "{window_log}");
        assert!(held < most_bytes, "{window_log}: {held}");
    }
}

#[test]
fn a_block_counts_with_all_its_pieces() {
    // 26 times and 60 times the coded bytes: `Inflating` lets so much pass of the first alone.
    for (raw_bytes, run_bytes, expected) in [(5_000, 125_000, Ok(())), (2_000, 118_000, Err(Unread::TooMuch))] {
        let blocks = [block(0, raw_bytes, &vec![b'a'; raw_bytes]), block(1, run_bytes, b"b")].concat();
        let coded = [&frame(23, &[]), &*blocks.repeat((320 << 20) / run_bytes)].concat();
        let (mut flowing, mut shared) = (Flowing::new(Coding::Zstd), Inflating::default());
        let mut feed = |piece: &[u8]| flowing.feed(piece, Timestamp::default(), &mut shared, &mut |_| {});
        assert_eq!(coded.chunks(1_000).try_for_each(&mut feed), expected);
    }
}

fn part(window: usize) -> impl Strategy<Value = Part> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..=window).prop_map(Part::Raw),
        (any::<u8>(), 0..=window).prop_map(|(byte, len)| Part::Run(byte, len)),
        (1..=window, 3..35_usize).prop_map(|(back, len)| Part::Copy { back, len }),
    ]
}

proptest! {
    #[test]
    fn blocks_refer_to_those_before(
        parts in prop::collection::vec(part(1024), 0..900),
        sizes in prop::collection::vec(1..5_000_usize, 1..9),
    ) {
        let (mut content, mut coded) = (Vec::new(), frame(10, &[]));
        for part in parts {
            if !matches!(part, Part::Copy { back, .. } if back > content.len()) {
                coded.extend(code(&part, &mut content));
            }
        }
        let (mut rest, mut sizes) = (coded.as_slice(), sizes.into_iter().cycle());
        let pieces = std::iter::from_fn(|| {
            let (piece, behind) = rest.split_at(sizes.next()?.min(rest.len()));
            rest = behind;
            Some(piece).filter(|piece| !piece.is_empty())
        });
        let (came, result, _) = read(pieces);
        prop_assert!(came == content && result == Ok(()));
    }

    #[test]
    fn damage_is_the_same_in_any_pieces(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        size in 1..200_usize,
    ) {
        let mut coded = FLUSHED.map(|piece| BASE64_STANDARD.decode(piece).unwrap()).concat();
        for (at, byte) in changes {
            let at = at.index(coded.len());
            coded[at] = byte;
        }
        let (came, result, _) = read([&coded[..]]);
        let (piecewise, same, _) = read(coded.chunks(size));
        prop_assert_eq!((&came, result), (&piecewise, same));
        // As far as the whole body is read, it is the same.
        let mut buffer = ContentBuffer::new(1 << 20);
        if decode(&coded, &mut buffer) == Ok(End::Whole) {
            prop_assert_eq!(came, buffer.bytes);
        }
    }
}
