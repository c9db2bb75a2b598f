//! How a message comes out.

use super::frame::{CANCEL, NO_ERROR, STREAM_CLOSED};
use super::head::Control;
use super::open::{Open, last_at};
use super::reader::Packet;
use super::streams::Stream;
use crate::message::{Direction, Extras, Fields, Head, HttpMessage, Incomplete};
use crate::protocol::content_length::is_length_of;
use crate::protocol::grpc::{Carries, GrpcBody, GrpcEnd, Rest};
use crate::protocol::inside::Inside;
use crate::protocol::stall::Stall;
use crate::protocol::{Context, Scratch};
use crate::time::span_micros;

/// Why it ends here, if that is not its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// END_STREAM.
    Whole,
    /// RST_STREAM with this code, if that was captured.
    Reset(Option<u32>),
    Early(Incomplete),
}

impl Ending {
    /// All of a body may be there all the same: a peer that has it may leave, or cancel, before END_STREAM comes. curl says
    /// STREAM_CLOSED then.
    fn may_follow_all(self) -> bool {
        match self {
            Self::Whole => true,
            Self::Reset(code) => matches!(code, Some(NO_ERROR | STREAM_CLOSED | CANCEL)),
            Self::Early(why) => !matches!(why, Incomplete::Malformed | Incomplete::Gap),
        }
    }
}

/// Fields after the body, and how many of them are not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trailers<'a> {
    pub fields: Fields<'a>,
    pub unknown: u32,
}

/// The parts of a message, wherever they lie.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    direction: Direction,
    head: &'a Head,
    head_bytes: &'a [u8],
    control: &'a Control,
    began: Packet,
    last: Packet,
    stall: Stall,
    body: &'a [u8],
    body_bytes: u64,
    gap_bytes: u64,
    incomplete: Option<Incomplete>,
    error_code: Option<u32>,
    trailers: Option<Trailers<'a>>,
    grpc: Option<&'a GrpcBody>,
    /// Messages inside it that came out by themselves.
    streamed_messages: Option<u64>,
}

/// A message that consists of its head.
pub(super) fn emit_head(
    stream: &mut Stream,
    direction: Direction,
    (head, head_bytes, control): (&Head, &[u8], &Control),
    (began, last): (Packet, Packet),
    cx: &mut Context<'_>,
) {
    let grpc = match control.unknown {
        0 => GrpcBody::of(Fields { lines: &head.fields, bytes: head_bytes }, stream.carries),
        _ => GrpcBody::of_partial(head, head_bytes, stream.carries),
    };
    if !control.is_interim() {
        stream.note_carried(direction, GrpcBody::carries(grpc.as_deref()));
    }
    let fields = Fields { lines: &head.fields, bytes: head_bytes };
    let parts = Parts {
        direction,
        head,
        head_bytes,
        control,
        began,
        last,
        stall: Stall::default(),
        body: &[],
        body_bytes: 0,
        gap_bytes: 0,
        incomplete: contradicts_length(stream, direction, fields, control, 0).then_some(Incomplete::Malformed),
        error_code: None,
        trailers: None,
        grpc: grpc.as_deref(),
        streamed_messages: None,
    };
    emit(stream, parts, cx);
}

