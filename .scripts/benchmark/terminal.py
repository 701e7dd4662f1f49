"""A program in a terminal of its own: what it sends, when, and what it costs."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-Za-z]|[=>78cDEHM])")
TICKS = os.sysconf("SC_CLK_TCK")


class Terminal:
    def __init__(self, command, environment, rows=24, columns=80, folder=None):
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.master = master
        os.set_blocking(master, False)
        self.bytes = b""
        self.began = time.perf_counter()
        # setsid makes the terminal the program's own, as a shell's would be, and becomes the program.
        self.child = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
            env={**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})
        os.close(slave)

    def receive(self, seconds):
        """Waits at most so long for bytes; those that came."""
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return b""
        try:
            got = os.read(self.master, 1 << 16)
        except (BlockingIOError, OSError):
            return b""
        self.bytes += got
        return got

    def until(self, condition, seconds):
        """Seconds since the start until what was sent is as asked; None if it never was."""
        end = time.perf_counter() + seconds
        while not condition(self.bytes):
            left = end - time.perf_counter()
            if left <= 0:
                return None
            self.receive(left)
        return time.perf_counter() - self.began

    def settle(self, quiet=0.25, limit=10):
        end = time.perf_counter() + limit
        while time.perf_counter() < end and self.receive(quiet):
            pass

    def key(self, text, quiet=0.12):
        """(bytes that one key caused, milliseconds until the last of them)."""
        began = time.perf_counter()
        count, last = 0, began
        os.write(self.master, text.encode())
        while got := self.receive(quiet):
            count, last = count + len(got), time.perf_counter()
        return count, 1000 * (last - began)

    def watch(self, seconds):
        """(bytes, bursts with a pause of 60 ms before each, processor seconds) of a span of time."""
        before = self.processor()
        end = time.perf_counter() + seconds
        count, bursts, last = 0, 0, 0.0
        while (left := end - time.perf_counter()) > 0:
            if got := self.receive(left):
                now = time.perf_counter()
                bursts += now - last > 0.06
                count, last = count + len(got), now
        return count, bursts, self.processor() - before

    def processor(self):
        with open(f"/proc/{self.child.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        """Megabytes at most so far."""
        with open(f"/proc/{self.child.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) / 1024

    def text(self):
        return ESCAPES.sub(b"", self.bytes)

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.child.poll() is None:
                self.child.send_signal(number)
                try:
                    self.child.wait(3)
                except subprocess.TimeoutExpired:
                    continue
        os.close(self.master)


def painted(sent):
    """Whether something can be read."""
    return len(re.sub(rb"[\s\x00-\x1f]", b"", ESCAPES.sub(b"", sent))) >= 20
