//! The cost of hostile traffic: time in proportion to the bytes, memory within bounds, and ordinary traffic is read as
//! before afterwards. Each scenario runs in a process of its own, whose peak memory is asked of the kernel.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod support;

use std::hint::black_box;

use support::conversation::From::{Client, Server};
use support::wire::{LINKTYPE, Link, Packet};
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::time::Timestamp;

/// The bound that issue and sidecar share.
const MAX_RSS_KIB: u64 = 256 << 10;
/// How much more the last quarter of the work may cost than the first, per piece. Quadratic cost would be 7 times.
const MAX_GROWTH: f64 = 3.0;
/// Work this short is all noise; quadratic cost takes longer.
const SLACK_NANOS: f64 = 30e6;
const CHILD: &str = "TCP_SNIFFER_RESOURCE_CHILD";

/// Runs `work` in a child process and checks its peak memory.
fn bounded(name: &str, work: fn()) {
    if std::env::var_os(CHILD).is_some() {
        work();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        println!("peak memory {} MiB", kib >> 10);
        assert!(kib < MAX_RSS_KIB, "{kib} KiB");
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&child.stdout));
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// Does `pieces` pieces of work and checks that the last pieces cost what the first did, in time on the processor.
fn linear(pieces: u64, mut piece: impl FnMut(u64)) {
    let mut quarters = Vec::new();
    for quarter in 0..4 {
        let before = processor_nanos();
        (quarter * pieces / 4..(quarter + 1) * pieces / 4).for_each(&mut piece);
        quarters.push(processor_nanos() - before);
    }
    println!("{pieces} pieces, quarters in ms: {:?}", quarters.iter().map(|ns| ns / 1_000_000).collect::<Vec<_>>());
    let (Some(&first), Some(&last)) = (quarters.first(), quarters.last()) else { return };
    let (first, last) = (first as f64, last as f64);
    assert!(last < MAX_GROWTH * first + SLACK_NANOS, "{quarters:?}");
}

fn processor_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

struct Wire {
    engine: Engine,
    at: i64,
    lines: u64,
}

impl Wire {
    fn new(config: EngineConfig) -> Self {
        Self { engine: Engine::new(config), at: 1_700_000_000_000_000, lines: 0 }
    }

    fn send(&mut self, link: &Link, packet: Packet) {
        self.raw(&link.frame(&packet));
    }

    fn raw(&mut self, frame: &[u8]) {
        self.at += 1;
        self.engine.on_packet(Timestamp::from_micros(self.at), LINKTYPE, frame, frame.len() as u32);
        self.take(false);
    }

    fn take(&mut self, force: bool) {
        while let Some(batch) = self.engine.take_batch(force) {
            self.lines += u64::from(black_box(batch).messages);
        }
    }

    fn open(&mut self, link: &Link) {
        self.send(link, Packet { syn: true, offset: -1, ..packet(Client, 0, b"") });
        self.send(link, Packet { syn: true, offset: -1, ack: Some(0), ..packet(Server, 0, b"") });
    }

    /// Another connection's exchange comes out whole.
    fn reads_an_exchange(&mut self) {
        self.take(true);
        let link = Link::numbered(1_000_000, [7, 9]);
        self.open(&link);
        let request = b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n";
        self.send(&link, Packet { ack: Some(0), ..packet(Client, 0, request) });
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        self.send(&link, Packet { ack: Some(request.len() as i64), ..packet(Server, 0, response) });
        let mut text = String::new();
        while let Some(batch) = self.engine.take_batch(true) {
            self.lines += u64::from(batch.messages);
            text.push_str(std::str::from_utf8(&batch.lines).unwrap());
        }
        // The request and the answer to it; a connection that went to make room may have said what it knew.
        let of_the_exchange = |line: &&str| line.contains("\"path\":\"/after\"") && !line.contains("bodyTruncated");
        assert_eq!(text.lines().filter(of_the_exchange).count(), 2, "{text}");
    }
}

fn packet(from: support::conversation::From, offset: i64, payload: &[u8]) -> Packet {
    Packet { ack: Some(0), ..Packet::new(from, offset, payload.to_vec()) }
}

#[test]
fn a_head_of_64_mib_in_single_bytes() {
    bounded("a_head_of_64_mib_in_single_bytes", || {
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        let link = Link::numbered(0, [1, 2]);
        wire.open(&link);
        let start = b"GET / HTTP/1.1\r\nX: ";
        wire.send(&link, packet(Client, 0, start));
        let mut frame = link.frame(&packet(Client, 0, b"x"));
        linear(64 << 20, |n| {
            let seq = 2u32.wrapping_add((start.len() as u64 + n) as u32);
            frame[24..28].copy_from_slice(&seq.to_be_bytes());
            wire.raw(&frame);
        });
        wire.reads_an_exchange();
        assert_eq!(wire.engine.stats().http.malformed_streams, 1);
    });
}

