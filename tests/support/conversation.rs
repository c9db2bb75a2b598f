//! What a client and a server say to each other on one connection.

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

/// A body with its framing.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Without any framing field.
    None,
    Length(Vec<u8>),
    /// Each chunk with what stands behind its size.
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
    pub interims: Vec<Response>,
    pub response: Response,
}

/// How requests and answers follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The next request leaves when the whole answer is there.
    OneByOne,
    /// So many requests leave together, in one write.
    Together(usize),
    /// So many requests leave one behind the other, and each answer acknowledges no more than it needs to.
    Eager(usize),
}

/// What follows the last exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    Client,
    Server,
    /// The capture ends first.
    Open,
}

#[derive(Debug, Clone)]
pub struct Conversation {
    pub exchanges: Vec<Exchange>,
    pub pace: Pace,
    /// What both sides say when the last exchange has left HTTP/1.x.
    pub tunnel: Option<(Vec<u8>, Vec<u8>)>,
    pub close: Close,
}

/// One write, or several of the same side without waiting for the other.
#[derive(Debug, Clone)]
pub struct Turn {
    pub from: From,
    pub range: Range<usize>,
    /// How much of the other side's stream its segments acknowledge.
    pub heard: usize,
}

/// A message as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub from: From,
    /// The index of its exchange.
    pub exchange: usize,
    pub interim: bool,
    /// Its place in the stream.
    pub range: Range<usize>,
    pub body_at: usize,
    /// Where bytes of the body lie. A loss within one of them can be crossed.
    pub body_ranges: Vec<Range<usize>>,
    pub body: Vec<u8>,
    pub close_delimited: bool,
    /// What its end depends on is in the request: the method.
    pub announced: bool,
}

#[derive(Clone)]
pub struct Rendered {
    pub conversation: Conversation,
    streams: [Vec<u8>; 2],
    pub turns: Vec<Turn>,
    /// In the order in which they were begun.
    pub sent: Vec<Sent>,
}

/// The streams as text: a failed case is to be read.
impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:?} {:?}", self.conversation.pace, self.conversation.close)?;
        for turn in &self.turns {
            let bytes = self.stream(turn.from)[turn.range.clone()].escape_ascii();
            writeln!(f, "  {:?} {:?}, heard {}: {bytes}", turn.from, turn.range, turn.heard)?;
        }
        Ok(())
    }
}

impl Rendered {
    pub fn stream(&self, from: From) -> &[u8] {
        &self.streams[from as usize]
    }

    pub fn of(conversation: Conversation) -> Self {
        let mut rendered = Self {
            streams: [Vec::new(), Vec::new()],
            turns: Vec::new(),
            sent: Vec::new(),
            conversation: conversation.clone(),
        };
        let Conversation { exchanges, pace, tunnel, .. } = &conversation;
        let burst = match *pace {
            Pace::OneByOne => 1,
            Pace::Together(size) | Pace::Eager(size) => size.max(1),
        };
        let mut at = 0;
        while at < exchanges.len() {
            // Who waits for a 100 (Continue) or for another protocol does not pipeline.
            let waits =
                |index: usize| exchanges[index].expects_continue || (tunnel.is_some() && index + 1 == exchanges.len());
            let mut end = (at + 1).min(exchanges.len());
            while !waits(at) && end < exchanges.len() && end - at < burst && !waits(end) {
                end += 1;
            }
            match pace {
                Pace::Eager(_) if end - at > 1 => rendered.eager(at..end),
                _ => rendered.burst(at..end),
            }
            at = end;
        }
        if let Some((client, server)) = tunnel {
            rendered.write(From::Client, client);
            rendered.write(From::Server, server);
        }
        rendered
    }

    /// All requests, then all answers.
    fn burst(&mut self, indices: Range<usize>) {
        let exchanges = self.conversation.exchanges.clone();
        if let [exchange] = &exchanges[indices.clone()]
            && exchange.expects_continue
        {
            let request = self.add_request(indices.start);
            self.turn(From::Client, request.start..self.sent.last().unwrap().body_at);
            let body = self.sent.last().unwrap().body_at..request.end;
            for (number, interim) in exchange.interims.iter().enumerate() {
                let range = self.add_response(indices.start, interim, true);
                // The client's body is in the stream already, and not yet on the way.
                self.turns.push(Turn { from: From::Server, range, heard: body.start });
                if number == 0 {
                    let heard = self.stream(From::Server).len();
                    self.turns.push(Turn { from: From::Client, range: body.clone(), heard });
                }
            }
            let range = self.add_response(indices.start, &exchange.response, false);
            self.turn(From::Server, range);
            return;
        }
        let start = self.stream(From::Client).len();
        for index in indices.clone() {
            self.add_request(index);
        }
        self.turn(From::Client, start..self.stream(From::Client).len());
        let start = self.stream(From::Server).len();
        for index in indices {
            for interim in &exchanges[index].interims {
                self.add_response(index, interim, true);
            }
            self.add_response(index, &exchanges[index].response, false);
        }
        self.turn(From::Server, start..self.stream(From::Server).len());
    }

