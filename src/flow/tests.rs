//! Segments in, stream events out, in a short notation.
//!
//! ```text
//! in:  C0+5/7   the client sends the 5 bytes at 0 and has received 7 of the server's; after it F, R: flags; ?: no PSH;
//!               x: other bytes; ~: a second passes
//! out: C0..5/7  these bytes, which their sender sent when it had received 7; C-5: a gap of 5; C.: the end
//! ```

mod doubts;

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::*;
use crate::decode::{Endpoint, Flags, Segment};
use crate::time::Timestamp;

const CLIENT: Endpoint = Endpoint { ip: std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), port: 40_000 };
const SERVER: Endpoint = Endpoint { ip: std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), port: 80 };

/// The bytes of both streams: no two bytes that are near each other are alike.
fn byte_at(position: u64) -> u8 {
    (position % 251) as u8
}

#[derive(Default)]
struct Wire {
    connection: Connection,
    counters: FlowCounters,
    micros: i64,
    out: String,
    /// When the packets came whose bytes are in `out`.
    times: Vec<i64>,
}

impl Wire {
    fn segment(&mut self, token: &str, flags: Flags, seq: i64, ack: i64, payload: &[u8]) -> Next {
        let side = if token.starts_with('C') { Side::Low } else { Side::High };
        let (source, destination) = if side == Side::Low { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let isn = 1_000_u32;
        let segment = Segment {
            source,
            destination,
            seq: isn.wrapping_add(seq as u32),
            ack: isn.wrapping_add(ack as u32),
            flags,
            window: u16::MAX,
            payload,
            missing: 0,
            headers: &[],
            ip_header_len: 0,
        };
        self.micros += 100;
        let now = Timestamp::from_micros(self.micros);
        let (out, times) = (&mut self.out, &mut self.times);
        let mut sink = |side, event: StreamEvent<'_>| {
            if let StreamEvent::Data(_, meta) = event {
                times.push(meta.at.micros());
            }
            tell(out, side, event);
        };
        self.connection.on_segment(side, &segment, now, now, &mut self.counters, &mut sink)
    }

    fn tokens(&mut self, script: &str) {
        for token in script.split(' ') {
            self.token(token);
        }
    }

    fn token(&mut self, token: &str) -> Next {
        if token == "~" {
            self.micros += 1_000_000;
            let now = Timestamp::from_micros(self.micros);
            let out = &mut self.out;
            let mut sink = |side, event: StreamEvent<'_>| tell(out, side, event);
            return self.connection.on_time(now, Patience::LIVE, &mut self.counters, &mut sink);
        }
        let numbers = token.trim_start_matches(['C', 'S']).trim_end_matches(|c: char| !c.is_ascii_digit());
        let (range, ack) = numbers.split_once('/').unwrap_or((numbers, "0"));
        let (seq, length) = range.split_once('+').unwrap_or((range, "0"));
        let [seq, length, ack] = [seq, length, ack].map(|number| number.parse::<i64>().unwrap());
        let payload = (seq..seq + length).map(|at| if token.contains('x') { 0xff } else { byte_at(at as u64) });
        let flags = Flags {
            fin: token.contains('F'),
            rst: token.contains('R'),
            psh: !token.contains('?'),
            ack: true,
            ..Flags::default()
        };
        self.segment(token, flags, seq, ack, &payload.collect::<Vec<_>>())
    }
}

fn tell(out: &mut String, side: Side, event: StreamEvent<'_>) {
    let name = if side == Side::Low { 'C' } else { 'S' };
    match event {
        StreamEvent::Data(bytes, meta) => {
            let start = meta.position.offset();
            let end = start + bytes.len() as i64;
            let wrong = bytes.iter().zip(start..).any(|(&byte, at)| byte != byte_at(at as u64));
            write!(out, "{name}{start}..{end}/{}{} ", meta.acked.offset(), if wrong { "!" } else { "" })
        }
        StreamEvent::Gap { len } => write!(out, "{name}-{len} "),
        StreamEvent::End { .. } => write!(out, "{name}. "),
    }
    .unwrap();
}

