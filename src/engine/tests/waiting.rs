//! Lines that wait for the status of an answer.

use super::*;
use crate::message::selection::Rule;

#[test]
fn a_request_that_ends_after_its_answers_is_shown_as_they_are() {
    for (answer, others) in [("200", vec!["100", "200"]), ("404", vec![])] {
        let include = vec![Rule { status: Some(answer.to_owned()), ..Rule::default() }];
        let mut engine = Engine::new(EngineConfig { include, ..EngineConfig::for_ports(&[SERVER_PORT]) });
        let syn = syn(From::Client(1), 0);
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
        let ask = b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab";
        let client = send(&mut engine, From::Client(1), 1, 1, ask);
        let answers = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let server = send(&mut engine, From::Server(1), 1, client, answers);
        send(&mut engine, From::Client(1), client, server, b"cd");
        let lines = all_lines(&mut engine);
        let seen: Vec<_> = lines.iter().filter_map(|line| line["statusCode"].as_u64()).map(|n| n.to_string()).collect();
        assert_eq!(seen, others);
        let requests: Vec<_> =
            lines.iter().filter_map(|line| line["body"].as_str().zip(line["path"].as_str())).collect();
        assert_eq!(requests, if others.is_empty() { vec![] } else { vec![("abcd", "/up")] });
    }
}
