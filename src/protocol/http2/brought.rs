//! The bytes and losses that DATA brings to a stream whose bytes are read as they come.

#[derive(Debug, Clone, Copy)]
pub(super) enum Brought<'a> {
    /// Bytes, and if they are the first of their frame.
    Bytes(&'a [u8], bool),
    /// So many bytes are lost; 0 if it is not known how many.
    Loss(u64),
    End,
}
