"""Text from cases made safe to print: no control characters, no turned writing direction."""

from __future__ import annotations

import re

_DANGEROUS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
_OUT_OF_LINE = re.compile(f"[{_DANGEROUS}\t\n ]+")
_OUT_OF_PLACE = re.compile(f"[{_DANGEROUS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """Return *text* as a single line that can harm neither a terminal nor a header."""
    return _SURROGATE.sub("\ufffd", _OUT_OF_LINE.sub(" ", text)).strip()


def paragraphs(text: str) -> str:
    """Return *text* with its lines and tabs kept and every other control character removed."""
    return _SURROGATE.sub("\ufffd", _OUT_OF_PLACE.sub("", _LINE_END.sub("\n", text)))
