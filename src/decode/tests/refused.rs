//! Frames that hold a fragment, something else than TCP, or nothing that can be read.

use super::build::*;
use super::*;

macro_rules! gives {
    ($($name:ident: $linktype:expr, $frame:expr => $expected:expr;)*) => {$(
        #[test]
        fn $name() {
            let frame: Vec<u8> = $frame;
            assert_eq!(at_every_cut($linktype, &frame), $expected);
        }
    )*};
}

const NOT_TCP: Result<Decoded<'static>, Undecodable> = Ok(Decoded::NotTcp);

fn bad(reason: Undecodable) -> Result<Decoded<'static>, Undecodable> {
    Err(reason)
}

fn packet4() -> Vec<u8> {
    v4(&tcp(b"data"))
}

gives! {
    arp: 1, ether(0x0806, &[0; 28]) => NOT_TCP;
    udp: 1, ether(0x0800, &v4_with(17, 0, &[], &[0; 20])) => NOT_TCP;
    udp_v6: 1, ether(0x86dd, &v6_with(17, &[0; 20])) => NOT_TCP;
    udp_behind_options: 12, v6_with(60, &extension(17, 0, &[0; 20])) => NOT_TCP;
    udp_fragment: 12, v4_with(17, 0x2000, &[], &[0; 24]) => NOT_TCP;
    icmp_fragment: 12, v4_with(1, 0x2000, &[], &[0; 24]) => NOT_TCP;
    udp_fragment_v6: 12, v6_with(44, &fragment_header(17, 0, true, &[0; 24])) => NOT_TCP;
    esp: 12, v6_with(50, &[0; 20]) => NOT_TCP;
    no_next_header: 12, v6_with(59, &[]) => NOT_TCP;
    icmp_quoting_tcp: 12, v4_with(1, 0, &[], &packet4()) => NOT_TCP;
    llc_without_snap: 1, ether(38, &[0x42, 0x42, 3, 0, 0, 0, 0, 0, 0, 0]) => NOT_TCP;
    snap_of_a_vendor: 1, ether(60, &join(&[&[0xaa, 0xaa, 3, 0, 0, 12, 8, 0], &packet4()])) => NOT_TCP;
    mpls_pseudowire: 1, ether(0x8847, &label(true, &[0; 40])) => NOT_TCP;
    pppoe_discovery: 1, ether(0x8864, &with_byte(pppoe(0x21, &packet4()), 1, 9)) => NOT_TCP;
    pppoe_lcp: 1, ether(0x8864, &pppoe(0xc021, &[1; 20])) => NOT_TCP;
    netlink_in_sll: 113, sll(824, 0x0800, &packet4()) => NOT_TCP;
    netlink_in_sll2: 276, sll2(824, 0x0800, &packet4()) => NOT_TCP;
    null_other_family: 0, join(&[&[7, 0, 0, 0], &packet4()]) => NOT_TCP;

    nflog_of_another_version: 239, with_byte(nflog(false, &packet4()), 1, 1) => NOT_TCP;
    nflog_without_packet: 239, join(&[&[2, 0, 0, 42], &[0, 0, 1, 0]]) => NOT_TCP;
    nflog_of_arp: 239, nflog(false, &[0; 28]) => NOT_TCP;
    nflog_without_end: 239, join(&[&[2, 0, 0, 42], &[4, 0, 1, 0].repeat(90)]) => bad(Undecodable::TooManyHeaders);
    pflog_too_short: 117, vec![44; 100] => NOT_TCP;
    pktap_without_packet: 258, pktap(108, 0, 1, &[]) => NOT_TCP;
    pktap_in_pktap: 258, pktap(108, 1, 258, &pktap(108, 1, 1, &[])) => bad(Undecodable::TooManyHeaders);
    pktap_of_usb: 258, pktap(108, 1, 189, &[0; 64]) => bad(Undecodable::UnknownLinkType);
    user2_of_others: 149, vec![7; 200] => bad(Undecodable::UnknownLinkType);
    radiotap_of_another_version: 127, with_byte(radiotap(&[0], &[], &[]), 0, 1) => NOT_TCP;
    wireless_beacon: 105, wireless(0x80, 0, &[], &[0; 60]) => NOT_TCP;
    wireless_ack: 105, vec![0xd4, 0, 0, 0, 1, 2, 3, 4, 5, 6] => NOT_TCP;
    wireless_null: 105, wireless(0x48, 0x01, &[], &[]) => NOT_TCP;
    wireless_protected: 105, wireless(0x88, 0x41, &[0, 0], &[0; 60]) => bad(Undecodable::ProtectedFrame);
    wireless_first_fragment: 105, wireless(0x08, 0x05, &[], &snap(0x0800, &packet4())) => bad(Undecodable::WirelessFragment);
    wireless_last_fragment: 105, with_byte(wireless(0x08, 0x01, &[], &[0; 60]), 22, 0x11) => bad(Undecodable::WirelessFragment);
    wireless_with_errors: 127, radiotap(&[2], &[0x40], &wireless(0x08, 1, &[], &snap(0x0800, &packet4()))) => bad(Undecodable::DamagedFrame);
    unknown_linktype: 147, ether(0x0800, &packet4()) => bad(Undecodable::UnknownLinkType);
    negative_linktype: -1, vec![0; 60] => bad(Undecodable::UnknownLinkType);
    empty: 1, vec![] => bad(Undecodable::TruncatedLink);
    empty_raw: 12, vec![] => bad(Undecodable::TruncatedIp);
    tag_without_end: 1, ether(0x8100, &tag(0x0800, &[])[..3]) => bad(Undecodable::TruncatedLink);
    tags_without_end: 1, ether(0x8100, &[0x81, 0].repeat(60)) => bad(Undecodable::TooManyHeaders);
    labels_without_end: 1, ether(0x8847, &[0; 100]) => bad(Undecodable::TooManyHeaders);
    extensions_without_end: 12, v6_with(0, &[0; 400]) => bad(Undecodable::TooManyHeaders);
    v4_cut: 228, packet4()[..19].to_vec() => bad(Undecodable::TruncatedIp);
    v4_wrong_version: 228, with_byte(packet4(), 0, 0x55) => bad(Undecodable::BadIpHeader);
    v4_header_too_short: 12, with_byte(packet4(), 0, 0x44) => bad(Undecodable::BadIpHeader);
    v4_total_inside_header: 12, with_len(packet4(), 19) => bad(Undecodable::BadIpHeader);
    v4_options_outside_total: 12, with_byte(packet4(), 0, 0x4f) => bad(Undecodable::BadIpHeader);
    v6_wrong_version: 229, with_byte(v6(&tcp(b"")), 0, 0x40) => bad(Undecodable::BadIpHeader);
    v6_extension_outside: 12, v6_with(60, &extension(6, 0, &[])[..7]) => bad(Undecodable::BadIpHeader);
    v6_extension_too_long: 12, v6_with(60, &with_byte(extension(6, 0, &tcp(b"")), 1, 99)) => bad(Undecodable::BadIpHeader);
    raw_no_version: 12, vec![0x10; 60] => bad(Undecodable::BadIpHeader);
    tcp_too_small: 12, v4(&tcp(b"")[..19]) => bad(Undecodable::BadTcpHeader);
    tcp_offset_too_small: 12, v4(&with_byte(tcp(b"data"), 12, 0x40)) => bad(Undecodable::BadTcpHeader);
    tcp_offset_outside: 12, v4(&with_byte(tcp(b"data"), 12, 0x70)) => bad(Undecodable::BadTcpHeader);
    tcp_padding_is_not_header: 1, join(&[&ether(0x0800, &v4(&tcp(b"")[..19])), &[0; 7]]) => bad(Undecodable::BadTcpHeader);
    tcp_cut: 12, with_len(v4(&tcp(b"")[..19]), 40) => bad(Undecodable::TruncatedTcp);
    tcp_options_cut: 12, with_len(v4(&tcp_with(2, &[1; 8], b"")[..24]), 48) => bad(Undecodable::TruncatedTcp);
}

