//! Beside etherparse, which reads IP, extension headers and TCP too: what both take for TCP, both read alike.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::build::*;
use super::*;

const RAW: LinkType = 12;

/// Addresses, ports, numbers, flags, window and payload.
type Read<'a> = ((IpAddr, u16), (IpAddr, u16), u32, u32, Flags, u16, &'a [u8]);

fn by_etherparse(packet: &[u8]) -> Option<Read<'_>> {
    let sliced = SlicedPacket::from_ip(packet).ok()?;
    let (source, destination) = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return None };
    let flags = Flags { fin: tcp.fin(), syn: tcp.syn(), rst: tcp.rst(), psh: tcp.psh(), ack: tcp.ack() };
    let (source, destination) = ((source, tcp.source_port()), (destination, tcp.destination_port()));
    let (seq, ack) = (tcp.sequence_number(), tcp.acknowledgment_number());
    Some((source, destination, seq, ack, flags, tcp.window_size(), tcp.payload()))
}

fn by_decode(packet: &[u8]) -> Option<Read<'_>> {
    let Ok(Decoded::Segment(segment)) = decode(RAW, packet, packet.len() as u32) else { return None };
    let Segment { source, destination, seq, ack, flags, window, payload, missing, .. } = segment;
    let (source, destination) = ((source.ip, source.port), (destination.ip, destination.port));
    (missing == 0).then_some((source, destination, seq, ack, flags, window, payload))
}

/// The length that the IP header declares is 0: segmentation was left to the card, or it is a jumbogram. etherparse reads
/// neither.
fn has_no_length(packet: &[u8]) -> bool {
    let at = if packet.first().is_some_and(|first| first >> 4 == 4) { 2 } else { 4 };
    packet.get(at..at + 2) == Some(&[0, 0])
}

/// etherparse does not know all extension headers (HIP, Shim6), and refuses some orders of them.
fn has_extensions(packet: &[u8]) -> bool {
    matches!(packet, [0x60..=0x6f, _, _, _, _, _, next, ..] if *next != 6)
}

fn packets() -> impl Strategy<Value = Vec<u8>> {
    let segment = (any::<u8>(), 0..=10usize, prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(flags, words, payload)| tcp_with(flags, &vec![1; 4 * words], &payload));
    let authentication = |inner: &[u8]| join(&[&[6, 4, 0, 0], &[9; 20], inner]);
    let chain = move |kinds: &[u8], segment: &[u8]| {
        let chain = kinds.iter().rev().fold((6, segment.to_vec()), |(next, inner), &kind| match kind {
            44 => (kind, fragment_header(next, 0, false, &inner)),
            51 if next == 6 => (kind, authentication(&inner)),
            51 => (next, inner),
            _ => (kind, extension(next, kind % 3, &inner)),
        });
        v6_with(chain.0, &chain.1)
    };
    prop_oneof![
        (0..=10usize, segment.clone()).prop_map(|(words, segment)| v4_with(6, 0x4000, &vec![1; 4 * words], &segment)),
        segment.clone().prop_map(move |segment| v4_with(51, 0, &[], &authentication(&segment))),
        (prop::collection::vec(select(vec![43, 44, 51, 60]), 0..4), segment)
            .prop_map(move |(kinds, segment)| chain(&kinds, &segment)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whole_packets_are_read_alike(packet in packets()) {
        prop_assert_eq!(by_decode(&packet), by_etherparse(&packet));
        prop_assert!(by_decode(&packet).is_some());
    }

    /// It may refuse more, or less, but never reads another segment.
    #[test]
    fn damaged_packets_are_not_read_differently(
        packet in packets(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..3),
        len in any::<Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut packet = packet;
        for (at, value) in damage {
            let at = at.index(packet.len().min(64));
            packet[at] = value;
        }
        if is_cut {
            packet.truncate(len.index(packet.len()));
        }
        prop_assume!(!has_no_length(&packet));
        match (by_decode(&packet), by_etherparse(&packet)) {
            (Some(ours), Some(theirs)) => prop_assert_eq!(ours, theirs),
            (None, Some(theirs)) => prop_assert!(false, "not read: {:?}", theirs),
            (Some(ours), None) => prop_assert!(has_extensions(&packet), "etherparse does not read {:?}", ours),
            (None, None) => {}
        }
    }
}
