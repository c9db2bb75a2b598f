//! Messages that were compressed one by one and may refer to those before (permessage-deflate, RFC 7692 §7.2).
//!
//! After a message, a decoder knows only the end of its output, since each message ends at a block's end: that is the
//! `History`, as long as there was something to remember. The decoder itself lives as long as a message does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::time::Timestamp;

/// The largest window (RFC 1951 §2).
pub const MAX_WINDOW_BITS: u8 = 15;
/// zlib has no smaller window than this, also where a smaller window was agreed.
const MIN_WINDOW_BITS: u8 = 9;
/// The first piece of memory of a history; it grows by doubling.
const FIRST_BYTES: usize = 512;
/// The most that is put out at once. The history stands before it.
const PIECE_BYTES: usize = 64 << 10;
/// The bytes that a message leaves out at its end (RFC 7692 §7.2.1), and an empty last block: it shows that the message ended at a
/// block's end.
const TAIL: [u8; 9] = [0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff];

/// Content may always be so many times the coded bytes, and a little more: the work stays in proportion to the traffic.
const REGULAR_RATIO: u64 = 32;
const REGULAR_BYTES: u64 = 1 << 10;
/// The rest is surplus: text that repeats itself, or a bomb. All streams together may have so much of it at once,
const MAX_SURPLUS_BYTES: u64 = 64 << 20;
/// and so much a second, by the time of the packets: what comes out must not depend on the machine.
const SURPLUS_BYTES_PER_SECOND: u64 = 16 << 20;

/// The bytes that a compressor may refer to.
#[derive(Debug)]
pub struct History {
    bytes: Vec<u8>,
    window: usize,
    /// True if the bytes before `bytes` are not known.
    has_hole: bool,
}

/// Why a message is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is not coded so.
    Broken,
    /// It refers to what is not known.
    Unknown,
    /// It puts out too much for so few bytes.
    TooMuch,
}

/// Shared by the decoders of all connections.
#[derive(Debug)]
pub struct Inflating {
    room: Vec<u8>,
    surplus: u64,
    at: Timestamp,
}

/// The decoder of one message.
pub struct Inflation {
    state: Box<DecompressorOxide>,
    /// A last block has ended, and nothing came after it.
    has_ended: bool,
    /// True if the bytes after a last block are not read.
    is_single: bool,
}

impl History {
    /// `window_bits`: what was agreed, 8–15.
    pub fn new(window_bits: u8) -> Self {
        let window = 1 << window_bits.clamp(MIN_WINDOW_BITS, MAX_WINDOW_BITS);
        Self { bytes: Vec::new(), window, has_hole: false }
    }

    /// From here on, messages do not refer to earlier bytes.
    pub fn begin_anew(&mut self) {
        self.bytes = Vec::new();
        self.has_hole = false;
    }

    /// From here on, messages may refer to bytes that are not known. Returns true if this was not so before.
    pub fn lose(&mut self) -> bool {
        self.bytes = Vec::new();
        !std::mem::replace(&mut self.has_hole, true)
    }

    pub fn has_hole(&self) -> bool {
        self.has_hole
    }

    pub fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// The end of `all`, which begins with what it was before.
    fn become_end_of(&mut self, all: &[u8]) {
        let kept = all.get(all.len().saturating_sub(self.window)..).unwrap_or(all);
        if kept.len() > self.bytes.capacity() {
            let goal = kept.len().next_power_of_two().max(FIRST_BYTES).min(self.window);
            self.bytes.reserve_exact(goal.max(kept.len()) - self.bytes.len());
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(kept);
        self.has_hole &= kept.len() < self.window;
    }
}

impl Default for Inflating {
    fn default() -> Self {
        Self { room: Vec::new(), surplus: MAX_SURPLUS_BYTES, at: Timestamp::UNKNOWN }
    }
}

impl Inflating {
    /// More surplus, if time has passed.
    fn pass_time(&mut self, now: Timestamp) {
        if !now.is_known() || now <= self.at {
            return;
        }
        let micros = if self.at.is_known() { now.micros_since(self.at).unsigned_abs() } else { 0 };
        self.at = now;
        let more = micros.saturating_mul(SURPLUS_BYTES_PER_SECOND) / 1_000_000;
        self.surplus = self.surplus.saturating_add(more).min(MAX_SURPLUS_BYTES);
    }

    /// How many bytes so many coded bytes may put out by `now`.
    pub(super) fn allowed(&mut self, coded_bytes: usize, now: Timestamp) -> u64 {
        self.pass_time(now);
        self.left(coded_bytes)
    }

