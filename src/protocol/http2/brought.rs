//! The bytes and losses that DATA brings to a stream whose bytes are read as they come.

use crate::flow::{DataMeta, Position, StreamEvent};
use crate::time::Timestamp;

#[derive(Debug, Clone, Copy)]
pub(super) enum Brought<'a> {
    /// Bytes, and if they are the first of their frame.
    Bytes(&'a [u8], bool),
    /// So many bytes are lost; 0 if it is not known how many.
    Loss(u64),
    End,
}

impl<'a> Brought<'a> {
    /// The same for a reader of connections: a frame of DATA is as a segment to it.
    pub fn as_event(self, at: Timestamp) -> StreamEvent<'a> {
        match self {
            Self::Bytes(bytes, segment_start) => {
                let meta = DataMeta {
                    at,
                    position: Position::UNKNOWN,
                    acked: Position::UNKNOWN,
                    segment_start,
                    waited: false,
                };
                StreamEvent::Data(bytes, meta)
            }
            Self::Loss(len) => StreamEvent::Gap { len },
            Self::End => StreamEvent::End { clean: true, reset: None },
        }
    }
}
