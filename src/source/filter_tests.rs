//! Each tier compiles where it should, and the right frames pass it.

use pcap::{BpfProgram, Capture, Linktype};

use super::*;

const LOOP_NULL: Linktype = Linktype(0);
const ETHERNET: Linktype = Linktype(1);
const DLT_RAW: Linktype = Linktype(12);
const SLL: Linktype = Linktype(113);
const SLL2: Linktype = Linktype(276);

fn program(linktype: Linktype, ports: &[u16]) -> (String, BpfProgram) {
    program_for(linktype, ports, false)
}

fn program_for(linktype: Linktype, ports: &[u16], decapsulate: bool) -> (String, BpfProgram) {
    let dead = Capture::dead(linktype).unwrap();
    let expression = expression(&dead, ports, decapsulate);
    let program = dead.compile(&expression, true).unwrap();
    (expression, program)
}

fn tcp(source: u16, destination: u16) -> Vec<u8> {
    let mut bytes = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    bytes.extend([0; 8]);
    bytes.extend([0x50, 0x10, 0, 0, 0, 0, 0, 0]);
    bytes
}

fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let [len_high, len_low] = (20 + payload.len() as u16).to_be_bytes();
    let [fragment_high, fragment_low] = fragment.to_be_bytes();
    let mut bytes = vec![0x45, 0, len_high, len_low, 0, 1, fragment_high, fragment_low, 64, protocol, 0, 0];
    bytes.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(payload);
    bytes
}

fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let [len_high, len_low] = (payload.len() as u16).to_be_bytes();
    let mut bytes = vec![0x60, 0, 0, 0, len_high, len_low, next_header, 64];
    bytes.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    bytes.extend(payload);
    bytes
}

fn ethernet(tags: &[u16], packet: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    for tpid in tags {
        bytes.extend(tpid.to_be_bytes());
        bytes.extend([0, 7]);
    }
    bytes.extend(ethertype(packet).to_be_bytes());
    bytes.extend(packet);
    bytes
}

fn ethertype(packet: &[u8]) -> u16 {
    if packet[0] >> 4 == 4 { 0x0800 } else { 0x86dd }
}

/// Every packet that must pass for port 8080, with its name.
fn wanted() -> Vec<(&'static str, Vec<u8>)> {
    let extension = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &tcp(40_000, 8080)].concat();
    let fragment_header = [&[6, 0, 0, 1, 0, 0, 0, 9][..], &tcp(40_000, 8080)].concat();
    vec![
        ("to the port", ipv4(6, 0, &tcp(40_000, 8080))),
        ("from the port", ipv4(6, 0, &tcp(8080, 40_000))),
        ("to a mesh's proxy", ipv4(6, 0, &tcp(40_000, 15_001))),
        ("to another mesh's proxy", ipv6(6, &tcp(40_000, 4_140))),
        ("to a mesh's proxy for its own pod", ipv4(6, 0, &tcp(40_000, 15_006))),
        ("to another mesh's proxy for its own pod", ipv6(6, &tcp(40_000, 4_143))),
        ("first fragment", ipv4(6, 0x2000, &tcp(8080, 40_000))),
        ("later fragment", ipv4(6, 0x2003, &[0; 64])),
        ("last fragment", ipv4(6, 0x0006, &[0; 64])),
        ("ipv6", ipv6(6, &tcp(40_000, 8080))),
        ("ipv6 hop-by-hop", ipv6(0, &extension)),
        ("ipv6 routing", ipv6(43, &extension)),
        ("ipv6 fragment", ipv6(44, &fragment_header)),
        ("ipv6 authentication", ipv6(51, &extension)),
        ("ipv6 destination options", ipv6(60, &extension)),
    ]
}

fn unwanted() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("another port", ipv4(6, 0, &tcp(40_000, 8082))),
        ("from a mesh's proxy", ipv4(6, 0, &tcp(15_001, 40_000))),
        ("from a mesh's proxy for its own pod", ipv4(6, 0, &tcp(15_006, 40_000))),
        ("udp", ipv4(17, 0, &tcp(40_000, 8080))),
        ("udp fragment", ipv4(17, 0x2003, &[0; 64])),
        ("ipv6, another port", ipv6(6, &tcp(40_000, 8082))),
        ("ipv6 udp", ipv6(17, &tcp(40_000, 8080))),
    ]
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len() as u16;
    let header: Vec<u8> = [40_000, port, len, 0].iter().flat_map(|field: &u16| field.to_be_bytes()).collect();
    [&header, payload].concat()
}

