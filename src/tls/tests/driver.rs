//! Feeds a connection what was captured, and notes what comes out.

use super::peer::{CLIENT, Peers, SERVER};
use crate::flow::{DataMeta, Position, Side, StreamEvent};
use crate::time::Timestamp;
use crate::tls::connection::{Context, Described, TlsConnection};
use crate::tls::counters::TlsCounters;
use crate::tls::keylog::KeyLogReader;
use crate::tls::store::KeyStore;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    Data(Side, Vec<u8>, DataMeta),
    Gap(Side),
    End(Side, bool),
}

#[derive(Debug)]
pub struct Driver {
    pub connection: TlsConnection,
    pub keys: KeyStore,
    pub log: KeyLogReader,
    pub counters: TlsCounters,
    pub out: Vec<Out>,
    pub now: u64,
    pub key_wait_ms: u64,
    sent: [Position; 2],
    scratch: Vec<u8>,
}

impl Driver {
    pub fn new() -> Self {
        Self {
            connection: TlsConnection::default(),
            keys: KeyStore::default(),
            log: KeyLogReader::default(),
            counters: TlsCounters::default(),
            out: Vec::new(),
            now: 1,
            key_wait_ms: 10_000,
            sent: [Position::ORIGIN; 2],
            scratch: Vec::new(),
        }
    }

    /// With the key log from the beginning.
    pub fn with_keys(peers: &Peers) -> Self {
        let mut driver = Self::new();
        driver.add_keys(&peers.log_text());
        driver
    }

    fn run(&mut self, run: impl FnOnce(&mut TlsConnection, &mut Context<'_>)) {
        let out = &mut self.out;
        let mut sink = |_: Option<Described<'_>>, side, event: StreamEvent<'_>| {
            out.push(match event {
                StreamEvent::Data(bytes, meta) => Out::Data(side, bytes.to_vec(), meta),
                StreamEvent::Gap { len } => {
                    assert_eq!(len, 0, "how much plaintext was lost is not known");
                    Out::Gap(side)
                }
                StreamEvent::End { clean, .. } => Out::End(side, clean),
            });
        };
        let mut cx = Context {
            now: Timestamp::from_micros(self.now as i64 * 1_000),
            keys: &self.keys,
            key_wait_ms: self.key_wait_ms,
            counters: &mut self.counters,
            scratch: &mut self.scratch,
            sink: &mut sink,
        };
        run(&mut self.connection, &mut cx);
    }

    pub fn add_keys(&mut self, text: &str) {
        self.log.push(text.as_bytes(), &mut self.keys);
        self.run(|connection, cx| connection.on_keys(cx));
    }

    pub fn event(&mut self, side: Side, event: StreamEvent<'_>) {
        self.run(|connection, cx| connection.on_event(side, event, cx));
    }

    /// A segment, sent by a side that has received all that was sent so far.
    pub fn segment(&mut self, side: Side, bytes: &[u8]) {
        let meta = DataMeta {
            at: Timestamp::from_micros(self.now as i64 * 1_000),
            position: self.sent[side as usize],
            acked: self.sent[side.other() as usize],
            segment_start: true,
            waited: false,
        };
        self.sent[side as usize] += bytes.len() as u64;
        self.now += 1;
        self.event(side, StreamEvent::Data(bytes, meta));
    }

    pub fn lose(&mut self, side: Side, count: u64) {
        self.sent[side as usize] += count;
        self.event(side, StreamEvent::Gap { len: count });
    }

    /// All records, each a segment.
    pub fn play(&mut self, peers: &Peers) {
        for (side, record) in &peers.wire {
            self.segment(*side, record);
        }
    }

    pub fn pass_time(&mut self, ms: u64) {
        self.now += ms;
        self.run(|connection, cx| connection.on_time(cx));
    }

    pub fn finish(&mut self) {
        for side in [CLIENT, SERVER] {
            self.event(side, StreamEvent::End { clean: true, reset: None });
        }
        self.run(|connection, cx| connection.finish(cx));
    }

    pub fn plain(&self, side: Side) -> Vec<u8> {
        self.pieces(side).concat()
    }

    /// The plaintext of a side, cut where some is missing.
    pub fn pieces(&self, side: Side) -> Vec<Vec<u8>> {
        let mut pieces = vec![Vec::new()];
        for out in &self.out {
            match out {
                Out::Data(of, bytes, _) if *of == side => pieces.last_mut().unwrap().extend_from_slice(bytes),
                Out::Gap(of) if *of == side => pieces.push(Vec::new()),
                _ => {}
            }
        }
        pieces
    }

    /// Everything came out, and nothing else; causes before effects, positions in a row.
    pub fn assert_whole(&self, peers: &Peers) {
        for side in [CLIENT, SERVER] {
            assert_eq!(self.pieces(side), [peers.sent[side as usize].clone()], "{side:?}");
        }
        self.assert_ordered();
    }

    /// Each byte's sender had received what came out of the other direction before it, and what is lost there and does not come; positions
    /// only grow.
    pub fn assert_ordered(&self) {
        let mut next = [Position::ORIGIN; 2];
        // Before the first bytes a part of the handshake may be lost.
        let mut is_lost = [true; 2];
        for (index, out) in self.out.iter().enumerate() {
            let (side, bytes, meta) = match out {
                Out::Data(side, bytes, meta) => (*side, bytes, meta),
                Out::Gap(side) => {
                    is_lost[*side as usize] = true;
                    continue;
                }
                Out::End(..) => continue,
            };
            assert!(meta.position >= next[side as usize], "{out:?}");
            next[side as usize] = meta.position + bytes.len() as u64;
            is_lost[side as usize] = false;
            let other = side.other();
            let to_come = self.out[index..].iter().find_map(|out| match out {
                Out::Data(of, _, meta) if *of == other => Some(meta.position),
                _ => None,
            });
            let most = if is_lost[other as usize] { to_come.unwrap_or(meta.acked) } else { next[other as usize] };
            assert!(meta.acked <= most, "an effect before its cause: {out:?}");
        }
    }

    /// No bytes came out that were not sent, or in another order, or with a part missing that was not named.
    pub fn assert_not_wrong(&self, peers: &Peers) {
        for side in [CLIENT, SERVER] {
            let mut rest = &peers.sent[side as usize][..];
            let mut may_skip = false;
            for piece in self.pieces(side) {
                let found = (0..=rest.len()).find(|&at| rest[at..].starts_with(&piece));
                let at = found.unwrap_or_else(|| panic!("{side:?}: {} bytes that were not sent so", piece.len()));
                assert!(at == 0 || may_skip, "{side:?}: {at} bytes are missing, and this was not said");
                rest = &rest[at + piece.len()..];
                may_skip = true;
            }
        }
        self.assert_ordered();
    }
}
