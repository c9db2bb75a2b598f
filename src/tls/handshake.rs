//! Handshake messages out of records: a message may take many records, and a record hold many messages.

use super::hello::{
    CLIENT_HELLO, ENCRYPTED_EXTENSIONS, KEY_UPDATE, MAX_CLIENT_HELLO_BYTES, MAX_SERVER_MESSAGE_BYTES, SERVER_HELLO,
};

/// One handshake message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub kind: u8,
    /// Empty for a message of no interest.
    pub body: &'a [u8],
}

/// Joins what the records bring. Keeps only the messages that are read.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Of the message at hand: its head, and its body if it is of interest.
    kept: Vec<u8>,
    /// Bytes of a message of no interest that are still to come, and its type.
    skipping: Option<(u8, usize)>,
}

const HEAD_BYTES: usize = 4;

impl Messages {
    pub fn buffered_bytes(&self) -> usize {
        self.kept.capacity()
    }

    pub fn forget(&mut self) {
        *self = Self::default();
    }

    pub fn push(&mut self, mut bytes: &[u8], mut on_message: impl FnMut(Message<'_>)) {
        while !bytes.is_empty() {
            if let Some((kind, left)) = self.skipping {
                let taken = left.min(bytes.len());
                bytes = bytes.get(taken..).unwrap_or_default();
                self.skipping = (taken < left).then_some((kind, left - taken));
                if taken == left {
                    on_message(Message { kind, body: &[] });
                }
                continue;
            }
            let wanted = self.wanted().unwrap_or(HEAD_BYTES);
            let (taken, rest) = bytes.split_at_checked(wanted - self.kept.len()).unwrap_or((bytes, &[]));
            self.kept.extend_from_slice(taken);
            bytes = rest;
            let Some(wanted) = self.wanted() else { continue };
            let kind = self.kept.first().copied().unwrap_or(0);
            if wanted - HEAD_BYTES > most_kept(kind) {
                self.kept = Vec::new();
                self.skipping = Some((kind, wanted - HEAD_BYTES));
            } else if self.kept.len() == wanted {
                let kept = std::mem::take(&mut self.kept);
                on_message(Message { kind, body: kept.get(HEAD_BYTES..).unwrap_or_default() });
            }
        }
    }

    /// The length of the message at hand with its head, once that is there.
    fn wanted(&self) -> Option<usize> {
        let &[_, high, middle, low] = self.kept.first_chunk::<HEAD_BYTES>()?;
        Some(HEAD_BYTES + u32::from_be_bytes([0, high, middle, low]) as usize)
    }
}

fn most_kept(kind: u8) -> usize {
    match kind {
        CLIENT_HELLO => MAX_CLIENT_HELLO_BYTES,
        SERVER_HELLO | ENCRYPTED_EXTENSIONS => MAX_SERVER_MESSAGE_BYTES,
        KEY_UPDATE => 1,
        _ => 0,
    }
}
