//! Beside httparse: a head that it reads, this reads too, and alike. It refuses what servers accept (docs/parsing.md), so the
//! reverse does not hold.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::message::{Direction, Head, SeenFields, StartLine};
use crate::protocol::http1::head::Parsed;

/// Length, start line, minor version, and the fields' names and values.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    length: usize,
    start: (Vec<u8>, Vec<u8>),
    minor: u8,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

fn by_httparse(direction: Direction, bytes: &[u8]) -> Option<Read> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let (parsed, start, minor, headers) = match direction {
        Direction::Request => {
            let mut request = httparse::Request::new(&mut headers);
            let parsed = request.parse(bytes).ok()?;
            let start = (request.method.unwrap_or_default().into(), request.path.unwrap_or_default().into());
            (parsed, start, request.version, request.headers)
        }
        Direction::Response => {
            let mut response = httparse::Response::new(&mut headers);
            let parsed = response.parse(bytes).ok()?;
            let code = response.code.unwrap_or_default().to_string();
            // It takes 023 for a code.
            if code.len() != 3 {
                return None;
            }
            (parsed, (code.into(), response.reason.unwrap_or_default().into()), response.version, response.headers)
        }
    };
    let httparse::Status::Complete(length) = parsed else { return None };
    let fields = headers.iter().map(|header| (header.name.as_bytes().to_vec(), header.value.to_vec())).collect();
    Some(Read { length, start, minor: minor?, fields })
}

fn by_parse(direction: Direction, bytes: &[u8]) -> Option<Read> {
    let mut head = Head::default();
    let Ok(Parsed::Complete(length)) = head.parse(direction, bytes, &mut SeenFields::default()) else { return None };
    let start = match head.start {
        StartLine::Request { method, target } => (method.of(bytes).to_vec(), target.of(bytes).to_vec()),
        StartLine::Status { code, reason } => {
            // httparse leaves a reason out that is not ASCII.
            let reason = Some(reason.of(bytes)).filter(|reason| reason.is_ascii()).unwrap_or_default();
            (code.to_string().into(), reason.to_vec())
        }
    };
    let fields = head.fields.iter().map(|field| (field.name.of(bytes).to_vec(), field.value(bytes).into_owned()));
    Some(Read { length, start, minor: head.version.minor, fields: fields.collect() })
}

fn heads() -> impl Strategy<Value = (Direction, Vec<u8>)> {
    let start = prop_oneof![
        ("[A-Z]{1,8}", "/[!-~]{0,20}", 0..2u8)
            .prop_map(|(method, target, minor)| (Direction::Request, format!("{method} {target} HTTP/1.{minor}"))),
        (100..1_000u16, prop::option::of("[ -~]{0,20}"), 0..2u8).prop_map(|(code, reason, minor)| {
            let reason = reason.map_or(String::new(), |reason| format!(" {reason}"));
            (Direction::Response, format!("HTTP/1.{minor} {code}{reason}"))
        }),
    ];
    let field = ("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", "[ \t]{0,2}", "[ -~\u{80}-\u{ff}\t]{0,40}");
    let break_ = prop_oneof![9 => Just("\r\n"), 1 => Just("\n")];
    let line = (field, break_.clone()).prop_map(|((name, space, value), end)| format!("{name}:{space}{value}{end}"));
    (start, break_.clone(), prop::collection::vec(line, 0..8), break_, "[ -~]{0,8}").prop_map(
        |((direction, start), end, fields, last, body)| {
            (direction, format!("{start}{end}{}{last}{body}", fields.concat()).into_bytes())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_head_that_httparse_reads_is_read_alike(
        (direction, bytes) in heads(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..3),
    ) {
        let mut bytes = bytes;
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // Empty lines before a head are skipped before it is parsed.
        prop_assume!(!matches!(bytes.first(), Some(b'\r' | b'\n')));
        if let Some(theirs) = by_httparse(direction, &bytes) {
            prop_assert_eq!(by_parse(direction, &bytes), Some(theirs));
        }
    }
}
