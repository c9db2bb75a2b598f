//! Any conversation, and anything that may happen to its packets.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::conversation::{Close, Conversation, Exchange, Field, From, Pace, Payload, Request, Response};
use super::disorder::{Again, Arrival, What};
use super::rendered::Rendered;
use super::trace::Cutting;
use super::wire::Link;

/// The features that a conversation may have.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub pipelined: bool,
    /// HEAD, whose answer is told from others by its request alone.
    pub head: bool,
    pub tunnel: bool,
    /// A tunnel may be what CONNECT asked for.
    pub connect: bool,
    /// Requests for an upgrade that is refused.
    pub upgrade: bool,
    /// Text that looks like messages, in bodies and fields.
    pub lookalikes: bool,
    pub max_exchanges: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            pipelined: true,
            head: true,
            tunnel: true,
            connect: true,
            upgrade: true,
            lookalikes: true,
            max_exchanges: 5,
        }
    }
}

pub fn conversation(scope: Scope) -> impl Strategy<Value = Rendered> {
    let pace = match scope.pipelined {
        true => prop_oneof![
            2 => Just(Pace::OneByOne),
            1 => (2usize..5).prop_map(Pace::Together),
            1 => (2usize..5).prop_map(Pace::Eager),
        ]
        .boxed(),
        false => Just(Pace::OneByOne).boxed(),
    };
    let tunnel = match scope.tunnel {
        true => prop_oneof![4 => Just(None), 1 => (any::<bool>(), body(scope), body(scope))
            .prop_map(move |(connect, client, server)| Some((connect && scope.connect, client, server)))]
        .boxed(),
        false => Just(None).boxed(),
    };
    let exchanges = vec(exchange(scope), 1..=scope.max_exchanges);
    let close = prop_oneof![Just(Close::Client), Just(Close::Server), Just(Close::Open)];
    let last = prop_oneof![3 => Just(None), 1 => body(scope).prop_map(Some)];
    (exchanges, pace, tunnel, close, last).prop_map(|(mut exchanges, pace, tunnel, mut close, last)| {
        match (&tunnel, last) {
            (Some((connect, _, _)), _) => exchanges.push(leaving(*connect)),
            (None, Some(body)) => {
                let exchange = exchanges.last_mut().unwrap();
                if may_have_body(exchange) {
                    exchange.response.payload = Payload::UntilClose(body);
                    close = Close::Server;
                }
            }
            _ => {}
        }
        exchanges.iter_mut().enumerate().for_each(|(index, exchange)| exchange.mark(index));
        let tunnel = tunnel.map(|(_, client, server)| vec![(From::Client, client), (From::Server, server)]);
        Rendered::of(Conversation { prefix: Vec::new(), exchanges, pace, tunnel, close })
    })
}

fn may_have_body(exchange: &Exchange) -> bool {
    exchange.request.method != "HEAD" && !matches!(exchange.response.code, 204 | 304)
}

/// The exchange that leaves HTTP/1.x.
fn leaving(connect: bool) -> Exchange {
    let fields: &[(&str, &str)] =
        if connect { &[("Host", "a:443")] } else { &[("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")] };
    let fields: Vec<Field> = fields.iter().map(|&(name, value)| (name.into(), value.into())).collect();
    let request = Request {
        method: if connect { "CONNECT" } else { "GET" },
        target: if connect { "a:443".into() } else { "ws".into() },
        minor: 1,
        fields: fields.clone(),
        payload: Payload::None,
    };
    let response = Response {
        code: if connect { 200 } else { 101 },
        reason: "Fine".into(),
        minor: 1,
        fields: if connect { Vec::new() } else { fields },
        payload: Payload::None,
    };
    Exchange { request, expects_continue: false, answered_early: false, interims: Vec::new(), response }
}

