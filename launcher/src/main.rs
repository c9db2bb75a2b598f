//! The image's entry point: hands NET_RAW on to a program that has no file capabilities, and becomes that program.
//!
//! Kubernetes gives a container that is not root its capabilities as permitted, not as ambient, so they end at the first
//! `execve` of a plain binary (`capabilities(7)`). This file carries `cap_net_raw=p`, which keeps NET_RAW permitted across
//! its own `execve`; it makes it inheritable and ambient, and the next `execve` keeps it. With the capability on node's
//! own file instead, node would run in secure-execution mode and ignore `NODE_EXTRA_CA_CERTS`; and it could not be
//! started at all where NET_RAW was not granted.
//!
//! Where the capability was not granted the program runs all the same: it knows better what it cannot do without.
//!
//! Root gets every capability of its container at each `execve`. So a container that was started as root loses all others, also
//! from its bounding set, and becomes the user of the image. Of its further groups it keeps those that a pod or a command named
//! (`fsGroup`, `--group-add`): a volume with key logs may be readable for them alone. If it may not change something, it says so and goes on.

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::io;
use rustix::process::{Gid, Uid, geteuid, getgroups};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

/// User and group of the image.
const USER: u32 = 65_532;
/// Below are the groups of the system (Debian Policy §9.2.2), which the image's `/etc/group` may give root: `disk`, `shadow`.
const FIRST_GIVEN_GROUP: u32 = 1_000;

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
    if geteuid().is_root() {
        step_down(CapabilitySet::NET_RAW);
    }
    if let Err(errno) = hand_on(CapabilitySet::NET_RAW) {
        complain(&format!("NET_RAW is permitted but cannot be handed on: {errno}"));
    }
    become_program(&program, words)
}

/// From root to the user of the image, with this capability alone where it is permitted.
fn step_down(kept: CapabilitySet) {
    let steps = [
        ("capabilities for later", drop_from_bounding_set(kept)),
        ("groups", keep_given_groups()),
        ("group", set_thread_res_gid(Gid::from_raw(USER), Gid::from_raw(USER), Gid::from_raw(USER))),
        // The change of the user empties the permitted set without this.
        ("user", set_keep_capabilities(true).and_then(|()| become_user(Uid::from_raw(USER)))),
        ("capabilities", keep_only(kept)),
    ];
    for (what, result) in steps {
        if let Err(errno) = result {
            complain(&format!("started as root, and its {what} cannot be changed: {errno}"));
        }
    }
}

fn drop_from_bounding_set(kept: CapabilitySet) -> io::Result<()> {
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        // An error says that the kernel knows no such capability.
        if capability != kept && capability_is_in_bounding_set(capability) == Ok(true) {
            remove_capability_from_bounding_set(capability)?;
        }
    }
    Ok(())
}

fn keep_given_groups() -> io::Result<()> {
    let given: Vec<Gid> = getgroups()?.into_iter().filter(|group| group.as_raw() >= FIRST_GIVEN_GROUP).collect();
    set_thread_groups(&given)
}

fn become_user(user: Uid) -> io::Result<()> {
    set_thread_res_uid(user, user, user)
}

fn keep_only(kept: CapabilitySet) -> io::Result<()> {
    let permitted = capabilities(None)?.permitted & kept;
    set_capabilities(None, CapabilitySets { effective: permitted, permitted, inheritable: permitted })
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