    /// Each request is a write of its own; its answer follows when the next request is on its way.
    fn eager(&mut self, indices: Range<usize>) {
        let exchanges = self.conversation.exchanges.clone();
        let mut needed: Vec<(usize, usize)> = Vec::new();
        for index in indices {
            let request = self.add_request(index);
            self.turn(From::Client, request.clone());
            needed.push((index, request.end));
            if needed.len() > 1 {
                let (index, heard) = needed.remove(0);
                self.answer(index, &exchanges[index], heard);
            }
        }
        for (index, heard) in needed {
            self.answer(index, &exchanges[index], heard);
        }
    }

    fn answer(&mut self, index: usize, exchange: &Exchange, heard: usize) {
        for (response, interim) in
            exchange.interims.iter().map(|interim| (interim, true)).chain([(&exchange.response, false)])
        {
            let range = self.add_response(index, response, interim);
            self.turns.push(Turn { from: From::Server, range, heard });
        }
    }

    fn write(&mut self, from: From, bytes: &[u8]) {
        let start = self.stream(from).len();
        self.streams[from as usize].extend_from_slice(bytes);
        self.turn(from, start..start + bytes.len());
    }

    fn turn(&mut self, from: From, range: Range<usize>) {
        if !range.is_empty() {
            let heard = self.stream(from.other()).len();
            self.turns.push(Turn { from, range, heard });
        }
    }

    fn add_request(&mut self, index: usize) -> Range<usize> {
        let request = self.conversation.exchanges[index].request.clone();
        let line = format!("{} {} HTTP/1.{}", request.method, request.target, request.minor);
        self.add(From::Client, index, false, &line, &request.fields, &request.payload)
    }

    fn add_response(&mut self, index: usize, response: &Response, interim: bool) -> Range<usize> {
        let line = format!("HTTP/1.{} {} {}", response.minor, response.code, response.reason);
        self.add(From::Server, index, interim, &line, &response.fields, &response.payload)
    }

    fn add(
        &mut self,
        from: From,
        exchange: usize,
        interim: bool,
        line: &str,
        fields: &[Field],
        payload: &Payload,
    ) -> Range<usize> {
        let stream = &mut self.streams[from as usize];
        let start = stream.len();
        let push = |stream: &mut Vec<u8>, text: &str| stream.extend_from_slice(text.as_bytes());
        push(stream, &format!("{line}\r\n"));
        for (name, value) in fields.iter().chain(&framing_field(payload)) {
            push(stream, &format!("{name}: {value}\r\n"));
        }
        push(stream, "\r\n");
        let body_at = stream.len();
        let mut body_ranges = Vec::new();
        let mut body = Vec::new();
        let mut data = |stream: &mut Vec<u8>, bytes: &[u8]| {
            if !bytes.is_empty() {
                body_ranges.push(stream.len()..stream.len() + bytes.len());
            }
            stream.extend_from_slice(bytes);
            body.extend_from_slice(bytes);
        };
        match payload {
            Payload::None | Payload::Announced(_) => {}
            Payload::Length(bytes) | Payload::UntilClose(bytes) => data(stream, bytes),
            Payload::Chunked { chunks, trailers } => {
                for (extension, bytes) in chunks.iter().filter(|(_, bytes)| !bytes.is_empty()) {
                    push(stream, &format!("{:x}{extension}\r\n", bytes.len()));
                    data(stream, bytes);
                    push(stream, "\r\n");
                }
                push(stream, "0\r\n");
                for (name, value) in trailers {
                    push(stream, &format!("{name}: {value}\r\n"));
                }
                push(stream, "\r\n");
            }
        }
        let range = start..stream.len();
        self.sent.push(Sent {
            from,
            exchange,
            interim,
            range: range.clone(),
            body_at,
            body_ranges,
            body,
            close_delimited: matches!(payload, Payload::UntilClose(_)),
            announced: matches!(payload, Payload::Announced(_)),
        });
        range
    }
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
