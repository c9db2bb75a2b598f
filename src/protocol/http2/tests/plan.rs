//! Conversations from a plan, and the messages in them.

use std::collections::HashMap;

use proptest::prelude::*;

use super::wire::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct Plan {
    /// Of each exchange: bytes of both bodies, and which fields it has.
    pub exchanges: Vec<(usize, usize, u8)>,
    /// Exchanges that go on at the same time.
    pub width: usize,
    /// The bodies are frames themselves.
    pub nested: bool,
    /// Largest DATA frame.
    pub frame: usize,
    /// Where frames are padded, cut, and followed by others; 0 for nowhere.
    pub noise: u64,
}

/// Chooses what RFC 9113 and RFC 7541 allow besides the plainest frames.
#[derive(Debug, Clone, Copy)]
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.0 != 0 && self.below(many) == 0
    }

    fn resize(&mut self, encoder: &mut Encoder) {
        if self.one_in(4) {
            encoder.resize([0, 70, 200, 4_096][self.below(4) as usize]);
        }
    }

    fn headers(&mut self, id: u32, block: &[u8], end: bool) -> Vec<u8> {
        if self.one_in(3) {
            let size = 1 + self.below(40) as usize;
            return headers_in_pieces(id, block, end, size);
        }
        if self.one_in(3) {
            let pad = self.below(256) as usize;
            let payload = [&[pad as u8, 0, 0, 0, 3, 200], block, &vec![0; pad]].concat();
            return frame(1, 0x2c | u8::from(end), id, &payload);
        }
        headers(id, block, end)
    }

    /// A piece of a body, perhaps with frames after it that say nothing about a message.
    fn data(&mut self, id: u32, piece: &[u8], end: bool) -> Vec<u8> {
        let is_apart = self.one_in(5); // the end is a frame of its own
        let ends = end && !is_apart;
        let mut bytes = match self.one_in(3) {
            true => padded_data(id, piece, self.below(16) as u8, ends),
            false => data(id, piece, ends),
        };
        if self.one_in(3) {
            bytes.extend(
                [ping(), priority(id), window_update(0), frame(0xbe, 0xff, id, b"unknown")][self.below(4) as usize]
                    .clone(),
            );
        }
        if is_apart && end {
            bytes.extend(data(id, b"", true));
        }
        bytes
    }
}

/// The stream under which a plan keeps the interim response on `id`.
pub const fn interim_of(id: u32) -> u32 {
    id + 1
}

/// By client or server, and stream.
pub type Messages = HashMap<(bool, u32), Sent>;

pub fn plan() -> impl Strategy<Value = Plan> {
    let size = prop_oneof![4 => 0..50_usize, 2 => 0..2_000_usize, 1 => 0..40_000_usize];
    let exchange = (size.clone(), size, any::<u8>());
    (
        prop::collection::vec(exchange, 1..10),
        1..4_usize,
        any::<bool>(),
        prop_oneof![Just(16_384), 10..5_000_usize],
        prop_oneof![Just(0), any::<u64>()],
    )
        .prop_map(|(exchanges, width, nested, frame, noise)| Plan { exchanges, width, nested, frame, noise })
}

/// Bytes that look like the traffic around them.
fn body(len: usize, nested: bool, salt: usize) -> Vec<u8> {
    if !nested {
        return (0..len).map(|n| (n * 7 + salt) as u8).collect();
    }
    let mut encoder = Encoder::default();
    let mut bytes = Vec::new();
    let mut id = 1;
    while bytes.len() < len {
        let path = format!("/inner/{id}");
        let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "inner"), (":path", path.as_str())];
        bytes.extend(headers(id, &encoder.block(&fields), false));
        bytes.extend(data(id, b"inner", true));
        bytes.extend(window_update(0));
        id += 2;
    }
    bytes.truncate(len);
    bytes
}

