//! One record: opened with the key that it needs, and read as what it turns out to be.

use std::collections::VecDeque;

use super::context::{Context, HANDSHAKE_SECRET_WAIT_MS};
use super::described::Version;
use super::direction::{Direction, Mark, Reading, Wait, mark_at};
use super::keys::{self, Phase, Protection};
use super::positions::Ciphertext;
use super::session::{EarlyData, Session};
use crate::flow::{DataMeta, Side, StreamEvent};
use crate::tls::counters::Unread;
use crate::tls::crypto::Opened;
use crate::tls::handshake::Message;
use crate::tls::hello::{
    CLIENT_HELLO, ClientHello, ENCRYPTED_EXTENSIONS, END_OF_EARLY_DATA, EncryptedExtensions, FINISHED, KEY_UPDATE,
    SERVER_HELLO, ServerHello,
};
use crate::tls::records::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, CLOSE_NOTIFY, HANDSHAKE, HEADER_BYTES, Header};

/// Records that do not open in a row before it is taken for a loss of step.
const MAX_BROKEN_IN_A_ROW: u32 = 4;

/// Handshake records whose secret was not logged, while that of the traffic was. A flight has some; a long chain of certificates
/// in small records some more.
pub(super) const MAX_UNKNOWN_HANDSHAKE_RECORDS: u32 = 64;

/// The bytes that the other direction still holds back were received before this record was sent, and come first.
pub(super) fn order(
    marks: &VecDeque<Mark>,
    position: Ciphertext,
    other: &Direction,
    total: usize,
) -> Option<Ciphertext> {
    let last = position + (total as u64).saturating_sub(1);
    let acked = mark_at(marks, last).acked;
    let is_held = match other.wait? {
        (Wait::Keys { .. }, _) => true,
        // It can go on, and is about to; if it waits for this direction it must not be waited for.
        (Wait::Order, _) => other.ordered_after <= position,
        (Wait::Hello, _) => false,
    };
    (is_held && acked > other.position).then_some(acked)
}

/// One direction at work.
pub(super) struct Turn<'a, 'b> {
    pub side: Side,
    pub me: &'a mut Direction,
    pub other: &'a mut Direction,
    pub session: &'a mut Session,
    pub cx: &'a mut Context<'b>,
}

/// The outcome of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It is none, or its number is not known: what is read next is looked for from here on.
    Astray,
    Wait(Wait),
}

impl Turn<'_, '_> {
    pub fn on_record(&mut self, header: Header, record: &mut [u8]) -> Outcome {
        let total = record.len();
        let Some(body) = record.get_mut(HEADER_BYTES..) else { return Outcome::Done };
        if self.session.unsupported.is_some() && header.content_type != ALERT {
            return self.discard(Unread::Unsupported);
        }
        match &self.me.protection {
            Protection::None => self.on_plain_record(header, body, total),
            Protection::Tls12 { .. } => self.on_tls12_record(header, body, total),
            Protection::Tls13(_) => self.on_tls13_record(header, body, total),
        }
    }

    fn on_plain_record(&mut self, header: Header, body: &mut [u8], total: usize) -> Outcome {
        let version = self.session.negotiated.map(|negotiated| negotiated.version);
        match (header.content_type, version) {
            (HANDSHAKE, _) => self.on_handshake(body),
            (ALERT, _) => self.on_alert(body),
            (CHANGE_CIPHER_SPEC, Some(Version::Tls12)) => self.me.protection = Protection::TLS12,
            (APPLICATION_DATA, Some(Version::Tls13)) => {
                let mut epochs = keys::Epochs::default();
                if self.is_client() && self.session.early_data != EarlyData::NotOffered {
                    epochs.phase = Phase::Early;
                }
                self.me.protection = Protection::Tls13(Box::new(epochs));
                return self.on_tls13_record(header, body, total);
            }
            (APPLICATION_DATA, None) if self.is_client() && self.session.was_retried => self.refuse_early(total),
            (APPLICATION_DATA, None) if self.is_client() => return self.wait_for_hello(),
            // The ServerHello, or the ChangeCipherSpec, was lost.
            (APPLICATION_DATA, _) => return Outcome::Astray,
            _ => {} // a ChangeCipherSpec that means nothing (RFC 8446 §D.4)
        }
        Outcome::Done
    }

