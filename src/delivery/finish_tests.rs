use super::*;
use crate::decode::Endpoint;
use crate::encode::{Encoder, Origin};
use crate::message::{Direction, Head, HttpMessage, Part, RequestVerdict, StreamMessage, StreamOf};
use crate::time::Timestamp;

fn config() -> EngineConfig {
    EngineConfig { binary_bodies: BinaryBodies::Base64, ..EngineConfig::for_ports(&[80]) }
}

/// One message a body, each of which is no text.
fn batch(config: &EngineConfig, bodies: &[&[u8]]) -> Batch {
    let endpoint = Endpoint { ip: [192, 0, 2, 1].into(), port: 80 };
    let origin = Origin::new(1, endpoint, endpoint);
    let mut encoder = Encoder::new(config);
    let mut batch = Batch::default();
    for body in bodies {
        let message = HttpMessage {
            direction: Direction::Response,
            exchange: 1,
            at: Timestamp::default(),
            duration_micros: None,
            stall_micros: None,
            proxied: None,
            head: &Head::default(),
            head_bytes: b"",
            trailers: None,
            body,
            body_bytes: body.len() as u64,
            incomplete: None,
            gap_bytes: 0,
            answered: None,
            request_seen: false,
            verdict: RequestVerdict::default(),
            extras: None,
        };
        if let Some(raw) = encoder.push_line(&mut batch.lines, &origin, &message) {
            batch.raw.push((batch.messages, raw));
        }
        batch.messages += 1;
    }
    batch
}

fn pieces(finisher: &mut Finisher, batch: Batch, in_haste: bool) -> Vec<Batch> {
    let mut pieces = Vec::new();
    finisher.finish(batch, in_haste, |piece| pieces.push(piece));
    for piece in &pieces {
        let lines = piece.lines.split_inclusive(|&b| b == b'\n');
        assert_eq!(lines.clone().count(), piece.messages as usize);
        lines.for_each(|line| assert!(line.ends_with(b"}\n") && std::str::from_utf8(line).is_ok()));
    }
    pieces
}

#[test]
fn a_batch_without_raw_bodies_is_given_as_it_is() {
    let batch = batch(&config(), &[b"text", b""]);
    assert!(batch.raw.is_empty());
    let at = batch.lines.as_ptr();
    let pieces = pieces(&mut Finisher::new(&config()), batch, false);
    assert!(matches!(&pieces[..], [piece] if piece.lines.as_ptr() == at), "not copied");
}

#[test]
fn a_batch_that_grows_is_given_in_pieces() {
    let large = vec![0xff; MAX_BATCH_BYTES];
    let newlines = b"\xff\n\n".as_slice();
    for (bodies, messages) in [
        (&[newlines, &large, b"text", newlines][..], &[2, 2][..]),
        (&[&large, &large, &large], &[1, 1, 1]),
        (&[b"text", &large], &[2]),
        (&[newlines, newlines], &[2]),
    ] {
        let pieces = pieces(&mut Finisher::new(&config()), batch(&config(), bodies), false);
        assert_eq!(pieces.iter().map(|piece| piece.messages).collect::<Vec<_>>(), messages);
    }
}

fn with_coding(mut batch: Batch) -> Batch {
    batch.raw.iter_mut().for_each(|(_, raw)| raw.codings = vec![Coding::Gzip]);
    batch
}

#[test]
fn a_decoder_that_panics_costs_the_body_and_is_counted() {
    let mut finisher = Finisher::new(&config());
    finisher.decode = |bytes, _, _, _| if bytes == b"\xff1" { panic!("as asked") } else { Err(Broken) };
    let pieces = pieces(&mut finisher, with_coding(batch(&config(), &[b"\xff1", b"\xff2"])), false);
    let text = String::from_utf8(pieces[0].lines.to_vec()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("\"bodyEncoding\":\"binary\",\"bodySize\":2"), "{text}");
    assert!(lines[1].contains("\"body\":\"/zI=\",\"bodyEncoding\":\"base64\",\"bodySize\":2"), "{text}");
    assert_eq!(finisher.stats, ContentStats { panicked: 1, undecodable: 1, ..ContentStats::default() });
}

#[test]
fn in_haste_nothing_is_decoded() {
    let mut finisher = Finisher::new(&config());
    finisher.decode = |_, _, _, _| panic!("nothing is decoded");
    pieces(&mut finisher, with_coding(batch(&config(), &[b"\xff1", b"\xff2"])), true);
    assert_eq!(finisher.stats, ContentStats { left_coded: 2, ..ContentStats::default() });
}

thread_local! {
    static NOW: std::cell::Cell<Instant> = std::cell::Cell::new(Instant::now());
}

