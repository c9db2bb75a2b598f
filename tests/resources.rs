//! What an attacker may send: time in proportion to bytes, memory within bounds, and ordinary traffic is read afterwards.
//!
//! Each case runs in a process of its own, since a peak of memory is the process's; one at a time, since time is measured:
//! the time on the processor of the first half of the work against that of the second.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's own bug may panic"
)]

mod support;

use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use support::conversation::From;
use support::trace::EPOCH_MICROS;
use support::watch::{Watch, engine_config};
use support::wire::{LINKTYPE, Link, Packet};
use tcp_sniffer::time::Timestamp;

const MAX_RESIDENT_BYTES: u64 = 256 << 20;
/// Linear work gives about 1, quadratic work 3. The rest is for machines with other things to do.
const MAX_RATIO: f64 = 2.2;
/// Below this much time, a ratio says nothing.
const MIN_NANOS: u64 = 20_000_000;
const CASE: &str = "TCP_SNIFFER_RESOURCE_CASE";

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Sends segments without building each frame anew: their payload is the tail of one long frame.
struct Sender {
    watch: Watch,
    at: i64,
    frames: Vec<(usize, Vec<u8>)>,
}

impl Sender {
    fn new() -> Self {
        Self { watch: Watch::new(engine_config()), at: EPOCH_MICROS, frames: Vec::new() }
    }

    /// `length` bytes `x` at `offset` of the client's stream.
    fn filler(&mut self, link: &Link, from: From, offset: u32, length: usize) {
        self.at += 1;
        let index = self.frames.iter().position(|(of, _)| *of == length).unwrap_or_else(|| {
            let frame = link.frame(&packet(From::Client, 0, vec![b'x'; length]));
            self.frames.push((length, frame));
            self.frames.len() - 1
        });
        let frame = &mut self.frames[index].1;
        let headers = link.frame(&packet(from, i64::from(offset), Vec::new()));
        // All but the length in the IP header.
        frame[4..40].copy_from_slice(&headers[4..40]);
        self.watch.engine.on_packet(Timestamp::from_micros(self.at), LINKTYPE, frame, frame.len() as u32);
    }

    fn send(&mut self, link: &Link, packet: Packet) {
        self.at += 1;
        self.watch.packet(link, &Packet { at: self.at, ..packet });
    }

    fn open(&mut self, link: &Link) {
        self.send(link, Packet { syn: true, ack: None, ..packet(From::Client, -1, Vec::new()) });
        self.send(link, Packet { syn: true, ..packet(From::Server, -1, Vec::new()) });
    }

    /// An exchange on a new connection, which must come out whole.
    fn is_well(&mut self) {
        self.watch.discard();
        let link = Link::numbered(4_000_000, [1, 2]);
        self.open(&link);
        let request = b"POST /after HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
        let response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        self.send(&link, packet(From::Client, 0, request.to_vec()));
        self.send(&link, Packet { ack: Some(request.len() as i64), ..packet(From::Server, 0, response.to_vec()) });
        self.watch.collect();
        // Its coming may have evicted another.
        let own = |line: &&Value| line["destination"] == link.endpoint(From::Client);
        let lines: Vec<_> = self.watch.lines.iter().filter(own).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!((&lines[0]["path"], &lines[0]["body"]), (&"/after".into(), &"hello".into()));
        assert_eq!((&lines[1]["body"], &lines[1]["request"]["path"]), (&"abc".into(), &"/after".into()));
        assert!(lines.iter().all(|line| line["bodyTruncated"].is_null()));
        let stats = self.watch.engine.stats();
        assert!(stats.buffered_bytes <= engine_config().max_buffered_bytes as u64, "{stats:?}");
    }
}

fn packet(from: From, offset: i64, payload: Vec<u8>) -> Packet {
    Packet {
        at: 0,
        from,
        offset,
        payload,
        snaplen: None,
        ack: Some(0),
        syn: false,
        fin: false,
        rst: false,
        psh: true,
        conflicting: false,
        turn: 0,
    }
}

/// Nanoseconds that this thread has had on a processor.
fn processor_time() -> u64 {
    let line = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    line.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number")
}

fn peak_resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// The second half of the work may not take much more time than the first.
fn in_halves(work: usize, mut step: impl FnMut(usize)) {
    let start = processor_time();
    (0..work / 2).for_each(&mut step);
    let middle = processor_time();
    (work / 2..work).for_each(&mut step);
    let (first, second) = (middle - start, processor_time() - middle);
    println!("{} ms, then {} ms", first / 1_000_000, second / 1_000_000);
    assert!(
        second < MIN_NANOS || (second as f64) < MAX_RATIO * first as f64,
        "{first} ns for the first half, {second} ns for the second"
    );
}

