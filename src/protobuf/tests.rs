use proptest::collection::vec;
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};

use super::*;

fn field(number: i32, name: &str, kind: Type, type_name: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        number: Some(number),
        name: Some(name.into()),
        r#type: Some(kind.into()),
        label: Some(Label::Optional.into()),
        type_name: type_name.map(Into::into),
        ..Default::default()
    }
}

fn repeated(mut field: FieldDescriptorProto) -> FieldDescriptorProto {
    field.label = Some(Label::Repeated.into());
    field
}

/// One of each kind that is written in a way of its own.
fn all_kinds() -> DescriptorProto {
    DescriptorProto {
        name: Some("All".into()),
        field: vec![
            field(1, "name", Type::String, None),
            field(2, "big_number", Type::Int64, None),
            field(3, "raw", Type::Bytes, None),
            field(4, "colour", Type::Enum, Some(".test.Colour")),
            repeated(field(5, "all", Type::Message, Some(".test.All"))),
            field(6, "at", Type::Message, Some(".google.protobuf.Timestamp")),
            field(7, "any", Type::Message, Some(".google.protobuf.Any")),
            repeated(field(8, "flags", Type::Bool, None)),
            field(9, "value", Type::Message, Some(".google.protobuf.Value")),
            field(10, "ratio", Type::Double, None),
        ],
        ..Default::default()
    }
}

fn set() -> FileDescriptorSet {
    let colour = |(number, name): (i32, &str)| EnumValueDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        ..Default::default()
    };
    let method = MethodDescriptorProto {
        name: Some("Tell".into()),
        input_type: Some(".test.All".into()),
        output_type: Some(".google.protobuf.Timestamp".into()),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test.proto".into()),
        package: Some("test".into()),
        syntax: Some("proto3".into()),
        dependency: ["timestamp", "any", "struct"].map(|name| format!("google/protobuf/{name}.proto")).into(),
        message_type: vec![all_kinds()],
        enum_type: vec![EnumDescriptorProto {
            name: Some("Colour".into()),
            value: [(0, "GREY"), (1, "RED")].map(colour).into(),
            ..Default::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("Teller".into()),
            method: vec![method],
            ..Default::default()
        }],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
}

fn descriptors() -> Descriptors {
    Descriptors::decode(&set().encode_to_vec()).unwrap()
}

fn request() -> MessageType {
    descriptors().message_type(b"test.Teller", b"Tell", Direction::Request).unwrap()
}

/// A field whose value has a length.
fn delimited(number: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost_reflect::prost::encoding::encode_varint(value.len() as u64, &mut out);
    out.extend(value);
    out
}

fn json(message: &[u8]) -> Option<String> {
    let mut out = b"before".to_vec();
    let pushed = request().push_json(message, 1 << 20, &mut out);
    let text = String::from_utf8(out).unwrap();
    let json = text.strip_prefix("before").unwrap();
    assert!(pushed || json.is_empty());
    pushed.then(|| json.to_owned())
}

fn any_of(type_name: &str, value: &[u8]) -> Vec<u8> {
    delimited(7, &[delimited(1, format!("type.googleapis.com/{type_name}").as_bytes()), delimited(2, value)].concat())
}

#[test]
fn types_by_service_method_and_direction() {
    let descriptors = descriptors();
    let name = |service: &str, method: &str, direction| {
        let found = descriptors.message_type(service.as_bytes(), method.as_bytes(), direction);
        found.map(|found| found.descriptor.full_name().to_owned())
    };
    assert_eq!(name("test.Teller", "Tell", Direction::Request).as_deref(), Some("test.All"));
    assert_eq!(name("test.Teller", "Tell", Direction::Response).as_deref(), Some("google.protobuf.Timestamp"));
    for (service, method) in [("Teller", "Tell"), ("test.Teller", "tell"), ("test.All", "Tell"), ("", "")] {
        assert_eq!(name(service, method, Direction::Request), None);
    }
    assert!(descriptors.message_type(b"\xff", b"Tell", Direction::Request).is_none());
}

