//! One direction of a connection: where it stands in its bytes, and what it needs to read on.

use super::block::Block;
use super::frame::{FrameHeader, SETTING_BYTES};
use super::hpack::Decoder;
use super::reader::{Packet, Reader};
use super::said::Said;
use super::search::Search;
use crate::flow::DataMeta;
use crate::message::{Direction, HttpCounters};

#[derive(Debug)]
pub(super) enum Place {
    /// In step: every byte is known to be part of which frame.
    Frames,
    /// Waiting for bytes that can only be frames.
    Search(Box<Search>),
    /// Nothing is read any more: it ended, or it was given up.
    Over,
}

#[derive(Debug)]
pub(super) struct Way {
    pub direction: Direction,
    pub place: Place,
    pub reader: Reader,
    pub frame: Frame,
    pub block: Block,
    pub decoder: Decoder,
    /// Times that frames may have been lost, and with them whole messages.
    pub losses: u32,
    /// The packet that brings the bytes at hand.
    pub packet: Packet,
    /// They waited: the other direction may have gone on meanwhile.
    pub has_waited: bool,
    /// The first frame of all is still to come: SETTINGS (RFC 9113 §3.4).
    pub expects_settings: bool,
    /// The largest payload of a frame that its receiver is known to take (RFC 9113 §4.2); `None` if its SETTINGS were not seen.
    pub max_frame_bytes: Option<u32>,
    /// How far its sender had received, and by when.
    pub said: Said,
}

/// The frame at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub header: FrameHeader,
    /// The bytes before its content, or a setting.
    pub prefix: [u8; SETTING_BYTES],
    pub filled: u8,
    /// Bytes of padding at its end, once that is known.
    pub pad: u32,
    /// Bytes of it are lost.
    pub has_gap: bool,
}

impl Frame {
    pub fn new(header: FrameHeader) -> Self {
        Self { header, prefix: [0; SETTING_BYTES], filled: 0, pad: 0, has_gap: false }
    }

    /// Takes bytes of the prefix off `piece`. Says whether the prefix is complete with them.
    pub fn take_prefix(&mut self, piece: &mut &[u8]) -> bool {
        let filled = usize::from(self.filled);
        let needed = self.header.prefix_bytes().min(SETTING_BYTES).saturating_sub(filled);
        let (part, rest) = piece.split_at(piece.len().min(needed));
        self.prefix.iter_mut().skip(filled).zip(part).for_each(|(to, from)| *to = *from);
        self.filled += part.len() as u8;
        *piece = rest;
        part.len() == needed && needed > 0
    }

    pub fn has_prefix(&self) -> bool {
        usize::from(self.filled) >= self.header.prefix_bytes()
    }
}

impl Way {
    pub fn new(direction: Direction, place: Place, decoder: Decoder) -> Self {
        Self {
            direction,
            place,
            reader: Reader::new(direction == Direction::Request),
            frame: Frame::new(FrameHeader::parse([0; 9])),
            block: Block::default(),
            decoder,
            losses: 0,
            packet: Packet::NONE,
            has_waited: false,
            expects_settings: true,
            max_frame_bytes: None,
            said: Said::default(),
        }
    }

    /// It is not known where a frame begins, nor what came before.
    pub fn search(&mut self) {
        self.place = Place::Search(Box::new(Search::new(self.direction)));
        self.losses += 1;
        self.expects_settings = false;
    }

    /// Another number after each loss; `None` while frames are searched for, and what comes may be passed over.
    pub fn reading(&self) -> Option<u32> {
        matches!(self.place, Place::Frames).then_some(self.losses)
    }

    pub fn note_packet(&mut self, meta: DataMeta) {
        if meta.segment_start || meta.at != self.packet.at {
            self.packet = Packet { at: meta.at, waited: meta.waited, number: self.packet.number + 1 };
        }
    }

    /// Nothing follows.
    pub fn end(&mut self, counters: &mut HttpCounters) {
        if let Place::Search(search) = &mut self.place {
            search.on_gap(counters);
        }
        counters.lost_heads += u64::from(self.block.end().is_some());
        self.place = Place::Over;
    }

    pub fn is_from_client(&self) -> bool {
        self.direction == Direction::Request
    }

    pub fn buffered_bytes(&self) -> usize {
        let search = if let Place::Search(search) = &self.place { search.buffered_bytes() } else { 0 };
        search + self.block.buffered_bytes() + self.decoder.memory_bytes()
    }
}