    fn left(&self, coded_bytes: usize) -> u64 {
        regular(coded_bytes).saturating_add(self.surplus)
    }

    pub(super) fn spend(&mut self, coded_bytes: usize, put_out: u64) {
        self.surplus = self.surplus.saturating_sub(put_out.saturating_sub(regular(coded_bytes)));
    }

    /// The buffer that takes the output.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.room.resize((1 << MAX_WINDOW_BITS) + PIECE_BYTES, 0);
        &mut self.room
    }
}

fn regular(coded_bytes: usize) -> u64 {
    (coded_bytes as u64).saturating_mul(REGULAR_RATIO).saturating_add(REGULAR_BYTES)
}

impl Inflation {
    pub const HELD_BYTES: usize = size_of::<DecompressorOxide>();

    pub fn new() -> Self {
        Self { state: Box::default(), has_ended: false, is_single: false }
    }

    /// The decoder of a body, which ends with its last block.
    pub(super) fn of_one_stream() -> Self {
        Self { is_single: true, ..Self::new() }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Puts out what `coded` holds.
    ///
    /// # Errors
    /// When the message cannot be read on; `history` is of no use then.
    pub fn feed(
        &mut self,
        coded: &[u8],
        now: Timestamp,
        history: &mut History,
        shared: &mut Inflating,
        give: impl FnMut(&[u8]),
    ) -> Result<(), Unread> {
        shared.pass_time(now);
        self.run(coded, false, history, shared, give)
    }

    /// The message ends here.
    ///
    /// # Errors
    /// When it does not.
    pub fn finish(
        mut self,
        history: &mut History,
        shared: &mut Inflating,
        give: impl FnMut(&[u8]),
    ) -> Result<(), Unread> {
        // A last block may end a message too (RFC 7692 §7.2.3.4).
        if self.has_ended {
            return Ok(());
        }
        self.run(&TAIL, true, history, shared, give)?;
        if self.has_ended { Ok(()) } else { Err(Unread::Broken) }
    }

    fn run(
        &mut self,
        mut coded: &[u8],
        is_last: bool,
        history: &mut History,
        shared: &mut Inflating,
        mut give: impl FnMut(&[u8]),
    ) -> Result<(), Unread> {
        if coded.is_empty() {
            return Ok(());
        }
        let (coded_bytes, mut put_out) = (coded.len(), 0);
        let allowed = shared.left(coded_bytes);
        let room = shared.room();
        let mut at = history.bytes.len();
        room.iter_mut().zip(&history.bytes).for_each(|(to, from)| *to = *from);
        let result = loop {
            if std::mem::take(&mut self.has_ended) {
                if self.is_single {
                    self.has_ended = true;
                    break Ok(());
                }
                self.state.init();
            }
            let (status, used, written) = self.step(coded, room, at, is_last).unwrap_or((TINFLStatus::Failed, 0, 0));
            coded = coded.get(used..).unwrap_or_default();
            give(room.get(at..at + written).unwrap_or_default());
            at += written;
            put_out += written as u64;
            if put_out > allowed {
                break Err(Unread::TooMuch);
            }
            match status {
                TINFLStatus::Done => {
                    self.has_ended = true;
                    if coded.is_empty() {
                        break Ok(());
                    }
                }
                TINFLStatus::NeedsMoreInput => break Ok(()),
                TINFLStatus::HasMoreOutput if at >= room.len() => {
                    room.copy_within(at - history.window..at, 0);
                    at = history.window;
                }
                _ if history.has_hole => break Err(Unread::Unknown),
                _ => break Err(Unread::Broken),
            }
        };
        if put_out > 0 {
            history.become_end_of(room.get(..at).unwrap_or_default());
        }
        shared.spend(coded_bytes, put_out);
        result
    }

    /// `None` if the decoder panicked, which is a bug of its own.
    fn step(&mut self, coded: &[u8], room: &mut [u8], at: usize, is_last: bool) -> Option<(TINFLStatus, usize, usize)> {
        let more = if is_last { 0 } else { TINFL_FLAG_HAS_MORE_INPUT };
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | more;
        catch_unwind(AssertUnwindSafe(|| decompress(&mut self.state, coded, room, at, flags))).ok()
    }
}

impl std::fmt::Debug for Inflation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflation").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

impl Default for Inflation {
    fn default() -> Self {
        Self::new()
    }
}
