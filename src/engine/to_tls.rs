//! The way from a connection's flows to its conversation, through TLS where it is TLS and there are keys.
//!
//! In: ordered bytes of each side. Out: to [`ToProtocol`], as they are or decrypted. A connection without TLS goes by after its
//! first bytes.

use super::layer::{Kept, Layer, Opening};
use super::outlet::{four_tuple, push_asked};
use super::tls_room::TlsRoom;
use super::to_protocol::ToProtocol;
use crate::flow::{DataMeta, EntryId, Side, StreamEvent};
use crate::notice::Kind;
use crate::protocol::Passed;
use crate::tls::{Context, TlsConnection, Unread};

pub(super) struct ToTls<'a> {
    pub id: EntryId,
    pub tls: &'a mut TlsRoom,
    pub to_protocol: ToProtocol<'a>,
}

impl ToTls<'_> {
    #[inline]
    pub fn deliver(&mut self, side: Side, event: StreamEvent<'_>) {
        self.to_protocol.note_end(side, &event);
        if self.tls.is_on {
            self.deliver_layered(side, event);
        } else {
            self.to_protocol.deliver(side, event);
        }
    }

    #[inline(never)]
    fn deliver_layered(&mut self, side: Side, event: StreamEvent<'_>) {
        if let StreamEvent::Gap { len } = event {
            self.to_protocol.note_gap(len);
        }
        self.hand_on(side, event);
    }

    /// Counts no gap: what was held back in a tunnel comes here a second time.
    fn hand_on(&mut self, side: Side, event: StreamEvent<'_>) {
        match &self.to_protocol.app.layer {
            Layer::Plain => self.hand_on_plain(side, event),
            Layer::Tls(_) => self.with_tls(|connection, cx| connection.on_event(side, event, cx)),
            // It had begun before there were keys.
            Layer::Undecided(None) if self.has_begun() => {
                self.to_protocol.app.layer = Layer::Plain;
                self.hand_on_plain(side, event);
            }
            Layer::Undecided(_) => self.listen(side, event),
        }
    }

    fn listen(&mut self, side: Side, event: StreamEvent<'_>) {
        let Layer::Undecided(beginning) = &mut self.to_protocol.app.layer else { return };
        let kept = beginning.as_ref().and_then(|beginning| beginning.kept.as_ref());
        let (bytes, meta) = match event {
            StreamEvent::Data(bytes, meta) if kept.is_none_or(|kept| kept.side == side) => (bytes, meta),
            // Before all data a loss decides nothing: a ClientHello may follow.
            StreamEvent::Gap { len } if kept.is_none() => {
                return beginning.get_or_insert_default().lose(side, len);
            }
            _ => {
                self.decide_plain();
                return self.hand_on_plain(side, event);
            }
        };
        let Some(kept) = beginning.as_mut().and_then(|beginning| beginning.kept.as_mut()) else {
            return match Opening::of(bytes) {
                Opening::More => {
                    let kept = Kept { side, bytes: bytes.to_vec(), first: meta };
                    beginning.get_or_insert_default().kept = Some(kept);
                }
                Opening::Plain => {
                    self.decide_plain();
                    self.hand_on_plain(side, event);
                }
                Opening::Tls(prefix) => self.begin_tls(side, bytes, meta, prefix),
            };
        };
        kept.bytes.extend_from_slice(bytes);
        match Opening::of(&kept.bytes) {
            Opening::More => {}
            Opening::Plain => self.decide_plain(),
            Opening::Tls(prefix) => {
                let first = kept.first;
                let bytes = std::mem::take(&mut kept.bytes);
                self.begin_tls(side, &bytes, first, prefix);
            }
        }
    }

    /// Decides that the first bytes are not TLS.
    fn decide_plain(&mut self) {
        let layer = std::mem::replace(&mut self.to_protocol.app.layer, Layer::Plain);
        let Layer::Undecided(Some(beginning)) = layer else { return };
        for (side, gap) in beginning.gaps() {
            self.hand_on_plain(side, gap);
        }
        if let Some(kept) = beginning.kept {
            self.hand_on_plain(kept.side, StreamEvent::Data(&kept.bytes, kept.first));
        }
    }

    /// Without TLS. If it opens a tunnel, what passes there is looked at as a connection's first bytes are.
    fn hand_on_plain(&mut self, side: Side, event: StreamEvent<'_>) {
        self.to_protocol.hand_on(side, event);
        let Some(conversation) = &mut self.to_protocol.app.conversation else { return };
        if let Some(Passed { pieces, end }) = conversation.take_tunnel() {
            self.to_protocol.app.layer = Layer::Undecided(None);
            for (side, piece) in pieces {
                self.hand_on(side, piece.as_event());
            }
            if let Some((side, clean)) = end {
                self.hand_on(side, StreamEvent::End { clean, reset: None });
            }
        }
    }

    /// True if it is not in a tunnel, or no longer at the beginning of what is in it.
    fn has_begun(&self) -> bool {
        self.to_protocol.app.conversation.as_ref().is_some_and(|conversation| !conversation.is_tunnel())
    }

    /// Losses before these bytes are counted, and told no further: no record is taken without its tag.
    fn begin_tls(&mut self, side: Side, bytes: &[u8], mut meta: DataMeta, prefix: usize) {
        let (before, rest) = bytes.split_at_checked(prefix).unwrap_or((&[], bytes));
        if !before.is_empty() {
            self.to_protocol.hand_on(side, StreamEvent::Data(before, meta));
            meta.position += prefix as u64;
        }
        if let Some(conversation) = &mut self.to_protocol.app.conversation {
            conversation.enter_tunnel();
        }
        self.to_protocol.app.layer = Layer::Tls(Box::default());
        self.with_tls(|connection, cx| connection.on_event(side, StreamEvent::Data(rest, meta), cx));
    }

    /// Secrets came.
    pub fn on_keys(&mut self) {
        self.with_tls(TlsConnection::on_keys);
    }

    pub fn on_time(&mut self) {
        self.with_tls(TlsConnection::on_time);
    }

    pub fn shed(&mut self) {
        if self.to_protocol.app.layer.is_waiting() {
            self.with_tls(|connection, cx| {
                cx.counters.waits_cut += 1;
                connection.shed(cx);
            });
        }
        self.to_protocol.shed();
    }

    /// No more bytes come, and no keys are awaited any longer.
    pub fn finish_tls(&mut self) {
        match &self.to_protocol.app.layer {
            Layer::Plain | Layer::Undecided(None) => {}
            Layer::Undecided(Some(_)) => self.decide_plain(),
            Layer::Tls(_) => {
                self.with_tls(TlsConnection::finish);
                let layer = std::mem::replace(&mut self.to_protocol.app.layer, Layer::Plain);
                if let Layer::Tls(secure) = layer {
                    let serial = self.to_protocol.serial;
                    secure.connection.randoms().iter().for_each(|random| self.tls.forget(random, serial));
                }
            }
        }
    }

    /// No more answers come: what waited for them is decided.
    pub fn finish(&mut self) {
        self.finish_tls();
        self.to_protocol.finish();
    }

    fn with_tls(&mut self, act: impl FnOnce(&mut TlsConnection, &mut Context<'_>)) {
        let layer = std::mem::replace(&mut self.to_protocol.app.layer, Layer::Plain);
        let Layer::Tls(mut secure) = layer else {
            self.to_protocol.app.layer = layer;
            return;
        };
        let to_protocol = &mut self.to_protocol;
        let now = to_protocol.now;
        self.tls.read(now, |cx| act(&mut secure.connection, cx), &mut |described, side, event| {
            if let Some(described) = described {
                to_protocol.describe(&described);
            }
            to_protocol.hand_on(side, event);
        });
        if secure.connection.is_waiting() {
            let randoms = secure.connection.randoms();
            for random in randoms.get(secure.watched..).unwrap_or_default() {
                self.tls.watch(random, self.id, self.to_protocol.serial);
            }
            secure.watched = randoms.len();
            self.tls.await_keys(self.id, self.to_protocol.serial);
        }
        if !secure.said_unread
            && let Some(reason) = secure.connection.unread().next()
        {
            secure.said_unread = true;
            self.say_unread(&secure.connection, reason);
        }
        self.to_protocol.app.layer = Layer::Tls(secure);
    }

    #[cold]
    fn say_unread(&mut self, connection: &TlsConnection, reason: Unread) {
        let (ends, now) = (self.to_protocol.ends, self.to_protocol.now);
        self.to_protocol.outlet.notices.warn(now, Kind::TlsUnread, || {
            let mut fields = vec![("connection", four_tuple(ends))];
            push_asked(&mut fields, connection.server_name(), connection.offered_protocols());
            let why = match connection.unsupported().filter(|_| reason == Unread::Unsupported) {
                Some(choice) => format!("{choice} is not supported"),
                None => reason.words().to_owned(),
            };
            (format!("records of a TLS connection are not read: {why}"), fields)
        });
    }
}
