//! Lines of key logs: NSS's format, as RFC 9850 has it.
//!
//! In: pieces of a log, split anywhere. Out: secrets, by what they are for and whose they are. Refuses to know: files.

use zeroize::{Zeroize, Zeroizing};

use super::hello::Random;
use super::secret::{Label, MAX_LINE_BYTES, Secret, decode_hex};
use super::store::KeyStore;

/// Reads one log as it comes.
#[derive(Default)]
pub struct KeyLogReader {
    /// A line whose end is still to come.
    partial: Zeroizing<Vec<u8>>,
    /// The line at hand is too long to be one; it is passed over to its end.
    is_too_long: bool,
}

impl std::fmt::Debug for KeyLogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyLogReader").field("partial_bytes", &self.partial.len()).finish_non_exhaustive()
    }
}

impl KeyLogReader {
    pub fn push(&mut self, bytes: &[u8], store: &mut KeyStore) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.get(1..).unwrap_or_default();
            if self.partial.is_empty() && !self.is_too_long {
                read_line(piece, store);
            } else {
                self.keep(piece, store);
                self.finish(store);
            }
        }
        self.keep(rest, store);
    }

    /// A whole log.
    pub fn read(&mut self, log: &[u8], store: &mut KeyStore) {
        self.push(log, store);
        self.finish(store);
    }

    /// Nothing follows: what is there of a last line is all of it.
    pub fn finish(&mut self, store: &mut KeyStore) {
        if !std::mem::take(&mut self.is_too_long) {
            read_line(&self.partial, store);
        }
        self.forget();
    }

    /// The log was cut or replaced: the last line will never be whole.
    pub fn forget(&mut self) {
        self.partial.zeroize(); // the whole capacity, and clears
        self.is_too_long = false;
    }

    fn keep(&mut self, piece: &[u8], store: &mut KeyStore) {
        if self.is_too_long || piece.is_empty() {
            return;
        }
        if self.partial.len() + piece.len() > MAX_LINE_BYTES {
            self.partial.zeroize();
            self.is_too_long = true;
            store.counters.broken_lines += 1;
            return;
        }
        // All of the room at once, so that growing leaves no old copy.
        let missing = MAX_LINE_BYTES - self.partial.len();
        self.partial.reserve_exact(missing);
        self.partial.extend_from_slice(piece);
    }
}

fn read_line(line: &[u8], store: &mut KeyStore) {
    let line = line.trim_ascii();
    if line.is_empty() {
        return;
    }
    if line.starts_with(b"#") {
        store.counters.ignored_lines += 1;
        return;
    }
    let mut fields = line.split(|byte| *byte == b' ' || *byte == b'\t').filter(|field| !field.is_empty());
    let (Some(label), Some(random), Some(secret), None) = (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        store.counters.broken_lines += 1;
        return;
    };
    let Some(label) = Label::parse(label) else {
        let is_label = label.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
        *(if is_label { &mut store.counters.ignored_lines } else { &mut store.counters.broken_lines }) += 1;
        return;
    };
    let mut client_random: Random = [0; 32];
    let secret = Secret::from_hex(secret).filter(|secret| label.fits(secret.bytes().len()));
    match secret.filter(|_| decode_hex(random, &mut client_random)) {
        Some(secret) => store.add(&client_random, label, secret),
        None => store.counters.broken_lines += 1,
    }
}
