"""Notices as lines on a terminal."""

from __future__ import annotations

from typing import TextIO

from duban.adapters.printable import one_line
from duban.engine.errors import NotDelivered
from duban.engine.values.notice import Notice


class ConsoleNotifier:
    """Writes each notice as one readable line; an urgent one begins with ``!``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, notice: Notice) -> None:
        """Write *notice* and flush, so that nothing is taken that nobody can read."""
        try:
            self._stream.write(f"{self._printable(_line(notice))}\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise NotDelivered(channel=notice.channel, why=one_line(str(error))) from error

    def _printable(self, line: str) -> str:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return line.encode(encoding, "backslashreplace").decode(encoding)


def _line(notice: Notice) -> str:
    mark = "!" if notice.urgent else "-"
    who = " ".join(part for part in (notice.to, notice.person, notice.address) if part)
    said = " | ".join(part for part in map(one_line, (notice.subject, notice.text)) if part)
    when = notice.created.isoformat(" ", "seconds")
    return f"{mark} {when} [{one_line(who)}] {said} #{one_line(notice.id)}"
