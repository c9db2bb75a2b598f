//! Header blocks to fields, one core: `cargo bench --bench hpack`. `elem/s` are fields.
#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use httlib_hpack::Encoder;
use tcp_sniffer::protocol::http2::hpack::{Decoder, FieldBlock};

const BLOCKS: u32 = 1_000;

/// Fields that a browser may send: only the path is new each time.
const FIELDS: [(&str, &str); 12] = [
    (":method", "GET"),
    (":scheme", "https"),
    (":authority", "shop.example.com"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://shop.example.com/products?category=books&page=2"),
    ("cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"),
    ("sec-fetch-mode", "navigate"),
    ("x-request-id", "5f0c7a0e-6a55-4d7a-9d6e-8f6c1f0f5a11"),
    ("priority", "u=0, i"),
];

fn blocks(flags: u8) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::default();
    let block = |number: u32| {
        let mut out = Vec::new();
        let path = (":path", &*format!("/products/{number}/reviews?sort=newest"));
        for (name, value) in FIELDS.into_iter().chain([path]) {
            let field = (name.as_bytes().to_vec(), value.as_bytes().to_vec(), flags);
            encoder.encode(field, &mut out).unwrap_or_default();
        }
        out
    };
    (0..BLOCKS).map(block).collect()
}

fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hpack");
    group.throughput(Throughput::Elements(u64::from(BLOCKS) * (FIELDS.len() as u64 + 1)));
    let huffman = Encoder::HUFFMAN_NAME | Encoder::HUFFMAN_VALUE;
    for (name, flags) in [
        ("reuse", Encoder::BEST_FORMAT | Encoder::WITH_INDEXING | huffman),
        ("all literal, Huffman", huffman),
        ("all literal", 0),
    ] {
        let blocks = blocks(flags);
        let mut out = FieldBlock::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut decoder = Decoder::new();
                let mut fields = 0;
                for block in &blocks {
                    out.clear();
                    fields += decoder.decode(block, &mut out).map_or(0, |()| out.len());
                }
                assert_eq!(fields, blocks.len() * (FIELDS.len() + 1));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
