//! Chunks, trailers, bodies that end early.

use super::*;

const CHUNKED: &str = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn chunks() {
    for (body, expected) in [
        ("0\r\n\r\n", "> POST /a"),
        ("3\r\nxyz\r\n0\r\n\r\n", "> POST /a 'xyz'"),
        ("1\r\nx\r\n2\r\nyz\r\n000\r\n\r\n", "> POST /a 'xyz'"),
        ("0000000000000000000000003\r\nxyz\r\n0\r\n\r\n", "> POST /a 'xyz'"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "> POST /a '0123456789'"),
        ("a\r\n0123\r\n\r\n89\r\n0\r\n\r\n", "> POST /a '0123\\r\\n\\r\\n89'"),
        // White space and extensions after the size.
        ("3  \r\nxyz\r\n0\t\r\n\r\n", "> POST /a 'xyz'"),
        ("3;a\r\nxyz\r\n0;b=c\r\n\r\n", "> POST /a 'xyz'"),
        ("3 ; a = \"b;\\\"c\" ;d\r\nxyz\r\n0\r\n\r\n", "> POST /a 'xyz'"),
        ("3;\r\nxyz\r\n0\r\n\r\n", "> POST /a 'xyz'"),
        // Trailers frame nothing.
        ("3\r\nxyz\r\n0\r\nSum: 1\r\nSum: 2\r\n\r\n", "> POST /a 'xyz' +{Sum=1|Sum=2}"),
        ("3\r\nxyz\r\n0\r\nContent-Length: 90\r\nSum: 1\r\n\r\n", "> POST /a 'xyz' +{Sum=1}"),
        ("3\r\nxyz\r\n0\r\nSum: 1\n\n", "> POST /a 'xyz' +{Sum=1}"),
        ("3\r\nxyz\r\n0\r\nSum: 1\r\n 2\r\n\r\n", "> POST /a 'xyz' +{Sum=1 2}"),
        ("3\r\nxyz\r\n0\r\n\n", "> POST /a 'xyz'"),
    ] {
        requests(format!("{CHUNKED}{body}GET /b HTTP/1.1\r\n\r\n").as_bytes(), &[expected, "> GET /b"]);
    }
}

#[test]
fn broken_chunks_end_the_stream() {
    for (body, message, reason) in [
        ("-1\r\nx", "> POST /a !malformed", "ChunkSize"),
        ("+3\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("0x3\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3_0\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        (" 3\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("g\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        (";a\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("10000000000000000\r\nxyz", "> POST /a !malformed", "ChunkSize"),
        ("3 xyz\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3\rxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3;a\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3;a\rb\r\nxyz\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3;a=\"\r\nxyz\r\n0\r\n\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3;a=\"\\\"\r\nxyz\r\n0\r\n\r\n", "> POST /a !malformed", "ChunkSize"),
        ("3\r\nxyz0\r\n\r\n", "> POST /a 'xyz' !malformed", "ChunkEnd"),
        ("3\r\nxyz\n0\r\n\r\n", "> POST /a 'xyz' !malformed", "ChunkEnd"),
        ("3\r\nxyz\r0\r\n\r\n", "> POST /a 'xyz' !malformed", "ChunkEnd"),
        ("3\r\nxyzt\r\n0\r\n\r\n", "> POST /a 'xyz' !malformed", "ChunkEnd"),
        // The empty line is missing: what follows is the next message, or so it seems.
        ("0\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n", "> POST /a !malformed", "TrailerLine"),
        ("0\r\nGET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n", "> POST /a !malformed", "TrailerLine"),
        ("0\r\nno colon\r\n\r\n", "> POST /a !malformed", "TrailerLine"),
        ("0\r\n: no name\r\n\r\n", "> POST /a !malformed", "TrailerLine"),
        ("0\r\n first: line\r\n\r\n", "> POST /a !malformed", "TrailerLine"),
    ] {
        let bytes = format!("{CHUNKED}{body}GET /smuggled HTTP/1.1\r\n\r\n");
        requests(bytes.as_bytes(), &[message, &format!("x Request {reason}")]);
    }
}

#[test]
fn a_body_that_ends_early_is_flagged() {
    for (bytes, expected) in [
        ("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nxyz", "> POST /a 'xyz' !closed"),
        ("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "> POST /a !closed"),
        ("POST /a HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nxyz", "> POST /a 'xyz' !closed"),
        ("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxyz", "> POST /a 'xyz' !closed"),
        ("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n", "> POST /a 'xyz' !closed"),
        ("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nxyz", "> POST /a 'xyz' !closed"),
    ] {
        requests(bytes.as_bytes(), &[expected]);
    }
}

#[test]
fn responses_without_a_body() {
    let next = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    for (head, expected) in [
        ("204 No Content\r\nContent-Length: 5", "< 204 for GET /a"),
        ("204 No Content\r\nTransfer-Encoding: chunked", "< 204 for GET /a"),
        ("304 Not Modified\r\nContent-Length: 5", "< 304 for GET /a"),
        ("304 Not Modified\r\nTransfer-Encoding: chunked", "< 304 for GET /a"),
        ("205 Reset Content\r\nContent-Length: 0", "< 205 for GET /a"),
    ] {
        responses(format!("HTTP/1.1 {head}\r\n\r\n{next}").as_bytes(), &[expected, "< 200 'x' for GET /b"]);
    }
}

#[test]
fn bytes_after_the_last_message_belong_to_no_message() {
    let post = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n";
    // More body than was announced: none of it reaches the log.
    requests(format!("{post}xyz-secret\r\n").as_bytes(), &["> POST /a 'xyz'", "x Request StartLine"]);
    requests(format!("{post}xyz\r\nGET /b HTTP/1.1\r\n\r\n").as_bytes(), &["> POST /a 'xyz'", "> GET /b"]);
    responses(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxyz", &["< 200 'x' for GET /a", "x Response StartLine"]);
}

#[test]
fn grpc_web() {
    let head = "POST /s/M HTTP/1.1\r\nContent-Type: application/grpc-web\r\n";
    let told = "> POST /s/M {Content-Type=application/grpc-web}";
    let (one, two) = ("\0\0\0\0\x01a", "\0\0\0\0\x01a\0\0\0\0\0");
    let shown = |body: &str| body.as_bytes().escape_ascii().to_string();
    for (rest, expected) in [
        (format!("Content-Length: 11\r\n\r\n{two}"), format!("{told} '{}' grpc[Some(2) None]", shown(two))),
        (
            format!("Transfer-Encoding: chunked\r\n\r\n4\r\n{}\r\n2\r\n{}\r\n0\r\nt: 1\r\n\r\n", &one[..4], &one[4..]),
            format!("{told} '{}' +{{t=1}} grpc[Some(1) None]", shown(one)),
        ),
        ("Content-Length: 0\r\n\r\n".to_owned(), format!("{told} grpc[Some(0) None]")),
    ] {
        requests(format!("{head}{rest}GET /b HTTP/1.1\r\n\r\n").as_bytes(), &[&expected, "> GET /b"]);
    }
}
