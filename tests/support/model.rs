//! A model: the kind of conversation, the faults of the capture, and how many messages may be wrong.

use std::net::Ipv4Addr;

use tcp_sniffer::flow::Patience;

use super::conversation::{Close, From};
use super::network::by_time;
use super::random::Random;
use super::rendered::Rendered;
use super::scene::Scene;
use super::seeded::{Talk, conversation};
use super::timing::{Ending, observe};
use super::trace::EPOCH_MICROS;
use super::wire::{Link, OTHER_SERVER_PORT, PROXY, Packet, SERVER_PORT};

pub type Capture = fn(&mut Random, &[Rendered], Vec<Packet>) -> Vec<Packet>;

/// How many messages may be wrong, missing, or lost without a name.
#[derive(Debug, Clone, Copy)]
pub enum Allowed {
    Never,
    /// One message in so many may be wrong, and none of fewer: the capture does not tell.
    OneIn(usize),
}

#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub name: &'static str,
    capture: Capture,
    talk: Talk,
    /// The client's port is watched too.
    both_ports: bool,
    /// NAT leads what the client sends to a proxy.
    led: bool,
    connections: Connections,
    /// All that was sent is captured, so all of it has to come out, whole and paired.
    pub complete: bool,
    pub allowed: Allowed,
    /// Of 100 messages, so many may be responses without their request.
    pub unpaired: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connections {
    One,
    /// One after the other on the same endpoints.
    Reuse,
    /// At once.
    Crowd,
}

const MILLI: i64 = 1_000;

impl Model {
    pub const fn new(name: &'static str, capture: Capture) -> Self {
        let (talk, connections) = (Talk::PLAIN, Connections::One);
        Self {
            name,
            capture,
            talk,
            both_ports: false,
            led: false,
            connections,
            complete: false,
            allowed: Allowed::Never,
            unpaired: 0,
        }
    }

    pub const fn complete(self) -> Self {
        Self { complete: true, ..self.anything() }
    }

    pub const fn unpaired(self, percent: usize) -> Self {
        Self { unpaired: percent, ..self }
    }

    pub const fn one_in(self, messages: usize) -> Self {
        Self { allowed: Allowed::OneIn(messages), ..self }
    }

    pub const fn reused(self) -> Self {
        Self { connections: Connections::Reuse, ..self }
    }

    pub const fn crowd(self) -> Self {
        Self { connections: Connections::Crowd, ..self }
    }

    pub const fn both_ports(self) -> Self {
        Self { both_ports: true, ..self }
    }

    pub const fn led(self) -> Self {
        Self { led: true, ..self }
    }

    pub const fn lookalikes(self) -> Self {
        Self { talk: Talk { lookalikes: true, ..self.talk }, ..self }
    }

    pub const fn prose(self) -> Self {
        Self { talk: Talk { prose: true, ..self.talk }, ..self }
    }

    pub const fn bursts(self) -> Self {
        Self { talk: Talk { bursts: true, ..self.talk }, ..self }
    }

    pub const fn proxied(self) -> Self {
        Self { talk: Talk { proxied: true, ..self.talk }, ..self }
    }

    pub const fn refused(self) -> Self {
        Self { talk: Talk { refused: true, ..self.talk }, ..self }
    }

    pub const fn anything(self) -> Self {
        Self { talk: Talk { anything: true, ..self.talk }, ..self }
    }

    /// The capture that this seed stands for.
    pub fn scene(&self, seed: u64) -> Scene {
        let random = &mut Random::named(self.name, seed);
        let count = match self.connections {
            Connections::One => 1,
            Connections::Reuse => 2 + random.below(4),
            Connections::Crowd => 6,
        };
        let client = Ipv4Addr::new(10, 9, (seed / 250 % 250) as u8, (seed % 250) as u8 + 1);
        let port = if self.both_ports { OTHER_SERVER_PORT } else { 20_000 + random.below(40_000) as u16 };
        let (mut talks, mut links, mut packets) = (Vec::new(), Vec::new(), Vec::new());
        let mut start = 0;
        for connection in 0..count {
            let talk = Rendered::of(conversation(random, connection, self.talk));
            let closer = if talk.conversation.close == Close::Server { From::Server } else { From::Client };
            let reuse = self.connections == Connections::Reuse;
            let endings = [Ending::Fin(closer), Ending::Reset, Ending::Open];
            let ending = if reuse { random.pick(&endings) } else { Ending::Fin(closer) };
            let mut seen = observe(random, &talk, start, ending);
            seen.iter_mut().for_each(|packet| packet.connection = connection);
            let port = if self.connections == Connections::Crowd { port + connection as u16 } else { port };
            if reuse {
                let pause = random.pick(&[500, 10 * MILLI, 2_000 * MILLI, 70_000 * MILLI]);
                start = seen.last().map_or(0, |last| last.at - EPOCH_MICROS) + pause;
            }
            let isn = From::BOTH.map(|_| match random.percent(10) {
                true => u32::MAX - random.below(10_000) as u32,
                false => random.next() as u32,
            });
            let server = Ipv4Addr::new(10, 0, 0, if self.led { 1 + random.below(2) as u8 } else { 1 });
            let led_to = self.led.then_some(PROXY);
            links.push(Link { client: (client, port), server: (server, SERVER_PORT), led_to, isn });
            packets.extend(seen);
            talks.push(talk);
        }
        let packets = (self.capture)(random, &talks, by_time(packets));
        let patience = if seed.is_multiple_of(4) { Patience::LIVE } else { Patience::SAVEFILE };
        Scene { talks, links, packets, patience }
    }
}
