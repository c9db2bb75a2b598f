//! Writes a savefile of made traffic, the same in every run, to stdout, and what keys it has to a file:
//! `cargo run --example traffic -- KIND EXCHANGES [KEY_LOG]`.

use std::io::Write;

#[path = "../benches/traffic/mod.rs"]
#[allow(clippy::indexing_slicing, reason = "made traffic, not the wire")]
mod traffic;

use traffic::{Content, MERGED_PAYLOAD, MTU_PAYLOAD, Traffic};

const SMALL_BODY_BYTES: usize = 13;
const LARGE_BODY_BYTES: usize = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, exchanges, key_log @ ..] = arguments.as_slice() else {
        return Err("usage: traffic KIND EXCHANGES [KEY_LOG]".into());
    };
    let exchanges = exchanges.parse()?;
    let large = |content, segment_bytes| Traffic::large_bodies(exchanges, content, LARGE_BODY_BYTES, segment_bytes);
    let tls = |body_bytes| -> std::io::Result<Traffic> {
        let (traffic, keys) = Traffic::tls(exchanges, body_bytes);
        if let [key_log, ..] = key_log {
            std::fs::write(key_log, keys)?;
        }
        Ok(traffic)
    };
    let traffic = match kind.as_str() {
        "small-gets" => Traffic::small_gets(exchanges),
        "small-http2" => Traffic::small_http2(exchanges),
        "connections" => Traffic::connections(exchanges),
        "large-text" => large(Content::Text, MERGED_PAYLOAD),
        "large-text-mtu" => large(Content::Text, MTU_PAYLOAD),
        "large-json" => large(Content::Json, MERGED_PAYLOAD),
        "large-binary" => large(Content::Binary, MERGED_PAYLOAD),
        "small-tls" => tls(SMALL_BODY_BYTES)?,
        "large-tls" => tls(LARGE_BODY_BYTES)?,
        _ => {
            return Err(
                "KIND: small-gets, small-http2, connections, large-text, large-text-mtu, large-json, large-binary, \
                 small-tls, large-tls"
                    .into(),
            );
        }
    };
    std::io::stdout().lock().write_all(&traffic.to_savefile())?;
    Ok(())
}
