//! After a loss: where the next record begins, and which number it has. Its tag proves both.

use super::described::Version;
use super::direction::{Reading, Search, Wait};
use super::keys::{self, Epochs, Keyed, Phase, Protection};
use super::open::{Outcome, Turn, order};
use crate::tls::counters::Unread;
use crate::tls::crypto::{Opened, Suite};
use crate::tls::records::{HEADER_BYTES, Header, Parsed};
use crate::tls::secret::Label;

/// Bytes that are passed over before the search ends: records are 18 kB at most, so that the next one begins soon. A flight of
/// handshake messages may come first.
const MAX_PASSED_BYTES: u64 = 512 << 10;

/// Bytes whose tags are tried in one search: some 10 ms of work. Numbers are tried from the next one on, so that this is ample
/// where records are large or few were lost.
const MAX_TRIED_BYTES: u64 = 32 << 20;

/// Of these for one place.
const MAX_TRIED_BYTES_AT_ONCE: u64 = 8 << 20;

/// The cost of a try besides the bytes of its record.
const TRY_BYTES: u64 = 64;

/// The shortest encrypted record: header, tag, content type (CCM_8 has a shorter tag, and is hardly used).
const LEAST_RECORD_BYTES: u64 = 5 + 16 + 1;

/// The result of the search in the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// No record begins in so many.
    Pass(usize),
    /// More bytes are needed.
    More,
    /// A record, which was read.
    Record(usize),
    Wait(Wait),
    /// The direction is given up.
    Nothing,
}

impl Turn<'_, '_> {
    /// Bytes of this direction were lost: so many, or 0 if that is not known.
    pub fn on_gap(&mut self, len: u64) {
        let have = self.me.buffer.len() as u64;
        let whole = match Header::parse(&self.me.buffer) {
            Parsed::Header(header) => (HEADER_BYTES + header.body_bytes()) as u64,
            _ => 0,
        };
        self.me.buffer = Vec::new();
        match &mut self.me.reading {
            Reading::Discarding => {}
            Reading::Skipping(left) if len > 0 && len <= *left => *left -= len,
            // The rest of the record at hand was lost, or a part of it: what follows it is known.
            Reading::Records if len > 0 && have + len <= whole => {
                self.cx.counters.lost_records += 1;
                self.lose_record(whole);
                self.me.reading = Reading::Skipping(whole - have - len);
            }
            Reading::Searching(search) => {
                search.lost = search.lost.filter(|_| len > 0).map(|lost| lost + len);
                self.tell_loss(have + len);
            }
            Reading::Records | Reading::Skipping(_) => {
                self.me.messages.forget();
                self.go_astray((len > 0).then_some(have + len), have + len);
            }
        }
    }

    /// The next record is looked for from here on. `lost`: so many bytes of records are missing, if that is known. The next `gone`
    /// bytes do not come.
    pub fn go_astray(&mut self, lost: Option<u64>, gone: u64) {
        let is_told = self.tell_loss(gone);
        self.me.reading = Reading::Searching(Search { lost, is_told, ..Search::default() });
    }

    /// Says it at once where a message may be under way: what the other side sends next may follow what was in these bytes. Before
    /// that it may be the handshake that is lost; the next record tells. Returns true if it was said.
    fn tell_loss(&mut self, ciphertext_bytes: u64) -> bool {
        if self.me.plain.has_begun {
            self.me.lose_plaintext(ciphertext_bytes);
            self.say_what_is_missing();
        } else {
            self.me.skip_plaintext(ciphertext_bytes, ciphertext_bytes);
        }
        self.me.plain.has_begun
    }

    pub fn search(&mut self, rest: &mut [u8]) -> Found {
        let begins = |at: usize| rest.get(at..).is_some_and(may_begin);
        match (0..rest.len()).find(|&at| begins(at)) {
            None => return self.pass_over(rest.len()),
            Some(0) => {}
            Some(at) => return self.pass_over(at),
        }
        let Parsed::Header(header) = Header::parse(rest) else { return Found::More };
        let total = HEADER_BYTES + header.body_bytes();
        let Some(record) = rest.get_mut(..total) else { return Found::More };
        match self.prepare() {
            Outcome::Done => {}
            Outcome::Wait(wait) => return Found::Wait(wait),
            Outcome::Astray => return Found::Nothing,
        }
        if let Some(after) = order(&self.me.marks, self.me.position, self.other, total) {
            self.me.ordered_after = after;
            return Found::Wait(Wait::Order);
        }
        let Some(body) = record.get_mut(HEADER_BYTES..) else { return self.pass_over(1) };
        let Some((opened, is_missing)) = self.prove(header, body) else { return self.pass_over(1) };
        let is_told = matches!(&self.me.reading, Reading::Searching(search) if search.is_told);
        self.me.reading = Reading::Records;
        self.cx.counters.resumed += 1;
        self.lose_handshake();
        self.me.plain.is_missing |= is_missing && !is_told;
        self.on_opened(opened, body, total);
        Found::Record(total)
    }

    fn pass_over(&mut self, count: usize) -> Found {
        let Reading::Searching(search) = &mut self.me.reading else { return Found::Nothing };
        search.passed += count as u64;
        let is_going_on = search.passed <= MAX_PASSED_BYTES && search.tried <= MAX_TRIED_BYTES;
        self.me.skip_plaintext(count as u64, count as u64);
        if is_going_on {
            return Found::Pass(count);
        }
        self.discard(if self.me.opened == 0 { Unread::WrongKeys } else { Unread::LostStep });
        Found::Nothing
    }

