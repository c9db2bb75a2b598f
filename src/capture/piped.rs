//! A savefile that comes through a pipe. libpcap blocks in its read, but the capture thread has to tick, to flush and
//! to stop: so a reader thread runs libpcap and fills a chunk, and the capture thread swaps it for an empty one.
//!
//! A shared chunk and not a channel of chunks: whatever the reader has is there for the taking while the reader is
//! blocked, and no packet waits for its chunk to become full. Dropping the source ends the reader at its next packet;
//! one that stays blocked in the read ends with its pipe or with the process.

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::control::CaptureControl;
use super::panics;
use super::savefile::SavefileSource;
use super::source::{CaptureInfo, Pace, Packet, PacketSource, Progress};
use super::wake::{Wake, wait};
use crate::error::EngineError;
use crate::stats::CaptureStats;
use crate::time::Timestamp;

/// The reader waits once this much has not been taken.
const MAX_CHUNK_BYTES: usize = 1 << 20;
/// Counted for each packet on top of its bytes.
const PACKET_OVERHEAD_BYTES: usize = size_of::<Entry>();
/// How often an open that waits for the file's header looks whether it was stopped, should a wake-up be missed.
const OPEN_TICK: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    wire_len: u32,
    /// In `Chunk::bytes`; the entry begins where the one before ends.
    end: usize,
}

impl Chunk {
    fn cost(&self) -> usize {
        self.bytes.len() + self.entries.len() * PACKET_OVERHEAD_BYTES
    }

    fn push(&mut self, packet: Packet<'_>) {
        self.bytes.extend_from_slice(packet.frame);
        self.entries.push(Entry { at: packet.at, wire_len: packet.wire_len, end: self.bytes.len() });
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }
}

#[derive(Debug, Default)]
struct State {
    opened: Option<Result<CaptureInfo, EngineError>>,
    filling: Chunk,
    ended: Option<Result<(), EngineError>>,
    /// Nobody takes anything any more.
    closed: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is room in `State::filling`, or it was closed.
    room: Condvar,
    /// There is something new in `State`.
    news: Wake,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub struct PipedSource {
    shared: Arc<Shared>,
    info: CaptureInfo,
    taken: Chunk,
    /// The next of `taken` to give: index of its entry, and where its bytes begin.
    next: (usize, usize),
    packets: u64,
    /// The end was told.
    over: bool,
}

impl PipedSource {
    /// Starts the reader and waits until it has the file's header, or until the capture is stopped.
    ///
    /// # Errors
    /// `OpenSavefile`, also when it was stopped before the header came.
    pub fn open(path: &str, control: &CaptureControl) -> Result<Self, EngineError> {
        let failed = |reason: String| EngineError::OpenSavefile { path: path.to_owned(), reason };
        let news = Wake::new().map_err(|errno| failed(errno.to_string()))?;
        let shared = Arc::new(Shared { state: Mutex::default(), room: Condvar::new(), news });
        start_reader(path.to_owned(), Arc::clone(&shared)).map_err(|error| failed(error.to_string()))?;
        loop {
            shared.news.clear();
            let opened = shared.lock().opened.take();
            if let Some(opened) = opened {
                let info = opened?;
                return Ok(Self { shared, info, taken: Chunk::default(), next: (0, 0), packets: 0, over: false });
            }
            if let Some(Err(error)) = shared.lock().ended.take() {
                return Err(error);
            }
            if control.stop_requested() {
                shared.lock().closed = true;
                return Err(failed("stopped before the file's header came".to_owned()));
            }
            wait(&control.wake, Some(shared.news.as_fd()), OPEN_TICK).map_err(|errno| failed(errno.to_string()))?;
        }
    }

    /// Takes what the reader has; false when that is nothing.
    fn refill(&mut self) -> bool {
        self.shared.news.clear();
        self.taken.clear();
        self.next = (0, 0);
        std::mem::swap(&mut self.taken, &mut self.shared.lock().filling);
        self.shared.room.notify_one();
        !self.taken.entries.is_empty()
    }

    fn end_or_dry(&mut self) -> Result<Progress, EngineError> {
        let mut state = self.shared.lock();
        // The reader may have put packets there since the refill.
        if !self.over && state.filling.entries.is_empty() {
            match state.ended.take() {
                None => return Ok(Progress::Dry),
                Some(result) => {
                    self.over = true;
                    result?;
                }
            }
        }
        Ok(if self.over { Progress::Ended } else { Progress::More })
    }
}

impl PacketSource for PipedSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn pace(&self) -> Pace {
        Pace::Lossless
    }

    fn read(&mut self, limit: usize, mut on_packet: impl FnMut(Packet<'_>)) -> Result<Progress, EngineError> {
        if self.next.0 >= self.taken.entries.len() && !self.refill() {
            return self.end_or_dry();
        }
        let (first, mut start) = self.next;
        for entry in self.taken.entries.iter().skip(first).take(limit) {
            let frame = self.taken.bytes.get(start..entry.end).unwrap_or_default();
            on_packet(Packet { at: entry.at, wire_len: entry.wire_len, frame });
            start = entry.end;
            self.next.0 += 1;
            self.packets += 1;
        }
        self.next.1 = start;
        Ok(Progress::More)
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.shared.news.as_fd())
    }

    fn counters(&mut self) -> CaptureStats {
        CaptureStats { received: self.packets, ..CaptureStats::default() }
    }
}

impl Drop for PipedSource {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.room.notify_one();
    }
}

fn start_reader(path: String, shared: Arc<Shared>) -> io::Result<()> {
    let body = move || {
        panics::guard_this_thread();
        let result = catch_unwind(AssertUnwindSafe(|| read_all(&path, &shared)));
        let ended = result.unwrap_or_else(|payload| {
            let mut message = panics::describe(&*payload);
            let _ = write!(message, " in the reader of '{path}'");
            Err(EngineError::Panicked { message })
        });
        let mut state = shared.lock();
        state.ended = Some(ended);
        drop(state);
        shared.news.signal();
    };
    thread::Builder::new().name("tcp-sniffer-in".to_owned()).spawn(body).map(drop)
}

fn read_all(path: &str, shared: &Shared) -> Result<(), EngineError> {
    let opened = SavefileSource::open(path);
    let (source, info) = match opened {
        Ok(source) => {
            let info = source.info().clone();
            (Some(source), Ok(info))
        }
        Err(error) => (None, Err(error)),
    };
    shared.lock().opened = Some(info);
    shared.news.signal();
    let Some(mut source) = source else { return Ok(()) };
    // One packet a call: with more, the call would not come back while the pipe is quiet.
    while !shared.lock().closed {
        if source.read(1, |packet| put(shared, packet))? == Progress::Ended {
            break;
        }
    }
    Ok(())
}

fn put(shared: &Shared, packet: Packet<'_>) {
    let full = |state: &mut State| state.filling.cost() >= MAX_CHUNK_BYTES && !state.closed;
    let mut state = shared.room.wait_while(shared.lock(), full).unwrap_or_else(PoisonError::into_inner);
    let was_empty = state.filling.entries.is_empty();
    state.filling.push(packet);
    drop(state);
    if was_empty {
        shared.news.signal();
    }
}

#[cfg(test)]
#[path = "piped_tests.rs"]
mod tests;
