//! What a complete head begins: how its body is framed, which exchange it belongs to, what becomes of the connection.

use super::Malformed;
use super::exchange::{Exchange, Exchanges, Place};
use super::framing::{self, Asked, Framing, Wish};
use super::head::{Head, StartLine};
use crate::selection::{Judged, Selection};

#[derive(Debug)]
pub(super) struct Begun {
    /// In doubt where the message ends, why.
    pub framing: Result<Framing, Malformed>,
    pub wish: Wish,
    pub number: u32,
    pub judged: Option<Judged>,
    /// Of a final response: the request that it answers.
    pub exchange: Option<Exchange>,
    /// A response that comes before the final one.
    pub interim: bool,
}

impl Begun {
    pub fn request(head: &Head, bytes: &[u8], place: Place, exchanges: &mut Exchanges, selection: &Selection) -> Self {
        let (framing, wish) = match framing::of_request(head, bytes) {
            Ok((framing, wish)) => (Ok(framing), wish),
            Err(reason) => (Err(reason), Wish::None),
        };
        let judged = selection.judge(head, bytes);
        let number = exchanges.asked(head.method(bytes), head.target(bytes), wish, judged, place);
        Self { framing, wish, number, judged: Some(judged), exchange: None, interim: false }
    }

    pub fn response(head: &Head, bytes: &[u8], place: Place, exchanges: &mut Exchanges) -> Self {
        let code = match head.start {
            StartLine::Status { code, .. } => code,
            StartLine::Request { .. } => 0,
        };
        let interim = matches!(code, 100 | 102..=199);
        let Some(found) = exchanges.find(place) else {
            exchanges.switched |= code == 101;
            return Self {
                framing: framing::of_response(head, bytes, Asked::Other),
                wish: if code == 101 { Wish::Upgrade } else { Wish::None },
                number: exchanges.next_number(),
                judged: None,
                exchange: None,
                interim,
            };
        };
        let (number, asked, wished, judged) = (found.number, found.asked, found.wish, found.judged);
        let framing = framing::of_response(head, bytes, asked);
        let tunnel = asked == Asked::Connect && matches!(code, 200..=299);
        let switches = code == 101 || tunnel;
        let exchange = if interim { None } else { exchanges.take_first() };
        exchanges.switched |= switches;
        if !interim && !switches && wished != Wish::None {
            exchanges.declined = Some(number);
        }
        let wish = if switches { Wish::Tunnel } else { Wish::None };
        Self { framing, wish, number, judged: Some(judged), exchange, interim }
    }

    /// It is a response that lets expect a body and whose request was not seen: if that was a HEAD, no body comes.
    pub fn may_answer_a_head_request(&self, head: &Head) -> bool {
        matches!(head.start, StartLine::Status { .. })
            && self.judged.is_none()
            && matches!(self.framing, Ok(Framing::Length(_) | Framing::Chunked | Framing::CloseDelimited))
    }
}