fn exchange(scope: Scope) -> impl Strategy<Value = Exchange> {
    let methods: &[&str] = if scope.head {
        &["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "REPORT"]
    } else {
        &["GET", "POST", "PUT", "DELETE"]
    };
    let request = (select(methods), "[a-z?=&%/.]{0,12}", minor(), fields(scope), payload(scope, true)).prop_map(
        |(method, target, minor, fields, payload)| {
            let payload = match payload {
                Payload::Chunked { .. } if minor == 0 => Payload::None,
                payload => payload,
            };
            Request { method, target, minor, fields, payload }
        },
    );
    let code = prop_oneof![
        6 => select(&[200u16, 201, 206, 301, 404, 500, 503][..]),
        1 => select(&[204u16, 304][..]),
    ];
    let reason = prop_oneof![3 => "[A-Z][a-z]{1,8}( [a-z]{1,5})?", 1 => Just(String::new())];
    let response = (code, reason, fields(scope), payload(scope, false));
    let interims = vec((fields(scope), Just(103u16)), 0..2);
    (request, response, any::<[bool; 4]>(), interims, 0usize..5_000).prop_map(
        move |(request, (code, reason, fields, payload), [expects, early, upgrade, announces], interims, announced)| {
            let minor = request.minor;
            let mut request = request;
            let bodiless = request.method == "HEAD" || matches!(code, 204 | 304);
            let payload = match payload {
                _ if bodiless && announces && code != 204 => Payload::Announced(announced),
                _ if bodiless => Payload::None,
                Payload::None => Payload::Length(Vec::new()),
                Payload::Chunked { chunks, .. } if minor == 0 => {
                    Payload::Length(chunks.into_iter().flat_map(|(_, bytes)| bytes).collect())
                }
                payload => payload,
            };
            let has_body = !matches!(&request.payload, Payload::None)
                && !matches!(&request.payload, Payload::Length(body) if body.is_empty());
            let expects_continue = expects && minor == 1 && has_body;
            if scope.upgrade && upgrade && !expects_continue && announces {
                // An upgrade that is refused.
                request.fields.push(("Upgrade".into(), "h2c".into()));
                request.fields.push(("Connection".into(), "Upgrade".into()));
            }
            let interim =
                |code, fields| Response { code, reason: "More".into(), minor, fields, payload: Payload::None };
            let mut all = Vec::new();
            if expects_continue {
                request.fields.push(("Expect".into(), "100-continue".into()));
                all.push(interim(100, Vec::new()));
            }
            if early && minor == 1 {
                all.extend(interims.into_iter().map(|(fields, code)| interim(code, fields)));
            }
            Exchange {
                request,
                expects_continue,
                answered_early: false,
                interims: all,
                response: Response { code, reason, minor, fields, payload },
            }
        },
    )
}

fn minor() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(1u8), 1 => Just(0u8)]
}

fn fields(scope: Scope) -> impl Strategy<Value = Vec<Field>> {
    let name = prop_oneof![
        4 => "[A-Za-z][a-z]{0,6}-[a-z]{1,5}",
        1 => select(&["Host", "Authorization", "Cookie", "Accept", "X-Twice"][..]).prop_map(str::to_owned),
    ];
    let value = match scope.lookalikes {
        // Cut at the right place, the rest of such a head is a whole head.
        true => prop_oneof![
            9 => "[!-~]{0,10}( [!-~]{1,6})?",
            1 => select(&["a GET /evil HTTP/1.1", "b HTTP/1.1 299 Evil"][..]).prop_map(str::to_owned),
        ]
        .boxed(),
        false => "[!-~]{0,10}( [!-~]{1,6})?".boxed(),
    };
    vec((name, value), 0..4)
}

fn payload(scope: Scope, request: bool) -> impl Strategy<Value = Payload> {
    let extension = prop_oneof![3 => Just(String::new()), 1 => "( ?;[a-z]{1,4}(=\"[a-z ]{0,5}\")?){1,2}"];
    let chunked = (vec((extension, body(scope)), 0..4), fields(scope))
        .prop_map(|(chunks, trailers)| Payload::Chunked { chunks, trailers });
    let none = if request { 4 } else { 1 };
    prop_oneof![none => Just(Payload::None), 3 => body(scope).prop_map(Payload::Length), 2 => chunked]
}