/// Both SYNs, then these.
fn wire(script: &str) -> Wire {
    let mut wire = Wire::default();
    let syn = |ack| Flags { syn: true, ack, ..Flags::default() };
    wire.segment("C", syn(false), -1, 0, &[]);
    wire.segment("S", syn(true), -1, 0, &[]);
    wire.tokens(script);
    wire
}

fn check(script: &str, expected: &str) {
    assert_eq!(wire(script).out.trim_end(), expected, "{script}");
}

#[test]
fn bytes_come_in_order_and_once() {
    check("C0+5 S0+3/5 C5+5/3", "C0..5/0 S0..3/5 C5..10/3");
    check("C5+5 C0+5", "C0..5/0 C5..10/0");
    check("C0+5 C0+5 C3+4", "C0..5/0 C5..7/0");
    check("S0+3/5 C0+5", "C0..5/0 S0..3/5");
    check("C0+5 C9+1 ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~", "C0..5/0 C-4 C9..10/0");
}

/// Sent again, a segment acknowledges what its sender has received by then.
#[test]
fn what_was_sent_first_was_not_sent_later_than_what_follows_it() {
    // The bytes that follow were captured before.
    check("C5+5/0 S0+3/10 C0+5/3", "C0..5/0 C5..10/0 S0..3/10");
    // Nothing of what follows was captured but an ack from there.
    check("C10/0 S0+3/10 C0+5/3 C5+5/3", "C0..5/0 C5..10/0 S0..3/10");
    check("C10/0F S0+3/10 C0+10/3", "C0..10/0 C. S0..3/10");
    // It was captured before what was sent first, or what follows that was.
    check("C2+2/3 S0+3/5 C0+5/0", "C0..2/0 C2..4/0 C4..5/0 S0..3/5");
    check("C5+2/3 C7+2/9 ~ C5+4/9 S0+3/0 S3+6/7 C0+5/0", "S0..3/0 C0..5/0 C5..7/3 S3..9/7 C7..9/9");
    // Each waits for the other. The bytes that the server had received when it answered were sent before.
    check("C0+2 S0+5/8 C2+8/5 ~ ~", "C0..2/0 C2..8/0 S0..5/8 C8..10/5");
    check("C0+2 C2+8/5 S0+5/8 ~ ~", "C0..2/0 S0..5/1 C2..10/5");
    check("C0+2/0 C4+2/9 C2+4/0 S0+9/6", "C0..2/0 C2..4/0 C4..6/0 S0..9/6");
    // It had received no more than what was delivered, and perhaps less, so not exactly that.
    check("C0+2 S3+5/8 C2+6/8 ~ ~", "C0..2/0 S-3 C2..8/2 S3..8/8");
    check("C0+2 S0+3/2 S3+5/8 C2+6/8 ~ ~", "C0..2/0 S0..3/2 C2..8/2 S3..8/8");
}

/// A segment that was sent again is captured first, with an ack of what is captured later.
#[test]
fn the_same_bytes_captured_again_are_no_later() {
    for (script, expected, times) in [
        ("C0+5 S0+3/5 C5+5/9 C5+5/3", "C0..5/0 S0..3/5 C5..10/3", &[300, 400, 500][..]),
        ("C0+5 S0+3/5 C6+2/9 C5+5/3", "C0..5/0 S0..3/5 C5..6/3 C6..8/3 C8..10/3", &[300, 400, 600, 500, 600]),
        ("C0+5 S0+3/5 C5+5/9x C5+5/3", "C0..5/0 S0..3/5 C5..10/3", &[300, 400, 600]),
    ] {
        let wire = wire(script);
        assert_eq!((wire.out.trim_end(), &wire.times[..]), (expected, times), "{script}");
    }
}

