//! Segments of one direction in, its holes out (`display.rs`).
//!
//! ```text
//! 4+3   3 bytes at 4; after it ?: in doubt, F: a FIN at its end, !: cut off by the snaplen, x: other bytes
//! |9    what is missing before 9 is given up
//! ```

use super::*;

fn byte_at(position: u64) -> u8 {
    (position % 251) as u8
}

#[derive(Default)]
struct Direction {
    reassembler: Reassembler,
    known: u64,
    wrong: bool,
    gaps: u64,
}

impl Direction {
    fn new() -> Self {
        let mut direction = Self::default();
        direction.reassembler.start(SeqNumber(1_000));
        direction
    }

    fn token(&mut self, token: &str) {
        let (wrong, gaps) = (&mut self.wrong, &mut self.gaps);
        let mut sink = |event: StreamEvent<'_>| match event {
            StreamEvent::Data(bytes, meta) => {
                let start = meta.position.since(Position::ORIGIN);
                *wrong |= bytes.iter().zip(start..).any(|(&byte, at)| byte != byte_at(at));
            }
            StreamEvent::Gap { len } => *gaps += len,
            StreamEvent::End { .. } => {}
        };
        if let Some(position) = token.strip_prefix('|') {
            self.reassembler.give_up_to(Position::ORIGIN + position.parse::<u64>().unwrap(), &mut sink);
        } else {
            let numbers = token.trim_end_matches(|c: char| !c.is_ascii_digit());
            let (start, len) = numbers.split_once('+').unwrap();
            let [start, len] = [start, len].map(|number| number.parse::<u64>().unwrap());
            let is_lost = token.contains('!');
            let payload: Vec<u8> =
                (start..start + len).map(|at| if token.contains('x') { 0xff } else { byte_at(at) }).collect();
            let piece = Piece {
                start: Position::ORIGIN + start,
                payload: if is_lost { &[] } else { &payload },
                missing: if is_lost { len as u32 } else { 0 },
                at: Timestamp::from_micros(1),
                arrived: Timestamp::from_micros(1),
                acked: Position::ORIGIN,
                doubt: token.contains('?').then_some(Doubt::Checksum),
                fin: false,
            };
            if token.contains('F') {
                self.reassembler.finish_at(piece.end());
            }
            let discarded = &mut crate::flow::counters::Discarded::default();
            self.reassembler.displace_by(&piece, Position::ORIGIN, discarded);
            self.known += self.reassembler.keep(&piece, discarded);
        }
        while self.reassembler.first_waiting().is_some_and(|first| first.doubt.is_none())
            && self.reassembler.deliver_first(&mut sink)
        {}
        self.reassembler.end_at_fin(&mut sink);
    }
}

fn direction(script: &str) -> Direction {
    let mut direction = Direction::new();
    script.split_whitespace().for_each(|token| direction.token(token));
    assert!(!direction.wrong, "{script}: other bytes than were sent");
    direction
}

fn check(script: &str, expected: &str) {
    assert_eq!(direction(script).reassembler.to_string(), expected, "{script}");
}

#[test]
fn a_direction_begins_with_its_syn() {
    assert_eq!(Reassembler::default().to_string(), "not begun");
    check("", "0..0");
}

#[test]
fn a_hole_is_before_what_came_early() {
    check("5+2", "0..0 (5) 5..7");
    check("0+2 5+2 9+1", "0..2 (3) 5..7 (2) 9..10");
    check("9+1 5+2", "0..0 (5) 5..7 (2) 9..10");
}

#[test]
fn a_hole_that_is_filled_is_gone() {
    check("5+2 0+5", "0..7");
    check("5+2 9+1 0+5", "0..7 (2) 9..10");
    check("5+2 9+1 0+12", "0..12");
}

#[test]
fn bytes_that_wait_are_kept_once() {
    check("5+4 5+4", "0..0 (5) 5..9");
    check("5+4 7+4", "0..0 (5) 5..9 9..11");
    check("5+4 3+4", "0..0 (3) 3..5 5..9");
    check("5+2 9+2 4+8", "0..0 (4) 4..5 5..7 7..9 9..11 11..12");
    assert_eq!(direction("5+4 7+4 3+4").known, 4);
}

#[test]
fn the_first_capture_of_a_byte_wins() {
    check("2+2 2+2x", "0..0 (2) 2..4");
    check("2+2 2+2x 0+2", "0..4");
}

#[test]
fn bytes_in_doubt_wait_and_make_way() {
    check("0+5?", "0..0 0..5?");
    check("0+5x? 0+5", "0..5");
    check("0+9x? 3+2", "0..0 0..3? 3..5 5..9?");
}

#[test]
fn bytes_that_were_cut_off_are_a_gap_once_it_is_their_turn() {
    check("5+2!", "0..0 (5) 5..7!");
    let direction = direction("5+2! 0+5");
    assert_eq!((direction.reassembler.to_string().as_str(), direction.gaps), ("0..7", 2));
}

#[test]
fn a_hole_that_is_given_up_is_a_gap() {
    let direction = direction("0+2 5+2 |5");
    assert_eq!((direction.reassembler.to_string().as_str(), direction.gaps), ("0..7", 3));
}

#[test]
fn a_fin_waits_for_the_bytes_before_it() {
    check("5+2F", "0..0 (5) 5..7 F7");
    check("5+2F 0+5", "0..8 F7 ended");
}
