//! The bytes of a savefile, in order, through one buffer. In: a path, then a file descriptor of any kind. Out: the
//! bytes from the next record on, and its offset; unpacked where the file is compressed ([`packed`](super::packed)). Never waits
//! for a writer: where reading could, `poll` is asked first.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, open as open_file};
use rustix::io::{Errno, Result, dup, read, retry_on_intr};

use super::packed::{Damage, MAGIC_BYTES as PACKING_BYTES, Unpacked, Unpacker};

const STDIN: [&str; 2] = ["-", "/dev/stdin"];
/// The bytes of one read: few system calls, and they stay in the cache until they are parsed. The buffer grows past it only
/// for a record that is longer, up to the formats' limit, and never to more than twice the bytes that came of that record.
const BUFFER_BYTES: usize = 256 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    More,
    /// Nothing there at the moment.
    Dry,
    End,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    #[error(transparent)]
    Read(#[from] Errno),
    #[error(transparent)]
    Packed(#[from] Damage),
}

/// Tells a file on a disk from another, and from itself once it was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: i64,
    /// Seconds and nanoseconds.
    modified: (i64, u64),
}

impl Identity {
    pub fn size(&self) -> i64 {
        self.size
    }
}

#[derive(Debug)]
pub(super) struct Input {
    fd: OwnedFd,
    may_wait: bool,
    /// `None` until the first bytes are there, and of a file that is not compressed.
    unpacker: Option<Box<Unpacker>>,
    is_looked_at: bool,
    buffer: Vec<u8>,
    /// The bytes that were read and not consumed; `start <= end <= buffer.len()`.
    start: usize,
    end: usize,
    /// Where `start` is in the file, or in what it unpacks to.
    offset: u64,
}

/// Does not wait for a FIFO's writer, as it would without `O_NONBLOCK`: until one has come, `poll` tells of nothing to
/// read and of no hang-up either (Linux `fifo_open`), and `Input` does not take that for the file's end.
///
/// Stdin is shared with other processes, so `O_NONBLOCK` is not set there. `/dev/stdin` would not open if it is a socket,
/// as in a child of Node.
pub(super) fn open(path: &str) -> Result<OwnedFd> {
    if STDIN.contains(&path) {
        return dup(std::io::stdin());
    }
    open_file(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
}

impl Input {
    pub(super) fn new(fd: OwnedFd) -> Result<Self> {
        let kind = FileType::from_raw_mode(fstat(&fd)?.st_mode);
        // A directory and a disk tell at the read what is wrong with them.
        let may_wait = !matches!(kind, FileType::RegularFile | FileType::Directory | FileType::BlockDevice);
        let buffer = vec![0; BUFFER_BYTES];
        Ok(Self { fd, may_wait, unpacker: None, is_looked_at: false, buffer, start: 0, end: 0, offset: 0 })
    }

    /// True if reading may wait for a writer: of a pipe, a FIFO, a socket, a terminal.
    pub(super) fn may_wait(&self) -> bool {
        self.may_wait
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// As it is now.
    pub(super) fn identity(&self) -> Result<Identity> {
        let stat = fstat(&self.fd)?;
        let modified = (stat.st_mtime, stat.st_mtime_nsec);
        Ok(Identity { device: stat.st_dev, inode: stat.st_ino, size: stat.st_size, modified })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes of the file that were used up.
    pub(super) fn file_offset(&self) -> u64 {
        self.unpacker.as_ref().map_or(self.offset, |unpacker| unpacker.offset())
    }

    /// Of a compressed file.
    pub(super) fn unpacker(&self) -> Option<&Unpacker> {
        self.unpacker.as_deref()
    }

    /// At most `bytes().len()`.
    pub(super) fn consume(&mut self, len: usize) {
        debug_assert!(len <= self.end - self.start);
        self.start += len;
        self.offset += len as u64;
    }

    /// Reads or unpacks once, towards `need` bytes in all, which are more than there are. `More` may have brought none yet.
    pub(super) fn fill(&mut self, need: usize) -> std::result::Result<Filled, InputError> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize(need.min(2 * self.end), 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        if let Some(unpacker) = &mut self.unpacker {
            return match unpacker.unpack(free)? {
                Unpacked::Bytes(len) => {
                    self.end += len;
                    Ok(Filled::More)
                }
                Unpacked::Hungry => Ok(match read_some(&self.fd, self.may_wait, unpacker.free())? {
                    Some(len) => {
                        unpacker.put(len);
                        Filled::More
                    }
                    None => Filled::Dry,
                }),
                Unpacked::End => Ok(Filled::End),
            };
        }
        match read_some(&self.fd, self.may_wait, free)? {
            Some(0) => Ok(Filled::End),
            Some(len) => {
                self.end += len;
                self.look_at_first_bytes();
                Ok(Filled::More)
            }
            None => Ok(Filled::Dry),
        }
    }

    fn look_at_first_bytes(&mut self) {
        if self.is_looked_at || self.end < PACKING_BYTES {
            return;
        }
        self.is_looked_at = true;
        self.unpacker = self.buffer.get(..self.end).and_then(Unpacker::of).map(Box::new);
        if self.unpacker.is_some() {
            self.end = 0;
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

/// How many bytes came, 0 at the end; `None` when there are none at the moment.
fn read_some(fd: &OwnedFd, may_wait: bool, free: &mut [u8]) -> Result<Option<usize>> {
    if may_wait && !is_ready(fd.as_fd())? {
        return Ok(None);
    }
    match retry_on_intr(|| read(fd, &mut *free)) {
        Ok(len) => Ok(Some(len)),
        // Another reader was faster.
        Err(Errno::AGAIN) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Whether a read would give something now: bytes, the end, an error.
fn is_ready(fd: BorrowedFd<'_>) -> Result<bool> {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    match poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(errno) => Err(errno),
    }
}