/// Without the SYN-ACK it is known where the server begins if the client had sent nothing when it acknowledged that.
#[test]
fn a_beginning_that_was_not_captured_is_a_gap_of_unknown_length() {
    for (script, expected) in [
        ("C0 C0+5 S0+3/5", "C0..5/0 S0..3/5"),
        ("C5 S0+3/5 C0+5", "S-0 C0..5/0 S0..3/5"),
        ("S0/5 C5/0 S0+3/5 C0+5", "S-0 C0..5/0 S0..3/5"),
        ("S0+3/5 C0+5", "S-0 C0..5/0 S0..3/5"),
    ] {
        let mut wire = Wire::default();
        wire.segment("C", Flags { syn: true, ..Flags::default() }, -1, 0, &[]);
        wire.tokens(script);
        assert_eq!(wire.out.trim_end(), expected, "{script}");
    }
}

/// Of two taps that of the server is ahead, or there is no other.
#[test]
fn a_server_is_not_ahead_of_a_client_that_is_yet_to_be_captured() {
    for (before, after, expected) in [
        ("S0+3/5", "C0+5 S3+2/7 C5+2/3", "C0..5/0 S0..3/5 C5..7/3 S3..5/7"),
        ("S0+3/5 S3+2/7", "C0+5 C5+2/3", "C0..5/0 S0..3/5 C5..7/3 S3..5/7"),
        ("S3+2/7 S0+3/5", "C0+5 C5+2/3", "C0..5/0 S0..3/5 C5..7/3 S3..5/7"),
        ("S0+3/5 S5F", "C0+5 ~ S3+2/5", "C0..5/0 S0..3/5 S3..5/5 S."),
        // The server speaks first.
        ("S0+3/0", "C0+5/3", "S0..3/0 C0..5/3"),
        // Nothing of the client comes in time, so all of it is late.
        ("S0+3/5 ~ S3+2/7", "C0+5", "S0..3/5 S3..5/7 C0..5/0"),
        ("S0+3/5 S5+2/7 ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~", "C0+5", "S0..3/5 S-2 S5..7/7 C0..5/0"),
    ] {
        let mut wire = Wire::default();
        wire.segment("S", Flags { ack: true, ..SYN }, -1, 0, &[]);
        wire.tokens(before);
        wire.segment("C", SYN, -1, 0, &[]);
        wire.tokens(after);
        assert_eq!(wire.out.trim_end(), expected, "{before}, then {after}");
    }
}

/// Met in the middle: the client's acks tell what the server has sent before the first of it was captured.
#[test]
fn what_was_acknowledged_since_a_side_was_met_is_lost_once_it_is_captured() {
    for (script, expected) in [
        ("C0+5 C5/3 C5+4/3 S3/9 S3+2/9 ~ ~", "C0..5/0 C5..9/3 S-3 S3..5/9"),
        ("C0+5 C5/3 C5+4/3 S3+2/9 ~ ~", "C0..5/0 C5..9/3 S-3 S3..5/9"),
        ("C0+5 C5/3 C5+4/3 S3/9 S3+2/9 S0+3/5", "C0..5/0 C5..9/3 S0..3/5 S3..5/9"),
        // More than any window.
        (
            "C0+5 C5/60000000 C5+4/120000000 S120000000+2/9",
            "C0..5/0 C5..9/120000000 S-120000000 S120000000..120000002/9",
        ),
        // A probe is no data.
        ("C0+5 C5/3 S2+1/5? C5+4/3 S3+2/9 ~ ~", "C0..5/0 S-3 C5..9/3 S3..5/9"),
        ("C0+5 C5/3 S3/5R", "C0..5/0 C. S."),
        ("C0+5 C5/3 C5+4/3 C9/3F", "C0..5/0 C5..9/3 C."),
    ] {
        let mut wire = Wire::default();
        wire.tokens(script);
        assert_eq!(wire.out.trim_end(), expected, "{script}");
    }
}

