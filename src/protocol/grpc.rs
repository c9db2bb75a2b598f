//! gRPC as far as an HTTP message shows it: that it is one, how many messages its body has, the status of the call.
//!
//! A message that is none pays for one look at its `content-type`. Where that is not known (HTTP/2, met in its middle), other fields, the
//! other side of the call, or the form of the whole body may prove that a message is of gRPC.

use std::borrow::Cow;

use crate::content::grpc::{Call, Kind, MessageIndex, message_text, status_name, status_of, web_trailers};
use crate::message::{Extras, Fields, Grpc, Head, KnownName, StartLine};

static CONTENT_TYPE: KnownName = KnownName::new(b"content-type");
static CONTENT_ENCODING: KnownName = KnownName::new(b"content-encoding");
static ENCODING: KnownName = KnownName::new(b"grpc-encoding");
static STATUS: KnownName = KnownName::new(b"grpc-status");
static MESSAGE: KnownName = KnownName::new(b"grpc-message");
/// Each of them proves that a head, or trailers, are of gRPC.
static PROOFS: [&KnownName; 5] =
    [&ENCODING, &STATUS, &MESSAGE, &KnownName::new(b"grpc-accept-encoding"), &KnownName::new(b"grpc-timeout")];

/// The content that a message is known to carry, or a call by its fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Carries {
    #[default]
    Unknown,
    Grpc(Kind),
    Other,
}

/// Follows the body of a message that carries gRPC.
#[derive(Debug)]
pub(super) struct GrpcBody {
    kind: Kind,
    index: MessageIndex,
    /// Its body is coded as a whole, as some proxies do with gRPC-Web: there is nothing to follow.
    is_coded: bool,
    /// No field of the head says so.
    is_guess: bool,
}

/// The rest of a message after its head.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest<'a> {
    /// The head is the whole message.
    Nothing,
    /// A body.
    Body,
    /// Perhaps a body, and trailers. `is_partial`: there are more of them, which are not known.
    Trailers { fields: Fields<'a>, is_partial: bool },
    /// It is not known what else: it ended early.
    Cut,
}

impl<'a> Rest<'a> {
    /// `unknown`: so many of the trailers are not known.
    pub fn new(trailers: Option<Fields<'a>>, unknown: u32, body_bytes: u64, is_cut: bool) -> Self {
        match trailers {
            Some(fields) => Self::Trailers { fields, is_partial: unknown > 0 },
            None if is_cut => Self::Cut,
            None if body_bytes == 0 => Self::Nothing,
            None => Self::Body,
        }
    }
}

impl GrpcBody {
    /// By a head whose fields are all known, and by what is known of its call.
    pub fn of(head: Fields<'_>, call: Carries) -> Option<Box<Self>> {
        let kind = match (value(&CONTENT_TYPE, head), call) {
            (Some(content_type), _) => Kind::of_content_type(&content_type)?,
            // Some servers leave it out where the status is all that they send, and clients take the status.
            (None, Carries::Grpc(kind)) if value(&STATUS, head).is_some() => kind,
            (None, _) => return None,
        };
        Some(Self::with(kind, false, head))
    }

    /// By a head of which some fields are not known, and by what is known of its call.
    #[cold]
    pub fn of_partial(head: &Head, bytes: &[u8], call: Carries) -> Option<Box<Self>> {
        let fields = Fields { lines: &head.fields, bytes };
        if value(&CONTENT_TYPE, fields).is_some() {
            return Self::of(fields, call);
        }
        if is_proof(fields) {
            return Some(Self::with(Kind::Grpc, false, fields));
        }
        let may_be = match (&head.start, call) {
            (StartLine::Request { .. }, _) => may_be_asked(head.method(bytes), head.target(bytes)),
            (StartLine::Status { .. }, call) => call != Carries::Other,
        };
        let kind = if let Carries::Grpc(kind) = call { kind } else { Kind::Grpc };
        may_be.then(|| Self::with(kind, true, fields))
    }

