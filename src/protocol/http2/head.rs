//! From the fields of a block to a message's head: pseudo-header fields are taken out (RFC 9113 §8.3), the others stay.

use super::hpack::{Decoder, FieldBlock, HpackError};
use crate::message::{Field, Head, KnownName, Span, StartLine, Switch, Version};

static HOST: KnownName = KnownName::new(b"host");

/// The values of the pseudo-header fields, and what is not known of the block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Control {
    pub method: Option<Span>,
    pub scheme: Option<Span>,
    pub authority: Option<Span>,
    pub path: Option<Span>,
    /// RFC 8441 §4.
    pub protocol: Option<Span>,
    pub status: Option<u16>,
    /// Fields that are not there: unknown, or over a limit.
    pub unknown: u32,
    /// The first field of all is not known: it may be a pseudo-header field.
    pub begins_unknown: bool,
    /// One of them is there twice, after another field, or with a value that it cannot have (RFC 9113 §8.3).
    pub malformed: bool,
}

impl Control {
    /// Only requests have such fields.
    pub fn is_of_request(&self) -> bool {
        self.method.is_some() || self.path.is_some() || self.scheme.is_some() || self.authority.is_some()
    }

    pub fn is_interim(&self) -> bool {
        matches!(self.status, Some(100..=199))
    }

    pub fn is_connect(&self, bytes: &[u8]) -> bool {
        self.method.is_some_and(|method| method.of(bytes) == b"CONNECT")
    }

    /// The switch that a successful answer causes for the stream (RFC 9113 §8.5, RFC 8441 §4).
    pub fn opens(&self, bytes: &[u8]) -> Option<Switch> {
        match self.protocol.map(|protocol| protocol.of(bytes)) {
            _ if !self.is_connect(bytes) => None,
            // Its protocol is not known: a tunnel's request has neither (RFC 9113 §8.5).
            None if self.path.is_some() || self.scheme.is_some() => Some(Switch::Other),
            None => Some(Switch::Tunnel),
            Some(b"websocket") => Some(Switch::WebSocket),
            Some(_) => Some(Switch::Other),
        }
    }

    /// The part of the request target that `path` shows: of a plain CONNECT the authority (RFC 9113 §8.5).
    fn target(&self, bytes: &[u8]) -> Option<Span> {
        let authority = || self.authority.filter(|_| self.is_connect(bytes));
        self.path.or_else(authority)
    }
}

/// The head at hand with the bytes that it points into, used again for each block of any connection.
#[derive(Debug, Default)]
pub struct HeadBuffer {
    block: FieldBlock,
    pub head: Head,
    pub control: Control,
}

impl HeadBuffer {
    /// Decodes a whole block, and finds the head in its fields.
    ///
    /// # Errors
    /// When it is not HPACK; no head is at hand then.
    pub fn read(&mut self, bytes: &[u8], decoder: &mut Decoder) -> Result<(), HpackError> {
        let Self { block, head, control } = self;
        block.clear();
        decoder.decode(bytes, block)?;
        head.fields.clear();
        head.version = Version::HTTP_2;
        *control = Control {
            unknown: block.unknown_fields + block.fields_over_limit,
            begins_unknown: block.begins_unknown,
            ..Control::default()
        };
        let bytes = block.bytes();
        for (name, value) in block.spans() {
            if let text @ [b':', ..] = name.of(bytes) {
                control.malformed |= !head.fields.is_empty() || !control.take(text, value, bytes);
            } else {
                let field = Field::decoded(bytes, name, value);
                // Malformed (RFC 9113 §8.2.1): what the receiver makes of it is not known.
                control.malformed |= field.odd_name || (!field.plain && has_line_break(value.of(bytes)));
                head.fields.push(field);
            }
        }
        if let Some(authority) = control.authority
            && head.fields.named(&HOST, bytes).next().is_none()
        {
            let name = block.append(b"host");
            head.fields.push_first(Field::decoded(block.bytes(), name, authority));
        }
        Ok(())
    }

    /// The bytes that `head` and `control` point into.
    pub fn bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    pub fn make_request(&mut self) {
        let target = self.control.target(self.bytes()).unwrap_or_default();
        self.head.start = StartLine::Request { method: self.control.method.unwrap_or_default(), target };
    }

    pub fn make_response(&mut self) {
        self.head.start = StartLine::Status { code: self.control.status.unwrap_or(0), reason: Span::default() };
    }

    pub fn memory_bytes(&self) -> usize {
        self.block.memory_bytes() + self.head.fields.memory_bytes()
    }
}

impl Control {
    /// Returns false if the field says nothing that it may say.
    fn take(&mut self, name: &[u8], value: Span, bytes: &[u8]) -> bool {
        let place = match name {
            b":method" => &mut self.method,
            b":scheme" => &mut self.scheme,
            b":authority" => &mut self.authority,
            b":path" => &mut self.path,
            b":protocol" => &mut self.protocol,
            b":status" => {
                let status = status(value.of(bytes));
                let is_first = self.status.is_none();
                self.status = self.status.or(status);
                return is_first && status.is_some();
            }
            _ => return false,
        };
        let is_first = place.is_none();
        place.get_or_insert(value);
        is_first
    }
}

fn has_line_break(value: &[u8]) -> bool {
    value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// Three digits (RFC 9110 §15).
fn status(text: &[u8]) -> Option<u16> {
    match *text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}