    /// The keys that the next record may need. `Done` if there are any, `Astray` if there never will be.
    fn prepare(&mut self) -> Outcome {
        let (session, keys) = (&*self.session, self.cx.keys);
        if let Protection::None = self.me.protection {
            match session.negotiated.map(|negotiated| negotiated.version) {
                Some(Version::Tls12) => self.me.protection = Protection::TLS12,
                Some(Version::Tls13) => self.me.protection = Protection::Tls13(Box::default()),
                None if session.client_random.is_none() || session.unsupported.is_some() || self.me.hello_given_up => {
                    self.discard(if session.unsupported.is_some() { Unread::Unsupported } else { Unread::NoHandshake });
                    return Outcome::Astray;
                }
                None if self.is_client() => return Outcome::Wait(Wait::Hello),
                None => {} // the ServerHello was lost: the suite is found by trying
            }
        }
        let has_keys = match &mut self.me.protection {
            Protection::None => session.secret(keys, Label::ServerTraffic).is_some(),
            Protection::Tls12 { keyed, passed } => {
                if keyed.is_none() {
                    *keyed = keys::tls12(session, self.side, keys, *passed);
                }
                keyed.is_some()
            }
            Protection::Tls13(epochs) => {
                epochs.fill(session, self.side, keys);
                epochs.traffic.is_some()
            }
        };
        if has_keys {
            return Outcome::Done;
        }
        if !self.me.given_up && self.cx.key_wait_ms > 0 {
            return Outcome::Wait(Wait::Keys { ms: self.cx.key_wait_ms });
        }
        self.discard(Unread::NoKeys);
        Outcome::Astray
    }

    /// Tries the keys with the numbers that the record may have. With what it holds: if plaintext before it may be missing.
    fn prove(&mut self, header: Header, body: &mut [u8]) -> Option<(Opened, bool)> {
        let Reading::Searching(search) = &mut self.me.reading else { return None };
        let is_client = self.session.client == Some(self.side);
        let cost = body.len() as u64 + TRY_BYTES;
        let most = MAX_TRIED_BYTES_AT_ONCE / cost;
        let lost = search.lost.map(|lost| (lost + search.passed) / LEAST_RECORD_BYTES + 1);
        let tried = &mut search.tried;
        let mut attempt = |keyed: &mut Keyed, passed: u64, body: &mut [u8]| {
            let first = keyed.seq;
            for seq in first..first + (lost.unwrap_or(most) + passed + 1).min(most) {
                *tried += cost;
                if let Some(opened) = keyed.key.open(seq, header, body) {
                    keyed.seq = seq + 1;
                    return Some((opened, seq));
                }
            }
            None
        };
        match &mut self.me.protection {
            Protection::Tls12 { keyed, .. } => {
                let (opened, seq) = attempt(keyed.as_mut()?, 0, body)?;
                Some((opened, seq > 0))
            }
            Protection::Tls13(epochs) => {
                if let Some(keyed) = epochs.handshake.as_mut().filter(|_| epochs.phase != Phase::Traffic)
                    && let Some((opened, _)) = attempt(keyed, 0, body)
                {
                    epochs.enter(Phase::Handshake);
                    return Some((opened, is_client)); // it may have been early data
                }
                let was_traffic = epochs.phase == Phase::Traffic;
                let passed = epochs.passed;
                let keyed = epochs.traffic.as_mut()?;
                if let Some((opened, seq)) = attempt(keyed, passed, body) {
                    epochs.passed = 0;
                    epochs.enter(Phase::Traffic);
                    return Some((opened, was_traffic || seq > 0 || is_client));
                }
                // A KeyUpdate may have been lost.
                let mut next = keyed.next()?;
                let (opened, _) = attempt(&mut next, 0, body)?;
                *keyed = next;
                epochs.enter(Phase::Traffic);
                Some((opened, true))
            }
            Protection::None => {
                let secrets = [Label::ServerHandshake, Label::ServerTraffic]
                    .map(|label| self.session.secret(self.cx.keys, label).map(|secret| (label, secret)));
                for (label, secret) in secrets.into_iter().flatten() {
                    for suite in Suite::tls13_by_secret(secret.bytes().len()) {
                        let Some(mut keyed) = Keyed::tls13(suite, secret) else { continue };
                        let Some((opened, seq)) = attempt(&mut keyed, 0, body) else { continue };
                        self.session.on_guessed(suite);
                        let mut epochs = Epochs::default();
                        let is_traffic = label == Label::ServerTraffic;
                        *(if is_traffic { &mut epochs.traffic } else { &mut epochs.handshake }) = Some(keyed);
                        epochs.enter(if is_traffic { Phase::Traffic } else { Phase::Handshake });
                        self.me.protection = Protection::Tls13(Box::new(epochs));
                        return Some((opened, is_traffic && seq > 0));
                    }
                }
                None
            }
        }
    }
}

/// A record that is encrypted may begin here, or more bytes are needed to tell.
fn may_begin(bytes: &[u8]) -> bool {
    match Header::parse(bytes) {
        Parsed::Header(header) => {
            let long_enough = u64::from(header.length) + HEADER_BYTES as u64 + 8 >= LEAST_RECORD_BYTES;
            header.version == 0x0303 && long_enough
        }
        Parsed::Partial => bytes.get(1).is_none_or(|&major| major == 3) && bytes.get(2).is_none_or(|&minor| minor == 3),
        Parsed::Invalid => false,
    }
}
