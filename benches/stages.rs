//! Each stage of the engine by itself and the whole of it, on small GETs and on large bodies, one core: `cargo bench`.
//!
//! `elem/s` are HTTP messages, `B/s` bytes of HTTP. A stage is given the results of the stage before it; the engine is
//! given frames and returns batches, as in a capture, and the batches are not read.
#![allow(missing_docs, reason = "criterion's macros")]
#![allow(clippy::indexing_slicing, reason = "made traffic, not the wire")]

mod traffic;

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::decode::{Decoded, Segment, decode};
use tcp_sniffer::encode::{Encoder, Origin};
use tcp_sniffer::engine::Engine;
use tcp_sniffer::flow::{DataMeta, FlowCounters, FlowKey, Patience, Side, StreamEvent, Table};
use tcp_sniffer::message::{
    Answered, Direction, Head, HttpCounters, HttpMessage, Incomplete, NotHttp, RequestVerdict, Selection, Sink,
};
use tcp_sniffer::protocol::{Context, Limits, Readers, Scratch};
use tcp_sniffer::protocol::{Conversation, Met, Parties};
use tcp_sniffer::time::Timestamp;
use traffic::{CONNECTIONS, Content, FIRST_CLIENT_PORT, LINKTYPE, MERGED_PAYLOAD, MTU_PAYLOAD, PORT, Traffic};

const SMALL_EXCHANGES: usize = 20_000;
const LARGE_EXCHANGES: usize = 100;
const LARGE_BODY_BYTES: usize = 100_000;

fn all(criterion: &mut Criterion) {
    let large = |content, segment| Traffic::large_bodies(LARGE_EXCHANGES, content, LARGE_BODY_BYTES, segment);
    for (name, per_message, traffic) in [
        ("small GETs", true, Traffic::small_gets(SMALL_EXCHANGES)),
        ("100 kB text", false, large(Content::Text, MERGED_PAYLOAD)),
        ("100 kB text, MTU", false, large(Content::Text, MTU_PAYLOAD)),
        ("100 kB JSON", false, large(Content::Json, MERGED_PAYLOAD)),
        ("100 kB binary", false, large(Content::Binary, MERGED_PAYLOAD)),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(if per_message {
            Throughput::Elements(traffic.messages)
        } else {
            Throughput::Bytes(traffic.payload_bytes)
        });
        stages(&mut group, &traffic);
        group.finish();
    }
}

fn stages(group: &mut BenchmarkGroup<'_, WallTime>, traffic: &Traffic) {
    let segments: Vec<_> = traffic.frames().filter_map(|(at, frame)| Some((at, segment(frame)?))).collect();
    let mut events = Vec::new();
    reassemble(&segments, |connection, side, bytes, meta| events.push((connection, side, bytes.to_vec(), meta)));
    let mut kept = Kept::default();
    parse(&events, &mut kept);

    group.bench_function("decode", |b| {
        b.iter(|| traffic.frames().filter_map(|(_, frame)| Some(segment(frame)?.payload.len())).sum::<usize>());
    });
    group.bench_function("flow", |b| {
        b.iter(|| {
            let mut bytes = 0;
            reassemble(&segments, |_, _, data, _| bytes += data.len());
            bytes
        });
    });
    group.bench_function("http", |b| {
        b.iter(|| {
            let mut counted = Counted(0);
            parse(&events, &mut counted);
            counted.0
        });
    });
    let redact_body = ["password", "apiKey", "cardNumber"].map(str::to_owned).to_vec();
    for (name, redact_body) in [("encode", Vec::new()), ("encode, redactBody", redact_body)] {
        group.bench_function(name, |b| {
            let end = |ip: [u8; 4], port| tcp_sniffer::decode::Endpoint { ip: ip.into(), port };
            let origin = Origin::new(1, end([10, 0, 0, 1], PORT), end([10, 0, 0, 2], 40_000));
            let config = EngineConfig { redact_body: redact_body.clone(), ..EngineConfig::for_ports(&[PORT]) };
            let mut encoder = Encoder::new(&config);
            let mut out = Vec::new();
            b.iter(|| {
                for message in &kept.0 {
                    out.clear();
                    encoder.push_line(&mut out, &origin, &message.borrowed());
                    black_box(&out);
                }
            });
        });
    }
    group.bench_function("engine", |b| b.iter(|| engine(traffic)));
}

