//! The bytes of a client and a server on one connection, and the messages in them.

use std::ops::Range;

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
}

impl From {
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

pub type Field = (String, String);

/// The field that tells which message this is.
pub const MARK: &str = "X-N";

/// A body with its framing.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Without any framing field.
    None,
    Length(Vec<u8>),
    /// Each chunk with what stands after its size.
    Chunked {
        chunks: Vec<(String, Vec<u8>)>,
        trailers: Vec<Field>,
    },
    UntilClose(Vec<u8>),
    /// A length is announced and no body follows: the answer to HEAD, or a 304.
    Announced(usize),
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub target: String,
    pub minor: u8,
    pub fields: Vec<Field>,
    pub payload: Payload,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub code: u16,
    pub reason: String,
    pub minor: u8,
    pub fields: Vec<Field>,
    pub payload: Payload,
}

#[derive(Debug, Clone)]
pub struct Exchange {
    pub request: Request,
    /// The client waits for a 100 (Continue) before it sends the body.
    pub expects_continue: bool,
    /// The answer comes when the server has read the request's head; the client sends its body all the same.
    pub answered_early: bool,
    pub interims: Vec<Response>,
    pub response: Response,
}

impl Exchange {
    /// Makes its messages unlike all others: a number in the target, and a field `X-N` in each.
    pub fn mark(&mut self, number: usize) {
        self.request.target = format!("/{number}{}", self.request.target);
        self.request.fields.insert(0, (MARK.into(), format!("c{number}")));
        self.response.fields.insert(0, (MARK.into(), format!("s{number}")));
        for (index, interim) in self.interims.iter_mut().enumerate() {
            interim.fields.insert(0, (MARK.into(), format!("i{number}.{index}")));
        }
    }
}

/// How requests and answers follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The next request leaves when the whole answer is there.
    OneByOne,
    /// So many requests leave together, in one write.
    Together(usize),
    /// So many requests leave one after the other, and each answer acknowledges no more than it needs to.
    Eager(usize),
    /// So many requests leave one after the other without waiting, and each is answered when it is there.
    Pipelined(usize),
}

/// The end of the connection after the last exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    Client,
    Server,
    /// The capture ends first.
    Open,
}

#[derive(Debug, Clone)]
pub struct Conversation {
    /// The bytes that a proxy sends about the connection before the first request.
    pub prefix: Vec<u8>,
    pub exchanges: Vec<Exchange>,
    pub pace: Pace,
    /// The bytes that both sides send when the last exchange has left HTTP/1.x.
    pub tunnel: Option<Vec<(From, Vec<u8>)>>,
    pub close: Close,
}

/// One write, or several of the same side without waiting for the other.
#[derive(Debug, Clone)]
pub struct Turn {
    pub from: From,
    pub range: Range<usize>,
    /// How much of the other side's stream it waits for, and so acknowledges at least.
    pub acked: usize,
}

/// A message as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub from: From,
    /// The index of its exchange.
    pub exchange: usize,
    pub interim: bool,
    pub mark: String,
    /// Its place in the stream.
    pub range: Range<usize>,
    pub body_at: usize,
    /// Where bytes of the body lie. A loss within one of them can be crossed.
    pub body_ranges: Vec<Range<usize>>,
    pub body: Vec<u8>,
    pub close_delimited: bool,
    /// Its end depends on the request: on the method.
    pub announced: bool,
}

/// The field that tells how the body is framed.
pub fn framing_field(payload: &Payload) -> Option<Field> {
    let field = |name: &str, value: String| Some((name.to_owned(), value));
    match payload {
        Payload::None => None,
        Payload::UntilClose(_) => field("Connection", "close".into()),
        Payload::Length(bytes) => field("Content-Length", bytes.len().to_string()),
        Payload::Announced(bytes) => field("Content-Length", bytes.to_string()),
        Payload::Chunked { .. } => field("Transfer-Encoding", "chunked".into()),
    }
}
