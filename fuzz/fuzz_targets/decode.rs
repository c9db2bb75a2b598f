//! Any frame of any link type: decoding never panics, and a payload never has more than was captured, through all tunnels.
//! Fragments go on to `defrag`, and what comes of them too. Input: link type (2 bytes), bytes cut off by the snaplen (1), then
//! frames, each after its length (2).
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcp_sniffer::decode::{Decoded, Undecodable, decapsulate, decode, decode_reassembled};
use tcp_sniffer::defrag::Defragmenter;
use tcp_sniffer::time::Timestamp;

/// Each tunnel takes some bytes of the frame, so there is an end to it.
fn look(defragmenter: &mut Defragmenter, now: Timestamp, max: usize, mut decoded: Result<Decoded<'_>, Undecodable>) {
    while let Ok(Decoded::Tunnel(tunnel)) = decoded {
        decoded = decapsulate(tunnel);
    }
    match decoded {
        Ok(Decoded::Segment(segment)) => assert!(segment.payload.len() <= max),
        Ok(Decoded::Fragment(fragment)) => {
            assert!(fragment.bytes.len() <= max);
            if let Some(datagram) = defragmenter.push(now, fragment) {
                let max = datagram.bytes.len();
                assert!(max <= 65_535);
                let (source, destination) = (datagram.source, datagram.destination);
                let decoded = decode_reassembled(source, destination, datagram.next_header, &datagram.bytes);
                look(defragmenter, now, max, decoded);
            }
        }
        Ok(Decoded::Tunnel(_) | Decoded::NotTcp) | Err(_) => {}
    }
}

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
        let decoded = decode(linktype, frame, (length + usize::from(*cut)) as u32);
        look(&mut defragmenter, Timestamp::from_micros(now), length, decoded);
    }
    assert!(defragmenter.held_bytes() <= tcp_sniffer::defrag::MAX_HELD_BYTES);
});
