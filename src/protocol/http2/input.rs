//! Bytes of one direction: read as frames while they are in step, else searched.

use std::collections::VecDeque;

use super::chain::Known;
use super::frame::Kind;
use super::frames::{OutOfStep, Turn};
use super::reader::{Reader, Step};
use super::search::Found;
use super::way::Place;
use crate::flow::DataMeta;

/// Streams that a packet's frames are looked through for.
const MAX_AHEAD: usize = 16;

impl Turn<'_, '_> {
    /// Searches bytes of this direction if it is not in step. Returns what is to be read by then.
    pub fn search(&mut self, bytes: &[u8], meta: DataMeta) -> VecDeque<(Vec<u8>, DataMeta)> {
        let mut waiting = VecDeque::new();
        self.take(bytes, meta, &mut waiting);
        waiting
    }

    /// The other direction has said more, and speaks of these streams: that may prove what waits here.
    pub fn search_again(&mut self, streams: &[u32]) {
        let (mut ids, frames) = self.known_streams();
        ids.extend_from_slice(streams);
        let Place::Search(search) = &mut self.way.place else { return };
        let known = Known { streams: &ids, frames, max_frame_bytes: self.way.max_frame_bytes };
        let found = search.run(&known, self.cx.counters);
        let mut waiting = VecDeque::new();
        self.on_found(found, &mut waiting);
        self.take_waiting(waiting);
    }

    /// Streams that these bytes, which are in step, speak of in frames that begin in them.
    pub fn streams_ahead<'d>(&self, pieces: impl Iterator<Item = &'d [u8]>) -> Vec<u32> {
        let (mut reader, mut streams) = (self.way.reader, Vec::new());
        for mut bytes in pieces {
            loop {
                match reader.step(&mut bytes, self.way.packet) {
                    Step::Wait | Step::NoPreface => break,
                    Step::Frame(header) if header.kind == Kind::Headers && streams.len() < MAX_AHEAD => {
                        streams.push(header.stream);
                    }
                    Step::Frame(_) | Step::Payload(_) => {}
                }
            }
        }
        streams
    }

    /// Takes bytes of this direction.
    pub fn read_all(&mut self, bytes: &[u8], meta: DataMeta) {
        let mut waiting = VecDeque::new();
        self.take(bytes, meta, &mut waiting);
        self.take_all(waiting);
    }

    /// Reads what was searched.
    pub fn take_waiting(&mut self, waiting: VecDeque<(Vec<u8>, DataMeta)>) {
        self.way.has_waited = true;
        self.take_all(waiting);
        self.way.has_waited = false;
    }

    fn take_all(&mut self, mut waiting: VecDeque<(Vec<u8>, DataMeta)>) {
        while let Some((bytes, meta)) = waiting.pop_front() {
            self.take(&bytes, meta, &mut waiting);
        }
    }

    /// Reads bytes, or searches them. Bytes that are to be read next come to the front of `waiting`.
    fn take(&mut self, bytes: &[u8], mut meta: DataMeta, waiting: &mut VecDeque<(Vec<u8>, DataMeta)>) {
        let mut rest = bytes;
        if let Place::Frames = self.way.place {
            match self.read(bytes, meta) {
                None => return,
                Some(unread) => rest = unread,
            }
            meta.position += (bytes.len() - rest.len()) as u64;
            meta.segment_start = false;
            self.cx.counters.malformed_streams += 1;
            self.lose_step();
        }
        let known = if let Place::Search(_) = self.way.place { self.known_streams() } else { (Vec::new(), 0) };
        let paused = self.peer.said.shows_pause(meta.position, meta.acked);
        match &mut self.way.place {
            Place::Search(search) => {
                let known = Known { streams: &known.0, frames: known.1, max_frame_bytes: self.way.max_frame_bytes };
                let found = search.push(rest, meta, paused, &known, self.cx.counters);
                self.on_found(found, waiting);
            }
            Place::Frames | Place::Over => self.cx.counters.passed_over_bytes += rest.len() as u64,
        }
    }

    fn on_found(&mut self, found: Found, waiting: &mut VecDeque<(Vec<u8>, DataMeta)>) {
        match found {
            Found::NotYet => {}
            Found::GiveUp => self.way.place = Place::Over,
            Found::Frames(pieces) => {
                self.way.place = Place::Frames;
                self.way.reader = Reader::new(false);
                pieces.into_iter().rev().for_each(|piece| waiting.push_front(piece));
            }
        }
    }

    /// Streams that the other direction speaks of, and how many frames of it prove that.
    fn known_streams(&self) -> (Vec<u32>, u32) {
        match &self.peer.place {
            Place::Frames => (self.shared.streams.known_ids(), u32::MAX / 2),
            Place::Search(peer) => {
                peer.streams_since_pause().map(|(ids, frames)| (ids.to_vec(), frames)).unwrap_or_default()
            }
            Place::Over => (Vec::new(), 0),
        }
    }

    /// Reads `bytes` as frames, as long as that goes well. Returns what is left otherwise.
    fn read<'d>(&mut self, mut bytes: &'d [u8], meta: DataMeta) -> Option<&'d [u8]> {
        self.way.note_packet(meta);
        loop {
            let done = match self.way.reader.step(&mut bytes, self.way.packet) {
                Step::Wait => return None,
                Step::Frame(header) => self.on_header(header),
                Step::Payload(piece) => {
                    self.on_payload(piece);
                    Ok(())
                }
                Step::NoPreface => Err(OutOfStep),
            };
            if done.is_err() {
                return Some(bytes);
            }
        }
    }
}
