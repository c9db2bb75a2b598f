//! The verdict on a request when its head came, kept with its exchange for the answer.

/// Which rules a request matches, as far as a request can, and whether it may be a POST of our own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestVerdict {
    pub(super) rules: u64,
    pub mark: Mark,
}

impl RequestVerdict {
    pub fn is_marked(self) -> bool {
        self.mark != Mark::Absent
    }
}

/// Whose request it is, by its head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mark {
    #[default]
    Absent,
    /// It has the field and does not go to an output.
    Foreign,
    /// It goes to the path of an output.
    Path,
    /// It goes to host and path of an output with this port.
    Address { port: u16 },
}
