//! RFC 7692: its own examples, takeover, windows, and what each side agreed to.

use super::wire::{BINARY, Bits, Deflater, FIN, PING, RSV1, TEXT};
use super::*;

const DEFLATE: &str = "permessage-deflate";

#[test]
fn the_examples_of_the_rfc() {
    // RFC 7692 §7.2.3.
    for (bytes, expected) in [
        ("c1 07 f2 48 cd c9 c9 07 00", &["< 1 text 'Hello'"][..]),
        ("41 03 f2 48 cd 80 04 c9 c9 07 00", &["< 1 text 'Hello'"]),
        ("c1 07 f2 48 cd c9 c9 07 00 c1 07 f2 48 cd c9 c9 07 00", &["< 1 text 'Hello'", "< 2 text 'Hello'"]),
        // By reference to the message before.
        ("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00", &["< 1 text 'Hello'", "< 2 text 'Hello'"]),
        // A block without compression.
        ("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00", &["< 1 text 'Hello'"]),
        // A last block, and a message after it.
        ("c1 08 f3 48 cd c9 c9 07 00 00 c1 05 f2 00 11 00 00", &["< 1 text 'Hello'", "< 2 text 'Hello'"]),
        // Two blocks.
        ("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00", &["< 1 text 'Hello'"]),
        // An empty message.
        ("c1 01 00 c1 07 f2 48 cd c9 c9 07 00", &["< 1 text", "< 2 text 'Hello'"]),
        // Agreed and not used: nothing refers to it.
        ("81 05 48 65 6c 6c 6f c1 07 f2 48 cd c9 c9 07 00", &["< 1 text 'Hello'", "< 2 text 'Hello'"]),
    ] {
        check(DEFLATE, &[Bytes(Response, hex(bytes))], expected);
    }
}

/// Messages that have much in common, by themselves and with each other.
fn texts() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> =
        (0..40).map(|n| format!("{{\"price\":{n},\"name\":\"a thing\"}}").into_bytes()).collect();
    texts.push(Vec::new());
    texts.push((0..100_000_u32).flat_map(|n| (n / 7 * 40_503).to_le_bytes()).collect());
    texts.push(b"{\"price\":7,\"name\":\"a thing\"}".to_vec());
    texts
}

fn sent(from: Direction, deflater: &mut Deflater, texts: &[Vec<u8>]) -> Vec<u8> {
    let frames = texts.iter().enumerate().map(|(n, text)| match n % 4 {
        // Not compressed: later messages do not refer to it.
        3 => frame(from, FIN | TEXT, text),
        2 => {
            let coded = deflater.message(text);
            let (a, b) = coded.split_at(coded.len() / 2);
            [frame(from, RSV1 | BINARY, a), frame(from, FIN | PING, b""), frame(from, FIN, b)].concat()
        }
        _ => frame(from, FIN | RSV1 | TEXT, &deflater.message(text)),
    });
    frames.collect::<Vec<_>>().concat()
}

#[test]
fn all_messages_with_takeover_and_without() {
    for (extensions, begins_anew) in [
        (DEFLATE.to_owned(), false),
        (format!("{DEFLATE}; client_no_context_takeover; server_no_context_takeover"), true),
        // The sender may do so by itself.
        (DEFLATE.to_owned(), true),
    ] {
        for (from, side) in [(Request, 0), (Response, 1)] {
            let texts = texts();
            let bytes = sent(from, &mut Deflater::new(begins_anew), &texts);
            for step in [1_460, 7, bytes.len()] {
                let pieces = |_, bytes: &[u8]| bytes.chunks(step).map(<[u8]>::to_vec).collect();
                let (seen, counters) = read(&extensions, &[Bytes(from, bytes.clone())], pieces);
                let data: Vec<_> = seen.data[side].iter().map(|(_, data)| data.clone()).collect();
                assert!(data == texts, "{extensions} in steps of {step}: {:?}", seen.remarks);
                assert_eq!(counters.streams, Default::default());
            }
        }
    }
}

#[test]
fn what_was_not_agreed_is_refused() {
    let hello = hex("c1 07 f2 48 cd c9 c9 07 00");
    check("", &[Bytes(Response, hello.clone())], &["x Response ReservedBits"]);
    // The reference of the second message goes beyond what is remembered.
    let again = [hello, hex("c1 05 f2 00 11 00 00")].concat();
    let extensions = "permessage-deflate; server_no_context_takeover";
    check(extensions, &[Bytes(Response, again)], &["< 1 text 'Hello'", "x Response Compression"]);
}

/// 2 000 random bytes, and a message that repeats the last 200 of them.
#[test]
fn a_small_window_is_enough_where_it_was_agreed() {
    let mut state = 7_u32;
    let random: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(2_000)
    .collect();
    // A block without compression, and one with a match of 200 bytes at a distance of 200 (RFC 1951 §3.2.5, §3.2.6).
    let stored = [&[0, 0xd0, 0x07, 0x2f, 0xf8][..], &random, &[0]].concat();
    let mut bits = Bits::default();
    bits.push(0b010, 3); // not the last block, fixed codes
    bits.push_code(0b1100_0000 + (283 - 280), 8); // 195-226
    bits.push(200 - 195, 5);
    bits.push_code(15, 5); // 193-256
    bits.push(200 - 193, 6);
    bits.push_code(0, 7); // the block's end
    bits.push(0, 3); // an empty block without compression
    let repeated = bits.bytes;
    for window_bits in 8..=15 {
        let extensions = format!("{DEFLATE}; server_max_window_bits={window_bits}");
        let says = [
            Bytes(Response, frame(Response, FIN | RSV1 | BINARY, &stored)),
            Bytes(Response, frame(Response, FIN | RSV1 | BINARY, &repeated)),
        ];
        let (seen, _) = read(&extensions, &says, |_, bytes| vec![bytes.to_vec()]);
        let data: Vec<_> = seen.data[1].iter().map(|(_, data)| data.as_slice()).collect();
        assert!(data == [&random[..], &random[1_800..]], "{window_bits}: {:?}", seen.all());
    }
}
