"""A case as a scenario looks at it: its clocks in local days, and how it stands in one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from duban.adapters.scenarios.difference import NOTHING, Said, same
from duban.adapters.scenarios.model import NONE, is_day
from duban.adapters.scenarios.stage import Stage
from duban.engine.definition.machine import Machine
from duban.engine.history.entry import Entry
from duban.engine.shell.catalogue import is_campaign
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import find_zone, parse_date, parse_instant
from duban.engine.values.case import Case, Clock


@dataclass(frozen=True)
class View:
    """A case as it is looked at after a step."""

    stage: Stage
    case: Case
    now: datetime

    @cached_property
    def machine(self) -> Machine | None:
        """Its rules; a campaign's own case has none."""
        return None if is_campaign(self.case.workflow) else self.stage.engine.machine(self.case)

    @cached_property
    def clockwork(self) -> Clockwork:
        """What its days are counted by."""
        library = self.stage.library
        if self.machine is not None:
            rules = self.machine
            return library.clockwork(rules.zone, rules.calendar, rules.closing)
        campaign = library.campaigns[self.case.campaign or ""]
        return library.clockwork(campaign.zone or library.zone, campaign.calendar, None)

    def shown(self, instant: datetime | None) -> Said:
        """Return a local day, with the time when it is not the end of the day."""
        if instant is None:
            return NOTHING
        local = instant.astimezone(self.clockwork.zone)
        if instant == self.clockwork.ends(local.date()):
            return same(local.date())
        return same(local.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00"))

    def means(self, text: str) -> datetime | None:
        """Return the instant that a scenario writes as *text*: a day is its end."""
        if text == NONE:
            return None
        if is_day(text):
            return self.clockwork.ends(parse_date(text))
        return parse_instant(text, find_zone(self.clockwork.zone.key))

    def type_of(self, field: str) -> str:
        """Return the type of a field."""
        found = self.machine.fields.get(field) if self.machine else None
        return found.type if found else ""

    def entries(self) -> list[Entry]:
        """Return what happened to it since the step before."""
        return self.stage.entries(self.case)

    def how(self, clock: Clock | None) -> Said:
        """Return how a deadline stands."""
        if clock is None:
            return Said("never started", "从未起算")
        due = self.shown(clock.due)
        if clock.ended is not None:
            en, zh = ("ended in time", "按期结束") if clock.met else ("ended late", "逾期结束")
        elif clock.waiting:
            en, zh = "waiting", "暂停计时"
        else:
            en, zh = ("overdue", "已逾期") if clock.lapsed(self.now) else ("running", "计时中")
        return Said(f"{en} (due {due.en})", f"{zh}（到期 {due.zh}）")


def standing(stage: Stage, name: str) -> Said:
    """Return how a case stands, in one line: state, and the dues of the clocks that are alive."""
    view = View(stage, stage.case(name), stage.now)
    alive = {n: clock for n, clock in view.case.clocks.items() if clock.ended is None}
    en, zh = [view.case.state], [view.case.state]
    for deadline, clock in alive.items():
        due = view.shown(clock.due)
        late = clock.running and clock.lapsed(view.now)
        mark = Said(" (overdue)", "（逾期）") if late else Said("", "")
        mark = Said(" (waits)", "（暂停）") if clock.waiting else mark
        en.append(f"{deadline} {due.en}{mark.en}")
        zh.append(f"{deadline} {due.zh}{mark.zh}")
    return Said("; ".join(en), "；".join(zh))