const SYN: Flags = Flags { syn: true, ack: false, fin: false, rst: false, psh: false };

/// Both SYNs, that of the client once more, then these.
fn wire_with_a_second_syn(before: &str, script: &str) -> Wire {
    let mut wire = wire(before);
    assert_eq!(wire.segment("C", SYN, -1, 0, &[]), Next::Continue);
    for token in script.split(' ') {
        assert_eq!(wire.token(token), Next::Continue, "{script}: {token}");
    }
    wire
}

/// Its SYN-ACK was not captured. Neither a copy of the SYN nor an ack alone is another connection.
#[test]
fn a_side_that_sends_from_where_the_other_awaits_it_is_on_another_connection() {
    for (script, token, next) in [
        ("C0/500000000", "S500000000+3/5", Next::Replace),
        ("C0/500000000", "S500000000/5", Next::Replace),
        ("C0+5/500000000", "S500000000+3/5", Next::Replace),
        ("C4+5/500000000", "S500001000+3/5", Next::Replace),
        ("C0/500000000", "S499999999+3/5", Next::Continue),
        ("C0/500000000", "S500000000/5R", Next::Continue),
        ("C0/500000000", "C0+5/0", Next::Continue),
        ("C0/0", "S500000000+3/5", Next::Continue),
        ("C5+5/3", "S3+3/5", Next::Continue),
    ] {
        let mut wire = wire_with_a_second_syn("C0+5 S0+3/5 C5+5/3", script);
        assert_eq!(wire.token(token), next, "{script}, then {token}");
    }
    assert_eq!(wire("C0+5 S0+3/5 C5+5/3 C0/500000000").token("S500000000+3/5"), Next::Continue);
}

/// The server throws it away (RFC 5961 §5) and takes what comes in its place.
#[test]
fn an_ack_of_what_was_never_sent_is_not_believed_because_of_a_copy_of_the_syn() {
    for (script, expected) in [
        ("C0+5/500000000x C0+5/0 S0+3/5", "C0..5/0 S0..3/5"),
        ("C0+5/500000000x S0/0 ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ C0+5/0 S0+3/5", "C0..5/0 S0..3/5"),
        ("C0/500000000 C0+5/500000000x C0+5/0 S0+3/5", "C0..5/0 S0..3/5"),
    ] {
        let wire = wire_with_a_second_syn("C0/0", script);
        assert_eq!(wire.out.trim_end(), expected, "{script}");
    }
}

/// It is not delivered on the connection that ends.
#[test]
fn what_came_before_the_answer_of_another_connection_is_counted() {
    let mut wire = wire_with_a_second_syn("C0/0", "C0+5/500000000x");
    assert_eq!(wire.token("S500000000+3/5"), Next::Replace);
    let out = &mut wire.out;
    wire.connection.finish(&mut wire.counters, &mut |side, event| tell(out, side, event));
    assert_eq!(wire.out.trim_end(), "C. S.");
    assert_eq!((wire.counters.unplaced_bytes, wire.counters.discarded.impossible_ack), (5, 1));
}

#[test]
fn data_that_is_acknowledged_tells_that_no_other_connection_began() {
    let mut wire = wire_with_a_second_syn("C0/0", "C0/500000000 C0+5 S0+3/5");
    assert_eq!(wire.token("S500000000+3/5"), Next::Continue);
    let mut wire = self::wire("C0+5 S0+3/5 C100000000+4/3 C5+5/3 S3+3/10");
    assert_eq!(wire.token("S6+2/100000004"), Next::Continue);
}

#[test]
fn a_syn_ack_with_the_same_number_that_acknowledges_what_was_never_sent_is_of_another_connection() {
    for (ack, next) in [(0, Next::Continue), (500_000_000, Next::Replace)] {
        let mut wire = wire("C0+5 S0+3/5");
        assert_eq!(wire.segment("S", Flags { ack: true, ..SYN }, -1, ack, &[]), next, "{ack}");
    }
}

