//! Packets inside packets.

use super::build::*;
use super::*;

const DATA: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

fn packet4() -> Vec<u8> {
    v4(&tcp(DATA))
}

fn packet6() -> Vec<u8> {
    v6(&tcp(DATA))
}

fn frame4() -> Vec<u8> {
    ether(0x0800, &packet4())
}

fn frame6() -> Vec<u8> {
    ether(0x86dd, &packet6())
}

fn in_v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    v4_with(protocol, 0, &[], payload)
}

/// In an IPv4 and an IPv6 packet, each as it is and after a tag.
fn carriers(protocol: u8, payload: &[u8]) -> [Vec<u8>; 4] {
    let (in_v4, in_v6) = (in_v4(protocol, payload), v6_with(protocol, payload));
    [
        ether(0x0800, &in_v4),
        ether(0x86dd, &in_v6),
        ether(0x8100, &tag(0x0800, &in_v4)),
        ether(0x8100, &tag(0x86dd, &v6_with(60, &extension(protocol, 0, payload)))),
    ]
}

macro_rules! carries_data {
    ($($name:ident: $protocol:expr, $payload:expr;)*) => {$(
        #[test]
        fn $name() {
            for frame in carriers($protocol, &$payload) {
                assert!(matches!(decode(1, &frame, 0), Ok(Decoded::Tunnel(_))));
                let decoded = at_every_cut(1, &frame);
                let Ok(Decoded::Segment(segment)) = decoded else { panic!("no segment but {decoded:?}") };
                assert_eq!((segment.payload, segment.missing), (DATA, 0));
                assert_eq!((segment.source.port, segment.destination.port), (1025, 80));
                assert!([IpAddr::from(CLIENT_V4), CLIENT_V6.into()].contains(&segment.source.ip));
                // A minimal frame's padding is no payload.
                let padded = join(&[&frame, &[0; 9]]);
                assert_eq!(at_every_cut(1, &padded), decoded);
            }
        }
    )*};
}

carries_data! {
    ip_in_ip: 4, packet4();
    ipv6_in_ip: 41, packet6();
    ip_in_ip_in_ip: 4, in_v4(41, &packet6());
    gre_plain: 47, gre(0, 0x0800, &[], &packet4());
    gre_v6: 47, gre(0, 0x86dd, &[], &packet6());
    gre_checksum: 47, gre(0x8000, 0x0800, &[1; 4], &packet4());
    gre_key: 47, gre(0x2000, 0x0800, &[1; 4], &packet4());
    gre_sequence: 47, gre(0x1000, 0x0800, &[1; 4], &packet4());
    gre_all: 47, gre(0xb000, 0x86dd, &[1; 12], &packet6());
    gre_mpls: 47, gre(0, 0x8847, &[], &label(true, &packet4()));
    nvgre: 47, gre(0x2000, 0x6558, &[0, 0, 7, 0], &frame4());
    bridged_with_tag: 47, gre(0, 0x6558, &[], &ether(0x8100, &tag(0x86dd, &packet6())));
    pptp: 47, gre(0x3081, 0x880b, &[1; 12], &join(&[&[0xff, 3, 0, 0x21], &packet4()]));
    wccp_1: 47, gre(0, 0x883e, &[], &packet4());
    wccp_2: 47, gre(0, 0x883e, &[], &join(&[&[0, 0, 0, 1], &packet4()]));
    erspan_1: 47, gre(0, 0x88be, &[], &frame4());
    erspan_2: 47, gre(0x1000, 0x88be, &[1; 4], &erspan_ii(&frame6()));
    erspan_3: 47, gre(0x1000, 0x22eb, &[1; 4], &erspan_iii(0, &[], &frame4()));
    erspan_3_subheader: 47, gre(0x1000, 0x22eb, &[1; 4], &erspan_iii(0, &[1; 8], &frame4()));
    erspan_3_ip: 47, gre(0x1000, 0x22eb, &[1; 4], &erspan_iii(2, &[], &packet6()));
    vxlan_v4: 17, udp(4789, &vxlan(&frame4()));
    vxlan_of_linux: 17, udp(8472, &vxlan(&frame6()));
    vxlan_with_group: 17, udp(4789, &with_byte(vxlan(&frame4()), 0, 0x88));
    vxlan_tagged: 17, udp(4789, &vxlan(&ether(0x8100, &tag(0x0800, &packet4()))));
    vxlan_without_length: 17, with_udp_len(udp(4789, &vxlan(&frame4())), 0);
    vxlan_gpe_v4: 17, udp(4790, &vxlan_gpe(1, &packet4()));
    vxlan_gpe_v6: 17, udp(4790, &vxlan_gpe(2, &packet6()));
    vxlan_gpe_ethernet: 17, udp(4790, &vxlan_gpe(3, &frame4()));
    geneve_ethernet: 17, udp(6081, &geneve(0x6558, 0, &frame4()));
    geneve_options: 17, udp(6081, &geneve(0x6558, 63, &frame6()));
    geneve_ip: 17, udp(6081, &geneve(0x0800, 1, &packet4()));
    gtp_plain: 17, udp(2152, &gtp(&[], &packet4()));
    gtp_extensions: 17, udp(2152, &gtp(&[0, 1, 0, 0x85, 1, 0, 9, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0], &packet6()));
    gtp_sequence: 17, udp(2152, &with_byte(gtp(&[0, 1, 0, 0x85], &packet4()), 0, 0x32));
    mpls_in_udp: 17, udp(6635, &label(false, &label(true, &packet4())));
    tzsp_tags: 17, udp(37_008, &tzsp(&[10, 1, 0xd0, 0, 13, 2, 1, 1], &frame4()));
    overlay_in_mirror: 17, udp(4789, &vxlan(&ether(0x0800, &in_v4(17, &udp(8472, &vxlan(&frame4()))))));
    behind_authentication: 51, join(&[&[47, 4, 0, 0], &[9; 20], &gre(0, 0x0800, &[], &packet4())]);
}

