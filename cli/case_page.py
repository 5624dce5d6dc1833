"""One case as a page of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from duban.cli.context import Call
from duban.cli.output import clock_line
from duban.cli.text import clean, pad, width
from duban.cli.titles import field, parts, state, unit
from duban.engine.values.case import Case


def page(case: Case, now: datetime, call: Call) -> Iterator[str]:
    """Yield *case* as a reader wants it: what it is, its deadlines, its fields, its links."""
    yield f"{case.id}  {state(case, call)}"
    yield from aligned(_facts(case, call))
    clocks = [(name, clock_line(clock, now, call)) for name, clock in case.clocks.items()]
    titles = parts(case.workflow, call)
    yield from _part(call.text("Deadlines", "时限"), clocks, titles)
    fields = [(name, field(case, name, call, both=True)) for name in case.data]
    yield from _part(call.text("Fields", "字段"), fields, titles)
    yield from _part(call.text("Links", "关联"), list(case.links), {})
    signed = [(s.trigger, ", ".join(s.persons)) for s in case.signed]
    yield from _part(call.text("Signed, waiting for others", "已签署，待他人签署"), signed, {})
    flags = [(other, f"#{seq}") for other, seq in case.flags]
    yield from _part(call.text("Withdrawn basis", "依据已撤回"), flags, {})


def _facts(case: Case, call: Call) -> Iterator[tuple[str, str]]:
    title = unit(case.unit, call)
    yield call.text("workflow", "流程"), case.workflow
    yield call.text("unit", "单位"), f"{case.unit} {title}" if title != case.unit else title
    if case.campaign:
        yield (
            call.text("campaign", "专项行动"),
            " / ".join(filter(None, (case.campaign, case.phase))),
        )
    yield call.text("opened", "立项"), call.local(case.opened)
    yield call.text("changed", "更新"), call.local(case.changed)
    yield call.text("version", "版本"), str(case.version)


def _part(head: str, rows: list[tuple[str, str]], titles: dict[str, str]) -> Iterator[str]:
    if rows:
        yield f"{head}:" if head.isascii() else f"{head}："
        yield from aligned([(titles.get(name, name), text) for name, text in rows])


def aligned(rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Iterator[str]:
    """Yield names and texts in two columns."""
    lines = [(clean(name), clean(text)) for name, text in rows]
    first = max((width(name) for name, _ in lines), default=0)
    for name, text in lines:
        yield f"  {pad(name, first)}  {text}".rstrip()
