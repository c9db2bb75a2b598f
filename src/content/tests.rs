use std::io::Write as _;

use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::content_buffer::FIRST_GROWTH_BYTES;
use super::*;

const LIMIT: usize = 1 << 20;

fn encode(coding: Coding, content: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match coding {
        Coding::Gzip | Coding::XGzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => {
            let mut coded = Vec::new();
            ::brotli::CompressorWriter::new(&mut coded, 4096, 5, 22).write_all(content).unwrap();
            coded
        }
        Coding::Zstd => compress_to_vec(content, CompressionLevel::Fastest),
    }
}

fn raw_deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Text that compresses somewhat and repeats itself nowhere near.
fn sample(bytes: usize) -> Vec<u8> {
    let lines = (0u64..).flat_map(|n| format!("{n} {:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes());
    lines.take(bytes).collect()
}

fn decode<'a>(body: &'a [u8], cut: bool, codings: &[Coding], max_bytes: usize) -> Result<Content<'a>, Broken> {
    super::decode(body, cut, codings, Limits { content_bytes: max_bytes, decoded_bytes: usize::MAX })
}

fn whole(bytes: &[u8]) -> Content<'_> {
    Content { bytes: Cow::Borrowed(bytes), cut: false, over_limit: false, over_work: false, without_end: false }
}

/// Of a body that was not cut: what there is of its content.
fn ended_early(bytes: &[u8]) -> Content<'_> {
    Content { cut: true, without_end: true, ..whole(bytes) }
}

fn codings(text: &str) -> Result<Vec<Coding>, UnknownCoding> {
    let mut codings = Vec::new();
    add_codings(text.as_bytes(), &mut codings).map(|()| codings)
}

#[test]
fn names_in_any_case_and_in_order() {
    assert_eq!(codings("gzip"), Ok(vec![Coding::Gzip]));
    assert_eq!(codings(" GZip ,, br,identity"), Ok(vec![Coding::Gzip, Coding::Brotli]));
    assert_eq!(codings("X-GZIP"), Ok(vec![Coding::XGzip]));
    assert_eq!(codings("identity"), Ok(vec![]));
    for unknown in ["compress", "gzip, dcb", "gzip;q=1", "gzip,gzip,gzip,gzip"] {
        assert_eq!(codings(unknown), Err(UnknownCoding), "{unknown}");
    }
}

#[test]
fn empty_content_is_content() {
    for coding in Coding::ALL {
        assert_eq!(decode(&encode(coding, b""), false, &[coding], LIMIT), Ok(whole(b"")), "{coding:?}");
    }
}

#[test]
fn a_body_cut_anywhere_gives_the_beginning_of_its_content() {
    let content = sample(3_000);
    for coding in Coding::ALL {
        let coded = encode(coding, &content);
        let mut longest = 0;
        for end in 0..coded.len() {
            let cut = decode(&coded[..end], true, &[coding], LIMIT);
            match &cut {
                Ok(got) => {
                    assert!(content.starts_with(&got.bytes), "{coding:?} at {end}");
                    // Perhaps only a checksum is missing, which brotli does not have.
                    assert!(got.cut && !got.over_limit, "{coding:?} at {end}");
                    assert!(got.bytes.len() >= longest, "{coding:?} at {end}: less of more");
                    longest = got.bytes.len();
                }
                Err(Broken) => assert_eq!(longest, 0, "{coding:?} at {end}"),
            }
            // It was not cut: the same, unless it may be something else.
            let uncut = decode(&coded[..end], false, &[coding], LIMIT);
            let same = uncut == cut.map(|cut| Content { without_end: true, ..cut });
            assert!(same || (uncut == Err(Broken) && coding == Coding::Brotli && end < 8), "{coding:?} at {end}");
        }
        assert!(longest > 2_000 || coding == Coding::Zstd, "{coding:?}: {longest}");
    }
}

