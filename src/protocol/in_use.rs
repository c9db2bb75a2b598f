//! The protocol that a connection speaks, and what each of them can do.

use super::handover::{Handover, Piece};
use super::http1::HttpConnection;
use super::http2::Http2Connection;
use super::tunnel::Tunnel;
use super::websocket::{Pickup, WebSocketConnection};
use crate::flow::StreamEvent;
use crate::message::{Direction, HttpCounters, StreamOf, Switch};
use crate::protocol::Context;

/// RFC 9110 §15.2.2.
const SWITCHING_PROTOCOLS: u16 = 101;

/// The reader of a connection, by the protocol that it speaks.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "most connections are HTTP/1.x: an allocation less for each")]
pub enum Protocol {
    Http1(HttpConnection),
    Http2(Box<Http2Connection>),
    WebSocket(Box<WebSocketConnection>),
    /// Met in the middle, and not asked for: so many bytes were passed over.
    UnreadWebSocket(u64),
    Tunnel(Box<Tunnel>),
}

impl Protocol {
    #[inline]
    pub(super) fn on_event(&mut self, direction: Direction, event: StreamEvent<'_>, cx: &mut Context<'_>) {
        match self {
            Self::Http1(http) => {
                http.on_event(direction, event, cx);
                if http.is_handed_over()
                    && let Some(handover) = http.take_handover(cx.counters)
                {
                    self.follow(handover, cx);
                }
            }
            Self::Http2(http) => http.on_event(direction, event, cx),
            Self::WebSocket(socket) => socket.on_event(direction, event, cx),
            Self::UnreadWebSocket(bytes) => {
                if let StreamEvent::Data(more, _) = event {
                    *bytes += more.len() as u64;
                    cx.counters.passed_over_bytes += more.len() as u64;
                }
            }
            Self::Tunnel(tunnel) => tunnel.on_event(event, cx),
        }
    }

    /// Goes on with the protocol to which a response has taken the connection: what the server says comes first.
    #[cold]
    fn follow(&mut self, handover: Handover, cx: &mut Context<'_>) {
        if handover.switch == Switch::Tunnel {
            *self = Self::Tunnel(Box::new(Tunnel::new(handover)));
            return;
        }
        let Handover { switch, agreement, acked, request, number, last_number, mut client, client_ended, server } =
            handover;
        *self = if switch == Switch::WebSocket {
            cx.counters.streams.web_sockets += 1;
            let of = StreamOf {
                exchange: number,
                request_seen: request.is_some(),
                verdict: request.as_ref().map(|request| request.verdict).unwrap_or_default(),
                status: Some(SWITCHING_PROTOCOLS),
            };
            let begin = request.is_none().then_some(acked);
            // A loss before the client's frames is not a loss of frames: their place is known.
            let is_before = begin.is_some() && client.first() == Some(&Piece::Gap(0));
            client.drain(..usize::from(is_before));
            Self::WebSocket(Box::new(WebSocketConnection::new(of, agreement, begin)))
        } else {
            Self::Http2(Box::new(Http2Connection::upgraded(request, number, last_number)))
        };
        for piece in &server {
            self.on_event(Direction::Response, piece.as_event(), cx);
        }
        for piece in &client {
            self.on_event(Direction::Request, piece.as_event(), cx);
        }
        if let Some(clean) = client_ended {
            self.on_event(Direction::Request, StreamEvent::End { clean, reset: None }, cx);
        }
    }

    /// It is a WebSocket whose beginning was not seen. If its request was not either, that was an exchange of its own, after those so far.
    #[cold]
    pub(super) fn enter_web_socket(&mut self, pickup: Pickup, cx: &mut Context<'_>) {
        let Some(picked_up) = pickup.picked_up().filter(|_| cx.readers.streams) else {
            *self = Self::UnreadWebSocket(self.passed_over().0);
            return;
        };
        cx.counters.streams.web_sockets += 1;
        let request = match self {
            Self::Http1(http) => http.take_granted_unseen(cx.counters),
            _ => None,
        };
        let exchange = request.as_ref().map_or_else(|| self.last_number().wrapping_add(1), |(number, _)| *number);
        let of = StreamOf {
            exchange,
            request_seen: request.is_some(),
            verdict: request.map(|(_, request)| request.verdict).unwrap_or_default(),
            status: Some(SWITCHING_PROTOCOLS),
        };
        *self = Self::WebSocket(Box::new(WebSocketConnection::met(of, &picked_up, cx)));
    }