/// Runs this test's body in a process of its own.
fn alone(name: &str, case: fn(&mut Sender)) {
    if std::env::var(CASE).is_ok_and(|wanted| wanted == name) {
        let mut sender = Sender::new();
        case(&mut sender);
        sender.is_well();
        let peak = peak_resident_bytes();
        println!("peak {} MiB", peak >> 20);
        assert!(peak < MAX_RESIDENT_BYTES, "{} MiB resident", peak >> 20);
        return;
    }
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CASE, name)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{text}");
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Heads that grow to just under their limit, in segments of one byte.
#[test]
fn dripped_heads() {
    alone("dripped_heads", |sender| {
        const HEADS: u32 = 8;
        const BYTES: usize = 250 << 10;
        let start = b"GET / HTTP/1.1\r\nX: ";
        let links: Vec<_> = (0..HEADS).map(|n| Link::numbered(n, [n, n])).collect();
        for link in &links {
            sender.open(link);
            sender.send(link, packet(From::Client, 0, start.to_vec()));
        }
        // All grow together: the later half of the work is the later half of each head.
        in_halves(BYTES, |byte| {
            links.iter().for_each(|link| sender.filler(link, From::Client, (start.len() + byte) as u32, 1));
        });
    });
}

/// One that grows far beyond it.
#[test]
fn a_head_of_64_mib() {
    alone("a_head_of_64_mib", |sender| {
        let start = b"GET / HTTP/1.1\r\nX: ";
        let link = Link::numbered(1, [u32::MAX - 5_000_000, 0]);
        sender.open(&link);
        sender.send(&link, packet(From::Client, 0, start.to_vec()));
        in_halves(64 << 20, |byte| sender.filler(&link, From::Client, (start.len() + byte) as u32, 1));
    });
}

/// Every other 100 bytes of streams of 2 MB are missing; then time passes.
#[test]
fn ten_thousand_holes() {
    alone("ten_thousand_holes", |sender| {
        const STREAMS: u32 = 16;
        const HOLES: usize = 10_000;
        let links: Vec<_> = (0..STREAMS).map(|n| Link::numbered(n, [n.wrapping_sub(1_000_000), n])).collect();
        links.iter().for_each(|link| sender.open(link));
        in_halves(HOLES, |hole| {
            links.iter().for_each(|link| sender.filler(link, From::Client, hole as u32 * 200 + 100, 100));
        });
        sender.watch.pass(20_000);
        let stats = sender.watch.engine.stats();
        assert_eq!((stats.gaps, stats.buffered_bytes), (u64::from(STREAMS) * HOLES as u64, 0));
    });
}

/// The same from the end to the beginning, and then the holes are filled from there too.
#[test]
fn ten_thousand_holes_backwards() {
    alone("ten_thousand_holes_backwards", |sender| {
        const HOLES: u32 = 10_000;
        let head = b"POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n";
        let links: Vec<_> = (0..16).map(|n| Link::numbered(n, [7, n])).collect();
        for link in &links {
            sender.open(link);
            sender.send(link, packet(From::Client, 0, head.to_vec()));
        }
        let at = |index: usize, shift: u32| head.len() as u32 + (HOLES - 1 - index as u32) * 200 + shift * 100;
        for shift in [1, 0] {
            // The last one sets everything behind it free.
            in_halves(HOLES as usize - 1, |index| {
                links.iter().for_each(|link| sender.filler(link, From::Client, at(index, shift), 100));
            });
            links.iter().for_each(|link| sender.filler(link, From::Client, at(HOLES as usize - 1, shift), 100));
        }
        assert_eq!(sender.watch.discard(), 16);
        assert_eq!(sender.watch.engine.stats().gaps, 0);
    });
}

#[test]
fn a_million_syns() {
    alone("a_million_syns", |sender| {
        in_halves(1_000_000, |n| {
            let link = Link::numbered(n as u32, [n as u32, 0]);
            sender.send(&link, Packet { syn: true, ack: None, ..packet(From::Client, -1, Vec::new()) });
        });
        assert_eq!(sender.watch.engine.stats().connections_opened, 1_000_000);
    });
}

const BODY_HEAD: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n";
const CONNECTIONS: usize = 20_000;
const PIECE: usize = 60 << 10;
const PIECES: usize = (5 << 20) / PIECE;

fn half_a_body(sender: &mut Sender, n: usize, piece: usize) {
    let link = Link::numbered(n as u32, [n as u32, 0]);
    if piece == 0 {
        sender.open(&link);
        sender.send(&link, packet(From::Client, 0, BODY_HEAD.to_vec()));
    }
    sender.filler(&link, From::Client, (BODY_HEAD.len() + piece * PIECE) as u32, PIECE);
}

/// One connection after the other sends half of 10 MiB and stays open.
#[test]
fn half_bodies_in_turn() {
    alone("half_bodies_in_turn", |sender| {
        in_halves(CONNECTIONS, |n| {
            (0..PIECES).for_each(|piece| half_a_body(sender, n, piece));
            sender.watch.discard();
        });
    });
}

/// As many as the table holds send together, one piece each in every round; the others come then.
#[test]
fn half_bodies_together() {
    alone("half_bodies_together", |sender| {
        in_halves(CONNECTIONS * PIECES, |step| {
            let half = CONNECTIONS / 2;
            let (group, within) = (step / (half * PIECES), step % (half * PIECES));
            half_a_body(sender, group * half + within % half, within / half);
            if step % 1_000 == 0 {
                sender.watch.discard();
            }
        });
    });
}
