"""What a file that cannot be read would have defined, so that nobody is told that it is missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from duban.engine.definition.published import KINDS

_LOOKED_AT = 64 * 1024
_KIND = re.compile(rf"^({'|'.join(KINDS)}): +['\"]?([a-z][a-z0-9_-]*)", re.MULTILINE)
# A file that does not say what it defines may define anything.
ANYTHING = "*"


def named_by_text(path: Path) -> str:
    """Return what the text of a broken file says that it defines (``workflow:hazard``)."""
    with path.open("rb") as file:
        text = file.read(_LOOKED_AT).decode("utf-8", "replace")
    found = dict(_KIND.findall(text))
    return _named("phase" if "phase" in found else next(iter(found), None), found)


def named_by_data(data: Mapping[str, object]) -> str:
    """Return what the *data* of a file says that it defines, whatever else is wrong with it."""
    kind = next((key for key in data if key in KINDS), None)
    return _named("phase" if "phase" in data else kind, data)


def extends_unread(data: Mapping[str, object], unread: Collection[str]) -> bool:
    """Return whether *data* extends a workflow that could not be read."""
    base = data.get("extends")
    return base is not None and not {f"workflow:{base}", ANYTHING}.isdisjoint(unread)


def _named(kind: str | None, names: Mapping[str, object]) -> str:
    return ANYTHING if kind is None else f"{kind}:{names[kind]}"
