//! Why a frame gave neither a segment nor a fragment nor a clean "not TCP".

/// *Truncated* is the capture's doing (the snaplen), *bad* is the sender's: the header contradicts itself or its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Undecodable {
    UnknownLinkType,
    TruncatedLink,
    /// More link-layer or extension headers than any real network stacks up.
    TooManyHeaders,
    /// More tunnels, one in the other, than are looked into.
    TooManyTunnels,
    /// Encrypted on the air.
    ProtectedFrame,
    /// The capture says that it was received with errors.
    DamagedFrame,
    /// A wireless frame with a part of a packet.
    WirelessFragment,
    /// A wireless frame with several packets.
    WirelessAggregate,
    TruncatedIp,
    BadIpHeader,
    /// A reassembled datagram that is a fragment again.
    NestedFragment,
    TruncatedTcp,
    BadTcpHeader,
}

impl Undecodable {
    /// In the order of `index`.
    pub const ALL: [Self; 13] = [
        Self::UnknownLinkType,
        Self::TruncatedLink,
        Self::TooManyHeaders,
        Self::TooManyTunnels,
        Self::ProtectedFrame,
        Self::DamagedFrame,
        Self::WirelessFragment,
        Self::WirelessAggregate,
        Self::TruncatedIp,
        Self::BadIpHeader,
        Self::NestedFragment,
        Self::TruncatedTcp,
        Self::BadTcpHeader,
    ];
    pub const COUNT: usize = Self::ALL.len();

    /// Dense, below `COUNT`: the place of this reason in an array of counters.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name of this reason's counter in `stats()`.
    pub const fn counter(self) -> &'static str {
        match self {
            Self::UnknownLinkType => "undecodableUnknownLinkType",
            Self::TruncatedLink => "undecodableTruncatedLink",
            Self::TooManyHeaders => "undecodableTooManyHeaders",
            Self::TooManyTunnels => "undecodableTooManyTunnels",
            Self::ProtectedFrame => "undecodableProtectedFrame",
            Self::DamagedFrame => "undecodableDamagedFrame",
            Self::WirelessFragment => "undecodableWirelessFragment",
            Self::WirelessAggregate => "undecodableWirelessAggregate",
            Self::TruncatedIp => "undecodableTruncatedIp",
            Self::BadIpHeader => "undecodableBadIpHeader",
            Self::NestedFragment => "undecodableNestedFragment",
            Self::TruncatedTcp => "undecodableTruncatedTcp",
            Self::BadTcpHeader => "undecodableBadTcpHeader",
        }
    }
    /// Describes a number of such packets, for people: "3 " and these words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnknownLinkType => "of a link type that is not read",
            Self::TruncatedLink => "cut off before the IP header",
            Self::TooManyHeaders => "with more headers than are read",
            Self::TooManyTunnels => "in more tunnels than are looked into",
            Self::ProtectedFrame => "encrypted on the air",
            Self::DamagedFrame => "received with errors",
            Self::WirelessFragment => "in wireless fragments",
            Self::WirelessAggregate => "in wireless aggregates (A-MSDU)",
            Self::TruncatedIp => "cut off in the IP header",
            Self::BadIpHeader => "with a broken IP header",
            Self::NestedFragment => "that are fragments of a fragment",
            Self::TruncatedTcp => "cut off in the TCP header",
            Self::BadTcpHeader => "with a broken TCP header",
        }
    }
}
