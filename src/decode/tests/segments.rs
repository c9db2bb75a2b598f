//! Frames that hold TCP.

use super::build::*;
use super::*;
use crate::defrag::{Datagram, Defragmenter};
use crate::time::Timestamp;

const DATA: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

fn segment(linktype: LinkType, frame: &[u8]) -> Segment<'_> {
    match at_every_cut(linktype, frame) {
        Ok(Decoded::Segment(segment)) => segment,
        other => panic!("no segment but {other:?}"),
    }
}

macro_rules! carries_data {
    ($($name:ident: $linktype:expr, $frame:expr;)*) => {$(
        #[test]
        fn $name() {
            let frame: Vec<u8> = $frame;
            let segment = segment($linktype, &frame);
            assert_eq!((segment.payload, segment.missing), (DATA, 0));
            assert_eq!((segment.source.port, segment.destination.port), (1025, 80));
            assert_eq!((segment.seq, segment.ack), (0x0102_0304, 0x0506_0708));
            assert_eq!(segment.flags, Flags { psh: true, ack: true, ..Flags::default() });
            let (client, server) = (segment.source.ip, segment.destination.ip);
            if client.is_ipv4() {
                assert_eq!((client, server), (CLIENT_V4.into(), SERVER_V4.into()));
            } else {
                assert_eq!((client, server), (CLIENT_V6.into(), SERVER_V6.into()));
            }
        }
    )*};
}

fn packet4() -> Vec<u8> {
    v4(&tcp(DATA))
}

fn packet6() -> Vec<u8> {
    v6(&tcp(DATA))
}

/// Subframes with SNAP, all but the last padded.
pub(super) fn aggregate_of(packets: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (n, packet) in packets.iter().enumerate() {
        let body = snap(0x0800, packet);
        bytes.extend(join(&[&[7; 12], &(body.len() as u16).to_be_bytes(), &body]));
        if n + 1 < packets.len() {
            bytes.resize(bytes.len().next_multiple_of(4) + 2, 0);
        }
    }
    bytes
}

