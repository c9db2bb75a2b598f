//! Every thread drops the right to capture, whatever it is doing. Runs alone in its process, which is of no use afterwards.
//! Needs root; without it says that it did not run, and with CI set fails.

#![allow(clippy::unwrap_used, reason = "a test, outside of its test functions too")]
#![allow(unsafe_code, reason = "blocking signals has no safe interface")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use tcp_sniffer::privileges::give_up_capture;

/// NET_ADMIN and NET_RAW.
const GIVEN_UP: u64 = 1 << 12 | 1 << 13;

/// `status` as in `/proc/PID/status`: whether any of its sets has any of it. The bounding set grants nothing.
fn has_any(status: &str) -> bool {
    ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"].iter().any(|name| {
        let set = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(set.trim(), 16).unwrap() & GIVEN_UP != 0
    })
}

fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // A thread that has ended meanwhile has no status.
    tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok()).collect()
}

fn block_all_signals() {
    // SAFETY: the set is initialised by sigfillset, and the old set is not asked for.
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        assert_eq!(libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut()), 0);
    }
}

fn start_threads_until(stop: Arc<AtomicBool>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            thread::spawn(|| thread::sleep(std::time::Duration::from_millis(2)));
            thread::yield_now();
            thread::sleep(std::time::Duration::from_micros(200));
        }
    })
}

#[test]
fn no_thread_keeps_it_and_no_program_gets_it_back() {
    if !has_any(&fs::read_to_string("/proc/self/status").unwrap()) {
        assert!(std::env::var_os("CI").is_none(), "needs root or NET_RAW");
        eprintln!("NOT RUN: needs root or NET_RAW");
        return;
    }
    let (ready, all_ready) = channel();
    let (end, wait): (_, Receiver<()>) = channel();
    let blocked = thread::spawn({
        let ready = ready.clone();
        move || {
            block_all_signals();
            ready.send(()).unwrap();
            let _ = wait.recv();
        }
    });
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let reading = thread::spawn(move || {
        ready.send(()).unwrap();
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).unwrap();
        bytes
    });
    let stop = Arc::new(AtomicBool::new(false));
    let starting = start_threads_until(Arc::clone(&stop));
    all_ready.iter().take(2).for_each(drop);
    assert!(threads().iter().all(|status| has_any(status)), "the threads have it at first");

    give_up_capture().unwrap();

    assert!(threads().len() >= 4, "they are still there");
    for status in threads() {
        assert!(!has_any(&status), "{status}");
    }
    thread::spawn(|| assert!(!has_any(&fs::read_to_string("/proc/thread-self/status").unwrap()))).join().unwrap();
    let child = Command::new("cat").arg("/proc/self/status").output().unwrap();
    assert!(!has_any(&String::from_utf8(child.stdout).unwrap()), "a program of root's gets it back");

    writer.write_all(b"same").unwrap();
    assert_eq!(&reading.join().unwrap(), b"same", "a system call that was interrupted goes on");
    drop(end);
    blocked.join().unwrap();
    stop.store(true, Ordering::Relaxed);
    starting.join().unwrap();
    give_up_capture().unwrap();
}