fn vxlan(port: u16, frame: &[u8]) -> Vec<u8> {
    udp(port, &[&[8, 0, 0, 0, 0, 0, 7, 0], frame].concat())
}

/// Packets with port 8080 in a tunnel, and what may have it.
fn tunnelled() -> Vec<(&'static str, Vec<u8>)> {
    let inner = ipv4(6, 0, &tcp(40_000, 8080));
    let back = ipv4(6, 0, &tcp(8080, 40_000));
    let gre = [&[0, 0, 8, 0], &inner[..]].concat();
    vec![
        ("vxlan", ipv4(17, 0, &vxlan(4789, &ethernet(&[], &inner)))),
        ("vxlan, the other way", ipv4(17, 0, &vxlan(4789, &ethernet(&[], &back)))),
        ("vxlan of Linux", ipv4(17, 0, &vxlan(8472, &ethernet(&[], &inner)))),
        ("vxlan with ipv6 inside", ipv4(17, 0, &vxlan(4789, &ethernet(&[], &ipv6(6, &tcp(40_000, 8080)))))),
        ("vxlan with a tag inside", ipv4(17, 0, &vxlan(4789, &ethernet(&[0x8100], &inner)))),
        ("vxlan with a fragment inside", ipv4(17, 0, &vxlan(4789, &ethernet(&[], &ipv4(6, 3, &[0; 64]))))),
        ("vxlan with a tunnel inside", ipv4(17, 0, &vxlan(4789, &ethernet(&[], &ipv4(4, 0, &inner))))),
        ("vxlan in ipv6", ipv6(17, &vxlan(4789, &ethernet(&[], &inner)))),
        ("vxlan fragment", ipv4(17, 0x2003, &[0; 64])),
        ("geneve", ipv4(17, 0, &udp(6081, &[&[0, 0, 0x65, 0x58, 0, 0, 7, 0], &ethernet(&[], &inner)[..]].concat()))),
        ("gtp", ipv4(17, 0, &udp(2152, &inner))),
        ("gre", ipv4(47, 0, &gre)),
        ("gre in ipv6", ipv6(47, &gre)),
        ("gre fragment", ipv4(47, 0x2003, &[0; 64])),
        ("ip in ip", ipv4(4, 0, &inner)),
        ("ip in ip, the other way", ipv4(4, 0, &back)),
        ("ip in ip, a fragment inside", ipv4(4, 0, &ipv4(6, 3, &[0; 64]))),
        ("ip in ip, a later fragment of it", ipv4(4, 3, &ipv4(6, 0, &tcp(40_000, 8082)))),
        ("6in4", ipv4(41, 0, &ipv6(6, &tcp(40_000, 8080)))),
        ("4in6", ipv6(4, &inner)),
        ("6in6", ipv6(41, &ipv6(6, &tcp(40_000, 8080)))),
    ]
}

fn tunnelled_for_others() -> Vec<(&'static str, Vec<u8>)> {
    let inner = ipv4(6, 0, &tcp(40_000, 8082));
    vec![
        ("vxlan, another port", ipv4(17, 0, &vxlan(4789, &ethernet(&[], &inner)))),
        ("vxlan of Linux, another port", ipv4(17, 0, &vxlan(8472, &ethernet(&[], &inner)))),
        ("ip in ip, another port", ipv4(4, 0, &inner)),
        ("quic", ipv4(17, 0, &udp(443, &inner))),
        ("esp", ipv4(50, 0, &inner)),
    ]
}