impl Plan {
    fn fields(kind: u8) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for bit in 0..6 {
            if kind & 1 << bit != 0 {
                fields.push((format!("x-{bit}"), format!("value-{}", kind >> 4)));
            }
        }
        fields
    }

    /// The bytes that client and server send in turn, and the messages in them.
    pub fn turns(&self) -> (Vec<(bool, Vec<u8>)>, Messages) {
        let (mut c, mut s, mut noise) = (Encoder::default(), Encoder::default(), Noise(self.noise));
        let mut turns = vec![
            (true, [PREFACE, &settings(&[])].concat()),
            (false, [settings(&[]), settings_ack()].concat()),
            (true, settings_ack()),
        ];
        let mut sent = Messages::new();
        for (group, exchanges) in self.exchanges.chunks(self.width).enumerate() {
            for client in [true, false] {
                let (mut parts, mut trailers) = (Vec::new(), Vec::new());
                let encoder = if client { &mut c } else { &mut s };
                for (index, (asked, answered, kind)) in exchanges.iter().enumerate() {
                    let id = 2 * (group * self.width + index) as u32 + 1;
                    let len = if client { *asked } else { *answered };
                    let mut fields: Vec<(String, String)> = if client {
                        [(":method", "POST"), (":scheme", "http"), (":authority", "host")]
                            .map(|(name, value)| (name.to_owned(), value.to_owned()))
                            .to_vec()
                    } else {
                        vec![(":status".to_owned(), if kind & 64 == 0 { "200" } else { "418" }.to_owned())]
                    };
                    if client {
                        fields.push((":path".to_owned(), format!("/outer/{}", if kind & 128 == 0 { 0 } else { id })));
                    }
                    fields.extend(Self::fields(*kind));
                    let body = body(len, self.nested, id as usize);
                    let block_fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    let mut head = Vec::new();
                    if !client && noise.one_in(4) {
                        let interim = vec![(":status".to_owned(), "103".to_owned())];
                        head.extend(noise.headers(id, b"\x08\x03103", false));
                        let interim = Sent { fields: interim, body: Vec::new(), trailers: Vec::new() };
                        sent.insert((client, interim_of(id)), interim);
                    }
                    noise.resize(encoder);
                    let block = encoder.block(&block_fields);
                    let has_trailers = noise.one_in(3);
                    // Blocks are sent in the order in which they are encoded.
                    head.extend(noise.headers(id, &block, body.is_empty() && !has_trailers));
                    parts.push(vec![head]);
                    let pieces: Vec<_> = body.chunks(self.frame).collect();
                    let last = if has_trailers { 0 } else { pieces.len() };
                    parts.push(
                        pieces.iter().enumerate().map(|(n, piece)| noise.data(id, piece, n + 1 == last)).collect(),
                    );
                    let own = match has_trailers {
                        true => [("x-0", "value-0".to_owned()), ("x-trailer", format!("trailer-{id}"))].to_vec(),
                        false => Vec::new(),
                    };
                    let own: Vec<_> = own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                    if has_trailers {
                        trailers.push((id, own.clone()));
                    }
                    sent.insert((client, id), Sent { fields, body, trailers: own });
                }
                let (heads, bodies): (Vec<_>, Vec<_>) = parts.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
                let mut bytes: Vec<u8> = heads.into_iter().flat_map(|(_, head)| head.concat()).collect();
                let mut bodies: Vec<_> = bodies.into_iter().map(|(_, body)| body.into_iter()).collect();
                while bodies.iter_mut().fold(false, |more, body| {
                    let next = body.next();
                    let is_some = next.is_some();
                    bytes.extend(next.unwrap_or_default());
                    more | is_some
                }) {}
                for (id, fields) in trailers {
                    noise.resize(encoder);
                    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    let block = encoder.block(&fields);
                    bytes.extend(noise.headers(id, &block, true));
                }
                turns.push((client, if client { bytes } else { [window_update(0), bytes].concat() }));
            }
        }
        (turns, sent)
    }
}
