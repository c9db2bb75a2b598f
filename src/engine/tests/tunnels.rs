//! Packets in tunnels: read once, counted once, and not at all where that was switched off.

use super::*;

const REQUEST: &[u8] = b"GET /inside HTTP/1.1\r\nHost: a\r\n\r\n";

fn engine() -> Engine {
    Engine::new(EngineConfig::for_ports(&[SERVER_PORT]))
}

fn give(engine: &mut Engine, frame: &[u8]) {
    engine.on_packet(Timestamp::from_micros(1_000_000), RAW_IP, frame, frame.len() as u32);
}

/// An IPv4 packet between other hosts that carries `payload`, or the part of it that `fragment` says.
fn outer(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = (20 + payload.len() as u16).to_be_bytes();
    let field = fragment.to_be_bytes();
    let mut bytes = vec![0x45, 0, total[0], total[1], 0, 9, field[0], field[1], 64, protocol, 0, 0];
    bytes.extend([172, 16, 0, 1, 172, 16, 0, 2]);
    bytes.extend(payload);
    bytes
}

fn vxlan(packet: &[u8]) -> Vec<u8> {
    let inner = [&[8, 0, 0, 0, 0, 0, 1, 0][..], &[2; 12], &[8, 0], packet].concat();
    let len = (8 + inner.len() as u16).to_be_bytes();
    [&[0xc0, 0, 0x12, 0xb5, len[0], len[1], 0, 0][..], &inner].concat()
}

fn request() -> Vec<u8> {
    packet(From::Client(1), 1, 1, REQUEST)
}

/// In fragments of at most 24 bytes.
fn in_fragments(protocol: u8, payload: &[u8]) -> Vec<Vec<u8>> {
    let last = payload.len().div_ceil(24) - 1;
    let parts = payload.chunks(24).enumerate();
    parts.map(|(n, part)| outer(protocol, if n < last { 0x2000 } else { 0 } | (n as u16 * 3), part)).collect()
}

#[test]
fn the_ends_of_the_inner_packet_are_told() {
    for (protocol, payload) in [(4, request()), (17, vxlan(&request()))] {
        let mut engine = engine();
        give(&mut engine, &outer(protocol, 0, &payload));
        let stats = engine.stats();
        assert_eq!((stats.packets, stats.segments, stats.decapsulated, stats.not_tcp), (1, 1, 1, 0));
        let lines = all_lines(&mut engine);
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["destination"]["ip"], &lines[0]["path"]), (&"10.0.0.1".into(), &"/inside".into()));
    }
}

#[test]
fn what_is_seen_in_the_tunnel_and_outside_is_one_message() {
    for tunnel_first in [true, false] {
        let mut engine = engine();
        let mut frames = [request(), outer(17, 0, &vxlan(&request()))];
        if tunnel_first {
            frames.reverse();
        }
        frames.iter().for_each(|frame| give(&mut engine, frame));
        assert_eq!(all_lines(&mut engine).len(), 1);
        let flow = engine.stats().flow;
        assert_eq!((flow.capture_copies, flow.retransmitted_bytes), (1, 0));
    }
}

#[test]
fn switched_off_a_tunnel_is_not_tcp() {
    let mut engine = Engine::new(EngineConfig { decapsulate: false, ..EngineConfig::for_ports(&[SERVER_PORT]) });
    give(&mut engine, &outer(4, 0, &request()));
    for frame in in_fragments(17, &vxlan(&request())) {
        give(&mut engine, &frame);
    }
    let stats = engine.stats();
    assert_eq!((stats.not_tcp, stats.decapsulated, stats.fragments), (stats.packets, 0, 0));
    assert_eq!(all_lines(&mut engine).len(), 0);
}

#[test]
fn tunnels_one_in_the_other_up_to_the_cap() {
    for (tunnels, read) in [(MAX_TUNNELS, true), (MAX_TUNNELS + 1, false), (500, false)] {
        let mut engine = engine();
        give(&mut engine, &(0..tunnels).fold(request(), |packet, _| outer(4, 0, &packet)));
        assert_eq!(engine.stats().decapsulated, 1);
        assert_eq!(engine.stats().undecodable[Undecodable::TooManyTunnels.index()], u64::from(!read));
        assert_eq!(all_lines(&mut engine).len(), usize::from(read));
    }
}

#[test]
fn fragments_around_a_tunnel_and_inside() {
    for (protocol, payload) in [(4, request()), (47, [&[0, 0, 8, 0], &request()[..]].concat()), (17, vxlan(&request()))]
    {
        let mut engine = engine();
        for frame in in_fragments(protocol, &payload) {
            give(&mut engine, &frame);
        }
        let stats = engine.stats();
        assert_eq!((stats.segments, stats.fragments, stats.decapsulated), (1, stats.packets - 1, 1));
        assert_eq!(all_lines(&mut engine).len(), 1, "{protocol}");
    }
    let mut engine = engine();
    for (identification, fragment) in (1..).zip(in_fragments(6, &request()[20..])) {
        let inner: Vec<u8> = [&fragment[..12], &request()[12..20], &fragment[20..]].concat();
        for mut frame in in_fragments(17, &vxlan(&inner)) {
            frame[4] = identification;
            give(&mut engine, &frame);
        }
    }
    assert_eq!(all_lines(&mut engine).len(), 1);
    assert!(engine.stats().defrag.reassembled > 3);
}

/// Of UDP only the first fragment has a port: others that come before it, or that are no tunnel, wait for nothing.
#[test]
fn fragments_of_udp_hold_no_memory_unless_they_are_a_tunnels() {
    let frames = in_fragments(17, &vxlan(&request()));
    let mut engine = engine();
    for frame in &frames[1..] {
        give(&mut engine, frame);
    }
    assert_eq!((engine.stats().not_tcp, engine.defrag.held_bytes()), (frames.len() as u64 - 1, 0));
    give(&mut engine, &frames[0]);
    engine.on_tick(Timestamp::from_micros(40_000_000));
    give(&mut engine, &frames[0]);
    assert_eq!(engine.stats().defrag.timed_out, 1, "a tunnel's datagram that never became whole is counted");
}
