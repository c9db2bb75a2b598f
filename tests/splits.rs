//! Short conversations at every split point: each cut of each direction in two, and byte by byte.

#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test's own bug may panic")]

mod support;

use support::conversation::{Close, Conversation, Exchange, From, Pace, Payload, Request, Response};
use support::rendered::Rendered;
use support::trace::{Cutting, trace};
use support::verdict::Case;
use support::watch::{engine_config, watch};
use support::wire::{Link, Packet};

fn field(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

fn chunked(chunks: &[(&str, &str)], trailers: &[(&str, &str)]) -> Payload {
    Payload::Chunked {
        chunks: chunks.iter().map(|&(extension, data)| (extension.into(), data.into())).collect(),
        trailers: trailers.iter().map(|&(name, value)| field(name, value)).collect(),
    }
}

fn length(body: &str) -> Payload {
    Payload::Length(body.into())
}

fn exchange(method: &'static str, asked: Payload, code: u16, answered: Payload) -> Exchange {
    Exchange {
        request: Request { method, target: "/a".into(), minor: 1, fields: vec![field("Host", "h")], payload: asked },
        expects_continue: false,
        answered_early: false,
        interims: Vec::new(),
        response: Response {
            code,
            reason: "Fine".into(),
            minor: 1,
            fields: vec![field("Set-Cookie", "a=b"), field("set-cookie", "c")],
            payload: answered,
        },
    }
}

fn get() -> Exchange {
    exchange("GET", Payload::None, 200, length("{}"))
}

fn expecting() -> Exchange {
    let mut exchange = exchange("PUT", length("body"), 201, length(""));
    exchange.request.fields.push(field("Expect", "100-continue"));
    exchange.expects_continue = true;
    exchange.interims =
        vec![Response { code: 100, reason: String::new(), minor: 1, fields: vec![], payload: Payload::None }];
    exchange
}

fn upgrading(code: u16) -> Exchange {
    let mut exchange = exchange("GET", Payload::None, code, if code == 101 { Payload::None } else { length("no") });
    exchange.request.fields.extend([field("Upgrade", "x"), field("Connection", "upgrade")]);
    exchange
}

fn conversation(pace: Pace, close: Close, exchanges: &[Exchange]) -> Conversation {
    Conversation { prefix: Vec::new(), exchanges: exchanges.to_vec(), pace, tunnel: None, close }
}

fn all() -> Vec<Conversation> {
    let early = Response {
        code: 103,
        reason: "Early".into(),
        minor: 1,
        fields: vec![field("Link", "<a>")],
        payload: Payload::None,
    };
    let mut hinted = get();
    hinted.interims = vec![early];
    let tunnel = |exchange: Exchange| Conversation {
        tunnel: Some(vec![
            (From::Client, b"GET /evil HTTP/1.1\r\n\r\n".to_vec()),
            (From::Server, b"HTTP/1.1 299 Evil\r\n\r\n".to_vec()),
        ]),
        ..conversation(Pace::OneByOne, Close::Client, &[get(), exchange])
    };
    let head = exchange("HEAD", Payload::None, 200, Payload::Announced(12));
    let unchanged = exchange("GET", Payload::None, 304, Payload::Announced(7));
    let upload =
        exchange("POST", chunked(&[("", "abc"), (";x=\"y\"", "\r\n0\r\n\r\n")], &[("T", "1")]), 204, Payload::None);
    let download = exchange("GET", Payload::None, 200, chunked(&[(" ;a", "HTTP/1.1 200 OK\r\n\r\n")], &[]));
    let last = exchange("GET", Payload::None, 200, Payload::UntilClose(b"until\r\n\r\nclose".to_vec()));
    vec![
        conversation(
            Pace::OneByOne,
            Close::Client,
            &[get(), exchange("POST", length("a=1"), 404, length("\u{fc}\u{1f600}"))],
        ),
        conversation(Pace::OneByOne, Close::Server, &[upload.clone(), last.clone()]),
        conversation(Pace::OneByOne, Close::Open, &[expecting(), hinted.clone(), download.clone()]),
        conversation(Pace::Together(4), Close::Client, &[head.clone(), get(), unchanged.clone(), upload]),
        conversation(Pace::Eager(3), Close::Server, &[download, head, last]),
        conversation(Pace::Together(2), Close::Client, &[upgrading(400), get()]),
        conversation(Pace::Eager(2), Close::Open, &[hinted, upgrading(501), unchanged]),
        tunnel(exchange("CONNECT", Payload::None, 200, Payload::None)),
        tunnel(upgrading(101)),
    ]
}

fn check(rendered: &Rendered, packets: &[Packet], what: &dyn std::fmt::Debug) {
    let link = Link::numbered(1, [u32::MAX - 20, 7]);
    let lines = watch(engine_config(), &link, packets);
    let case = Case { rendered, packets, link: &link, max_body_bytes: 1 << 20, patience_ms: None, lines: &lines };
    // Without a handshake the first answers are not paired, and yet all is there.
    let handshake = packets.iter().any(|packet| packet.syn);
    let verdict = match handshake {
        true => case.is_exact(&From::BOTH),
        false => case.is_sound().and_then(|out| {
            let all: Vec<_> = (0..rendered.sent.len()).collect();
            let sorted = out.iter().copied().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>();
            if sorted == all {
                Ok(())
            } else {
                Err(proptest::test_runner::TestCaseError::fail(format!("{out:?} came out")))
            }
        }),
    };
    if let Err(error) = verdict {
        panic!("{error}\n{rendered:?}\n{what:?}");
    }
}

fn marked(mut conversation: Conversation) -> Rendered {
    conversation.exchanges.iter_mut().enumerate().for_each(|(index, exchange)| exchange.mark(index));
    Rendered::of(conversation)
}

/// The packet that carries this byte becomes two.
fn split(packets: &[Packet], from: From, at: usize) -> Vec<Packet> {
    let mut out = Vec::new();
    for packet in packets {
        let span = packet.span();
        if packet.from != from || at <= span.start || at >= span.end {
            out.push(packet.clone());
            continue;
        }
        let (first, second) = packet.payload.split_at(at - span.start);
        out.push(Packet { payload: first.to_vec(), fin: false, psh: false, ..packet.clone() });
        out.push(Packet { payload: second.to_vec(), offset: at as i64, ..packet.clone() });
    }
    out
}

#[test]
fn every_split_in_two() {
    for rendered in all().into_iter().map(marked) {
        for handshake in [true, false].into_iter().filter(|handshake| *handshake || midstream(&rendered)) {
            let whole = trace(&rendered, &Cutting { handshake, ..Cutting::default() });
            check(&rendered, &whole, &"whole");
            for from in From::BOTH {
                for at in 1..rendered.stream(from).len() {
                    // A single byte without PSH, and nothing before it, would be a keep-alive probe (RFC 1122 §4.2.3.6).
                    if handshake || at > 1 {
                        check(&rendered, &split(&whole, from, at), &(from, at));
                    }
                    let mut swapped = split(&whole, from, at);
                    if let Some(index) =
                        swapped.windows(2).position(|pair| pair[1].offset as usize == at && pair[1].from == from)
                        && handshake
                    {
                        swapped.swap(index, index + 1);
                        check(&rendered, &swapped, &("swapped", from, at));
                    }
                }
            }
        }
    }
}

/// Without a handshake, a client that pipelines may have done so before.
fn midstream(rendered: &Rendered) -> bool {
    rendered.conversation.pace == Pace::OneByOne
}

#[test]
fn in_equal_pieces() {
    for rendered in all().into_iter().map(marked) {
        for size in 1..40 {
            for acks in [true, false] {
                let cutting = Cutting { sizes: vec![size], acks: vec![acks], ..Cutting::default() };
                check(&rendered, &trace(&rendered, &cutting), &cutting);
                if midstream(&rendered) {
                    let cutting = Cutting { handshake: false, ..cutting };
                    check(&rendered, &trace(&rendered, &cutting), &cutting);
                }
            }
        }
    }
}
