"""The checks of an organisation: units, kinds and posts that are there, a calendar, hours and a zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time

from duban.engine.definition.duty_check import KIND, check_zone
from duban.engine.definition.faults import CALENDAR, UNIT, Report
from duban.engine.definition.library import Library
from duban.engine.definition.organisation import Organisation

_POST = ("DEF-178", "post", "岗位")


def check_organisation(
    organisation: Organisation, origin: str, library: Library, report: Report
) -> None:
    """Note what an organisation names that is not there."""
    check_zone(organisation.zone, origin, report)
    if organisation.calendar is not None:
        calendars = library.of_kind("calendar")
        report.known(origin, [organisation.calendar], calendars, ("calendar",), CALENDAR)
    if organisation.closing is not None and not _is_time(organisation.closing):
        en = f"'{organisation.closing}' is no time of day; write '17:30'"
        zh = f"“{organisation.closing}”不是时刻；请写成 '17:30'"
        report.add_value(origin, ("closing",), "DEF-181", en, zh)
    for name, kind in organisation.kinds.items():
        report.known(origin, [kind.head], kind.posts, ("kinds", name, "head"), _POST)
    _units(organisation, origin, report)
    _holders(organisation, origin, report)


def _units(organisation: Organisation, origin: str, report: Report) -> None:
    known = {unit.unit for unit in organisation.units}
    for number, unit in enumerate(organisation.units):
        at = ("units", number)
        report.known(origin, [unit.kind], organisation.kinds, (*at, "kind"), KIND)
        if unit.parent is not None:
            report.known(origin, [unit.parent], known, (*at, "parent"), UNIT)
    parents = {unit.unit: unit.parent for unit in organisation.units if unit.parent}
    for number, unit in enumerate(organisation.units):
        if _above_itself(unit.unit, parents):
            en = f"unit '{unit.unit}' lies below itself; mend its 'parent'"
            zh = f"单位“{unit.unit}”成了自己的下级；请改正 parent"
            report.add(origin, ("units", number, "parent"), "DEF-189", en, zh)
            return


def _above_itself(unit: str, parents: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    at = parents.get(unit)
    while at is not None and at not in seen:
        if at == unit:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _holders(organisation: Organisation, origin: str, report: Report) -> None:
    kinds = {unit.unit: organisation.kinds.get(unit.kind) for unit in organisation.units}
    for number, holder in enumerate(organisation.holders):
        unit, _, post = holder.post.partition("/")
        at = ("holders", number, "post")
        report.known(origin, [unit], kinds, at, UNIT)
        kind = kinds.get(unit)
        if kind is not None:
            report.known(origin, [post], kind.posts, at, _POST)


def _is_time(text: str) -> bool:
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return True
