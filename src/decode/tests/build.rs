//! Builds frames for tests: each function wraps what it is given.

pub(super) const CLIENT_V4: [u8; 4] = [10, 0, 0, 1];
pub(super) const SERVER_V4: [u8; 4] = [10, 0, 0, 2];
pub(super) const CLIENT_V6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
pub(super) const SERVER_V6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// From port 1025 to port 80, seq 0x01020304, ack 0x05060708, flags PSH and ACK.
pub(super) fn tcp(payload: &[u8]) -> Vec<u8> {
    tcp_with(0x18, &[], payload)
}

pub(super) fn tcp_with(flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let offset = (5 + options.len() as u8 / 4) << 4;
    let header = [4, 1, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, offset, flags, 0xff, 0xff, 0xab, 0xcd, 0, 0];
    join(&[&header, options, payload])
}

pub(super) fn v4(payload: &[u8]) -> Vec<u8> {
    v4_with(6, 0x4000, &[], payload)
}

/// `fragment_field` holds the flags and the offset in units of 8.
pub(super) fn v4_with(protocol: u8, fragment_field: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let [total_high, total_low] = ((20 + options.len() + payload.len()) as u16).to_be_bytes();
    let [field_high, field_low] = fragment_field.to_be_bytes();
    let version_ihl = 0x45 + options.len() as u8 / 4;
    let header = [version_ihl, 0, total_high, total_low, 0x12, 0x34, field_high, field_low, 64, protocol, 0xee, 0xee];
    join(&[&header, &CLIENT_V4, &SERVER_V4, options, payload])
}

pub(super) fn v6(payload: &[u8]) -> Vec<u8> {
    v6_with(6, payload)
}

pub(super) fn v6_with(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    join(&[&[0x60, 0, 0, 0, high, low, next_header, 64], &CLIENT_V6, &SERVER_V6, payload])
}

/// An extension header of `8 + 8 * units` bytes.
pub(super) fn extension(next_header: u8, units: u8, inner: &[u8]) -> Vec<u8> {
    join(&[&[next_header, units, 1, 4, 0, 0, 0, 0], &vec![0; 8 * usize::from(units)], inner])
}

/// `offset` in bytes.
pub(super) fn fragment_header(next_header: u8, offset: u16, more: bool, inner: &[u8]) -> Vec<u8> {
    let [high, low] = (offset | u16::from(more)).to_be_bytes();
    join(&[&[next_header, 0, high, low, 0xde, 0xad, 0xbe, 0xef], inner])
}

/// With the length field of an IPv4 or IPv6 packet set to `len`.
pub(super) fn with_len(mut packet: Vec<u8>, len: u16) -> Vec<u8> {
    let at = if packet[0] >> 4 == 4 { 2 } else { 4 };
    packet[at..at + 2].copy_from_slice(&len.to_be_bytes());
    packet
}

pub(super) fn with_byte(mut packet: Vec<u8>, at: usize, value: u8) -> Vec<u8> {
    packet[at] = value;
    packet
}

pub(super) fn ether(ethertype: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &ethertype.to_be_bytes(), inner])
}

/// The bytes after a VLAN ethertype: VLAN 7, then `ethertype`.
pub(super) fn tag(ethertype: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&[0, 7], &ethertype.to_be_bytes(), inner])
}

pub(super) fn snap(ethertype: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &ethertype.to_be_bytes(), inner])
}

pub(super) fn label(bottom: bool, inner: &[u8]) -> Vec<u8> {
    join(&[&[0, 1, 0x10 | u8::from(bottom), 64], inner])
}

pub(super) fn pppoe(protocol: u16, inner: &[u8]) -> Vec<u8> {
    let len = (inner.len() as u16 + 2).to_be_bytes();
    join(&[&[0x11, 0, 0, 1], &len, &protocol.to_be_bytes(), inner])
}

pub(super) fn sll(device: u16, protocol: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&[0, 4], &device.to_be_bytes(), &[0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &protocol.to_be_bytes(), inner])
}

