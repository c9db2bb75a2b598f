//! The record layer's outside: headers, content types, limits (RFC 8446 §5.1, RFC 5246 §6.2).

pub const HEADER_BYTES: usize = 5;

/// 2^14 bytes of plaintext and what a version may add: 2 048 in TLS 1.2 (RFC 5246 §6.2.3), 256 in TLS 1.3.
pub const MAX_BODY_BYTES: usize = (1 << 14) + 2_048;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

/// RFC 8446 §6.1.
pub const CLOSE_NOTIFY: u8 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub content_type: u8,
    pub version: u16,
    /// Of what follows it.
    pub length: u16,
}

/// The kind of the bytes where a record should begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    Header(Header),
    /// Fewer than a header has.
    Partial,
    /// No record begins here.
    Invalid,
}

impl Header {
    pub fn parse(bytes: &[u8]) -> Parsed {
        let Some(&[content_type, major, minor, high, low]) = bytes.first_chunk::<HEADER_BYTES>() else {
            let plausible = bytes.first().is_none_or(|first| (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(first))
                && bytes.get(1).is_none_or(|&major| major == 3)
                && bytes.get(2).is_none_or(|&minor| minor <= 4);
            return if plausible { Parsed::Partial } else { Parsed::Invalid };
        };
        let header =
            Self { content_type, version: u16::from_be_bytes([major, minor]), length: u16::from_be_bytes([high, low]) };
        let known = (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&content_type) && major == 3 && minor <= 4;
        // Only application data may be empty (RFC 8446 §5.1).
        let sized = header.body_bytes() <= MAX_BODY_BYTES && (header.length > 0 || content_type == APPLICATION_DATA);
        if known && sized { Parsed::Header(header) } else { Parsed::Invalid }
    }

    pub fn body_bytes(self) -> usize {
        usize::from(self.length)
    }

    pub fn bytes(self) -> [u8; HEADER_BYTES] {
        let ([major, minor], [high, low]) = (self.version.to_be_bytes(), self.length.to_be_bytes());
        [self.content_type, major, minor, high, low]
    }
}

/// How a connection that has said so much begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    ClientHello,
    /// Too few bytes to tell.
    Partial,
    Other,
}

/// Looks at the first bytes of a stream.
pub fn beginning(bytes: &[u8]) -> Beginning {
    // A handshake record, and in it the message type 1 (RFC 8446 §4).
    let expected = |index: usize, byte: u8| match index {
        0 => byte == HANDSHAKE,
        1 => byte == 3,
        2 => byte <= 4,
        5 => byte == 1,
        _ => true,
    };
    if !bytes.iter().take(6).enumerate().all(|(index, &byte)| expected(index, byte)) {
        return Beginning::Other;
    }
    if bytes.len() < 6 { Beginning::Partial } else { Beginning::ClientHello }
}

/// Records stand in a row from the first byte on, as in a connection whose ClientHello was not captured.
pub fn looks_begun(bytes: &[u8]) -> bool {
    let Parsed::Header(header) = Header::parse(bytes) else { return false };
    bytes.get(HEADER_BYTES + header.body_bytes()..).is_none_or(|rest| Header::parse(rest) != Parsed::Invalid)
}
