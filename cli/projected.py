"""Why a deadline moved by itself, as `history show` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from duban.cli.context import Call
from duban.cli.text import clean
from duban.engine.history.entry import Entry
from duban.engine.timing.instants import read_instant


def projected_lines(entry: Entry, call: Call) -> Iterator[str]:
    """Yield one line for each deadline of *entry* that moved: from, to, and the reasons."""
    for name, told in entry.body.get("projected", {}).items():
        why = call.text(", ", "，").join(_reason(reason, call) for reason in told["why"])
        firm = call.text(", firm now", "，已确定") if told.get("firm") else ""
        yield clean(f"       {name}: {_moved(told, call)}{firm} ({why})")


def _moved(told: Mapping[str, Any], call: Call) -> str:
    ends = [_shown(told[end], call) for end in ("from", "to") if end in told]
    return " → ".join(dict.fromkeys(ends)) or call.text("waits", "暂停中")


def _reason(reason: Mapping[str, Any], call: Call) -> str:
    values = [_shown(reason[end], call) for end in ("from", "to") if end in reason]
    return " ".join([str(reason["what"]), " → ".join(values)]).strip()


def _shown(value: object, call: Call) -> str:
    """Return an instant as local time, anything else as it stands."""
    if isinstance(value, str) and value.endswith("Z"):
        return call.local(read_instant(value))
    return str(value)
