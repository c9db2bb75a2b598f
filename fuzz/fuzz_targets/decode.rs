//! Any frame of any link type: decoding never panics, and a payload never has more than was captured. Fragments go on to
//! `defrag`. Input: link type (2 bytes), bytes cut off by the snaplen (1), then frames, each behind its length (2).
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::decode::{Decoded, decode, decode_tcp};
use tcp_sniffer::defrag::Defragmenter;
use tcp_sniffer::time::Timestamp;

fuzz_target!(|data: &[u8]| {
    let [a, b, cut, rest @ ..] = data else { return };
    let linktype = i32::from(u16::from_be_bytes([*a, *b]));
    let mut defragmenter = Defragmenter::new();
    let mut rest = rest;
    let mut now = 0;
    while let [a, b, more @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*a, *b])).min(more.len());
        let (frame, behind) = more.split_at(length);
        rest = behind;
        now += 250_000;
        match decode(linktype, frame, (length + usize::from(*cut)) as u32) {
            Ok(Decoded::Segment(segment)) => assert!(segment.payload.len() <= frame.len()),
            Ok(Decoded::Fragment(fragment)) => {
                assert!(fragment.bytes.len() <= frame.len());
                if let Some(datagram) = defragmenter.push(Timestamp::from_micros(now), fragment) {
                    assert!(datagram.bytes.len() <= 65_535);
                    let _ = decode_tcp(datagram.source, datagram.destination, datagram.next_header, &datagram.bytes, 0);
                }
            }
            Ok(Decoded::NotTcp) | Err(_) => {}
        }
    }
    assert!(defragmenter.held_bytes() <= tcp_sniffer::defrag::MAX_HELD_BYTES);
});
