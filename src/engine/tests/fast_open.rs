//! TCP Fast Open (RFC 7413): data on the SYN, taken by the server or sent again.

use super::*;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);
const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\n\r\n";
const SECOND: &[u8] = b"GET /b HTTP/1.1\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
const ASKED: u32 = 1 + REQUEST.len() as u32;
const ANSWERED: u32 = 1 + RESPONSE.len() as u32;

fn syn_with_data() -> Vec<u8> {
    let mut frame = packet(CLIENT, 0, 0, REQUEST);
    frame[33] = 0x02;
    frame
}

/// The path that each response is said to answer.
fn answered(frames: &[Vec<u8>]) -> Vec<String> {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    for frame in frames {
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, frame, frame.len() as u32);
    }
    let lines = all_lines(&mut engine);
    let responses = lines.iter().filter(|line| line["direction"] == "response");
    responses.map(|line| line["request"]["path"].as_str().unwrap_or("?").to_owned()).collect()
}

#[test]
fn data_on_the_syn_is_read_once_whether_the_server_took_it_or_not() {
    let rest = |again: bool| {
        let acked = if again { 1 } else { ASKED };
        let mut frames = vec![syn_with_data(), syn_ack(SERVER, 0, acked)];
        if again {
            frames.push(packet(CLIENT, 1, 1, REQUEST));
        }
        frames.push(packet(SERVER, 1, ASKED, RESPONSE));
        frames.push(packet(CLIENT, ASKED, ANSWERED, SECOND));
        frames.push(packet(SERVER, ANSWERED, ASKED + SECOND.len() as u32, RESPONSE));
        frames
    };
    assert_eq!(answered(&rest(false)), ["/a", "/b"]);
    assert_eq!(answered(&rest(true)), ["/a", "/b"]);
}

/// The client forgot the connection before, and the server has not heard of that yet.
#[test]
fn data_on_the_syn_of_a_connection_in_the_place_of_another() {
    const NEW: u32 = 500_000_000;
    let asked = NEW + SECOND.len() as u32 + 1;
    let before = [
        syn(CLIENT, 0),
        syn_ack(SERVER, 0, 1),
        packet(CLIENT, 1, 1, REQUEST),
        packet(SERVER, 1, ASKED, RESPONSE),
        packet(CLIENT, ASKED, ANSWERED, b""),
    ];
    let mut opening = packet(CLIENT, NEW, 0, SECOND);
    opening[33] = 0x02;
    let response = packet(SERVER, NEW + 1, asked, RESPONSE);
    let third = packet(CLIENT, asked, NEW + 1 + RESPONSE.len() as u32, REQUEST);
    for (taken, again) in [(true, false), (false, true), (true, true)] {
        let mut frames = [&before[..], &[opening.clone()]].concat();
        frames.push(syn_ack(SERVER, NEW, if taken { asked } else { NEW + 1 }));
        if again {
            frames.push(packet(CLIENT, NEW + 1, NEW + 1, SECOND));
        }
        frames.extend([response.clone(), third.clone()]);
        frames.push(packet(SERVER, NEW + 1 + RESPONSE.len() as u32, asked + REQUEST.len() as u32, RESPONSE));
        assert_eq!(answered(&frames), ["/a", "/b", "/a"], "{taken} {again}");
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        for frame in &frames {
            engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, frame, frame.len() as u32);
        }
        assert_eq!((engine.stats().flow.unplaced_bytes, engine.stats().gaps), (0, 0), "{taken} {again}");
    }
}

#[test]
fn data_on_a_syn_that_is_captured_late_is_read() {
    let frames = [syn_ack(SERVER, 0, ASKED), syn_with_data(), packet(SERVER, 1, ASKED, RESPONSE)];
    assert_eq!(answered(&frames), ["/a"]);
}

#[test]
fn data_on_a_syn_that_was_lost_is_missing() {
    // The third segment of the handshake stands where the data stood.
    let frames = [
        syn_ack(SERVER, 0, ASKED),
        packet(CLIENT, 1, 1, b""),
        packet(CLIENT, ASKED, 1, SECOND),
        packet(SERVER, 1, ASKED, RESPONSE),
    ];
    assert!(!answered(&frames).contains(&"/b".to_owned()));
}

#[test]
fn an_answer_that_may_not_be_the_first_is_not_given_to_the_request_on_the_syn() {
    // The SYN-ACK, the first response and the second request are lost.
    let second = ASKED + SECOND.len() as u32;
    let frames = [
        syn_with_data(),
        packet(SERVER, ANSWERED, second, RESPONSE),
        packet(CLIENT, second, 2 * ANSWERED - 1, SECOND),
        packet(SERVER, 2 * ANSWERED - 1, second + SECOND.len() as u32, RESPONSE),
    ];
    assert!(!answered(&frames).contains(&"/a".to_owned()));
}
