//! Options as JS passes them. Numbers are checked for the ranges of the engine's types; the code of the public options has
//! checked before that they make sense.

use std::sync::Arc;

use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::capture::{CaptureOptions, CpuLimit};
use crate::config::{BinaryBodies, DescriptorFile, EngineConfig};
use crate::flow::Patience;
use crate::message::Members;
use crate::message::own_posts::OwnOutput;
use crate::message::selection::Rule;
use crate::source::{LiveOptions, SourceOptions};

/// A rule of `include` or `exclude`: all parts that are given must match.
// It stands before its users: the macro writes the JS name of a type only into types that come after it.
#[napi(object, object_to_js = false, js_name = "FilterOptions")]
pub struct BindingRule {
    pub method: Option<String>,
    /// The beginning of the request target, or with `*` in it a pattern for all of it.
    pub path: Option<String>,
    /// A status code's digits, `x` for any: `404`, `5xx`.
    pub status: Option<String>,
    /// A field of the request: `name` or `name: value`.
    pub header: Option<String>,
}

/// An output that gets POSTs.
#[napi(object, object_to_js = false, js_name = "OwnOutputOptions")]
pub struct BindingOwnOutput {
    /// The values that the field `host` of a POST may have: with the port, and without it where that is the scheme's own.
    pub hosts: Vec<String>,
    pub port: f64,
    /// Path and query.
    pub target: String,
}

/// Everything a capture needs to know; no defaults here.
#[napi(object, object_to_js = false, js_name = "CaptureOptions")]
pub struct BindingCaptureOptions {
    /// Name of the interface; absent or empty is the first non-loopback that is up. Not looked at with `pcapFile`.
    pub interface: Option<String>,
    /// A savefile (pcap or pcapng) in place of an interface; `-` is stdin.
    pub pcap_file: Option<String>,
    /// Server ports, 1–65535, at least one.
    pub ports: Vec<f64>,
    /// Share of connections that is processed, 0–1.
    pub sample_rate: f64,
    /// Bytes kept of each body.
    pub max_body_size: f64,
    /// Connections followed at one time.
    pub max_concurrent_connections: f64,
    /// Milliseconds without data after which a connection is dropped.
    pub connection_idle_timeout_ms: f64,
    /// Header names whose values are replaced, in lower case.
    pub redact_headers: Vec<String>,
    /// Bytes the engine may hold back in all.
    pub max_buffered_bytes: f64,
    /// Query parameters whose values are replaced in `path`, in any case.
    pub redact_query: Vec<String>,
    /// Members of JSON and form fields whose values are replaced in bodies, in any case.
    pub redact_body: Vec<String>,
    /// Names of the fields that a message has beside those that say which it is; absent is all.
    pub fields: Option<Vec<String>>,
    /// Exchanges that come out; empty is all.
    pub include: Vec<BindingRule>,
    /// Exchanges that do not come out.
    pub exclude: Vec<BindingRule>,
    /// Outputs of ours: POSTs to them do not come out.
    pub own_outputs: Vec<BindingOwnOutput>,
    /// Whether content-codings are removed from bodies, and text of any charset is shown.
    pub decode_body: bool,
    /// The handling of bodies that are not UTF-8: `omit` or `base64`.
    pub binary_bodies: String,
    /// A file with a FileDescriptorSet, by which messages of gRPC are shown as JSON.
    pub proto_descriptors: Option<String>,
    /// Whether packets in tunnels are looked into.
    pub decapsulate: bool,
    /// Key logs of TLS: files and folders. Empty: secrets come by `addTlsKeys`; absent: TLS is read only if some come.
    pub tls_keylog: Option<Vec<String>>,
    /// Whether messages inside streams are handed on.
    pub stream_messages: bool,
    /// Milliseconds that records of TLS wait for their secrets.
    pub tls_key_wait_ms: f64,
    /// Bytes captured of each packet, at most 262144.
    pub snaplen_bytes: f64,
    /// Bytes of the kernel's ring, at least 1 MiB.
    pub ring_buffer_bytes: f64,
    /// True if the ring is to be smaller where the container may take little memory.
    pub ring_buffer_fits: bool,
    /// Milliseconds the kernel may hold packets back, 1–1000.
    pub read_timeout_ms: f64,
    /// Whether to capture what is not addressed to this machine.
    pub promiscuous: bool,
    /// Share of a core that may be taken, past which load is shed; absent is as much as it takes. Not looked at with `pcapFile`.
    pub cpu_limit_share: Option<f64>,
    /// True if it is about the process as a whole, false if about the capture's own threads.
    pub cpu_of_process: bool,
    /// Milliseconds between two `stats` events; 0 is never (the one before `end` always comes).
    pub stats_interval_ms: f64,
}

impl From<BindingRule> for Rule {
    fn from(rule: BindingRule) -> Self {
        let header = rule.header.map(|header| match header.split_once(':') {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
            None => (header.trim().to_owned(), None),
        });
        Self { method: rule.method, path: rule.path, status: rule.status, header }
    }
}

