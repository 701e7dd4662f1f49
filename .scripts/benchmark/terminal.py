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

    def down(self):
        """What the cursor key sends: a program may have asked for the other kind, as with a terminal that people have."""
        asked = max(self.bytes.rfind(b"\x1b[?1h"), self.bytes.rfind(b"\x1b[?1l"))
        return b"\x1bOB" if self.bytes[asked:asked + 5] == b"\x1b[?1h" else b"\x1b[B"

    def key(self, key, quiet=0.12):
        """(bytes that one key caused, milliseconds until the last of them)."""
        began = time.perf_counter()
        count, last = 0, began
        os.write(self.master, key)
        while got := self.receive(quiet):
            count, last = count + len(got), time.perf_counter()
        return count, 1000 * (last - began)

    def watch(self, seconds):
        """(bytes, bursts a second, processor seconds, times woken) of a span of time. A burst has a pause of 60 ms before
        it; the pace is taken from the first to the last, so that it does not hang on where the span begins."""
        # What came before is not of this span.
        while self.receive(0):
            pass
        before = self.worked()
        end = time.perf_counter() + seconds
        count, bursts, last = 0, [], 0.0
        while (left := end - time.perf_counter()) > 0:
            if got := self.receive(left):
                now = time.perf_counter()
                if now - last > 0.06:
                    bursts.append(now)
                count, last = count + len(got), now
        after = self.worked()
        # Threads that ended meanwhile are not counted; one that began is from its beginning.
        pace = (len(bursts) - 1) / (bursts[-1] - bursts[0]) if len(bursts) > 1 else len(bursts) / seconds
        return (count, pace, sum(after[task][0] - before.get(task, (0, 0))[0] for task in after),
                sum(after[task][1] - before.get(task, (0, 0))[1] for task in after))

    def worked(self):
        """(processor seconds, times it slept) of each thread so far. The processor is counted to the nanosecond: in
        ticks of 10 ms whatever works less than that seems not to work at all."""
        threads = {}
        for task in os.listdir(f"/proc/{self.child.pid}/task"):
            try:
                with open(f"/proc/{self.child.pid}/task/{task}/schedstat") as file:
                    spent = int(file.read().split()[0]) / 1e9
                with open(f"/proc/{self.child.pid}/task/{task}/status") as file:
                    slept = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M).group(1))
            except FileNotFoundError:
                continue
            threads[task] = (spent, slept)
        return threads

    def resident(self):
        """(megabytes now, at most so far, megabytes that are no file's): the rest is code, which the system holds once for
        all who run it."""
        with open(f"/proc/{self.child.pid}/status") as file:
            status = file.read()
        return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M).group(1)) / 1024
            for name in ("VmRSS", "VmHWM", "RssAnon"))

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
