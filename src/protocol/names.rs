//! The protocol that an unread stream looks like: a name for people, never a reason to read it otherwise.

/// By a stream's first bytes.
pub(super) fn protocol_name(sample: &[u8]) -> &'static str {
    match sample {
        [0x16, 0x03, ..] | [0x80, _, 0x01, ..] => "tls",
        [b'S', b'S', b'H', b'-', ..] => "ssh",
        // The client's preface, or the server's SETTINGS where that comes first (RFC 9113 §3.4).
        [b'P', b'R', b'I', b' ', b'*', ..] | [0, 0, _, 4, 0, 0, 0, 0, 0, ..] => "http/2",
        _ => "unknown",
    }
}

/// The same of a segment from the middle of a connection: a TLS record (RFC 8446 §5.1), HTTP/2 frames of which the first
/// ends where the segment or the next frame does (RFC 9113 §4.1).
pub(super) fn protocol_met_in_the_middle(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x14..=0x17, 0x03, 0x00..=0x04, ..] => "tls",
        [0, high, low, 0..=9, _, stream, ..] if *stream < 0x80 => {
            let rest = bytes.get(9 + usize::from(u16::from_be_bytes([*high, *low]))..);
            match rest {
                Some([] | [0, _, _, 0..=9, _, 0..=0x7f, ..]) => "http/2",
                _ => "unknown",
            }
        }
        _ => "unknown",
    }
}
