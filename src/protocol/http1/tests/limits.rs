//! Caps, and what they cost.

use super::*;

fn whole(bytes: &[u8]) -> Vec<String> {
    talk(&[C(bytes)], Cut::Nowhere, Role::InitiatedBy(Side::Low)).0.lines()
}

fn bytewise(bytes: &[u8]) -> Vec<String> {
    talk(&[C(bytes)], Cut::Everywhere, Role::InitiatedBy(Side::Low)).0.lines()
}

#[test]
fn a_head_has_a_largest_size() {
    let head = |bytes: usize| {
        let frame = "GET / HTTP/1.1\r\nCookie: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", "x".repeat(bytes - frame)).into_bytes()
    };
    let fits = head(MAX_HEAD_BYTES);
    assert!(bytewise(&fits)[0].starts_with("> GET / {Cookie=xxx"));
    let large = head(MAX_HEAD_BYTES + 2);
    assert_eq!(bytewise(&large), ["x Request HeadTooLong"]);
}

#[test]
fn a_head_has_a_largest_number_of_fields() {
    let head = |fields: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(fields)).into_bytes();
    for read in [whole, bytewise] {
        assert!(read(&head(MAX_FIELDS))[0].starts_with("> GET /"));
        assert_eq!(read(&head(MAX_FIELDS + 1)), ["x Request TooManyFields"]);
    }
}

#[test]
fn chunk_lines_and_trailers_have_largest_sizes() {
    let post = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (body, reason) in [
        (format!("0;{}\r\n\r\n", "x".repeat(20_000)), "ChunkSize"),
        (format!("0{}\r\n\r\n", " ".repeat(20_000)), "ChunkSize"),
        (format!("0\r\nA: {}\r\n\r\n", "x".repeat(70_000)), "TrailersTooLong"),
    ] {
        for read in [whole, bytewise] {
            let expected = ["> POST / !malformed".to_owned(), format!("x Request {reason}")];
            assert_eq!(read(format!("{post}{body}").as_bytes()), expected);
        }
    }
}

#[test]
fn what_waits_for_an_answer_is_limited_and_the_loss_counted() {
    let upgrade = b"GET /u HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n";
    let (many, no) = (b"GET /g HTTP/1.1\r\n\r\n".repeat(60_000), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for cut in [Cut::Nowhere, Cut::Everywhere] {
        let (seen, counters) = talk(&[C(upgrade), C(&many), S(no)], cut, Role::InitiatedBy(Side::Low));
        assert_eq!(seen.lines(), ["> GET /u", "< 200 for GET /u"], "{cut:?}");
        assert_eq!(counters.lost_heads, 1, "{cut:?}");
    }
}
