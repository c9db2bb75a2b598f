//! The engine's assumptions about a connection whose beginning was not captured, and an answer that comes before its request.

use super::*;

const CLIENT: From = From::Client(1);
const SERVER: From = From::Server(1);

#[test]
fn a_method_that_lost_its_first_letters_or_stands_behind_a_body_is_none() {
    for (method, lines) in [
        ("GET", 1),
        ("REPORT", 1),
        ("PROPFIND", 1),
        ("ET", 0),
        ("T", 0),
        ("NNECT", 0),
        ("ELETE", 0),
        ("ATCH", 0),
        ("3f17aPOST", 0),
        ("UNLOCK", 1),
        ("M-SEARCH", 1),
        ("ROPFIND", 0),
        ("DATAPROPFIND", 0),
        ("XMKCOL", 0),
        ("BCOPY", 1),
        ("BDELETE", 1),
        ("BMOVE", 1),
        ("BPROPFIND", 1),
        ("BPROPPATCH", 1),
        ("CCM_POST", 1),
        ("XBMOVE", 0),
    ] {
        let bytes = format!("{method} /a HTTP/1.1\r\n\r\n").into_bytes();
        for end in 1..bytes.len() {
            let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
            let seq = send(&mut engine, CLIENT, 1, 1, &bytes[..end]);
            send(&mut engine, CLIENT, seq, 1, &bytes[end..]);
            assert_eq!(all_lines(&mut engine).len(), lines, "{method}, {end}");
        }
    }
}

/// The first request was not captured until it was sent again, by a client that had acked the answer.
#[test]
fn an_answer_before_its_request_leaves_the_next_one_alone() {
    let answer = |code: u32| format!("HTTP/1.1 {code} OK\r\nContent-Length: 0\r\n\r\n").into_bytes();
    let request = |path: &str| format!("GET /{path} HTTP/1.1\r\n\r\n").into_bytes();
    let asked = 1 + request("a").len() as u32;
    let answered = 1 + answer(200).len() as u32;
    let all_asked = asked + request("b").len() as u32;
    let frames = [
        syn(CLIENT, 0),
        syn_ack(SERVER, 0, 1),
        packet(CLIENT, 1, 1, b""),
        packet(SERVER, 1, asked, &answer(200)),
        packet(CLIENT, 1, answered, &request("a")),
        packet(CLIENT, asked, answered, &request("b")),
        packet(SERVER, answered, all_asked, &answer(201)),
    ];
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    for (at, frame) in (0..).zip(&frames) {
        engine.on_packet(Timestamp::from_micros(at), RAW_IP, frame, frame.len() as u32);
    }
    let lines = all_lines(&mut engine);
    let second = lines.iter().find(|line| line["statusCode"] == 201).unwrap();
    assert!(second["request"].is_null() || second["request"]["path"] == "/b", "{second}");
}

/// Three pipelined answers, the first of which is lost: where the second begins cannot be known, and that is counted.
#[test]
fn what_is_passed_over_is_counted() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let request = b"GET /a HTTP/1.1\r\n\r\n";
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn(CLIENT, 0), 40);
    let asked = send(&mut engine, CLIENT, 1, 1, &request.repeat(3));
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn_ack(SERVER, 0, 1), 40);
    let second = 1 + answer.len() as u32;
    send(&mut engine, SERVER, second, asked, &answer.repeat(2));
    assert_eq!(all_lines(&mut engine).len(), 3);
    let stats = engine.stats();
    assert_eq!((stats.gap_bytes, stats.http.passed_over_bytes), (u64::from(second) - 1, 2 * answer.len() as u64));
}

/// A connection that was idle since the capture began had no request outstanding.
#[test]
fn the_first_exchange_of_an_idle_connection_is_paired() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let request = b"GET /a HTTP/1.1\r\n\r\n";
    for (first_at, paired) in [(0, false), (99_000, false), (100_000, true), (59_000_000, true), (61_000_000, false)] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let frames = [
            (0, syn(From::Client(2), 0)),
            (first_at, packet(CLIENT, 1, 1, request)),
            (first_at + 10, packet(SERVER, 1, 1 + request.len() as u32, answer)),
        ];
        for (at, frame) in &frames {
            engine.on_tick(Timestamp::from_micros(*at));
            engine.on_packet(Timestamp::from_micros(*at), RAW_IP, frame, frame.len() as u32);
        }
        let lines = all_lines(&mut engine);
        assert_eq!((lines.len(), lines[1]["request"]["path"] == "/a"), (2, paired), "{first_at}");
    }
}