fn check(linktype: Linktype, frame: impl Fn(&[u8]) -> Vec<u8>) {
    for decapsulate in [false, true] {
        let (expression, program) = program_for(linktype, &[8080], decapsulate);
        let passes = |packet: &[u8]| program.filter(&frame(packet));
        for (name, packet) in wanted() {
            assert!(passes(&packet), "{name} must pass {expression}");
        }
        for (name, packet) in unwanted().into_iter().filter(|(name, _)| !decapsulate || *name != "udp fragment") {
            assert!(!passes(&packet), "{name} must not pass {expression}");
        }
        for (name, packet) in tunnelled() {
            assert_eq!(passes(&packet), decapsulate, "{name}: {expression}");
        }
        for (name, packet) in tunnelled_for_others() {
            assert!(!passes(&packet), "{name} must not pass {expression}");
        }
    }
}

#[test]
fn ethernet_with_up_to_two_tags() {
    assert!(program(ETHERNET, &[8080]).0.contains("vlan"));
    for tags in [&[][..], &[0x8100], &[0x88a8], &[0x8100, 0x8100], &[0x88a8, 0x8100]] {
        check(ETHERNET, |packet| ethernet(tags, packet));
    }
}

#[test]
fn cooked() {
    let sll = |packet: &[u8]| {
        [&[0, 0, 3, 4, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0][..], &ethertype(packet).to_be_bytes(), packet].concat()
    };
    let sll2 = |packet: &[u8]| [&ethertype(packet).to_be_bytes()[..], &[0; 18], packet].concat();
    check(SLL, sll);
    check(SLL2, sll2);
    for linktype in [SLL, SLL2] {
        let (expression, program) = program(linktype, &[8080]);
        assert!(!expression.contains("vlan") && expression.contains("0x88a8"), "{expression}");
        let tagged = [&[0, 7, 8, 0][..], &ipv4(6, 0, &tcp(1, 8080))].concat();
        let frame = if linktype == SLL {
            [&[0, 0, 3, 4, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 0x81, 0][..], &tagged].concat()
        } else {
            [&[0x81, 0][..], &[0; 18], &tagged].concat()
        };
        assert!(program.filter(&frame), "a tag must pass {expression}");
    }
}

#[test]
fn without_a_link_layer() {
    check(DLT_RAW, <[u8]>::to_vec);
    check(LOOP_NULL, |packet| {
        let family: u32 = if packet[0] >> 4 == 4 { 2 } else { 10 };
        [&family.to_ne_bytes(), packet].concat()
    });
}

#[test]
fn ports_are_merged_into_ranges() {
    let ranges = |ports: &[u16]| port_ranges(ports).unwrap();
    assert_eq!(ranges(&[80]), [(80, 80)]);
    assert_eq!(ranges(&[8081, 80, 8080, 80, 8082]), [(80, 80), (8080, 8082)]);
    assert_eq!(ranges(&[65_535, 65_534, 1]), [(1, 1), (65_534, 65_535)]);
    assert_eq!(ranges(&[2, 4, 3, 1]), [(1, 4)]);
}

#[test]
fn many_ports_still_pass() {
    for count in [1_u16, 8, 31, 64, 65, 1_000] {
        let ports: Vec<u16> = (0..count).map(|n| 1_000 + 2 * n).collect();
        for linktype in [ETHERNET, SLL, SLL2, DLT_RAW] {
            for decapsulate in [false, true] {
                let (expression, program) = program_for(linktype, &ports, decapsulate);
                assert_ne!(expression, EVERYTHING);
                assert!(program.get_instructions().len() <= MAX_INSTRUCTIONS);
                let has_ports = expression.contains("tcp port");
                assert_eq!(has_ports, usize::from(count) <= MAX_PORT_RANGES, "{linktype:?} {count}");
            }
        }
        for decapsulate in [false, true] {
            let (expression, program) = program_for(ETHERNET, &ports, decapsulate);
            for port in &ports {
                let packet = ipv4(6, 0, &tcp(*port, 9));
                assert!(program.filter(&ethernet(&[0x8100], &packet)), "{port} in {expression}");
                let mirrored = ipv4(17, 0, &vxlan(4789, &ethernet(&[], &packet)));
                assert_eq!(program.filter(&ethernet(&[], &mirrored)), decapsulate, "{port} in {expression}");
            }
        }
    }
}