#[test]
fn ten_thousands_of_holes_in_one_stream() {
    bounded("ten_thousands_of_holes_in_one_stream", || {
        /// Nearly as many as the limit on what waits after holes allows.
        const HOLES: u64 = 20_000;
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        let link = Link::numbered(0, [1, 2]);
        wire.open(&link);
        let head = b"POST / HTTP/1.1\r\nContent-Length: 40000\r\n\r\n";
        wire.send(&link, packet(Client, 0, head));
        // Every second byte, then the others: each fills a hole.
        for from in [1, 0] {
            linear(HOLES, |n| wire.send(&link, packet(Client, head.len() as i64 + 2 * n as i64 + from, b"x")));
        }
        wire.take(true);
        assert_eq!((wire.lines, wire.engine.stats().gaps), (1, 0));
        wire.reads_an_exchange();
    });
}

#[test]
fn a_million_syns() {
    bounded("a_million_syns", || {
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        linear(1_000_000, |n| {
            let link = Link::numbered(n as u32, [n as u32, 2]);
            wire.send(&link, Packet { syn: true, offset: -1, ack: None, ..packet(Client, 0, b"") });
        });
        assert_eq!(wire.engine.stats().connections_evicted, 990_000);
        wire.reads_an_exchange();
    });
}

#[test]
fn twenty_thousand_half_bodies() {
    bounded("twenty_thousand_half_bodies", || {
        const CONNECTIONS: u32 = 20_000;
        const PIECE: usize = 64_000;
        const PIECES: usize = (5 << 20) / PIECE;
        let mut config = EngineConfig::for_ports(&[80]);
        config.max_concurrent_connections = CONNECTIONS as usize + 1;
        let limit = config.max_buffered_bytes as u64;
        let mut wire = Wire::new(config);
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 10 << 20);
        for n in 0..CONNECTIONS {
            let link = Link::numbered(n, [n, 2]);
            wire.open(&link);
            wire.send(&link, packet(Client, 0, head.as_bytes()));
        }
        let payload = vec![b'x'; PIECE];
        let mut frames: Vec<_> =
            (0..CONNECTIONS).map(|n| Link::numbered(n, [n, 2]).frame(&packet(Client, 0, b""))[..40].to_vec()).collect();
        let mut frame = [frames[0].clone(), payload].concat();
        let total = frame.len() as u16;
        linear(PIECES as u64, |piece| {
            for (n, headers) in frames.iter_mut().enumerate() {
                let seq = (n as u32).wrapping_add(1 + head.len() as u32 + piece as u32 * PIECE as u32);
                headers[2..4].copy_from_slice(&total.to_be_bytes());
                headers[24..28].copy_from_slice(&seq.to_be_bytes());
                frame[..40].copy_from_slice(headers);
                wire.raw(&frame);
            }
            assert!(wire.engine.stats().buffered_bytes <= limit);
        });
        assert!(wire.engine.stats().http.cut_bodies > 0);
        // Room for one more, and it is whole while all the others are still there.
        wire.reads_an_exchange();
        wire.engine.drain();
        wire.take(true);
        assert_eq!(wire.engine.stats().requests, u64::from(CONNECTIONS) + 1);
    });
}

/// Heads that stay just under their limit.
#[test]
fn heads_in_single_bytes_side_by_side() {
    bounded("heads_in_single_bytes_side_by_side", || {
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        let start = b"GET / HTTP/1.1\r\nX: ";
        let mut frames = Vec::new();
        for n in 0..8 {
            let link = Link::numbered(n, [n, 2]);
            wire.open(&link);
            wire.send(&link, packet(Client, 0, start));
            frames.push(link.frame(&packet(Client, 0, b"x")));
        }
        linear(250 << 10, |byte| {
            for (n, frame) in frames.iter_mut().enumerate() {
                let seq = (n as u32 + 1).wrapping_add((start.len() as u64 + byte) as u32);
                frame[24..28].copy_from_slice(&seq.to_be_bytes());
                wire.raw(frame);
            }
        });
        wire.reads_an_exchange();
        assert_eq!(wire.engine.stats().http.malformed_streams, 0);
    });
}

