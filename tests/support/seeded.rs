//! Realistic conversations from a seed: the messages of clients and servers, in realistic proportions.

use super::bodies::{Kind, body};
use super::conversation::{Close, Conversation, Exchange, Field, From, Pace, Payload, Request, Response};
use super::random::Random;

/// Features of a conversation, besides the ordinary.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// Bodies hold HTTP.
    pub lookalikes: bool,
    /// Bodies are words, methods among them.
    pub prose: bool,
    /// A proxy's line or header comes before the first request.
    pub proxied: bool,
    /// Servers may refuse a request whose body waits for a 100 (Continue): the body is never sent.
    pub refused: bool,
    /// Requests come two or three at a time, and the next requests when all are answered.
    pub bursts: bool,
    /// Only a whole capture tells how to read these: CONNECT, tunnels that hold HTTP, clients that keep two requests open.
    pub anything: bool,
}

impl Talk {
    pub const PLAIN: Self =
        Self { lookalikes: false, prose: false, proxied: false, refused: false, bursts: false, anything: false };
}

/// Exchanges of one conversation are numbered from a multiple of this on.
pub const MOST_EXCHANGES: usize = 100;

pub fn conversation(random: &mut Random, connection: usize, talk: Talk) -> Conversation {
    let count = random.pick(&[1, 2, 3, 5, 8, 12]);
    let pace = match random.below(20) {
        _ if talk.bursts => Pace::Pipelined(random.pick(&[2, 3])),
        0..3 => Pace::Pipelined(count),
        3 => Pace::Together(count),
        4 if talk.anything => Pace::Eager(count),
        _ => Pace::OneByOne,
    };
    let mut exchanges: Vec<_> = (0..count).map(|_| exchange(random, talk, pace == Pace::OneByOne)).collect();
    let mut close = Close::Client;
    let mut tunnel = None;
    if pace == Pace::OneByOne && random.percent(12) {
        exchanges.push(leaving(random, talk));
        tunnel = Some((0..random.below(8)).map(|_| said_in_a_tunnel(random, talk)).collect());
    } else if let Some(last) = exchanges.last_mut()
        && random.percent(30)
        && last.request.method != "HEAD"
        && let Payload::Length(bytes) = &last.response.payload
    {
        last.response.payload = Payload::UntilClose(bytes.clone());
        last.response.fields.push(field("Connection", "close"));
        close = Close::Server;
    }
    for (index, exchange) in exchanges.iter_mut().enumerate() {
        exchange.mark(connection * MOST_EXCHANGES + index);
        random.shuffle(&mut exchange.request.fields);
        random.shuffle(&mut exchange.response.fields);
    }
    let prefix = if talk.proxied { proxy_prefix(random) } else { Vec::new() };
    Conversation { prefix, exchanges, pace, tunnel, close }
}

fn exchange(random: &mut Random, talk: Talk, in_turn: bool) -> Exchange {
    let method = random.pick(&["GET", "GET", "GET", "GET", "POST", "POST", "POST", "PUT", "PATCH", "HEAD", "DELETE"]);
    let minor = if random.percent(4) { 0 } else { 1 };
    let mut request = Request {
        method,
        target: format!("/{}?q={}", random.pick(&["api", "shop", "v1/users"]), random.below(1_000)),
        minor,
        fields: vec![field("Host", "shop.test"), field("User-Agent", &padded(random, "u/1", &[0, 0, 5, 300, 1_800]))],
        payload: Payload::None,
    };
    if matches!(method, "POST" | "PUT" | "PATCH") {
        request.payload = payload(random, talk, minor);
    }
    let has_body = matches!(&request.payload, Payload::Length(bytes) if !bytes.is_empty())
        || matches!(&request.payload, Payload::Chunked { chunks, .. } if !chunks.is_empty());
    let expects_continue = has_body && in_turn && minor == 1 && random.percent(15);
    let answered_early = has_body && in_turn && !expects_continue && random.percent(12);
    let interim = |code: u16, reason: &str| Response {
        code,
        reason: reason.into(),
        minor: 1,
        fields: Vec::new(),
        payload: Payload::None,
    };
    let mut interims = Vec::new();
    if expects_continue {
        request.fields.push(field("Expect", "100-continue"));
        interims.push(interim(100, "Continue"));
    } else if in_turn && random.percent(4) {
        request.fields.extend([
            field("Connection", "Upgrade, HTTP2-Settings"),
            field("Upgrade", "h2c"),
            field("HTTP2-Settings", "AAA"),
        ]);
    }
    if minor == 1 && random.percent(6) {
        interims.push(interim(103, "Early Hints"));
    }
    let mut exchange =
        Exchange { expects_continue, answered_early, interims, response: response(random, talk, &request), request };
    if expects_continue && talk.refused && random.percent(50) {
        refuse(&mut exchange);
    }
    exchange
}

