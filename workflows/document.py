"""What a definition file holds once it is read: plain data, and the place of every part of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from duban.engine.errors import Fault, InvalidDefinition, Place

Path = tuple[str | int, ...]

REPORTED_AT_MOST = 100
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may hold, and which keys it may begin with."""

    bytes: int
    depth: int
    events: int
    needs: tuple[str, ...] = ()


_KINDS = ("workflow", "ladder", "campaign", "phase", "calendar", "organisation")
DEFINITION = Limits(256 * 1024, 32, 20_000, _KINDS)
ORGANISATION = Limits(8 * 1024 * 1024, 32, 1_000_000)


@dataclass(frozen=True)
class Document:
    """A file as plain data; `places` has its keys and items, `values` what stands behind a key."""

    file: str
    data: dict[str, Any]
    places: Mapping[Path, Place]
    values: Mapping[Path, Place] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()

    def place(self, path: Sequence[str | int]) -> Place:
        """Return the place of the key or item at *path*, or of its nearest ancestor."""
        for length in range(len(path), -1, -1):
            if (place := self.places.get(tuple(path[:length]))) is not None:
                return place
        return Place(self.file)

    def value_place(self, path: Sequence[str | int]) -> Place:
        """Return the place where the value at *path* begins, or else that of its key."""
        return self.values.get(tuple(path)) or self.place(path)

    def part(self, path: Sequence[str | int]) -> object:
        """Return the data at *path*."""
        found: Any = self.data
        for step in path:
            found = found[step]
        return found


def refuse(faults: Iterable[Fault]) -> InvalidDefinition:
    """Return the error that carries *faults* once each, in the order of the file."""
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: (fault.place, fault.code))
    return InvalidDefinition(ordered[:REPORTED_AT_MOST])


def decode(raw: bytes, file: str, limits: Limits) -> str:
    """Return the text of *raw* with plain line breaks, or refuse it as a whole."""
    if len(raw) > limits.bytes:
        raise refuse([oversize(file, len(raw), limits.bytes)])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse([_not_utf8(raw, file, error.start)]) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if faults := [_forbidden(text, file, found.start()) for found in _FORBIDDEN.finditer(text)]:
        raise refuse(faults)
    return text


def forbidden_character(value: str) -> str:
    """Return the name of the first character that no text may hold, or an empty string."""
    found = _FORBIDDEN.search(value)
    return f"U+{ord(found.group()):04X}" if found else ""


def oversize(file: str, size: int, limit: int) -> Fault:
    """Return the fault of a file of *size* bytes."""
    return Fault(
        "DEF-009",
        Place(file),
        f"file is {_amount(size)}; limit {_amount(limit)}",
        f"文件大小为 {_amount(size)}，上限为 {_amount(limit)}",
    )


def _amount(size: int) -> str:
    if size <= 1024 * 1024:
        return f"{math.ceil(size / 1024)} KiB"
    return f"{math.ceil(size * 10 / 1024**2) / 10:.1f} MiB".replace(".0 ", " ")


def _not_utf8(raw: bytes, file: str, start: int) -> Fault:
    before = raw[:start].decode("utf-8-sig", "replace").replace("\r\n", "\n")
    place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
    looks = _encoding(raw)
    return Fault(
        "DEF-003",
        place,
        f"not UTF-8{f' (looks like {looks})' if looks else ''}; re-save as UTF-8",
        f"文件不是 UTF-8 编码{f'（看起来是 {looks}）' if looks else ''}；请另存为 UTF-8",
    )


def _encoding(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "GB18030"


def _forbidden(text: str, file: str, index: int) -> Fault:
    place = Place(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))
    name = f"U+{ord(text[index]):04X}"
    return Fault(
        "DEF-150",
        place,
        f"invisible character {name} is not allowed; remove it",
        f"不允许出现不可见字符 {name}；请删除",
    )
