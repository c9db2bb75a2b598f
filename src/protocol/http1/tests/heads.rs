//! Start lines and fields.

use proptest::prelude::*;

use super::*;
use crate::message::{Field, Head, SeenFields};
use crate::protocol::http1::head::Parsed;

#[test]
fn start_lines_of_requests() {
    for (bytes, expected) in [
        (b"GET /a HTTP/1.1\r\n\r\n".as_slice(), "> GET /a"),
        (b"GET /a HTTP/1.0\r\n\r\n", "> GET /a 1.0"),
        (b"GET /a HTTP/1.2\r\n\r\n", "> GET /a 1.2"),
        (b"GET /a HTTP/2.0\r\n\r\n", "> GET /a 2.0"),
        (b"GET /a HTTP/3.0\r\n\r\n", "> GET /a 3.0"),
        (b"GET /a HTTP/0.9\r\n\r\n", "> GET /a 0.9"),
        (b"POST /a HTTP/2.0\r\nContent-Length: 3\r\n\r\nxyz", "> POST /a 2.0 'xyz'"),
        (b"POST /a HTTP/2.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n", "> POST /a 2.0 'xyz'"),
        (b"GET * HTTP/2.0\r\n\r\n", "> GET * 2.0"),
        (b"BREW-COFFEE /pot HTTP/1.1\r\n\r\n", "> BREW-COFFEE /pot"),
        (b"GET http://a.example/b?c HTTP/1.1\r\n\r\n", "> GET http://a.example/b?c"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "> OPTIONS *"),
        (b"GET /a b HTTP/1.1\r\n\r\n", "> GET /a b"),
        (b"GET   /a  HTTP/1.1\r\n\r\n", "> GET /a"),
        (b"GET /caf\xc3\xa9 HTTP/1.1\r\n\r\n", "> GET /caf\\xc3\\xa9"),
        (b"GET /a HTTP/1.1\n\n", "> GET /a"),
        (b"\r\n\n\r\nGET /a HTTP/1.1\r\n\r\n", "> GET /a"),
    ] {
        requests(bytes, &[expected]);
    }
}

