//! The prefix that a proxy sends before the client's first request.

use super::*;

const GET: &[u8] = b"GET /g HTTP/1.1\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Version 2: `command` and `family` as in their bytes, then what follows the length.
fn version_2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = (rest.len() as u16).to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[command, family], &length, rest].concat()
}

fn v4() -> Vec<u8> {
    [[192, 0, 2, 7].as_slice(), &[198, 51, 100, 1], &[0x9c, 0x40], &[0, 80]].concat()
}

#[test]
fn the_prefix_of_a_proxy_is_read_and_named_on_all_messages() {
    let tlv = [v4(), vec![0x04, 0, 3, 1, 2, 3]].concat();
    let six = [[0x20; 16].as_slice(), &[0x30; 16], &[0x9c, 0x40], &[0, 80]].concat();
    let via_4 = " via 192.0.2.7:40000 198.51.100.1:80";
    let via_6 = " via [2020:2020:2020:2020:2020:2020:2020:2020]:40000 [3030:3030:3030:3030:3030:3030:3030:3030]:80";
    for (prefix, via) in [
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n".to_vec(), via_4),
        (b"PROXY TCP6 2001:db8::7 ::1 40000 80\r\n".to_vec(), " via [2001:db8::7]:40000 [::1]:80"),
        (b"PROXY UNKNOWN\r\n".to_vec(), ""),
        (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(), ""),
        (version_2(0x21, 0x11, &v4()), via_4),
        (version_2(0x21, 0x11, &tlv), via_4),
        (version_2(0x21, 0x21, &six), via_6),
        (version_2(0x21, 0x31, &[7; 216]), ""),
        (version_2(0x20, 0x00, &[]), ""),
        (version_2(0x20, 0x11, &v4()), ""),
    ] {
        let first = format!("> GET /g{via}");
        let answer = format!("< 200 'ok'{via} for GET /g");
        let expected = [first.as_str(), &first, &answer, &answer];
        check(&[C(&[&prefix, GET].concat()), S(OK), C(GET), S(OK)], &expected);
        check(&[C(&prefix), C(GET), S(OK), C(GET), S(OK)], &expected);
    }
}

#[test]
fn what_is_no_such_prefix_is_the_stream_itself() {
    for (bytes, requests) in [
        (b"PROXYING /g HTTP/1.1\r\n\r\n".as_slice(), 1),
        (b"PROXY /g HTTP/1.1\r\n\r\n", 1),
        (b"\r\n\r\nGET /g HTTP/1.1\r\n\r\n", 1),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 99999\r\n", 0),
        (b"PROXY TCP4 ::1 ::1 40000 80\r\n", 0),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n", 0),
        (b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", 0),
    ] {
        for cut in [Cut::Nowhere, Cut::Everywhere] {
            let (seen, _) = talk(&[C(bytes)], cut, Role::InitiatedBy(Side::Low));
            assert_eq!(seen.requests.len(), requests, "{}", bytes.escape_ascii());
        }
    }
}