fn body(scope: Scope) -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just(String::new()),
        "[a-z \\r\\n]{1,40}",
        "\\PC{1,30}",
        "[0-9a-f]{1,4}\r\n[a-z]{0,9}\r\n0\r\n\r\n",
    ];
    let binary = vec(any::<u8>(), 1..60);
    let large = (1usize..3_000).prop_map(|size| (0..size).map(|n| b'a' + (n % 23) as u8).collect::<Vec<u8>>());
    let plain = prop_oneof![4 => text.prop_map(String::into_bytes), 1 => binary, 2 => large];
    if !scope.lookalikes {
        return plain.boxed();
    }
    let lookalike = select(
        &[
            "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 299 Evil\r\nContent-Length: 0\r\n\r\n",
            "GET /evil HTTP/1.1\r\nContent-Length: 4000\r\n\r\nGET /evil HTTP/1.1\r\n\r\n",
            "HTTP/1.1 299 Evil\r\n\r\nHTTP/1.1 299 Evil\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ][..],
    );
    let evil = vec((plain.clone(), lookalike), 1..3).prop_map(|parts| {
        parts.into_iter().flat_map(|(before, evil)| [before, evil.as_bytes().to_vec()].concat()).collect::<Vec<u8>>()
    });
    prop_oneof![2 => plain, 1 => evil].boxed()
}

pub fn cutting() -> impl Strategy<Value = Cutting> {
    let size = prop_oneof![2 => 1usize..40, 2 => 40usize..400, 1 => 400usize..3_000];
    (
        vec(size, 1..12),
        vec(prop_oneof![4 => 1i64..300, 1 => 300i64..40_000], 1..8),
        vec(any::<bool>(), 1..5),
        any::<[bool; 2]>(),
    )
        .prop_map(|(sizes, gaps, acks, [at_lookalikes, fin_with_data])| Cutting {
            sizes,
            gaps,
            acks,
            at_lookalikes,
            handshake: true,
            fin_with_data,
        })
}

pub fn again() -> impl Strategy<Value = Vec<Again>> {
    let what = prop_oneof![
        2 => Just(What::Same),
        3 => (0usize..100, 1usize..600, any::<bool>())
            .prop_map(|(from, length, conflicting)| What::Recut { from, length, conflicting }),
        1 => Just(What::Probe),
    ];
    vec((0usize..1_000, what).prop_map(|(behind, what)| Again { behind, what }), 0..8)
}

/// Without pauses: what is sent again comes before anybody loses patience.
pub fn brisk_cutting() -> impl Strategy<Value = Cutting> {
    (cutting(), vec(1i64..100, 1..8)).prop_map(|(cutting, gaps)| Cutting { gaps, ..cutting })
}

/// The same, with all packets in time even if they are sent again first.
pub fn short_delays() -> impl Strategy<Value = Vec<i64>> {
    delays().prop_map(|delays| delays.into_iter().map(|delay| delay / 5).collect())
}

/// Microseconds by which packets come late, the longest just below what the engine waits for.
pub fn delays() -> impl Strategy<Value = Vec<i64>> {
    let longest = tcp_sniffer::flow::Patience::LIVE.acked_hole_ms as i64 * 1_000 - 1;
    let delay = prop_oneof![3 => Just(0i64), 3 => 0i64..500, 1 => 0..=longest];
    vec(delay, 1..40)
}

pub fn link() -> impl Strategy<Value = Link> {
    let isn = || prop_oneof![any::<u32>(), (0u32..6_000).prop_map(|n| u32::MAX - n), Just(0u32)];
    (0u32..1_000, isn(), isn()).prop_map(|(n, client, server)| Link::numbered(n, [client, server]))
}

/// Packets that are lost, or that the snaplen cuts.
pub fn arrivals(cut: bool) -> impl Strategy<Value = Vec<Arrival>> {
    let arrival = match cut {
        true => prop_oneof![5 => Just(Arrival::Kept), 1 => (0usize..300).prop_map(Arrival::Cut)].boxed(),
        false => prop_oneof![5 => Just(Arrival::Kept), 1 => Just(Arrival::Lost)].boxed(),
    };
    vec(arrival, 1..30)
}
