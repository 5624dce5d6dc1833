"""The checks of one workflow: the names in it must fit together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from duban.engine.definition.campaign import Campaign
from duban.engine.definition.fact_check import FactCheck
from duban.engine.definition.faults import (
    DEADLINE,
    ELEMENTS,
    FIELD,
    LADDER,
    ROLE,
    SERIAL,
    STATE,
    TRIGGER,
    UNIT,
    WORKFLOW,
    Path,
    Report,
)
from duban.engine.definition.fields import Field
from duban.engine.definition.following import check_following
from duban.engine.definition.graph_check import GraphCheck
from duban.engine.definition.library import Library
from duban.engine.definition.machine import NEW, OPEN
from duban.engine.definition.names import RESERVED_FIELDS, ROOTS, names_of
from duban.engine.definition.number_check import NumberCheck
from duban.engine.definition.regions_check import RegionsCheck
from duban.engine.definition.selector import Selector
from duban.engine.definition.workflow import OWN, Deadline, Effect, Transition, Workflow

_RESERVED = re.compile(r"^(to_.*|may_.*|is_.*|trigger|state|states|model|before|after)$")
_ANYONE = "anyone"
_WORDS_OF_CEL = frozenset({"in", "true", "false", "null"})


class WorkflowCheck:
    """The checks of one workflow."""

    def __init__(self, workflow: Workflow, library: Library, report: Report) -> None:
        self.workflow, self.library, self.report = workflow, library, report
        self.origin = f"workflow:{workflow.workflow}"
        self.states = set(workflow.states)
        self.names = names_of(workflow)
        self.serials = {n for n, field in workflow.fields.items() if field.type == "serial"}
        self.triggers = {t.trigger for t in workflow.transitions if t.trigger}

    def run(self) -> None:
        """Run them all."""
        self._fields()
        for number, transition in enumerate(self.workflow.transitions):
            self._transition(transition, ("transitions", number))
        self._states()
        self._deadlines()
        FactCheck(self.workflow, self.library, self.report).run()
        NumberCheck(self.workflow, self.report).run()
        if RegionsCheck(self.workflow, self.report).run():
            GraphCheck(self.workflow, self.report).run()

    def fault(self, path: Path, code: str, en: str, zh: str) -> None:
        """Note a fault of this workflow."""
        self.report.add(self.origin, path, code, en, zh)

    def known(
        self, names: Iterable[str], known: Iterable[str], path: Path, fault: tuple[str, str, str]
    ) -> None:
        """Note each of *names* that is not among *known*."""
        self.report.known(self.origin, names, known, path, fault)

    def _fields(self) -> None:
        for part in ("states", "fields", "settings", "deadlines", "facts"):
            for name in _WORDS_OF_CEL & getattr(self.workflow, part).keys():
                self.fault(
                    (part, name),
                    "DEF-034",
                    f"'{name}' is a word of the expression language; choose another name",
                    f"“{name}”是表达式语言的保留字，请换一个名称",
                )
        for name, field in self.workflow.fields.items():
            if name in RESERVED_FIELDS or (field.type == "choice" and name in ROOTS):
                self.fault(
                    ("fields", name),
                    "DEF-034",
                    f"'{name}' is reserved; choose another name for the field",
                    f"“{name}”是保留名称，请换一个字段名",
                )

    def _states(self) -> None:
        for name, state in self.workflow.states.items():
            path = ("states", name)
            self.known(state.forbids, self.triggers, (*path, "forbids"), TRIGGER)
            if name == NEW:
                self.fault(path, "DEF-034", "'new' is where every case begins", "“new”是保留状态")

    def _transition(self, transition: Transition, path: Path) -> None:
        sources = [s for s in transition.source if s != "*"]
        self.known(sources, {*self.states, NEW}, (*path, "source"), STATE)
        if transition.dest not in (None, "="):
            self.known([transition.dest or ""], self.states, (*path, "dest"), STATE)
        self._named(transition, path)
        self._asked(transition, path)
        self._opening(transition, path)
        self._leaving_the_end(transition, path)
        self.effects(transition.then, (*path, "then"))

    def _named(self, transition: Transition, path: Path) -> None:
        roles = {*self.workflow.roles, _ANYONE}
        self.known(transition.by, roles, (*path, "by"), ROLE)
        self.known(transition.not_by, self.triggers, (*path, "not_by"), TRIGGER)
        if transition.trigger and _RESERVED.match(transition.trigger):
            self.fault(
                (*path, "trigger"),
                "DEF-034",
                f"'{transition.trigger}' is reserved; choose another name for the trigger",
                f"“{transition.trigger}”是保留名称，请换一个操作名",
            )

    def _asked(self, transition: Transition, path: Path) -> None:
        own = [name for name, asked in transition.asks.items() if asked == OWN]
        self.known(own, self.workflow.fields, (*path, "asks"), FIELD)
        for name, asked in transition.asks.items():
            if isinstance(asked, Field) and name in self.workflow.fields:
                self.fault(
                    (*path, "asks", name),
                    "DEF-038",
                    f"'{name}' is a field of the case; ask for it by its name alone",
                    f"“{name}”已是事项字段，只需写字段名",
                )
        names = {*self.workflow.fields, *transition.asks}
        self.known(transition.requires, names, (*path, "requires"), FIELD)

    def _opening(self, transition: Transition, path: Path) -> None:
        if (NEW in transition.source) != (transition.trigger == OPEN) or (
            NEW in transition.source and transition.dest in (None, "=")
        ):
            self.fault(
                path,
                "DEF-023",
                "a case is opened by trigger 'open' from 'new' to a state, and 'open' does only that",
                "事项由触发器 open 从 new 流转到某个状态来创建，open 不作他用",
            )

    def _leaving_the_end(self, transition: Transition, path: Path) -> None:
        ends = [s for s in transition.source if s in self.states and self.workflow.states[s].final]
        if ends and not transition.reopen and transition.dest is not None:
            self.fault(
                path,
                "DEF-026",
                f"'{ends[0]}' is final; a transition that leaves it says 'reopen: true'",
                f"“{ends[0]}”是终止状态；离开它的流转须写明 reopen: true",
            )

    def effects(self, effects: list[Effect], path: Path) -> None:
        """Check what effects name."""
        for number, effect in enumerate(effects):
            at = (*path, number)
            self._effect(effect, at)
            if effect.each is not None:
                self._each(effect.each, (*at, "each"))

    def _each(self, each: str | Selector, path: Path) -> None:
        """Check what an effect runs over: a list of the case, a group, units chosen here."""
        if isinstance(each, Selector):
            units = dict.fromkeys(self.library.directory.unit_ids)
            top = [each.under] if each.under and not each.under.startswith("case.") else []
            self.known([*top, *each.units, *each.but] if units else [], units, path, UNIT)
            return
        lists = [n for n, f in self.workflow.fields.items() if f.type == "list"]
        facts = [n for n, kind in self.names.items() if n.startswith("fact.") and kind == "list"]
        campaigns = [c for c in self.library.campaigns.values() if self._runs_in(c)]
        shared = set.intersection(*(set(c.groups) for c in campaigns)) if campaigns else set()
        known = [*lists, *facts, *(shared - {*self.workflow.fields})]
        self.known([each.removeprefix("case.")], known, path, ELEMENTS)

    def _runs_in(self, campaign: Campaign) -> bool:
        return self.workflow.workflow in campaign.uses

    def _effect(self, effect: Effect, at: Path) -> None:
        # Only a rung knows the owner of its deadline.
        owner = {"owner"} if self.origin.startswith("ladder:") else set()
        roles = {*self.workflow.roles}
        own = [effect.fire] if effect.on == "this" else []
        checks: list[tuple[str, Iterable[str | None], Iterable[str], tuple[str, str, str]]] = [
            ("set", effect.set or {}, self.workflow.fields, FIELD),
            ("notify", effect.notify or [], {*roles, *owner}, ROLE),
            (
                "fire",
                own or [effect.fire],
                self.triggers if own else self.library.triggers,
                TRIGGER,
            ),
            ("open", [effect.open], self.library.workflows, WORKFLOW),
            ("issue", [effect.issue], self.serials, SERIAL),
            ("hand_over", [effect.hand_over], roles, ROLE),
            ("strike", [effect.strike], self.triggers, TRIGGER),
        ]
        for key in ("extend", "stop", "resume", "restart"):
            checks.append((key, [getattr(effect, key)], self.workflow.deadlines, DEADLINE))
        for key, names, known, fault in checks:
            self.known([name for name in names if name], known, (*at, key), fault)
        for name in self.serials & (effect.set or {}).keys():
            self.fault(
                (*at, "set", name),
                "DEF-099",
                f"'{name}' is a serial: take 'issue: {name}' in place of 'set'",
                f"“{name}”是编号：请用 issue: {name} 代替 set",
            )
        if effect.strike == OPEN:
            en = "the opening of a case is not withdrawn: end the case instead"
            self.fault((*at, "strike"), "DEF-086", en, "创建事项不可撤回：请以终止状态结束事项")

    def _deadlines(self) -> None:
        check_following(self.workflow, self.report)
        for name, deadline in self.workflow.deadlines.items():
            path = ("deadlines", name)
            self.known(deadline.runs_in, self.states, (*path, "runs_in"), STATE)
            self.known(deadline.waits_in, self.states, (*path, "waits_in"), STATE)
            self.known([deadline.owner], self.workflow.roles, (*path, "owner"), ROLE)
            self._extension(name, deadline)
            if deadline.ladder is not None:
                ladders = self.library.ladders
                self.known([deadline.ladder], ladders, (*path, "ladder"), LADDER)
                self._ladder(deadline.ladder)

    def _ladder(self, name: str) -> None:
        """Check what the rungs of a ladder name: a ladder is checked for each workflow that uses it."""
        ladder = self.library.ladders.get(name)
        here, self.origin = self.origin, f"ladder:{name}"
        for number, rung in enumerate(ladder.rungs if ladder else []):
            self.effects(rung.then, ("rungs", number, "then"))
        self.origin = here

    def _extension(self, name: str, deadline: Deadline) -> None:
        extension = deadline.extension
        if extension is not None and extension.request is not None:
            path = ("deadlines", name, "extension", "request")
            self.known([extension.request], self.triggers, path, TRIGGER)
