//! Bytes that no sender means to send.

use proptest::prelude::*;

use super::build::*;
use super::*;

/// Two that are not read are among them.
fn linktypes() -> Vec<LinkType> {
    linktypes_read().into_iter().chain([147, -1]).collect()
}

fn valid_frames() -> Vec<(LinkType, Vec<u8>)> {
    let segment = tcp_with(0x18, &[1; 12], b"data");
    let chain = v6_with(0, &extension(43, 1, &extension(44, 0, &fragment_header(6, 0, false, &segment))));
    vec![
        (1, ether(0x0800, &v4(&segment))),
        (1, ether(0x88a8, &tag(0x8100, &tag(0x0800, &v4_with(6, 0, &[1; 8], &segment))))),
        (1, ether(0x8847, &label(false, &label(true, &v6(&segment))))),
        (1, ether(0x8864, &pppoe(0x57, &chain))),
        (1, ether(80, &snap(0x86dd, &chain))),
        (113, sll(1, 0x0800, &v4_with(51, 0, &[], &join(&[&[6, 4, 0, 0], &[9; 20], &segment])))),
        (276, sll2(1, 0x86dd, &chain)),
        (12, v4_with(6, 0x2001, &[], &segment)),
        (105, wireless(0x88, 0x83, &[0; 6], &snap(0x0800, &v4(&segment)))),
        (127, radiotap(&[0x8000_0003, 0], &[0; 13], &wireless(0x08, 1, &[], &snap(0x86dd, &chain)))),
        (239, nflog(false, &v4(&segment))),
        (258, pktap(108, 1, 1, &ether(0x0800, &v4(&segment)))),
        (12, v4_with(47, 0, &[], &gre(0xb000, 0x0800, &[1; 12], &v4(&segment)))),
        (12, v4_with(47, 0, &[], &gre(0x1000, 0x88be, &[1; 4], &erspan_ii(&ether(0x0800, &v4(&segment)))))),
        (12, v6_with(17, &udp(4789, &vxlan(&ether(0x86dd, &chain))))),
        (12, v4_with(17, 0, &[], &udp(6081, &geneve(0x6558, 2, &ether(0x0800, &v4(&segment)))))),
        (12, v4_with(17, 0x2000, &[], &udp(8472, &vxlan(&ether(0x86dd, &chain))))),
        (12, v4_with(17, 0, &[], &udp(2152, &gtp(&[0, 0, 0, 0x85, 1, 0, 0, 0], &v4(&segment))))),
        (12, v4_with(17, 0, &[], &udp(37_008, &tzsp(&[10, 1, 7, 0], &ether(0x0800, &v4(&segment)))))),
        (12, v4_with(4, 0, &[], &v4_with(41, 0, &[], &chain))),
    ]
}

/// Cut at every length where that is affordable, and as it is.
fn check(linktype: LinkType, frame: &[u8], wire_len: u32) {
    assert_within(frame, through(decode(linktype, frame, wire_len)));
    for len in 0..frame.len().min(160) {
        assert_within(&frame[..len], through(decode(linktype, &frame[..len], wire_len)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes(
        linktype in proptest::sample::select(linktypes()),
        frame in proptest::collection::vec(any::<u8>(), 0..200),
        wire_len in any::<u32>(),
    ) {
        check(linktype, &frame, wire_len);
    }

    #[test]
    fn damaged_frames(
        (linktype, mut frame) in proptest::sample::select(valid_frames()),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        wire_len in any::<u32>(),
    ) {
        for (at, value) in damage {
            let at = at.index(frame.len());
            frame[at] = value;
        }
        check(linktype, &frame, wire_len);
    }

    #[test]
    fn random_payload_after_reassembly(
        next_header in any::<u8>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let decoded = decode_reassembled(CLIENT_V6.into(), SERVER_V6.into(), next_header, &bytes);
        assert_within(&bytes, through(decoded));
    }
}