#[test]
fn zstd_blocks_before_the_cut_come_out() {
    let content = sample(300_000);
    let coded = encode(Coding::Zstd, &content);
    let got = decode(&coded[..coded.len() - 10], true, &[Coding::Zstd], LIMIT).unwrap();
    assert!(got.cut && !got.over_limit && content.starts_with(&got.bytes));
    assert!(got.bytes.len() >= 2 * (128 << 10), "{}", got.bytes.len());
}

#[test]
fn a_damaged_body_is_broken_or_flagged() {
    let content = sample(2_000);
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
        let coded = encode(coding, &content);
        for place in 0..coded.len() {
            let mut damaged = coded.clone();
            damaged[place] ^= 0x55;
            let got = decode(&damaged, false, &[coding], LIMIT);
            // Bytes of a header (times, the system) do not matter.
            let flagged = got.as_ref().is_ok_and(|got| got.cut && got.without_end);
            assert!(got == Err(Broken) || got == Ok(whole(&content)) || flagged, "{coding:?} at {place}");
            let _ = decode(&damaged, true, &[coding], LIMIT);
        }
    }
    for coded in [&b"hello, world"[..], b"\x1f\x8c", b"{}", b"\xff\xff\xff\xff\xff"] {
        for coding in [Coding::Gzip, Coding::Zstd] {
            assert_eq!(decode(coded, false, &[coding], LIMIT), Err(Broken), "{coding:?} {coded:?}");
        }
    }
}

#[test]
fn bombs_stop_at_the_limit() {
    let zeros = vec![0; 10 << 20];
    for coding in Coding::ALL {
        let bomb = encode(coding, &zeros);
        assert!(bomb.len() < 200_000);
        for limit in [1, 1_000, FIRST_GROWTH_BYTES, LIMIT] {
            let got = decode(&bomb, false, &[coding], limit).unwrap();
            assert_eq!(*got.bytes, zeros[..limit], "{coding:?}");
            assert!(
                got.cut
                    && got.over_limit
                    && matches!(&got.bytes, Cow::Owned(bytes) if bytes.capacity() <= 2 * limit + 8)
            );
        }
        // Exactly the limit is not over it.
        assert_eq!(decode(&bomb, false, &[coding], zeros.len()), Ok(whole(&zeros)), "{coding:?}");
        // In a second coding.
        let twice = encode(Coding::Gzip, &bomb);
        let got = decode(&twice, false, &[coding, Coding::Gzip], LIMIT).unwrap();
        assert_eq!(*got.bytes, zeros[..LIMIT]);
    }
}

#[test]
fn many_empty_members_and_frames_cost_no_more_than_some() {
    let gzip = encode(Coding::Gzip, b"").repeat(50_000);
    assert_eq!(decode(&gzip, false, &[Coding::Gzip], LIMIT), Err(Broken));
    let skippable = b"\x50\x2a\x4d\x18\0\0\0\0".repeat(50_000);
    assert_eq!(decode(&skippable, false, &[Coding::Zstd], LIMIT), Err(Broken));
}

#[test]
fn windows_that_no_server_may_ask_for_are_refused() {
    // Magic, no flags, window of 16 MiB; then an empty last block.
    let window = |descriptor| [&[0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 1, 0, 0][..]].concat();
    assert_eq!(decode(&window(13 << 3), false, &[Coding::Zstd], LIMIT), Ok(whole(b"")));
    assert_eq!(decode(&window(14 << 3), false, &[Coding::Zstd], LIMIT), Err(Broken));
    // brotli's large window (not in RFC 7932): window bits 0010001, then 30.
    assert_eq!(decode(&[0x11, 0x1e, 0x03], false, &[Coding::Brotli], LIMIT), Err(Broken));
}

#[test]
fn deflate_comes_with_and_without_zlib() {
    let content = sample(500);
    assert_eq!(decode(&raw_deflate(&content), false, &[Coding::Deflate], LIMIT), Ok(whole(&content)));
    assert_eq!(decode(&raw_deflate(b""), false, &[Coding::Deflate], LIMIT), Ok(whole(b"")));
}