/// Live, bombs of all bodies together have a bound in each second; what is in proportion to its coded bytes has none.
#[test]
fn surplus_is_bounded_by_rate() {
    let mut finisher = Finisher::new(&config()).with_rate(|| NOW.get());
    finisher.decode = |coded, _, _, limits| {
        let bytes = vec![b'x'; if coded == b"\xffbomb" { limits.decoded_bytes } else { coded.len() * 30 }];
        let over_work = coded == b"\xffbomb";
        Ok(Content { bytes: bytes.into(), cut: over_work, over_limit: false, over_work, without_end: false })
    };
    let written = |finisher: &mut Finisher, body: &[u8]| -> usize {
        let pieces = pieces(finisher, with_coding(batch(&config(), &[body])), false);
        pieces.iter().map(|piece| piece.lines.len()).sum()
    };
    let a_second = SURPLUS_BYTES_PER_SECOND / MAX_SURPLUS_BYTES;
    let all: usize = (0..4 * a_second).map(|_| written(&mut finisher, b"\xffbomb")).sum();
    assert!(all > SURPLUS_BYTES_PER_SECOND, "{all}");
    assert!(all < SURPLUS_BYTES_PER_SECOND + 4 * a_second * (REGULAR_BYTES + 1_000), "{all}");
    assert_eq!(finisher.stats.over_ratio + finisher.stats.over_rate, 4 * a_second as u64);
    assert!(finisher.stats.over_rate >= 3 * a_second as u64 - 1, "{:?}", finisher.stats);
    let honest = vec![0xff; 10_000];
    assert!(written(&mut finisher, &honest) > 300_000, "it has no part in that");
    NOW.set(NOW.get() + std::time::Duration::from_millis(100));
    let all: usize = (0..a_second).map(|_| written(&mut finisher, b"\xffbomb")).sum();
    let tenth = SURPLUS_BYTES_PER_SECOND / 10;
    assert!(all > tenth && all < tenth + a_second * (REGULAR_BYTES + 1_000), "{all}");
}

/// A gRPC message: a flag, a length, data.
fn frame(flag: u8, data: &[u8]) -> Vec<u8> {
    [&[flag], &(data.len() as u32).to_be_bytes()[..], data].concat()
}

fn grpc_line(encoding: &[u8], body: &[u8], in_haste: bool) -> (String, ContentStats) {
    grpc_line_by(EngineConfig { max_body_size: 100, ..config() }, encoding, body, in_haste)
}

fn grpc_line_by(config: EngineConfig, encoding: &[u8], body: &[u8], in_haste: bool) -> (String, ContentStats) {
    let (line, stats) = whole_grpc_line(config, encoding, body, in_haste);
    let from = line.find(",\"grpcMessages\"").unwrap();
    let last = line.strip_suffix("}\n").unwrap();
    (last[from..].to_owned(), stats)
}

fn whole_grpc_line(config: EngineConfig, encoding: &[u8], body: &[u8], in_haste: bool) -> (String, ContentStats) {
    let mut batch = batch(&config, &[&[b"\xff", body].concat()]);
    for (_, raw) in &mut batch.raw {
        raw.at.start += 1;
        let rest = &batch.lines[raw.at.end..];
        raw.grpc = Some(Box::new(crate::encode::RawGrpc {
            at: raw.at.end + rest.iter().position(|&byte| byte == b'\n').unwrap() - 1,
            kind: crate::content::grpc::Kind::Grpc,
            coding: crate::content::grpc::MessageCoding::of(encoding),
            direction: Direction::Response,
            path: b"/s/M".as_slice().into(),
            text: crate::redact::Kind::Other,
            is_message: false,
        }));
    }
    let mut finisher = Finisher::new(&config);
    let mut lines = Vec::new();
    finisher.finish(batch, in_haste, |piece| lines.extend_from_slice(&piece.lines));
    (String::from_utf8_lossy(&lines).into_owned(), finisher.stats)
}