/// A message that was in progress.
pub(super) fn emit_open(
    stream: &mut Stream,
    direction: Direction,
    open: &mut Open,
    ending: Ending,
    trailers: Option<Trailers<'_>>,
    cx: &mut Context<'_>,
) {
    let gap = (open.has_gap || open.gap_bytes > 0).then_some(Incomplete::Gap);
    let fields = Fields { lines: &open.head.fields, bytes: &open.head_bytes };
    let contradicts = || contradicts_length(stream, direction, fields, &open.control, open.body.bytes);
    let (incomplete, error_code) = match ending {
        Ending::Whole => (gap.or_else(|| contradicts().then_some(Incomplete::Malformed)), None),
        _ if ending.may_follow_all() && open.has_whole_body() => (None, None),
        Ending::Reset(code) => (Some(Incomplete::Reset), code),
        Ending::Early(why) => (Some(why), None),
    };
    if let Some(inside) = &mut open.inside {
        inside.end(cx);
    }
    let mut buffer = std::mem::take(&mut cx.scratch.body);
    let parts = Parts {
        direction,
        head: &open.head,
        head_bytes: &open.head_bytes,
        control: &open.control,
        began: open.began,
        last: open.last,
        stall: open.stall,
        body: open.body.kept(&mut buffer),
        body_bytes: open.body.bytes,
        gap_bytes: open.gap_bytes,
        incomplete,
        error_code,
        trailers: trailers.filter(|trailers| !trailers.fields.lines.is_empty() || trailers.unknown > 0),
        grpc: open.body.grpc(),
        streamed_messages: open.inside.as_ref().map(Inside::count),
    };
    emit(stream, parts, cx);
    cx.scratch.body = Scratch::spare(buffer);
}

/// A whole message of another length than it says is malformed (RFC 9113 §8.1.1): its sender broke off.
fn contradicts_length(
    stream: &Stream,
    direction: Direction,
    fields: Fields<'_>,
    control: &Control,
    body_bytes: u64,
) -> bool {
    // Without content a response may name the length that it would have (RFC 9110 §8.6).
    let has_none = || match direction {
        Direction::Request => control.is_connect(fields.bytes),
        Direction::Response => {
            let is_head = stream.asked.as_ref().is_none_or(|asked| matches!(asked.method(), b"" | b"HEAD"));
            is_head || stream.opens.is_some() || matches!(control.status, None | Some(100..=199 | 204 | 304))
        }
    };
    is_length_of(fields, body_bytes) == Some(false) && (body_bytes > 0 || !has_none())
}

fn emit(stream: &mut Stream, parts: Parts<'_>, cx: &mut Context<'_>) {
    let Parts { direction, head, head_bytes, control, began, .. } = parts;
    let unknown_trailers = parts.trailers.map_or(0, |trailers| trailers.unknown);
    let unknown = control.unknown + unknown_trailers;
    let incomplete = parts.incomplete.or(control.malformed.then_some(Incomplete::Malformed));
    let text = |span: Option<crate::message::Span>| span.map(|span| span.of(head_bytes));
    let trailers = parts.trailers.map(|trailers| trailers.fields);
    let rest = Rest::new(trailers, unknown_trailers, parts.body_bytes, incomplete.is_some());
    let grpc = parts.grpc.and_then(|grpc| grpc.end(head, head_bytes, rest, stream.carries));
    // A request whose body alone proves it proves nothing of the response: the streams of Connect are framed so too.
    if let (Some(grpc), Direction::Response) = (&grpc, direction) {
        stream.note_carried(direction, Carries::Grpc(grpc.lent().kind));
    }
    let asked = stream.asked.as_ref();
    cx.sink.message(&HttpMessage {
        direction,
        exchange: stream.number,
        at: began.at,
        duration_micros: last_at(began, parts.last).and_then(|last_at| span_micros(began.at, last_at)),
        stall_micros: parts.stall.micros(),
        head,
        head_bytes,
        trailers,
        body: parts.body,
        body_bytes: parts.body_bytes,
        incomplete,
        gap_bytes: parts.gap_bytes,
        answered: asked.filter(|_| direction == Direction::Response).map(|asked| asked.answered(began.at)),
        proxied: cx.proxied,
        request_seen: asked.is_some(),
        verdict: asked.map(|asked| asked.verdict).unwrap_or_default(),
        extras: Some(&Extras {
            stream_id: Some(stream.id),
            scheme: text(control.scheme),
            protocol: text(control.protocol),
            pushed: stream.pushed,
            unknown_headers: (unknown > 0).then_some(unknown),
            error_code: parts.error_code.map(super::frame::error_name),
            streamed_messages: parts.streamed_messages,
            grpc: grpc.as_ref().map(GrpcEnd::lent),
            tls: None,
        }),
    });
}
