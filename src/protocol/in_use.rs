//! The protocol that a connection speaks, and what each of them can do.

use super::handover::Handover;
use super::http1::HttpConnection;
use super::http2::Http2Connection;
use crate::flow::StreamEvent;
use crate::message::{Context, Direction, HttpCounters};

/// The reader of a connection, by the protocol that it speaks.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "most connections are HTTP/1.x: an allocation less for each")]
pub enum Protocol {
    Http1(HttpConnection),
    Http2(Box<Http2Connection>),
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
        }
    }

    /// Goes on with HTTP/2, to which a response has taken the connection: its answer comes first.
    #[cold]
    fn follow(&mut self, handover: Handover, cx: &mut Context<'_>) {
        let Handover { request, number, last_number, client, client_ended, server, .. } = handover;
        let mut http = Box::new(Http2Connection::upgraded(request, number, last_number));
        for piece in &server {
            http.on_event(Direction::Response, piece.as_event(), cx);
        }
        for piece in &client {
            http.on_event(Direction::Request, piece.as_event(), cx);
        }
        if let Some(clean) = client_ended {
            http.on_event(Direction::Request, StreamEvent::End { clean, reset: false }, cx);
        }
        *self = Self::Http2(http);
    }

    /// Lets go of kept bodies and partial heads: memory is needed elsewhere.
    pub(super) fn shed(&mut self, cx: &mut Context<'_>) {
        match self {
            Self::Http1(http) => http.shed(cx),
            Self::Http2(http) => http.shed(cx),
        }
    }

    #[inline]
    pub(super) fn buffered_bytes(&self) -> usize {
        match self {
            Self::Http1(http) => http.buffered_bytes(),
            Self::Http2(http) => http.buffered_bytes(),
        }
    }

    /// A message was read on this connection.
    #[inline]
    pub(super) fn is_used(&self) -> bool {
        match self {
            Self::Http1(http) => http.is_used(),
            Self::Http2(http) => http.is_used(),
        }
    }

    /// Nothing of this direction was seen yet.
    #[inline]
    pub(super) fn is_untouched(&self, direction: Direction) -> bool {
        match self {
            Self::Http1(http) => http.is_untouched(direction),
            // It was entered for what was seen.
            Self::Http2(_) => false,
        }
    }

    #[inline]
    pub(super) fn note_syn(&mut self) {
        match self {
            Self::Http1(http) => http.note_syn(),
            Self::Http2(_) => {}
        }
    }

    /// Takes bytes of which it is not known who sent them.
    pub(super) fn pass_over(&mut self, bytes: &[u8], counters: &mut HttpCounters) {
        match self {
            Self::Http1(http) => http.pass_over(bytes, counters),
            Self::Http2(_) => counters.passed_over_bytes += bytes.len() as u64,
        }
    }

    /// Bytes that were passed over, and what the first of them look like.
    #[inline]
    pub(super) fn passed_over(&self) -> (u64, Option<&'static str>) {
        match self {
            Self::Http1(http) => http.passed_over(),
            Self::Http2(http) => (http.passed_over_bytes(), Some("http/2")),
        }
    }
}
