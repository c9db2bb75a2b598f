"""`timed.py LIMIT_SECONDS COMMAND…`: runs it and writes what it used to fd 3 as JSON. Node has no wait4(2).

The peak of a process is at least that of this one before exec, some 10 MiB.
"""

import json
import os
import signal
import sys
import time

limit, command = float(sys.argv[1]), sys.argv[2:]
began = time.monotonic()
child = os.fork()
if child == 0:
    os.close(3)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error}")

late = False


def kill(signum, _frame):
    global late
    late = signum == signal.SIGALRM
    os.kill(child, signal.SIGKILL)


signal.signal(signal.SIGALRM, kill)
signal.signal(signal.SIGTERM, kill)
signal.setitimer(signal.ITIMER_REAL, limit)
_, status, used = os.wait4(child, 0)
report = {
    "wallSeconds": time.monotonic() - began,
    "cpuSeconds": used.ru_utime + used.ru_stime,
    "userSeconds": used.ru_utime,
    "peakBytes": used.ru_maxrss * 1024,
    "status": os.waitstatus_to_exitcode(status),
    "late": late,
}
os.write(3, json.dumps(report).encode())