pub(super) fn sll2(device: u16, protocol: u16, inner: &[u8]) -> Vec<u8> {
    let protocol = protocol.to_be_bytes();
    join(&[&protocol, &[0, 0, 0, 0, 0, 3], &device.to_be_bytes(), &[4, 6, 2, 0, 0, 0, 0, 1, 0, 0], inner])
}

/// To `port`, without a checksum.
pub(super) fn udp(port: u16, inner: &[u8]) -> Vec<u8> {
    let len = (8 + inner.len() as u16).to_be_bytes();
    join(&[&[0xc0, 0], &port.to_be_bytes(), &len, &[0, 0], inner])
}

/// `fields` are those that `flags` announce.
pub(super) fn gre(flags: u16, protocol: u16, fields: &[u8], inner: &[u8]) -> Vec<u8> {
    join(&[&flags.to_be_bytes(), &protocol.to_be_bytes(), fields, inner])
}

pub(super) fn erspan_ii(inner: &[u8]) -> Vec<u8> {
    join(&[&[0x10, 7, 0x18, 1, 0, 0, 0, 1], inner])
}

/// `last` is the byte with frame type and flag.
pub(super) fn erspan_iii(frame_type: u8, subheader: &[u8], inner: &[u8]) -> Vec<u8> {
    let has_subheader = u8::from(!subheader.is_empty());
    join(&[&[0x20, 7, 0x18, 1, 0, 0, 0, 1, 0, 0, frame_type << 2, has_subheader], subheader, inner])
}

pub(super) fn vxlan(inner: &[u8]) -> Vec<u8> {
    join(&[&[0x08, 0, 0, 0, 0, 0, 7, 0], inner])
}

pub(super) fn vxlan_gpe(protocol: u8, inner: &[u8]) -> Vec<u8> {
    join(&[&[0x0c, 0, 0, protocol, 0, 0, 7, 0], inner])
}

pub(super) fn geneve(protocol: u16, option_words: u8, inner: &[u8]) -> Vec<u8> {
    let options = vec![9; 4 * usize::from(option_words)];
    join(&[&[option_words, 0x40], &protocol.to_be_bytes(), &[0, 0, 7, 0], &options, inner])
}

/// `optional`: sequence number, N-PDU number, type of the first extension header, then such headers.
pub(super) fn gtp(optional: &[u8], inner: &[u8]) -> Vec<u8> {
    let flags = if optional.is_empty() { 0x30 } else { 0x34 };
    let len = ((optional.len() + inner.len()) as u16).to_be_bytes();
    join(&[&[flags, 255], &len, &[0, 0, 0, 1], optional, inner])
}

/// `tags` without the option that ends them.
pub(super) fn tzsp(tags: &[u8], inner: &[u8]) -> Vec<u8> {
    join(&[&[1, 0, 0, 1], tags, &[1], inner])
}

/// A wireless data frame between station and access point: `kind` and `flags` of its frame control, QoS with `qos`.
pub(super) fn wireless(kind: u8, flags: u8, qos: &[u8], inner: &[u8]) -> Vec<u8> {
    let fourth_address: &[u8] = if flags & 3 == 3 { &[4; 6] } else { &[] };
    join(&[&[kind, flags, 0, 0], &[1; 6], &[2; 6], &[3; 6], &[0x10, 0], fourth_address, qos, inner])
}

/// `present` words, then the fields; the length is counted.
pub(super) fn radiotap(present: &[u32], fields: &[u8], inner: &[u8]) -> Vec<u8> {
    let words = present.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let len = (4 + words.len() + fields.len()) as u16;
    join(&[&[0, 0], &len.to_le_bytes(), &words, fields, inner])
}

/// An attribute before the packet's, which is the ninth.
pub(super) fn nflog(big_endian: bool, inner: &[u8]) -> Vec<u8> {
    let u16 = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let len = 4 + inner.len() as u16;
    join(&[&[2, 0, 0, 42], &u16(7), &u16(10), b"ab\0\0", &u16(len), &u16(9), inner])
}

pub(super) fn pktap(len: u32, record: u32, linktype: u32, inner: &[u8]) -> Vec<u8> {
    let mut header = [len, record, linktype].map(u32::to_le_bytes).concat();
    header.resize(len as usize, 0);
    join(&[&header, inner])
}
