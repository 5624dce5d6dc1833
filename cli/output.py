"""How cases, entries and notices are printed: the same facts as JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from duban.cli.context import Call
from duban.cli.text import clean
from duban.engine.history.entry import ERASED, Entry
from duban.engine.timing.instants import format_instant
from duban.engine.values.case import Case, Clock
from duban.engine.values.forms import case_form

if TYPE_CHECKING:
    from duban.engine.ports import Sent


def instant(moment: datetime | None) -> str | None:
    """Return *moment* as JSON has it: in UTC, or null."""
    return None if moment is None else format_instant(moment)


def case_data(case: Case, now: datetime) -> dict[str, object]:
    """Return *case* as JSON has it."""
    return {
        **case_form(case),
        "state": case.state,
        "due": instant(case.due),
        "overdue": case.overdue(now),
    }


def entry_data(entry: Entry) -> dict[str, object]:
    """Return *entry* as JSON has it: personal values opened, and the exact bytes that are hashed."""
    opened = {part: entry.values(part) for part in ("set", "input") if part in entry.body}
    return {**entry.body, **opened, "hash": entry.hash, "canon": entry.canon.decode()}


def sent_data(sent: Sent) -> dict[str, object]:
    """Return a notice as JSON has it."""
    return {
        **asdict(sent.notice),
        "created": instant(sent.notice.created),
        "status": sent.status,
        "attempts": sent.attempts,
        "next_try": instant(sent.next_try),
        "error": sent.error,
    }


def shown(value: object, call: Call) -> str:
    """Return a field's value as a reader wants it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return call.text("yes", "是") if value else call.text("no", "否")
    if isinstance(value, Mapping):
        return _mapping(value, call)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return call.text(", ", "、").join(shown(item, call) for item in value)
    return clean(str(value))


def _mapping(value: Mapping[str, object], call: Call) -> str:
    if value == ERASED:
        return call.text("(erased)", "（已删除）")
    if value == {"none": True}:
        return "-"
    said = [str(value[key]) for key in ("name", "kind") if key in value]
    number = [str(value["number"])] if "number" in value else []
    return clean(" ".join([*said[:1], *number])) or clean(
        ", ".join(f"{k}={v}" for k, v in value.items())
    )


def clock_line(clock: Clock, now: datetime, call: Call) -> str:
    """Return how a deadline stands, in a few words."""
    due = call.local(clock.due)
    if clock.ended is not None:
        en, zh = ("ended in time", "按期结束") if clock.met else ("ended late", "逾期结束")
    elif not clock.running:
        en, zh = "held", "暂停计时"
    elif clock.lapsed(now):
        en, zh = "overdue", "已逾期"
    else:
        en, zh = "running", "计时中"
    extra = call.text(" (provisional)", "（暂定）") if clock.provisional else ""
    return f"{due}  {call.text(en, zh)}{extra}"