fn segment(frame: &[u8]) -> Option<Segment<'_>> {
    match decode(LINKTYPE, frame, frame.len() as u32) {
        Ok(Decoded::Segment(segment)) => Some(segment),
        _ => None,
    }
}

fn reassemble(segments: &[(i64, Segment<'_>)], mut on_data: impl FnMut(usize, Side, &[u8], DataMeta)) {
    let mut table: Table<()> = Table::new(Patience::SAVEFILE);
    let mut counters = FlowCounters::default();
    for (at, segment) in segments {
        let at = Timestamp::from_micros(*at);
        let (key, side) = FlowKey::of(segment.source, segment.destination);
        let (id, side) = table.find(&key, side).unwrap_or_else(|| (table.insert(key, (), at), side));
        if let Some(entry) = table.entry(id) {
            let number = usize::from(key.endpoint(Side::High).port - FIRST_CLIENT_PORT);
            entry.connection.on_segment(side, segment, at, at, &mut counters, &mut |side, event| {
                if let StreamEvent::Data(bytes, meta) = event {
                    on_data(number, side, bytes, meta);
                }
            });
        }
    }
}

fn parse(events: &[(usize, Side, Vec<u8>, DataMeta)], sink: &mut dyn Sink) {
    let parties = Parties::Expected { server: Side::Low, initiator: Some(Side::High) };
    let connection = |_| Conversation::new(parties, Met::AtItsSyn);
    let mut connections: Vec<_> = (0..CONNECTIONS).map(connection).collect();
    let selection = Selection::default();
    let mut counters = HttpCounters::default();
    let mut scratch = Scratch::default();
    for (number, side, bytes, meta) in events {
        let mut context = Context {
            limits: Limits { max_body_bytes: usize::MAX },
            selection: &selection,
            counters: &mut counters,
            sink: &mut *sink,
            ending: Incomplete::Stopped,
            proxied: None,
            scratch: &mut scratch,
            readers: Readers::default(),
        };
        connections[*number].on_event(*side, StreamEvent::Data(bytes, *meta), &mut context);
    }
}

fn engine(traffic: &Traffic) -> usize {
    let mut engine = Engine::new(EngineConfig::for_ports(&[PORT]));
    let mut bytes = 0;
    for (at, frame) in traffic.frames() {
        let at = Timestamp::from_micros(at);
        engine.on_packet(at, LINKTYPE, frame, frame.len() as u32);
        while let Some(batch) = engine.take_batch(false) {
            bytes += batch.lines.len();
        }
    }
    bytes
}

struct Counted(u64);

impl Sink for Counted {
    fn message(&mut self, message: &HttpMessage<'_>) {
        self.0 += message.body_bytes + 1;
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

#[derive(Default)]
struct Kept(Vec<Owned>);

struct Owned {
    direction: Direction,
    exchange: u32,
    at: Timestamp,
    head: Head,
    head_bytes: Vec<u8>,
    body: Vec<u8>,
    answered: Option<(Vec<u8>, Vec<u8>, Option<u64>)>,
}

impl Owned {
    fn borrowed(&self) -> HttpMessage<'_> {
        HttpMessage {
            direction: self.direction,
            exchange: self.exchange,
            at: self.at,
            duration_micros: None,
            stall_micros: None,
            proxied: None,
            head: &self.head,
            head_bytes: &self.head_bytes,
            trailers: None,
            body: &self.body,
            body_bytes: self.body.len() as u64,
            incomplete: None,
            gap_bytes: 0,
            answered: self.answered.as_ref().map(|(method, target, latency_micros)| Answered {
                method,
                target,
                latency_micros: *latency_micros,
                wait_micros: *latency_micros,
            }),
            request_seen: true,
            verdict: RequestVerdict::default(),
            extras: None,
        }
    }
}

impl Sink for Kept {
    fn message(&mut self, message: &HttpMessage<'_>) {
        self.0.push(Owned {
            direction: message.direction,
            exchange: message.exchange,
            at: message.at,
            head: message.head.clone(),
            head_bytes: message.head_bytes.to_vec(),
            body: message.body.to_vec(),
            answered: message
                .answered
                .map(|answered| (answered.method.to_vec(), answered.target.to_vec(), answered.latency_micros)),
        });
    }

    fn not_http(&mut self, _: Direction, _: NotHttp<'_>, _: &[u8]) {}
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = all
}
criterion_main!(benches);