#[test]
fn the_messages_of_a_grpc_body() {
    let none = ContentStats::default();
    let body = [frame(0, b"one"), frame(0, b""), frame(0, b"3rd")[..6].to_vec()].concat();
    let told =
        r#","grpcMessages":[{"size":3,"data":"b25l"},{"size":0,"data":""},{"size":3,"data":"Mw==","truncated":true}]"#;
    assert_eq!(grpc_line(b"", &body, false), (told.to_owned(), none));
    // Compressed, and together over the limit.
    let gzip = |data: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, data).unwrap();
        frame(1, &encoder.finish().unwrap())
    };
    let (bomb, small) = (gzip(&[0; 10_000]), gzip(b"one"));
    let (line, stats) = grpc_line(b"gzip", &[&small[..], &bomb].concat(), false);
    let data = format!("\"data\":\"{}==\",\"truncated\":true}}]", "A".repeat(130));
    assert!(line.starts_with(r#","grpcMessages":[{"size":23,"compressed":true,"data":"b25l"}"#), "{line}");
    assert!(line.ends_with(&data), "{line}");
    assert_eq!(stats, ContentStats { grpc_over_limit: 1, ..none });
    let unshown = r#","grpcMessages":[{"size":23,"compressed":true}]"#.to_owned();
    assert_eq!(grpc_line(b"snappy", &small, false), (unshown.clone(), ContentStats { grpc_undecodable: 1, ..none }));
    assert_eq!(grpc_line(b"gzip", &small, true), (unshown, ContentStats { grpc_left_coded: 1, ..none }));
    // After a broken message the others are left.
    let (line, stats) = grpc_line(b"gzip", &[&frame(1, b"no gzip")[..], &small, &frame(0, b"one")].concat(), false);
    let told =
        r#","grpcMessages":[{"size":7,"compressed":true},{"size":23,"compressed":true},{"size":3,"data":"b25l"}]"#;
    assert_eq!((line.as_str(), stats), (told, ContentStats { grpc_undecodable: 2, ..none }));
    let many = frame(0, b"").repeat(1_030);
    assert_eq!(grpc_line(b"", &many, false).1, ContentStats { grpc_over_count: 6, ..none });
}

/// A service `s` with a method `M`, which answers with a text.
fn descriptors() -> crate::config::DescriptorFile {
    use prost_reflect::prost::Message as _;
    use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
    use prost_reflect::prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
        ServiceDescriptorProto,
    };
    let field = FieldDescriptorProto {
        number: Some(1),
        name: Some("text".into()),
        r#type: Some(Type::String.into()),
        label: Some(Label::Optional.into()),
        ..Default::default()
    };
    let method = MethodDescriptorProto {
        name: Some("M".into()),
        input_type: Some(".Answer".into()),
        output_type: Some(".Answer".into()),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("s.proto".into()),
        message_type: vec![DescriptorProto { name: Some("Answer".into()), field: vec![field], ..Default::default() }],
        service: vec![ServiceDescriptorProto { name: Some("s".into()), method: vec![method], ..Default::default() }],
        syntax: Some("proto3".into()),
        ..Default::default()
    };
    let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
    let content = Arc::new(OnceLock::from(Descriptors::decode(&set).unwrap()));
    crate::config::DescriptorFile { path: String::new(), content }
}