impl TryFrom<BindingOwnOutput> for OwnOutput {
    type Error = Error;

    fn try_from(BindingOwnOutput { hosts, port, target }: BindingOwnOutput) -> Result<Self> {
        Ok(Self { hosts, port: whole("ownOutputs", port)?, target })
    }
}

impl TryFrom<BindingCaptureOptions> for CaptureOptions {
    type Error = Error;

    fn try_from(options: BindingCaptureOptions) -> Result<Self> {
        // Taken apart, so that rustc names a field that is not passed on.
        let BindingCaptureOptions {
            interface,
            pcap_file,
            ports,
            sample_rate,
            max_body_size,
            max_concurrent_connections,
            connection_idle_timeout_ms,
            redact_headers,
            max_buffered_bytes,
            redact_query,
            redact_body,
            fields,
            include,
            exclude,
            own_outputs,
            decode_body,
            binary_bodies,
            proto_descriptors,
            decapsulate,
            tls_keylog,
            stream_messages,
            tls_key_wait_ms,
            snaplen_bytes,
            ring_buffer_bytes,
            ring_buffer_fits,
            read_timeout_ms,
            promiscuous,
            cpu_limit_share,
            cpu_of_process,
            stats_interval_ms,
        } = options;
        let (source, patience) = match pcap_file {
            Some(path) => (SourceOptions::Savefile { path }, Patience::SAVEFILE),
            None => (
                SourceOptions::Live(LiveOptions {
                    interface: interface.unwrap_or_default(),
                    snaplen_bytes: whole("snaplenBytes", snaplen_bytes)?,
                    ring_buffer_bytes: whole("ringBufferBytes", ring_buffer_bytes)?,
                    ring_buffer_fits,
                    read_timeout_ms: whole("readTimeoutMs", read_timeout_ms)?,
                    promiscuous,
                }),
                Patience::LIVE,
            ),
        };
        let ports = ports.into_iter().map(|port| whole("ports", port)).collect::<Result<Vec<u16>>>()?;
        Ok(Self {
            source,
            engine: EngineConfig {
                ports,
                sample_rate,
                max_body_size: whole("maxBodySize", max_body_size)?,
                max_concurrent_connections: whole("maxConcurrentConnections", max_concurrent_connections)?,
                connection_idle_timeout_ms: whole("connectionIdleTimeoutMs", connection_idle_timeout_ms)?,
                redact_headers,
                max_buffered_bytes: whole("maxBufferedBytes", max_buffered_bytes)?,
                patience,
                redact_query,
                redact_body,
                members: fields.as_deref().map_or(Ok(Members::ALL), members)?,
                include: include.into_iter().map(Rule::from).collect(),
                exclude: exclude.into_iter().map(Rule::from).collect(),
                own_outputs: own_outputs.into_iter().map(OwnOutput::try_from).collect::<Result<_>>()?,
                decode_body,
                binary_bodies: treatment_of(&binary_bodies)?,
                proto_descriptors: proto_descriptors.map(|path| DescriptorFile { path, content: Arc::default() }),
                decapsulate,
                tls: tls_keylog.is_some(),
                stream_messages,
                tls_key_wait_ms: whole("tlsKeyWaitMs", tls_key_wait_ms)?,
            },
            tls_keylog,
            cpu_limit: cpu_limit_share.map(|share| CpuLimit { share, of_process: cpu_of_process }),
            stats_interval_ms: whole("statsIntervalMs", stats_interval_ms)?,
        })
    }
}

fn members(names: &[String]) -> Result<Members> {
    let unknown =
        |name| Error::new(Status::InvalidArg, format!("fields: the name of a field was expected, not {name}"));
    Members::of(names.iter().map(String::as_str)).map_err(unknown)
}

fn treatment_of(word: &str) -> Result<BinaryBodies> {
    match word {
        "omit" => Ok(BinaryBodies::Omit),
        "base64" => Ok(BinaryBodies::Base64),
        _ => Err(Error::new(Status::InvalidArg, format!("binaryBodies: omit or base64 was expected, not {word}"))),
    }
}

/// A JS number as a whole one of the type; the largest that JS can count to is 2^53.
fn whole<T: TryFrom<u64>>(name: &str, value: f64) -> Result<T> {
    let whole = value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&value);
    let number = if whole { T::try_from(value as u64).ok() } else { None };
    let wrong = || Error::new(Status::InvalidArg, format!("{name}: a whole number in range was expected, not {value}"));
    number.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_only() {
        assert_eq!(whole::<u16>("n", 65_535.0).unwrap(), 65_535);
        assert_eq!(whole::<u64>("n", 0.0).unwrap(), 0);
        for value in [65_536.0, -1.0, 0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = whole::<u16>("ports", value).unwrap_err();
            assert!(error.reason.starts_with("ports: "), "{error}");
        }
    }
}
