"""`busy.py SHARE COMMAND…`: runs COMMAND and beside it does nothing, for SHARE of a core. It costs a service as much as any observer that takes that share."""

import os
import signal
import subprocess
import sys
import time

PERIOD_SECONDS = 0.01

share, command = float(sys.argv[1]), sys.argv[2:]
child = subprocess.Popen(command)
signal.signal(signal.SIGINT, lambda *_: child.send_signal(signal.SIGINT))

due = time.monotonic()
while child.poll() is None:
    until = time.process_time() + share * PERIOD_SECONDS
    while time.process_time() < until:
        pass
    due += PERIOD_SECONDS
    time.sleep(max(0, due - time.monotonic()))
os._exit(child.returncode)