#[test]
fn gzip_has_members_padding_and_optional_fields() {
    let (one, two) = (encode(Coding::Gzip, b"one"), encode(Coding::Gzip, b"two"));
    assert_eq!(decode(&[&one[..], &two].concat(), false, &[Coding::Gzip], LIMIT), Ok(whole(b"onetwo")));
    assert_eq!(decode(&[&one[..], b"\0\0\0"].concat(), false, &[Coding::Gzip], LIMIT), Ok(whole(b"one")));
    let mut all_fields = vec![0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3];
    all_fields.extend_from_slice(b"\x02\0xxname\0comment\0\0\0");
    all_fields.extend_from_slice(&one[10..]);
    assert_eq!(decode(&all_fields, false, &[Coding::Gzip], LIMIT), Ok(whole(b"one")));
    for end in 1..29 {
        assert_eq!(decode(&all_fields[..end], true, &[Coding::Gzip], LIMIT), Err(Broken), "nothing to show at {end}");
    }
}

#[test]
fn a_body_whose_end_was_never_sent_gives_what_there_is() {
    let content = sample(3_000);
    for coding in Coding::ALL {
        let coded = encode(coding, &content);
        let early = coded.len() - if coding == Coding::Brotli { 1 } else { 4 };
        let got = decode(&coded[..early], false, &[coding], LIMIT);
        let Ok(got) = got else { panic!("{coding:?}: {got:?}") };
        assert!(got.without_end && got.cut && content.starts_with(&got.bytes), "{coding:?}");
        // In a second coding that is whole.
        let twice = encode(Coding::Gzip, &coded[..early]);
        assert_eq!(decode(&twice, false, &[coding, Coding::Gzip], LIMIT), Ok(ended_early(&got.bytes)), "{coding:?}");
    }
    // A wrong check of what is otherwise whole: for all one knows the check itself.
    for coding in [Coding::Gzip, Coding::Deflate] {
        let mut coded = encode(coding, &content);
        let check = coded.len() - if coding == Coding::Gzip { 8 } else { 4 };
        coded[check] ^= 1;
        assert_eq!(decode(&coded, false, &[coding], LIMIT), Ok(ended_early(&content)), "{coding:?}");
    }
    let raw = raw_deflate(&content);
    assert!(decode(&raw[..raw.len() - 1], false, &[Coding::Deflate], LIMIT).unwrap().without_end);
    // Members that are proved stay, the rest of a damaged one is not shown.
    let (one, two) = (encode(Coding::Gzip, b"one"), encode(Coding::Gzip, &content));
    let mut damaged = [&one[..], &two].concat();
    damaged[one.len() + 10] = 7; // the reserved type of a block (RFC 1951 §3.2.3)
    assert_eq!(decode(&damaged, false, &[Coding::Gzip], LIMIT), Ok(ended_early(b"one")));
    assert_eq!(decode(&damaged[one.len()..], false, &[Coding::Gzip], LIMIT), Err(Broken));
}

#[test]
fn text_that_is_not_coded_is_never_taken_for_it() {
    let texts =
        ["hello, world", "{}", "[]", "null", "<!DOCTYPE html>", "\n", "ok", "{\"a\":\"b\"}", "Not Found\n", "a", "é日"];
    let bytes = (0..128).map(|byte| char::from(byte).to_string().repeat(3));
    for text in texts.iter().map(|text| (*text).to_owned()).chain(bytes) {
        for coding in Coding::ALL {
            let got = decode(text.as_bytes(), false, &[coding], LIMIT);
            assert!(
                got.as_ref().is_err() || got.as_ref().is_ok_and(|got| !got.without_end),
                "{coding:?} {text:?}: {got:?}"
            );
        }
    }
}

