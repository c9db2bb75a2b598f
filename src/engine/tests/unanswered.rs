//! Which exchanges are told of that ended without a response.

use super::*;
use crate::message::selection::Rule;

/// The ids of a connection on which two requests come and nothing else, with how it ended.
fn told(include: &[Rule], exclude: &[Rule]) -> Vec<String> {
    let config = EngineConfig {
        include: include.to_vec(),
        exclude: exclude.to_vec(),
        ..EngineConfig::for_ports(&[SERVER_PORT])
    };
    let mut engine = Engine::new(config);
    let (client, server) = (From::Client(1), From::Server(1));
    let requests = [b"GET /a HTTP/1.1\r\n\r\n".as_slice(), b"GET /b HTTP/1.1\r\n\r\n"].concat();
    let asked = 1 + requests.len() as u32;
    let mut fin = packet(server, 1, asked, b"");
    fin[33] = 0x11;
    for frame in [syn(client, 0), syn_ack(server, 0, 1), packet(client, 1, 1, &requests), fin] {
        engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &frame, frame.len() as u32);
    }
    engine.take_unanswered().into_iter().map(|(id, how)| format!("{id} {how}")).collect()
}

#[test]
fn those_that_are_shown_and_no_others() {
    let path = |path: &str| Rule { path: Some(path.to_owned()), ..Rule::default() };
    let status = |status: &str| Rule { status: Some(status.to_owned()), ..Rule::default() };
    let cases: [(&[Rule], &[Rule], &[&str]); 6] = [
        (&[], &[], &["1.1 closed server@1000000", "1.2 closed server@1000000"]),
        (&[path("/b")], &[], &["1.2 closed server@1000000"]),
        (&[], &[path("/b")], &["1.1 closed server@1000000"]),
        (&[path("/b")], &[path("/b")], &[]),
        (&[status("5xx")], &[], &[]),
        (&[], &[status("5xx")], &["1.1 closed server@1000000", "1.2 closed server@1000000"]),
    ];
    for (include, exclude, expected) in cases {
        assert_eq!(told(include, exclude), expected, "{include:?} {exclude:?}");
    }
}
