"""Runs a command on a terminal of its own: on_pty.py COLUMNS ROWS COMMAND...

The bytes for the terminal go to stdout as they are. On stdin, a line each: `size COLUMNS ROWS`, `key TEXT` (`^C` is the key),
`hold` (nobody reads the terminal), `go`, `hangup` (the terminal goes away). With PTY_STDIN, PTY_STDOUT or PTY_STDERR set to a path, that stream is not the terminal.
With PTY_USAGE the seconds of processor time that the
command took go to stderr, and those of its first thread. Ends with the command's exit code.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


columns, rows, *command = sys.argv[1:]
go_read, go_write = os.pipe()
pid, master = pty.fork()
if pid == 0:
    os.read(go_read, 1)  # not before the terminal has its size
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for fd, name, flags in ((0, "STDIN", os.O_RDONLY), (1, "STDOUT", write), (2, "STDERR", write)):
        if f"PTY_{name}" in os.environ:
            os.dup2(os.open(os.environ[f"PTY_{name}"], flags, 0o600), fd)
    os.execvp(command[0], command)
set_size(master, int(columns), int(rows))
os.write(go_write, b"x")

reading, listening, pending, hung_up = True, True, "", False
while not hung_up:
    ready, _, _ = select.select([master] * reading + [0] * listening, [], [], None)
    if 0 in ready:
        chunk = os.read(0, 65536)
        listening = len(chunk) > 0
        *lines, pending = (pending + chunk.decode()).split("\n")
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "size":
                set_size(master, *map(int, rest.split()))
                os.kill(pid, signal.SIGWINCH)
            elif word == "key":
                os.write(master, rest.replace("^C", "\x03").encode())
            elif word == "hangup":
                os.close(master)
                reading, hung_up = False, True
            else:
                reading = word == "go"
    if master in ready:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # EIO: the command is gone
            break
        if not chunk:
            break
        os.write(1, chunk)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
with open(f"/proc/{pid}/task/{pid}/schedstat") as first_thread:
    nanoseconds = int(first_thread.read().split()[0])
_, status, usage = os.wait4(pid, 0)
if "PTY_USAGE" in os.environ:
    print(usage.ru_utime + usage.ru_stime, nanoseconds / 1e9, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
