"""Numbers that officials read: without a gap, and anew by year or by whatever is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from duban.engine.core.scope import Scope
from duban.engine.core.texts import shown_value
from duban.engine.definition.fields import PLACEHOLDER, Field, placeholders
from duban.engine.errors import Reason, TransitionRefused
from duban.engine.values.canonical import canonical


class NumberWanted(Exception):
    """The decision needs the last number of a sequence: read it, held, and decide again.

    It never reaches a caller: the core knows no store, and whoever called it does.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


@dataclass(frozen=True, slots=True)
class Issued:
    """A number of the sequence *key*, and how it is written."""

    key: str
    number: int
    text: str


def issue(name: str, place: str, scope: Scope) -> Issued:
    """Return the next number for the field *name*; the case's day and fields say of which sequence.

    Raises:
        NumberWanted: the last number of the sequence is not among ``world.numbers``.
        TransitionRefused: the field has its number, or a field that the sequence rests on is empty.
    """
    field = scope.machine.fields[name]
    if scope.given(name):
        en = f"'{name}' has its number, {scope.data[name]}; a number is issued once"
        zh = f"“{name}”已编号：{scope.data[name]}；编号只发一次"
        raise _refused("RULE-035", en, zh, place, scope)
    _check_given(name, field, place, scope)
    key = _key(name, field, scope)
    last = scope.world.numbers.get(key)
    if last is None:
        raise NumberWanted(key)
    return Issued(key, last + 1, _written(field, last + 1, scope))


def _check_given(name: str, field: Field, place: str, scope: Scope) -> None:
    """Refuse a number that would lack a part of its name for good."""
    written = (part.removeprefix("case.") for part in placeholders(field.format or ""))
    rests_on = (part for part in (*field.per, *written) if part in scope.machine.fields)
    for part in rests_on:
        if not scope.given(part):
            en = f"'{name}' is numbered by '{part}', which has no value"
            zh = f"“{name}”按“{part}”编号，但其没有值"
            raise _refused("RULE-036", en, zh, place, scope)


def _key(name: str, field: Field, scope: Scope) -> str:
    parts = [_part(part, scope) for part in field.per]
    return canonical([scope.machine.workflow.workflow, name, *parts]).decode()


def _part(part: str, scope: Scope) -> str:
    """A month is one of its year: March of another year begins anew."""
    day = scope.world.today
    if part in ("year", "month"):
        return f"{day:%Y}" if part == "year" else f"{day:%Y-%m}"
    if part in ("unit", "campaign"):
        return getattr(scope.case, part) or ""
    return str(scope.data[part])


def _written(field: Field, number: int, scope: Scope) -> str:
    day, lang = scope.world.today, scope.world.lang
    figures: dict[str, Any] = {"n": number, "year": day.year, "month": day.month}

    def shown(found: re.Match[str]) -> str:
        name, padded = found[1], found[2] or ""
        if name in figures:
            return format(figures[name], f"{padded}d")
        if name == "unit":
            return scope.world.directory.title(scope.case.unit, lang)
        return shown_value(name, scope, lang)

    return PLACEHOLDER.sub(shown, field.format or "")


def _refused(code: str, en: str, zh: str, place: str, scope: Scope) -> TransitionRefused:
    reason = Reason(code, en, zh, place)
    return TransitionRefused(case=scope.case.id, trigger="issue", reasons=[reason])