    fn wait_for_hello(&mut self) -> Outcome {
        if self.me.hello_given_up { self.discard(Unread::NoHandshake) } else { Outcome::Wait(Wait::Hello) }
    }

    fn on_tls12_record(&mut self, header: Header, body: &mut [u8], total: usize) -> Outcome {
        let Protection::Tls12 { keyed: slot, passed } = &mut self.me.protection else { return Outcome::Astray };
        if slot.is_none() {
            *slot = keys::tls12(self.session, self.side, self.cx.keys, *passed);
        }
        let Some(keyed) = slot else {
            return match self.session.client_random.is_some() && self.session.negotiated.is_some() {
                true => self.wait_for_keys(total),
                false => self.discard(Unread::NoHandshake),
            };
        };
        if header.content_type == APPLICATION_DATA
            && let Some(after) = order(&self.me.marks, self.me.position, self.other, total)
        {
            self.me.ordered_after = after;
            return Outcome::Wait(Wait::Order);
        }
        match keyed.open(header, body) {
            Some(opened) => self.on_opened(opened, body, total),
            None => self.on_broken(total),
        }
    }

    fn on_tls13_record(&mut self, header: Header, body: &mut [u8], total: usize) -> Outcome {
        match header.content_type {
            APPLICATION_DATA => {}
            ALERT => {
                self.on_alert(body);
                return Outcome::Done;
            }
            _ => return Outcome::Done, // RFC 8446 §5: a ChangeCipherSpec is dropped
        }
        if self.session.client_random.is_none() {
            return self.discard(Unread::NoHandshake);
        }
        let Protection::Tls13(epochs) = &mut self.me.protection else { return Outcome::Astray };
        if epochs.traffic.is_none() || epochs.phase != Phase::Traffic {
            epochs.fill(self.session, self.side, self.cx.keys);
        }
        if epochs.is_misfit {
            return self.discard(Unread::WrongKeys);
        }
        if epochs.phase == Phase::Early {
            match self.session.early_data {
                EarlyData::Offered if !self.me.hello_given_up => return Outcome::Wait(Wait::Hello),
                EarlyData::Accepted if epochs.early.is_none() && !self.me.given_up => {
                    return Outcome::Wait(Wait::Keys { ms: self.cx.key_wait_ms });
                }
                EarlyData::Accepted => {
                    if let Some(opened) = epochs.early.as_mut().and_then(|keyed| keyed.open(header, body)) {
                        return self.on_opened(opened, body, total);
                    }
                }
                _ => {}
            }
        }
        if epochs.phase != Phase::Traffic
            && let Some(keyed) = &mut epochs.handshake
            && let Some(opened) = keyed.open(header, body)
        {
            if epochs.phase == Phase::Early {
                epochs.enter(Phase::Handshake);
            }
            return self.on_opened(opened, body, total);
        }
        let (phase, has_handshake, passed) = (epochs.phase, epochs.handshake.is_some(), epochs.passed);
        let Some(keyed) = &mut epochs.traffic else { return self.wait_for_keys(total) };
        if passed > 0 {
            return Outcome::Astray; // some of those that passed without a key were of the handshake
        }
        if let Some(after) = order(&self.me.marks, self.me.position, self.other, total) {
            self.me.ordered_after = after;
            return Outcome::Wait(Wait::Order);
        }
        if let Some(opened) = keyed.open(header, body) {
            epochs.enter(Phase::Traffic);
            return self.on_opened(opened, body, total);
        }
        match phase {
            Phase::Early => {
                self.refuse_early(total);
                Outcome::Done
            }
            Phase::Handshake if !has_handshake => self.pass_over_handshake(),
            Phase::Handshake => Outcome::Astray,
            Phase::Traffic => self.on_broken(total),
        }
    }

    /// The traffic's secret is there and does not open the record; the handshake's is not.
    fn pass_over_handshake(&mut self) -> Outcome {
        if !self.me.handshake_given_up && self.cx.key_wait_ms > 0 {
            return Outcome::Wait(Wait::Keys { ms: HANDSHAKE_SECRET_WAIT_MS.min(self.cx.key_wait_ms) });
        }
        self.me.unknown_handshake_records += 1;
        match self.me.unknown_handshake_records > MAX_UNKNOWN_HANDSHAKE_RECORDS {
            true => self.discard(Unread::WrongKeys),
            false => Outcome::Done,
        }
    }

