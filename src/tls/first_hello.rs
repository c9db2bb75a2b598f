//! The ClientHello at the beginning of a connection that nothing else is read of.

use super::hello::{CLIENT_HELLO, ClientHello};
use super::records::{Beginning, HEADER_BYTES, beginning};
use super::wire::Cursor;

/// Of a stream's first bytes; the end of the hello may be missing, and of those over several records the first record counts.
/// `None` if they are no ClientHello.
pub fn first_hello(bytes: &[u8]) -> Option<ClientHello> {
    if beginning(bytes) != Beginning::ClientHello {
        return None;
    }
    let mut cursor = Cursor(bytes);
    cursor.take(HEADER_BYTES - 2)?;
    let length = usize::from(cursor.u16()?);
    let mut record = Cursor(cursor.0.get(..length).unwrap_or(cursor.0));
    (record.u8()? == CLIENT_HELLO).then_some(())?;
    record.take(3)?; // its length
    ClientHello::begun(record.0)
}
