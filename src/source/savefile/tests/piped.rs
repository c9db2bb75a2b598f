//! Input that may have to be waited for: pipes and FIFOs, slow writers, stops.

use std::fs::OpenOptions;
use std::io::PipeWriter;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::retry_on_intr;

use super::*;

pub(crate) struct Fifo(PathBuf);

impl Fifo {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tcp-sniffer-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(crate) fn writer(&self) -> File {
        OpenOptions::new().write(true).open(&self.0).unwrap()
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn pipe() -> (SavefileSource, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    (SavefileSource::over(reader.into(), "pipe").unwrap(), writer)
}

fn is_readable_within(source: &SavefileSource, millis: i64) -> bool {
    let timeout = Timespec { tv_sec: millis / 1_000, tv_nsec: millis % 1_000 * 1_000_000 };
    let mut polled = [PollFd::from_borrowed_fd(source.readable().unwrap(), PollFlags::IN)];
    retry_on_intr(|| poll(&mut polled, Some(&timeout))).unwrap() > 0
}

/// Reads the packets that are there now, up to `Dry` or the end.
fn read_what_is_there(source: &mut SavefileSource, packets: &mut Vec<Given>) -> Result<Progress, EngineError> {
    loop {
        match source.read(3, |packet| packets.push(given(packet)))? {
            Progress::More => {}
            progress => return Ok(progress),
        }
    }
}

/// Waits like the runner does.
fn read_to_end_waiting(source: &mut SavefileSource) -> Outcome {
    let (mut packets, until) = (Vec::new(), Instant::now() + Duration::from_secs(10));
    loop {
        match read_what_is_there(source, &mut packets) {
            Ok(Progress::Ended) => return (packets, Ok(())),
            Ok(_) => assert!(is_readable_within(source, 10_000), "nothing came"),
            Err(error) => return (packets, Err(error)),
        }
        assert!(Instant::now() < until);
    }
}

#[test]
fn a_dribble_gives_each_packet_with_its_last_byte() {
    for parts in [parts(false), parts(true)] {
        let all = super::packets(&parts.iter().flat_map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>());
        let (mut source, mut writer) = pipe();
        assert_eq!(source.info().linktype, None);
        let (mut packets, mut whole) = (Vec::new(), 0);
        assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Dry);
        for (part, is_packet) in parts {
            for byte in part {
                assert_eq!(packets, all[..whole]);
                writer.write_all(&[byte]).unwrap();
                assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Dry);
            }
            whole += usize::from(is_packet);
        }
        drop(writer);
        for _ in 0..2 {
            assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Ended);
        }
        assert_eq!((&packets, source.counters().received), (&all, all.len() as u64));
    }
}

#[test]
fn all_of_a_large_one_then_the_break() {
    let (mut source, mut writer) = pipe();
    let records = 100_000_u32;
    let writing = thread::spawn(move || {
        writer.write_all(&LITTLE.pcap(MICROSECONDS, 1)).unwrap();
        let records = (0..records).flat_map(|number| LITTLE.record(number, 0, &number.to_be_bytes()));
        writer.write_all(&records.collect::<Vec<_>>()).unwrap();
        writer.write_all(&[1, 2, 3]).unwrap();
    });
    let (packets, result) = read_to_end_waiting(&mut source);
    writing.join().unwrap();
    assert!(
        packets.iter().map(|(.., frame)| frame.clone()).eq((0..records).map(|number| number.to_be_bytes().to_vec()))
    );
    assert_eq!(
        result.unwrap_err().to_string(),
        "savefile 'pipe' is broken after packet 100000, at byte 2000024: it ends in the middle of a record"
    );
}

#[test]
fn what_is_no_savefile_is_told_at_the_read() {
    for (bytes, words) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "it is neither pcap nor pcapng"),
        (b"", "it is empty"),
        (b"\xd4\xc3\xb2\xa1\x02", "it ends in the middle of its header"),
    ] {
        let (mut source, mut writer) = pipe();
        writer.write_all(bytes).unwrap();
        drop(writer);
        let error = read_to_end_waiting(&mut source).1.unwrap_err();
        assert_eq!(error.code(), "CAPTURE_OPEN_FAILED");
        assert_eq!(error.to_string(), format!("cannot open savefile 'pipe': {words}"));
    }
}

#[test]
fn a_fifo_is_dry_until_its_writer_comes_and_ends_when_it_goes() {
    let fifo = Fifo::new("fifo");
    let mut source = SavefileSource::open(fifo.path()).unwrap();
    let mut packets = Vec::new();
    assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Dry);
    assert!(!is_readable_within(&source, 20));
    let mut writer = fifo.writer();
    assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Dry);
    writer.write_all(&[LITTLE.pcap(MICROSECONDS, 1), LITTLE.record(0, 7, b"one")].concat()).unwrap();
    assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Dry);
    assert_eq!(packets, [(7, 1, 3, b"one".to_vec())]);
    drop(writer);
    assert_eq!(read_what_is_there(&mut source, &mut packets).unwrap(), Progress::Ended);
}

#[test]
fn a_fifo_whose_writer_was_there_first() {
    let fifo = Fifo::new("first");
    // Opening to read and write does not wait.
    let mut writer = OpenOptions::new().read(true).write(true).open(fifo.path()).unwrap();
    writer.write_all(&[LITTLE.pcap(MICROSECONDS, 1), LITTLE.record(0, 7, b"one")].concat()).unwrap();
    let mut source = SavefileSource::open(fifo.path()).unwrap();
    drop(writer);
    assert_eq!(read_to_end_waiting(&mut source).0.len(), 1);
}

#[test]
fn a_device_that_has_nothing_is_empty() {
    let error = read_to_end_waiting(&mut SavefileSource::open("/dev/null").unwrap()).1.unwrap_err();
    assert_eq!(error.to_string(), "cannot open savefile '/dev/null': it is empty");
}
