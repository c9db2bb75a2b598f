//! Values of `redactBody` in bodies, from packets to finished lines.

use super::content::{config, finished, gzip, response};
use super::*;
use crate::config::BinaryBodies;
use serde_json::{Value, json};

fn redacting() -> EngineConfig {
    EngineConfig { redact_body: vec!["pin".into(), "apiKey".into()], ..config() }
}

/// The members that tell of the body of a response.
fn body_of(config: EngineConfig, response: &[u8]) -> Value {
    let (lines, ..) = finished(config, &[response.to_vec()]);
    let is_of_body = |name: &String| name.starts_with("body") && name != "bodySize";
    let members = lines[1].as_object().unwrap().iter().filter(|(name, _)| is_of_body(name));
    members.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

const JSON: &str = "Content-Type: application/json";

#[test]
fn what_is_shown_of_a_body() {
    let base64 = || EngineConfig { binary_bodies: BinaryBodies::Base64, ..redacting() };
    let not_decoded = || EngineConfig { decode_body: false, ..redacting() };
    let text = br#"{"a":1,"PIN":[2],"api_key":"3"}"#;
    let shown = r#"{"a":1,"PIN":"[REDACTED]","api_key":"[REDACTED]"}"#;
    let coded = gzip(text);
    let utf16: Vec<u8> = "{\"pin\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_swapped: Vec<u8> = "{\"pin\":1}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf16_other: Vec<u8> = "{\"pins\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let all = json!({"body": "[REDACTED]", "bodyRedacted": "all"});
    let gzip_and = |fields: &str| format!("Content-Encoding: gzip\r\n{fields}");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let multipart = "Content-Type: multipart/form-data; boundary=b";
    for (config, fields, body, shown) in [
        (redacting(), JSON, &text[..], json!({"body": shown, "bodyRedacted": "values"})),
        (not_decoded(), JSON, text, json!({"body": shown, "bodyRedacted": "values"})),
        (redacting(), "X: y", text, json!({"body": shown, "bodyRedacted": "values"})),
        (redacting(), JSON, br#"{"pins":1}"#, json!({"body": "{\"pins\":1}"})),
        (redacting(), JSON, br#"{"a":"pin"}"#, json!({"body": "{\"a\":\"pin\"}"})),
        (redacting(), JSON, b"", json!({"body": ""})),
        (redacting(), JSON, br#"{"pin":1"#, json!({"body": "{\"pin\":\"[REDACTED]\"", "bodyRedacted": "values"})),
        (redacting(), JSON, br#"{pin:1}"#, json!({"body": "{[REDACTED]", "bodyRedacted": "rest"})),
        (redacting(), JSON, br#"pin"#, all.clone()),
        (redacting(), &gzip_and(JSON), &coded, json!({"body": shown, "bodyRedacted": "values", "bodyDecoded": "gzip"})),
        (
            redacting(),
            &gzip_and("X: y"),
            &coded,
            json!({"body": shown, "bodyRedacted": "values", "bodyDecoded": "gzip"}),
        ),
        // A body that cannot be read is not shown.
        (redacting(), &gzip_and(JSON), text, all.clone()),
        (redacting(), &gzip_and(JSON), b"\x1f\x8bno", json!({"bodyEncoding": "binary"})),
        (base64(), &gzip_and(JSON), b"\x1f\x8bno", all.clone()),
        (base64(), &gzip_and("X: y"), b"\x1f\x8bno", all.clone()),
        (redacting(), &gzip_and("X: y"), text, json!({"body": shown, "bodyRedacted": "values"})),
        // Under a transfer coding too.
        (
            base64(),
            "Transfer-Encoding: gzip",
            b"\x1f\x8bno",
            json!({"body": "[REDACTED]", "bodyRedacted": "all", "bodyTruncated": true}),
        ),
        (
            base64(),
            "Transfer-Encoding: , Chunked",
            b"2\r\n\xff\xff\r\n0\r\n\r\n",
            json!({"body": "//8=", "bodyEncoding": "base64"}),
        ),
        (redacting(), "Content-Encoding: x", br#"{"pins":1}"#, json!({"body": "{\"pins\":1}"})),
        (redacting(), "Content-Encoding: x\r\nContent-Type: text/json", text, all.clone()),
        (not_decoded(), &gzip_and(JSON), &coded, json!({"bodyEncoding": "binary"})),
        (EngineConfig { decode_body: false, ..base64() }, &gzip_and(JSON), &coded, all.clone()),
        // JSON as another type, under a coding.
        (EngineConfig { decode_body: false, ..base64() }, &gzip_and("Content-Type: text/plain"), &coded, all.clone()),
        (base64(), JSON, b"{\"pin\":\"\xe9\"}", all.clone()),
        (redacting(), JSON, b"{\"pin\":\"\xe9\"}", json!({"bodyEncoding": "binary"})),
        (base64(), "X: y", b"\xff{\"pin\":1}", json!({"body": "/3sicGluIjoxfQ==", "bodyEncoding": "base64"})),
        // Other charsets: the text is shown, and the bytes are not.
        (
            base64(),
            "Content-Type: application/json; charset=latin1",
            b"{\"pin\":\"\xe9\",\"a\":\"\xe9\"}",
            json!({
                "bodyEncoding": "binary", "bodyText": "{\"pin\":\"[REDACTED]\",\"a\":\"é\"}",
                "bodyCharset": "windows-1252", "bodyRedacted": "values",
            }),
        ),
        (
            base64(),
            "Content-Type: application/json; charset=utf-16",
            &utf16,
            json!({
                "bodyEncoding": "binary", "bodyText": "{\"pin\":\"[REDACTED]\"}",
                "bodyCharset": "utf-16le", "bodyRedacted": "values",
            }),
        ),
        // A charset that is not the body's.
        (
            base64(),
            "Content-Type: application/json; charset=utf-16",
            &utf16_swapped,
            json!({
                "bodyEncoding": "binary", "bodyText": "[REDACTED]", "bodyCharset": "utf-16le", "bodyRedacted": "all",
            }),
        ),
        (
            redacting(),
            "Content-Type: application/json; charset=utf-16",
            b"{\"\0\":22,\"pin\":1}",
            json!({
                "bodyEncoding": "binary", "bodyText": "[REDACTED]", "bodyCharset": "utf-16le", "bodyRedacted": "all",
            }),
        ),
        (
            redacting(),
            "Content-Type: application/json; charset=utf-16",
            &utf16_other,
            json!({
                "body": "{\0\"\0p\0i\0n\0s\0\"\0:\x001\0}\0", "bodyText": "{\"pins\":1}", "bodyCharset": "utf-16le",
            }),
        ),
        (redacting(), JSON, &utf16, json!({"body": "{[REDACTED]", "bodyRedacted": "rest"})),
        // Forms.
        (redacting(), form, b"pin=1&a=2", json!({"body": "pin=[REDACTED]&a=2", "bodyRedacted": "values"})),
        (redacting(), form, b"a=2", json!({"body": "a=2"})),
        (redacting(), form, text, json!({"body": shown, "bodyRedacted": "values"})),
        (
            base64(),
            multipart,
            b"--b\r\nContent-Disposition: form-data; name=pin\r\n\r\n\xff\r\n--b--",
            json!({
                "body": "--b\r\nContent-Disposition: form-data; name=pin\r\n\r\n[REDACTED]\r\n--b--",
                "bodyRedacted": "values",
            }),
        ),
    ] {
        assert_eq!(body_of(config, &response(fields, body)), shown, "{fields} {body:?}");
    }
    let off = EngineConfig { redact_body: Vec::new(), ..base64() };
    assert_eq!(body_of(off, &response(JSON, text)), json!({"body": str::from_utf8(text).unwrap()}));
}

#[test]
fn a_body_in_chunks_and_one_that_is_cut() {
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{{\"pin\r\n6\r\n\":\"12\"\r\n1\r\n}}\r\n0\r\n\r\n"
    );
    let shown = json!({"body": "{\"pin\":\"[REDACTED]\"}", "bodyRedacted": "values"});
    assert_eq!(body_of(redacting(), chunked.as_bytes()), shown);
    let body = br#"{"a":[{"pin":{"b":"9 9"},"api-key":99}],"c":"d"}"#;
    let expected = r#"{"a":[{"pin":"[REDACTED]","api-key":"[REDACTED]"}],"c":"d"}"#;
    for max_body_size in 1..=body.len() {
        for fields in [JSON.to_owned(), format!("{JSON}\r\nContent-Encoding: gzip")] {
            let body = if fields.contains("gzip") { gzip(body) } else { body.to_vec() };
            let found = body_of(EngineConfig { max_body_size, ..redacting() }, &response(&fields, &body));
            let text = found["body"].as_str().unwrap_or_default();
            assert!(text == "[REDACTED]" || expected.starts_with(text), "{max_body_size}: {found}");
        }
    }
}

#[test]
fn what_was_hidden_is_counted() {
    let responses = [&b"{\"pin\":1}"[..], b"{\"pin\":1}", b"{pin}", b"pin", b"{}"].map(|body| response(JSON, body));
    let (lines, stats, _) = finished(redacting(), &responses);
    assert_eq!((stats.redacted, stats.redacted_rest, stats.redacted_all), (2, 1, 1));
    assert_eq!(lines[1]["bodySize"], 9, "of the bytes as they were sent");
}

/// Trailers of gRPC-Web are bytes of the body: a field that is hidden may be in them, whatever the option for bodies is.
#[test]
fn a_body_with_a_secret_trailer_is_not_shown() {
    use base64::Engine as _;
    let trailers = |flag: u8, block: &[u8]| [b"\0\0\0\0\x01a", &[flag, 0, 0, 0, block.len() as u8][..], block].concat();
    let hidden = json!({"body": "[REDACTED]", "bodyRedacted": "all"});
    for (body, is_hidden) in [
        (trailers(0x80, b"grpc-status: 0\r\nX_Secret: abc\r\n"), true),
        (trailers(0x80, b"grpc-status: 0\r\nX-Secret: abc\r\n")[..40].to_vec(), true),
        (trailers(0x81, &gzip(b"x-secret: abc")), true),
        (trailers(0x80, b"grpc-status: 0\r\nx-secrets: abc\r\n"), false),
        (trailers(0, b"x-secret: abc\r\n"), false),
    ] {
        let config = || EngineConfig {
            redact_headers: vec!["x-secret".into()],
            binary_bodies: BinaryBodies::Base64,
            ..config()
        };
        let text = base64::prelude::BASE64_STANDARD.encode(&body);
        let fields = "Content-Type: application/grpc-web";
        let found = body_of(config(), &response(fields, &body));
        let found_in_text = body_of(config(), &response(&format!("{fields}-text"), text.as_bytes()));
        assert_eq!(
            (found == hidden, found_in_text == hidden),
            (is_hidden, is_hidden),
            "{body:?} {found} {found_in_text}"
        );
    }
}

fn http2_frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The field that names the type stands in what was sent before the capture.
#[test]
fn a_body_whose_type_was_not_seen_may_be_anything() {
    let multipart = "--b\r\nContent-Disposition: form-data; name=pin\r\n\r\n1\r\n--b--\r\n";
    for (body, expected) in [
        (&b"a=2&p%69n=1"[..], Some("a=2&p%69n=[REDACTED]".to_owned())),
        (b"a=2", Some("a=2".to_owned())),
        (br#"{"pin":1}"#, Some(r#"{"pin":"[REDACTED]"}"#.to_owned())),
        (b"data: {\"pin\":1}\n\n", Some("data: {\"pin\":\"[REDACTED]\"}\n\n".to_owned())),
        (multipart.as_bytes(), Some(multipart.replace('1', "[REDACTED]"))),
        (&gzip(br#"{"pin":1}"#), Some("[REDACTED]".to_owned())),
    ] {
        let config = EngineConfig { binary_bodies: BinaryBodies::Base64, ..redacting() };
        let mut finisher = crate::delivery::Finisher::new(&config);
        let mut engine = Engine::new(config);
        let client = send(&mut engine, From::Client(1), 1, 1, &http2_frame(6, 0, 0, &[0; 8]));
        let server = send(&mut engine, From::Server(1), 1, client, &http2_frame(6, 1, 0, &[0; 8]));
        // POST, http, a path, and a field that is not known.
        let head = http2_frame(1, 4, 9, &[0x83, 0x86, 0x84, 0x80 | 62]);
        let asked = [head, http2_frame(0, 1, 9, body)].concat();
        let client = send(&mut engine, From::Client(1), client, server, &asked);
        send(&mut engine, From::Server(1), server, client, &http2_frame(1, 5, 9, &[0x88]));
        engine.drain();
        let mut lines = Vec::new();
        while let Some(batch) = engine.take_batch(true) {
            finisher.finish(batch, false, |batch| lines.extend_from_slice(&batch.lines));
        }
        let request = lines.split(|byte| *byte == b'\n').next().unwrap();
        let line: Value = serde_json::from_slice(request).unwrap();
        assert_eq!((&line["headersIncomplete"], line["body"].as_str()), (&true.into(), expected.as_deref()), "{line}");
    }
}
