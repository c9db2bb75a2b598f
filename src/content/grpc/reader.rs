//! The frames of a body: five bytes (a flag and a length), then the message. Nothing is kept but what there is of the five.

pub(super) const PREFIX_BYTES: usize = 5;
const COMPRESSED: u8 = 1;
/// gRPC-Web: what follows are the trailers.
const TRAILERS: u8 = 0x80;

/// The parts of a body, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// A message, or the trailers, of `size` bytes. `Data` and `Gap` follow, then `End`.
    Begin {
        is_trailers: bool,
        compressed: bool,
        size: u32,
    },
    Data(&'a [u8]),
    /// So many bytes of it did not arrive.
    Gap(u32),
    End,
}

/// Reads the frames of one body, in whatever pieces it comes.
#[derive(Debug, Clone)]
pub struct FrameReader {
    state: State,
    has_trailers: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// So many bytes of the next prefix are there.
    Prefix([u8; PREFIX_BYTES], u8),
    Data {
        left: u32,
        is_trailers: bool,
    },
    /// After the trailers nothing comes.
    Over,
    /// The next bytes are not framed so, or a gap made it unknown where the next frame begins.
    Lost,
}

const FRESH: State = State::Prefix([0; PREFIX_BYTES], 0);

impl FrameReader {
    /// `has_trailers` is true for gRPC-Web.
    pub fn new(has_trailers: bool) -> Self {
        Self { state: FRESH, has_trailers }
    }

    /// It is not known how the body goes on.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// The body may end here.
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Prefix(_, 0) | State::Over)
    }

    pub fn push<'a>(&mut self, mut data: &'a [u8], on: &mut impl FnMut(Part<'a>)) {
        while !data.is_empty() {
            match self.state {
                State::Prefix(..) => data = self.prefix(data, on),
                State::Data { left, is_trailers } => {
                    let here = data.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let (message, rest) = data.split_at(here);
                    data = rest;
                    on(Part::Data(message));
                    self.advance(left - u32::try_from(here).unwrap_or(left), is_trailers, on);
                }
                State::Over => self.state = State::Lost,
                State::Lost => return,
            }
        }
    }

    /// So many bytes of the body did not arrive. Within a message that is all that is lost.
    pub fn gap<'a>(&mut self, bytes: u64, on: &mut impl FnMut(Part<'a>)) {
        if bytes == 0 {
            return;
        }
        match (self.state, u32::try_from(bytes)) {
            (State::Data { left, is_trailers }, Ok(bytes)) if bytes <= left => {
                on(Part::Gap(bytes));
                self.advance(left - bytes, is_trailers, on);
            }
            _ => self.state = State::Lost,
        }
    }

    fn prefix<'a>(&mut self, data: &'a [u8], on: &mut impl FnMut(Part<'a>)) -> &'a [u8] {
        let State::Prefix(mut prefix, have) = self.state else { return data };
        let wanted = prefix.get_mut(usize::from(have)..).unwrap_or_default();
        let here = wanted.len().min(data.len());
        let (bytes, rest) = data.split_at(here);
        wanted.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let have = usize::from(have) + here;
        if have < PREFIX_BYTES {
            self.state = State::Prefix(prefix, u8::try_from(have).unwrap_or_default());
            return rest;
        }
        let [flags, length @ ..] = prefix;
        let is_trailers = self.has_trailers && flags & TRAILERS != 0;
        if flags & !COMPRESSED != if is_trailers { TRAILERS } else { 0 } {
            self.state = State::Lost;
            return &[];
        }
        let size = u32::from_be_bytes(length);
        on(Part::Begin { is_trailers, compressed: flags & COMPRESSED != 0, size });
        self.advance(size, is_trailers, on);
        rest
    }

    fn advance<'a>(&mut self, left: u32, is_trailers: bool, on: &mut impl FnMut(Part<'a>)) {
        self.state = match left {
            0 if is_trailers => State::Over,
            0 => FRESH,
            left => State::Data { left, is_trailers },
        };
        if left == 0 {
            on(Part::End);
        }
    }
}
