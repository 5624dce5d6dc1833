"""All definitions in force together: what opens a case, and what everything is counted by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property

from duban.engine.definition.campaign import Campaign, Phase, PhasePart
from duban.engine.definition.organisation import CalendarFile, Organisation
from duban.engine.definition.published import Definition
from duban.engine.definition.rules import Rules, resolve
from duban.engine.definition.workflow import Ladder, Workflow
from duban.engine.errors import UnknownCampaign, UnknownWorkflow
from duban.engine.timing.calendar import Calendar, Notice, parse_days
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import find_zone, parse_date
from duban.engine.values.directory import NOBODY, Directory, Holder, Unit, UnitKind

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Library:
    """The definitions in force, by kind and name. Immutable: a new activation makes a new one."""

    definitions: Mapping[tuple[str, str], Definition]

    def with_definitions(self, more: Iterable[Definition]) -> Library:
        """Return the library with *more* in force."""
        added = {(definition.kind, definition.name): definition for definition in more}
        return Library({**self.definitions, **added})

    def of_kind(self, kind: str) -> dict[str, Definition]:
        """Return the definitions of *kind* by name."""
        return {name: d for (k, name), d in sorted(self.definitions.items()) if k == kind}

    @cached_property
    def workflows(self) -> dict[str, Workflow]:
        """The workflows by name."""
        return {
            n: d.model for n, d in self.of_kind("workflow").items() if isinstance(d.model, Workflow)
        }

    @cached_property
    def triggers(self) -> frozenset[str]:
        """Every trigger that some workflow knows."""
        workflows = self.workflows.values()
        return frozenset(t.trigger for w in workflows for t in w.transitions if t.trigger)

    @cached_property
    def ladders(self) -> dict[str, Ladder]:
        """The ladders by name."""
        return {
            n: d.model for n, d in self.of_kind("ladder").items() if isinstance(d.model, Ladder)
        }

    @cached_property
    def campaigns(self) -> dict[str, Campaign]:
        """The campaigns by name, with the phases that stand in files of their own."""
        extra: dict[str, list[PhasePart]] = {}
        for definition in self.of_kind("phase").values():
            if isinstance(definition.model, Phase):
                extra.setdefault(definition.model.campaign, []).append(definition.model.part())
        campaigns = {}
        for name, definition in self.of_kind("campaign").items():
            assert isinstance(definition.model, Campaign)
            phases = [*definition.model.phases, *extra.get(name, [])]
            campaigns[name] = definition.model.model_copy(update={"phases": phases})
        return campaigns

    def workflow(self, name: str) -> Workflow:
        """Return the workflow *name*.

        Raises:
            UnknownWorkflow: none of that name is in force.
        """
        found = self.workflows.get(name)
        if found is None:
            raise UnknownWorkflow(workflow=name, known=", ".join(self.workflows) or "-")
        return found

    # ---- who and when

    @cached_property
    def organisation(self) -> Organisation | None:
        """The organisation, when one is published."""
        found = [d.model for d in self.of_kind("organisation").values()]
        return found[-1] if found and isinstance(found[-1], Organisation) else None

    @cached_property
    def directory(self) -> Directory:
        """The organisation as the core asks it."""
        return NOBODY if self.organisation is None else directory_of(self.organisation)

    @property
    def zone(self) -> str:
        """The organisation's time zone."""
        return self.organisation.zone if self.organisation else "UTC"

    @property
    def lang(self) -> str:
        """The language of notices."""
        return self.organisation.lang if self.organisation else "zh"

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        """The calendars by name."""
        return {
            name: calendar_of(definition.model)
            for name, definition in self.of_kind("calendar").items()
            if isinstance(definition.model, CalendarFile)
        }

    def clockwork(self, zone: str, calendar: str | None, closing: str | None) -> Clockwork:
        """Return the clockwork of a zone and a calendar; no calendar knows weekends only."""
        days = self.calendars.get(calendar or "") or Calendar.plain(calendar or "weekdays")
        return Clockwork(days, find_zone(zone), time.fromisoformat(closing) if closing else None)

    # ---- which rules

    def campaign_of(self, workflow: str, day: date, named: str | None) -> Campaign | None:
        """Return the campaign in which a case of *workflow* opens on *day*.

        Raises:
            UnknownCampaign: the one named is unknown, or several run and none was named.
        """
        known = ", ".join(self.campaigns) or "-"
        if named is not None:
            if named not in self.campaigns:
                raise UnknownCampaign(
                    campaign=named, why="it is not published", why_zh="尚未发布", known=known
                )
            return self.campaigns[named]
        running = [
            campaign
            for campaign in self.campaigns.values()
            if workflow in campaign.uses and runs_on(campaign, day)
        ]
        if len(running) > 1:
            names = ", ".join(campaign.campaign for campaign in running)
            raise UnknownCampaign(
                campaign=names,
                why="several run; name one with campaign=",
                why_zh="同时进行的有多个，请用 campaign= 指明",
                known=known,
            )
        return running[0] if running else None

    def rules(self, workflow: str, campaign: Campaign | None, phase: PhasePart | None) -> Rules:
        """Return the resolved rules under which a case of *workflow* opens."""
        return resolve(
            self.workflow(workflow),
            campaign=campaign,
            phase=phase,
            ladders=self.ladders,
            zone=self.zone,
            calendar=self.organisation.calendar if self.organisation else None,
            closing=self.organisation.closing if self.organisation else None,
            fields={name: known.fields for name, known in self.workflows.items()},
        )


