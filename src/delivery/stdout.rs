//! The command's output: lines on stdout. In: batches. Out: the lines, and what stdout does not take at once: that is for the
//! receiver, which can wait for it; an error too is the receiver's to meet, when it tries what is left. Refuses to know: who
//! else wants the lines, which the receiver says by opening and closing it.
//!
//! A write of at most `PIPE_BUF` bytes goes into a pipe whole or not at all, so in pieces of that size no line is torn,
//! whenever the process ends. Only a longer line can be. A file takes as much as the disk has left: of a line of which it
//! did not take the end, the beginning is taken back.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use memchr::{memchr, memchr_iter, memrchr};
use rustix::fs::{FileType, OFlags, SeekFrom, fcntl_getfl, fcntl_setfl, fstat, ftruncate, seek};
use rustix::io::{self, Errno};

use crate::batch::Batch;

/// Linux's: `pipe(7)`.
const PIPE_BUF_BYTES: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct StdoutOutput {
    is_open: AtomicBool,
    /// Messages that were written, whole.
    written: AtomicU64,
}

impl StdoutOutput {
    /// Whether lines may go to stdout from here: the receiver wants them for nothing else, and has nothing that comes before them.
    pub(crate) fn open(&self, open: bool) {
        self.is_open.store(open, Ordering::SeqCst);
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Writes to `stdout` what goes at once; returns the rest.
    pub(super) fn write(&self, stdout: BorrowedFd<'_>, mut batch: Batch) -> Option<Batch> {
        let taken = write_at_once(stdout, &batch.lines);
        if taken >= batch.lines.len() {
            self.count(batch.messages);
            return None;
        }
        batch.lines.drain(..taken);
        // The first line may be no more than the end of a line: it is out when that is.
        let left = u32::try_from(memchr_iter(b'\n', &batch.lines).count()).unwrap_or(u32::MAX).min(batch.messages);
        self.count(batch.messages - left);
        batch.messages = left;
        Some(batch)
    }

    fn count(&self, messages: u32) {
        self.written.fetch_add(messages.into(), Ordering::Relaxed);
    }
}

/// A write that `stdout` has no room for returns, where it would wait for the reader. Node has seen to that at its start, but
/// it holds for all that share the pipe, and any of them may undo it: another Node does when it ends.
pub fn keep_from_waiting(stdout: BorrowedFd<'_>) {
    if let Ok(flags) = fcntl_getfl(stdout)
        && !flags.contains(OFlags::NONBLOCK)
    {
        let _ = fcntl_setfl(stdout, flags | OFlags::NONBLOCK);
    }
}

/// Takes back the last so many bytes that were written to `stdout`, where it is a regular file and they are its end; whether it did.
/// The next write goes where they began.
pub fn take_back(stdout: BorrowedFd<'_>, bytes: u64) -> bool {
    let Ok(status) = fstat(stdout) else { return false };
    // A pipe has no position.
    let Ok(position) = seek(stdout, SeekFrom::Current(0)) else { return false };
    let Some(start) = position.checked_sub(bytes) else { return false };
    // Another process has written after them, or before they were.
    let at_end = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile && status.st_size as u64 == position;
    at_end && ftruncate(stdout, start).is_ok() && seek(stdout, SeekFrom::Start(start)).is_ok()
}

/// A pipe does not wait here. A file takes all, and as long as it needs.
fn write_at_once(stdout: BorrowedFd<'_>, lines: &[u8]) -> usize {
    let piece_bytes = match fstat(stdout).map(|status| FileType::from_raw_mode(status.st_mode)) {
        Ok(FileType::Fifo | FileType::Socket) => PIPE_BUF_BYTES,
        Ok(_) => usize::MAX,
        Err(_) => return 0,
    };
    let mut rest = lines;
    while !rest.is_empty() {
        let piece = rest.get(..piece_end(rest, piece_bytes)).unwrap_or(rest);
        // Before each write: another process may have undone it since.
        if piece_bytes == PIPE_BUF_BYTES {
            keep_from_waiting(stdout);
        }
        match io::write(stdout, piece) {
            Ok(0) => break,
            Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
    let taken = lines.len() - rest.len();
    let torn = torn_bytes(lines, taken);
    if torn > 0 && take_back(stdout, torn as u64) { taken - torn } else { taken }
}

/// Bytes before `taken` that belong to a line which ends after it.
fn torn_bytes(lines: &[u8], taken: usize) -> usize {
    let before = lines.get(..taken).unwrap_or(lines);
    if taken == lines.len() { 0 } else { taken - memrchr(b'\n', before).map_or(0, |at| at + 1) }
}

/// As many whole lines as fit into `limit`, or a single longer line.
fn piece_end(lines: &[u8], limit: usize) -> usize {
    let Some((within, beyond)) = lines.split_at_checked(limit) else { return lines.len() };
    match memrchr(b'\n', within) {
        Some(at) => at + 1,
        None => memchr(b'\n', beyond).map_or(lines.len(), |at| limit + at + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::fs::{MemfdFlags, memfd_create};
    use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

    use super::*;

    fn batch(lines: &str) -> Batch {
        let messages = u32::try_from(lines.matches('\n').count()).unwrap();
        Batch { lines: lines.as_bytes().to_vec().into(), messages, ..Batch::default() }
    }

    /// A pipe that holds so many pages. Its writer would wait.
    fn pipe(pages: usize) -> (File, OwnedFd) {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        keep_from_waiting(reader.as_fd());
        fcntl_setpipe_size(&writer, pages * PIPE_BUF_BYTES).unwrap();
        (reader.into(), writer)
    }

    fn read(reader: &mut File) -> String {
        let mut text = vec![0; 1 << 20];
        let len = reader.read(&mut text).unwrap_or(0);
        String::from_utf8(text[..len].to_vec()).unwrap()
    }

    #[test]
    fn a_file_takes_a_batch_whole() {
        let output = StdoutOutput::default();
        let mut file = File::from(memfd_create("lines", MemfdFlags::CLOEXEC).unwrap());
        let text = "a\n".repeat(100_000) + &"b".repeat(100_000) + "\n";
        assert_eq!(output.write(file.as_fd(), batch(&text)), None);
        assert_eq!(output.written(), 100_001);
        let mut out = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut out).unwrap();
        assert!(out == text);
    }

    #[test]
    fn the_end_of_a_file_is_taken_back_and_nothing_else() {
        let file = || File::from(memfd_create("lines", MemfdFlags::CLOEXEC).unwrap());
        let content = |file: &mut File| {
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            text
        };
        let mut whole = file();
        whole.write_all(b"a\nb\nto").unwrap();
        assert!(take_back(whole.as_fd(), 2));
        // No hole is left.
        whole.write_all(b"c\n").unwrap();
        assert_eq!(content(&mut whole), "a\nb\nc\n");
        assert!(!take_back(whole.as_fd(), 7), "more than there is");
        let mut followed = file();
        followed.write_all(b"a\ntorn and what another wrote").unwrap();
        followed.seek(std::io::SeekFrom::Start(6)).unwrap();
        assert!(!take_back(followed.as_fd(), 4));
        assert_eq!(content(&mut followed), "a\ntorn and what another wrote");
        assert!(!take_back(pipe(1).1.as_fd(), 0));
    }

    #[test]
    fn what_is_torn_is_the_line_that_is_not_out_whole() {
        for (taken, torn) in [(0, 0), (1, 1), (2, 2), (3, 0), (4, 1), (5, 2), (6, 0)] {
            assert_eq!(torn_bytes(b"aa\nbb\n", taken), torn, "{taken}");
        }
    }

    /// Lines of all lengths around those that matter, into a pipe with every amount of room.
    #[test]
    fn what_a_pipe_does_not_take_is_left_whole() {
        for len in [1, 100, 1_000, 4_094, 4_095, 4_096, 9_000, 70_000] {
            let text: String = (0..40).map(|n| format!("{}\n", "x".repeat(len - len.min(3) + n % 3))).collect();
            for pages in [1, 2, 16] {
                let (output, (mut reader, writer)) = (StdoutOutput::default(), pipe(pages));
                let left = output.write(writer.as_fd(), batch(&text));
                let out = read(&mut reader);
                let Batch { lines, messages, .. } = left.unwrap_or_default();
                let rest = String::from_utf8(lines.to_vec()).unwrap();
                assert!(out.clone() + &rest == text, "lines of {len} bytes, {pages} pages");
                assert_eq!(messages as usize, rest.matches('\n').count());
                assert_eq!(output.written() + u64::from(messages), 40);
                let torn = !out.is_empty() && !out.ends_with('\n');
                assert!(!torn || len + 3 > PIPE_BUF_BYTES, "a line of {len} bytes is torn");
                assert!(out.len() + 2 * PIPE_BUF_BYTES > (pages * PIPE_BUF_BYTES).min(text.len()), "room is left");
            }
        }
    }

    #[test]
    fn whatever_cannot_be_written_is_left() {
        let (reader, writer) = pipe(1);
        drop(reader);
        let output = StdoutOutput::default();
        assert_eq!(output.write(writer.as_fd(), batch("a\nb\n")), Some(batch("a\nb\n")));
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(output.write(full.as_fd(), batch("a\nb\n")), Some(batch("a\nb\n")));
        assert_eq!(output.written(), 0);
    }
}
