"""An SMTP server on the loopback that files what it accepts into a Maildir.

    maildir.py PORT MAILDIR

A mail is answered 250 only once it stands in MAILDIR/new under its final name, with its envelope written above it as
Return-Path and Delivered-To. Internationalised addresses (SMTPUTF8) and 8-bit bodies are accepted as they come.
"""

import asyncio
import itertools
import os
import signal
import socket
import sys
import time

from aiosmtpd.smtp import SMTP


class Filing:
    """Files each accepted message; the counter keeps names unique within this process."""

    def __init__(self, maildir):
        self.maildir = maildir
        self.counter = itertools.count()
        self.host = socket.gethostname().replace("/", "_").replace(":", "_")

    async def handle_DATA(self, server, session, envelope):
        name = f"{time.time():.6f}.P{os.getpid()}Q{next(self.counter)}.{self.host}"
        head = [f"Return-Path: <{envelope.mail_from}>"]
        head += [f"Delivered-To: {recipient}" for recipient in envelope.rcpt_tos]
        content = envelope.content.replace(b"\r\n", b"\n")
        temporary = os.path.join(self.maildir, "tmp", name)
        try:
            with open(temporary, "xb") as file:
                file.write("\n".join(head).encode("utf-8", "surrogateescape") + b"\n" + content)
            os.rename(temporary, os.path.join(self.maildir, "new", name))
        except OSError as error:
            print(f"not filed: {error}", file=sys.stderr, flush=True)
            return "452 4.3.1 not filed: " + (error.strerror or "error")
        return f"250 2.0.0 OK: filed as {name}"


async def serve(port, maildir):
    loop = asyncio.get_running_loop()
    handler = Filing(maildir)

    def session():
        return SMTP(handler, hostname="localhost", ident="mail", enable_SMTPUTF8=True, loop=loop, timeout=300)

    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    server = await loop.create_server(session, "127.0.0.1", port, backlog=512)
    await done.wait()
    server.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
