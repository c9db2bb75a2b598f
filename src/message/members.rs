//! Which members the line of a message has (`fields`).

/// A member that may be left out. Marks that say something of another member come with it and have no name here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    Method,
    Path,
    StatusCode,
    Reason,
    HttpVersion,
    Headers,
    /// With its charset, its messages of gRPC, and the marks that say what was done to it.
    Body,
    BodySize,
    Trailers,
    Incomplete,
    GapBytes,
    Request,
    LatencyMs,
    WaitMs,
    DurationMs,
    StallMs,
    Proxied,
    StreamId,
    Scheme,
    Pushed,
    Protocol,
    ErrorCode,
    StreamedMessages,
    Tls,
    Grpc,
}

/// Those that each line has.
const ALWAYS: [&str; 5] = ["id", "timestamp", "direction", "receiver", "destination"];

/// By their names, in the order of a line.
pub const NAMES: [(&str, Member); 25] = [
    ("method", Member::Method),
    ("path", Member::Path),
    ("statusCode", Member::StatusCode),
    ("reason", Member::Reason),
    ("httpVersion", Member::HttpVersion),
    ("headers", Member::Headers),
    ("body", Member::Body),
    ("bodySize", Member::BodySize),
    ("trailers", Member::Trailers),
    ("incomplete", Member::Incomplete),
    ("gapBytes", Member::GapBytes),
    ("request", Member::Request),
    ("latencyMs", Member::LatencyMs),
    ("waitMs", Member::WaitMs),
    ("durationMs", Member::DurationMs),
    ("stallMs", Member::StallMs),
    ("proxied", Member::Proxied),
    ("streamId", Member::StreamId),
    ("scheme", Member::Scheme),
    ("pushed", Member::Pushed),
    ("protocol", Member::Protocol),
    ("errorCode", Member::ErrorCode),
    ("streamedMessages", Member::StreamedMessages),
    ("tls", Member::Tls),
    ("grpc", Member::Grpc),
];

/// A set of them, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members(u64);

impl Members {
    pub const ALL: Self = Self(u64::MAX);

    /// Those with these names; a name that is not known is returned as the error.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut bits = 0;
        for name in names {
            match NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, member)) => bits |= member.bit(),
                None if ALWAYS.contains(&name) => {}
                None => return Err(name),
            }
        }
        Ok(Self(bits))
    }

    #[inline]
    pub const fn has(self, member: Member) -> bool {
        self.0 & member.bit() != 0
    }

    /// True if one of them is in it.
    pub fn has_any(self, members: &[Member]) -> bool {
        members.iter().any(|member| self.has(*member))
    }
}

impl Member {
    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_member_of_its_own() {
        for (name, member) in NAMES {
            let members = Members::of([name]).unwrap();
            let there = NAMES.iter().filter(|(_, other)| members.has(*other)).map(|(_, other)| *other);
            assert_eq!(there.collect::<Vec<_>>(), [member], "{name}");
            assert!(Members::ALL.has(member), "{name}");
        }
        let all = NAMES.iter().fold(0, |bits, (_, member)| bits | member.bit());
        assert_eq!(all.count_ones() as usize, NAMES.len());
    }

    #[test]
    fn a_name_that_is_not_known_is_told() {
        assert_eq!(Members::of(["method", "bodyText", "x"]), Err("bodyText"));
        assert_eq!(Members::of(ALWAYS), Members::of([]));
    }
}
