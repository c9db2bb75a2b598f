//! One message as JSON.

use std::io;

use prost_reflect::DynamicMessage;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::MessageType;

/// Messages that are longer are not decoded: an element of one byte takes some fifty in memory.
pub const MAX_JSON_MESSAGE_BYTES: usize = 256 << 10;
/// Objects and arrays in each other. The decoder has a limit for fields, but an `Any` in an `Any` is decoded by itself, as
/// often as there are bytes for it.
const MAX_DEPTH: usize = 64;

impl MessageType {
    /// Appends the message as JSON, in at most `max_bytes`. Returns false and appends nothing if it is longer, if the bytes
    /// are no such message, or if JSON has no form for what they hold (an `Any` of a type that is not in the descriptors, a
    /// time after the year 9999).
    #[must_use]
    pub fn push_json(&self, message: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let pushed = message.len() <= MAX_JSON_MESSAGE_BYTES && self.try_push(message, max_bytes, out).is_some();
        if !pushed {
            out.truncate(start);
        }
        pushed
    }

    fn try_push(&self, message: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Option<()> {
        let message = DynamicMessage::decode(self.descriptor.clone(), message).ok()?;
        let writer = Within { left: max_bytes, out };
        let mut serializer = Serializer::with_formatter(writer, Nesting { depth: 0 });
        message.serialize_with_options(&mut serializer, &Default::default()).ok()
    }
}

/// Takes so many bytes and no more.
struct Within<'a> {
    left: usize,
    out: &'a mut Vec<u8>,
}

impl io::Write for Within<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// JSON without spaces, to a certain depth.
struct Nesting {
    depth: usize,
}

impl Nesting {
    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(io::ErrorKind::InvalidData.into()) } else { Ok(()) }
    }
}

impl Formatter for Nesting {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }
}