def phase_on(campaign: Campaign | None, day: date) -> PhasePart | None:
    """Return the phase that began last of those running on *day* (a local date)."""
    text = day.isoformat()
    phases = [p for p in (campaign.phases if campaign else []) if p.from_ <= text <= p.to]
    return max(phases, key=lambda phase: phase.from_, default=None)


def runs_on(campaign: Campaign, day: date) -> bool:
    """Return whether the campaign or one of its phases runs on *day*."""
    text = day.isoformat()
    if campaign.begins <= text and (campaign.ends is None or text <= campaign.ends):
        return True
    return any(phase.from_ <= text <= phase.to for phase in campaign.phases)


def directory_of(organisation: Organisation) -> Directory:
    """Return *organisation* as a directory."""

    def day(text: str | None) -> date | None:
        return parse_date(text) if text else None

    return Directory(
        kinds={
            name: UnitKind(posts=kind.posts, head=kind.head)
            for name, kind in organisation.kinds.items()
        },
        units=(
            Unit(
                id=unit.unit,
                kind=unit.kind,
                title=unit.title,
                parent=unit.parent,
                begins=day(unit.from_),
                ends=day(unit.to),
                tags=frozenset(unit.tags),
            )
            for unit in organisation.units
        ),
        holders=(
            Holder(
                post=holder.post,
                person=holder.person,
                begins=day(holder.from_),
                ends=day(holder.to),
                address=holder.address,
            )
            for holder in organisation.holders
        ),
    )


def calendar_of(file: CalendarFile) -> Calendar:
    """Return the calendar that *file* defines."""
    weekend = frozenset(_WEEKDAYS.index(name) for name in file.weekend)
    if not file.notices:
        return Calendar.plain(file.calendar, weekend)
    notices = [
        Notice(
            issued=parse_date(notice.issued),
            year=notice.year,
            title=(notice.title or {}).get("en", ""),
            rest=frozenset().union(*(parse_days(text) for text in notice.rest)),
            work=frozenset().union(*(parse_days(text) for text in notice.work)),
            may_shorten=notice.may_shorten,
        )
        for notice in file.notices
    ]
    return Calendar.from_notices(file.calendar, notices, weekend)


EMPTY = Library({})
