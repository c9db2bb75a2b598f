//! One direction: from bytes to messages.
//!
//! A protocol error ends it: its receiver closes the connection then (RFC 6455 §7.1.7). A loss inside a frame is crossed, since its
//! length is known; after any other it is searched for a place where frames begin.

use super::agreement::{Agreement, Side};
use super::frame::{FrameHeader, Kind, unmask};
use super::malformed::Malformed;
use super::message::Message;
use super::partial::Partial;
use super::search::{Found, Search};
use crate::content::{History, Unread};
use crate::flow::DataMeta;
use crate::message::{Direction, NotHttp, Opcode, Part, StreamMessage, StreamOf};
use crate::protocol::{Context, Scratch};
use crate::time::Timestamp;

#[derive(Debug)]
pub struct Reader {
    direction: Direction,
    state: State,
    /// The frames before the next one were seen, so that it is known if a message is in progress.
    is_in_step: bool,
    /// The data message in progress: control frames may come between its frames (RFC 6455 §5.4).
    message: Option<Box<Message>>,
    control: Option<Box<Message>>,
    deflate: Option<Deflate>,
    /// Messages so far, those included that could not be read.
    sequence: u64,
}

/// Where a direction is begun to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the first frame of all.
    First,
    /// With a frame; inside: if a message was begun before it, unless that is not known.
    Frame(Option<bool>),
    /// It is not known where frames begin.
    Unknown,
}

#[derive(Debug)]
struct Deflate {
    history: History,
    begins_anew: bool,
}

#[derive(Debug)]
enum State {
    Header {
        partial: Partial,
        /// When the first byte of `partial` came.
        at: Timestamp,
    },
    Payload {
        header: FrameHeader,
        left: u64,
    },
    Search(Search),
    /// A close frame was sent, or it was given up.
    Over,
}

impl State {
    const BETWEEN: Self = Self::Header { partial: Partial::EMPTY, at: Timestamp::UNKNOWN };
}

impl Reader {
    /// `direction` of a connection, or of a stream, on which so much was agreed.
    pub fn of(direction: Direction, agreement: &Agreement) -> Self {
        let deflate = agreement.deflate.map(|deflate| deflate.side(direction));
        Self {
            direction,
            state: State::BETWEEN,
            is_in_step: true,
            message: None,
            control: None,
            deflate: deflate
                .map(|Side { window_bits, begins_anew }| Deflate { history: History::new(window_bits), begins_anew }),
            sequence: 0,
        }
    }

    /// `direction` of a connection whose answer was not seen, from this place on: what was agreed is not known.
    pub fn met(direction: Direction, begin: Begin) -> Self {
        let mut reader = Self::of(direction, &Agreement::UNKNOWN);
        match begin {
            Begin::First => return reader,
            Begin::Frame(is_in_message) => reader.begin_at(is_in_message, Timestamp::UNKNOWN),
            Begin::Unknown => reader.state = State::Search(Search::default()),
        }
        // Nor is it known what compressed messages refer to.
        if let Some(Deflate { history, .. }) = &mut reader.deflate {
            history.lose();
        }
        reader
    }

    /// A frame begins here.
    fn begin_at(&mut self, is_in_message: Option<bool>, at: Timestamp) {
        self.state = State::BETWEEN;
        self.is_in_step = is_in_message.is_some();
        if is_in_message == Some(true) {
            self.message = Some(Box::new(Message::headless(at)));
        }
    }

    pub fn on_data(&mut self, mut bytes: &[u8], mut meta: DataMeta, of: &StreamOf, cx: &mut Context<'_>) {
        while !bytes.is_empty() {
            let used = match self.read(bytes, meta, of, cx) {
                Ok(used) => used,
                Err(reason) => {
                    self.give_up(reason, of, cx);
                    return;
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
            meta.position += used as u64;
            meta.segment_start = false;
        }
    }

    /// Takes one step; returns how many bytes that was.
    fn read(&mut self, bytes: &[u8], meta: DataMeta, of: &StreamOf, cx: &mut Context<'_>) -> Result<usize, Malformed> {
        match &mut self.state {
            State::Over => Ok(bytes.len()),
            State::Header { partial, at } if partial.is_empty() => {
                match FrameHeader::parse(bytes, self.direction, self.deflate.is_some())? {
                    Some((header, length)) => {
                        let rest = bytes.get(length..).unwrap_or_default();
                        Ok(length + self.on_header(header, rest, meta.at, of, cx)?)
                    }
                    None => {
                        *at = meta.at;
                        Ok(partial.fill(bytes))
                    }
                }
            }
            State::Header { partial, at } => {
                let (before, at) = (partial.filled().len(), *at);
                let taken = partial.fill(bytes);
                let parsed = FrameHeader::parse(partial.filled(), self.direction, self.deflate.is_some())?;
                let Some((header, length)) = parsed else { return Ok(taken) };
                self.on_header(header, &[], at, of, cx)?;
                Ok(length.saturating_sub(before))
            }
            State::Payload { header, left } => {
                let (header, before) = (*header, header.payload_bytes - *left);
                let (piece, _) = bytes.split_at(bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX)));
                *left -= piece.len() as u64;
                let is_done = *left == 0;
                self.on_payload(piece, &header, before, meta.at, cx)?;
                if is_done {
                    self.end_frame(&header, of, cx)?;
                }
                Ok(piece.len())
            }
            State::Search(search) => {
                let Found { used, is_in_message } =
                    search.push(bytes, meta.segment_start, self.direction, self.deflate.is_some());
                cx.counters.passed_over_bytes += used as u64;
                if let Some(is_in_message) = is_in_message {
                    self.begin_at(is_in_message, meta.at);
                }
                Ok(used)
            }
        }
    }