#[test]
fn all_steps_together_have_a_limit() {
    let bomb =
        [0, 1].into_iter().fold(encode(Coding::Gzip, &vec![0; 10 << 20]), |coded, _| encode(Coding::Gzip, &coded));
    assert!(bomb.len() < 150, "{}", bomb.len());
    for decoded_bytes in [100_000, 300_000, LIMIT] {
        let limits = Limits { content_bytes: LIMIT, decoded_bytes };
        let got = super::decode(&bomb, false, &[Coding::Gzip; 3], limits).unwrap();
        assert!(got.over_work && !got.over_limit && got.cut, "{decoded_bytes}");
        assert!(got.bytes.len() > decoded_bytes / 2 && got.bytes.len() < decoded_bytes, "{}", got.bytes.len());
    }
}

#[test]
fn zstd_of_the_reference_encoder_is_read() {
    use base64::Engine as _;
    // printf 'hello zstd from the reference encoder: %s\n' $(seq 1 40) | zstd -19 --check | base64 -w0
    let coded = "KLUv/QRoVQMAcgUREaA9GLOvYydU3dltygwFP6dgILiaQobw5g2tppAhvHkDm0KG8OYNawoZwpvB6oGfHnKvj9zDVw/1l9T2oNI\
                 k49TH2K8nqBGgc/0/A/A1AxH8//9MPyDAkgjAUyvAnVb79TtEsDepAa0jNck=";
    let coded = base64::prelude::BASE64_STANDARD.decode(coded).unwrap();
    let content: String = (1..=40).map(|n| format!("hello zstd from the reference encoder: {n}\n")).collect();
    assert_eq!(decode(&coded, false, &[Coding::Zstd], LIMIT), Ok(whole(content.as_bytes())));
    let mut damaged = coded;
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(decode(&damaged, false, &[Coding::Zstd], LIMIT), Ok(ended_early(content.as_bytes())), "the checksum");
}

#[test]
fn zstd_has_frames_and_skippable_ones() {
    let frame = |content: &[u8]| encode(Coding::Zstd, content);
    let skippable = b"\x50\x2a\x4d\x18\x02\0\0\0xx";
    let coded = [&frame(b"one")[..], skippable, &frame(b"two"), skippable].concat();
    assert_eq!(decode(&coded, false, &[Coding::Zstd], LIMIT), Ok(whole(b"onetwo")));
    assert!(decode(&coded[..coded.len() - 1], true, &[Coding::Zstd], LIMIT).unwrap().cut);
    assert_eq!(decode(&coded[..coded.len() - 1], false, &[Coding::Zstd], LIMIT), Ok(ended_early(b"onetwo")));
    let damaged = [&frame(b"one")[..], &frame(b"two")[..4], b"\xff\xff\xff"].concat();
    assert_eq!(decode(&damaged, false, &[Coding::Zstd], LIMIT), Ok(ended_early(b"one")));
}

proptest! {
    #[test]
    fn what_was_coded_comes_back(
        content in prop_oneof![prop::collection::vec(any::<u8>(), 0..5_000), "[a-c]{0,5000}".prop_map(String::into_bytes)],
        applied in prop::collection::vec(0..Coding::ALL.len(), 0..=MAX_CODINGS),
        limit in 1usize..6_000,
    ) {
        let applied: Vec<_> = applied.into_iter().map(|index| Coding::ALL[index]).collect();
        let coded = applied.iter().fold(content.clone(), |bytes, coding| encode(*coding, &bytes));
        let got = decode(&coded, false, &applied, LIMIT).unwrap();
        prop_assert_eq!(&got, &whole(&content));
        if let [coding] = applied[..] {
            let kept = content.len().min(limit);
            let got = decode(&coded, false, &[coding], limit).unwrap();
            prop_assert_eq!(&*got.bytes, &content[..kept]);
            prop_assert_eq!(got.over_limit, kept < content.len());
        }
    }

    #[test]
    fn any_bytes_give_at_most_the_limit(bytes: Vec<u8>, coding in 0..Coding::ALL.len(), limit in 1usize..1_000) {
        if let Ok(content) = decode(&bytes, false, &[Coding::ALL[coding]], limit) {
            prop_assert!(content.bytes.len() <= limit);
        }
    }
}

