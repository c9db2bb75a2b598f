//! gRPC as far as an HTTP message shows it: that it is one, how many messages its body has, the status of the call.
//!
//! A message that is none pays for one look at its `content-type`.

use std::borrow::Cow;

use crate::content::grpc::{Kind, MessageIndex, message_text, status_name, status_of, web_trailers};
use crate::message::{Direction, Extras, Fields, Grpc, KnownName};

static CONTENT_TYPE: KnownName = KnownName::new(b"content-type");
static CONTENT_ENCODING: KnownName = KnownName::new(b"content-encoding");
static ENCODING: KnownName = KnownName::new(b"grpc-encoding");
static STATUS: KnownName = KnownName::new(b"grpc-status");
static MESSAGE: KnownName = KnownName::new(b"grpc-message");
/// Each of them proves that a head is of gRPC.
static PROOFS: [&KnownName; 4] =
    [&ENCODING, &STATUS, &KnownName::new(b"grpc-accept-encoding"), &KnownName::new(b"grpc-timeout")];

/// Follows the body of a message that carries gRPC.
#[derive(Debug)]
pub(super) struct GrpcBody {
    kind: Kind,
    index: MessageIndex,
    /// Its body is coded as a whole, as some proxies do with gRPC-Web: there is nothing to follow.
    is_coded: bool,
    /// Nothing says so yet: only a status in the trailers will.
    is_guess: bool,
}

/// The rest of a message after its head.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest<'a> {
    /// The head is the whole message.
    Nothing,
    /// A body, and perhaps trailers.
    Body(Option<Fields<'a>>),
    /// It is not known what else: it ended early.
    Cut,
}

impl<'a> Rest<'a> {
    pub fn new(trailers: Option<Fields<'a>>, body_bytes: u64, is_cut: bool) -> Self {
        match trailers {
            None if is_cut => Self::Cut,
            None if body_bytes == 0 => Self::Nothing,
            trailers => Self::Body(trailers),
        }
    }
}

impl GrpcBody {
    /// By the fields of a head. `is_partial`: there are more of them, which are not known.
    pub fn of(head: Fields<'_>, is_partial: bool) -> Option<Box<Self>> {
        let (kind, is_guess) = match value(&CONTENT_TYPE, head) {
            Some(value) => (Kind::of_content_type(&value)?, false),
            None if is_partial => (Kind::Grpc, !PROOFS.iter().any(|name| value(name, head).is_some())),
            None => return None,
        };
        let is_coded = value(&CONTENT_ENCODING, head).is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
        Some(Box::new(Self { kind, index: MessageIndex::counting(kind), is_coded, is_guess }))
    }

    /// The next bytes of the body, kept or not.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.is_coded {
            self.index.push(bytes);
        }
    }

    /// So many bytes of the body are lost; 0: it is not known how many.
    pub fn lose(&mut self, bytes: u64) {
        self.index.gap(if bytes == 0 { u64::MAX } else { bytes });
    }

    pub fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.index.memory_bytes()
    }

    /// Returns the gRPC data of the message when it ends; `None` if it is not known to be of gRPC.
    pub fn end<'a>(&'a self, direction: Direction, head: Fields<'a>, rest: Rest<'a>) -> Option<GrpcEnd<'a>> {
        let (status, message) = match direction {
            Direction::Request => (None, None),
            Direction::Response => self.status(head, rest),
        };
        if self.is_guess && status.is_none() {
            return None;
        }
        Some(GrpcEnd {
            kind: self.kind,
            is_coded: self.is_coded,
            status: status.as_deref().and_then(status_of).map(|code| (code, status_name(code))),
            message: message.map(|message| Cow::Owned(message_text(&message).into_owned())),
            encoding: value(&ENCODING, head),
            message_count: (!self.is_coded && !self.index.is_lost()).then(|| self.index.message_count()),
        })
    }

    /// Status and message: of the trailers, wherever those are, or of a head that is all there is. Clients of gRPC-Web take
    /// those of a head with a body too.
    fn status<'a>(&'a self, head: Fields<'a>, rest: Rest<'a>) -> (Option<Text<'a>>, Option<Text<'a>>) {
        if let Rest::Body(Some(trailers)) = rest
            && value(&STATUS, trailers).is_some()
        {
            return (value(&STATUS, trailers), value(&MESSAGE, trailers));
        }
        if let Some(block) = self.index.web_trailers() {
            let line = |name: &[u8]| {
                let mut lines = web_trailers(block).filter(|(other, _)| other.eq_ignore_ascii_case(name));
                lines.next().map(|(_, value)| Cow::Borrowed(value))
            };
            return (line(b"grpc-status"), line(b"grpc-message"));
        }
        let counts = match rest {
            Rest::Nothing => true,
            Rest::Body(_) => self.kind != Kind::Grpc,
            Rest::Cut => false,
        };
        if counts { (value(&STATUS, head), value(&MESSAGE, head)) } else { (None, None) }
    }
}

type Text<'a> = Cow<'a, [u8]>;

#[derive(Debug)]
pub(super) struct GrpcEnd<'a> {
    kind: Kind,
    is_coded: bool,
    status: Option<(u32, Option<&'static str>)>,
    message: Option<Text<'a>>,
    encoding: Option<Text<'a>>,
    message_count: Option<u64>,
}

impl GrpcEnd<'_> {
    /// For a message of which nothing else is to be said.
    pub fn extras(&self) -> Extras<'_> {
        Extras { grpc: Some(self.lent()), ..Extras::default() }
    }

    pub fn lent(&self) -> Grpc<'_> {
        Grpc {
            kind: self.kind,
            is_coded: self.is_coded,
            status: self.status,
            status_message: self.message.as_deref(),
            encoding: self.encoding.as_deref(),
            message_count: self.message_count,
        }
    }
}

fn value<'a>(name: &'static KnownName, Fields { lines, bytes }: Fields<'a>) -> Option<Text<'a>> {
    lines.named(name, bytes).next().map(|field| field.value(bytes))
}
