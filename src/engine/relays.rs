//! Exchanges that come out twice: as they reach a proxy or NAT, and as these send them on. In: answered exchanges. Out: pairs of connections
//! on which the same exchanges were seen. That is said and counted; nothing is left out for it, since a client may ask the same twice.
//!
//! Two exchanges are a pair if they have the same method, target, status and size of the body, and one of them lies within the other on
//! another connection. Requests that come all the time meet each other by chance, so only those count that were not made a moment before.
//! A relay is known by the second of its pairs, unless two like exchanges overlap between them, of which neither lies within the other.
//!
//! To look at each exchange costs as much as to read its head. In a capture that seldom has both sides of a relay that is done from the
//! second server on, and only exchanges of two clients with two servers are a pair: a single client may ask several servers the same.

use std::collections::VecDeque;
use std::net::IpAddr;

use ahash::RandomState;

use crate::decode::Endpoint;
use crate::time::Timestamp;

/// Exchanges that are remembered, the last of each hash; some 400 KB.
const PLACES: usize = 4_096;
/// A request is a rare one if it was not seen for so long.
const REST_MS: u64 = 1_000;
/// Pairs that make a relay.
const PROOF: u32 = 2;
/// Relays, and those that may be; past it the oldest is forgotten.
const MAX_RELAYS: usize = 256;

/// Which exchanges may be a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Not any: there is no second server yet.
    OneServer(Option<Endpoint>),
    /// Those of two clients with two servers.
    TwoHosts,
    All,
}

impl Default for Scope {
    fn default() -> Self {
        Self::OneServer(None)
    }
}

/// An exchange that was answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered<'a> {
    pub client: Endpoint,
    pub server: Endpoint,
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub status: u16,
    pub body_bytes: u64,
    /// Of the first packet of the request, and of the response.
    pub asked: Timestamp,
    pub answered: Timestamp,
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Between {
    pub client: Endpoint,
    pub server: Endpoint,
}

#[derive(Debug)]
struct Place {
    hash: u64,
    between: Between,
    asked: Timestamp,
    answered: Timestamp,
    /// The last time of its like.
    until: Timestamp,
    /// Its like that came in a row, without a rest between them.
    times: u32,
}

/// Where requests to one server come from as they are sent on to another, or to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    outer: Endpoint,
    from: IpAddr,
    inner: Endpoint,
}

#[derive(Debug)]
struct Relay {
    way: Way,
    pairs: u32,
}

/// An exchange that was seen twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub outer: Between,
    pub inner: Between,
    /// Pairs of this relay that are known from now on.
    pub known: u64,
    /// It was not known to be a relay.
    pub is_first: bool,
}

#[derive(Debug, Default)]
pub(super) struct Relays {
    scope: Scope,
    hasher: RandomState,
    /// Empty until there is an exchange.
    places: Vec<Option<Place>>,
    relays: VecDeque<Relay>,
}

impl Relays {
    /// The capture may hold both sides of each relay.
    #[inline]
    pub fn look_everywhere(&mut self) {
        self.scope = Scope::All;
    }

    /// There is a connection to this server.
    pub fn meet(&mut self, server: Endpoint) {
        if let Scope::OneServer(known) = &mut self.scope
            && *known.get_or_insert(server) != server
        {
            self.scope = Scope::TwoHosts;
        }
    }

    /// Exchanges are to be noted.
    #[inline]
    pub fn is_on(&self) -> bool {
        !matches!(self.scope, Scope::OneServer(_))
    }

    /// Returns the pair that it makes of a known relay.
    pub fn note(&mut self, exchange: &Answered<'_>) -> Option<Pair> {
        let Answered { client, server, method, target, status, body_bytes, asked, answered } = *exchange;
        let between = Between { client, server };
        let hash = self.hasher.hash_one((method, target, status, body_bytes));
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let place = self.places.get_mut(hash as usize % PLACES)?;
        match place {
            Some(like) if like.hash == hash && asked < like.until.plus_millis(REST_MS) => {
                like.times = like.times.saturating_add(1);
                like.until = like.until.max(answered);
                // The same client's connection before NAT and after it is known by its numbers.
                if like.times != 2 || like.between.client == client {
                    return None;
                }
                let (there, here) = ((like.asked, like.answered), (asked, answered));
                let there_between = like.between;
                if self.scope != Scope::All && !are_of_two_hosts(there_between, between) {
                    return None;
                }
                if is_within(here, there) {
                    self.count(there_between, between)
                } else if is_within(there, here) {
                    self.count(between, there_between)
                } else {
                    if here.0 < there.1 && there.0 < here.1 {
                        self.doubt([there_between, between]);
                    }
                    None
                }
            }
            _ => {
                *place = Some(Place { hash, between, asked, answered, until: answered, times: 1 });
                None
            }
        }
    }