#[test]
fn thousands_of_holes_from_the_end() {
    bounded("thousands_of_holes_from_the_end", || {
        /// With what fills them, as many as may wait.
        const HOLES: u64 = 5_000;
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        let head = b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n";
        let links: Vec<_> = (0..8).map(|n| Link::numbered(n, [n.wrapping_sub(1_000_000), 2])).collect();
        for link in &links {
            wire.open(link);
            wire.send(link, packet(Client, 0, head));
        }
        let put = |wire: &mut Wire, index: u64, shift: u64| {
            let offset = head.len() as u64 + (HOLES - 1 - index) * 200 + shift * 100;
            links.iter().for_each(|link| wire.send(link, packet(Client, offset as i64, &[b'x'; 100])));
        };
        for shift in [1, 0] {
            linear(HOLES - 1, |index| put(&mut wire, index, shift));
            // The last segment that fills a hole sets all after it free.
            put(&mut wire, HOLES - 1, shift);
        }
        wire.take(true);
        assert_eq!((wire.lines, wire.engine.stats().gaps), (8, 0));
        wire.reads_an_exchange();
    });
}

const HALF_BODY_HEAD: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n";
const HALF_BODY_PIECE: usize = 60 << 10;
const HALF_BODY_PIECES: u64 = (5 << 20) / HALF_BODY_PIECE as u64;

/// A piece of connection `n`'s body; the first opens it. `frame` is any frame with so large a payload.
fn send_half_body_piece(wire: &mut Wire, frame: &mut [u8], n: u64, piece: u64) {
    let link = Link::numbered(n as u32, [n as u32, 2]);
    if piece == 0 {
        wire.open(&link);
        wire.send(&link, packet(Client, 0, HALF_BODY_HEAD));
    }
    let offset = HALF_BODY_HEAD.len() as i64 + piece as i64 * HALF_BODY_PIECE as i64;
    // All but the length in the IP header.
    frame[4..40].copy_from_slice(&link.frame(&packet(Client, offset, b""))[4..40]);
    wire.raw(frame);
}

fn half_body_frame() -> Vec<u8> {
    Link::numbered(0, [0, 2]).frame(&packet(Client, 0, &[b'x'; HALF_BODY_PIECE]))
}

/// With the limits as they are: half of them evict the others.
#[test]
fn half_bodies_one_after_the_other() {
    bounded("half_bodies_one_after_the_other", || {
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        let mut frame = half_body_frame();
        linear(20_000, |n| {
            (0..HALF_BODY_PIECES).for_each(|piece| send_half_body_piece(&mut wire, &mut frame, n, piece));
        });
        wire.reads_an_exchange();
    });
}

/// As many as the table holds, one piece each in every round; then the others.
#[test]
fn half_bodies_side_by_side() {
    bounded("half_bodies_side_by_side", || {
        const AT_A_TIME: u64 = 10_000;
        let mut wire = Wire::new(EngineConfig::for_ports(&[80]));
        let limit = EngineConfig::for_ports(&[80]).max_buffered_bytes as u64;
        let mut frame = half_body_frame();
        linear(2 * HALF_BODY_PIECES, |round| {
            let first = round / HALF_BODY_PIECES * AT_A_TIME;
            (first..first + AT_A_TIME)
                .for_each(|n| send_half_body_piece(&mut wire, &mut frame, n, round % HALF_BODY_PIECES));
            assert!(wire.engine.stats().buffered_bytes <= limit);
        });
        wire.reads_an_exchange();
    });
}

/// Bytes of traffic for each kind of head below.
const HEADS_BYTES: usize = 6 << 20;
/// How much more a byte of any head may cost than one of ordinary traffic: most cost less than three times, targets that are
/// escaped several times over up to six. The square of names, or of names and secrets, cost 20 to 80 times.
const MAX_SHARE: f64 = 10.0;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: a\r\nContent-Length: 2\r\n\r\nok";

