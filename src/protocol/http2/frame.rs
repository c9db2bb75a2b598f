//! Frame headers (RFC 9113 §4.1): what each says, and which of them no peer may send.

/// The lowest limit that a receiver may set (RFC 9113 §6.5.2), and nearly all do.
pub(super) const MIN_MAX_FRAME_BYTES: u32 = 16 << 10;

/// Length, type, flags, stream identifier.
pub(super) const HEADER_BYTES: usize = 9;
/// A setting: its identifier and its value (RFC 9113 §6.5.1).
pub(super) const SETTING_BYTES: usize = 6;

pub(super) const END_STREAM: u8 = 0x01;
pub(super) const ACK: u8 = 0x01;
pub(super) const END_HEADERS: u8 = 0x04;
pub(super) const PADDED: u8 = 0x08;
pub(super) const PRIORITY: u8 = 0x20;

/// RFC 9113 §6. Other types are passed over (§5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    Other,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Data,
        Self::Headers,
        Self::Priority,
        Self::RstStream,
        Self::Settings,
        Self::PushPromise,
        Self::Ping,
        Self::GoAway,
        Self::WindowUpdate,
        Self::Continuation,
    ];

    fn of(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Other)
    }

    /// The flags that mean something (RFC 9113 §6); senders leave the others unset (§4.1).
    pub fn flags(self) -> u8 {
        match self {
            Self::Data => END_STREAM | PADDED,
            Self::Headers => END_STREAM | END_HEADERS | PADDED | PRIORITY,
            Self::Settings | Self::Ping => ACK,
            Self::PushPromise => END_HEADERS | PADDED,
            Self::Continuation => END_HEADERS,
            Self::Priority | Self::RstStream | Self::GoAway | Self::WindowUpdate | Self::Other => 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub length: u32,
    pub kind: Kind,
    pub flags: u8,
    /// To be ignored by who receives it, and unset by who sends it (RFC 9113 §4.1).
    pub reserved: bool,
    /// 0: the connection.
    pub stream: u32,
}

impl FrameHeader {
    pub fn parse(bytes: [u8; HEADER_BYTES]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = bytes;
        let stream = u32::from_be_bytes([s0, s1, s2, s3]);
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind: Kind::of(kind),
            flags,
            reserved: stream >> 31 != 0,
            stream: stream & 0x7fff_ffff,
        }
    }

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Bytes before the content: the pad length, the priority, the promised stream (RFC 9113 §6.1, §6.2, §6.6).
    pub fn prefix_bytes(&self) -> usize {
        let pad = usize::from(self.has(PADDED));
        match self.kind {
            Kind::Data => pad,
            Kind::Headers if self.has(PRIORITY) => pad + 5,
            Kind::Headers => pad,
            Kind::PushPromise => pad + 4,
            Kind::RstStream => 4,
            Kind::Settings => SETTING_BYTES,
            _ => 0,
        }
    }

    pub fn is_padded(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers | Kind::PushPromise) && self.has(PADDED)
    }

    /// No receiver reads on after such a header (RFC 9113 §6): its length or its stream contradicts its type.
    pub fn is_legal(&self, from_client: bool) -> bool {
        let of_stream = self.stream != 0;
        // Streams that a client begins have odd numbers, and only a server sends on others (RFC 9113 §5.1.1).
        let may_send = of_stream && (!from_client || self.stream % 2 == 1);
        match self.kind {
            Kind::Data | Kind::Headers => may_send && self.length as usize >= self.prefix_bytes(),
            Kind::Continuation => may_send,
            Kind::Priority => of_stream && self.length == 5,
            Kind::RstStream => of_stream && self.length == 4,
            Kind::Settings if self.has(ACK) => !of_stream && self.length == 0,
            Kind::Settings => !of_stream && (self.length as usize).is_multiple_of(SETTING_BYTES),
            // A server promises on a stream of the client's (RFC 9113 §6.6).
            Kind::PushPromise => !from_client && self.stream % 2 == 1 && self.length as usize >= self.prefix_bytes(),
            Kind::Ping => !of_stream && self.length == 8,
            Kind::GoAway => !of_stream && self.length >= 8,
            Kind::WindowUpdate => self.length == 4,
            Kind::Other => true,
        }
    }
}

/// Codes of RFC 9113 §7.
pub(super) const NO_ERROR: u32 = 0;
pub(super) const STREAM_CLOSED: u32 = 5;
pub(super) const CANCEL: u32 = 8;

/// The names of RFC 9113 §7.
pub(super) fn error_name(code: u32) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    // Others are to be treated like INTERNAL_ERROR (RFC 9113 §7), but were not sent as that.
    NAMES.get(code as usize).copied().unwrap_or("UNKNOWN_ERROR")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(length: u32, kind: u8, flags: u8, stream: u32) -> FrameHeader {
        let [_, a, b, c] = length.to_be_bytes();
        let [s0, s1, s2, s3] = stream.to_be_bytes();
        FrameHeader::parse([a, b, c, kind, flags, s0, s1, s2, s3])
    }

    #[test]
    fn frames_that_are_refused() {
        // Length, type, flags, stream; may a client, may a server.
        for (length, kind, flags, stream, client, server) in [
            (0, 0, 0, 1, true, true),
            (0, 0, PADDED, 1, false, false),
            (0, 0, 0, 0, false, false),
            (5, 0, 0, 2, false, true),
            (0xff_ffff, 0, 0, 3, true, true),
            (1, 1, PRIORITY, 1, false, false),
            (6, 1, PRIORITY | PADDED, 1, true, true),
            (5, 2, 0, 7, true, true),
            (4, 2, 0, 7, false, false),
            (4, 3, 0, 2, true, true),
            (4, 3, 0, 0, false, false),
            (12, 4, 0, 0, true, true),
            (13, 4, 0, 0, false, false),
            (6, 4, ACK, 0, false, false),
            (0, 4, 0, 1, false, false),
            (4, 5, END_HEADERS, 1, false, true),
            (4, 5, END_HEADERS, 2, false, false),
            (8, 6, 0, 0, true, true),
            (8, 6, 0, 1, false, false),
            (7, 7, 0, 0, false, false),
            (4, 8, 0, 4, true, true),
            (3, 8, 0, 4, false, false),
            (9, 9, 0, 0, false, false),
            (9, 99, 0xff, 5, true, true),
        ] {
            let header = header(length, kind, flags, stream);
            assert_eq!((header.is_legal(true), header.is_legal(false)), (client, server), "{header:?}");
        }
    }

    #[test]
    fn fields_of_a_header() {
        let header = FrameHeader::parse([1, 2, 3, 1, 0x25, 0x80, 0, 0, 7]);
        assert_eq!((header.length, header.kind, header.stream, header.reserved), (0x1_0203, Kind::Headers, 7, true));
        assert!(header.has(END_STREAM) && header.has(END_HEADERS) && header.has(PRIORITY) && !header.has(PADDED));
        assert_eq!((error_name(8), error_name(13), error_name(14)), ("CANCEL", "HTTP_1_1_REQUIRED", "UNKNOWN_ERROR"));
    }
}