#[test]
fn charsets_by_their_labels() {
    let name = |value: &str| charset_of(value.as_bytes()).map(encoding_rs::Encoding::name);
    assert_eq!(name("text/html; charset=ISO-8859-1"), Some("windows-1252"));
    assert_eq!(name("text/html;charset=\"shift_jis\"; x=y"), Some("Shift_JIS"));
    assert_eq!(name("text/html; boundary=x; Charset = utf-16"), Some("UTF-16LE"));
    for none in ["text/html", "text/html; charset=utf-8", "charset=latin1", "text/html; charset", "a;charset=klingon"] {
        assert_eq!(name(none), None, "{none}");
    }
}

/// One character a byte, also of bytes that could be the beginning of a byte order mark.
#[test]
fn a_cut_text_keeps_its_first_bytes() {
    let charset = charset_of(b"text/plain; charset=iso-8859-1").unwrap();
    for bytes in [&b"\xfe"[..], b"\xff", b"\xef", b"\xef\xbb", b"\xfe\xfe", b"\xff\xff\xfe"] {
        for cut in [false, true] {
            let shown = convert(bytes, cut, charset).map(|converted| converted.text.chars().count());
            // Of the first bytes of a character in UTF-8 a cut text may well be UTF-8.
            assert_eq!(shown, (!cut || bytes[0] != 0xef).then_some(bytes.len()), "{bytes:x?}, {cut}");
        }
    }
}

#[test]
fn text_that_is_not_utf8_is_converted() {
    let text = |bytes: &[u8], label: &str| {
        let charset = charset_of(format!("text/plain; charset={label}").as_bytes());
        convert(bytes, false, charset.unwrap()).map(|converted| (converted.text, converted.charset))
    };
    for (bytes, label, shown, charset) in [
        (&b"caf\xe9"[..], "iso-8859-1", "café", "windows-1252"),
        (b"\x93\xfa\x96\x7b", "shift_jis", "日本", "shift_jis"),
        (b"\xc8\xd5\xb1\xbe", "gb2312", "日本", "gbk"),
        (b"h\0i\0", "utf-16", "hi", "utf-16le"),
        (b"\xfe\xff\0h\0i", "utf-16", "hi", "utf-16be"),
        (b"\0h\0i", "utf-16be", "hi", "utf-16be"),
        (b"\x1b$BF|K\\\x1b(B", "iso-2022-jp", "日本", "iso-2022-jp"),
    ] {
        assert_eq!(text(bytes, label), Some((shown.to_owned(), charset.to_owned())), "{label}");
    }
    for (bytes, label) in [
        ("café".as_bytes(), "iso-8859-1"),
        (b"hello!", "utf-16"),
        (b"plain", "iso-2022-jp"),
        // Half a character.
        (b"\x93", "shift_jis"),
        (b"\xff\xfeh\0i", "utf-16"),
    ] {
        assert_eq!(text(bytes, label), None, "{label}");
    }
}

#[test]
fn a_cut_may_go_through_a_character() {
    let utf8_text = "é日😀";
    for end in 0..=utf8_text.len() {
        assert!(utf8_text.starts_with(utf8(&utf8_text.as_bytes()[..end], true).unwrap()));
    }
    for (label, all) in [("shift_jis", &b"\x93\xfa\x96\x7b\xb1"[..]), ("utf-16le", b"\0h=\xd8\0\xde")] {
        let charset = charset_of(format!("a/b; charset={label}").as_bytes()).unwrap();
        let whole = convert(all, true, charset).unwrap().text;
        for end in 1..all.len() {
            let prefix = convert(&all[..end], true, charset).map_or(String::new(), |converted| converted.text);
            assert!(whole.starts_with(&prefix), "{label} at {end}");
        }
    }
}
