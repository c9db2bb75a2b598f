//! A connection's key: its two endpoints in a fixed order, so that both directions find the same entry.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::decode::Endpoint;

/// One end of a connection, named by the order of the endpoints and not by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Low,
    High,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Low, Self::High];

    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// A slot of the table. Only valid until that connection is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryId(pub(super) u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowKey(Ends);

/// The two ends of a connection as they are told. They are those of its key, unless NAT hides the server's address from
/// the client: then the server stands here with its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    low: Endpoint,
    high: Endpoint,
}

impl Ends {
    pub fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }

    pub(super) fn replace(&mut self, side: Side, endpoint: Endpoint) {
        match side {
            Side::Low => self.low = endpoint,
            Side::High => self.high = endpoint,
        }
    }
}

impl FlowKey {
    /// The key, and the side that `source` is. A connection from an endpoint to itself is one side talking to itself.
    #[inline]
    pub fn of(source: Endpoint, destination: Endpoint) -> (Self, Side) {
        let is_in_order = match (source.ip, destination.ip) {
            // As below, in fewer instructions.
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits(), source.port) <= (b.to_bits(), destination.port),
            _ => source <= destination,
        };
        if is_in_order {
            (Self(Ends { low: source, high: destination }), Side::Low)
        } else {
            (Self(Ends { low: destination, high: source }), Side::High)
        }
    }

    pub fn endpoint(&self, side: Side) -> Endpoint {
        self.0.endpoint(side)
    }

    pub fn ends(&self) -> &Ends {
        &self.0
    }

    /// Where this connection stands between 0 and 1, the same in every run and for both directions (FNV-1a with a final
    /// mix; not for hash tables: it has no secret).
    pub fn fraction(&self) -> f64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        for endpoint in [self.0.low, self.0.high] {
            match endpoint.ip {
                IpAddr::V4(ip) => ip.octets().into_iter().for_each(&mut eat),
                IpAddr::V6(ip) => ip.octets().into_iter().for_each(&mut eat),
            }
            endpoint.port.to_be_bytes().into_iter().for_each(&mut eat);
        }
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
        (hash >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let (IpAddr::V4(low), IpAddr::V4(high)) = (self.0.low.ip, self.0.high.ip) {
            state.write_u64(u64::from(u32::from(low)) << 32 | u64::from(u32::from(high)));
        } else {
            for ip in [self.0.low.ip, self.0.high.ip] {
                match ip {
                    IpAddr::V4(ip) => state.write_u32(u32::from(ip)),
                    IpAddr::V6(ip) => state.write_u128(u128::from(ip)),
                }
            }
        }
        state.write_u32(u32::from(self.0.low.port) << 16 | u32::from(self.0.high.port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        Endpoint { ip: ip.parse().unwrap(), port }
    }

    #[test]
    fn both_directions_have_one_key() {
        for (a, b) in [
            (endpoint("10.0.0.1", 80), endpoint("10.0.0.2", 4000)),
            (endpoint("10.0.0.1", 80), endpoint("10.0.0.1", 81)),
            (endpoint("::1", 80), endpoint("::2", 80)),
        ] {
            let (forth, side) = FlowKey::of(a, b);
            let (back, other) = FlowKey::of(b, a);
            assert_eq!(forth, back);
            assert_eq!(side, other.other());
            assert_eq!(forth.endpoint(side), a);
            assert_eq!(forth.fraction(), back.fraction());
        }
    }

    #[test]
    fn the_share_of_connections_below_a_fraction_is_that_fraction() {
        let server = endpoint("10.0.0.1", 80);
        let below = (0..10_000u16)
            .filter(|n| FlowKey::of(server, endpoint("10.0.0.2", 10_000 + n)).0.fraction() < 0.25)
            .count();
        assert!((2_300..2_700).contains(&below), "{below} of 10000");
    }
}
