//! Bodies like real bodies, from a seed: text that is nearly HTTP among them.

use super::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Json,
    Html,
    Binary,
    /// Lines of an access log: each holds a request line.
    Log,
    /// Words, methods among them, without a line break.
    Prose,
    /// Whole messages of HTTP, and what stands between them.
    Lookalike,
}

const WORDS: [&str; 20] = [
    "tea", "cup", "order", "cart", "price", "the", "of", "and", "shipped", "error", "null", "true", "id", "name",
    "total", "warn", "GET", "POST", "DELETE", "HTTP/1.1",
];
const LARGEST: usize = 60_000;

pub fn body(random: &mut Random, kind: Kind) -> Vec<u8> {
    let size = random.size(LARGEST);
    let mut out = Vec::with_capacity(size + 200);
    if kind == Kind::Html {
        out.extend_from_slice(b"<!doctype html>\r\n<html>");
    }
    while out.len() < size {
        piece(random, kind, &mut out);
    }
    out
}

fn piece(random: &mut Random, kind: Kind, out: &mut Vec<u8>) {
    let word = random.pick(&WORDS);
    let number = random.below(10_000);
    match kind {
        Kind::Json => push(out, &format!("{{\"id\":{number},\"note\":\"\\r\\n{word}\"}},")),
        Kind::Html => push(out, &format!("<p>{word} {number}</p>\r\n")),
        Kind::Binary => out.extend_from_slice(&random.next().to_le_bytes()),
        Kind::Log => push(out, &format!("10.0.0.{} - - \"GET /x{number} HTTP/1.1\" 200 {number}\n", number % 250)),
        Kind::Prose => push(out, &format!("{word} ")),
        Kind::Lookalike => lookalike(random, number, out),
    }
}

fn lookalike(random: &mut Random, number: usize, out: &mut Vec<u8>) {
    if random.percent(50) {
        push(out, &format!("GET /evil{number} HTTP/1.1\r\nHost: evil\r\n\r\n"));
    } else {
        let length = random.below(60);
        push(out, &format!("HTTP/1.1 299 Evil\r\nContent-Length: {length}\r\n\r\n{}", "e".repeat(length)));
    }
    if random.percent(30) {
        out.extend(std::iter::repeat_n(b'z', random.below(1_500)));
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