    /// A frame begins. Returns how much of `rest`, which is its payload and more, was taken.
    fn on_header(
        &mut self,
        header: FrameHeader,
        rest: &[u8],
        at: Timestamp,
        of: &StreamOf,
        cx: &mut Context<'_>,
    ) -> Result<usize, Malformed> {
        let FrameHeader { kind, is_last, is_compressed, mask, payload_bytes, .. } = header;
        match kind {
            Kind::Control(opcode) => self.control = Some(Box::new(Message::new(opcode, at, false))),
            Kind::Continuation if self.message.is_some() => {}
            Kind::Continuation if !self.is_in_step => self.message = Some(Box::new(Message::headless(at))),
            Kind::Continuation => return Err(Malformed::Fragment),
            Kind::Message(_) if self.message.is_some() => return Err(Malformed::Fragment),
            Kind::Message(opcode) => {
                self.is_in_step = true;
                let whole = usize::try_from(payload_bytes).ok().and_then(|length| rest.get(..length));
                if let (Some(payload), true, false) = (whole, is_last, is_compressed) {
                    self.emit_whole(opcode, payload, mask, at, of, cx);
                    self.state = State::BETWEEN;
                    return Ok(payload.len());
                }
                self.message = Some(Box::new(Message::new(opcode, at, is_compressed)));
            }
        }
        self.state = State::Payload { header, left: payload_bytes };
        if payload_bytes == 0 {
            self.end_frame(&header, of, cx)?;
        }
        Ok(0)
    }

    fn on_payload(
        &mut self,
        piece: &[u8],
        header: &FrameHeader,
        before: u64,
        now: Timestamp,
        cx: &mut Context<'_>,
    ) -> Result<(), Malformed> {
        let history = self.deflate.as_mut().map(|deflate| &mut deflate.history);
        let message = if let Kind::Control(_) = header.kind { &mut self.control } else { &mut self.message };
        let Some(message) = message else { return Ok(()) };
        message.push(piece, (header.mask, before), now, history, cx).map_err(|_: Unread| Malformed::Compression)
    }

    fn end_frame(&mut self, header: &FrameHeader, of: &StreamOf, cx: &mut Context<'_>) -> Result<(), Malformed> {
        self.state = State::BETWEEN;
        if let Kind::Control(opcode) = header.kind {
            if let Some(control) = self.control.take() {
                self.emit(&control, of, cx);
            }
            if opcode == Opcode::Close {
                self.end(of, cx);
            }
            return Ok(());
        }
        if !header.is_last {
            return Ok(());
        }
        self.is_in_step = true;
        let Some(mut message) = self.message.take() else { return Ok(()) };
        let deflate = self.deflate.as_mut();
        if message.finish(deflate.map(|deflate| &mut deflate.history), cx).is_err() {
            self.message = Some(message);
            return Err(Malformed::Compression);
        }
        self.emit(&message, of, cx);
        self.forget_message();
        Ok(())
    }

    /// A message is over.
    fn forget_message(&mut self) {
        if let Some(Deflate { history, begins_anew: true }) = &mut self.deflate {
            history.begin_anew();
        }
    }

    /// So many bytes are lost; 0 if it is not known how many.
    pub fn on_gap(&mut self, len: u64, of: &StreamOf, cx: &mut Context<'_>) {
        match &mut self.state {
            State::Over => return,
            State::Payload { header, left } if len > 0 && len <= *left => {
                *left -= len;
                let (header, is_done) = (*header, *left == 0);
                self.lose(&header, len, cx);
                if is_done && let Err(reason) = self.end_frame(&header, of, cx) {
                    self.give_up(reason, of, cx);
                }
                return;
            }
            State::Payload { header, left } => {
                let (header, lost) = (*header, if len == 0 { 0 } else { *left });
                self.lose(&header, lost, cx);
            }
            State::Search(search) => return search.lose(),
            State::Header { .. } => {}
        }
        self.cut_off(of, cx);
        self.lose_history(cx);
        cx.counters.streams.lost_boundaries += 1;
        self.state = State::Search(Search::default());
    }

