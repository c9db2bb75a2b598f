//! Segments that the receiver throws away for their options: timestamps older than what it has (PAWS, RFC 7323 §5), and
//! signatures that it did not ask for (RFC 2385).

use super::*;

/// A signature of RFC 2385, and what aligns it.
const SIGNATURE: &[u8] = b"\x13\x12abcdefghijklmnop\x01\x01";

fn with_options(mut frame: Vec<u8>, options: &[u8]) -> Vec<u8> {
    frame.splice(40..40, options.iter().copied());
    frame[32] += (options.len() as u8 / 4) << 4;
    let total = frame.len() as u16;
    frame[2..4].copy_from_slice(&total.to_be_bytes());
    summed(frame)
}

fn stamped(frame: Vec<u8>, stamp: u32) -> Vec<u8> {
    with_options(frame, &[&[1, 1, 8, 10], &stamp.to_be_bytes()[..], &[0; 4]].concat())
}

/// The same after another option, as on a SYN.
fn stamped_late(frame: Vec<u8>, stamp: u32) -> Vec<u8> {
    with_options(frame, &[&[4, 2, 8, 10], &stamp.to_be_bytes()[..], &[0; 4]].concat())
}

fn bad_options(capture: &Capture) -> u64 {
    capture.engine.stats().flow.discarded.bad_options
}

/// Both streams begin at 1, and both clocks show `stamp`.
fn shaken_at(stamp: u32) -> Capture {
    let mut capture = Capture::new();
    capture.give(stamped_late(syn(CLIENT, 0), stamp));
    capture.give(stamped_late(syn_ack(SERVER, 0, 1), stamp));
    capture.give(stamped(packet(CLIENT, 1, 1, b""), stamp));
    capture
}

#[test]
fn an_old_timestamp_loses_wherever_it_stands() {
    for (now, back) in [(5_000, 1), (5_000, 4_999), (3, 4), (3, 1 << 30)] {
        let old = |frame| stamped_late(frame, u32::wrapping_sub(now, back));
        for cut in 1..REAL.len() {
            let mut capture = shaken_at(now);
            capture.give(old(packet(CLIENT, 1, 1, FORGED)));
            capture.give(stamped(packet(CLIENT, 1, 1, &REAL[..cut]), now));
            capture.give(old(packet(CLIENT, ASKED, 1, FORGED)));
            capture.give(stamped(packet(CLIENT, 1 + cut as u32, 1, &REAL[cut..]), now.wrapping_add(1)));
            capture.give(old(packet(SERVER, 1, ASKED, LIES)));
            capture.give(stamped(packet(SERVER, 1, ASKED, RESPONSE), now));
            capture.give(stamped(packet(CLIENT, ASKED, ANSWERED, b""), now.wrapping_add(9)));
            capture.give(stamped(packet(SERVER, ANSWERED, ASKED, b""), now.wrapping_add(9)));
            capture.wait(20_000);
            assert!(bad_options(&capture) >= 3, "{now} {back}, cut at {cut}: {}", bad_options(&capture));
            assert_eq!(capture.outcome().0, ["/real", "real"], "{now} {back}, cut at {cut}");
        }
    }
}

#[test]
fn a_signature_loses_where_no_other_segment_has_one() {
    let mut capture = Capture::shaken();
    capture.give(with_options(packet(CLIENT, 1, 1, FORGED), SIGNATURE));
    capture.give(summed(packet(CLIENT, 1, 1, REAL)));
    capture.give(with_options(packet(SERVER, 1, ASKED, LIES), SIGNATURE));
    capture.give(summed(packet(SERVER, 1, ASKED, RESPONSE)));
    assert_eq!(bad_options(&capture), 2);
    assert_eq!(capture.outcome().0, ["/real", "real"]);
}

#[test]
fn signatures_of_both_sides_are_read() {
    let signed = |frame| with_options(frame, SIGNATURE);
    let mut capture = Capture::new();
    capture.give(signed(syn(CLIENT, 0)));
    capture.give(signed(syn_ack(SERVER, 0, 1)));
    capture.give(signed(packet(CLIENT, 1, 1, REAL)));
    capture.give(signed(packet(SERVER, 1, ASKED, RESPONSE)));
    assert_eq!(bad_options(&capture), 0);
    assert_eq!(capture.outcome().0, ["/real", "real"]);
}

/// The clock of a sender behind some load balancers is none: the receiver acknowledges all the same.
#[test]
fn timestamps_that_go_back_lose_nothing_that_is_acknowledged() {
    let mut capture = shaken_at(5_000);
    for turn in 0..4 {
        let [asked, answered] = [1 + turn * (ASKED - 1), 1 + turn * (ANSWERED - 1)];
        capture.give(stamped(packet(CLIENT, asked, answered, REAL), 4_000 - turn));
        capture.give(stamped(packet(SERVER, answered, asked + ASKED - 1, b""), 6_000 - 2_000 * turn));
        capture.give(stamped(packet(SERVER, answered, asked + ASKED - 1, RESPONSE), 6_000 - 2_000 * turn));
        capture.give(stamped(packet(CLIENT, asked + ASKED - 1, answered + ANSWERED - 1, b""), 4_000 - turn));
    }
    assert_eq!(bad_options(&capture), 0);
    assert_eq!(capture.outcome().0, ["/real", "real"].repeat(4));
}

/// A capture may see packets in another order than their receiver; what its receiver has not had yet is not older than it.
#[test]
fn what_is_captured_in_disorder_is_read() {
    let body = vec![b'x'; 10_000];
    let response = [&b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"[..], &body].concat();
    for swapped in 0..9 {
        let mut capture = shaken_at(5_000);
        capture.give(stamped(packet(CLIENT, 1, 1, REAL), 5_000));
        let mut segments: Vec<(usize, &[u8])> = response.chunks(1_000).enumerate().collect();
        segments.swap(swapped, swapped + 1);
        for (index, piece) in segments {
            let sent = packet(SERVER, 1 + 1_000 * index as u32, ASKED, piece);
            capture.give(stamped(sent, 5_000 + index as u32));
        }
        assert_eq!(bad_options(&capture), 0);
        let (lines, _) = capture.outcome();
        assert_eq!((lines[0].as_str(), lines[1].len()), ("/real", body.len()), "{swapped}");
    }
}
