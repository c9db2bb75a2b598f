//! Packets of a loopback interface that go out. The kernel hands over each packet there twice, going out and coming in, and libpcap
//! passes over the first: so that one need not be copied into the ring. No crate has this option of packet(7).

#![allow(unsafe_code, reason = "a socket option that no safe interface has")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// # Errors
/// Linux before 4.20 does not know the option.
pub(super) fn ignore(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the kernel reads one int at the address of one.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_IGNORE_OUTGOING,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
