"""Where the next page begins, as text: the sort value and the id of the last case shown."""

from __future__ import annotations

import json
from typing import Any

from duban.engine.errors import BadUsage
from duban.engine.ports import Sort
from duban.engine.timing.instants import to_micros
from duban.engine.values.case import Case

Mark = int | str | None


def mark_of(case: Case, sort: Sort) -> Mark:
    """Return what *case* is sorted by."""
    if sort == "id":
        return case.id
    if sort == "unit":
        return case.unit
    instant = case.due if sort == "due" else case.opened if sort == "opened" else case.changed
    return None if instant is None else to_micros(instant)


def bookmark(case: Case, sort: Sort) -> str:
    """Return where the page after *case* begins."""
    return case.id if sort == "id" else json.dumps([mark_of(case, sort), case.id])


def opened_at(after: str, sort: Sort) -> tuple[Mark, str]:
    """Return the sort value and the id that `bookmark` wrote.

    Raises:
        BadUsage: *after* was not made for this order.
    """
    if sort == "id":
        return after, after
    try:
        mark, last = json.loads(after)
    except ValueError:
        raise _not_ours(after) from None
    wanted: Any = str if sort == "unit" else (int, type(None)) if sort == "due" else int
    if not isinstance(last, str) or not isinstance(mark, wanted):
        raise _not_ours(after)
    return mark, last


def _not_ours(after: str) -> BadUsage:
    return BadUsage(
        what=f"{after[:60]!r} does not begin a page of this order; use `next` of the page before",
        what_zh=f"“{after[:60]}”不是此排序的翻页位置；请使用上一页的 next",
    )
