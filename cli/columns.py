"""The columns of a list of cases: what stands in them, and over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from duban.cli.context import Call
from duban.cli.language import Text
from duban.cli.output import shown
from duban.cli.titles import field, parts, state, title_of_state, unit
from duban.engine.values.case import Case

_HEADS = {
    "id": Text("id", "编号"),
    "workflow": Text("workflow", "流程"),
    "unit": Text("unit", "单位"),
    "campaign": Text("campaign", "专项行动"),
    "phase": Text("phase", "阶段"),
    "state": Text("state", "状态"),
    "due": Text("due", "到期"),
    "overdue": Text("overdue", "逾期"),
    "opened": Text("opened", "立项"),
    "changed": Text("changed", "更新"),
}

_AS_IT_IS = Text("{}", "{}")
_OF_A_DEADLINE = {
    "met": Text("{} met", "{}（完成）"),
    "first_due": Text("{} at first", "{}（原定）"),
    "extended": Text("{} extended", "{}（延期次数）"),
}


def heads(columns: Sequence[str], workflow: str | None, call: Call) -> list[str]:
    """Return what stands over *columns*."""
    titles = parts(workflow, call) if workflow else {}
    return [head(column, titles, call) for column in columns]


def head(column: str, titles: Mapping[str, str], call: Call) -> str:
    """Return what stands over *column*; *titles* are those of fields and deadlines."""
    if column in _HEADS:
        return _HEADS[column].of(call.lang)
    part, _, name = column.rpartition(".")
    return _OF_A_DEADLINE.get(part, _AS_IT_IS).of(call.lang).format(titles.get(name, column))


def cell(case: Case, column: str, now: datetime, call: Call, *, official: bool = False) -> str:
    """Return what stands in *column* for *case*; an *official* list has titles in place of names."""
    if column in ("state", "unit"):
        return _said(case, column, call, official=official)
    if column == "overdue":
        return call.text("yes", "是") if case.overdue(now) else ""
    if column in ("due", "opened", "changed"):
        moment: datetime | None = getattr(case, column)
        return call.local(moment)
    if column in _HEADS:
        return shown(getattr(case, column), call)
    part, dot, name = column.partition(".")
    return _dotted(case, part, name, call) if dot else field(case, column, call)


def _said(case: Case, column: str, call: Call, *, official: bool) -> str:
    if column == "unit":
        return unit(case.unit, call) if official else case.unit
    return (title_of_state(case, call) or case.state) if official else state(case, call)


def _dotted(case: Case, part: str, name: str, call: Call) -> str:
    if part == "entered":
        return call.local(case.entered.get(name))
    if part == "times":
        return str(case.times.get(name, 0))
    clock = case.clocks.get(name)
    if part == "extended":
        return str(len(clock.grants) if clock else 0)
    moments = (
        {}
        if clock is None
        else {
            "due": clock.due,
            "first_due": clock.first_due,
            "met": clock.ended if clock.met else None,
        }
    )
    return call.local(moments.get(part))
