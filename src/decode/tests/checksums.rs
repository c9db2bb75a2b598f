use super::build::*;
use super::*;

/// As slowly as RFC 1071 §1 says it.
fn sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])));
    words.fold(0, |sum, word| (sum + word) % 0xffff) as u16
}

fn pseudo_header(packet: &[u8], segment_len: usize) -> Vec<u8> {
    let len = (segment_len as u16).to_be_bytes();
    let addresses = if packet[0] >> 4 == 4 { &packet[12..20] } else { &packet[8..40] };
    join(&[addresses, &[0, 6], &len])
}

/// With `field` in place of the TCP checksum, where `None` is the right one.
fn with_tcp_sum(mut packet: Vec<u8>, field: Option<u16>) -> Vec<u8> {
    let header_len = if packet[0] >> 4 == 4 { 20 } else { 40 };
    packet[header_len + 16..header_len + 18].fill(0);
    let pseudo = pseudo_header(&packet, packet.len() - header_len);
    let right = !sum(&join(&[&pseudo, &packet[header_len..]]));
    packet[header_len + 16..header_len + 18].copy_from_slice(&field.unwrap_or(right).to_be_bytes());
    packet
}

fn with_ip_sum(mut packet: Vec<u8>) -> Vec<u8> {
    packet[10..12].fill(0);
    let right = !sum(&packet[..20]);
    packet[10..12].copy_from_slice(&right.to_be_bytes());
    packet
}

