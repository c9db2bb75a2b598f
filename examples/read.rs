//! Reads a savefile with the engine alone and prints its messages:
//! `cargo run --example read -- FILE PORT[,PORT…] [MAX_CONNECTIONS [KEY_LOG [NAME[,NAME…]]]]`; values with these names are redacted.

use std::io::Write;

use tcp_sniffer::config::EngineConfig;
use tcp_sniffer::delivery::Finisher;
use tcp_sniffer::engine::Engine;
use tcp_sniffer::flow::Patience;
use tcp_sniffer::source::{Packet, PacketSource, Progress, SavefileSource};
use tcp_sniffer::tls::KeyLogReader;

const BURST_PACKETS: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, ports, rest @ ..] = arguments.as_slice() else {
        return Err("usage: read FILE PORT[,PORT…] [MAX_CONNECTIONS [KEY_LOG [NAME[,NAME…]]]]".into());
    };
    let ports = ports.split(',').map(str::parse).collect::<Result<Vec<u16>, _>>()?;
    let mut config = EngineConfig::for_ports(&ports);
    config.patience = Patience::SAVEFILE;
    config.redact_headers.clear();
    config.max_body_size = 100 << 20;
    config.decode_body = true;
    if let [_, _, names] = rest {
        let names: Vec<String> = names.split(',').map(Into::into).collect();
        config.redact_body = names.clone();
        config.redact_query = names.clone();
        config.redact_headers = names;
    }
    let mut finisher = Finisher::new(&config);
    if let [max_concurrent_connections, ..] = rest {
        config.max_concurrent_connections = max_concurrent_connections.parse()?;
    }
    // As a savefile with its key log is read: what is not known yet will never be.
    config.tls_key_wait_ms = 0;
    let mut engine = Engine::new(config);
    if let [_, key_log, ..] = rest {
        let lines = std::fs::read(key_log)?;
        engine.add_tls_keys(|keys| {
            let mut reader = KeyLogReader::default();
            reader.read(&lines, keys);
        });
    }
    let mut source = SavefileSource::open(file)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    while !engine.is_draining() {
        let read = source.read(BURST_PACKETS, |Packet { at, linktype, wire_len, frame }| {
            engine.on_packet(at, linktype, frame, wire_len);
        });
        match read {
            Ok(Progress::More) => {}
            Ok(Progress::Dry) => std::thread::sleep(std::time::Duration::from_millis(10)),
            Ok(Progress::Ended) => engine.drain(),
            Err(error) => {
                eprintln!("{error}");
                engine.drain();
            }
        }
        while let Some(batch) = engine.take_batch(false) {
            let mut written = Ok(());
            finisher.finish(batch, false, |batch| {
                if written.is_ok() {
                    written = out.write_all(&batch.lines);
                }
            });
            written?;
        }
    }
    for notice in engine.take_notices() {
        eprintln!("{} {:?}", notice.message, notice.fields);
    }
    for (name, count) in engine.stats().entries().into_iter().filter(|(_, count)| *count > 0) {
        eprintln!("{name} {count}");
    }
    Ok(())
}
