//! A connection without TLS gives the same messages whether secrets of TLS are given or not, whatever of it was not captured.

use super::*;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);

/// Frames of a conversation: each side's bytes in turn, each acknowledged by the other's next frame, then both ends.
fn conversation(turns: &[(From, &[u8])]) -> Vec<Vec<u8>> {
    let mut next = [1, 1];
    let mut frames = vec![syn(CLIENT, 0), syn_ack(SERVER, 0, 1)];
    let mut send = |from: From, payload: &[u8], is_end: bool| {
        let [client, server] = next;
        let (seq, ack) = if from == CLIENT { (client, server) } else { (server, client) };
        let mut frame = packet(from, seq, ack, payload);
        frame[33] |= u8::from(is_end);
        next[usize::from(from == SERVER)] += payload.len() as u32 + u32::from(is_end);
        frames.push(frame);
    };
    turns.iter().for_each(|(from, payload)| send(*from, payload, false));
    [CLIENT, SERVER].into_iter().for_each(|from| send(from, b"", true));
    send(CLIENT, b"", false);
    frames
}

/// The lines of the frames whose bit in `captured` is set.
fn lines(frames: &[Vec<u8>], captured: usize, tls: bool) -> Vec<serde_json::Value> {
    let mut config = EngineConfig::for_ports(&[SERVER_PORT]);
    config.tls = tls;
    let mut engine = Engine::new(config);
    for (at, frame) in frames.iter().enumerate().filter(|(at, _)| captured & (1 << at) != 0) {
        engine.on_packet(Timestamp::from_micros(at as i64), RAW_IP, frame, frame.len() as u32);
    }
    all_lines(&mut engine)
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn any_loss_is_read_alike() {
    let [a, b, c] = ["/a", "/b", "/c"].map(answer);
    let asks = "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
    let asks_again = "GET /c HTTP/1.1\r\n\r\n";
    let (first, rest) = a.split_at(3);
    let frames = conversation(&[
        (CLIENT, asks.as_bytes()),
        (SERVER, first.as_bytes()),
        (SERVER, rest.as_bytes()),
        (SERVER, b.as_bytes()),
        (CLIENT, asks_again.as_bytes()),
        (SERVER, c.as_bytes()),
    ]);
    for captured in 0..1 << frames.len() {
        assert_eq!(lines(&frames, captured, true), lines(&frames, captured, false), "{captured:#013b}");
    }
}

/// The bytes in a tunnel are read only with secrets, so each answer's body names its request here.
#[test]
fn any_loss_in_a_tunnel_leaves_the_pairs_right() {
    let [a, b] = ["/a", "/b"].map(answer);
    let frames = conversation(&[
        (CLIENT, b"CONNECT shop.invalid:80 HTTP/1.1\r\n\r\n"),
        (SERVER, b"HTTP/1.1 200 OK\r\n\r\n"),
        (CLIENT, b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
        (SERVER, a.as_bytes()),
        (SERVER, b.as_bytes()),
    ]);
    for captured in 0..1 << frames.len() {
        for line in lines(&frames, captured, true) {
            let (body, request) = (&line["body"], &line["request"]);
            let names_one = request["method"] == "GET" && line["incomplete"].is_null();
            assert!(!names_one || *body == request["path"], "{captured:#012b}: {line}");
        }
    }
}