/// The server answers in place of a 100 (Continue), and the client goes on without its body (RFC 9110 §10.1.1).
fn refuse(exchange: &mut Exchange) {
    let Exchange { request, response, .. } = exchange;
    request.payload = match &request.payload {
        Payload::Length(bytes) => Payload::Announced(bytes.len()),
        _ => Payload::Announced(100),
    };
    (response.code, response.payload) = (417, Payload::Length(b"no".to_vec()));
    exchange.expects_continue = false;
    exchange.interims.clear();
}

fn response(random: &mut Random, talk: Talk, request: &Request) -> Response {
    let code = random.pick(&[200, 200, 200, 200, 200, 200, 200, 201, 206, 404, 500, 204, 304]);
    let payload = match (request.method, code) {
        (_, 204) => Payload::None,
        (_, 304) | ("HEAD", _) if random.percent(60) => Payload::Announced(1 + random.below(5_000)),
        (_, 304) | ("HEAD", _) => Payload::None,
        _ => payload(random, talk, request.minor),
    };
    let fields = vec![field("Server", &padded(random, "s/2", &[0, 0, 0, 200, 2_500]))];
    Response { code, reason: "Fine".into(), minor: request.minor, fields, payload }
}

fn payload(random: &mut Random, talk: Talk, minor: u8) -> Payload {
    let bytes = any_body(random, talk);
    if minor == 0 || random.percent(65) {
        return Payload::Length(bytes);
    }
    let mut chunks = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let size = random.pick(&[1, 16, 100, 1_000, 4_096, 8_192]).min(rest.len());
        let (chunk, after) = rest.split_at(size);
        let extension = if random.percent(5) { ";e=\"v\"" } else { "" };
        chunks.push((extension.to_owned(), chunk.to_vec()));
        rest = after;
    }
    let trailers = if random.percent(20) { vec![field("x-tr", "1")] } else { Vec::new() };
    Payload::Chunked { chunks, trailers }
}

fn any_body(random: &mut Random, talk: Talk) -> Vec<u8> {
    let plain = [Kind::Json, Kind::Html, Kind::Binary, Kind::Log];
    let kind = match random.below(7) {
        0..3 if talk.lookalikes => Kind::Lookalike,
        _ if talk.prose => Kind::Prose,
        _ => random.pick(&plain),
    };
    body(random, kind)
}

/// The exchange that leaves HTTP/1.x.
fn leaving(random: &mut Random, talk: Talk) -> Exchange {
    let connect = talk.anything && random.percent(40);
    let switch = vec![field("Connection", "Upgrade"), field("Upgrade", "websocket")];
    let request = Request {
        method: if connect { "CONNECT" } else { "GET" },
        target: if connect { "shop.test:443" } else { "/ws" }.into(),
        minor: 1,
        fields: if connect { vec![field("Host", "shop.test:443")] } else { switch.clone() },
        payload: Payload::None,
    };
    let response = Response {
        code: if connect { 200 } else { 101 },
        reason: "Fine".into(),
        minor: 1,
        fields: if connect { Vec::new() } else { switch },
        payload: Payload::None,
    };
    Exchange { request, expects_continue: false, answered_early: false, interims: Vec::new(), response }
}

fn said_in_a_tunnel(random: &mut Random, talk: Talk) -> (From, Vec<u8>) {
    let kind =
        if talk.lookalikes && talk.anything { Kind::Lookalike } else { random.pick(&[Kind::Binary, Kind::Json]) };
    let mut bytes = body(random, kind);
    bytes.truncate(3_000);
    (random.pick(&From::BOTH), bytes)
}

/// PROXY protocol, version 1 or 2 (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>).
fn proxy_prefix(random: &mut Random) -> Vec<u8> {
    let addresses = [192, 0, 2, 7, 192, 0, 2, 8, 0xc8, 0x22, 1, 0xbb];
    let version_2 = |command: u8, family: u8, rest: &[u8]| {
        [b"\r\n\r\n\0\r\nQUIT\n", &[0x20 | command, family, 0, rest.len() as u8][..], rest].concat()
    };
    match random.below(5) {
        0 => b"PROXY UNKNOWN\r\n".to_vec(),
        1 => version_2(0, 0, &[]),
        2 => version_2(1, 0x11, &addresses),
        3 => version_2(1, 0x11, &[&addresses[..], &[4, 0, 3, 0, 0, 0]].concat()),
        _ => b"PROXY TCP4 192.0.2.7 192.0.2.8 51234 443\r\n".to_vec(),
    }
}

fn field(name: &str, value: &str) -> Field {
    (name.to_owned(), value.to_owned())
}

fn padded(random: &mut Random, text: &str, paddings: &[usize]) -> String {
    format!("{text}{}", "x".repeat(random.pick(paddings)))
}