fn segment(packet: &[u8]) -> Segment<'_> {
    match decode(101, packet, packet.len() as u32) {
        Ok(Decoded::Segment(segment)) => segment,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_checksum_is_right_at_every_length_and_wrong_with_any_byte_changed() {
    let text: Vec<u8> = (0..150u32).map(|n| (n * 37 + 11) as u8).collect();
    for build in [v4, v6] {
        for length in 0..text.len() {
            let packet = with_tcp_sum(build(&tcp(&text[..length])), None);
            assert_eq!(segment(&packet).tcp_sum(), Sum::Right, "{length} bytes");
        }
        let packet = with_tcp_sum(build(&tcp(&text)), None);
        let header_len = packet.len() - text.len() - 20;
        for at in (header_len..packet.len()).filter(|at| !(header_len + 12..header_len + 14).contains(at)) {
            let changed = with_byte(packet.clone(), at, packet[at] ^ 0x40);
            assert_eq!(segment(&changed).tcp_sum(), Sum::Wrong, "byte {at}");
        }
    }
}

#[test]
fn the_sum_of_all_ones_carries() {
    for length in [1, 7, 8, 31, 32, 33, 1_460, 60_000] {
        let packet = with_tcp_sum(v4(&tcp(&vec![0xff; length])), None);
        assert_eq!(segment(&packet).tcp_sum(), Sum::Right, "{length} bytes");
    }
}

#[test]
fn what_is_left_to_the_card_is_told_from_what_is_wrong() {
    for build in [v4, v6] {
        let packet = build(&tcp(b"GET /"));
        let pseudo = sum(&pseudo_header(&packet, 25));
        let without_length = sum(&pseudo_header(&packet, 0));
        for (field, is) in [
            (0, Sum::Unfilled),
            (pseudo, Sum::Unfilled),
            (without_length, Sum::Unfilled),
            (0xabcd, Sum::Wrong),
            (!pseudo, Sum::Wrong),
        ] {
            assert_eq!(segment(&with_tcp_sum(packet.clone(), Some(field))).tcp_sum(), is, "{field:x}");
        }
    }
}

#[test]
fn of_what_was_cut_off_nothing_is_known() {
    let packet = with_tcp_sum(v4(&tcp(b"GET /")), None);
    let Ok(Decoded::Segment(segment)) = decode(101, &packet[..42], packet.len() as u32) else { panic!() };
    assert_eq!(segment.tcp_sum(), Sum::Unknown);
}

#[test]
fn an_ipv4_header_has_a_sum_and_an_ipv6_header_none() {
    let packet = v4(&tcp(b"GET /"));
    let right = with_ip_sum(packet.clone());
    assert_eq!(segment(&right).ip_sum(), Sum::Right);
    assert_eq!(segment(&with_byte(right, 8, 63)).ip_sum(), Sum::Wrong);
    assert_eq!(segment(&with_byte(with_byte(packet, 10, 0), 11, 0)).ip_sum(), Sum::Unfilled);
    assert_eq!(segment(&v6(&tcp(b"GET /"))).ip_sum(), Sum::Unknown);
}

#[test]
fn a_sum_of_an_ipv4_header_that_is_zero_may_be_right() {
    let mut packet = v4(&tcp(b"GET /"));
    packet[4..6].fill(0);
    packet = with_ip_sum(packet);
    // The identification takes the value of the sum, so the sum is zero.
    packet.copy_within(10..12, 4);
    packet[10..12].fill(0);
    assert_eq!(segment(&packet).ip_sum(), Sum::Right);
}

#[test]
fn a_mapping_says_how_far_the_stream_is_ahead_of_the_subflow() {
    for (option, mapping) in [
        // With an ack of the stream, and without.
        (&[30, 20, 0x20, 0x05, 0, 0, 0, 9, 0, 0, 1, 7, 0, 0, 0, 7, 0, 40, 0, 0][..], Some(0x100)),
        (&[30, 16, 0x20, 0x04, 0, 0, 1, 7, 0, 0, 0, 7, 0, 40, 0, 0], Some(0x100)),
        (&[30, 16, 0x20, 0x04, 0, 0, 0, 1, 0, 0, 0, 2, 0, 40, 0, 0], Some(u32::MAX)),
        // Long numbers of both.
        (&[30, 28, 0x20, 0x0f, 0, 0, 0, 0, 0, 0, 0, 9, 5, 5, 5, 5, 0, 0, 1, 7, 0, 0, 0, 7, 0, 40, 0, 0], Some(0x100)),
        // An ack alone, an end of the stream alone, another subtype, too short.
        (&[30, 8, 0x20, 0x01, 0, 0, 0, 9], None),
        (&[30, 16, 0x20, 0x14, 0, 0, 1, 7, 0, 0, 0, 0, 0, 1, 0, 0], None),
        (&[30, 16, 0x30, 0x04, 0, 0, 1, 7, 0, 0, 0, 7, 0, 40, 0, 0], None),
        (&[30, 8, 0x20, 0x04, 0, 0, 1, 7], None),
        (&[30, 2, 1, 1], None),
    ] {
        for before in [&[][..], &[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]] {
            let packet = v4(&tcp_with(0x18, &join(&[before, option]), b"data"));
            let segment = segment(&packet);
            assert_eq!(segment.mapping(), mapping, "{option:?}");
            assert!(mapping.is_none() || segment.may_be_mapped());
            assert!(!segment.joins());
        }
    }
    let packet = v4(&tcp_with(0x02, &[30, 12, 0x10, 2, 1, 2, 3, 4, 5, 6, 7, 8], b""));
    assert!(segment(&packet).joins());
}

#[test]
fn options_are_read_up_to_the_first_that_is_broken() {
    for (options, kinds, shift) in [
        (&[2, 4, 5, 180, 1, 3, 3, 7][..], &[2, 3][..], 7),
        (&[3, 3, 200, 0], &[3], 14),
        (&[0, 3, 3, 7], &[], 0),
        (&[1, 1, 1, 1], &[], 0),
        (&[3, 9, 7, 1], &[], 0),
        (&[3, 1, 7, 1], &[], 0),
        (&[1, 1, 1, 3], &[], 0),
        (&[], &[], 0),
    ] {
        let packet = v4(&tcp_with(0x02, options, b""));
        let segment = segment(&packet);
        assert_eq!(segment.options().map(|(kind, _)| kind).collect::<Vec<_>>(), kinds, "{options:?}");
        assert_eq!(segment.window_shift(), shift, "{options:?}");
    }
}