#[test]
fn each_kind_has_its_form() {
    assert_eq!(json(b"").as_deref(), Some("{}"));
    let message = [
        delimited(1, "ü\"\n".as_bytes()),
        vec![2 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        delimited(3, b"\0\xff"),
        vec![4 << 3, 1],
        delimited(5, b""),
        delimited(5, &delimited(1, b"inner")),
        delimited(6, &[1 << 3, 1]),
        delimited(8, &[1, 0]),
        // A field that is not in the descriptors.
        vec![15 << 3, 1],
    ];
    let expected = concat!(
        r#"{"name":"ü\"\n","bigNumber":"9223372036854775807","raw":"AP8=","colour":"RED","all":[{},{"name":"inner"}],"#,
        r#""at":"1970-01-01T00:00:01Z","flags":[true,false]}"#
    );
    assert_eq!(json(&message.concat()).as_deref(), Some(expected));
    assert_eq!(json(&[4 << 3, 7]).as_deref(), Some(r#"{"colour":7}"#));
    let nan = [&[10 << 3 | 1][..], &f64::NAN.to_le_bytes()].concat();
    assert_eq!(json(&nan).as_deref(), Some(r#"{"ratio":"NaN"}"#));
    let any = any_of("test.All", &delimited(1, b"x"));
    assert_eq!(json(&any).as_deref(), Some(r#"{"any":{"@type":"type.googleapis.com/test.All","name":"x"}}"#));
}

#[test]
fn what_is_no_such_message_has_no_json() {
    for wrong in [&[0x0a][..], &[0x0a, 5, b'x'], &[0x0a, 1, 0xff], &[0x07], &[0x00, 0x00]] {
        assert_eq!(json(wrong), None, "{wrong:?}");
    }
    assert_eq!(json(&any_of("test.Unknown", b"")), None);
    // The year 10 000.
    let mut seconds = vec![1 << 3];
    prost_reflect::prost::encoding::encode_varint(253_402_300_800, &mut seconds);
    assert_eq!(json(&delimited(6, &seconds)), None);
}

#[test]
fn json_is_within_the_limit() {
    let message = delimited(1, b"12345");
    for (max_bytes, pushed) in [(16, true), (15, false), (0, false)] {
        let mut out = Vec::new();
        assert_eq!(request().push_json(&message, max_bytes, &mut out), pushed);
        assert_eq!(out.len(), if pushed { r#"{"name":"12345"}"#.len() } else { 0 });
    }
    // One byte of it is six of JSON.
    let flags = delimited(8, &vec![0; MAX_JSON_MESSAGE_BYTES - 4]);
    assert!(json(&flags).is_none());
    assert_eq!(json(&delimited(8, &vec![0; 100_000])).map(|json| json.len()), Some(600_011));
    assert_eq!(json(&delimited(3, &vec![0; MAX_JSON_MESSAGE_BYTES])), None);
}

/// A stack that overflows takes the process with it.
#[test]
fn messages_in_each_other_do_not_reach_the_end_of_the_stack() {
    let nest = |wrap: &dyn Fn(&[u8]) -> Vec<u8>, depth: usize| (0..depth).fold(Vec::new(), |inner, _| wrap(&inner));
    let list = |inner: &[u8]| delimited(6, &delimited(1, inner));
    let value = |depth| delimited(9, &nest(&list, depth));
    for (what, depth_that_goes, wrapped) in [
        ("fields", 20, (&|depth| nest(&|inner| delimited(5, inner), depth)) as &dyn Fn(usize) -> Vec<u8>),
        ("Any", 20, &|depth| nest(&|inner| any_of("test.All", inner), depth)),
        ("Value", 20, &value),
    ] {
        assert!(json(&wrapped(depth_that_goes)).is_some(), "{what}");
        for depth in [70, 2_000] {
            assert_eq!(json(&wrapped(depth)), None, "{what}");
        }
    }
}

#[test]
fn descriptors_that_are_none() {
    let error = |bytes: &[u8]| Descriptors::decode(bytes).unwrap_err().to_string();
    assert_eq!(error(b""), "the FileDescriptorSet has no service in it");
    assert!(error(b"syntax = \"proto3\";").starts_with("not a FileDescriptorSet, as protoc"));
    assert!(error(b"\x0a\x03\x0a\x01a\x0a\x03\x0a\x01a").starts_with("the FileDescriptorSet does not hold together"));
    let mut missing = set();
    missing.file[0].dependency.push("other.proto".into());
    assert!(error(&missing.encode_to_vec()).contains("other.proto"), "{}", error(&missing.encode_to_vec()));
}

#[test]
fn files_of_editions_are_read() {
    let mut set = set();
    set.file[0].syntax = Some("editions".into());
    let descriptors = Descriptors::decode(&set.encode_to_vec()).unwrap();
    let all = descriptors.message_type(b"test.Teller", b"Tell", Direction::Request).unwrap();
    let json = |bytes: &[u8]| {
        let mut out = Vec::new();
        all.push_json(bytes, 1 << 20, &mut out).then(|| String::from_utf8(out).unwrap())
    };
    // A name, flags packed and not, a colour that has no name.
    let text = json(b"\x0a\x01a\x42\x01\x01\x40\x00\x20\x4d").unwrap();
    for part in [r#""name":"a""#, r#""colour":77"#, r#""flags":[true,false]"#] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(json(b"\x2b\x0a\x01a\x2c"), None, "a group for a message");
    set.file[0].syntax = Some("proto4".into());
    let error = Descriptors::decode(&set.encode_to_vec()).unwrap_err();
    assert_eq!(error.to_string(), r#"test.proto: the syntax "proto4" is not known"#);
}

/// protoc puts them in, in its own edition, with `--include_imports`.
#[test]
fn a_set_may_have_the_well_known_types_in_it() {
    let mut set = set();
    let known = DescriptorPool::global();
    for name in ["timestamp", "any", "struct"] {
        let mut file =
            known.get_file_by_name(&format!("google/protobuf/{name}.proto")).unwrap().file_descriptor_proto().clone();
        file.options = None;
        set.file.insert(0, file);
    }
    assert!(Descriptors::decode(&set.encode_to_vec()).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_json_or_nothing(
        message in vec(prop_oneof![any::<u8>(), (1..11_u8).prop_map(|n| n << 3 | 2), 0..9_u8], 0..60),
        max_bytes in 0..300_usize,
    ) {
        let mut out = Vec::new();
        if request().push_json(&message, max_bytes, &mut out) {
            prop_assert!(out.len() <= max_bytes);
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
        } else {
            prop_assert!(out.is_empty());
        }
    }
}
