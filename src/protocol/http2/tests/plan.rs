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
}

/// By client or server, and stream.
pub type Messages = HashMap<(bool, u32), Sent>;

pub fn plan() -> impl Strategy<Value = Plan> {
    let size = prop_oneof![4 => 0..50_usize, 2 => 0..2_000_usize, 1 => 0..40_000_usize];
    let exchange = (size.clone(), size, any::<u8>());
    (prop::collection::vec(exchange, 1..10), 1..4_usize, any::<bool>(), prop_oneof![Just(16_384), 10..5_000_usize])
        .prop_map(|(exchanges, width, nested, frame)| Plan { exchanges, width, nested, frame })
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
        let (mut c, mut s) = (Encoder::default(), Encoder::default());
        let mut turns = vec![
            (true, [PREFACE, &settings(&[])].concat()),
            (false, [settings(&[]), settings_ack()].concat()),
            (true, settings_ack()),
        ];
        let mut sent = Messages::new();
        for (group, exchanges) in self.exchanges.chunks(self.width).enumerate() {
            for client in [true, false] {
                let mut parts = Vec::new();
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
                    let block = if client { c.block(&block_fields) } else { s.block(&block_fields) };
                    // Blocks are sent in the order in which they are encoded.
                    parts.push(vec![headers(id, &block, body.is_empty())]);
                    let pieces: Vec<_> = body.chunks(self.frame).collect();
                    let last = pieces.len();
                    parts.push(pieces.iter().enumerate().map(|(n, piece)| data(id, piece, n + 1 == last)).collect());
                    sent.insert((client, id), Sent { fields, body });
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
                turns.push((client, if client { bytes } else { [window_update(0), bytes].concat() }));
            }
        }
        (turns, sent)
    }
}