#[test]
fn messages_of_known_types_are_json() {
    let config = || EngineConfig { proto_descriptors: Some(descriptors()), ..config() };
    let body = [frame(0, b"\x0a\x01x"), frame(0, b"\xff"), frame(0, b"\x0a\x01x")[..7].to_vec()].concat();
    let told = |in_haste| grpc_line_by(config(), b"", &body, in_haste).0;
    let rest = r#"{"size":1,"data":"/w=="},{"size":3,"data":"CgE=","truncated":true}]"#;
    assert_eq!(told(false), format!(r#","grpcMessages":[{{"size":3,"json":{{"text":"x"}}}},{rest}"#));
    assert_eq!(told(true), format!(r#","grpcMessages":[{{"size":3,"data":"CgF4"}},{rest}"#));
}

/// The line of a message inside a stream, from its data on.
fn inside(config: EngineConfig, path: &[u8], data: &[u8], truncated: bool, in_haste: bool) -> String {
    let message = StreamMessage {
        of: StreamOf { exchange: 1, ..StreamOf::default() },
        direction: Direction::Response,
        sequence: 1,
        at: Timestamp::default(),
        data,
        data_bytes: data.len() as u64,
        truncated,
        gap_bytes: 0,
        part: Part::Grpc { path },
    };
    let endpoint = Endpoint { ip: [192, 0, 2, 1].into(), port: 80 };
    let origin = Origin::new(1, endpoint, endpoint);
    let mut encoder = Encoder::new(&config);
    // It is not the first of its batch.
    let mut batch = batch(&config, &[b"\xff"]);
    let raw = encoder.push_stream_line(&mut batch.lines, &origin, &message);
    batch.raw.extend(raw.map(|raw| (batch.messages, raw)));
    batch.messages += 1;
    let mut lines = Vec::new();
    Finisher::new(&config).finish(batch, in_haste, |piece| lines.extend_from_slice(&piece.lines));
    let line = String::from_utf8(lines).unwrap();
    let last = line.lines().last().unwrap();
    serde_json::from_str::<serde_json::Value>(last).unwrap();
    last[last.find(",\"data\"").unwrap()..].to_owned()
}

#[test]
fn a_message_inside_a_stream_has_json_if_its_type_is_known() {
    let known = || EngineConfig { proto_descriptors: Some(descriptors()), ..config() };
    let hiding = || EngineConfig { redact_body: vec!["text".into()], ..known() };
    let call = |service: &str| format!(r#","dataSize":3,"grpc":{{"service":"{service}","method":"M"}}"#);
    let data = r#","data":"CgF4","dataEncoding":"base64""#;
    let told = inside(known(), b"/s/M", b"\x0a\x01x", false, false);
    assert_eq!(told, format!(r#"{data}{},"json":{{"text":"x"}}}}"#, call("s")));
    // Without descriptors, of another service, in haste.
    for (config, service, in_haste) in [(config(), "s", false), (known(), "t", false), (known(), "s", true)] {
        let told = inside(config, format!("/{service}/M").as_bytes(), b"\x0a\x01x", false, in_haste);
        assert_eq!(told, format!("{data}{}}}", call(service)));
    }
    assert!(inside(known(), b"/s/M", b"", false, false).ends_with(r#","json":{}}"#));
    // A message that is cut, or that is not of the type, is not shown as JSON.
    let told = inside(known(), b"/s/M", b"\x0a\x01x", true, false);
    assert!(told.starts_with(data) && told.contains(r#","truncated":true"#) && !told.contains("json"), "{told}");
    assert!(!inside(known(), b"/s/M", b"\xff", false, false).contains("json"));
    // The data hold the value that is hidden in the JSON.
    let told = inside(hiding(), b"/s/M", b"\x0a\x01x", false, false);
    assert_eq!(told, format!(r#","data":"[REDACTED]"{},"json":{{"text":"[REDACTED]"}}}}"#, call("s")));
    // So do those of which no JSON is made: in haste, cut, with more after the value.
    for (data, cut, in_haste) in
        [(&b"\x0a\x01x"[..], false, true), (b"\x0a\x01x", true, false), (b"\x0a\x01x\xff", false, false)]
    {
        let told = inside(hiding(), b"/s/M", data, cut, in_haste);
        assert!(told.starts_with(r#","data":"[REDACTED]","dataSize""#) && !told.contains("json"), "{told}");
        assert_eq!(told.contains(r#","truncated":true"#), cut, "{told}");
        assert!(inside(hiding(), b"/t/M", data, cut, in_haste).starts_with(r#","data":"Cg"#));
    }
}

#[test]
fn what_is_hidden_in_the_messages_of_a_grpc_body_is_in_no_member_of_its_line() {
    let json = || EngineConfig {
        redact_body: vec!["pin".into()],
        binary_bodies: crate::config::BinaryBodies::Base64,
        ..config()
    };
    let known = || EngineConfig { redact_body: vec!["text".into()], proto_descriptors: Some(descriptors()), ..json() };
    let gzip = |data: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, data).unwrap();
        frame(1, &encoder.finish().unwrap())
    };
    let pin = br#"{"pin":"1234"}"#;
    let in_its_place = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, br#"{"pin":"[REDACTED]"}"#);
    let (unread, cut) = (r#"{"size":3,"data":"[REDACTED]"}"#, r#","data":"[REDACTED]","truncated":true}"#);
    for (config, body, in_haste, told) in [
        (json(), frame(0, pin), false, format!(r#"{{"size":14,"data":"{in_its_place}"}}"#)),
        (json(), frame(0, pin), true, format!(r#"{{"size":14,"data":"{in_its_place}"}}"#)),
        (json(), gzip(pin), false, format!(r#","compressed":true,"data":"{in_its_place}"}}"#)),
        // Not looked at.
        (json(), gzip(pin), true, r#","compressed":true}"#.into()),
        (json(), [frame(1, b"no gzip"), gzip(pin)].concat(), false, r#","compressed":true}"#.into()),
        (json(), [&frame(0, b"1")[..], pin].concat(), false, r#"{"size":1,"data":"MQ=="}"#.into()),
        (json(), [frame(0, b"").repeat(1_024), frame(0, pin)].concat(), false, r#""data":""}"#.into()),
        (known(), frame(0, b"\x0a\x01x"), false, r#"{"size":3,"json":{"text":"[REDACTED]"}}"#.into()),
        (known(), frame(0, b"\x0a\x01x"), true, unread.into()),
        (known(), frame(0, b"\x0a\x02x"), false, unread.into()),
        (known(), frame(0, b"\x0a\x09x........")[..9].to_vec(), false, format!(r#"{{"size":11{cut}"#)),
    ] {
        let (line, _) = whole_grpc_line(config, b"gzip", &body, in_haste);
        assert!(line.contains(r#","body":"[REDACTED]","bodyRedacted":"all""#), "{line}");
        assert!(line.ends_with(&format!("{told}]}}\n")), "{told} {line}");
    }
    // Nothing is hidden in these.
    for (config, data) in [(json(), &b"\x0a\x01x"[..]), (json(), br#"{"pins":1}"#), (known(), b"")] {
        let (line, _) = whole_grpc_line(config, b"", &frame(0, data), false);
        assert!(line.contains(r#","body":""#) && !line.contains("REDACTED"), "{line}");
    }
}
