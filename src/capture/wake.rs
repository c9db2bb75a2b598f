//! A wake-up that `poll` can wait for: an eventfd. In: signals from any thread. Out: a readable descriptor.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{self, Errno};

#[derive(Debug)]
pub(super) struct Wake {
    fd: OwnedFd,
}

impl Wake {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { fd: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)? })
    }

    /// Readable from now on, until `clear`. The one way to fail is a counter at its maximum: readable as well.
    pub(super) fn signal(&self) {
        let _ = io::write(&self.fd, &1_u64.to_ne_bytes());
    }

    /// Clear first, look at what was signalled afterwards: then no signal is lost.
    pub(super) fn clear(&self) {
        let _ = io::read(&self.fd, &mut [0_u8; 8]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Waits until `wake` or `source` is readable (or broken, which the next read tells), or `timeout` is over.
/// Returns true if it was `source`; `wake` is cleared.
pub(super) fn wait(wake: &Wake, source: Option<BorrowedFd<'_>>, timeout: Duration) -> io::Result<bool> {
    let timeout = Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    let wake_fd = wake.as_fd();
    let mut both = [
        PollFd::from_borrowed_fd(wake_fd, PollFlags::IN),
        PollFd::from_borrowed_fd(source.unwrap_or(wake_fd), PollFlags::IN),
    ];
    match poll(&mut both, Some(&timeout)) {
        // A signal handler ran: the caller looks around and waits again.
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(errno),
    }
    wake.clear();
    let [_, polled] = both;
    Ok(source.is_some() && !polled.revents().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::runner::tests::PATIENCE;
    use std::time::Instant;

    #[test]
    fn a_signal_before_the_wait_is_not_lost() {
        let wake = Wake::new().unwrap();
        wake.signal();
        wake.signal();
        let start = Instant::now();
        assert!(!wait(&wake, None, PATIENCE).unwrap());
        assert!(start.elapsed() < PATIENCE);
        // It is taken by the first wait.
        let again = Instant::now();
        assert!(!wait(&wake, None, Duration::from_millis(20)).unwrap());
        assert!(again.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn tells_the_source_from_the_wake() {
        let (wake, source) = (Wake::new().unwrap(), Wake::new().unwrap());
        source.signal();
        assert!(wait(&wake, Some(source.as_fd()), PATIENCE).unwrap());
        source.clear();
        wake.signal();
        assert!(!wait(&wake, Some(source.as_fd()), PATIENCE).unwrap());
    }
}
