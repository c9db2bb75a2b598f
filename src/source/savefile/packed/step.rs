//! The results of decoders.

/// Why it cannot be unpacked any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::source::savefile) enum Damage {
    #[error("its {0} data ends in the middle")]
    EndsEarly(&'static str),
    #[error("its {0} data is damaged")]
    Broken(&'static str),
    #[error("the checksum of its {0} data is wrong")]
    Checksum(&'static str),
    #[error("its zstd data needs a window of more than {limit} bytes; unpacked by zstd it can be read from a pipe")]
    Window { limit: u64 },
    #[error("its zstd data needs a dictionary; unpacked by zstd it can be read from a pipe")]
    Dictionary,
}

/// The result of a step of a decoder. It takes from the front of the packed bytes.
#[derive(Debug)]
pub(super) enum Step {
    On {
        taken: usize,
        written: usize,
    },
    /// It needs so many packed bytes at once, more than there are.
    Wants(usize),
    /// A member or a frame is over.
    Over {
        taken: usize,
    },
}
