//! How much load is shed, by level, and which connections that means: a share that grows, chosen by a hash of the client's endpoint, so
//! that both directions are left out also where NAT gives them different addresses.

use ahash::RandomState;

use super::app::App;
use super::ports::PortSet;
use crate::flow::{Entry, FlowKey, Side};

/// How much is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShedLevel(u8);

impl ShedLevel {
    pub const NONE: Self = Self(0);
    /// Every connection is left out: a capture of one busy connection has no other way down.
    pub const ALL: Self = Self(6);
    const BODIES: Self = Self(1);

    #[must_use]
    pub fn up(self) -> Self {
        Self(self.0 + 1).min(Self::ALL)
    }

    #[must_use]
    pub fn down(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    pub fn number(self) -> u64 {
        self.0.into()
    }

    /// In words, as the log has it.
    pub fn describe(self) -> String {
        match self {
            Self::NONE => "everything is read, connections that were left out within a minute".to_owned(),
            Self::BODIES => "bodies are left out".to_owned(),
            Self::ALL => "every connection is left out".to_owned(),
            _ => {
                let of = 1u32 << (self.0 - Self::BODIES.0);
                format!("bodies are left out, and {} of {of} connections", of - 1)
            }
        }
    }

    /// The connections whose hash lies below this are read: half of them, a quarter, and so on.
    fn kept(self) -> u64 {
        match self {
            Self::NONE | Self::BODIES => u64::MAX,
            Self::ALL => 0,
            _ => u64::MAX >> (self.0 - Self::BODIES.0),
        }
    }
}

/// The connections that are left out.
#[derive(Debug)]
pub(super) struct Shedding {
    pub level: ShedLevel,
    /// With a seed that no client knows: none can choose an address that is never read.
    hasher: RandomState,
}

impl Default for Shedding {
    fn default() -> Self {
        Self::new(ShedLevel::NONE, 0)
    }
}

impl Shedding {
    pub fn new(level: ShedLevel, seed: u64) -> Self {
        Self { level, hasher: RandomState::with_seeds(seed, 0, 0, 0) }
    }

    /// Connections are left out.
    #[inline]
    pub fn is_of_connections(&self) -> bool {
        self.level > ShedLevel::BODIES
    }

    /// The client is the side whose port is not watched. Where both are, the addresses decide together.
    pub fn leaves_out(&self, key: &FlowKey, ports: &PortSet) -> bool {
        let [low, high] = Side::BOTH.map(|side| key.endpoint(side));
        let hash = match (ports.contains(low.port), ports.contains(high.port)) {
            (true, false) => self.hasher.hash_one(high),
            (false, true) => self.hasher.hash_one(low),
            (true, true) => self.hasher.hash_one(key),
            (false, false) => return false,
        };
        hash >= self.level.kept()
    }

    pub fn leaves_out_entry(&self, entry: &Entry<App>, ports: &PortSet) -> bool {
        entry.keys().any(|key| self.leaves_out(&key, ports))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Endpoint;

    fn endpoint(n: u32, port: u16) -> Endpoint {
        Endpoint { ip: std::net::Ipv4Addr::from(0x0a00_0000 + n).into(), port }
    }

    fn levels() -> Vec<ShedLevel> {
        let mut levels = vec![ShedLevel::NONE];
        while let Some(&last) = levels.last().filter(|&&last| last < ShedLevel::ALL) {
            levels.push(last.up());
        }
        levels
    }

    #[test]
    fn each_level_leaves_out_what_the_one_below_it_does_and_half_of_the_rest() {
        let ports = PortSet::new(&[80]);
        let keys: Vec<_> = (0..20_000u32)
            .map(|n| FlowKey::of(endpoint(0, 80), endpoint(1 + n / 100, 10_000 + (n % 100) as u16)).0)
            .collect();
        let mut before = vec![false; keys.len()];
        for level in levels() {
            let shedding = Shedding::new(level, 7);
            let out: Vec<bool> = keys.iter().map(|key| shedding.leaves_out(key, &ports)).collect();
            assert!(before.iter().zip(&out).all(|(before, out)| !before || *out), "{}", level.describe());
            let kept = out.iter().filter(|&&out| !out).count() as f64 / keys.len() as f64;
            let expected = match level.number() {
                0 | 1 => 1.0,
                6 => 0.0,
                n => 0.5f64.powi(n as i32 - 1),
            };
            assert!((kept - expected).abs() < 0.03, "{kept} kept, {}", level.describe());
            before = out;
        }
    }

    #[test]
    fn both_directions_are_left_out_where_nat_gives_them_different_servers() {
        let ports = PortSet::new(&[80]);
        let shedding = Shedding::new(ShedLevel::BODIES.up(), 3);
        for n in 0..1_000 {
            let client = endpoint(n, 40_000);
            let there = FlowKey::of(client, endpoint(70_000, 80)).0;
            let back = FlowKey::of(endpoint(80_000, 80), client).0;
            assert_eq!(shedding.leaves_out(&there, &ports), shedding.leaves_out(&back, &ports));
        }
    }

    #[test]
    fn a_level_says_what_it_leaves_out() {
        let words: Vec<_> = levels().into_iter().map(ShedLevel::describe).collect();
        assert_eq!(
            words[1..4],
            [
                "bodies are left out",
                "bodies are left out, and 1 of 2 connections",
                "bodies are left out, and 3 of 4 connections"
            ]
        );
        assert_eq!(words[5..], ["bodies are left out, and 15 of 16 connections", "every connection is left out"]);
        assert_eq!(ShedLevel::ALL.up(), ShedLevel::ALL);
        assert_eq!(ShedLevel::NONE.down(), ShedLevel::NONE);
    }
}
