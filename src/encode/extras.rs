//! The members that only some protocols have, after all others.

use super::json::{push_member, push_number, push_text};
use crate::message::{Extras, Member, Members, Tls};

/// Where fields are missing that could not be known: what says so comes with each of these.
const UNKNOWN_ARE_OF: [Member; 5] =
    [Member::Headers, Member::Trailers, Member::Method, Member::Path, Member::StatusCode];

#[cold]
pub(super) fn push_extras(out: &mut Vec<u8>, extras: &Extras<'_>, members: Members) {
    let Extras { stream_id, scheme, pushed, protocol, error_code, unknown_headers, streamed_messages, grpc: _, tls } =
        extras;
    let wanted = |member| members.has(member);
    push_count(out, b",\"streamId\":", stream_id.map(u64::from).filter(|_| wanted(Member::StreamId)));
    push_optional(out, b",\"scheme\":", scheme.filter(|_| wanted(Member::Scheme)));
    if *pushed && wanted(Member::Pushed) {
        out.extend_from_slice(b",\"pushed\":true");
    }
    push_optional(out, b",\"protocol\":", protocol.filter(|_| wanted(Member::Protocol)));
    push_optional(out, b",\"errorCode\":", error_code.map(str::as_bytes).filter(|_| wanted(Member::ErrorCode)));
    if let Some(unknown) = unknown_headers
        && members.has_any(&UNKNOWN_ARE_OF)
    {
        out.extend_from_slice(b",\"headersIncomplete\":true");
        push_count(out, b",\"unknownHeaders\":", Some(u64::from(*unknown)).filter(|&unknown| unknown > 0));
    }
    push_count(out, b",\"streamedMessages\":", streamed_messages.filter(|_| wanted(Member::StreamedMessages)));
    if let Some(tls) = tls
        && wanted(Member::Tls)
    {
        push_tls(out, tls);
    }
}

fn push_tls(out: &mut Vec<u8>, Tls { version, cipher, server_name, alpn }: &Tls) {
    push_member(out, b",\"tls\":{\"version\":", version.as_bytes());
    push_member(out, b",\"cipher\":", cipher.as_bytes());
    push_optional(out, b",\"serverName\":", server_name.as_deref());
    push_optional(out, b",\"alpn\":", alpn.as_deref());
    out.push(b'}');
}

fn push_optional(out: &mut Vec<u8>, start: &[u8], value: Option<&[u8]>) {
    if let Some(value) = value {
        out.extend_from_slice(start);
        push_text(out, value);
    }
}

fn push_count(out: &mut Vec<u8>, start: &[u8], value: Option<u64>) {
    if let Some(value) = value {
        out.extend_from_slice(start);
        push_number(out, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(extras: &Extras<'_>) -> String {
        let mut out = Vec::new();
        push_extras(&mut out, extras, Members::ALL);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_part_is_written_only_if_it_is_there() {
        assert_eq!(pushed(&Extras::default()), "");
        let tls = Tls {
            version: "1.3",
            cipher: "TLS_AES_128_GCM_SHA256".into(),
            server_name: Some(b"a.example".as_slice().into()),
            alpn: Some(b"h2".as_slice().into()),
        };
        let all = Extras {
            stream_id: Some(u32::MAX >> 1),
            scheme: Some(b"https"),
            pushed: true,
            protocol: Some(b"websocket"),
            error_code: Some("CANCEL"),
            unknown_headers: Some(3),
            streamed_messages: Some(4),
            grpc: None,
            tls: Some(&tls),
        };
        assert_eq!(
            pushed(&all),
            concat!(
                r#","streamId":2147483647,"scheme":"https","pushed":true,"protocol":"websocket","errorCode":"CANCEL""#,
                r#","headersIncomplete":true,"unknownHeaders":3,"streamedMessages":4"#,
                r#","tls":{"version":"1.3","cipher":"TLS_AES_128_GCM_SHA256","serverName":"a.example","alpn":"h2"}"#,
            )
        );
        let bare = Tls { server_name: None, alpn: None, ..tls };
        let unknown = Extras { unknown_headers: Some(0), tls: Some(&bare), ..Extras::default() };
        assert_eq!(
            pushed(&unknown),
            r#","headersIncomplete":true,"tls":{"version":"1.3","cipher":"TLS_AES_128_GCM_SHA256"}"#
        );
    }
}