carries_data! {
    ethernet_v4: 1, ether(0x0800, &packet4());
    ethernet_v6: 1, ether(0x86dd, &packet6());
    ethernet_padding: 1, join(&[&ether(0x0800, &packet4()), &[0; 9]]);
    ethernet_padding_v6: 1, join(&[&ether(0x86dd, &packet6()), &[0; 9]]);
    vlan: 1, ether(0x8100, &tag(0x0800, &packet4()));
    provider_vlan: 1, ether(0x88a8, &tag(0x8100, &tag(0x86dd, &packet6())));
    three_tags: 1, ether(0x9100, &tag(0x9100, &tag(0x8100, &tag(0x0800, &packet4()))));
    snap_v4: 1, ether(100, &snap(0x0800, &packet4()));
    snap_in_vlan: 1, ether(0x8100, &tag(100, &snap(0x0800, &packet4())));
    mpls_one_label: 1, ether(0x8847, &label(true, &packet4()));
    mpls_two_labels: 1, ether(0x8848, &label(false, &label(true, &packet6())));
    pppoe_v4: 1, ether(0x8864, &pppoe(0x0021, &packet4()));
    pppoe_v6_in_vlan: 1, ether(0x8100, &tag(0x8864, &pppoe(0x0057, &packet6())));
    null_little_endian: 0, join(&[&[2, 0, 0, 0], &packet4()]);
    null_big_endian: 0, join(&[&[0, 0, 0, 2], &packet4()]);
    null_linux_v6: 0, join(&[&[10, 0, 0, 0], &packet6()]);
    null_windows_v6: 0, join(&[&[23, 0, 0, 0], &packet6()]);
    null_netbsd_v6: 0, join(&[&[24, 0, 0, 0], &packet6()]);
    null_freebsd_v6: 0, join(&[&[0, 0, 0, 28], &packet6()]);
    null_macos_v6: 0, join(&[&[30, 0, 0, 0], &packet6()]);
    loop_v4: 108, join(&[&[0, 0, 0, 2], &packet4()]);
    loop_v6: 108, join(&[&[0, 0, 0, 24], &packet6()]);
    raw_v4: 12, packet4();
    raw_v6: 12, packet6();
    raw_openbsd: 14, packet4();
    raw_in_savefile: 101, packet6();
    linktype_ipv4: 228, packet4();
    linktype_ipv6: 229, packet6();
    sll_v4: 113, sll(1, 0x0800, &packet4());
    sll_loopback_v6: 113, sll(772, 0x86dd, &packet6());
    sll_vlan: 113, sll(1, 0x8100, &tag(0x0800, &packet4()));
    sll_llc: 113, sll(1, 4, &snap(0x0800, &packet4()));
    sll2_v4: 276, sll2(1, 0x0800, &packet4());
    sll2_v6: 276, sll2(772, 0x86dd, &packet6());
    sll2_vlan: 276, sll2(1, 0x8100, &tag(0x0800, &packet4()));
    ppp_bare: 9, join(&[&[0x00, 0x21], &packet4()]);
    ppp_hdlc: 9, join(&[&[0xff, 0x03, 0x00, 0x57], &packet6()]);
    ppp_short_protocol: 9, join(&[&[0x21], &packet4()]);
    ppp_mpls: 9, join(&[&[0x02, 0x81], &label(true, &packet4())]);
    ppp_serial: 50, join(&[&[0xff, 0x03, 0x00, 0x21], &packet4()]);
    ppp_serial_cisco: 50, join(&[&[0x0f, 0, 0x08, 0], &packet4()]);
    ppp_ether: 51, pppoe(0x0021, &packet4());
    cisco_hdlc: 104, join(&[&[0x0f, 0, 0x86, 0xdd], &packet6()]);
    nflog_little_endian: 239, nflog(false, &packet4());
    nflog_big_endian: 239, nflog(true, &packet6());
    pflog_of_openbsd: 117, join(&[&[61, 24], &[0; 62], &packet6()]);
    pflog_of_freebsd: 117, join(&[&[45, 2], &[0; 46], &packet4()]);
    pktap_ethernet: 258, pktap(108, 1, 1, &ether(0x0800, &packet4()));
    pktap_raw: 258, pktap(156, 1, 12, &packet6());
    pktap_of_apple: 149, pktap(108, 1, 0, &join(&[&[30, 0, 0, 0], &packet6()]));
    enc_of_bsd: 109, join(&[&[2, 0, 0, 0], &[0; 8], &packet4()]);
    ipnet: 226, join(&[&[1, 2], &[0; 22], &packet4()]);
    mpls_bare: 219, label(true, &packet6());
    ppp_with_direction: 204, join(&[&[1, 0xff, 3, 0, 0x21], &packet4()]);
    ppp_pppd: 166, join(&[&[0, 3, 0, 0x57], &packet6()]);
    cisco_hdlc_with_direction: 205, join(&[&[1, 0x0f, 0, 0x08, 0], &packet4()]);
    netanalyzer: 240, join(&[&[0; 4], &ether(0x0800, &packet4())]);
    mpacket: 274, join(&[&[0x55; 7], &[0xd5], &ether(0x0800, &packet4())]);
    wireless_to_access_point: 105, wireless(0x08, 0x01, &[], &snap(0x0800, &packet4()));
    wireless_from_access_point: 105, wireless(0x08, 0x0a, &[], &snap(0x86dd, &packet6()));
    wireless_between_access_points: 105, wireless(0x08, 0x03, &[], &snap(0x0800, &packet4()));
    wireless_qos: 105, wireless(0x88, 0x01, &[0, 0], &snap(0x0800, &packet4()));
    wireless_qos_four_addresses: 105, wireless(0x88, 0x03, &[0, 0], &snap(0x0800, &packet4()));
    wireless_ht_control: 105, wireless(0x88, 0x81, &[0; 6], &snap(0x86dd, &packet6()));
    wireless_aggregate_of_one: 105, wireless(0x88, 0x01, &[0x80, 0], &aggregate_of(&[&packet4()]));
    wireless_tagged: 105, wireless(0x08, 0x02, &[], &snap(0x8100, &tag(0x0800, &packet4())));
    radiotap_bare: 127, radiotap(&[0], &[], &wireless(0x08, 1, &[], &snap(0x0800, &packet4())));
    radiotap_with_fcs: 127, radiotap(&[2], &[0x10], &join(&[&wireless(0x08, 1, &[], &snap(0x0800, &packet4())), &[9; 4]]));
    radiotap_padded: 127, radiotap(&[0x8000_0003, 0], &[1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 0x20], &wireless(0x88, 1, &[0; 4], &snap(0x0800, &packet4())));
    prism: 119, join(&[&[0x44; 144], &wireless(0x08, 1, &[], &snap(0x0800, &packet4()))]);
    avs: 163, join(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &wireless(0x08, 1, &[], &snap(0x0800, &packet4()))]);
    avs_said_to_be_prism: 119, join(&[&[0x80, 0x21, 0x10, 2, 0, 0, 0, 8], &wireless(0x08, 1, &[], &snap(0x0800, &packet4()))]);
    ppi_wireless: 192, join(&[&[0, 0, 12, 0, 105, 0, 0, 0, 1, 2, 3, 4], &wireless(0x08, 1, &[], &snap(0x0800, &packet4()))]);
    radiotap_in_sll: 113, sll(803, 4, &radiotap(&[0], &[], &wireless(0x08, 1, &[], &snap(0x0800, &packet4()))));
    v4_options: 12, v4_with(6, 0x4000, &[1; 40], &tcp(DATA));
    v4_authenticated: 12, v4_with(51, 0, &[], &join(&[&[6, 4, 0, 0], &[9; 20], &tcp(DATA)]));
    v4_offload: 12, with_len(packet4(), 0);
    v6_offload: 12, with_len(packet6(), 0);
    v6_jumbo: 12, with_len(v6_with(0, &extension(6, 0, &tcp(DATA))), 0);
    v6_hop_by_hop: 12, v6_with(0, &extension(6, 0, &tcp(DATA)));
    v6_routing: 12, v6_with(43, &extension(6, 2, &tcp(DATA)));
    v6_chain: 12, v6_with(0, &extension(60, 1, &extension(43, 0, &extension(60, 0, &extension(6, 3, &tcp(DATA))))));
    v6_authenticated: 12, v6_with(51, &join(&[&[6, 4, 0, 0], &[9; 20], &tcp(DATA)]));
    v6_mobility_hip_shim: 12, v6_with(135, &extension(139, 0, &extension(140, 0, &extension(6, 0, &tcp(DATA)))));
    v6_atomic_fragment: 12, v6_with(44, &fragment_header(6, 0, false, &tcp(DATA)));
    tcp_options: 12, v4(&tcp_with(0x18, &[1; 40], DATA));
    urgent_stays_in_line: 12, v4(&with_byte(tcp(DATA), 19, 4));
}

