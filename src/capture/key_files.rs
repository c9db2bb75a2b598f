//! Key logs on a disk, followed as they appear, grow, are cut and are replaced.
//!
//! In: paths of files and folders. Out: their bytes to a [`KeyStore`], notices. Refuses to know: what a secret is for. Nothing of a
//! file's content is ever in a notice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata, OpenOptions, read_dir};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::notice::{Level, Notice};
use crate::source::system_time;
use crate::tls::{KeyLogReader, KeyStore};

/// Files that are followed at one time: a pod has some containers, a folder may have a file a process.
const MAX_FILES: usize = 1_024;

/// Of a log that is long when it is first seen the end: more than the store keeps does not matter.
const MAX_FIRST_BYTES: u64 = 64 << 20;

/// Read at one time, so that packets do not wait for a log that grows fast.
const MAX_POLL_BYTES: usize = 1 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// By so many of the last bytes that were read a log is known again: a line, which no other log has.
const TAIL_BYTES: usize = 256;

#[derive(Debug)]
pub(crate) struct KeyFiles {
    roots: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Followed>,
    /// Paths of which it was said that they cannot be read.
    said: BTreeSet<PathBuf>,
    notices: Vec<Notice>,
    buffer: Zeroizing<Vec<u8>>,
    hasher: ahash::RandomState,
}

#[derive(Debug)]
struct Followed {
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    offset: u64,
    /// A hash of the bytes before `offset`, which are secrets.
    tail: Option<u64>,
    reader: KeyLogReader,
}

impl KeyFiles {
    /// Files, or folders of them.
    pub fn new(paths: &[String]) -> Self {
        Self {
            roots: paths.iter().map(PathBuf::from).collect(),
            files: BTreeMap::new(),
            said: BTreeSet::new(),
            notices: Vec::new(),
            buffer: Zeroizing::new(vec![0; BUFFER_BYTES]),
            hasher: ahash::RandomState::default(),
        }
    }

    /// Reads all that is there.
    pub fn read_all(&mut self, store: &mut KeyStore) {
        while self.poll(store) {}
        for followed in self.files.values_mut() {
            followed.reader.finish(store);
        }
    }

    /// Reads what is new. True if there is more.
    pub fn poll(&mut self, store: &mut KeyStore) -> bool {
        let mut left = MAX_POLL_BYTES;
        let mut seen = BTreeSet::new();
        for root in self.roots.clone() {
            match std::fs::metadata(&root) {
                Ok(metadata) if metadata.is_dir() => self.poll_folder(&root, &mut seen, store, &mut left),
                Ok(metadata) if metadata.is_file() => {
                    self.follow(&root, &metadata, store, &mut left);
                    seen.insert(root);
                }
                Ok(_) => self.say(&root, "it is neither a file nor a folder"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.say(&root, "it is not there yet"),
                Err(error) => self.say(&root, &error.to_string()),
            }
        }
        let gone: Vec<PathBuf> = self.files.keys().filter(|path| !seen.contains(*path)).cloned().collect();
        for path in gone {
            if let Some(mut followed) = self.files.remove(&path) {
                let _ = followed.read(&mut self.buffer, &self.hasher, store, &mut left);
                followed.reader.finish(store);
            }
        }
        left == 0
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn poll_folder(&mut self, folder: &Path, seen: &mut BTreeSet<PathBuf>, store: &mut KeyStore, left: &mut usize) {
        let entries = match read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.say(folder, &error.to_string()),
        };
        for entry in entries.flatten() {
            // A link's own metadata: another user's folder must not lead elsewhere.
            let Ok(metadata) = entry.metadata() else { continue };
            if !metadata.is_file() {
                continue;
            }
            if seen.len() >= MAX_FILES {
                return self.say(folder, "it has too many files; some are not read");
            }
            let path = entry.path();
            self.follow(&path, &metadata, store, left);
            seen.insert(path);
        }
    }

    fn follow(&mut self, path: &Path, metadata: &Metadata, store: &mut KeyStore, left: &mut usize) {
        let identity = (metadata.dev(), metadata.ino());
        if let Some(followed) = self.files.get_mut(path)
            && followed.identity != identity
        {
            // Rotated: first what was still written to the old file.
            let _ = followed.read(&mut self.buffer, &self.hasher, store, left);
            followed.reader.finish(store);
            self.files.remove(path);
        }
        if !self.files.contains_key(path) {
            match Followed::open(path, &mut self.buffer, &self.hasher) {
                Ok(followed) => {
                    self.said.remove(path);
                    self.files.insert(path.to_owned(), followed);
                }
                Err(error) => return self.say(path, &error.to_string()),
            }
        }
        let Some(followed) = self.files.get_mut(path) else { return };
        // Cut, and maybe written anew since, to any length.
        if metadata.len() < followed.offset || followed.hash_of_tail(&mut self.buffer, &self.hasher) != followed.tail {
            followed.reader.forget();
            followed.offset = 0;
        }
        if metadata.len() > followed.offset
            && let Err(error) = followed.read(&mut self.buffer, &self.hasher, store, left)
        {
            self.say(path, &error.to_string());
        }
    }

    /// Once for each path until it can be read.
    fn say(&mut self, path: &Path, why: &str) {
        if self.said.len() >= MAX_FILES || !self.said.insert(path.to_owned()) {
            return;
        }
        let path = path.display().to_string();
        self.notices.push(Notice {
            at: system_time(),
            level: Level::Warn,
            kind: "tls-keylog",
            message: format!("key log '{path}' cannot be read: {why}; it is tried again"),
            fields: vec![("path", path)],
        });
    }
}

impl Followed {
    fn open(path: &Path, buffer: &mut [u8], hasher: &ahash::RandomState) -> io::Result<Self> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let offset = metadata.len().saturating_sub(MAX_FIRST_BYTES);
        let identity = (metadata.dev(), metadata.ino());
        let mut followed = Self { file, identity, offset, tail: None, reader: KeyLogReader::default() };
        followed.tail = followed.hash_of_tail(buffer, hasher);
        Ok(followed)
    }

    /// `None` if the bytes cannot be read.
    fn hash_of_tail(&self, buffer: &mut [u8], hasher: &ahash::RandomState) -> Option<u64> {
        let start = self.offset.saturating_sub(TAIL_BYTES as u64);
        let tail = buffer.get_mut(..(self.offset - start) as usize)?;
        self.file.read_exact_at(tail, start).ok()?;
        Some(hasher.hash_one(&*tail))
    }

    fn read(
        &mut self,
        buffer: &mut [u8],
        hasher: &ahash::RandomState,
        store: &mut KeyStore,
        left: &mut usize,
    ) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        while *left > 0 {
            let room = buffer.len().min(*left);
            let count = match self.file.read(buffer.get_mut(..room).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.reader.push(buffer.get(..count).unwrap_or_default(), store);
            self.offset += count as u64;
            *left -= count;
        }
        self.tail = self.hash_of_tail(buffer, hasher);
        Ok(())
    }
}

#[cfg(test)]
#[path = "key_files_tests.rs"]
mod tests;
