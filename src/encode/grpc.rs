//! The member `grpc`: which call a message is of, and how that ended.

use super::fields::SecretFields;
use super::json::{push_member, push_number, push_text};
use crate::content::grpc::Call;
use crate::message::Grpc;
use crate::redact::REDACTED;

/// Which of the fields that `grpc` is made of are secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretGrpc {
    status: bool,
    message: bool,
    encoding: bool,
}

impl SecretGrpc {
    pub fn new(secrets: &SecretFields) -> Self {
        Self {
            status: secrets.has(b"grpc-status"),
            message: secrets.has(b"grpc-message"),
            encoding: secrets.has(b"grpc-encoding"),
        }
    }

    /// Appends the member. `path` is the request's, secrets already removed; empty if it is not known.
    #[cold]
    pub fn push(self, out: &mut Vec<u8>, grpc: &Grpc<'_>, path: &[u8], secrets: &SecretFields) {
        let Grpc { kind: _, is_coded: _, status, status_message, encoding, message_count } = *grpc;
        let start = out.len();
        if let Some(Call { service, method }) = Call::of_path(path) {
            push_member(out, b",\"service\":", service);
            push_member(out, b",\"method\":", method);
        }
        if let Some((code, name)) = status.filter(|_| !self.status) {
            push_count(out, b",\"status\":", u64::from(code));
            if let Some(name) = name {
                push_member(out, b",\"statusName\":", name.as_bytes());
            }
        }
        if let Some(text) = status_message.filter(|text| !text.is_empty()) {
            let is_secret = self.message || secrets.stand_in(text);
            out.extend_from_slice(b",\"statusMessage\":");
            push_text(out, if is_secret { REDACTED } else { text });
        }
        if let Some(encoding) = encoding {
            push_member(out, b",\"encoding\":", if self.encoding { REDACTED } else { encoding });
        }
        if let Some(count) = message_count {
            push_count(out, b",\"messageCount\":", count);
        }
        if out.len() == start {
            out.extend_from_slice(b",\"grpc\":{}");
            return;
        }
        // The first member's comma becomes the beginning of the object.
        out.splice(start..=start, *b",\"grpc\":{");
        out.push(b'}');
    }
}

fn push_count(out: &mut Vec<u8>, start: &[u8], value: u64) {
    out.extend_from_slice(start);
    push_number(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EngineConfig;
    use crate::content::grpc::Kind;
    use crate::redact::Targets;

    fn pushed(redact: &[&str], path: &[u8], grpc: &Grpc<'_>) -> String {
        let redact_headers = redact.iter().map(|name| (*name).to_owned()).collect();
        let config = EngineConfig { redact_headers, ..EngineConfig::for_ports(&[80]) };
        let secrets = SecretFields::new(&config, &Targets::new([], false));
        let mut out = Vec::new();
        SecretGrpc::new(&secrets).push(&mut out, grpc, path, &secrets);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_part_is_written_only_if_it_is_there() {
        let bare = Grpc {
            kind: Kind::Grpc,
            is_coded: false,
            status: None,
            status_message: None,
            encoding: None,
            message_count: None,
        };
        assert_eq!(pushed(&[], b"", &bare), r#","grpc":{}"#);
        assert_eq!(pushed(&[], b"", &Grpc { message_count: Some(0), ..bare }), r#","grpc":{"messageCount":0}"#);
        let all = Grpc {
            status: Some((5, Some("NOT_FOUND"))),
            status_message: Some(b"no \"x\""),
            encoding: Some(b"gzip"),
            message_count: Some(2),
            ..bare
        };
        assert_eq!(
            pushed(&[], b"/pkg.Greeter/Hi?a=b", &all),
            concat!(
                r#","grpc":{"service":"pkg.Greeter","method":"Hi","status":5,"statusName":"NOT_FOUND","#,
                r#""statusMessage":"no \"x\"","encoding":"gzip","messageCount":2}"#
            )
        );
        assert_eq!(
            pushed(&["Grpc-Message", "grpc-status", "grpc-encoding"], b"/", &all),
            r#","grpc":{"statusMessage":"[REDACTED]","encoding":"[REDACTED]","messageCount":2}"#
        );
        // Encoded, it was no line break, and no receiver takes it for a field; and yet nothing secret may come out.
        let smuggled = Grpc { status_message: Some(b"a\r\ntoken: b"), ..bare };
        assert_eq!(pushed(&["token"], b"", &smuggled), r#","grpc":{"statusMessage":"[REDACTED]"}"#);
        assert_eq!(pushed(&[], b"", &Grpc { status: Some((99, None)), ..bare }), r#","grpc":{"status":99}"#);
    }
}