#[test]
fn every_flag() {
    let flags = |bits| segment(12, &v4(&tcp_with(bits, &[], b""))).flags;
    assert_eq!(flags(0x01), Flags { fin: true, ..Flags::default() });
    assert_eq!(flags(0x02), Flags { syn: true, ..Flags::default() });
    assert_eq!(flags(0x04), Flags { rst: true, ..Flags::default() });
    assert_eq!(flags(0x08), Flags { psh: true, ..Flags::default() });
    assert_eq!(flags(0x10), Flags { ack: true, ..Flags::default() });
    assert_eq!(flags(0xe0), Flags::default());
}

#[test]
fn snaplen_leaves_missing() {
    let frame = ether(0x0800, &packet4());
    let Ok(Decoded::Segment(cut)) = decode(1, &frame[..58], frame.len() as u32) else { panic!("no segment") };
    assert_eq!((cut.payload, cut.missing), (&DATA[..4], DATA.len() as u32 - 4));
}

#[test]
fn missing_follows_the_ip_length_and_not_the_wire() {
    for wire_len in [0, 54, 58, 72, 1000, u32::MAX] {
        let frame = ether(0x0800, &packet4());
        let Ok(Decoded::Segment(cut)) = decode(1, &frame[..58], wire_len) else { panic!("no segment") };
        assert_eq!((cut.payload, cut.missing), (&DATA[..4], DATA.len() as u32 - 4));
    }
}

