"""What one value of a definition file means, and how a broken one looks."""

from __future__ import annotations

import re
from contextlib import suppress

from duban.workflows.document import forbidden_character

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
NORWAY = frozenset(
    form
    for word in ("yes", "no", "on", "off", "true", "false", "null")
    for form in (word, word.capitalize(), word.upper())
) - {"true", "false", "null"}
_OPERATOR_AT_END = re.compile(r"(?:[=!<>]=|&&|\|\||[<>+*/?(,])$")
_OPENING_QUOTE = re.compile(r"(?:^|[\s(=,\[])'")


def joined(value: str) -> tuple[str, str]:
    """Return *value*, and the name of a character in it that no text may hold."""
    # JSON writes a character beyond U+FFFF as two escapes, which the scanner leaves apart.
    with suppress(UnicodeDecodeError):
        value = value.encode("utf-16", "surrogatepass").decode("utf-16")
    return value, forbidden_character(value)


def typed(value: str) -> str | int | bool | None:
    """Return what an unquoted *value* means: the narrowest reading, or else the text itself."""
    if value in _WORDS:
        return _WORDS[value]
    return int(value) if _INTEGER.fullmatch(value) else value


def balanced(value: str) -> bool:
    """Tell whether *value* closes the parentheses that it opens."""
    return value.count("(") == value.count(")")


def unfinished(value: str) -> bool:
    """Tell whether *value* looks like the first part of an expression."""
    odd = value.count('"') % 2 or (_OPENING_QUOTE.search(value) and value.count("'") % 2)
    return bool(odd or not balanced(value) or _OPERATOR_AT_END.search(value))
