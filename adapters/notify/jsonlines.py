"""Notices as lines of a file: one JSON object each, for another system to read."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

from duban.engine.errors import NotDelivered
from duban.engine.timing.instants import format_instant
from duban.engine.values.notice import Notice

# Some readers end a line at these; JSON itself leaves them as they are.
_LINE_ENDS = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class JsonLinesNotifier:
    """Appends each notice to a file, durably. ``id`` is stable: readers drop what they had.

    Any number of processes may append to one file. A line that a full disk cut short is left
    behind on a line of its own; its notice comes again, whole.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def send(self, notice: Notice) -> None:
        """Append *notice* in a single write and wait until the disk has it."""
        try:
            self._append(_line(notice))
        except (OSError, ValueError) as error:
            why = f"{self._path}: {getattr(error, 'strerror', None) or error}"
            raise NotDelivered(channel=notice.channel, why=why) from error

    def _append(self, line: bytes) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        file = os.open(self._path, flags, 0o600)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                msg = "not a regular file"
                raise ValueError(msg)
            if status.st_size and _last_byte(file, status.st_size) != b"\n":
                line = b"\n" + line
            if os.write(file, line) != len(line):
                msg = "the line was cut short; is the disk full?"
                raise OSError(msg)
            os.fsync(file)
        finally:
            os.close(file)
        if not status.st_size and os.name == "posix":
            _keep_name(self._path.parent)


def _last_byte(file: int, size: int) -> bytes:
    os.lseek(file, size - 1, os.SEEK_SET)
    return os.read(file, 1)


def _keep_name(folder: Path) -> None:
    """Make the name of a new file as durable as what is in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _line(notice: Notice) -> bytes:
    content = {
        "id": notice.id,
        "case": notice.case,
        "seq": notice.seq,
        "channel": notice.channel,
        "to": notice.to,
        "person": notice.person,
        "address": notice.address,
        "climbed_from": notice.climbed_from,
        "subject": notice.subject,
        "text": notice.text,
        "urgent": notice.urgent,
        "created": format_instant(notice.created),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return (_LINE_ENDS.sub(lambda m: f"\\u{ord(m[0]):04x}", text) + "\n").encode("utf-8")
