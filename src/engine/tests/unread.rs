//! Packets that are not understood are named: by link type, or by what is wrong with them.

use super::*;

fn give(engine: &mut Engine, linktype: LinkType, frame: &[u8]) {
    engine.on_packet(Timestamp::from_micros(1), linktype, frame, frame.len() as u32);
}

fn what(engine: &Engine) -> Option<(u64, String)> {
    engine.not_understood().map(|not| (not.packets, not.what))
}

#[test]
fn each_link_type_is_said_once_and_counted_apart() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    give(&mut engine, RAW_IP, &packet(From::Client(1), 1, 1, b"GET / HTTP/1.1\r\n\r\n"));
    assert_eq!(what(&engine), None);
    for linktype in [147, 9_999, 147] {
        give(&mut engine, linktype, &[0; 60]);
    }
    give(&mut engine, RAW_IP, &[0x45; 8]);
    let told: Vec<_> = engine.take_notices().into_iter().map(|notice| (notice.kind, notice.fields)).collect();
    let expected = ["USER0 (147)", "9999"].map(|name| ("unknown-link-type", vec![("linkType", name.to_owned())]));
    assert_eq!(told, expected);
    let words = "2 of link type USER0 (147), 1 of link type 9999, 1 cut off in the IP header";
    assert_eq!(what(&engine), Some((4, words.to_owned())));
}

#[test]
fn link_types_without_end_are_counted_together() {
    let mut engine = Engine::new(EngineConfig::for_ports(&[SERVER_PORT]));
    for linktype in 1_000..2_000 {
        give(&mut engine, linktype, b"");
    }
    let (packets, words) = what(&engine).unwrap();
    assert_eq!(packets, 1_000);
    assert!(words.starts_with("1 of link type 1000, ") && words.len() < 1_000, "{words}");
    assert!(words.ends_with(", 984 of a link type that is not read"), "{words}");
}
