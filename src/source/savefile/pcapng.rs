//! The format pcapng (draft-ietf-opsawg-pcapng): blocks, in sections that have each their byte order and interfaces.

use super::block::{
    self, BYTE_ORDER_MAGIC, DECRYPTION_SECRETS, ENHANCED_PACKET, IF_TSRESOL, INTERFACE_DESCRIPTION, MAJOR_VERSION,
    OPT_ENDOFOPT, SECTION_HEADER, TLS_KEY_LOG,
};
use super::drops::Drops;
use super::record::{ByteOrder, Fields, MAX_RECORD_BYTES, Malformed, Parsed, linktype};
use crate::decode::LinkType;
use crate::source::Packet;
use crate::time::Timestamp;

// Types of blocks that are read and not written (§4).
/// Obsolete (appendix A).
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;

/// Type, length, and what is in every block that matters, or else the closing length.
const MIN_BLOCK_BYTES: usize = 12;

/// An option of an interface (§4.2).
const IF_TSOFFSET: u16 = 14;

/// They are all remembered. Every device of a large host, many times over.
const MAX_INTERFACES: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Pcapng {
    /// Of the section.
    order: ByteOrder,
    /// Of the section.
    interfaces: Vec<Interface>,
    /// Of the file's first interface.
    linktype: Option<LinkType>,
    /// Packets that were dropped when it was captured.
    dropped: u64,
}

#[derive(Debug)]
struct Interface {
    linktype: LinkType,
    /// 0 is no limit.
    snaplen: u32,
    resolution: Resolution,
    offset_seconds: i64,
    drops: Drops,
}

impl Pcapng {
    pub(super) fn linktype(&self) -> Option<LinkType> {
        self.linktype
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Of the section.
    pub(super) fn order(&self) -> ByteOrder {
        self.order
    }

    /// A block without a packet, if a copy of packets needs it. True if it begins a section.
    pub(super) fn push_header(&self, block: &[u8], out: &mut Vec<u8>) -> bool {
        match block.first_chunk().map(|kind| self.order.u32(*kind)) {
            Some(SECTION_HEADER) => {
                block::push_section_like(out, block);
                return true;
            }
            Some(INTERFACE_DESCRIPTION) => out.extend_from_slice(block),
            _ => {}
        }
        false
    }

    #[inline]
    pub(super) fn parse<'a>(&mut self, bytes: &'a [u8]) -> Result<Parsed<'a>, Malformed> {
        let Some([kind, announced, magic]) = bytes.as_chunks().0.first_chunk() else {
            return Ok(Parsed::Partial { need: MIN_BLOCK_BYTES });
        };
        let order = if u32::from_ne_bytes(*kind) == SECTION_HEADER { section_order(*magic)? } else { self.order };
        let (kind, announced) = (order.u32(*kind), order.u32(*announced));
        let len = announced as usize;
        if len < MIN_BLOCK_BYTES || !len.is_multiple_of(4) || announced > MAX_RECORD_BYTES {
            return Err(Malformed::BlockLength { len: announced });
        }
        let Some((body, closing)) = bytes.get(8..len).and_then(<[u8]>::split_last_chunk) else {
            return Ok(Parsed::Partial { need: len });
        };
        let closing = order.u32(*closing);
        if closing != announced {
            return Err(Malformed::BlockLengths { len: announced, closing });
        }
        let fields = Fields { order, rest: body };
        let packet = match kind {
            ENHANCED_PACKET => self.enhanced(fields)?,
            SIMPLE_PACKET => self.simple(fields)?,
            PACKET => self.obsolete(fields)?,
            DECRYPTION_SECRETS => {
                return Ok(match key_log(fields) {
                    Some(log) => Parsed::Secrets { log, len },
                    None => Parsed::Other { len },
                });
            }
            _ => {
                match kind {
                    SECTION_HEADER => self.begin_section(fields)?,
                    INTERFACE_DESCRIPTION => self.add_interface(fields)?,
                    INTERFACE_STATISTICS => self.note_statistics(fields),
                    _ => {}
                }
                return Ok(Parsed::Other { len });
            }
        };
        Ok(Parsed::Packet { packet, len })
    }

    /// §4.1; the length of a section is not needed.
    fn begin_section(&mut self, mut fields: Fields<'_>) -> Result<(), Malformed> {
        let [_magic] = fields.u32s().ok_or(Malformed::ShortBlock)?;
        let [major, minor] = fields.u16s().ok_or(Malformed::ShortBlock)?;
        let [_, _] = fields.u32s().ok_or(Malformed::ShortBlock)?;
        if major != MAJOR_VERSION {
            return Err(Malformed::UnknownVersion { format: "pcapng", major, minor });
        }
        self.order = fields.order;
        self.interfaces.clear();
        Ok(())
    }

    /// §4.2
    fn add_interface(&mut self, mut fields: Fields<'_>) -> Result<(), Malformed> {
        let [link, _reserved] = fields.u16s().ok_or(Malformed::ShortBlock)?;
        let [snaplen] = fields.u32s().ok_or(Malformed::ShortBlock)?;
        let mut interface = Interface {
            linktype: linktype(link),
            snaplen,
            resolution: Resolution::MICROSECONDS,
            offset_seconds: 0,
            drops: Drops::default(),
        };
        if !interface.read_options(fields) {
            return Err(Malformed::OptionLength);
        }
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(Malformed::TooManyInterfaces { limit: MAX_INTERFACES });
        }
        self.linktype.get_or_insert(interface.linktype);
        self.interfaces.push(interface);
        Ok(())
    }

    /// §4.3
    #[inline]
    fn enhanced<'a>(&mut self, mut fields: Fields<'a>) -> Result<Packet<'a>, Malformed> {
        let [interface, high, low, captured, wire_len] = fields.u32s().ok_or(Malformed::ShortBlock)?;
        if let Some(options) = (captured as usize).checked_next_multiple_of(4).and_then(|end| fields.rest.get(end..))
            && !options.is_empty()
            && let Some(interface) = self.interfaces.get_mut(interface as usize)
        {
            interface.drops.note_packet(Fields { rest: options, ..fields }, &mut self.dropped);
        }
        self.packet(interface, [high, low], captured, wire_len, fields.rest)
    }

    /// Appendix A
    fn obsolete<'a>(&mut self, mut fields: Fields<'a>) -> Result<Packet<'a>, Malformed> {
        const UNKNOWN: u16 = u16::MAX;
        let [interface, drops] = fields.u16s().ok_or(Malformed::ShortBlock)?;
        if let Some(interface) = self.interfaces.get_mut(usize::from(interface)).filter(|_| drops != UNKNOWN) {
            interface.drops.add(drops.into(), &mut self.dropped);
        }
        let [high, low, captured, wire_len] = fields.u32s().ok_or(Malformed::ShortBlock)?;
        self.packet(interface.into(), [high, low], captured, wire_len, fields.rest)
    }

    /// §4.6
    fn note_statistics(&mut self, mut fields: Fields<'_>) {
        if let Some([interface, _, _]) = fields.u32s()
            && let Some(interface) = self.interfaces.get_mut(interface as usize)
        {
            interface.drops.note_statistics(fields, &mut self.dropped);
        }
    }

    /// §4.4: of the first interface, without a time and without its own captured length.
    fn simple<'a>(&self, mut fields: Fields<'a>) -> Result<Packet<'a>, Malformed> {
        let [wire_len] = fields.u32s().ok_or(Malformed::ShortBlock)?;
        let interface = self.interface(0)?;
        let snaplen = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        let frame = fields.rest.get(..wire_len.min(snaplen) as usize).unwrap_or(fields.rest);
        Ok(Packet { at: Timestamp::UNKNOWN, linktype: interface.linktype, wire_len, frame })
    }

    #[inline]
    fn packet<'a>(
        &self,
        interface: u32,
        [high, low]: [u32; 2],
        captured: u32,
        wire_len: u32,
        rest: &'a [u8],
    ) -> Result<Packet<'a>, Malformed> {
        let interface = self.interface(interface)?;
        let too_long = Malformed::FrameLength { len: captured, limit: rest.len() };
        let frame = rest.get(..captured as usize).ok_or(too_long)?;
        let micros = interface.resolution.micros(u64::from(high) << 32 | u64::from(low));
        let at = Timestamp::from_parts(interface.offset_seconds, micros);
        Ok(Packet { at, linktype: interface.linktype, wire_len, frame })
    }

    #[inline]
    fn interface(&self, interface: u32) -> Result<&Interface, Malformed> {
        let known = self.interfaces.len();
        self.interfaces.get(interface as usize).ok_or(Malformed::UnknownInterface { interface, known })
    }
}

