//! A savefile through a FIFO: slow writers, stops, a pipe that is cut.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::savefile::tests::{pcap_header, pcap_record};
use super::*;

struct Fifo(PathBuf);

impl Fifo {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tcp-sniffer-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn writer(&self) -> File {
        OpenOptions::new().write(true).open(&self.0).unwrap()
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Reads until there is something else than `Dry` to tell; the frames go to `frames`.
fn read(source: &mut PipedSource, frames: &mut Vec<Vec<u8>>) -> Result<Progress, EngineError> {
    let wake = Wake::new().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        match source.read(3, |packet| frames.push(packet.frame.to_vec()))? {
            Progress::Dry => wait(&wake, source.readable(), Duration::from_secs(10)).map(drop).unwrap(),
            progress => return Ok(progress),
        }
    }
    panic!("nothing came");
}

fn header_and(records: u32) -> Vec<u8> {
    let mut bytes = pcap_header(0xa1b2_c3d4);
    for number in 0..records {
        bytes.extend(pcap_record(number, 0, &number.to_be_bytes()));
    }
    bytes
}

#[test]
fn a_lone_packet_comes_while_the_writer_is_silent() {
    let fifo = Fifo::new("lone");
    let path = fifo.path().to_owned();
    let opening = thread::spawn(move || PipedSource::open(&path, &CaptureControl::new().unwrap()));
    let mut writer = fifo.writer();
    writer.write_all(&header_and(1)).unwrap();
    let mut source = opening.join().unwrap().unwrap();
    let mut frames = Vec::new();
    assert_eq!(read(&mut source, &mut frames).unwrap(), Progress::More);
    assert_eq!(frames, [[0; 4]]);
    assert_eq!(source.read(3, |_| panic!("no second packet")).unwrap(), Progress::Dry);
    writer.write_all(&pcap_record(9, 0, b"next")).unwrap();
    assert_eq!(read(&mut source, &mut frames).unwrap(), Progress::More);
    drop(writer);
    assert_eq!(read(&mut source, &mut frames).unwrap(), Progress::Ended);
    assert_eq!(source.read(3, |_| panic!("after the end")).unwrap(), Progress::Ended);
    assert_eq!(source.counters().received, 2);
}

#[test]
fn all_of_it_in_order_then_the_break() {
    let fifo = Fifo::new("order");
    let path = fifo.path().to_owned();
    let opening = thread::spawn(move || PipedSource::open(&path, &CaptureControl::new().unwrap()));
    let mut writer = fifo.writer();
    // Many chunks, so that the reader has to wait for room.
    let records = 100_000;
    let writing = thread::spawn(move || {
        writer.write_all(&header_and(records)).unwrap();
        writer.write_all(&[1, 2, 3]).unwrap();
    });
    let mut source = opening.join().unwrap().unwrap();
    let mut frames = Vec::new();
    let error = loop {
        match read(&mut source, &mut frames) {
            Ok(progress) => assert_eq!(progress, Progress::More),
            Err(error) => break error.to_string(),
        }
    };
    writing.join().unwrap();
    assert!(frames.iter().map(Vec::as_slice).eq((0..records).map(u32::to_be_bytes).collect::<Vec<_>>().iter()));
    assert!(error.contains("is broken after packet 100000: truncated dump file"), "{error}");
}

#[test]
fn stopped_before_anybody_wrote() {
    let fifo = Fifo::new("stopped");
    let control = Arc::new(CaptureControl::new().unwrap());
    let (path, stopper) = (fifo.path().to_owned(), Arc::clone(&control));
    let opening = thread::spawn(move || PipedSource::open(&path, &control).map(drop));
    thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    stopper.stop();
    let error = opening.join().unwrap().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(error.code(), "CAPTURE_OPEN_FAILED");
    drop(fifo.writer());
}

#[test]
fn what_is_no_savefile_is_told_at_open() {
    let fifo = Fifo::new("text");
    let path = fifo.path().to_owned();
    let opening = thread::spawn(move || PipedSource::open(&path, &CaptureControl::new().unwrap()).map(drop));
    fifo.writer().write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let error = opening.join().unwrap().unwrap_err().to_string();
    assert!(error.contains("unknown file format"), "{error}");
}
