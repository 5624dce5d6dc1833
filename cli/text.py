"""Text on a terminal, where a Chinese character is two columns wide."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_PIECES = re.compile(r"[!-~]+| +|.")
_NOT_FIRST = "，。；：！？、）》”’…"
_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def width(text: str) -> int:
    """Return how many columns *text* takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """Return *text* with spaces behind it, up to *columns*."""
    return text + " " * (columns - width(text))


def clean(text: str) -> str:
    """Return *text* on one line, without what could steer a terminal."""
    return "".join(
        " " if c in "\n\t" else "\ufffd" if _steers(c) else c for c in text.replace("\r\n", "\n")
    )


def _steers(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _DIRECTIONS


def wrap(text: str, columns: int) -> list[str]:
    """Return *text* in lines of at most *columns*: between words, or between Chinese characters."""
    lines = [""]
    for piece in _PIECES.findall(text):
        fits = width(lines[-1]) + width(piece) <= columns
        if fits or piece in _NOT_FIRST or not lines[-1]:
            lines[-1] += piece
        elif piece.strip():
            lines.append(piece)
    return [line.rstrip() for line in lines]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield aligned lines, the head first."""
    lines = [list(head), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [pad(cell, columns) for cell, columns in zip(line, widths, strict=True)]
        yield "  ".join(padded).rstrip()