    fn lose(&mut self, header: &FrameHeader, bytes: u64, cx: &mut Context<'_>) {
        let message = if let Kind::Control(_) = header.kind { &mut self.control } else { &mut self.message };
        if message.as_mut().is_some_and(|message| message.lose(bytes)) {
            self.lose_history(cx);
        }
    }

    /// The messages in progress come out as they are: where they go on is not known.
    fn cut_off(&mut self, of: &StreamOf, cx: &mut Context<'_>) {
        for mut message in [self.control.take(), self.message.take()].into_iter().flatten() {
            message.is_cut = true;
            self.emit(&message, of, cx);
        }
        self.forget_message();
    }

    /// Messages that come may refer to those that are lost.
    fn lose_history(&mut self, cx: &mut Context<'_>) {
        if let Some(Deflate { history, begins_anew: false }) = &mut self.deflate {
            cx.counters.streams.lost_contexts += u64::from(history.lose());
        }
    }

    /// Nothing more comes in this direction.
    pub fn end(&mut self, of: &StreamOf, cx: &mut Context<'_>) {
        self.cut_off(of, cx);
        self.state = State::Over;
        if let Some(Deflate { history, .. }) = &mut self.deflate {
            history.begin_anew();
        }
    }

    fn give_up(&mut self, reason: Malformed, of: &StreamOf, cx: &mut Context<'_>) {
        cx.counters.streams.given_up += 1;
        cx.sink.not_http(self.direction, NotHttp::Malformed(&reason), &[]);
        self.end(of, cx);
    }

    /// Memory is needed elsewhere.
    pub fn shed(&mut self, cx: &mut Context<'_>) {
        for message in [&mut self.control, &mut self.message].into_iter().flatten() {
            cx.counters.cut_bodies += u64::from(message.shed());
            // Its decoder goes on, without what was before.
        }
        self.lose_history(cx);
    }

    pub fn buffered_bytes(&self) -> usize {
        let messages = [&self.control, &self.message];
        messages.into_iter().flatten().map(|message| message.held_bytes()).sum::<usize>()
            + self.deflate.as_ref().map_or(0, |deflate| deflate.history.held_bytes())
    }

    fn emit(&mut self, message: &Message, of: &StreamOf, cx: &mut Context<'_>) {
        self.sequence += 1;
        if !message.is_readable() {
            cx.counters.streams.unread_messages += 1;
            return;
        }
        let mut buffer = std::mem::take(&mut cx.scratch.body);
        let (data, data_bytes) = (message.body.kept(&mut buffer), message.body.bytes);
        let mut shown = StreamMessage {
            of: *of,
            direction: self.direction,
            sequence: self.sequence,
            at: message.at,
            data,
            data_bytes,
            truncated: message.is_truncated(),
            gap_bytes: message.gap_bytes,
            part: Part::WebSocket { opcode: message.opcode, close_code: None },
        };
        if message.opcode == Opcode::Close
            && let Some((code, reason)) = data.split_first_chunk::<2>()
        {
            // RFC 6455 §5.5.1.
            let close_code = Some(u16::from_be_bytes(*code));
            shown.part = Part::WebSocket { opcode: Opcode::Close, close_code };
            (shown.data, shown.data_bytes) = (reason, data_bytes - 2);
        }
        cx.sink.stream_message(&shown);
        cx.scratch.body = Scratch::spare(buffer);
    }

    /// A message of one frame that lies in one piece, without a copy if it is not masked.
    fn emit_whole(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        mask: [u8; 4],
        at: Timestamp,
        of: &StreamOf,
        cx: &mut Context<'_>,
    ) {
        self.sequence += 1;
        let kept = payload.get(..payload.len().min(cx.limits.max_body_bytes)).unwrap_or_default();
        let mut plain = std::mem::take(&mut cx.scratch.plain);
        let data = if mask == [0; 4] {
            kept
        } else {
            plain.clear();
            unmask(&mut plain, kept, mask, 0);
            &plain
        };
        cx.sink.stream_message(&StreamMessage {
            of: *of,
            direction: self.direction,
            sequence: self.sequence,
            at,
            data,
            data_bytes: payload.len() as u64,
            truncated: kept.len() < payload.len(),
            gap_bytes: 0,
            part: Part::WebSocket { opcode, close_code: None },
        });
        cx.scratch.plain = Scratch::spare(plain);
    }
}
