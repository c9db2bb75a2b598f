//! What is counted of TLS, and why records could not be read.

/// Why records of a connection are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// No secret of the connection came in time.
    NoKeys,
    /// There are secrets, and no record opened with them.
    WrongKeys,
    /// A cipher suite, a version or an extension that is not supported.
    Unsupported,
    /// The hellos were not captured, or are broken: so it is not known whose secrets are needed.
    NoHandshake,
    /// After a loss no record was found again.
    LostStep,
}

impl Unread {
    pub const COUNT: usize = 5;

    pub const ALL: [Self; Self::COUNT] =
        [Self::NoKeys, Self::WrongKeys, Self::Unsupported, Self::NoHandshake, Self::LostStep];

    pub fn index(self) -> usize {
        self as usize
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TlsCounters {
    /// Connections that are TLS.
    pub connections: u64,
    /// Records that were opened.
    pub records: u64,
    /// Connections of which a direction was not, or no longer, read; each once a reason.
    pub unread_connections: [u64; Unread::COUNT],
    /// Their bytes, headers of records included.
    pub unread_bytes: u64,
    /// Records whose tag is wrong, and yet those around them are right.
    pub broken_records: u64,
    /// Records of which a part was not captured.
    pub lost_records: u64,
    /// Times that the next record was found after a loss, its number proved by its tag.
    pub resumed: u64,
    /// Times that so many bytes waited for their keys that the wait was ended early.
    pub waits_cut: u64,
    pub key_updates: u64,
    pub renegotiations: u64,
    /// Bytes sent before the server had agreed to them that it did not take, or of which this is not known (RFC 8446 §2.3).
    pub early_data_bytes_refused: u64,
}

impl TlsCounters {
    pub fn add(&mut self, more: &Self) {
        self.connections += more.connections;
        self.records += more.records;
        self.unread_connections.iter_mut().zip(more.unread_connections).for_each(|(count, more)| *count += more);
        self.unread_bytes += more.unread_bytes;
        self.broken_records += more.broken_records;
        self.lost_records += more.lost_records;
        self.resumed += more.resumed;
        self.waits_cut += more.waits_cut;
        self.key_updates += more.key_updates;
        self.renegotiations += more.renegotiations;
        self.early_data_bytes_refused += more.early_data_bytes_refused;
    }
}