/// No SYN was captured of the connection that took the place of this.
#[test]
fn what_the_other_side_acknowledges_is_no_stray() {
    for (script, token, next) in [
        ("C0+5 S0+3/5 C100000000+4/3", "S3+2/100000004", Next::Replace),
        ("C0+5 S0+3/5 C100000000+4/3", "S3/100000001", Next::Replace),
        ("C0+5 S0+3/5 C100000000+4/3", "S3+2/100000000", Next::Continue),
        ("C0+5 S0+3/5 C100000000+4/3", "S3+2/100000005", Next::Continue),
        ("C0+5 S0+3/5 C100000000+4/3", "C5+2/3", Next::Continue),
        // An ack of less than before: only after a pause.
        ("C0+5 S0+3/5 C5/3", "C100000000+4/1", Next::Continue),
        ("C0+5 S0+3/5 C5/3 ~", "C100000000+4/1", Next::Replace),
        ("C0+5 S0+3/5 C5/3 ~", "C100000000+4/3", Next::Continue),
    ] {
        assert_eq!(wire(script).token(token), next, "{script}, then {token}");
    }
}

#[test]
fn a_fin_is_no_byte_of_a_gap() {
    check("C0+5 C9F S0+3/10 ~ ~", "C0..5/0 C-4 C. S0..3/10");
}

#[test]
fn nothing_comes_after_a_fin_and_a_probe_is_no_data() {
    check("C0+5 C5F C5+3x", "C0..5/0 C.");
    check("C0+5 C9F C7+4 C5+2", "C0..5/0 C5..7/0 C7..9/0 C.");
    // The client has closed, or waits; its keep-alive probes (RFC 1122 §4.2.3.6) hold a byte that the server has.
    check("C0+5 S0/6 C5+1?x", "C0..5/0");
    check("C0+5 S0/9 C8+1?x ~ ~", "C0..5/0");
    check("C0+5 C5+1?", "C0..5/0 C5..6/0");
    // More was sent than that byte, so it is one of a text.
    check("C0+5 S0/9 C6+3 C5+1?", "C0..5/0 C5..6/0 C6..9/0");
}

/// It is of a connection to come, whose numbers are near on one side.
#[test]
fn what_was_acknowledged_did_not_come_with_an_impossible_ack() {
    for (script, expected, impossible_ack, known) in [
        // Of the 9 bytes, 3 are known, and 3 wait and are not acknowledged: the second time, the segment is counted for these.
        ("C0+5 S3+3/5 C5/6 S0+9/500000000x C5+5/6 ~ ~", "C0..5/0 S-3 S3..6/5 C5..10/6", 2, 3),
        ("C0+5 S3+3/5 C5/6 S0+3/500000000x C5+5/6 ~ ~", "C0..5/0 S-3 S3..6/5 C5..10/6", 1, 0),
        ("C0+5 S3+3/5 C5/6 S0+3/5 C5+5/6", "C0..5/0 S0..3/5 S3..6/5 C5..10/6", 0, 0),
    ] {
        let Wire { out, counters, .. } = wire(script);
        assert_eq!(out.trim_end(), expected, "{script}");
        let counted = (counters.discarded.impossible_ack, counters.retransmitted_bytes);
        assert_eq!(counted, (impossible_ack, known), "{script}");
    }
}

#[test]
fn bytes_without_a_place_are_counted() {
    for (script, unplaced, known) in [
        ("C0+5 S0+3/5 C100000000+4/3", 4, 0),
        ("C0+5 S0+3/5 C0+5/1000000000", 5, 0),
        ("C0+5 S0+3/5 C5+5/1000000000 S3/5 ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~", 5, 0),
        ("C0+5 S0+3/5 ~ C0+5/0", 0, 5),
    ] {
        let counters = wire(script).counters;
        assert_eq!((counters.unplaced_bytes, counters.retransmitted_bytes), (unplaced, known), "{script}");
    }
}
