//! Where one direction was never captured, nothing of it is missing.

use super::*;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Fin,
    Reset,
    None,
}

/// Two exchanges of which only what `from` sends is captured; how many messages come of it, and the gaps.
fn capture(from: From, with_syn: bool, ending: Ending, lost: Option<usize>) -> (usize, u64) {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let (mine, theirs) = if from == CLIENT { (REQUEST, RESPONSE) } else { (RESPONSE, REQUEST) };
    let [mine_len, theirs_len] = [mine.len() as u32, theirs.len() as u32];
    let mut frames = Vec::new();
    if with_syn {
        frames.push(if from == CLIENT { syn(from, 0) } else { syn_ack(from, 0, 1) });
    }
    for n in 0..2 {
        let before = if from == CLIENT { n } else { n + 1 };
        frames.push(packet(from, 1 + n * mine_len, 1 + before * theirs_len, mine));
        frames.push(packet(from, 1 + (n + 1) * mine_len, 1 + (n + 1) * theirs_len, b""));
    }
    let [seq, ack] = [1 + 2 * mine_len, 1 + 2 * theirs_len];
    match ending {
        Ending::Fin => {
            let mut fin = packet(from, seq, ack, b"");
            fin[33] |= 0x01;
            frames.push(fin);
            frames.push(packet(from, seq + 1, ack + 1, b""));
        }
        Ending::Reset => frames.push(reset(from, seq, ack)),
        Ending::None => {}
    }
    if let Some(index) = lost {
        frames.remove(usize::from(with_syn) + index);
    }
    for frame in frames {
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &frame, frame.len() as u32);
    }
    let lines = all_lines(&mut engine);
    assert!(lines.iter().all(|line| line["incomplete"].is_null()), "{lines:?}");
    (lines.len(), engine.stats().gaps)
}

#[test]
fn no_gap_is_claimed_of_the_other_side() {
    for from in [CLIENT, SERVER] {
        for with_syn in [true, false] {
            for ending in [Ending::Fin, Ending::Reset, Ending::None] {
                let case = format!("{from:?}, SYN {with_syn}, {ending:?}");
                assert_eq!(capture(from, with_syn, ending, None), (2, 0), "{case}");
            }
        }
    }
}

#[test]
fn a_gap_of_the_side_that_was_captured_is_one() {
    for from in [CLIENT, SERVER] {
        assert_eq!(capture(from, true, Ending::Fin, Some(0)).1, 1, "{from:?}");
    }
}
