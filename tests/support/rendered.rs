//! A conversation as two streams: what is said in turn, and where each message lies.

use std::ops::Range;

use super::conversation::{
    Conversation, Exchange, Field, From, MARK, Pace, Payload, Response, Sent, Turn, framing_field,
};

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
            writeln!(f, "  {:?} {:?}, acked {}: {bytes}", turn.from, turn.range, turn.acked)?;
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
            streams: [conversation.prefix.clone(), Vec::new()],
            turns: Vec::new(),
            sent: Vec::new(),
            conversation: conversation.clone(),
        };
        let Conversation { exchanges, pace, tunnel, .. } = &conversation;
        let burst = match *pace {
            Pace::OneByOne => 1,
            Pace::Together(size) | Pace::Eager(size) | Pace::Pipelined(size) => size.max(1),
        };
        // A client that waits for a 100 (Continue) or for another protocol does not pipeline.
        let waits = |index: usize| {
            let last = tunnel.is_some() && index + 1 == exchanges.len();
            exchanges[index].expects_continue || exchanges[index].answered_early || last
        };
        let mut at = 0;
        while at < exchanges.len() {
            let mut end = (at + 1).min(exchanges.len());
            while !waits(at) && end < exchanges.len() && end - at < burst && !waits(end) {
                end += 1;
            }
            let burst = (at..end).zip(&exchanges[at..end]);
            match (pace, &exchanges[at]) {
                (_, first) if first.expects_continue => rendered.expecting(at, first),
                (_, first) if first.answered_early => rendered.answered_early(at, first),
                (Pace::Eager(_), _) if end - at > 1 => rendered.eager(burst),
                (Pace::Pipelined(_), _) => rendered.pipelined(burst),
                _ => rendered.together(burst),
            }
            at = end;
        }
        for (from, bytes) in tunnel.iter().flatten() {
            let start = rendered.stream(*from).len();
            rendered.streams[*from as usize].extend_from_slice(bytes);
            rendered.turn(*from, start..start + bytes.len());
        }
        rendered
    }

    fn expecting(&mut self, index: usize, exchange: &Exchange) {
        let (head, body) = self.add_request_in_two(index);
        self.turn(From::Client, head);
        for (number, interim) in exchange.interims.iter().enumerate() {
            let range = self.add_response(index, interim, true);
            // The client's body is in the stream already, and not yet on the way.
            self.turns.push(Turn { from: From::Server, range, acked: body.start });
            if number == 0 {
                self.turn(From::Client, body.clone());
            }
        }
        let range = self.add_response(index, &exchange.response, false);
        self.turn(From::Server, range);
    }

    fn answered_early(&mut self, index: usize, exchange: &Exchange) {
        let (head, body) = self.add_request_in_two(index);
        self.turn(From::Client, head);
        self.turn(From::Client, body.clone());
        self.answer(index, exchange, body.start);
    }

    /// All requests, then all answers, each in one write.
    fn together<'a>(&mut self, burst: impl Iterator<Item = (usize, &'a Exchange)> + Clone) {
        let starts = From::BOTH.map(|side| self.stream(side).len());
        for (index, _) in burst.clone() {
            self.add_request(index);
        }
        self.turn(From::Client, starts[0]..self.stream(From::Client).len());
        for (index, exchange) in burst {
            for interim in &exchange.interims {
                self.add_response(index, interim, true);
            }
            self.add_response(index, &exchange.response, false);
        }
        self.turn(From::Server, starts[1]..self.stream(From::Server).len());
    }

    /// Each request is a write of its own; its answer follows when the next request is on its way.
    fn eager<'a>(&mut self, burst: impl Iterator<Item = (usize, &'a Exchange)>) {
        let mut needed = None;
        for (index, exchange) in burst {
            let request = self.add_request(index);
            self.turn(From::Client, request.clone());
            if let Some((index, exchange, acked)) = needed.replace((index, exchange, request.end)) {
                self.answer(index, exchange, acked);
            }
        }
        if let Some((index, exchange, acked)) = needed {
            self.answer(index, exchange, acked);
        }
    }

    /// Each request is a write of its own, and none waits for an answer.
    fn pipelined<'a>(&mut self, burst: impl Iterator<Item = (usize, &'a Exchange)>) {
        let requests: Vec<_> = burst.map(|(index, exchange)| (index, exchange, self.add_request(index))).collect();
        for (_, _, range) in &requests {
            self.turn(From::Client, range.clone());
        }
        for (index, exchange, range) in requests {
            self.answer(index, exchange, range.end);
        }
    }

    fn answer(&mut self, index: usize, exchange: &Exchange, acked: usize) {
        let interims = exchange.interims.iter().map(|interim| (interim, true));
        for (response, interim) in interims.chain([(&exchange.response, false)]) {
            let range = self.add_response(index, response, interim);
            self.turns.push(Turn { from: From::Server, range, acked });
        }
    }

    fn turn(&mut self, from: From, mut range: Range<usize>) {
        if self.turns.is_empty() {
            range.start = 0; // the prefix leaves with the first request
        }
        if !range.is_empty() {
            let acked = self.stream(from.other()).len();
            self.turns.push(Turn { from, range, acked });
        }
    }

    fn add_request(&mut self, index: usize) -> Range<usize> {
        let request = self.conversation.exchanges[index].request.clone();
        let line = format!("{} {} HTTP/1.{}", request.method, request.target, request.minor);
        self.add(From::Client, index, false, &line, &request.fields, &request.payload)
    }

    /// Its head and its body.
    fn add_request_in_two(&mut self, index: usize) -> (Range<usize>, Range<usize>) {
        let all = self.add_request(index);
        let body_at = self.sent.last().unwrap().body_at;
        (all.start..body_at, body_at..all.end)
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
        let mark = fields.iter().find(|(name, _)| name == MARK).map(|(_, value)| value.clone()).unwrap_or_default();
        self.sent.push(Sent {
            from,
            exchange,
            interim,
            mark,
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