#[test]
fn offloaded_length_follows_the_wire() {
    for packet in [with_len(packet4(), 0), with_len(packet6(), 0)] {
        let Ok(Decoded::Segment(cut)) = decode(12, &packet, 200_000) else { panic!("no segment") };
        assert_eq!((cut.payload, cut.missing), (DATA, 200_000 - packet.len() as u32));
    }
}

#[test]
fn datagram_after_reassembly() {
    let (source, destination) = (IpAddr::from(CLIENT_V6), IpAddr::from(SERVER_V6));
    let reassembled = |next_header, bytes| decode_reassembled(source, destination, next_header, bytes);
    let chain = extension(6, 0, &tcp(DATA));
    let Ok(Decoded::Segment(segment)) = reassembled(60, &chain) else { panic!("no segment") };
    assert_eq!((segment.payload, segment.source.ip), (DATA, source));
    assert_eq!(reassembled(17, &chain), Ok(Decoded::NotTcp));
    let nested = fragment_header(6, 8, true, &tcp(DATA));
    assert_eq!(reassembled(44, &nested), Err(Undecodable::NestedFragment));
    assert_eq!(reassembled(6, &[0; 19]), Err(Undecodable::BadTcpHeader));
    let packet = packet4();
    let Ok(Decoded::Segment(segment)) = through(reassembled(4, &packet)) else { panic!("no segment") };
    assert_eq!((segment.payload, segment.source.ip), (DATA, CLIENT_V4.into()));
}

/// The datagrams that `defrag` makes of the fragments in these frames, pushed last to first.
fn reassembled(frames: &[Vec<u8>]) -> Vec<Datagram> {
    let mut defragmenter = Defragmenter::new();
    let push = |frame: &Vec<u8>| match at_every_cut(1, frame) {
        Ok(Decoded::Fragment(fragment)) => defragmenter.push(Timestamp::default(), fragment),
        other => panic!("no fragment but {other:?}"),
    };
    frames.iter().rev().filter_map(push).collect()
}

#[test]
fn fragmented_segment() {
    let segment = tcp_with(0x18, &[1; 12], DATA);
    let chain = extension(6, 1, &segment);
    let in_v4 = segment.chunks(16).enumerate().map(|(n, part)| {
        let more = if part.len() == 16 { 0x2000 } else { 0 };
        ether(0x0800, &v4_with(6, more | (n as u16 * 2), &[], part))
    });
    let in_v6 = chain
        .chunks(16)
        .enumerate()
        .map(|(n, part)| ether(0x86dd, &v6_with(44, &fragment_header(60, n as u16 * 16, part.len() == 16, part))));
    for frames in [in_v4.collect::<Vec<_>>(), in_v6.collect()] {
        let datagrams = reassembled(&frames);
        let [datagram] = &datagrams[..] else { panic!("{} datagrams", datagrams.len()) };
        let (source, destination) = (datagram.source, datagram.destination);
        let decoded = decode_reassembled(source, destination, datagram.next_header, &datagram.bytes);
        let Ok(Decoded::Segment(segment)) = decoded else { panic!("no segment but {decoded:?}") };
        assert_eq!((segment.payload, segment.seq, segment.destination.port), (DATA, 0x0102_0304, 80));
    }
}