#[test]
fn fragment_v4() {
    let frame = join(&[&ether(0x0800, &v4_with(6, 0x2002, &[1; 4], &[7; 24])), &[0; 3]]);
    let expected = Fragment {
        source: CLIENT_V4.into(),
        destination: SERVER_V4.into(),
        identification: 0x1234,
        next_header: 6,
        may_begin: true,
        offset_bytes: 16,
        more: true,
        bytes: &[7; 24],
        missing: 0,
    };
    assert_eq!(at_every_cut(1, &frame), Ok(Decoded::Fragment(expected)));
    let cut = Fragment { bytes: &[7; 20], missing: 4, ..expected };
    assert_eq!(decode(1, &frame[..58], frame.len() as u32), Ok(Decoded::Fragment(cut)));
}

#[test]
fn last_fragment_v4() {
    let frame = v4_with(6, 0x1fff, &[], &[7; 3]);
    let Ok(Decoded::Fragment(fragment)) = at_every_cut(12, &frame) else { panic!("no fragment") };
    assert_eq!((fragment.offset_bytes, fragment.more, fragment.bytes), (65_528, false, &[7; 3][..]));
}

#[test]
fn fragment_v6() {
    let frame = v6_with(0, &extension(44, 0, &fragment_header(60, 1448, true, &[7; 16])));
    let expected = Fragment {
        source: CLIENT_V6.into(),
        destination: SERVER_V6.into(),
        identification: 0xdead_beef,
        next_header: 60,
        may_begin: true,
        offset_bytes: 1448,
        more: true,
        bytes: &[7; 16],
        missing: 0,
    };
    assert_eq!(at_every_cut(12, &frame), Ok(Decoded::Fragment(expected)));
}

#[test]
fn reasons_are_dense_and_distinct() {
    for (index, reason) in Undecodable::ALL.iter().enumerate() {
        assert_eq!(reason.index(), index);
        assert_eq!(Undecodable::ALL.iter().filter(|other| other.counter() == reason.counter()).count(), 1);
    }
}

#[test]
fn an_aggregate_of_several_packets_is_told() {
    let frame = wireless(0x88, 0x01, &[0x80, 0], &super::segments::aggregate_of(&[&packet4(), &packet4()]));
    assert_eq!(decode(105, &frame, frame.len() as u32), Err(Undecodable::WirelessAggregate));
}
