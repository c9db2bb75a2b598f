//! Counters of TLS, and why records could not be read.

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

    /// For the log.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoKeys => "no secret of it came in time (is its key log among tlsKeylog?)",
            Self::WrongKeys => "the secrets that came do not open them",
            Self::Unsupported => "its cipher suite, version or extension is not supported",
            Self::NoHandshake => "its handshake was not captured",
            Self::LostStep => "no record was found again after a loss",
        }
    }

    /// Public name of its counter.
    pub const fn counter(self) -> &'static str {
        match self {
            Self::NoKeys => "tlsUnreadNoKeys",
            Self::WrongKeys => "tlsUnreadWrongKeys",
            Self::Unsupported => "tlsUnreadUnsupported",
            Self::NoHandshake => "tlsUnreadNoHandshake",
            Self::LostStep => "tlsUnreadLostStep",
        }
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
    /// Damaged records: the tag is wrong, or the header cannot be one of TLS.
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

    /// Public name (camelCase) and value of each, in the order in which they are shown.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        let unread =
            Unread::ALL.into_iter().zip(self.unread_connections).map(|(reason, count)| (reason.counter(), count));
        let mut entries = vec![("tlsConnections", self.connections), ("tlsRecords", self.records)];
        entries.extend(unread);
        entries.extend([
            ("tlsUnreadBytes", self.unread_bytes),
            ("tlsBrokenRecords", self.broken_records),
            ("tlsLostRecords", self.lost_records),
            ("tlsResumed", self.resumed),
            ("tlsWaitsCut", self.waits_cut),
            ("tlsKeyUpdates", self.key_updates),
            ("tlsRenegotiations", self.renegotiations),
            ("tlsRefusedEarlyBytes", self.early_data_bytes_refused),
        ]);
        entries
    }
}