    fn with(kind: Kind, is_guess: bool, head: Fields<'_>) -> Box<Self> {
        let is_coded = value(&CONTENT_ENCODING, head).is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
        Box::new(Self { kind, index: MessageIndex::counting(kind), is_coded, is_guess })
    }

    /// The content of a message that has this.
    pub fn carries(body: Option<&Self>) -> Carries {
        match body {
            Some(body) if body.is_guess => Carries::Unknown,
            Some(body) => Carries::Grpc(body.kind),
            None => Carries::Other,
        }
    }

    /// Where its messages are, as far as it is there.
    pub fn index(&self) -> &MessageIndex {
        &self.index
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

    /// Returns the gRPC data of the message when it ends; `None` if it is not known to be of gRPC. `call`: what is known of that.
    pub fn end<'a>(&'a self, head: &'a Head, bytes: &'a [u8], rest: Rest<'a>, call: Carries) -> Option<GrpcEnd<'a>> {
        let fields = Fields { lines: &head.fields, bytes };
        let (is_proven, (status, message)) = match head.start {
            StartLine::Request { .. } => (self.is_proven_request(rest, call), (None, None)),
            StartLine::Status { code, .. } => (self.is_proven_response(code, rest, call), self.status(fields, rest)),
        };
        if self.is_guess && !is_proven {
            return None;
        }
        Some(GrpcEnd {
            kind: self.kind,
            is_coded: self.is_coded,
            status: status.as_deref().and_then(status_of).map(|code| (code, status_name(code))),
            message: message.map(|message| Cow::Owned(message_text(&message).into_owned())),
            encoding: value(&ENCODING, fields),
            message_count: (!self.is_coded && !self.index.is_lost()).then(|| self.index.message_count()),
        })
    }

    /// By its call, or since all of its body has the form of messages.
    fn is_proven_request(&self, rest: Rest<'_>, call: Carries) -> bool {
        matches!(call, Carries::Grpc(_)) || (!matches!(rest, Rest::Cut) && !self.is_coded && self.index.is_proof())
    }

    /// A response has trailers, and those a status. Without it, it may be one by somebody between client and server.
    fn is_proven_response(&self, code: u16, rest: Rest<'_>, call: Carries) -> bool {
        let answers = matches!(call, Carries::Grpc(_)) && code == 200 && !self.index.is_lost();
        let is_whole = self.index.is_whole();
        match rest {
            Rest::Trailers { fields, .. } if is_proof(fields) => true,
            Rest::Trailers { is_partial: true, .. } => {
                (answers && is_whole) || (matches!(code, 0 | 200) && !self.is_coded && self.index.is_proof())
            }
            Rest::Trailers { is_partial: false, .. } => false,
            Rest::Body => answers && is_whole && self.kind != Kind::Grpc,
            // The status may be among the fields of the head that are not known.
            Rest::Nothing => answers,
            // It was still to come.
            Rest::Cut => answers && self.index.message_count() > 0,
        }
    }

    /// Status and message: of the trailers, wherever those are, or of a head that is all there is. Clients of gRPC-Web take
    /// those of a head with a body too.
    fn status<'a>(&'a self, head: Fields<'a>, rest: Rest<'a>) -> (Option<Text<'a>>, Option<Text<'a>>) {
        if let Rest::Trailers { fields, .. } = rest
            && value(&STATUS, fields).is_some()
        {
            return (value(&STATUS, fields), value(&MESSAGE, fields));
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
            Rest::Body | Rest::Trailers { .. } => self.kind != Kind::Grpc,
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

fn is_proof(fields: Fields<'_>) -> bool {
    PROOFS.iter().any(|name| value(name, fields).is_some())
}

/// Calls are POSTs, and their path names a method. Where either is not known, a body proves too little.
fn may_be_asked(method: &[u8], path: &[u8]) -> bool {
    method == b"POST" && Call::of_path(path).is_some()
}

fn value<'a>(name: &'static KnownName, Fields { lines, bytes }: Fields<'a>) -> Option<Text<'a>> {
    lines.named(name, bytes).next().map(|field| field.value(bytes))
}
