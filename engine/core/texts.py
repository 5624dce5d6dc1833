"""What a notice says: templates filled from the case, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from duban.engine.core.scope import Scope
from duban.engine.definition.machine import Template
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import UNDATED
from duban.engine.timing.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why a notice goes out: the title of the rung or transition, and the deadline's figures."""

    title: Mapping[str, str]
    owner: str | None = None
    due: datetime | None = None
    late: int = 0
    missed: tuple[str, ...] = ()


def case_title(scope: Scope, lang: str) -> str:
    """Return how people call the case: its field ``title``, else its workflow's title."""
    own = scope.data.get("title")
    return (
        own if isinstance(own, str) and own else scope.machine.title.get(lang, scope.case.workflow)
    )


def subject(scope: Scope, occasion: Occasion, lang: str) -> str:
    """Return the one line that a notice is about."""
    colon = "：" if lang == "zh" else ": "
    return occasion.title.get(lang, "") + colon + case_title(scope, lang)


def body(scope: Scope, occasion: Occasion, template: Template | None, lang: str) -> str:
    """Return the text of a notice, from its template or from what every notice can say."""
    if template is None:
        text = subject(scope, occasion, lang) + "\n" + _about(scope, occasion, lang)
    else:
        text = "".join(
            literal + ("" if name is None else _shown(name, scope, occasion, lang))
            for literal, name in template.parts
        )
    if occasion.missed:
        label = "此前错过的环节：" if lang == "zh" else "Missed before this: "
        text += "\n" + label + ("、" if lang == "zh" else ", ").join(occasion.missed)
    return text


def _about(scope: Scope, occasion: Occasion, lang: str) -> str:
    unit = scope.world.directory.title(scope.case.unit, lang)
    if occasion.due is None:
        return unit
    label = "期限：" if lang == "zh" else "due "
    return f"{unit}, {label}{shown_instant(occasion.due, scope.world.clockwork)}"


def _shown(name: str, scope: Scope, occasion: Occasion, lang: str) -> str:
    special = {
        "due": lambda: "" if occasion.due is None else _instant(occasion.due, scope),
        "late": lambda: str(occasion.late),
        "rung": lambda: occasion.title.get(lang, ""),
        "title": lambda: case_title(scope, lang),
        "state": lambda: _state(scope, lang),
        "unit": lambda: scope.world.directory.title(scope.case.unit, lang),
        "missed": lambda: ", ".join(occasion.missed),
    }.get(name)
    return special() if special else shown_value(name, scope, lang)


def _state(scope: Scope, lang: str) -> str:
    titles = [(scope.machine.states[s].title or {}).get(lang, s) for s in scope.case.states]
    return "+".join(titles)


def shown_value(name: str, scope: Scope, lang: str) -> str:
    """Return the value of *name* as people write it: a choice or a unit by its title."""
    value = scope(name)
    field = scope.machine.fields.get(name.removeprefix("case."))
    if field is not None and field.type == "choice" and value in field.choices:
        return (field.choices[value].title or {}).get(lang, str(value))
    if field is not None and field.type == "unit":
        return scope.world.directory.title(str(value), lang)
    if isinstance(value, datetime):
        return _instant(value, scope)
    return str(value) if isinstance(value, (str, int, float, Span)) else ""


def _instant(value: datetime, scope: Scope) -> str:
    return shown_instant(value, scope.world.clockwork)


def shown_instant(value: datetime, clockwork: Clockwork) -> str:
    """Return *value* as people write it: a day when it is the end of one, else day and time."""
    if value == UNDATED:
        return "-"
    day = clockwork.day(value)
    if value == clockwork.ends(day):
        return day.isoformat()
    return value.astimezone(clockwork.zone).strftime("%Y-%m-%d %H:%M")
