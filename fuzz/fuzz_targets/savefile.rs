//! The whole way from a savefile's bytes, compressed or not: any file is read to its end or to an error with a place in it,
//! without a panic, and what the engine makes of its packets is whole JSON lines. Input: the file.
#![no_main]

mod wire;

use std::io::Write;
use std::os::fd::AsRawFd;

use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};
use tcp_sniffer::error::EngineError;
use tcp_sniffer::source::{PacketSource, Progress, SavefileSource};
use wire::{lines_of, new_engine};

/// gzip and zstd: of what they unpack to the file's length says nothing.
fn is_packed(data: &[u8]) -> bool {
    matches!(data, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fuzz_target!(|data: &[u8]| {
    let Ok(memory) = memfd_create("savefile", MemfdFlags::CLOEXEC) else { return };
    let mut file = std::fs::File::from(memory);
    file.write_all(data).expect("memory takes it");
    let Ok(mut source) = SavefileSource::open(&format!("/proc/self/fd/{}", file.as_raw_fd())) else { return };
    let mut engine = new_engine();
    let mut packets = 0;
    loop {
        let read = source.read(64, |packet| {
            packets += 1;
            assert!(is_packed(data) || packet.frame.len() <= data.len());
            engine.on_packet(packet.at, packet.linktype, packet.frame, packet.wire_len);
        });
        match read {
            Ok(Progress::More) => {}
            Ok(Progress::Ended | Progress::Dry) => break,
            Err(EngineError::BrokenSavefile { packets: told, offset, .. }) => {
                assert_eq!(told, packets);
                assert!(is_packed(data) || offset <= data.len() as u64);
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    lines_of(&mut engine);
});
