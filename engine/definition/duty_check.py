"""The checks of a campaign's time and duties: holes between phases, duties that never fall due."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from duban.engine.definition.campaign import Campaign, PhasePart
from duban.engine.definition.duties import Duty, EachCase
from duban.engine.definition.faults import CALENDAR, UNIT, Path, Report
from duban.engine.definition.library import Library
from duban.engine.definition.recurrence import Recurrence, days, months
from duban.engine.definition.selector import Selector
from duban.engine.definition.value_check import Opening, check_constant
from duban.engine.errors import BadInput
from duban.engine.timing.instants import find_zone, parse_date

KIND = ("DEF-177", "kind of unit", "单位类型")
_DAY = timedelta(days=1)


class DutyCheck:
    """The checks of one campaign, with the phases that stand in files of their own.

    *today* is a day of the organisation; without one, nothing is said of who is there.
    """

    def __init__(
        self, campaign: Campaign, library: Library, report: Report, today: date | None
    ) -> None:
        self.campaign, self.library, self.report, self.today = campaign, library, report, today
        self.origin = f"campaign:{campaign.campaign}"
        self.part: Campaign | PhasePart = campaign

    def run(self) -> None:
        """Run them all."""
        self._when_and_where()
        self._twice([phase.phase for phase in self.campaign.phases], "phases", "phase")
        self._twice([task.task for task in self.campaign.tasks], "tasks", "task")
        self._phases()
        for name, selector in self.campaign.groups.items():
            self._selector(selector, ("groups", name))
        self._layer(self.campaign, ())
        for number, phase in enumerate(self.campaign.phases):
            path = self._at(phase, number)
            self._layer(phase, path)
        self.origin = f"campaign:{self.campaign.campaign}"

    def _at(self, phase: PhasePart, number: int) -> Path:
        """Set the origin of *phase*, and return its path there."""
        own = self.library.definitions.get(("phase", phase.phase))
        inside = self.library.definitions["campaign", self.campaign.campaign].model
        if isinstance(inside, Campaign) and number < len(inside.phases):
            self.origin = f"campaign:{self.campaign.campaign}"
            return ("phases", number)
        self.origin = own.origin if own is not None else self.origin
        return ()

    # ---- time

    def _when_and_where(self) -> None:
        calendar = self.campaign.calendar
        calendars = self.library.of_kind("calendar")
        if calendar is not None:
            self.report.known(self.origin, [calendar], calendars, ("calendar",), CALENDAR)
        check_zone(self.campaign.zone, self.origin, self.report)

    def _twice(self, names: Sequence[str], key: str, what: str) -> None:
        times = Counter(names)
        for number, name in enumerate(names):
            if times[name] > 1:
                times[name] = 0
                en = f"there are two of the name '{name}'; give each a name of its own"
                zh = f"有两个同名的“{name}”；请各取名称"
                self.report.add(self.origin, (key, number, what), "DEF-194", en, zh)

    def _phases(self) -> None:
        campaign, phases = self.campaign, sorted(self.campaign.phases, key=lambda p: p.from_)
        for phase in phases:
            if phase.from_ < campaign.begins:
                path = (*self._at(phase, self.campaign.phases.index(phase)), "from")
                en = f"phase '{phase.phase}' begins before the campaign, on {campaign.begins}"
                zh = f"阶段“{phase.phase}”早于专项行动的开始（{campaign.begins}）"
                self.report.warn(self.origin, path, "DEF-193", en, zh)
        self.origin = f"campaign:{campaign.campaign}"
        for first, last in _holes(campaign, phases):
            en = f"no phase runs from {first} to {last}"
            zh = f"{first} 至 {last} 没有任何阶段"
            self.report.warn(self.origin, ("phases",), "DEF-192", en, zh)

    # ---- duties

    def _layer(self, part: Campaign | PhasePart, path: Path) -> None:
        self.part = part
        for name, duty in part.duties.items():
            self._duty(name, duty, (*path, "duties", name))
        for name, goal in part.goals.items():
            counted = self.library.workflows.get(goal.of or "")
            fields = counted.fields if counted is not None else {}
            for field, value in goal.where.items():
                at = (*path, "goals", name, "where", field)
                check_constant(field, fields.get(field), value, self.origin, at, self.report)

    def _duty(self, name: str, duty: Duty, path: Path) -> None:
        self._opened(duty, path)
        if isinstance(duty.each, Selector):
            self._selector(duty.each, (*path, "each"))
        elif isinstance(duty.each, EachCase):
            self._cases(duty.each, (*path, "each"))
        elif duty.each in self.campaign.groups and self._empty(self.campaign.groups[duty.each]):
            self._nobody(f"group '{duty.each}'", f"分组“{duty.each}”", (*path, "each"))
        if duty.for_each is None:
            self._due(name, duty, duty.due, path)

    def _cases(self, each: EachCase, path: Path) -> None:
        chosen = self.library.workflows.get(each.cases)
        for name, value in each.where.items() if chosen is not None else ():
            field = chosen.fields.get(name) if chosen is not None else None
            check_constant(name, field, value, self.origin, (*path, "where", name), self.report)

    def _opened(self, duty: Duty, path: Path) -> None:
        workflow = self.library.workflows.get(duty.open or "")
        if workflow is None:
            return
        if not workflow.fields.keys() >= duty.with_.keys():
            return  # which the check of names has told
        opening, at = Opening(workflow), (*path, "with")
        opening.check(duty.with_, self.origin, at, path, self.report)
        for name, value in duty.with_.items():
            opening.check_constant(name, value, self.origin, (*at, name), self.report)

    def _due(self, name: str, duty: Duty, due: Recurrence, path: Path) -> None:
        first, last = self._bounds(duty)
        falls = days(due, first, last)
        if not falls:
            en = f"duty '{name}' never falls due between {first} and {last}"
            zh = f"任务“{name}”在 {first} 至 {last} 之间从不到期"
            self.report.warn(self.origin, (*path, "due"), "DEF-191", en, zh)
        short = sorted({month for _, month in _missing(due, first, last)})
        if short and falls:
            listed = ", ".join(map(str, short))
            en = f"there is no day {due.day} in month {listed}: nothing falls due then"
            zh = f"{listed} 月没有 {due.day} 日，届时不会到期"
            self.report.warn(self.origin, (*path, "due"), "DEF-188", en, zh)

    def _bounds(self, duty: Duty) -> tuple[date, date]:
        phase = self.part if isinstance(self.part, PhasePart) else None
        first = duty.from_ or (phase.from_ if phase else self.campaign.begins)
        last = duty.to or (phase.to if phase else self.campaign.ends)
        begins = parse_date(first)
        return begins, parse_date(last) if last else begins + 3660 * _DAY

    # ---- who

    def _selector(self, selector: Selector, path: Path) -> None:
        directory = self.library.directory
        if not directory.unit_ids:
            return
        units = dict.fromkeys(directory.unit_ids)
        organisation = self.library.organisation
        kinds = organisation.kinds if organisation else {}
        self.report.known(self.origin, selector.kind, kinds, (*path, "kind"), KIND)
        under = [selector.under] if selector.under and "." not in selector.under else []
        for key, names in (("under", under), ("units", selector.units), ("but", selector.but)):
            self.report.known(self.origin, names, units, (*path, key), UNIT)
        known = kinds.keys() >= set(selector.kind) and units.keys() >= {*under, *selector.units}
        if known and self._empty(selector):
            self._nobody("this", "此处", path)

    def _empty(self, selector: Selector) -> bool:
        if self.today is None or not self.library.directory.unit_ids:
            return False
        if selector.under is not None and "." in selector.under:
            return False
        return not self.library.directory.select(
            self.today,
            kind=selector.kind,
            under=selector.under,
            depth=selector.depth,
            tagged=selector.tagged,
            units=selector.units,
            but=selector.but,
        )

    def _nobody(self, what: str, zh: str, path: Path) -> None:
        en = f"{what} selects no unit today: nothing would be opened"
        self.report.warn(self.origin, path, "DEF-190", en, f"{zh}目前选不到任何单位，不会创建事项")


def check_zone(zone: str | None, origin: str, report: Report) -> None:
    """Note a time zone that is none."""
    try:
        find_zone(zone or "UTC")
    except BadInput as error:
        report.add_value(origin, ("zone",), "DEF-180", error.text("en"), error.text("zh"))


def _holes(campaign: Campaign, phases: Iterable[PhasePart]) -> Iterator[tuple[date, date]]:
    """Yield the first and last days of each stretch of the campaign without a phase."""
    open_from, any_phase = parse_date(campaign.begins), False
    for phase in phases:
        any_phase = True
        begins, ends = parse_date(phase.from_), parse_date(phase.to)
        if open_from < begins:
            yield open_from, begins - _DAY
        open_from = max(open_from, ends + _DAY)
    if any_phase and campaign.ends is not None and open_from <= parse_date(campaign.ends):
        yield open_from, parse_date(campaign.ends)


def _missing(due: Recurrence, first: date, last: date) -> Iterator[tuple[int, int]]:
    if due.day is not None:
        for year, month in months(due, first, last):
            if due.day > monthrange(year, month)[1]:
                yield year, month