    /// HTTP/1.x, of which a response is lost that may have made a WebSocket of it.
    pub(super) fn may_be_web_socket(&self) -> bool {
        matches!(self, Self::Http1(http) if http.may_be_web_socket())
    }

    /// The client's bytes after its request for a WebSocket.
    pub(super) fn after_request(&self) -> Option<&[Piece]> {
        match self {
            Self::Http1(http) => http.after_request(),
            _ => None,
        }
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    pub(super) fn shed(&mut self, cx: &mut Context<'_>) {
        match self {
            Self::Http1(http) => http.shed(cx),
            Self::Http2(http) => http.shed(cx),
            Self::WebSocket(socket) => socket.shed(cx),
            Self::UnreadWebSocket(_) | Self::Tunnel(_) => {}
        }
    }

    #[inline]
    pub(super) fn buffered_bytes(&self) -> usize {
        match self {
            Self::Http1(http) => http.buffered_bytes(),
            Self::Http2(http) => http.buffered_bytes(),
            Self::WebSocket(socket) => socket.buffered_bytes(),
            Self::UnreadWebSocket(_) => 0,
            Self::Tunnel(tunnel) => tunnel.buffered_bytes(),
        }
    }

    /// A message was read on this connection.
    #[inline]
    pub(super) fn is_used(&self) -> bool {
        match self {
            Self::Http1(http) => http.is_used(),
            Self::Http2(http) => http.is_used(),
            Self::UnreadWebSocket(_) => false,
            Self::WebSocket(_) | Self::Tunnel(_) => true,
        }
    }

    /// Nothing of this direction was seen yet.
    #[inline]
    pub(super) fn is_untouched(&self, direction: Direction) -> bool {
        match self {
            Self::Http1(http) => http.is_untouched(direction),
            // It was entered for what was seen.
            Self::Http2(_) | Self::WebSocket(_) | Self::UnreadWebSocket(_) | Self::Tunnel(_) => false,
        }
    }

    #[inline]
    pub(super) fn note_syn(&mut self) {
        match self {
            Self::Http1(http) => http.note_syn(),
            Self::Http2(_) | Self::WebSocket(_) | Self::UnreadWebSocket(_) | Self::Tunnel(_) => {}
        }
    }

    /// Of the exchanges so far, where HTTP/2 may still turn out to be what follows them.
    pub(super) fn last_number(&self) -> u32 {
        match self {
            Self::Http1(http) => http.last_number(),
            Self::Tunnel(tunnel) => tunnel.last_number(),
            Self::Http2(_) | Self::WebSocket(_) | Self::UnreadWebSocket(_) => 0,
        }
    }

    /// Exchanges up to `last_number` came before it.
    pub(super) fn after(self, last_number: u32) -> Self {
        match self {
            Self::Http1(http) => Self::Http1(http.after(last_number)),
            Self::Http2(http) => Self::Http2(Box::new(http.after(last_number))),
            Self::WebSocket(_) | Self::UnreadWebSocket(_) | Self::Tunnel(_) => self,
        }
    }

    /// Takes bytes of which it is not known who sent them.
    pub(super) fn pass_over(&mut self, bytes: &[u8], counters: &mut HttpCounters) {
        match self {
            Self::Http1(http) => http.pass_over(bytes, counters),
            Self::Http2(_) | Self::WebSocket(_) | Self::UnreadWebSocket(_) | Self::Tunnel(_) => {
                counters.passed_over_bytes += bytes.len() as u64;
            }
        }
    }

    /// Bytes that were passed over, and what the first of them look like.
    #[inline]
    pub(super) fn passed_over(&self) -> (u64, Option<&'static str>) {
        match self {
            Self::Http1(http) => http.passed_over(),
            Self::Http2(http) => (http.passed_over_bytes(), Some("http/2")),
            Self::UnreadWebSocket(bytes) => (*bytes, Some("websocket")),
            Self::WebSocket(_) | Self::Tunnel(_) => (0, None),
        }
    }
}