    fn count(&mut self, outer: Between, inner: Between) -> Option<Pair> {
        let way = Way::of(outer, inner);
        let relay = match self.relays.iter().position(|relay| relay.way == way) {
            Some(at) => self.relays.get_mut(at)?,
            None => {
                if self.relays.len() >= MAX_RELAYS {
                    self.relays.pop_front();
                }
                self.relays.push_back(Relay { way, pairs: 0 });
                self.relays.back_mut()?
            }
        };
        relay.pairs = relay.pairs.saturating_add(1);
        let is_first = relay.pairs == PROOF;
        let known = if is_first { PROOF.into() } else { 1 };
        (relay.pairs >= PROOF).then_some(Pair { outer, inner, known, is_first })
    }

    /// Two that overlap are no relay's, unless that is known to be one.
    fn doubt(&mut self, [one, other]: [Between; 2]) {
        let ways = [Way::of(one, other), Way::of(other, one)];
        self.relays.retain(|relay| relay.pairs >= PROOF || !ways.contains(&relay.way));
    }
}

impl Way {
    fn of(outer: Between, inner: Between) -> Self {
        Self { outer: outer.server, from: inner.client.ip, inner: inner.server }
    }
}

fn are_of_two_hosts(one: Between, other: Between) -> bool {
    one.client.ip != other.client.ip && one.server != other.server
}

