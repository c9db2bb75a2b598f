//! Takes the right to capture from the whole process, for good. In: nothing. Out: no thread that has NET_RAW or
//! NET_ADMIN, nor any program it starts. Refuses to know who captures, and why it is no longer needed.
//!
//! Capabilities belong to threads, and a thread can only change its own (`capset(2)`). Node has started its threads
//! before we are asked, so each of them is interrupted by a signal whose handler gives up its capabilities. A thread or
//! program inherits those of the thread that starts it: once no thread has any, no thread ever will.
//!
//! The signal is 33. libc keeps it for itself, glibc for the very same purpose (its `setuid` must reach every thread too:
//! `nptl(7)`), and so never lets it be blocked, whereas one of Node's threads blocks all others.

//! The fence: this is the one module that installs a signal handler, nothing else calls it but the command, and the command
//! does not if `KEEP_NET_RAW=true`. A thread that keeps the right is told as an error, never passed over.
//!
//! The cases it was tried with, and their tests:
//!
//! | case | test |
//! |---|---|
//! | every signal blocked; a system call that is interrupted; threads that start meanwhile; a second call | `tests/privileges.rs` |
//! | Node with its own threads, as root and with NET_RAW alone; a library's host process; the switch | `__test__/live-privileges.test.ts` |
//! | in the image, after the launcher, without root | `e2e/image/proofs.mjs` |
//!
//! All of that is glibc on the machine's own architecture; no test tries it beside musl.

#![allow(unsafe_code, reason = "a signal handler, and system calls that no safe interface has; each block says why")]

use std::io;
use std::mem::zeroed;
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities, set_no_new_privs};

/// NET_ADMIN captures nothing, but who has it can do worse to a network than look at it.
const GIVEN_UP: CapabilitySet = CapabilitySet::NET_RAW.union(CapabilitySet::NET_ADMIN);

const SIGNAL: libc::c_int = 33;

/// Threads answer within a millisecond or so; a thread that hangs in the kernel must not hold everything up.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(1);

#[derive(Debug, thiserror::Error)]
pub enum GiveUpError {
    #[error("cannot list the threads of this process: {0}")]
    Threads(#[source] io::Error),
    #[error("cannot ask the threads of this process: {0}")]
    Signal(#[source] io::Error),
    #[error("{threads} of this process's threads still have NET_RAW or NET_ADMIN after {} s", PATIENCE.as_secs())]
    StillHeld { threads: usize },
}

/// Gives up NET_RAW and NET_ADMIN in every thread: permitted, effective, inheritable and ambient; and sets
/// `no_new_privs`, so that no program that is started gets them back, from root's privileges or from a file. Does nothing
/// if no thread has them. Open captures stay open.
///
/// # Errors
/// When not every thread was seen to have given them up.
pub fn give_up_capture() -> Result<(), GiveUpError> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    if holders()?.is_empty() {
        return Ok(());
    }
    let before = replace_action(&handler_action().map_err(GiveUpError::Signal)?).map_err(GiveUpError::Signal)?;
    // On an error the handler stays: a signal may still be on its way, and libc's own handler does not expect it.
    ask_until_none_is_left()?;
    replace_action(&before).map(drop).map_err(GiveUpError::Signal)
}

fn ask_until_none_is_left() -> Result<(), GiveUpError> {
    let deadline = Instant::now() + PATIENCE;
    let mut asked = Vec::new();
    // Twice, since a list that is read while threads end may leave one out.
    let mut clean_looks = 0;
    while clean_looks < 2 {
        let holders = holders()?;
        if holders.is_empty() {
            clean_looks += 1;
            continue;
        }
        clean_looks = 0;
        if Instant::now() >= deadline {
            return Err(GiveUpError::StillHeld { threads: holders.len() });
        }
        asked.retain(|thread| holders.contains(thread));
        for thread in holders {
            if !asked.contains(&thread) {
                ask(thread).map_err(GiveUpError::Signal)?;
                asked.push(thread);
            }
        }
        sleep(LOOK_AGAIN_AFTER);
    }
    Ok(())
}

/// The threads of this process that have any of it, as the kernel sees them.
fn holders() -> Result<Vec<Pid>, GiveUpError> {
    let mut holders = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task").map_err(GiveUpError::Threads)? {
        let name = entry.map_err(GiveUpError::Threads)?.file_name();
        let Some(thread) = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else { continue };
        // An error: it has ended. Ambient capabilities are always permitted too.
        let Ok(sets) = capabilities(Some(thread)) else { continue };
        if (sets.permitted | sets.effective | sets.inheritable).intersects(GIVEN_UP) {
            holders.push(thread);
        }
    }
    Ok(holders)
}

/// Runs in each thread, wherever it was interrupted: system calls only, and rustix makes them without libc, so that
/// `errno` stays. Should one fail, the thread is still seen to be a holder.
extern "C" fn give_up_in_this_thread(_signal: libc::c_int) {
    if let Ok(mut sets) = capabilities(None) {
        sets.permitted.remove(GIVEN_UP);
        sets.effective.remove(GIVEN_UP);
        // A capability that is no longer permitted and inheritable ceases to be ambient (capabilities(7)).
        sets.inheritable.remove(GIVEN_UP);
        let _ = set_no_new_privs(true);
        let _ = set_capabilities(None, sets);
    }
}

/// The signal to one thread; that it has ended meanwhile is as good.
fn ask(thread: Pid) -> io::Result<()> {
    // SAFETY: tgkill takes three numbers. The handler is in place, and the process is our own.
    let status = unsafe {
        libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::c_long::from(thread.as_raw_nonzero().get()), SIGNAL)
    };
    match check(status) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        result => result,
    }
}

/// The kernel's `struct sigaction`, of which nothing is read here. It has a handler, flags, a restorer and a mask, each at
/// most a word; the rest is room.
type KernelAction = [u64; 8];
/// The kernel's name for it is `sigsetsize`.
const MASK_BYTES: libc::size_t = 8;

/// The action for our handler, as the kernel wants it. libc refuses to set it for its own signal, but only libc knows what
/// belongs in it (how a handler returns, on some machines); so it is set for another signal for a moment, and copied.
fn handler_action() -> io::Result<KernelAction> {
    let spare = libc::SIGRTMAX();
    // SAFETY: `action` is zeroed, which is a valid sigaction, and filled in; `before` is written by libc. No process sends
    // this signal meanwhile; if one did, the handler would do what it is for.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = give_up_in_this_thread as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // System calls go on where they were interrupted.
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigfillset(&raw mut action.sa_mask);
        let mut before: libc::sigaction = zeroed();
        check(libc::sigaction(spare, &raw const action, &raw mut before).into())?;
        let copied = kernel_action(spare, None);
        check(libc::sigaction(spare, &raw const before, ptr::null_mut()).into())?;
        copied
    }
}

/// Puts an action that the kernel returned in place for `SIGNAL`, and returns the action that was there.
fn replace_action(new: &KernelAction) -> io::Result<KernelAction> {
    kernel_action(SIGNAL, Some(new))
}

fn kernel_action(signal: libc::c_int, new: Option<&KernelAction>) -> io::Result<KernelAction> {
    let mut old: KernelAction = [0; 8];
    let new = new.map_or(ptr::null(), |action| action.as_ptr());
    // SAFETY: both are null or bigger than the kernel's struct, and `new` was filled in by the kernel itself: it names our
    // handler, which is never unmapped, or what was there before.
    check(unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, new, old.as_mut_ptr(), MASK_BYTES) })?;
    Ok(old)
}

fn check(status: libc::c_long) -> io::Result<()> {
    if status == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