#[test]
fn what_is_no_start_line_of_a_request() {
    for bytes in [
        b"GET /a http/1.1\r\n\r\n".as_slice(),
        b"GET /a HTTP/1.10\r\n\r\n",
        b"GET /a HTTP/1.\r\n\r\n",
        b"GET /a HTTP/1.1 \r\n\r\n",
        b"GET /a HTTP/2\r\n\r\n",
        b"GET /a HTTP/x.1\r\n\r\n",
        b"GET /a HTTP/1.x\r\n\r\n",
        b"GET /a HTTP/2.00\r\n\r\n",
        b"GET /a HTTPS/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET\t/a\tHTTP/1.1\r\n\r\n",
        b"GET /a\x00b HTTP/1.1\r\n\r\n",
        b"GET /a\rHTTP/1.1\r\n\r\n",
        b"G(T /a HTTP/1.1\r\n\r\n",
        b" GET /a HTTP/1.1\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ] {
        requests(bytes, &["x Request unknown"]);
    }
    requests(b"GET /a\r\n", &["x Request http/0.9"]);
    requests(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", &["x Request http/2"]);
    // Protocols that the first segment alone tells.
    let (seen, _) = talk(&[C(b"\x16\x03\x01\x02\x00\x01")], Cut::Nowhere, Role::InitiatedBy(Side::Low));
    assert_eq!(seen.lines(), ["x Request tls"]);
    requests(b"SSH-2.0-OpenSSH_9.6\r\n", &["x Request ssh"]);
}

#[test]
fn another_protocol_is_told_of_once_a_connection() {
    let hello = b"\x16\x03\x01\x02\x00\x01".as_slice();
    let settings = b"\0\0\x12\x04\0\0\0\0\0\0\x03".as_slice();
    let preface = b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".as_slice();
    for (turns, expected) in [
        (vec![C(hello), S(b"\x16\x03\x03\0\x7a\x02"), C(b"\x14\x03\x03\0\x01\x01")], "x Request tls"),
        (vec![S(b"SSH-2.0-OpenSSH_9.6\r\n"), C(b"SSH-2.0-curl\r\n")], "x Response ssh"),
        (vec![C(preface), S(settings)], "x Request http/2"),
        (vec![S(settings), C(preface)], "x Response http/2"),
        (vec![C(b"GET /a\r\n"), S(b"<html>")], "x Request http/0.9"),
    ] {
        let (seen, counters) = talk(&turns, Cut::Nowhere, Role::InitiatedBy(Side::Low));
        assert_eq!(seen.lines(), [expected], "{turns:?}");
        assert_eq!(counters.not_http_streams, 2, "{turns:?}");
    }
}

#[test]
fn start_lines_of_responses() {
    for (bytes, expected) in [
        (b"HTTP/1.1 204 No Content\r\n\r\n".as_slice(), "< 204 for GET /a"),
        (b"HTTP/1.1 204 \r\n\r\n", "< 204 for GET /a"),
        (b"HTTP/1.1 204\r\n\r\n", "< 204 for GET /a"),
        (b"HTTP/1.0 304 Not\tModified \xe9\r\n\r\n", "< 304 1.0 for GET /a"),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "< 999 for GET /a"),
        (b"HTTP/1.1 204 No Content\n\n", "< 204 for GET /a"),
        (b"HTTP/2.0 204 No Content\r\n\r\n", "< 204 2.0 for GET /a"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nxyz", "< 200 2.0 'xyz' for GET /a"),
        (b"\r\nHTTP/1.1 204 No Content\r\n\r\n", "< 204 for GET /a"),
    ] {
        responses(bytes, &[expected]);
    }
}

/// Its syntax and its framing are those of HTTP/1.1, and so is what follows.
#[test]
fn other_versions_are_framed_as_1_1_is() {
    let get = b"GET /a HTTP/2.0\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\n".as_slice();
    let answers = b"HTTP/2.0 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let expected = ["> GET /a 2.0 {Host=a}", "> GET /b", "< 404 2.0 'xyz' for GET /a", "< 200 for GET /b"];
    check(&[C(get), S(answers)], &expected);
}

#[test]
fn what_is_no_start_line_of_a_response() {
    for bytes in [
        b"HTTP/1.1 99 Short\r\n\r\n".as_slice(),
        b"HTTP/1.1 099 Zero\r\n\r\n",
        b"HTTP/1.1 000 Zero\r\n\r\n",
        b"HTTP/1.1 2000 Long\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1\t200 OK\r\n\r\n",
        b"HTTP/1.10 200 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/2.0\r\n\r\n",
        b"HTTP/x.0 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"Hello\r\n",
    ] {
        responses(bytes, &["x Response StartLine"]);
    }
}

#[test]
fn field_lines() {
    for (lines, expected) in [
        ("A: b\r\n", "> GET / {A=b}"),
        ("A:b\r\nA:\t c \t\r\n", "> GET / {A=b|A=c}"),
        ("A:\r\n", "> GET / {A=}"),
        ("A: b\nC: d\r\n", "> GET / {A=b|C=d}"),
        ("A : b\r\n", "> GET / {A=b}"),
        ("A b: c\r\n", "> GET / {A b=c}"),
        ("A@: b\r\n", "> GET / {A@=b}"),
        // Passed over: no name, no colon, nothing to continue.
        (": b\r\nC: d\r\n", "> GET / {C=d}"),
        ("no colon\r\nC: d\r\n", "> GET / {C=d}"),
        (" A: b\r\nC: d\r\n", "> GET / {C=d}"),
        ("A: b\r\nno colon\r\n c\r\nD: e\r\n", "> GET / {A=b|D=e}"),
        // Several lines, and a CR or a NUL inside, are read as one space each.
        ("A: b\r\n c\r\n\td \r\nE: f\r\n", "> GET / {A=b c d|E=f}"),
        ("A:\r\n b\r\n", "> GET / {A=b}"),
        ("A: b\r\n \r\nC: d\r\n", "> GET / {A=b|C=d}"),
        ("A: b\rc\r\n", "> GET / {A=b c}"),
        ("A: b\0c\r\n", "> GET / {A=b c}"),
        ("A: b\r\r\n", "> GET / {A=b}"),
        // A bare CR is no line break: this announces no body.
        ("A: b\rTransfer-Encoding: chunked\r\n", "> GET / {A=b Transfer-Encoding: chunked}"),
    ] {
        requests(format!("GET / HTTP/1.1\r\n{lines}\r\n").as_bytes(), &[expected]);
    }
}

#[test]
fn a_request_whose_framing_is_in_doubt_comes_out_alone_and_nothing_behind_it() {
    for (lines, reason) in [
        // Is it a framing field? Some servers say so, others do not.
        ("Content-Length : 3\r\n", "FramingField"),
        ("Content-Length\t: 3\r\n", "FramingField"),
        ("Transfer-Encoding : chunked\r\n", "FramingField"),
        ("Transfer-Encoding\x0b: chunked\r\n", "FramingField"),
        ("\x0bTransfer-Encoding: chunked\r\n", "FramingField"),
        ("A\rTransfer-Encoding: chunked\r\n", "FramingField"),
        ("Content-Length:\r\n 3\r\n", "FramingField"),
        ("Content-Length: 3\r\n 4\r\n", "FramingField"),
        ("Content-Length: 3\0\r\n", "FramingField"),
        ("Transfer-Encoding:\r\n chunked\r\n", "FramingField"),
        ("Transfer-Encoding: chunked\r\r\n", "FramingField"),
        // How long?
        ("Content-Length: +3\r\n", "ContentLength"),
        ("Content-Length: -3\r\n", "ContentLength"),
        ("Content-Length: 0x3\r\n", "ContentLength"),
        ("Content-Length: 3 3\r\n", "ContentLength"),
        ("Content-Length: 3_\r\n", "ContentLength"),
        ("Content-Length: \x0c3\r\n", "ContentLength"),
        ("Content-Length: three\r\n", "ContentLength"),
        ("Content-Length:\r\n", "ContentLength"),
        ("Content-Length: 3,\r\n", "ContentLength"),
        ("Content-Length: 18446744073709551616\r\n", "ContentLength"),
        ("Content-Length: 3\r\nContent-Length: 4\r\n", "ContentLength"),
        ("Content-Length: 3, 4\r\n", "ContentLength"),
        ("Content-Length: x\r\nTransfer-Encoding: chunked\r\n", "ContentLength"),
        // Chunked, or not?
        ("Transfer-Encoding: xchunked\r\n", "TransferEncoding"),
        ("Transfer-Encoding: chunked;q=1\r\n", "TransferEncoding"),
        ("Transfer-Encoding: \"chunked\"\r\n", "TransferEncoding"),
        ("Transfer-Encoding: chunked, identity\r\n", "TransferEncoding"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "TransferEncoding"),
        ("Transfer-Encoding: gzip\r\n", "TransferEncoding"),
        ("Transfer-Encoding: \x0bchunked\r\n", "TransferEncoding"),
        ("Transfer-Encoding: \x0cchunked\r\n", "TransferEncoding"),
        ("Transfer-Encoding: chunked\x0b\r\n", "TransferEncoding"),
        ("Transfer-Encoding: chun ked\r\n", "TransferEncoding"),
        ("Transfer-Encoding:\r\nContent-Length: 3\r\n", "TransferEncoding"),
    ] {
        let bytes = format!("POST /a HTTP/1.1\r\n{lines}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
        let answer = S(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let notice = format!("x Request {reason}");
        let turns = [C(bytes.as_bytes()), answer];
        let (seen, _) = talk(&turns, Cut::Nowhere, Role::InitiatedBy(Side::Low));
        let head = seen.requests.first().cloned().unwrap_or_default();
        assert!(head.starts_with("> POST /a") && head.ends_with("!malformed"), "{lines:?}: {head}");
        check(&turns, &[&head, "< 400 for POST /a", &notice]);
    }
}

#[test]
fn framing_fields_that_leave_no_doubt() {
    let chunked = "3\r\nxyz\r\n0\r\n\r\n";
    for (version, lines, body) in [
        ("1.1", "Content-Length: 3\r\n", "xyz"),
        ("1.1", "content-LENGTH:\t3 \r\n", "xyz"),
        ("1.1", "Content-Length: 003\r\n", "xyz"),
        ("1.1", "Content-Length: 3, 3\r\n", "xyz"),
        ("1.1", "Content-Length: 3\r\nContent-Length: 3\r\n", "xyz"),
        ("1.0", "Content-Length: 3\r\n", "xyz"),
        ("1.1", "Transfer-Encoding: chunked\r\n", chunked),
        ("1.1", "TRANSFER-encoding:Chunked\r\n", chunked),
        ("1.1", "Transfer-Encoding: \tchunked\t\r\n", chunked),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n", chunked),
        ("1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunked),
        ("1.1", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", chunked),
        ("1.1", "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", chunked),
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 9\r\n", chunked),
        ("1.0", "Transfer-Encoding: chunked\r\n", chunked),
    ] {
        let bytes = format!("POST /a HTTP/{version}\r\n{lines}\r\n{body}GET /b HTTP/1.1\r\n\r\n");
        let version = if version == "1.0" { " 1.0" } else { "" };
        requests(bytes.as_bytes(), &[&format!("> POST /a{version} 'xyz'"), "> GET /b"]);
    }
}

#[test]
fn both_framing_fields_in_http_1_0_are_in_doubt() {
    let fields = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n";
    requests(
        format!("POST / HTTP/1.0\r\n{fields}").as_bytes(),
        &["> POST / 1.0 !malformed", "x Request TransferEncoding"],
    );
    let response = format!("HTTP/1.0 200 OK\r\n{fields}");
    responses(response.as_bytes(), &["< 200 1.0 !malformed for GET /a", "x Response TransferEncoding"]);
}

#[test]
fn framing_fields_of_responses() {
    let next = "HTTP/1.1 204 No Content\r\n\r\n";
    for (lines, body, expected) in [
        // Here RFC 9112 says what to read: §5.1 and §5.2.
        ("Content-Length : 3\r\n", "xyz", vec!["< 200 'xyz' for GET /a", "< 204 for GET /b"]),
        ("Content-Length:\r\n 3\r\n", "xyz", vec!["< 200 'xyz' for GET /a", "< 204 for GET /b"]),
        ("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n", vec!["< 200 for GET /a", "< 204 for GET /b"]),
        // Until the connection closes: §6.3 item 4 and 8.
        (
            "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n",
            "xyz",
            vec!["< 200 'xyzHTTP/1.1 204 No Content\\r\\n\\r\\n' for GET /a"],
        ),
        (
            "Transfer-Encoding: chunked, identity\r\n",
            "0\r\n\r\n",
            vec!["< 200 '0\\r\\n\\r\\nHTTP/1.1 204 No Content\\r\\n\\r\\n' for GET /a"],
        ),
        ("", "xyz", vec!["< 200 'xyzHTTP/1.1 204 No Content\\r\\n\\r\\n' for GET /a"]),
        // In doubt: §6.3 item 5.
        (
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "xyz",
            vec!["< 200 !malformed for GET /a", "x Response ContentLength"],
        ),
        ("Content-Length: -1\r\n", "xyz", vec!["< 200 !malformed for GET /a", "x Response ContentLength"]),
    ] {
        responses(format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}{next}").as_bytes(), &expected);
    }
}

proptest! {
    /// The properties of a field do not depend on the protocol that it came by.
    #[test]
    fn a_decoded_field_is_like_a_field_line(name in "[!-9;-~]{1,20}", value in "([!-~é][ -~\té]{0,40}[!-~é])?") {
        let head = format!("GET / HTTP/1.1\r\n{name}: {value}\r\n\r\n");
        let mut read = Head::default();
        prop_assert_eq!(read.parse(Direction::Request, head.as_bytes(), &mut SeenFields::default()), Ok(Parsed::Complete(head.len())));
        let [line] = &read.fields[..] else { return Err(TestCaseError::fail("one field")) };
        prop_assert_eq!(&Field::decoded(head.as_bytes(), line.name, line.raw_value), line);
    }

    /// Lines that came before are the same fields, wherever they come again, and as far as they have come.
    #[test]
    fn what_was_seen_before_changes_nothing(
        lines in prop::collection::vec("[Aa-]{1,2}: {0,2}[ab]{0,12}|[a ]{0,3}[:\"]?", 1..6),
        heads in prop::collection::vec((0..3_usize, any::<prop::sample::Index>(), any::<bool>(), any::<prop::sample::Index>()), 1..60),
    ) {
        let mut seen = SeenFields::default();
        for (target_bytes, at, is_bare, end) in heads {
            let (before, after) = lines.split_at(at.index(lines.len() + 1));
            let line_break = if is_bare { "\n" } else { "\r\n" };
            let lines = [before.join("\r\n"), after.join(line_break)].join(line_break);
            let head = format!("GET /{} HTTP/1.1\r\n{lines}\r\n\r\nthe beginning of what follows it", "a".repeat(target_bytes));
            let bytes = &head.as_bytes()[..=end.index(head.len())];
            for bytes in [bytes, head.as_bytes()] {
                let (mut new, mut known) = (Head::default(), Head::default());
                let parsed = new.parse(Direction::Request, bytes, &mut SeenFields::default());
                prop_assert_eq!(known.parse(Direction::Request, bytes, &mut seen), parsed);
                if let Ok(Parsed::Complete(_)) = parsed {
                    prop_assert_eq!(&known.fields[..], &new.fields[..]);
                    prop_assert_eq!(known.fields.repeated(), new.fields.repeated());
                }
            }
        }
    }
}
