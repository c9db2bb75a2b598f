//! A message of which not all frames have come.

use super::frame::unmask;
use crate::content::{History, Inflation, Unread};
use crate::message::Opcode;
use crate::protocol::Context;
use crate::protocol::body::Body;
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Message {
    pub opcode: Opcode,
    /// Of the packet that began it.
    pub at: Timestamp,
    pub body: Body,
    pub gap_bytes: u64,
    /// Bytes of it are missing that `body` does not know of.
    pub is_cut: bool,
    coding: Coding,
}

#[derive(Debug)]
enum Coding {
    Plain,
    Compressed(Inflation),
    /// Nothing more of it can be read.
    Ended,
    /// Nothing of it can be read: it was begun before, or refers to what is not known.
    Unreadable,
}

impl Message {
    pub fn new(opcode: Opcode, at: Timestamp, is_compressed: bool) -> Self {
        let coding = if is_compressed { Coding::Compressed(Inflation::new()) } else { Coding::Plain };
        Self { opcode, at, body: Body::default(), gap_bytes: 0, is_cut: false, coding }
    }

    /// Its first frame was not seen.
    pub fn headless(at: Timestamp) -> Self {
        Self { coding: Coding::Unreadable, ..Self::new(Opcode::Binary, at, false) }
    }

    pub fn is_readable(&self) -> bool {
        !matches!(self.coding, Coding::Unreadable)
    }

    pub fn is_truncated(&self) -> bool {
        self.is_cut || self.gap_bytes > 0 || self.body.is_cut()
    }

    /// Takes bytes of a frame, of whose payload so many came before.
    ///
    /// # Errors
    /// When it is not compressed as it says.
    pub fn push(
        &mut self,
        bytes: &[u8],
        (mask, before): ([u8; 4], u64),
        now: Timestamp,
        history: Option<&mut History>,
        cx: &mut Context<'_>,
    ) -> Result<(), Unread> {
        let max = cx.limits.max_body_bytes;
        match (&mut self.coding, history) {
            (Coding::Unreadable | Coding::Ended, _) => Ok(()),
            (Coding::Compressed(inflation), Some(history)) => {
                let mut coded = std::mem::take(&mut cx.scratch.plain);
                coded.clear();
                unmask(&mut coded, bytes, mask, before);
                let body = &mut self.body;
                let fed =
                    inflation.feed(&coded, now, history, &mut cx.scratch.inflating, |plain| body.push(plain, max));
                cx.scratch.plain = coded;
                self.after(fed, history, cx)
            }
            (Coding::Plain | Coding::Compressed(_), _) if mask == [0; 4] => {
                self.body.push(bytes, max);
                Ok(())
            }
            (Coding::Plain | Coding::Compressed(_), _) => {
                let plain = &mut cx.scratch.plain;
                plain.clear();
                unmask(plain, bytes, mask, before);
                self.body.push(plain, max);
                Ok(())
            }
        }
    }

    /// Its last frame has ended.
    ///
    /// # Errors
    /// When it is not compressed as it says.
    pub fn finish(&mut self, history: Option<&mut History>, cx: &mut Context<'_>) -> Result<(), Unread> {
        let (Some(history), Coding::Compressed(_)) = (history, &self.coding) else { return Ok(()) };
        let Coding::Compressed(inflation) = std::mem::replace(&mut self.coding, Coding::Ended) else { return Ok(()) };
        let (body, max) = (&mut self.body, cx.limits.max_body_bytes);
        let finished = inflation.finish(history, &mut cx.scratch.inflating, |plain| body.push(plain, max));
        self.after(finished, history, cx)
    }

    fn after(&mut self, result: Result<(), Unread>, history: &mut History, cx: &mut Context<'_>) -> Result<(), Unread> {
        match result {
            Ok(()) => return Ok(()),
            Err(Unread::Broken) => {
                self.coding = Coding::Unreadable;
                return result;
            }
            Err(Unread::Unknown) => self.coding = Coding::Unreadable,
            Err(Unread::TooMuch) => {
                cx.counters.streams.over_ratio += 1;
                self.is_cut = true;
                self.coding = Coding::Ended;
            }
        }
        history.lose();
        Ok(())
    }

    /// So many bytes of a frame are lost; 0 if it is not known how many. Says whether later messages may refer to them.
    pub fn lose(&mut self, bytes: u64) -> bool {
        self.gap_bytes = self.gap_bytes.saturating_add(bytes);
        match self.coding {
            Coding::Plain if bytes > 0 => self.body.lose(bytes),
            Coding::Compressed(_) => {
                self.coding = Coding::Ended;
                self.is_cut = true;
                return true;
            }
            Coding::Plain | Coding::Ended | Coding::Unreadable => self.is_cut = true,
        }
        false
    }

    /// Lets go of what was kept.
    pub fn shed(&mut self) -> bool {
        self.body.cut()
    }

    pub fn held_bytes(&self) -> usize {
        let inflation = if let Coding::Compressed(_) = self.coding { Inflation::HELD_BYTES } else { 0 };
        size_of::<Self>() + self.body.buffered_bytes() + inflation
    }
}
