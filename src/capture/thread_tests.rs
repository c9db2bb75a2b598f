//! The capture thread over real sources: a real `lo`, which needs NET_RAW, and a FIFO.

use std::io::Write as _;
use std::sync::mpsc::channel;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::runner::tests::{ChannelDelivery, FakeEngine, PATIENCE};
use super::*;
use crate::config::EngineConfig;
use crate::delivery::Event;
use crate::source::{Fifo, LiveOptions, echo, listen, open_lo};

/// Little-endian, microseconds, version 2.4, Ethernet.
const PCAP_HEADER: [u8; 24] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];

#[test]
fn a_stop_right_after_the_last_packet_loses_none() {
    let (listener, port) = listen();
    let Some(source) = open_lo(port) else { return };
    let control = Arc::new(CaptureControl::new().unwrap());
    let options = CaptureOptions {
        source: SourceOptions::Live(LiveOptions::on("lo")),
        engine: EngineConfig::for_ports(&[port]),
        cpu_limit: None,
        stats_interval_ms: 0,
        tls_keylog: None,
    };
    let (sender, events) = channel();
    let runner_control = Arc::clone(&control);
    let outgoing = start_sending(&options, &control, ChannelDelivery { events: sender, backlog: 0 }).unwrap();
    thread::spawn(move || {
        Runner::with(FakeEngine::new(8, 16), source, &options, runner_control, outgoing).run();
    });
    for _ in 0..20 {
        echo(&listener);
    }
    control.stop();
    let mut packets = 0;
    loop {
        match events.recv_timeout(PATIENCE).unwrap() {
            Event::Batch(batch) => {
                packets += batch.messages;
                control.release();
            }
            Event::End => break,
            Event::Stats(stats) => assert_eq!(stats.capture.dropped, 0),
            other => panic!("{other:?}"),
        }
    }
    assert!(packets >= 20 * 8, "{packets}");
}

/// Without a writer, with a silent one, and in the middle of a record.
#[test]
fn a_stop_ends_what_is_silent() {
    for (name, bytes) in
        [("nobody", None), ("silent", Some(Vec::new())), ("cut", Some([PCAP_HEADER.as_slice(), &[0; 9]].concat()))]
    {
        let fifo = Fifo::new(name);
        let control = Arc::new(CaptureControl::new().unwrap());
        let options = CaptureOptions {
            source: SourceOptions::Savefile { path: fifo.path().to_owned() },
            engine: EngineConfig::for_ports(&[80]),
            cpu_limit: None,
            stats_interval_ms: 0,
            tls_keylog: None,
        };
        let ((sender, events), (opened_sender, opened)) = (channel(), channel());
        let delivery = ChannelDelivery { events: sender, backlog: 0 };
        let on_open = move |info| opened_sender.send(info).unwrap();
        spawn(options, Arc::clone(&control), delivery, on_open).unwrap();
        let info = opened.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!((info.interface.as_str(), info.linktype), (fifo.path(), None));
        let _writer = bytes.map(|bytes| {
            let mut writer = fifo.writer();
            writer.write_all(&bytes).unwrap();
            writer
        });
        assert!(events.recv_timeout(Duration::from_millis(100)).is_err(), "nothing happens by itself");
        control.stop();
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Stats(_))));
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::End)));
    }
}

/// Wherever they stand in it: they are taken before the first packet, whether keys are asked for or not.
#[test]
fn the_secrets_of_a_short_file_come_first() {
    const LOG: &[u8] = b"CLIENT_RANDOM x\n";
    let block = |kind: u32, body: &[u8]| {
        let length = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, body, &length].concat()
    };
    let words = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let file = [
        block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX])),
        block(1, &words(&[1, 0])),
        block(6, &words(&[0, 0, 1, 4, 4, 0])),
        block(10, &[&words(&[0x544c_534b, LOG.len() as u32])[..], LOG].concat()),
    ];
    let path = std::env::temp_dir().join(format!("tcp-sniffer-{}-secrets.pcapng", std::process::id()));
    std::fs::write(&path, file.concat()).unwrap();
    let mut config = EngineConfig::for_ports(&[80]);
    assert!(!config.tls);
    let secrets = open_savefile(path.to_str().unwrap(), &mut config).unwrap().take_secrets();
    assert!(secrets.is_some_and(|secrets| secrets.starts_with(LOG)));
    assert_eq!(config.tls_key_wait_ms, 0, "all are known");

    // Secrets that were not asked for are not looked for in a file that takes long to read.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&file.concat()).unwrap();
    std::fs::write(&path, packed.finish().unwrap()).unwrap();
    let mut config = EngineConfig::for_ports(&[80]);
    let wait = config.tls_key_wait_ms;
    assert!(open_savefile(path.to_str().unwrap(), &mut config).unwrap().take_secrets().is_none());
    assert_eq!(config.tls_key_wait_ms, wait);
    std::fs::remove_file(&path).unwrap();
}
