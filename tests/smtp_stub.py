"""A small mail server on 127.0.0.1 that keeps what it gets, and misbehaves on request."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Thread
from typing import Literal

Fault = Literal[
    "", "refuses", "silent", "dies in data", "refuses data", "dies after data", "auth", "drips"
]


@dataclass
class Inbox:
    """What arrived: the bytes of each mail, who it was for, and every line that was said."""

    port: int
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(mail, policy=default) for mail in self.mails]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    inbox: Inbox
    fault: Fault


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 5

    def handle(self) -> None:
        with suppress(OSError):
            self._converse()

    def _converse(self) -> None:
        if self.server.fault == "silent":
            time.sleep(0.5)
            return
        self._say("220 stub ESMTP")
        if self.server.fault == "drips":
            self._drip()
        while (line := self.rfile.readline()) and self._answer(line.decode("latin-1").strip()):
            pass

    def _answer(self, line: str) -> bool:
        self.server.inbox.said.append(line)
        match line.split()[0].upper():
            case "EHLO":
                self._say("250-stub" if self.server.fault == "auth" else "250 stub")
                if self.server.fault == "auth":
                    self._say("250 AUTH PLAIN")
            case "AUTH":
                self._say("535 5.7.8 bad credentials")
            case "RCPT":
                return self._recipient(line)
            case "DATA":
                return self._data()
            case "QUIT":
                self._say("221 bye")
                return False
            case "STARTTLS":
                self._say("502 not here")
            case _:
                self._say("250 ok")
        return True

    def _drip(self) -> None:
        for _ in range(200):
            self._say("250-one word more")
            time.sleep(0.02)

    def _recipient(self, line: str) -> bool:
        if self.server.fault == "refuses":
            self._say("550 5.1.1 no such user")
        else:
            self.server.inbox.recipients.append(line.partition(":")[2].strip("<>"))
            self._say("250 ok")
        return True

    def _data(self) -> bool:
        self._say("354 go on")
        if self.server.fault == "dies in data":
            return False
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.server.fault == "refuses data":
            self._say("554 5.3.4 too big")
            return True
        self.server.inbox.mails.append(b"".join(lines))
        self._say("250 taken")
        return self.server.fault != "dies after data"

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def smtp_stub(fault: Fault = "") -> Iterator[Inbox]:
    """Lend a running server's inbox."""
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.fault, server.inbox = fault, Inbox(server.server_address[1])
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.inbox
        finally:
            server.shutdown()
            thread.join()
