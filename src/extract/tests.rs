//! A savefile that is not what it was is refused.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, SystemTime};

use rustix::fs::{MemfdFlags, memfd_create};

use super::*;
use crate::config::EngineConfig;
use crate::source::{SourceOptions, push_empty_section};

/// Copies from a savefile that something happened to after it was followed.
fn copied_after(name: &str, happens: impl FnOnce(&str)) -> Result<u64, EngineError> {
    let path = std::env::temp_dir().join(format!("tcp-sniffer-extract-{}-{name}", std::process::id()));
    let path = path.to_str().unwrap().to_owned();
    let mut section = Vec::new();
    push_empty_section(&mut section);
    fs::write(&path, &section).unwrap();
    let to = File::from(memfd_create("copy", MemfdFlags::CLOEXEC).unwrap());
    let savefile = Wanted { path: path.clone(), connections: Numbers::default() };
    let capture = CaptureOptions {
        source: SourceOptions::Savefile { path: path.clone() },
        engine: EngineConfig::for_ports(&[80]),
        tls_keylog: None,
        cpu_limit: None,
        stats_interval_ms: 0,
    };
    let to_path = format!("/proc/self/fd/{}", to.as_raw_fd());
    let options = ExtractOptions { capture, savefiles: Vec::new(), path: to_path, with_secrets: false };
    let (trail, identity) = follow(&savefile, &options).unwrap();
    happens(&path);
    let copied = copy(&savefile, trail, identity, &mut ExtractFile::open(&options.path).unwrap());
    fs::remove_file(&path).unwrap();
    copied
}

#[test]
fn a_savefile_that_changes_meanwhile_is_refused() {
    assert_eq!(copied_after("same", |_| {}).unwrap(), 0);
    let replaced = copied_after("replaced", |path| {
        let other = format!("{path}-other");
        fs::copy(path, &other).unwrap();
        fs::rename(&other, path).unwrap();
    });
    let grown = copied_after("grown", |path| {
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
    });
    let overwritten = copied_after("overwritten", |path| {
        let later = SystemTime::now() + Duration::from_secs(9);
        OpenOptions::new().write(true).open(path).unwrap().set_modified(later).unwrap();
    });
    for changed in [replaced, grown, overwritten] {
        let error = changed.unwrap_err();
        assert!(matches!(error, EngineError::SavefileChanged { .. }), "{error}");
    }
}
