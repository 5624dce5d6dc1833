"""What a plan or a migration says: the change in words, and in numbers what would happen at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from duban.cli.context import Call

if TYPE_CHECKING:
    from duban.engine.shell.publishing import Change, Plan
    from duban.engine.shell.rehearsal import Foreseen

_ACTIONS = {
    "new": ("+", "new", "新增"),
    "changed": ("~", "changed", "变更"),
    "unchanged": ("=", "unchanged", "未变"),
}
_MOST_LINES = 10


def plan_data(planned: Plan, lang: str) -> dict[str, Any]:
    """Return a plan as data."""
    return {
        "changes": [_change_data(change, lang) for change in planned.changes],
        "kept": dict(planned.kept),
        "foreseen": foreseen_data(planned.foreseen) if planned.foreseen else None,
    }


def _change_data(change: Change, lang: str) -> dict[str, Any]:
    names = ("kind", "name", "action", "before", "after")
    found = [d.text(lang) for d in change.differences]
    return {**{name: getattr(change, name) for name in names}, "differences": found}


def foreseen_data(foreseen: Foreseen) -> dict[str, Any]:
    """Return what was foreseen as data; instants in UTC."""
    return {
        "opened": dict(foreseen.opened),
        "rungs": foreseen.rungs,
        "entries": foreseen.entries,
        "notices": dict(foreseen.notices.most_common()),
        "moves": foreseen.moves,
        "moved": [
            {
                "case": moved.case,
                "deadline": moved.deadline,
                "before": moved.before,
                "after": moved.after,
            }
            for moved in foreseen.moved
        ],
        "aside": [{"case": case, "why": why} for case, why in foreseen.aside],
        "whole": foreseen.whole,
    }


def plan_lines(call: Call, planned: Plan) -> Iterator[str]:
    """Say a plan line by line."""
    for change in planned.changes:
        sign, en, zh = _ACTIONS[change.action]
        before = f"{change.before[:12]} → " if change.before and change.action == "changed" else ""
        yield f"{sign} {change.kind} {change.name}  {call.text(en, zh)}  {before}{change.after[:12]}"
        yield from (f"    {difference.text(call.lang)}" for difference in change.differences)
        if planned.kept.get(change.name) and change.kind == "workflow":
            count = planned.kept[change.name]
            yield "    " + call.text(
                f"{count} open case(s) keep their rules until they are migrated",
                f"{count} 个未办结事项仍按原规则办理，直至迁移",
            )
    if not planned.changes:
        yield call.text("nothing to publish", "没有可发布的内容")
    elif planned.effective and planned.foreseen is not None:
        yield from foreseen_lines(call, planned.foreseen)


def foreseen_lines(call: Call, foreseen: Foreseen) -> Iterator[str]:
    """Say what would happen at once."""
    if not foreseen.entries and not foreseen.aside:
        yield call.text("at once: nothing", "不会立即发生任何变动")
        return
    yield call.text("at once:", "将立即发生：")
    yield "  " + call.text(
        f"entries in histories: {foreseen.entries}", f"新增流转记录：{foreseen.entries}"
    )
    opened = ", ".join(f"{name} {count}" for name, count in sorted(foreseen.opened.items()))
    yield "  " + call.text(f"cases opened: {opened or 0}", f"新开事项：{opened or 0}")
    yield "  " + call.text(f"rungs: {foreseen.rungs}", f"督办级触发：{foreseen.rungs}")
    yield "  " + call.text(
        f"deadlines that move: {foreseen.moves}", f"变动的时限：{foreseen.moves}"
    )
    for moved in foreseen.moved[:_MOST_LINES]:
        before, after = call.local(moved.before), call.local(moved.after)
        yield f"    {moved.case} {moved.deadline}: {before} → {after}"
    yield from _more(call, foreseen.moves - min(len(foreseen.moved), _MOST_LINES))
    yield from _notices(call, foreseen.notices)
    if foreseen.aside:
        count = len(foreseen.aside)
        yield "  " + call.text(f"cases set aside: {count}", f"被搁置的事项：{count}")
        yield from (f"    {case}: {why}" for case, why in foreseen.aside[:_MOST_LINES])
        yield from _more(call, count - min(count, _MOST_LINES))
    if not foreseen.whole:
        yield "  " + call.text("and more than was looked at", "未全部预演，实际更多")


def _notices(call: Call, notices: Counter[str]) -> Iterator[str]:
    total = sum(notices.values())
    yield "  " + call.text(
        f"notices: {total}, to {len(notices)} recipient(s)",
        f"通知：{total} 条，收件人 {len(notices)} 个",
    )
    yield from (f"    {to}: {count}" for to, count in notices.most_common(_MOST_LINES))
    yield from _more(call, len(notices) - min(len(notices), _MOST_LINES))


def _more(call: Call, count: int) -> Iterator[str]:
    if count > 0:
        yield "    " + call.text(
            f"… and {count} more (--json lists them)", f"……另有 {count} 项（--json 可列出）"
        )
