"""What a campaign brings when its time has come: duties, checkpoints, frozen registers, carry-over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from duban.engine.core.campaign import (
    TIMER_NAME,
    decide_happening,
    decide_noted,
    due_happenings,
    next_happening,
)
from duban.engine.core.course import Decision
from duban.engine.core.duties import before_publication
from duban.engine.core.schedule import Happening
from duban.engine.core.world import World
from duban.engine.definition.campaign import Campaign, Goal
from duban.engine.definition.duties import EachCase
from duban.engine.errors import DubanError, Overtaken, UnknownCampaign, Unreachable
from duban.engine.ports import Transaction, Where, Write
from duban.engine.shell.carrying import carry
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.looking import Gaze
from duban.engine.shell.registers import KIND, freeze
from duban.engine.shell.statistics import statistics
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Note, Open, Tie

_PAGE = 500
_TICK = timedelta(microseconds=1)
# A duty that is owed for each of certain cases opens so many at most.
_MOST_CASES = 10_000


class TooManyCases(DubanError):
    """A duty is owed for more cases than one transaction can carry."""

    code = "RULE-030"
    en = "the duty is owed for more than {most} cases; narrow it"
    zh = "该任务涉及的事项超过 {most} 个；请缩小范围"


@dataclass(frozen=True, slots=True)
class Campaigning:
    """Settles a campaign in one open transaction; *write* and *follow* carry decisions out.

    *follow* brings about what follows from one, all of it or nothing.
    """

    tx: Transaction
    catalogue: Catalogue
    write: Callable[[Decision], None]
    follow: Callable[[Decision], None]

    def settle(self, case: Case) -> None:
        """Let everything happen that the campaign of *case* brings by now, in order."""
        edition = self.catalogue.edition(self.tx)
        campaign = edition.library.campaigns.get(case.campaign or "")
        if campaign is None:
            raise UnknownCampaign(
                campaign=case.campaign, why="it is not published", why_zh="尚未发布", known="-"
            )
        agenda = self.catalogue.agenda(edition, campaign)
        world = self.catalogue.campaign_world(edition, campaign, self.tx.now())
        current = case
        for happening in due_happenings(agenda, case, world.now):
            current, done = self._happen(campaign, current, happening, world)
            if not done:
                return  # the rest has a transaction of its own, which is due at once
        if current is case:
            # The calendar moved what this timer was set for: nothing is due, or not yet.
            timers = {TIMER_NAME: next_happening(agenda, case)}
            self.tx.write(Write(case=case, before=case.version, entries=(), timers=timers))

    def _happen(
        self, campaign: Campaign, case: Case, happening: Happening, world: World
    ) -> tuple[Case, bool]:
        """Return the case after *happening*, and whether that is over and done with."""
        if happening.kind == "carry":
            return carry(self.tx, self.catalogue, campaign, case, happening, world, self.write)
        due = happening.due
        if due is not None and due.duty.freeze and not before_publication(due, case):
            return self._freeze(campaign, case, happening, world), True
        return self._bring(campaign, case, happening, world), True

    def _bring(self, campaign: Campaign, case: Case, happening: Happening, world: World) -> Case:
        try:
            concerned = self._concerned(campaign, happening)
        except TooManyCases as error:
            refused: dict[str, Plain] = {happening.key: error.text(world.lang)}
            return self._note(campaign, case, happening.key, refused, world)
        agenda = self.catalogue.agenda(self.catalogue.edition(self.tx), campaign)
        measure = self._measure(campaign, happening)
        decision = decide_happening(
            campaign, agenda, case, happening, measure, world, concerned=concerned
        )
        self.write(decision)
        refused = self._follow_each(decision, world.lang)
        if not refused:
            return decision.case
        return self._note(campaign, decision.case, f"{happening.key}:refused", refused, world)

    def _note(
        self,
        campaign: Campaign,
        case: Case,
        trigger: str,
        refused: Mapping[str, Plain],
        world: World,
    ) -> Case:
        """Note what was refused, and why: nothing that a campaign owes fails in silence."""
        agenda = self.catalogue.agenda(self.catalogue.edition(self.tx), campaign)
        told: dict[str, Plain] = {"refused": refused}
        noted = decide_noted(agenda, case, "duty", trigger, told, world)
        self.write(noted)
        return noted.case

    # ---- registers

    def _freeze(self, campaign: Campaign, case: Case, happening: Happening, world: World) -> Case:
        """Freeze as the day that is over left it, however late this comes.

        A register that cannot be made must not keep the campaign from all the rest.
        """
        assert happening.due is not None
        name, day = happening.due.duty.freeze or "", happening.due.day
        gaze = Gaze.within(self.tx, self.catalogue, campaign, happening.at - _TICK)
        try:
            with self.tx.savepoint():
                frozen = freeze(self.tx, gaze, world.clockwork, name, case, day)
        except (Unreachable, Overtaken):
            raise
        except DubanError as error:
            refused = {name: error.text(world.lang)}
            return self._note(campaign, case, happening.key, refused, world)
        agenda = self.catalogue.agenda(self.catalogue.edition(self.tx), campaign)
        noted = decide_noted(
            agenda,
            case,
            KIND,
            happening.key,
            frozen.measure,
            world,
            effective=happening.at,
            sets=frozen.sets,
        )
        self.write(noted)
        return noted.case

    # ---- duties

    def _concerned(self, campaign: Campaign, happening: Happening) -> Sequence[Case]:
        each = happening.due.duty.each if happening.due is not None else None
        return list(self._cases(campaign, each)) if isinstance(each, EachCase) else ()

    def _cases(self, campaign: Campaign, each: EachCase) -> Iterator[Case]:
        where = Where(
            workflow=each.cases,
            campaign=campaign.campaign,
            states=each.states or None,
            counts=None if each.counts == "any" else each.counts,
            fields=dict(each.where) or None,
        )
        if self.tx.count(where) > _MOST_CASES:
            raise TooManyCases(most=_MOST_CASES)
        after: str | None = None
        while True:
            page = self.tx.find(where, limit=_PAGE, after=after)
            yield from page.cases
            after = page.next
            if after is None:
                return

    def _follow_each(self, decision: Decision, lang: str) -> dict[str, Plain]:
        """Open each case by itself; return the units for which that was refused, and why.

        One unit whose rules refuse must not keep the duty from all the others.
        """
        refused: dict[str, Plain] = {}
        for opened, *ties in _together(decision.commands):
            try:
                self.follow(replace(decision, commands=(opened, *ties)))
            except (Unreachable, Overtaken):
                raise  # no rule refused: whoever was in the way does not cost the unit its duty
            except DubanError as error:
                unit = opened.unit if isinstance(opened, Open) else opened.case
                refused[unit] = error.text(lang)
        return refused

    # ---- checkpoints

    def _measure(self, campaign: Campaign, happening: Happening) -> dict[str, Plain]:
        """Count for a checkpoint: each goal's numerator and denominator, and what is still open."""
        if happening.goals is None:
            return {}
        measured: dict[str, Plain] = {
            name: self._goal(campaign, goal, happening) for name, goal in happening.goals.items()
        }
        still_open = {
            workflow: self.tx.count(
                Where(workflow=workflow, campaign=campaign.campaign, counts="open")
            )
            for workflow in campaign.uses
        }
        return {"goals": measured, "open": still_open}

    def _goal(self, campaign: Campaign, goal: Goal, happening: Happening) -> dict[str, Plain]:
        target: dict[str, Plain] = (
            {"share": goal.share} if goal.share is not None else {"at_most": goal.at_most or 0}
        )
        if goal.statistic is not None:
            gaze = Gaze.within(self.tx, self.catalogue, campaign, happening.at - _TICK)
            (found,) = statistics(gaze, [goal.statistic])
            rate = found.total
            return {"numerator": rate.numerator, "denominator": rate.denominator, **target}
        where = Where(workflow=goal.of, campaign=campaign.campaign, fields=dict(goal.where))
        void = self.tx.count(replace(where, counts="void")) if goal.counts != "void" else 0
        return {
            "numerator": self.tx.count(replace(where, counts=goal.counts)),
            "denominator": self.tx.count(where) - void,
            **target,
        }


def _together(commands: Sequence[Command | Note]) -> Iterator[list[Command | Note]]:
    """Yield each command with the ties that go with it."""
    group: list[Command | Note] = []
    for command in commands:
        if group and not isinstance(command, Tie):
            yield group
            group = []
        group.append(command)
    if group:
        yield group
