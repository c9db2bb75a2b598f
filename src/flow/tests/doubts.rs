//! Segments that their receiver may have thrown away, and acks that are missing.

use super::*;

/// The acks of the client are not captured.
#[test]
fn a_fin_that_only_seems_to_be_beyond_the_window_ends_the_stream() {
    check("C0+5 S0+60000/5 S66000/5F S60000+6000/5", "C0..5/0 S0..60000/5 S60000..66000/5 S.");
    check(
        "C0+5 S0+60000/5 S60000+60000/5 S130000/5F S120000+10000/5",
        "C0..5/0 S0..60000/5 S60000..120000/5 S120000..130000/5 S.",
    );
}

/// Each segment is captured before the segment that was sent before it. No acks are captured.
#[test]
fn where_acks_are_missing_bytes_wait_for_those_before_them_and_no_longer() {
    for length in [1_000, 1_460, 20_000] {
        let mut wire = wire("C0+5");
        for pair in 0..200 {
            let (start, middle) = (2 * pair * length, (2 * pair + 1) * length);
            wire.tokens(&format!("S{middle}+{length}/5 S{start}+{length}/5"));
            let end = middle + length;
            assert_eq!((wire.connection.waiting_bytes(), wire.connection.length(Side::High)), (0, end), "{length}");
        }
        assert_eq!(wire.counters.discarded, Discarded::default(), "{length}");
    }
}

/// The direction of the client is captured long after the other one (two taps, merged files), and more than a window is missing.
#[test]
fn where_memory_is_short_nothing_is_discarded_for_its_place() {
    let mut wire = wire("C0+5 S0+1000/5");
    let mut start = 80_000;
    while start < 80_000 + MAX_WAITING_BYTES as u64 + 60_000 {
        assert!(wire.connection.waiting_bytes() <= MAX_WAITING_BYTES);
        wire.tokens(&format!("S{start}+60000/5 C5/1000"));
        start += 60_000;
    }
    assert_eq!((wire.counters.unplaced_bytes, wire.counters.discarded), (0, Discarded::default()));
    assert!(wire.out.starts_with("C0..5/0 S0..1000/5 S-79000 S80000..140000/5 S140000..200000/5 "), "{}", wire.out);
    assert_eq!((wire.connection.waiting_bytes(), wire.connection.length(Side::High)), (0, start));

    let mut wire = self::wire("C0+5 S0+1000/5 S80000+5/5 C5/1000");
    let out = &mut wire.out;
    wire.connection.shed(&mut wire.counters, &mut |side, event| tell(out, side, event));
    assert_eq!(wire.out.trim_end(), "C0..5/0 S0..1000/5 S-79000 S80000..80005/5");
    assert_eq!(wire.counters.discarded, Discarded::default());
}

/// Forged, or of no place: it does not show that its sender goes on.
#[test]
fn a_reset_stands_though_a_segment_in_doubt_follows() {
    let seconds = "~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~";
    check(&format!("C0+5 S0+3/5 C9/3R C9+4/500000000x S3/5 {seconds}"), "C0..5/0 S0..3/5 C-3 C. S.");
    check(&format!("C0+5 S0+3/5 C9/3R C9+4/3 S3/5 {seconds}"), "C0..5/0 S0..3/5 C-4 C9..13/3");
}

/// RFC 9293 §3.5.2: its number may have been acknowledged long before, so an ack from further on may have been sent before.
#[test]
fn a_reset_stands_though_an_ack_without_bytes_is_captured_after_it() {
    check("C0+5 S0+3/5 C5+5/3 C7/9R C10/9 S3+6/5", "C0..5/0 S0..3/5 C5..10/3 S3..9/5 C. S.");
}
