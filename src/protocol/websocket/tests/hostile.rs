//! Bytes that no sender of good will sends: refused, counted, and never more work or memory than its bytes are worth.

use super::wire::{BINARY, Deflater, FIN, PING, RSV1, TEXT};
use super::*;
use crate::content::{Inflation, MAX_WINDOW_BITS};
use crate::protocol::tests::expect_linear;

#[test]
fn what_breaks_the_protocol_ends_its_direction() {
    for (bytes, reason) in [
        ("91 00", "ReservedBits"),
        ("a1 00", "ReservedBits"),
        ("c1 00", "ReservedBits"),
        ("83 00", "Opcode"),
        ("8b 00", "Opcode"),
        ("81 80 00 00 00 00", "Mask"),
        ("09 00", "Control"),
        ("89 7e 00 7e", "Control"),
        ("82 7f 80 00 00 00 00 00 00 00", "Length"),
        ("80 00", "Fragment"),
        ("01 00 81 00", "Fragment"),
    ] {
        let after = frame(Response, FIN | TEXT, b"after");
        let expected = format!("x Response {reason}");
        let begun = bytes.starts_with("01").then_some("< 1 text !");
        let lines: Vec<_> = begun.into_iter().chain([expected.as_str()]).collect();
        let says = [Bytes(Response, [hex(bytes), after.clone()].concat()), Bytes(Response, after)];
        let counters = check("", &says, &lines);
        assert_eq!(counters.streams.given_up, 1, "{bytes}");
    }
    let unmasked = frame(Response, FIN | TEXT, b"no mask");
    // The other direction goes on.
    check(
        "",
        &[Bytes(Request, unmasked), Bytes(Response, frame(Response, FIN | TEXT, b"on"))],
        &["< 1 text 'on'", "x Request Mask"],
    );
    for (bytes, reason) in [("e1 00", "ReservedBits"), ("c9 00", "ReservedBits"), ("c0 00", "ReservedBits")] {
        check("permessage-deflate", &[Bytes(Response, hex(bytes))], &[&format!("x Response {reason}")]);
    }
    // A reserved block type; a message that ends within a block; one without a byte.
    for bytes in ["c1 02 ff ff", "c1 03 f2 48 cd", "c1 00"] {
        check("permessage-deflate", &[Bytes(Response, hex(bytes))], &["x Response Compression"]);
    }
}

#[test]
fn a_length_without_bounds_costs_what_comes() {
    let mut talk = Talk::new("");
    talk.max_body_bytes = 1_000;
    talk.say(&Bytes(Response, hex("82 7f 7f ff ff ff ff ff ff ff")));
    for _ in 0..1_000 {
        talk.say(&Bytes(Response, vec![b'x'; 1_460]));
        assert!(talk.connection.buffered_bytes() < 4_000);
    }
    talk.say(&Lose(Response, 1 << 40));
    talk.close();
    let expected = format!("< 1 binary 1000 bytes of {} ! gap {}", 1_460_000 + (1_u64 << 40), 1_u64 << 40);
    assert_eq!(talk.seen.all(), [expected]);
}

#[test]
fn many_empty_fragments_are_a_message() {
    let fragments = frame(Request, 0, b"").repeat(1_000);
    expect_linear(100, |thousands| {
        let mut talk = Talk::new("");
        talk.say(&Bytes(Request, frame(Request, TEXT, b"a")));
        for _ in 0..thousands {
            talk.say(&Bytes(Request, fragments.clone()));
            assert!(talk.connection.buffered_bytes() < 10_000);
        }
        talk.say(&Bytes(Request, frame(Request, FIN, b"b")));
        talk.close();
        assert_eq!(talk.seen.all(), ["> 1 text 'ab'"]);
    });
}

/// Compressed text that puts out a thousand times its bytes.
#[test]
fn a_bomb_is_cut_when_all_surplus_is_spent() {
    let mut deflater = Deflater::new(true);
    let bomb = frame(Request, FIN | RSV1 | BINARY, &deflater.message(&vec![0; 8 << 20]));
    assert!(bomb.len() < 20_000);
    let mut talk = Talk::new("permessage-deflate");
    for _ in 0..20 {
        talk.say(&Bytes(Request, bomb.clone()));
        let most = (1 << MAX_WINDOW_BITS) + Inflation::HELD_BYTES + 20_000;
        assert!(talk.connection.buffered_bytes() < most, "{}", talk.connection.buffered_bytes());
    }
    let whole = talk.seen.lines[0].iter().filter(|line| line.contains("of 8388608 !")).count();
    let cut = talk.counters.streams.over_ratio;
    assert!((5..=9).contains(&whole) && whole as u64 + cut == 20, "{whole} whole, {cut} cut");
    // Ordinary messages go on as they were: this one refers to nothing.
    let ordinary: Vec<u8> = (0..3_000_u32).flat_map(|n| (n * 40_503).to_le_bytes()).collect();
    talk.say(&Bytes(Request, frame(Request, FIN | RSV1 | BINARY, &deflater.message(&ordinary))));
    assert_eq!(talk.seen.lines[0].last().unwrap(), "21 binary 12000 bytes");
    // A second later there is more of it.
    talk.at = 1_000_000;
    talk.say(&Bytes(Request, bomb));
    assert!(talk.seen.lines[0].last().unwrap().contains("of 8388608 !"));
    talk.say(&Bytes(Request, frame(Request, FIN | PING, b"")));
    talk.close();
}

#[test]
fn the_memory_of_a_direction_is_bounded() {
    let mut deflater = Deflater::new(false);
    let mut talk = Talk::new("permessage-deflate");
    talk.max_body_bytes = 10_000;
    for n in 0..300_u32 {
        let text: Vec<u8> = (0..5_000_u32).flat_map(|m| (m * n).to_le_bytes()).collect();
        for piece in frame(Response, FIN | RSV1 | BINARY, &deflater.message(&text)).chunks(1_460) {
            talk.say(&Bytes(Response, piece.to_vec()));
            let most = (1 << MAX_WINDOW_BITS) + Inflation::HELD_BYTES + 10_000 + 2_000;
            assert!(talk.connection.buffered_bytes() < most, "{}", talk.connection.buffered_bytes());
        }
    }
    assert_eq!(talk.seen.lines[1].len(), 300);
}
