//! What is shown of secrets in traffic, in the log and in messages.

use super::*;

fn samples(client: &[u8]) -> Vec<String> {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    let syn = syn(From::Client(1), 0);
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, &syn, syn.len() as u32);
    send(&mut engine, From::Client(1), 1, 1, client);
    let fields = engine.take_notices().into_iter().flat_map(|notice| notice.fields);
    fields.filter(|(name, _)| *name == "sample").map(|(_, sample)| sample).collect()
}

#[test]
fn a_sample_ends_before_anything_that_may_be_secret() {
    for (bytes, sample) in [
        (b"SSH-2.0-OpenSSH_9.6\r\n".as_slice(), "SSH-2.0-OpenSSH_"),
        (b"AUTH hunter2\r\n", "AUTH"),
        (b"GET /?token=hunter2\r\n", "GET"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03"),
    ] {
        assert_eq!(samples(bytes), [sample]);
    }
    // Broken HTTP: the bytes are somebody's message.
    assert!(samples(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nhunter2\r\nhunter2 hunter2\r\n").is_empty());
}

#[test]
fn a_secret_field_is_redacted_however_its_name_is_dressed_up() {
    for name in ["Authorization", "AUTHORIZATION ", "Authorization\x0b", "x\rAuthorization", "\x01Cookie"] {
        let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
        let request = format!("GET / HTTP/1.1\r\n{name}: hunter2\r\n\r\n");
        send(&mut engine, From::Client(1), 1, 1, request.as_bytes());
        let lines = all_lines(&mut engine);
        assert_eq!(lines.len(), 1, "{name:?}");
        assert!(!lines[0].to_string().contains("hunter2"), "{name:?}: {}", lines[0]);
    }
}