    /// Early data that the server does not take is no request (RFC 8446 §4.2.10). If it is not known that it does not, it is lost.
    fn refuse_early(&mut self, total: usize) {
        self.cx.counters.early_data_bytes_refused += total as u64;
        if self.session.early_data != EarlyData::Refused {
            self.me.lose_plaintext(total as u64);
        }
    }

    fn wait_for_keys(&mut self, total: usize) -> Outcome {
        if !self.me.given_up && self.cx.key_wait_ms > 0 {
            return Outcome::Wait(Wait::Keys { ms: self.cx.key_wait_ms });
        }
        self.me.protection.pass();
        self.me.lose_plaintext(total as u64);
        self.say_what_is_missing();
        self.count_unread(Unread::NoKeys, total);
        Outcome::Done
    }

    pub fn is_client(&self) -> bool {
        self.session.client == Some(self.side)
    }

    /// The record's tag is wrong.
    fn on_broken(&mut self, total: usize) -> Outcome {
        self.me.broken_in_a_row += 1;
        if self.me.broken_in_a_row >= MAX_BROKEN_IN_A_ROW {
            return Outcome::Astray;
        }
        self.cx.counters.broken_records += 1;
        self.lose_record(total as u64);
        Outcome::Done
    }

    /// No record begins where one should: its header is damaged, or the length of the one before, whose tag was wrong then.
    pub fn on_broken_header(&mut self) {
        self.cx.counters.broken_records += u64::from(self.me.broken_in_a_row == 0);
        self.go_astray(None, 0);
    }

    /// A record that will not be read has gone by.
    pub fn lose_record(&mut self, bytes: u64) {
        self.lose_handshake();
        if self.me.protection.pass() {
            self.me.lose_plaintext(bytes);
            self.say_what_is_missing();
        }
    }

    /// Handshake messages may have been lost.
    pub fn lose_handshake(&mut self) {
        self.me.messages.forget();
        if !self.is_client() {
            self.session.lose_encrypted_extensions();
        }
    }

    pub fn on_opened(&mut self, opened: Opened, body: &mut [u8], total: usize) -> Outcome {
        self.cx.counters.records += 1;
        self.me.opened += 1;
        self.me.broken_in_a_row = 0;
        let text = body.get(opened.start..opened.start + opened.length).unwrap_or_default();
        match opened.content_type {
            APPLICATION_DATA => self.hand_on(text, opened.start, total),
            HANDSHAKE => self.on_handshake(text),
            ALERT => self.on_alert(text),
            CHANGE_CIPHER_SPEC if matches!(self.me.protection, Protection::Tls12 { .. }) => {
                self.cx.counters.renegotiations += u64::from(self.is_client());
                self.me.protection = Protection::TLS12;
            }
            _ => self.cx.counters.broken_records += 1, // its sender's mistake: a record of nothing but padding
        }
        Outcome::Done
    }

    fn on_handshake(&mut self, text: &[u8]) {
        let mut messages = std::mem::take(&mut self.me.messages);
        messages.push(text, |message| self.on_message(message));
        self.me.messages = messages;
    }

    fn on_message(&mut self, message: Message<'_>) {
        let epochs = match &mut self.me.protection {
            Protection::Tls13(epochs) => Some(epochs),
            _ => None,
        };
        match (message.kind, epochs) {
            (CLIENT_HELLO, None) => {
                if let Some(hello) = ClientHello::parse(message.body) {
                    self.session.on_client_hello(self.side, hello);
                }
            }
            (SERVER_HELLO, None) => {
                if let Some(hello) = ServerHello::parse(message.body) {
                    self.session.on_server_hello(self.side, hello);
                }
            }
            (ENCRYPTED_EXTENSIONS, Some(_)) => {
                if let Some(extensions) = EncryptedExtensions::parse(message.body) {
                    self.session.on_encrypted_extensions(extensions);
                }
            }
            (END_OF_EARLY_DATA, Some(epochs)) if epochs.phase == Phase::Early => epochs.enter(Phase::Handshake),
            (FINISHED, Some(epochs)) if epochs.phase == Phase::Handshake => epochs.enter(Phase::Traffic),
            (KEY_UPDATE, Some(epochs)) if epochs.phase == Phase::Traffic => {
                self.cx.counters.key_updates += 1;
                epochs.traffic = epochs.traffic.as_ref().and_then(keys::Keyed::next);
            }
            _ => {}
        }
    }

