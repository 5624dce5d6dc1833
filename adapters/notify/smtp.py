"""Notices as mail, one connection each, so that a dead server never spoils the next notice."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from threading import Timer
from urllib.parse import quote

from duban.adapters.printable import one_line, paragraphs
from duban.adapters.secrets import masked
from duban.engine.errors import BadUsage, NotDelivered
from duban.engine.values.notice import Notice

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f\x7f-\x9f]+@[^\s@<>,;:\"()\[\]\\\x00-\x1f]+")
_LONGEST_ADDRESS = 254
_LONGEST_SUBJECT = 200
_PATIENCE = 3
# A mail server need not know 8BITMIME; the words survive any relay this way.
_POLICY = SMTP.clone(cte_type="7bit")


class SmtpNotifier:
    """Hands each notice to a mail server.

    ``Message-ID`` and ``X-Duban-Id`` come from the notice's id: a second delivery can be told.
    """

    def __init__(
        self,
        host: str,
        port: int = 25,
        *,
        sender: str,
        username: str | None = None,
        password: str | None = None,
        starttls: bool = False,
        tls: bool = False,
        timeout: float = 10.0,
    ) -> None:
        if not _is_address(sender):
            raise BadUsage(
                what=f"sender {one_line(sender)!r} is not a mail address",
                what_zh=f"发件人“{one_line(sender)}”不是邮件地址",
            )
        self._server = (host, port)
        self._sender, self._domain = sender, sender.rpartition("@")[2]
        self._login = (username, password or "") if username else None
        self._starttls, self._tls, self._timeout = starttls, tls, timeout

    def send(self, notice: Notice) -> None:
        """Hand *notice* over; what the server said is in the error if it did not take it."""
        try:
            message = self._message(notice)
            with self._connection() as server:
                server.send_message(message, self._sender, [notice.address or ""])
        except (OSError, ValueError, MessageError) as error:
            raise NotDelivered(channel=notice.channel, why=_why(error)) from error

    def _message(self, notice: Notice) -> EmailMessage:
        if not notice.address:
            msg = f"there is no mail address for {one_line(notice.person or notice.to)}"
            raise ValueError(msg)
        if not _is_address(notice.address):
            msg = f"{one_line(notice.address)!r} is not a mail address"
            raise ValueError(msg)
        message = EmailMessage(_POLICY)
        message["From"] = self._sender
        message["To"] = notice.address
        message["Subject"] = one_line(notice.subject)[:_LONGEST_SUBJECT] or one_line(notice.case)
        message["Date"] = notice.created
        message["Message-ID"] = f"<{quote(notice.id, safe='')}@{self._domain}>"
        message["X-Duban-Id"] = quote(notice.id, safe=":/")
        message["Auto-Submitted"] = "auto-generated"
        if notice.urgent:
            message["Importance"] = "high"
            message["X-Priority"] = "1"
        message.set_content(paragraphs(notice.text), charset="utf-8", cte="base64")
        return message

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self._connected()
        # Each answer has its own timeout; a server that drips would hold the daemon for ever.
        patience = Timer(self._timeout * _PATIENCE, _cut, [server])
        patience.daemon = True
        patience.start()
        try:
            if self._starttls:
                server.starttls(context=ssl.create_default_context())
            if self._login:
                server.login(*self._login)
            yield server
            # The mail is taken: a server that dies over the farewell must not have it sent again.
            with suppress(OSError):
                server.quit()
        finally:
            patience.cancel()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if not self._tls:
            return smtplib.SMTP(
                *self._server, local_hostname=self._domain_name(), timeout=self._timeout
            )
        return smtplib.SMTP_SSL(
            *self._server,
            local_hostname=self._domain_name(),
            timeout=self._timeout,
            context=ssl.create_default_context(),
        )

    def _domain_name(self) -> str:
        return self._domain if self._domain.isascii() else self._domain.encode("idna").decode()


def _is_address(text: str) -> bool:
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def _cut(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        if server.sock is not None:
            socket.socket.shutdown(server.sock, socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _answer(code, said)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return masked(one_line(str(error))) or type(error).__name__


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return masked(one_line(f"the mail server answered {code} {text}"))
