//! How messages and streams end: by END_STREAM, by RST_STREAM, with their direction, or for want of room.

use super::brought::Brought;
use super::emit::{Ending, emit_open};
use super::frame::error_name;
use super::frames::Turn;
use super::streams::Half;
use crate::message::{Direction, Incomplete, Unanswered};
use crate::time::Timestamp;

impl Turn<'_, '_> {
    /// Nothing more comes of this direction of the stream.
    pub fn end_half(&mut self, id: u32, direction: Direction, ending: Ending) {
        self.on_socket(id, direction, Brought::End);
        self.shared.streams.take_pickup(id);
        let Some(half) = self.shared.streams.set_half(id, direction, Half::Over) else { return };
        let mut whole_at = None;
        match half {
            Half::Open(mut open) => {
                if ending == Ending::Whole {
                    open.note_packet(self.way.packet);
                    whole_at = open.is_whole().then_some(open.last.at);
                }
                if let Some(stream) = self.shared.streams.get(id) {
                    emit_open(stream, direction, &mut open, ending, None, self.cx);
                }
            }
            Half::Idle if ending == Ending::Whole => whole_at = Some(self.way.packet.at),
            Half::Idle | Half::Headless | Half::Tunnel | Half::Socket(_) | Half::Over => {}
        }
        self.after_half(id, direction, whole_at);
    }

    /// `whole_at`: when the last packet of the message was captured, if it was seen whole.
    pub fn after_half(&mut self, id: u32, direction: Direction, whole_at: Option<Timestamp>) {
        let Some(stream) = self.shared.streams.get(id) else { return };
        if direction == Direction::Request
            && let Some(asked) = &mut stream.asked
        {
            asked.ended_at = asked.ended_at.or(whole_at);
        }
        // The end of the request is lost, and the server has answered all the same.
        let has_lost_end = matches!(&stream.request, Half::Open(open) if open.has_gap);
        if has_lost_end && matches!(stream.response, Half::Over) {
            return self.end_half(id, Direction::Request, Ending::Early(Incomplete::Gap));
        }
        let is_over = match (&stream.request, &stream.response) {
            (Half::Over, Half::Over) => true,
            // The request was not seen, and its answer is over.
            (Half::Idle | Half::Headless, Half::Over) => true,
            _ => false,
        };
        if is_over {
            self.shared.streams.remove(id);
        }
    }

    /// RST_STREAM (RFC 9113 §6.4) ends both directions, from whichever side it comes.
    pub fn on_reset(&mut self, id: u32, code: Option<u32>) {
        let by = self.way.direction;
        self.tell_unanswered(id, Unanswered::StreamReset { by, code: code.map(error_name), at: self.way.packet.at });
        self.end_both(id, Ending::Reset(code));
    }

    /// Nothing more comes of the stream. Has its response begun, that tells it; if it may have been passed over, nothing does.
    fn tell_unanswered(&mut self, id: u32, how: Unanswered) {
        let reading = self.way_of_responses().reading();
        let Some(stream) = self.shared.streams.get(id) else { return };
        if let Some(asked) = &stream.asked
            && stream.was_read(reading)
            && matches!(stream.response, Half::Idle)
        {
            self.cx.sink.unanswered(stream.number, asked.verdict, how);
        }
    }

    fn end_both(&mut self, id: u32, ending: Ending) {
        self.end_half(id, Direction::Request, ending);
        self.end_half(id, Direction::Response, ending);
        self.shared.streams.remove(id);
    }

    /// One more stream is about to be open.
    pub fn make_place(&mut self) {
        while let Some(oldest) = self.shared.streams.oldest_of_too_many() {
            self.cx.counters.http2.evicted_streams += 1;
            self.end_both(oldest, Ending::Early(Incomplete::Evicted));
        }
    }

    /// The direction has ended: what is open of it comes out as it is.
    pub fn end_way(&mut self) {
        let direction = self.way.direction;
        let ending = Ending::Early(self.cx.ending);
        let unanswered = Unanswered::of_connection(self.cx.ending).filter(|_| direction == Direction::Response);
        for id in self.shared.streams.ids() {
            if let Some(how) = unanswered {
                self.tell_unanswered(id, how);
            }
            self.end_half(id, direction, ending);
        }
    }
}
