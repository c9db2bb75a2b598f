//! The image's entry point: hands NET_RAW on to a program that has no file capabilities, and becomes that program.
//!
//! Kubernetes gives a container that is not root its capabilities as permitted, not as ambient, so they end at the first
//! `execve` of a plain binary (`capabilities(7)`). This file carries `cap_net_raw=p`, which keeps NET_RAW permitted across
//! its own `execve`; it makes it inheritable and ambient, and the next `execve` keeps it. With the capability on node's
//! own file instead, node would run in secure-execution mode and ignore `NODE_EXTRA_CA_CERTS`; and it could not be
//! started at all where NET_RAW was not granted.
//!
//! Where the capability was not granted the program runs all the same: it knows better what it cannot do without.

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::io;
use rustix::thread::{CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities};

/// As `env(1)`, `nohup(1)` and the shells have them.
const USAGE: u8 = 125;
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let Some(program) = words.next() else {
        complain("usage: tcp-sniffer-launcher PROGRAM [ARGUMENT...]");
        return ExitCode::from(USAGE);
    };
    if let Err(errno) = hand_on(CapabilitySet::NET_RAW) {
        complain(&format!("NET_RAW is permitted but cannot be handed on: {errno}"));
    }
    become_program(&program, words)
}

/// Makes a permitted capability inheritable and ambient; does nothing when it is not permitted.
fn hand_on(capability: CapabilitySet) -> io::Result<()> {
    let mut sets = capabilities(None)?;
    if !sets.permitted.contains(capability) {
        return Ok(());
    }
    sets.inheritable |= capability;
    set_capabilities(None, sets)?;
    configure_capability_in_ambient_set(capability, true)
}

/// Returns only when that failed. The process id stays, so signals reach the program directly.
fn become_program(program: &OsString, words: impl Iterator<Item = OsString>) -> ExitCode {
    let error = Command::new(program).args(words).exec();
    complain(&format!("cannot run {}: {error}", program.to_string_lossy()));
    ExitCode::from(if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { CANNOT_RUN })
}

fn complain(message: &str) {
    eprintln!("tcp-sniffer-launcher: {message}");
}