/// Nanoseconds on the processor for each byte of exchanges that begin with this request, the cheapest of a few runs.
fn nanos_a_byte(config: &EngineConfig, request: &[u8]) -> f64 {
    let run = || {
        let mut wire = Wire::new(config.clone());
        let link = Link::numbered(0, [1, 2]);
        wire.open(&link);
        let (mut asked, mut answered) = (0, 0);
        let before = processor_nanos();
        while asked + answered < HEADS_BYTES as i64 {
            for piece in request.chunks(60_000) {
                wire.send(&link, Packet { ack: Some(answered), ..packet(Client, asked, piece) });
                asked += piece.len() as i64;
            }
            wire.send(&link, Packet { ack: Some(asked), ..packet(Server, answered, ANSWER) });
            answered += ANSWER.len() as i64;
        }
        wire.take(true);
        let nanos = processor_nanos() - before;
        assert_eq!(wire.engine.stats().http.malformed_streams, 0);
        assert_eq!(wire.lines as i64, 2 * answered / ANSWER.len() as i64, "one message for each");
        nanos as f64 / (asked + answered) as f64
    };
    (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn head(start: &str, lines: &str) -> Vec<u8> {
    format!("{start} HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes()
}

/// Names, folds, lists and parameters without end: the cost is in proportion to the bytes.
#[test]
fn heads_of_every_kind_cost_what_their_bytes_cost() {
    bounded("heads_of_every_kind_cost_what_their_bytes_cost", || {
        const FIELDS: usize = 1_020;
        let plain = EngineConfig::for_ports(&[80]);
        let mut redacting = plain.clone();
        redacting.redact_headers = (0..5_000).map(|n| format!("secret-{n}-x")).collect();
        redacting.redact_query = redacting.redact_headers.clone();
        let ordinary_lines = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
            Accept: text/html,application/xhtml+xml\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n\
            Connection: keep-alive\r\nCookie: session=abcdefgh\r\nX-Request-Id: 0123456789abcdef\r\n";
        let ordinary = head("GET /items/42?page=1&sort=name", ordinary_lines);
        let share = nanos_a_byte(&plain, &ordinary);
        println!("ordinary: {share:.2} ns a byte");
        let repeated = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
        // `^` and `~` differ in the one bit that the hash of a name leaves out: all of these have the same.
        let colliding = |n: usize| (0..10).map(|bit| if n >> bit & 1 == 1 { '^' } else { '~' }).collect::<String>();
        let distinct = repeated(FIELDS, &|n| format!("name-{n}: value\r\n"));
        let colliding = repeated(FIELDS, &|n| format!("{}: value\r\n", colliding(n)));
        let same = repeated(FIELDS, &|_| "name: value\r\n".to_owned());
        let folds = "X: a\r\n".to_owned() + &" b\r\n".repeat(50_000);
        let returns = format!("X: a{}b\r\n", "\r".repeat(200_000));
        let spaced = format!("X: a{}\r\n", "\r b".repeat(60_000));
        let tokens = format!("Connection: {}\r\n", "a,".repeat(100_000));
        let tokens_again = "Connection: a, b, c\r\n".repeat(FIELDS);
        let codings = format!("Content-Encoding: {}\r\n", "identity,".repeat(20_000));
        let odd = repeated(FIELDS, &|n| format!("secret-{n}-y\0 secret: \"value\"\r\n"));
        let shortened = repeated(FIELDS, &|n| format!("secret-{n}-x;y{n}: value\r\n"));
        let breaks = format!("X: {}\r\n", "a\rsecret-1:".repeat(20_000));
        let parameters = format!("GET /?{}", "a=&".repeat(80_000));
        let near = format!("GET /?{}", "secret-1-=&".repeat(20_000));
        let secret = format!("GET /?{}", "secret-1-x=&".repeat(20_000));
        let escaped = format!("GET /?{}", "%73ecret-%2531-=&".repeat(14_000));
        let equals = format!("GET /?{}", "=".repeat(200_000));
        let users = format!("GET /?{}", "://a@".repeat(50_000));
        let percents = format!("GET /?{}@=", "%25".repeat(70_000));
        let trailers = |lines: &str| {
            let start = "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n";
            format!("{start}{lines}\r\n").into_bytes()
        };
        let kinds: Vec<(&str, Vec<u8>)> = vec![
            ("distinct names", head("GET /", &distinct)),
            ("colliding names", head("GET /", &colliding)),
            ("the same name", head("GET /", &same)),
            ("folds", head("GET /", &folds)),
            ("bare CRs", head("GET /", &returns)),
            ("bare CRs with text", head("GET /", &spaced)),
            ("a list of tokens", head("GET /", &tokens)),
            ("fields of tokens", head("GET /", &tokens_again)),
            ("a list of codings", head("GET /", &codings)),
            ("odd names", head("GET /", &odd)),
            ("shortened names", head("GET /", &shortened)),
            ("values of many lines", head("GET /", &breaks)),
            ("parameters", head(&parameters, "")),
            ("parameters that are nearly secret", head(&near, "")),
            ("secret parameters", head(&secret, "")),
            ("escaped parameters", head(&escaped, "")),
            ("equals signs", head(&equals, "")),
            ("users", head(&users, "")),
            ("percent signs", head(&percents, "")),
            ("distinct names in trailers", trailers(&distinct)),
            ("colliding names in trailers", trailers(&colliding)),
            ("the same name in trailers", trailers(&same)),
            ("ordinary", ordinary),
        ];
        let mut dear = Vec::new();
        for (what, config) in [("", &plain), (", 5 000 names redacted", &redacting)] {
            for (kind, request) in &kinds {
                let nanos = nanos_a_byte(config, request);
                println!("{kind}{what}: {nanos:.2} ns a byte, {:.2} times", nanos / share);
                if nanos > MAX_SHARE * share {
                    dear.push(format!("{kind}{what}: {:.1} times", nanos / share));
                }
            }
        }
        assert!(dear.is_empty(), "{dear:?}");
    });
}