    fn on_alert(&mut self, text: &[u8]) {
        if text.get(1) == Some(&CLOSE_NOTIFY) {
            self.end(true, None);
        }
    }

    /// Nothing more of this direction is read.
    pub fn discard(&mut self, reason: Unread) -> Outcome {
        self.count_unread(reason, 0);
        self.me.reading = Reading::Discarding;
        self.me.lose_plaintext(0);
        self.say_what_is_missing();
        Outcome::Done
    }

    pub fn count_unread(&mut self, reason: Unread, bytes: usize) {
        self.cx.counters.unread_bytes += bytes as u64;
        if let Some(counted) = self.me.counted.get_mut(reason.index())
            && !std::mem::replace(counted, true)
        {
            let other = self.other.counted.get(reason.index()).copied().unwrap_or(false);
            if let Some(count) = self.cx.counters.unread_connections.get_mut(reason.index()) {
                *count += u64::from(!other);
            }
        }
    }

    /// Application data, verified. `start` is where it stands in the record after its header.
    ///
    /// Each segment's part goes by itself, so that times and acknowledgements are those of its bytes. The first byte counts as
    /// brought by the segment in which the record begins, and the last by that in which it ends: nothing can be read before.
    fn hand_on(&mut self, text: &[u8], start: usize, total: usize) {
        if text.is_empty() || self.me.plain.has_ended {
            return;
        }
        if std::mem::take(&mut self.me.plain.is_missing) {
            (self.cx.sink)(self.session.described(), self.side, StreamEvent::Gap { len: 0 });
        }
        self.me.plain.has_begun = true;
        let record = self.me.position;
        let end = record + total as u64;
        let mut index = self.me.marks.partition_point(|mark| mark.position <= record);
        let mut mark = mark_at(&self.me.marks, record);
        let (mut rest, mut done) = (text, 0);
        while !rest.is_empty() {
            let next = self.me.marks.get(index).filter(|next| next.position < end).copied();
            let until = next.map_or(text.len(), |next| {
                ((next.position - record) as usize).saturating_sub(HEADER_BYTES + start).min(text.len() - 1)
            });
            let (piece, after) = rest.split_at_checked(until.saturating_sub(done)).unwrap_or((rest, &[]));
            if !piece.is_empty() {
                let meta = DataMeta {
                    at: mark.at,
                    position: self.me.plain.next,
                    acked: self.other.plain.positions.plaintext_at(mark.acked),
                    segment_start: done == 0,
                    waited: mark.waited,
                };
                (self.cx.sink)(self.session.described(), self.side, StreamEvent::Data(piece, meta));
                self.me.plain.next += piece.len() as u64;
                done += piece.len();
            }
            rest = after;
            index += 1;
            mark = next.filter(|_| done > 0).unwrap_or(mark);
        }
        self.me.plain.positions.note(end, self.me.plain.next);
    }

    /// Says it at once where a message may be under way.
    pub fn say_what_is_missing(&mut self) {
        if self.me.plain.has_begun && !self.me.plain.has_ended && std::mem::take(&mut self.me.plain.is_missing) {
            (self.cx.sink)(self.session.described(), self.side, StreamEvent::Gap { len: 0 });
        }
    }

    pub fn end(&mut self, clean: bool, reset: Option<Side>) {
        if std::mem::replace(&mut self.me.plain.has_ended, true) {
            return;
        }
        // No record was found again after a loss.
        let passed = self.me.passed_in_search();
        if passed > 0 {
            self.count_unread(Unread::LostStep, passed as usize);
        }
        if self.me.plain.has_begun && std::mem::take(&mut self.me.plain.is_missing) {
            (self.cx.sink)(self.session.described(), self.side, StreamEvent::Gap { len: 0 });
        }
        (self.cx.sink)(self.session.described(), self.side, StreamEvent::End { clean, reset });
    }
}
