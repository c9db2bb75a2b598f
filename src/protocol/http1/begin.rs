//! The message that a complete head begins: how its body is framed, its exchange, and the future of the connection.

use super::exchange::{Exchange, Exchanges, Place};
use super::framing::{self, Asked, Framing};
use super::in_progress::STATUS_LINE;
use super::malformed::Malformed;
use crate::message::{Direction, Head, RequestVerdict, Selection, StartLine, StreamOf, Switch};
use crate::protocol::Readers;
use crate::protocol::inside::Inside;
use crate::protocol::websocket::Agreement;

#[derive(Debug)]
pub(super) struct Begun {
    /// In doubt where the message ends, why.
    pub framing: Result<Framing, Malformed>,
    /// The switch after this message: a request asks for it, a response grants it.
    pub switch_after: Option<Switch>,
    pub number: u32,
    /// Of a request always true.
    pub request_seen: bool,
    pub verdict: RequestVerdict,
    /// Of a final response: the request that it answers.
    pub exchange: Option<Exchange>,
    /// A response that comes before the final one.
    pub interim: bool,
    /// A response that has no body whatever its fields say.
    pub bodyless: bool,
    /// Its request is not known, and a HEAD is among those that it may answer.
    pub may_answer_head: bool,
    /// It takes the connection there.
    pub switch: Option<Switch>,
    /// The protocol after the switch takes over: there is a reader of it, and nothing says that the client did not ask for it.
    pub hands_over: bool,
    /// Of a switch to WebSocket that is followed.
    pub agreement: Agreement,
}

impl Begun {
    pub fn request(head: &Head, bytes: &[u8], place: Place, exchanges: &mut Exchanges, selection: &Selection) -> Self {
        let (framing, switch_asked) = match framing::of_request(head, bytes) {
            Ok((framing, switch_asked)) => (Ok(framing), switch_asked),
            Err(reason) => (Err(reason), None),
        };
        let verdict = selection.judge(head, bytes);
        let number = exchanges.asked(head.method(bytes), head.target(bytes), switch_asked, verdict, place);
        Self {
            framing,
            switch_after: switch_asked,
            number,
            request_seen: true,
            verdict,
            exchange: None,
            interim: false,
            bodyless: false,
            may_answer_head: false,
            switch: None,
            hands_over: false,
            agreement: Agreement::default(),
        }
    }

    pub fn response(head: &Head, bytes: &[u8], place: Place, exchanges: &mut Exchanges, readers: Readers) -> Self {
        let code = match head.start {
            StartLine::Status { code, .. } => code,
            StartLine::Request { .. } => 0,
        };
        let interim = matches!(code, 100 | 102..=199);
        if !interim {
            exchanges.note_answer(place);
        }
        let Some(found) = exchanges.find(place) else {
            let framing = framing::of_response(head, bytes, Asked::Other);
            // Which request it answers is not known, and a CONNECT is among those that it may answer.
            let may_open_tunnel = matches!(code, 200..=299)
                && framing == Ok(Framing::CloseDelimited)
                && exchanges.may_answer(place, Asked::Connect);
            let switch = match code {
                101 => Some(Switch::named_in(head, bytes)),
                _ => may_open_tunnel.then_some(Switch::Tunnel),
            };
            // Where it is not known which request was answered, what comes then may be HTTP/1.x still.
            let followed = follow(switch, head, bytes, Readers { tunnels: false, ..readers });
            exchanges.switched |= switch.is_some();
            if switch.is_some() && followed.is_none() {
                exchanges.switched_at = place.acked;
            }
            let may_answer_head = exchanges.may_answer(place, Asked::Head);
            if !interim {
                exchanges.note_unpaired();
            }
            return Self {
                framing: if may_open_tunnel { Ok(Framing::NoBody) } else { framing },
                switch_after: switch,
                number: exchanges.next_number(),
                request_seen: false,
                verdict: RequestVerdict::default(),
                exchange: None,
                interim,
                bodyless: matches!(code, 204 | 304),
                may_answer_head,
                switch,
                hands_over: followed.is_some(),
                agreement: followed.unwrap_or_default(),
            };
        };
        let (number, asked, asked_for, verdict) =
            (found.number, found.asked, found.switch_asked, found.request.verdict);
        let framing = framing::of_response(head, bytes, asked);
        let tunnel = asked == Asked::Connect && matches!(code, 200..=299);
        let switch = if tunnel { Some(Switch::Tunnel) } else { (code == 101).then(|| Switch::named_in(head, bytes)) };
        let switches = switch.is_some();
        let followed = follow(switch, head, bytes, readers).filter(|_| asked_for.is_some());
        let exchange = if interim { None } else { exchanges.answer_first() };
        exchanges.switched |= switches;
        if !interim && !switches && asked_for.is_some() {
            exchanges.declined = Some(number);
        }
        let bodyless = matches!(code, 204 | 304) || asked == Asked::Head;
        Self {
            framing,
            switch_after: switch,
            number,
            request_seen: true,
            verdict,
            exchange,
            interim,
            bodyless: bodyless && !interim,
            may_answer_head: false,
            switch,
            hands_over: followed.is_some(),
            agreement: followed.unwrap_or_default(),
        }
    }

    /// The WebSocket after it is counted when it is read.
    pub fn is_followed_to_a_web_socket(&self) -> bool {
        self.hands_over && self.switch == Some(Switch::WebSocket)
    }

    /// The reader of its body as it comes, if there is such a reader.
    pub fn inside(&self, head: &Head, bytes: &[u8]) -> Option<Inside> {
        if self.interim || self.framing == Ok(Framing::NoBody) {
            return None;
        }
        let (direction, status, path) = match head.start {
            StartLine::Request { .. } => (Direction::Request, None, head.target(bytes)),
            StartLine::Status { code, .. } => {
                let path = self.exchange.as_ref().map_or(&[][..], |exchange| exchange.request.target());
                (Direction::Response, Some(code), path)
            }
        };
        let verdict = self.verdict;
        let of = StreamOf { exchange: self.number, request_seen: self.request_seen, verdict, status };
        Inside::of(direction, head, bytes, of, path, None)
    }

    /// The bytes that may be its body begin like the next response, as far as they go.
    pub fn spells_a_response(&self, rest: &[u8]) -> bool {
        let body = match self.framing {
            Ok(Framing::Length(length)) => rest.get(..length as usize).unwrap_or_default(),
            _ => &[],
        };
        rest.starts_with(STATUS_LINE) || (!body.is_empty() && STATUS_LINE.starts_with(body))
    }

    /// It is a response that lets expect a body and whose request was not seen: if that was a HEAD, no body comes.
    pub fn may_answer_a_head_request(&self, head: &Head) -> bool {
        matches!(head.start, StartLine::Status { .. })
            && !self.request_seen
            && matches!(
                self.framing,
                Ok(Framing::Length(_) | Framing::LengthOrClose(_) | Framing::Chunked | Framing::CloseDelimited)
            )
    }
}

/// The agreement of both sides, if there is a reader of the protocol after the switch.
fn follow(switch: Option<Switch>, head: &Head, bytes: &[u8], readers: Readers) -> Option<Agreement> {
    match switch {
        Some(Switch::H2c) => Some(Agreement::default()),
        Some(Switch::Tunnel) if readers.tunnels => Some(Agreement::default()),
        Some(Switch::WebSocket) if readers.streams => Agreement::of(head, bytes),
        _ => None,
    }
}