fn is_within(inner: (Timestamp, Timestamp), outer: (Timestamp, Timestamp)) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn endpoint(last: u8, port: u16) -> Endpoint {
        Endpoint { ip: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, last)), port }
    }

    const CLIENT: Endpoint = endpoint(1, 40_000);
    const PROXY: Endpoint = endpoint(2, 80);
    const OF_PROXY: Endpoint = endpoint(2, 50_000);
    const SERVER: Endpoint = endpoint(3, 8_080);

    /// The n-th request, in milliseconds from its begin on.
    fn exchange(target: &str, [client, server]: [Endpoint; 2], n: i64, [asked, answered]: [i64; 2]) -> Answered<'_> {
        let at = |ms: i64| Timestamp::from_micros((n * 10_000 + ms) * 1_000);
        Answered {
            client,
            server,
            method: b"GET",
            target: target.as_bytes(),
            status: 200,
            body_bytes: 7,
            asked: at(asked),
            answered: at(answered),
        }
    }

    /// Which of some exchanges, one after the other, make pairs, and how many these are.
    fn pairs(exchanges: &[Answered<'_>]) -> Vec<(usize, u64, bool)> {
        pairs_in(Relays { scope: Scope::All, ..Relays::default() }, exchanges)
    }

    fn pairs_in(mut relays: Relays, exchanges: &[Answered<'_>]) -> Vec<(usize, u64, bool)> {
        let noted = exchanges
            .iter()
            .enumerate()
            .filter_map(|(n, exchange)| relays.note(exchange).map(|Pair { known, is_first, .. }| (n, known, is_first)));
        noted.collect()
    }

    fn sent_on<'a>(targets: &[&'a str], outer: [i64; 2], inner: [i64; 2], inner_first: bool) -> Vec<Answered<'a>> {
        let each = targets.iter().enumerate().flat_map(|(n, target)| {
            let mut both = vec![
                exchange(target, [CLIENT, PROXY], n as i64, outer),
                exchange(target, [OF_PROXY, SERVER], n as i64, inner),
            ];
            if inner_first {
                both.reverse();
            }
            both
        });
        each.collect()
    }

    #[test]
    fn a_relay_is_known_by_its_second_pair_whichever_half_comes_first() {
        for inner_first in [true, false] {
            for inner in [[1, 8], [0, 9], [0, 8], [1, 9]] {
                let found = pairs(&sent_on(&["/a", "/b", "/c"], [0, 9], inner, inner_first));
                assert_eq!(found, [(3, 2, true), (5, 1, false)], "{inner:?}, {inner_first}");
            }
            assert_eq!(pairs(&sent_on(&["/a"], [0, 9], [1, 8], inner_first)), []);
            // The same request, after a rest.
            assert_eq!(pairs(&sent_on(&["/a", "/a"], [0, 9], [1, 8], inner_first)), [(3, 2, true)]);
        }
    }

    #[test]
    fn the_outer_one_is_the_one_that_lasts_longer() {
        for inner_first in [true, false] {
            let mut relays = Relays::default();
            let exchanges = sent_on(&["/a", "/b"], [0, 9], [1, 8], inner_first);
            let found: Vec<_> = exchanges.iter().filter_map(|exchange| relays.note(exchange)).collect();
            assert_eq!(found[0].outer, Between { client: CLIENT, server: PROXY });
            assert_eq!(found[0].inner, Between { client: OF_PROXY, server: SERVER });
        }
    }

    #[test]
    fn exchanges_that_overlap_or_follow_each_other_are_no_pair() {
        for inner in [[5, 12], [9, 12], [20, 30]] {
            assert_eq!(pairs(&sent_on(&["/a", "/b", "/c"], [0, 9], inner, false)), [], "{inner:?}");
        }
    }

    /// Of two clients that ask the same at the same time each may be the first one to be answered.
    #[test]
    fn a_single_pair_by_chance_is_forgotten_once_two_overlap() {
        let by_chance = [
            exchange("/a", [CLIENT, SERVER], 0, [0, 9]),
            exchange("/a", [OF_PROXY, SERVER], 0, [1, 8]),
            exchange("/b", [CLIENT, SERVER], 1, [0, 8]),
            exchange("/b", [OF_PROXY, SERVER], 1, [1, 9]),
            exchange("/c", [CLIENT, SERVER], 2, [0, 9]),
            exchange("/c", [OF_PROXY, SERVER], 2, [1, 8]),
        ];
        assert_eq!(pairs(&by_chance), []);
    }

    #[test]
    fn requests_that_come_all_the_time_say_nothing() {
        let all = (0..1_000).map(|n| {
            let ends = if n % 2 == 0 { [CLIENT, PROXY] } else { [OF_PROXY, SERVER] };
            let mut exchange = exchange("/health", ends, 0, [n * 5, n * 5 + 8 - n % 2 * 6]);
            exchange.status = 204;
            exchange
        });
        assert_eq!(pairs(&all.collect::<Vec<_>>()), []);
    }

    #[test]
    fn in_other_captures_two_clients_and_two_servers_make_a_pair() {
        let two_servers = || {
            let mut relays = Relays::default();
            for server in [PROXY, PROXY, SERVER, PROXY] {
                assert!(!relays.is_on() || server == PROXY);
                relays.meet(server);
            }
            assert!(relays.is_on());
            relays
        };
        let of_client = Endpoint { port: 50_000, ..CLIENT };
        for ([client, server], count) in [([OF_PROXY, SERVER], 2), ([OF_PROXY, PROXY], 0), ([of_client, SERVER], 0)] {
            let mut exchanges = sent_on(&["/a", "/b", "/c"], [0, 9], [1, 8], false);
            for inner in exchanges.iter_mut().skip(1).step_by(2) {
                (inner.client, inner.server) = (client, server);
            }
            assert_eq!(pairs_in(two_servers(), &exchanges).len(), count, "{client:?} {server:?}");
        }
    }

    #[test]
    fn what_differs_is_no_pair() {
        let differ: [fn(&mut Answered<'_>); 5] = [
            |exchange| exchange.method = b"PUT",
            |exchange| exchange.target = b"/else",
            |exchange| exchange.status = 404,
            |exchange| exchange.body_bytes = 8,
            |exchange| exchange.client = CLIENT,
        ];
        for change in differ {
            let mut exchanges = sent_on(&["/a", "/b", "/c"], [0, 9], [1, 8], false);
            exchanges.iter_mut().skip(1).step_by(2).for_each(change);
            assert_eq!(pairs(&exchanges), []);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut relays = Relays::default();
        for n in 0..20_000_u16 {
            let target = format!("/{n}");
            for [client, server] in [[CLIENT, endpoint(4, n)], [OF_PROXY, SERVER]] {
                relays.note(&exchange(&target, [client, server], n.into(), [0, 1]));
            }
        }
        assert_eq!((relays.places.len(), relays.relays.len()), (PLACES, MAX_RELAYS));
    }
}
