//! The engine on HTTP/2, and an AEAD of TLS by itself, one core: `cargo bench --bench protocols`.
//!
//! `elem/s` are messages, `B/s` bytes of records.
#![allow(missing_docs, reason = "criterion's macros")]
#![allow(clippy::indexing_slicing, reason = "made traffic, not the wire")]

mod traffic;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, Nonce};
use aes_gcm::{Aes128Gcm, KeyInit};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::time::Timestamp;
use traffic::{LINKTYPE, PORT, Traffic};

const EXCHANGES: usize = 20_000;
/// The largest record of TLS (RFC 8446 §5.1), and one of a small message.
const RECORDS: [(&str, usize); 2] = [("16 kB", 1 << 14), ("200 B", 200)];
/// The header of a record, which is authenticated beside it.
const HEADER: [u8; 5] = [23, 3, 3, 0, 0];

fn http2(criterion: &mut Criterion) {
    let traffic = Traffic::small_http2(EXCHANGES);
    let mut group = criterion.benchmark_group("HTTP2");
    group.throughput(Throughput::Elements(traffic.messages));
    group.bench_function("engine", |bencher| bencher.iter(|| assert_eq!(engine(&traffic), traffic.messages)));
    group.finish();
}

fn engine(traffic: &Traffic) -> u64 {
    let mut engine = Engine::new(EngineConfig::for_ports(&[PORT]));
    let mut messages = 0;
    let mut take = |engine: &mut Engine, force| {
        while let Some(batch) = engine.take_batch(force) {
            messages += u64::from(batch.messages);
        }
    };
    for (at, frame) in traffic.frames() {
        engine.on_packet(Timestamp::from_micros(at), LINKTYPE, frame, frame.len() as u32);
        take(&mut engine, false);
    }
    take(&mut engine, true);
    messages
}

fn aead(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("AES-128-GCM");
    let cipher = Aes128Gcm::new(&[7; 16].into());
    let nonce = Nonce::<Aes128Gcm>::from([3; 12]);
    for (name, bytes) in RECORDS {
        let mut record = vec![0x5a; bytes];
        group.throughput(Throughput::Bytes(bytes as u64));
        // To encrypt is the same work as to decrypt, and needs no record whose tag is right.
        group.bench_function(name, |bencher| {
            bencher.iter(|| cipher.encrypt_inout_detached(&nonce, &HEADER, InOutBuf::from(record.as_mut_slice())));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = http2, aead
}
criterion_main!(benches);
