//! The header of a frame (RFC 6455 §5.2).

use super::malformed::Malformed;
use crate::message::{Direction, Opcode};

/// Two bytes, the length in eight more, the mask in four.
pub(super) const MAX_HEADER_BYTES: usize = 14;
/// Of a control frame (RFC 6455 §5.5).
pub(super) const MAX_CONTROL_BYTES: u64 = 125;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    /// Text or binary.
    Message(Opcode),
    Control(Opcode),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub kind: Kind,
    /// The last of its message.
    pub is_last: bool,
    /// RSV1: the message that it begins is compressed (RFC 7692 §6).
    pub is_compressed: bool,
    /// All zeros if there is none.
    pub mask: [u8; 4],
    pub payload_bytes: u64,
    /// The length is written in as few bytes as there can be.
    pub is_minimal: bool,
}

impl FrameHeader {
    /// The header at the beginning of `bytes` and its own length; `None` if there is more to come of it.
    ///
    /// # Errors
    /// When there is no such frame from that side.
    #[inline]
    pub fn parse(bytes: &[u8], from: Direction, may_be_compressed: bool) -> Result<Option<(Self, usize)>, Malformed> {
        let [first, rest @ ..] = bytes else { return Ok(None) };
        let is_compressed = first & 0x40 != 0;
        if first & 0x30 != 0 || (is_compressed && !may_be_compressed) {
            return Err(Malformed::ReservedBits);
        }
        let kind = match first & 0x0f {
            0 => Kind::Continuation,
            1 => Kind::Message(Opcode::Text),
            2 => Kind::Message(Opcode::Binary),
            8 => Kind::Control(Opcode::Close),
            9 => Kind::Control(Opcode::Ping),
            10 => Kind::Control(Opcode::Pong),
            _ => return Err(Malformed::Opcode),
        };
        let is_last = first & 0x80 != 0;
        // Only a message's first frame says that it is compressed (RFC 7692 §6.1).
        if is_compressed && !matches!(kind, Kind::Message(_)) {
            return Err(Malformed::ReservedBits);
        }
        let [second, rest @ ..] = rest else { return Ok(None) };
        let is_masked = second & 0x80 != 0;
        // A client's frames are masked, and a server's are not (RFC 6455 §5.1).
        if is_masked != (from == Direction::Request) {
            return Err(Malformed::Mask);
        }
        let short = second & 0x7f;
        if matches!(kind, Kind::Control(_)) && (!is_last || u64::from(short) > MAX_CONTROL_BYTES) {
            return Err(Malformed::Control);
        }
        let (payload_bytes, is_minimal, rest) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                let length = u16::from_be_bytes(*length);
                (u64::from(length), length > 125, rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                let length = u64::from_be_bytes(*length);
                if length >> 63 != 0 {
                    return Err(Malformed::Length);
                }
                (length, length > u64::from(u16::MAX), rest)
            }
            _ => (u64::from(short), true, rest),
        };
        let (mask, rest) = match rest.split_first_chunk::<4>() {
            Some((mask, rest)) if is_masked => (*mask, rest),
            None if is_masked => return Ok(None),
            _ => ([0; 4], rest),
        };
        let header = Self { kind, is_last, is_compressed, mask, payload_bytes, is_minimal };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

/// Appends `bytes` without their mask, of whose payload so many came before.
pub(super) fn unmask(out: &mut Vec<u8>, bytes: &[u8], mut mask: [u8; 4], before: u64) {
    mask.rotate_left((before % 4) as usize);
    let start = out.len();
    out.extend_from_slice(bytes);
    let (words, rest) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
