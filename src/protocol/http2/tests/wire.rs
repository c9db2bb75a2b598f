//! A peer of our own: frames, and header blocks with a dynamic table.

/// A header-block encoder that indexes whatever it may, without static table and Huffman coding except where a test asks.
#[derive(Debug, Clone)]
pub struct Encoder {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    max_bytes: usize,
    update: Option<usize>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { entries: Vec::new(), max_bytes: 4_096, update: None }
    }
}

impl Encoder {
    pub fn resize(&mut self, bytes: usize) {
        (self.max_bytes, self.update) = (bytes, Some(bytes));
        self.evict();
    }

    pub fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        if let Some(bytes) = self.update.take() {
            integer(&mut block, 0x20, 5, bytes);
        }
        for (name, value) in fields {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            match (name, value) {
                (b":method", b"GET") => block.push(0x82),
                (b":method", b"POST") => block.push(0x83),
                (b":scheme", b"http") => block.push(0x86),
                (b":status", b"200") => block.push(0x88),
                _ if name.starts_with(b"x-plain") => literal(&mut block, 0x00, name, value),
                _ if name == b"authorization" => literal(&mut block, 0x10, name, value),
                _ => self.indexed(&mut block, name, value),
            }
        }
        block
    }

    fn indexed(&mut self, block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        if let Some(index) = self.entries.iter().position(|(n, v)| n == name && v == value) {
            return integer(block, 0x80, 7, 62 + index);
        }
        match self.entries.iter().position(|(known, _)| known == name) {
            Some(index) => {
                integer(block, 0x40, 6, 62 + index);
                string(block, value);
            }
            None => literal(block, 0x40, name, value),
        }
        self.entries.insert(0, (name.to_vec(), value.to_vec()));
        self.evict();
    }

    fn evict(&mut self) {
        let size = |entries: &[(Vec<u8>, Vec<u8>)]| entries.iter().map(|(n, v)| n.len() + v.len() + 32).sum::<usize>();
        while size(&self.entries) > self.max_bytes {
            self.entries.pop();
        }
    }
}

fn literal(block: &mut Vec<u8>, kind: u8, name: &[u8], value: &[u8]) {
    block.push(kind);
    string(block, name);
    string(block, value);
}

fn string(block: &mut Vec<u8>, text: &[u8]) {
    integer(block, 0, 7, text.len());
    block.extend_from_slice(text);
}

fn integer(block: &mut Vec<u8>, kind: u8, bits: u32, value: usize) {
    let max = (1 << bits) - 1;
    if value < max {
        return block.push(kind | value as u8);
    }
    block.push(kind | max as u8);
    let mut rest = value - max;
    while rest >= 128 {
        block.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    block.push(rest as u8);
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = (payload.len() as u32).to_be_bytes();
    [&[a, b, c, kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> =
        values.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(4, 0, 0, &payload)
}

pub fn settings_ack() -> Vec<u8> {
    frame(4, 1, 0, &[])
}

pub fn headers(stream: u32, block: &[u8], end: bool) -> Vec<u8> {
    frame(1, 4 | u8::from(end), stream, block)
}

/// HEADERS and CONTINUATION frames of `size` bytes each.
pub fn headers_in_pieces(stream: u32, block: &[u8], end: bool, size: usize) -> Vec<u8> {
    let pieces: Vec<_> = block.chunks(size).collect();
    let last = pieces.len() - 1;
    let frames = pieces.iter().enumerate().map(|(index, piece)| {
        let (kind, end) = if index == 0 { (1, u8::from(end)) } else { (9, 0) };
        frame(kind, end | if index == last { 4 } else { 0 }, stream, piece)
    });
    frames.collect::<Vec<_>>().concat()
}

pub fn data(stream: u32, body: &[u8], end: bool) -> Vec<u8> {
    frame(0, u8::from(end), stream, body)
}

pub fn padded_data(stream: u32, body: &[u8], pad: u8, end: bool) -> Vec<u8> {
    frame(0, 8 | u8::from(end), stream, &[&[pad], body, &vec![0; usize::from(pad)][..]].concat())
}

pub fn rst(stream: u32, code: u32) -> Vec<u8> {
    frame(3, 0, stream, &code.to_be_bytes())
}

pub fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(7, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

pub fn ping() -> Vec<u8> {
    frame(6, 0, 0, b"12345678")
}

pub fn window_update(stream: u32) -> Vec<u8> {
    frame(8, 0, stream, &[0, 0, 1, 0])
}

pub fn priority(stream: u32) -> Vec<u8> {
    frame(2, 0, stream, &[0, 0, 0, 3, 200])
}

pub fn push_promise(stream: u32, promised: u32, block: &[u8]) -> Vec<u8> {
    frame(5, 4, stream, &[&promised.to_be_bytes()[..], block].concat())
}