fn with_udp_len(datagram: Vec<u8>, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    with_byte(with_byte(datagram, 4, high), 5, low)
}

#[test]
fn what_is_no_tunnel_after_all() {
    let not_tcp = [
        (17, udp(4788, &vxlan(&frame4()))),
        (17, udp(4789, &with_byte(vxlan(&frame4()), 0, 0))),
        (17, udp(4790, &vxlan_gpe(4, &packet4()))),
        (17, udp(6081, &with_byte(geneve(0x6558, 0, &frame4()), 0, 0x40))),
        (17, udp(6081, &geneve(0x0806, 0, &packet4()))),
        (17, udp(2152, &with_byte(gtp(&[], &packet4()), 1, 1))),
        (17, udp(37_008, &with_byte(tzsp(&[], &frame4()), 1, 4))),
        (17, udp(4789, &vxlan(&ether(0x0806, &[0; 28])))),
        (47, gre(0x4000, 0x0800, &[1; 4], &packet4())),
        (47, gre(0x0002, 0x0800, &[], &packet4())),
        (47, gre(0x2001, 0x880b, &[1; 4], &[])),
        (47, gre(0, 0, &[], &[0; 20])),
        (47, gre(0x1000, 0x88be, &[1; 4], &with_byte(erspan_ii(&frame4()), 0, 0x20))),
        (47, gre(0x1000, 0x22eb, &[1; 4], &erspan_iii(5, &[], &frame4()))),
    ];
    for (protocol, payload) in not_tcp {
        for frame in carriers(protocol, &payload) {
            assert_eq!(at_every_cut(1, &frame), Ok(Decoded::NotTcp), "{payload:02x?}");
        }
    }
}

#[test]
fn what_is_broken_inside_is_told() {
    let broken = [
        (4, packet6(), Undecodable::BadIpHeader),
        (17, udp(4789, &vxlan(&frame4())[..7]), Undecodable::TruncatedLink),
        (17, udp(6081, &geneve(0x6558, 9, &[])[..40]), Undecodable::TruncatedLink),
        (
            17,
            udp(2152, &gtp(&[&[0, 0, 0, 1], &[1, 0, 0, 1].repeat(40)[..]].concat(), &packet4())),
            Undecodable::TooManyHeaders,
        ),
        (17, udp(2152, &gtp(&[0, 0, 0, 1, 0, 0, 0, 0], &packet4())), Undecodable::TruncatedLink),
        (17, udp(37_008, &tzsp(&[0; 40], &frame4())), Undecodable::TooManyHeaders),
        (47, gre(0xb000, 0x0800, &[1; 11], &[]), Undecodable::TruncatedLink),
    ];
    for (protocol, payload, reason) in broken {
        for frame in carriers(protocol, &payload) {
            assert_eq!(at_every_cut(1, &frame), Err(reason), "{payload:02x?}");
        }
    }
}

/// The UDP length rules like the IP length: bytes after it are padding, less than it says was cut off.
#[test]
fn the_udp_length_bounds_what_is_inside() {
    // Segmentation left to the card: the inner packet does not say how long it is.
    let unsaid = vxlan(&ether(0x0800, &with_len(packet4(), 0)));
    let padded = in_v4(17, &with_udp_len(udp(4789, &join(&[&unsaid, &[7; 5]])), 8 + unsaid.len() as u16));
    let Ok(Decoded::Segment(segment)) = through(decode(12, &padded, 0)) else { panic!("no segment") };
    assert_eq!((segment.payload, segment.missing), (DATA, 0));
    let cut = in_v4(17, &with_udp_len(udp(4789, &unsaid), 8 + unsaid.len() as u16 + 30));
    let Ok(Decoded::Segment(segment)) = through(decode(12, &cut, 0)) else { panic!("no segment") };
    assert_eq!((segment.payload, segment.missing), (DATA, 30));
}

#[test]
fn a_tunnel_that_was_cut_off_says_what_is_missing() {
    let inner = packet4();
    for frame in carriers(17, &udp(4789, &vxlan(&ether(0x0800, &inner)))) {
        let Ok(Decoded::Segment(cut)) = through(decode(1, &frame[..frame.len() - 5], frame.len() as u32)) else {
            panic!("no segment")
        };
        assert_eq!((cut.payload, cut.missing), (&DATA[..DATA.len() - 5], 5));
    }
}

#[test]
fn only_the_first_fragment_of_udp_may_begin_a_datagram() {
    let tunnel = udp(4789, &vxlan(&frame4()));
    let other = udp(53, &vxlan(&frame4()));
    let part = |field, bytes: &[u8]| match decode(12, &v4_with(17, field, &[], bytes), 0) {
        Ok(Decoded::Fragment(fragment)) => Some((fragment.may_begin, fragment.is_of_tunnel())),
        _ => None,
    };
    assert_eq!(part(0x2000, &tunnel[..24]), Some((true, true)));
    assert_eq!(part(0x2003, &tunnel[24..48]), Some((false, true)));
    assert_eq!(part(0x2000, &other[..24]), None);
    for (protocol, bytes) in [(47, gre(0, 0x0800, &[], &packet4())), (4, packet4()), (41, packet6())] {
        for frame in
            [v4_with(protocol, 3, &[], &bytes[24..]), v6_with(44, &fragment_header(protocol, 24, false, &bytes[24..]))]
        {
            let Ok(Decoded::Fragment(fragment)) = decode(12, &frame, 0) else { panic!("no fragment") };
            assert!(fragment.may_begin && fragment.is_of_tunnel());
        }
    }
}
