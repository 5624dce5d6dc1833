"""How a case differs from what is expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from duban.adapters.scenarios.difference import NOTHING, Difference, Finding, Said, listed, same
from duban.adapters.scenarios.given import is_nothing, meant
from duban.adapters.scenarios.happened import counted_notices, history_of, notices_of
from duban.adapters.scenarios.model import NONE, By, Everywhere, Expected
from duban.adapters.scenarios.reading import Scene, Script
from duban.adapters.scenarios.stage import Stage
from duban.adapters.scenarios.view import View
from duban.engine.ports import Where
from duban.engine.values.case import Clock


def differences(
    script: Script, scene: Scene, name: str, expected: Expected, stage: Stage
) -> Iterator[Difference]:
    """Yield how the case *name* differs from *expected*, each at its place."""
    view = View(stage, stage.case(name), stage.now)
    for key in (name for name in _LOOKS if name in expected.model_fields_set):
        for keys, wanted, found in _LOOKS[key](view, getattr(expected, key)):
            place = script.expected_at(scene, name, key, *keys)
            title = _TITLES[key]
            rest = ".".join(keys)
            what = Said(
                f"{title.en}.{rest}" if rest else title.en,
                f"{title.zh} {rest}" if rest else title.zh,
            )
            yield Difference(place, what, wanted, found, name)


def everywhere(script: Script, scene: Scene, stage: Stage) -> Iterator[Difference]:
    """Yield how what there is beyond one case differs from what is expected."""
    expected: Everywhere = scene.everywhere
    for workflow, counted in expected.cases.items():
        for how in counted.model_fields_set:
            wanted = getattr(counted, how)
            found = stage.engine.count(_counting(workflow, how, stage.now))
            if found != wanted:
                place = script.document.place((*scene.path, "expect", "cases", workflow, how))
                what = Said(f"cases of {workflow} ({how})", f"流程 {workflow} 的事项（{how}）")
                yield Difference(place, what, same(wanted), same(found))
    if expected.sent is not None:
        notices = stage.notices()
        for keys, wanted_said, found_said in counted_notices(stage, notices, expected.sent, None):
            place = script.document.place((*scene.path, "expect", "sent", *keys))
            what = Said(".".join(("notices", *keys)), " ".join(("通知", *keys)))
            yield Difference(place, what, wanted_said, found_said)


def _counting(workflow: str, how: str, now: datetime) -> Where:
    if how == "overdue":
        return Where(workflow=workflow, overdue_at=now)
    return Where(workflow=workflow, counts=None if how == "all" else how)


# ---- one look for each key of `Expected`


def _state(view: View, wanted: list[str]) -> Iterator[Finding]:
    states = sorted(part for text in wanted for part in text.split("+"))
    if states != sorted(view.case.states):
        yield (), same("+".join(wanted)), same(view.case.state)


def _plain(name: str) -> Callable[[View, Any], Iterator[Finding]]:
    def look(view: View, wanted: Any) -> Iterator[Finding]:
        found = getattr(view.case, name)
        if wanted is not None and found != wanted:
            yield (), same(wanted), NOTHING if found is None else same(found)

    return look


def _dues(name: str) -> Callable[[View, Any], Iterator[Finding]]:
    def look(view: View, wanted: Mapping[str, str]) -> Iterator[Finding]:
        for deadline, text in wanted.items():
            clock = view.case.clocks.get(deadline)
            found = getattr(clock, name) if clock else None
            if view.means(text) != found:
                shown = NOTHING if text == NONE else same(text)
                yield (deadline,), shown, view.shown(found)

    return look


def _overdue(view: View, wanted: list[str] | None) -> Iterator[Finding]:
    late = [n for n, c in view.case.clocks.items() if c.running and c.lapsed(view.now)]
    names = [name for name in wanted or () if name != NONE]
    if not names and late:
        yield (), NOTHING, listed(late)
    for name in names:
        if name not in late:
            clock = view.case.clocks.get(name)
            yield (), Said(f"{name} overdue", f"{name} 逾期"), view.how(clock)


def _not_overdue(view: View, wanted: list[str]) -> Iterator[Finding]:
    for name in wanted:
        clock = view.case.clocks.get(name)
        if clock is not None and clock.running and clock.lapsed(view.now):
            yield (), Said(f"{name} not overdue", f"{name} 未逾期"), view.how(clock)


def _clock_is(
    en: str, zh: str, holds: Callable[[Clock, datetime], bool]
) -> Callable[[View, Any], Iterator[Finding]]:
    def look(view: View, wanted: list[str]) -> Iterator[Finding]:
        for name in wanted:
            clock = view.case.clocks.get(name)
            if clock is None or not holds(clock, view.now):
                yield (), Said(f"{name} {en}", f"{name} {zh}"), view.how(clock)

    return look


def _fields(view: View, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    for name, value in wanted.items():
        found = view.case.data.get(name)
        if not _same(meant(view.stage, view.type_of(name), value), found):
            yield (name,), _value(value), _value(found)


def _facts(view: View, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    facts = view.stage.engine.facts(view.case.id)
    for name, value in wanted.items():
        found = facts.get(name)
        if isinstance(found, datetime):
            if view.means(str(value)) != found:
                yield (name,), _value(value), view.shown(found)
        elif not _same(meant(view.stage, "", value), found):
            yield (name,), _value(value), _value(found)


def _same(wanted: Any, found: Any) -> bool:
    if is_nothing(wanted):
        return found is None or found == ""
    if isinstance(wanted, dict) and isinstance(found, Mapping):
        return all(_same(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, (list, tuple)):
        return len(wanted) == len(found) and all(map(_same, wanted, found))
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _value(value: Any) -> Said:
    return NOTHING if is_nothing(value) else same(value)


def _times(view: View, wanted: Mapping[str, int]) -> Iterator[Finding]:
    for trigger, count in wanted.items():
        if (found := view.case.times.get(trigger, 0)) != count:
            yield (trigger,), same(count), same(found)


def _children(view: View, wanted: Mapping[str, int]) -> Iterator[Finding]:
    opened = [view.stage.engine.case(id).workflow for id in view.case.linked("children")]
    for workflow, count in wanted.items():
        if (found := opened.count(workflow)) != count:
            yield (workflow,), same(count), same(found)


def _links(view: View, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    for link, value in wanted.items():
        found = view.case.linked(link)
        if isinstance(value, int):
            if len(found) != value:
                yield (link,), same(value), same(len(found))
            continue
        names = sorted(map(view.stage.name_of, found))
        if sorted([value] if isinstance(value, str) else value) != names:
            yield (link,), listed(value), listed(names)


def _may(allowed: bool) -> Callable[[View, Any], Iterator[Finding]]:
    def look(view: View, wanted: Mapping[str, list[str]]) -> Iterator[Finding]:
        for role, triggers in wanted.items():
            actor = view.stage.casting().on(view.case, By(role=role))
            explained = view.stage.engine.explain(view.case.id, actor=actor)
            free = [verdict.trigger for verdict in explained.allowed]
            for trigger in triggers:
                if (trigger in free) != allowed:
                    may = Said(f"may {trigger}", f"可以 {trigger}")
                    may_not = Said(f"may not {trigger}", f"不可以 {trigger}")
                    pair = (may, may_not) if allowed else (may_not, may)
                    yield (role,), *pair

    return look


_LOOKS: dict[str, Callable[[View, Any], Iterator[Finding]]] = {
    "state": _state,
    "counts": _plain("counts"),
    "unit": _plain("unit"),
    "campaign": _plain("campaign"),
    "phase": _plain("phase"),
    "due": _dues("due"),
    "first_due": _dues("first_due"),
    "overdue": _overdue,
    "not_overdue": _not_overdue,
    "running": _clock_is("running", "计时中", lambda clock, _: clock.running),
    "waiting": _clock_is("waiting", "暂停计时", lambda clock, _: clock.waiting),
    "met": _clock_is("met", "按期结束", lambda clock, _: clock.met),
    "lapsed": _clock_is("lapsed", "已超期", lambda clock, now: clock.lapsed(now)),
    "not_lapsed": _clock_is("not lapsed", "未超期", lambda clock, now: not clock.lapsed(now)),
    "fields": _fields,
    "facts": _facts,
    "times": _times,
    "episode": _plain("episode"),
    "children": _children,
    "links": _links,
    "may": _may(True),
    "may_not": _may(False),
    "notices": notices_of,
    "history": history_of,
}
_TITLES = {
    "state": Said("state", "状态"),
    "counts": Said("counts", "计为"),
    "unit": Said("unit", "单位"),
    "campaign": Said("campaign", "专项行动"),
    "phase": Said("phase", "阶段"),
    "due": Said("due", "到期"),
    "first_due": Said("first_due", "原定到期"),
    "overdue": Said("overdue", "逾期"),
    "not_overdue": Said("not_overdue", "未逾期"),
    "running": Said("running", "计时"),
    "waiting": Said("waiting", "暂停"),
    "met": Said("met", "按期"),
    "lapsed": Said("lapsed", "超期"),
    "not_lapsed": Said("not_lapsed", "未超期"),
    "fields": Said("fields", "字段"),
    "facts": Said("facts", "事实"),
    "times": Said("times", "次数"),
    "episode": Said("episode", "轮次"),
    "children": Said("children", "下级事项"),
    "links": Said("links", "关联"),
    "may": Said("may", "可办"),
    "may_not": Said("may_not", "不可办"),
    "notices": Said("notices", "通知"),
    "history": Said("history", "流转记录"),
}