/// Data may have come with a SYN that was not captured (RFC 7413), unless the SYN itself says that it did not.
#[test]
fn without_the_syn_the_first_answer_is_not_paired_and_with_a_late_one_it_is() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let request = b"GET /a HTTP/1.1\r\n\r\n";
    let asked = 1 + request.len() as u32;
    for with_syn in [false, true] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let mut frames = vec![syn_ack(SERVER, 0, 1), packet(CLIENT, 1, 1, request)];
        if with_syn {
            frames.push(syn(CLIENT, 0));
        }
        frames.push(packet(SERVER, 1, asked, answer));
        for (at, frame) in (0..).zip(&frames) {
            engine.on_packet(Timestamp::from_micros(at), RAW_IP, frame, frame.len() as u32);
        }
        let lines = all_lines(&mut engine);
        assert_eq!((lines.len(), lines[1]["request"]["path"] == "/a"), (2, with_syn));
    }
}

/// The server's packets come first. The client still speaks HTTP up to where the server had received it when it switched.
#[test]
fn requests_that_come_behind_the_answer_that_switches_are_read() {
    let switch = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let requests = b"GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let said = [&requests[..], b"GET /no HTTP/1.1\r\n\r\n"].concat();
    let asked = 1 + requests.len() as u32;
    for end in 1..said.len() {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        send(&mut engine, SERVER, 1, asked, switch);
        let seq = send(&mut engine, CLIENT, 1, 1, &said[..end]);
        send(&mut engine, CLIENT, seq, 1, &said[end..]);
        let paths: Vec<_> =
            all_lines(&mut engine).iter().filter_map(|line| line["path"].as_str().map(str::to_owned)).collect();
        assert_eq!(paths, ["/a", "/b"], "cut at {end}");
        assert_eq!(engine.stats().http.switched_bytes, (said.len() - requests.len()) as u64);
    }
}

/// The server switches before it has all of the head.
#[test]
fn a_head_that_is_not_over_when_its_answer_switches_comes_to_its_end() {
    let request = b"GET /a HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let switch = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    for end in 1..request.len() {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let seq = send(&mut engine, CLIENT, 1, 1, &request[..end]);
        send(&mut engine, SERVER, 1, seq, switch);
        let seq = send(&mut engine, CLIENT, seq, 1, &request[end..]);
        send(&mut engine, CLIENT, seq, 1, b"GET /no HTTP/1.1\r\n\r\n");
        let paths: Vec<_> =
            all_lines(&mut engine).iter().filter_map(|line| line["path"].as_str().map(str::to_owned)).collect();
        assert_eq!(paths, ["/a"], "cut at {end}");
    }
}

/// The server answers before it has all of the head (431, RFC 6585 §5).
#[test]
fn an_answer_to_half_a_head_is_not_the_answer_to_the_request_before() {
    let (first, second) = (b"GET /a HTTP/1.1\r\n\r\n", b"GET /b HTTP/1.1\r\nX: y\r\n\r\n");
    let answer = b"HTTP/1.1 431 X\r\nContent-Length: 0\r\n\r\n";
    let [asked, answered] = [1 + first.len() as u32, 100 + answer.len() as u32];
    for end in 1..second.len() {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        for frame in [syn(CLIENT, 0), syn_ack(SERVER, 0, 1), packet(CLIENT, 1, 1, first)] {
            engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &frame, frame.len() as u32);
        }
        send(&mut engine, SERVER, 100, asked, answer); // an interim response before it is lost
        let seq = send(&mut engine, CLIENT, asked, answered, &second[..end]);
        let all = send(&mut engine, SERVER, answered, seq, answer);
        send(&mut engine, CLIENT, seq, all, &second[end..]);
        let lines = all_lines(&mut engine);
        let wrong = lines.iter().filter(|line| line["statusCode"] == 431 && line["request"]["path"] == "/a").count();
        assert_eq!((lines.len(), wrong), (3, 0), "cut at {end}");
    }
}
