//! Which packets are said to be a connection's.

use super::*;

const IDENTIFICATION: u16 = 7;

/// A packet of client 1 from this port, with `IDENTIFICATION`.
fn from_port(port: u16, seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = packet(From::Client(1), seq, 1, payload);
    frame[4..6].copy_from_slice(&IDENTIFICATION.to_be_bytes());
    frame[20..22].copy_from_slice(&port.to_be_bytes());
    frame
}

/// In two pieces.
fn fragments(frame: &[u8]) -> [Vec<u8>; 2] {
    let (header, payload) = frame.split_at(20);
    let (first, last) = payload.split_at(24);
    [(0x2000_u16, first), (3, last)].map(|(flags, piece)| {
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&((20 + piece.len()) as u16).to_be_bytes());
        header[6..8].copy_from_slice(&flags.to_be_bytes());
        [&header, piece].concat()
    })
}

/// The numbers of the packets of the last connection; each packet came at this second.
fn of_last(frames: &[(i64, Vec<u8>)]) -> Vec<u64> {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let mut connections = Numbers::default();
    let last = {
        let mut numbering = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let mut feed = |at: i64, frame: &[u8]| {
            numbering.on_packet(Timestamp::from_micros(at * 1_000_000), RAW_IP, frame, frame.len() as u32);
        };
        frames.iter().for_each(|(at, frame)| feed(*at, frame));
        let lines = all_lines(&mut numbering);
        let numbers = lines.iter().filter_map(|line| line["id"].as_str()?.split('.').next()?.parse().ok());
        numbers.max().unwrap()
    };
    assert!(connections.insert(last));
    engine.follow(Trail::new(connections, false));
    for (at, frame) in frames {
        engine.on_packet(Timestamp::from_micros(at * 1_000_000), RAW_IP, frame, frame.len() as u32);
    }
    let trail = engine.take_trail().unwrap();
    assert_eq!(trail.missing(), 0);
    let (packets, _) = trail.into_parts();
    (0..frames.len() as u64).filter(|&number| packets.contains(number)).collect()
}

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\n\r\n";

#[test]
fn fragments_of_a_datagram_that_expired_are_not_the_next_one_s() {
    let [lost, _] = fragments(&from_port(40_001, 1, REQUEST));
    let [first, last] = fragments(&from_port(40_002, 1, REQUEST));
    // The clock believes no leap.
    let between = (2..40).map(|second| (second, packet(From::Client(9), 1, 1, b"")));
    let frames: Vec<_> = [(1, lost)].into_iter().chain(between).chain([(40, first), (40, last)]).collect();
    assert_eq!(of_last(&frames), [39, 40]);
}
