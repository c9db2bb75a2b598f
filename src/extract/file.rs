//! The file that is written. In: blocks. Out: a file on the disk, which has a section at least.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};

use crate::error::EngineError;
use crate::source::push_empty_section;

/// Blocks are written when there are so many bytes of them.
const FULL_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct ExtractFile {
    file: File,
    path: String,
    bytes: u64,
}

impl ExtractFile {
    pub(super) fn open(path: &str) -> Result<Self, EngineError> {
        let file = OpenOptions::new().write(true).truncate(true).open(path).map_err(|error| failed(path, error))?;
        Ok(Self { file, path: path.to_owned(), bytes: 0 })
    }

    /// Takes all blocks if there are many, or with `all`.
    pub(super) fn write(&mut self, blocks: &mut Vec<u8>, all: bool) -> Result<(), EngineError> {
        if all || blocks.len() >= FULL_BYTES {
            self.file.write_all(blocks).map_err(|error| failed(&self.path, error))?;
            self.bytes += blocks.len() as u64;
            blocks.clear();
        }
        Ok(())
    }

    /// How many bytes it has.
    pub(super) fn finish(mut self) -> Result<u64, EngineError> {
        if self.bytes == 0 {
            let mut section = Vec::new();
            push_empty_section(&mut section);
            self.write(&mut section, true)?;
        }
        Ok(self.bytes)
    }
}

fn failed(path: &str, error: io::Error) -> EngineError {
    EngineError::WriteExtract { path: path.to_owned(), source: error.into() }
}