impl Interface {
    /// False when one is longer than what is left. §3.5: padded to 32 bits; the option that ends them may be missing.
    fn read_options(&mut self, mut fields: Fields<'_>) -> bool {
        while let Some([code, len]) = fields.u16s()
            && code != OPT_ENDOFOPT
        {
            let Some(value) = fields.bytes(usize::from(len).next_multiple_of(4)) else { return false };
            match (code, value) {
                (IF_TSRESOL, [resolution, ..]) if len > 0 => self.resolution = Resolution::from_option(*resolution),
                (IF_TSOFFSET, value) => {
                    self.offset_seconds = value.first_chunk().map_or(0, |offset| fields.order.i64(*offset));
                }
                _ => {}
            }
        }
        true
    }
}

/// §4.7; `None` for secrets of another kind.
fn key_log(mut fields: Fields<'_>) -> Option<&[u8]> {
    let [kind, length] = fields.u32s()?;
    (kind == TLS_KEY_LOG).then_some(())?;
    fields.bytes(length as usize)
}

fn section_order(magic: [u8; 4]) -> Result<ByteOrder, Malformed> {
    let found = ByteOrder::BOTH.into_iter().find(|order| order.u32(magic) == BYTE_ORDER_MAGIC);
    found.ok_or(Malformed::ByteOrder)
}

/// The unit of a timestamp, as its conversion to microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    /// 10^-6 s and coarser.
    Multiply(u64),
    /// Finer; 0 where 64 bits of it are less than a microsecond.
    Divide(u64),
    /// 2^-n s.
    Binary(u32),
}

impl Resolution {
    const MICROSECONDS: Self = Self::Multiply(1);

    /// `if_tsresol` (§4.2): a negative power of 10, or with the highest bit set of 2.
    fn from_option(value: u8) -> Self {
        let exponent = u32::from(value & 0x7f);
        if value & 0x80 != 0 {
            return Self::Binary(exponent);
        }
        match exponent.checked_sub(6) {
            None | Some(0) => Self::Multiply(10_u64.pow(6 - exponent)),
            Some(finer) => Self::Divide(10_u64.checked_pow(finer).unwrap_or(0)),
        }
    }

    #[inline]
    fn micros(self, ticks: u64) -> i64 {
        let micros = match self {
            Self::Multiply(factor) => ticks.saturating_mul(factor),
            Self::Divide(divisor) => ticks.checked_div(divisor).unwrap_or(0),
            // 64 and 20 bits fit into 128; what is shifted out of 64 is too far in the future to matter.
            Self::Binary(exponent) => u64::try_from((u128::from(ticks) * 1_000_000) >> exponent).unwrap_or(u64::MAX),
        };
        i64::try_from(micros).unwrap_or(i64::MAX)
    }
}
