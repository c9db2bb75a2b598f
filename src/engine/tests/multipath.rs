//! A connection that carries a part of an MPTCP stream is read as far as that part is whole.

use super::*;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\n\r\n";
const ASKED: u32 = 1 + REQUEST.len() as u32;
const CAPABLE: &[u8] = &[30, 4, 0x01, 0x01];
const JOIN: &[u8] = &[30, 12, 0x10, 2, 1, 2, 3, 4, 5, 6, 7, 8];

/// The frame with options after its TCP header.
fn with_options(mut frame: Vec<u8>, options: &[u8]) -> Vec<u8> {
    let total = (frame.len() + options.len()) as u16;
    frame[2..4].copy_from_slice(&total.to_be_bytes());
    frame[32] += (options.len() as u8 / 4) << 4;
    frame.splice(40..40, options.iter().copied());
    frame
}

/// From `seq` of a subflow that began at 0, as the byte `place` of the stream.
fn mapped(from: From, seq: u32, ack: u32, place: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    let signal = [&[30, 16, 0x20, 0x04][..], &place.to_be_bytes(), &seq.to_be_bytes(), &len, &[0, 0]].concat();
    with_options(packet(from, seq, ack, payload), &signal)
}

fn outcome(frames: &[Vec<u8>]) -> (Vec<String>, u64) {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    for frame in frames {
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, frame, frame.len() as u32);
    }
    let lines = all_lines(&mut engine);
    let short = |line: &serde_json::Value| {
        let what = line["path"].as_str().or(line["body"].as_str()).unwrap_or_default();
        format!("{what} {}", line["incomplete"].as_str().unwrap_or("whole"))
    };
    (lines.iter().map(short).collect(), engine.stats().flow.mptcp_connections)
}

fn head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

/// A response of nine bytes whose middle is in the stream at `middle`, and comes here only if the places follow each other.
fn exchange(shift: u32) -> Vec<Vec<u8>> {
    let first = [&head(9)[..], b"abc"].concat();
    let seq = 1 + first.len() as u32;
    vec![
        with_options(syn(CLIENT, 0), CAPABLE),
        with_options(syn_ack(SERVER, 0, 1), CAPABLE),
        mapped(CLIENT, 1, 1, 1, REQUEST),
        mapped(SERVER, 1, ASKED, 1, &first),
        mapped(SERVER, seq, ASKED, seq.wrapping_add(shift), b"ghi"),
        mapped(SERVER, seq + 3, ASKED, (seq + 3).wrapping_add(shift), b"jkl"),
        mapped(SERVER, seq + 6, ASKED, (seq + 6).wrapping_add(shift), &[&head(2)[..], b"no"].concat()),
        mapped(CLIENT, ASKED, seq, ASKED, REQUEST),
    ]
}

#[test]
fn one_path_alone_is_read_as_usual() {
    assert_eq!(outcome(&exchange(0)[..6]), (vec!["/a whole".into(), "abcghijkl whole".into()], 0));
}

#[test]
fn where_bytes_came_by_another_path_nothing_is_whole() {
    for shift in [3, 1_000, u32::MAX] {
        let (lines, connections) = outcome(&exchange(shift));
        assert_eq!((lines, connections), (vec!["/a whole".into(), "abc gap".into()], 1), "{shift}");
    }
}

#[test]
fn a_path_that_joins_is_not_read() {
    let whole = [&head(2)[..], b"ok"].concat();
    for (syn_options, answer_options) in [(JOIN, JOIN), (JOIN, &[][..])] {
        let frames = [
            with_options(syn(CLIENT, 0), syn_options),
            with_options(syn_ack(SERVER, 0, 1), answer_options),
            mapped(CLIENT, 1, 1, 500, REQUEST),
            mapped(SERVER, 1, ASKED, 500, &whole),
        ];
        assert_eq!(outcome(&frames), (vec![], 1));
    }
}

#[test]
fn a_server_that_does_not_answer_the_offer_speaks_plain_tcp() {
    let frames = [
        with_options(syn(CLIENT, 0), CAPABLE),
        syn_ack(SERVER, 0, 1),
        packet(CLIENT, 1, 1, REQUEST),
        packet(SERVER, 1, ASKED, &[&head(2)[..], b"ok"].concat()),
    ];
    assert_eq!(outcome(&frames), (vec!["/a whole".into(), "ok whole".into()], 0));
}

#[test]
fn a_new_connection_on_the_same_ports_is_read() {
    let mut frames = exchange(1_000);
    frames.push(syn(CLIENT, 70_000));
    frames.push(syn_ack(SERVER, 90_000, 70_001));
    frames.push(packet(CLIENT, 70_001, 90_001, REQUEST));
    assert_eq!(outcome(&frames).0, ["/a whole", "abc gap", "/a whole"]);
}
