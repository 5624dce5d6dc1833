"""What no single model can see: names that must fit together, and graphs that must lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise

from duban.engine.definition.campaign import Campaign, PhasePart
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.faults import Path, Report
from duban.engine.definition.fields import Field
from duban.engine.definition.library import Library
from duban.engine.definition.machine import NEW, OPEN, Candidate
from duban.engine.definition.names import RESERVED_FIELDS
from duban.engine.definition.published import Definition
from duban.engine.definition.semantics import build
from duban.engine.definition.workflow import (
    OWN,
    Deadline,
    Effect,
    Extension,
    Ladder,
    Transition,
    Workflow,
)
from duban.engine.timing.spans import Offset

_RESERVED = re.compile(r"^(to_.*|may_.*|is_.*|trigger|state|states|model|before|after)$")
_ANYONE = "anyone"
_WORDS_OF_CEL = frozenset({"in", "true", "false", "null"})
# What a name may begin with; the choices of a field called so could not be told apart.
_ROOTS = frozenset(
    [
        "case",
        "given",
        "input",
        "setting",
        "is",
        "entered",
        "times",
        "due",
        "first_due",
        "met",
        "lapsed",
        "runs",
        "extended",
        "fact",
        "campaign",
        "phase",
        "opened",
        "episode",
        "item",
    ]
)

_SIDES = ("before", "due", "after")


def check(definitions: Sequence[Definition], library: Library) -> None:
    """Check *definitions* as they would stand in *library*, which holds them already.

    Raises:
        InvalidDefinition: with every fault of all of them.
    """
    sources = {d.origin: d.source for d in library.definitions.values()}
    report = Report({**sources, **{d.origin: d.source for d in definitions}})
    for definition in definitions:
        if isinstance(definition.model, Workflow):
            WorkflowCheck(definition.model, library, report).run()
        elif isinstance(definition.model, Ladder):
            _in_order(definition.model, report)
        elif isinstance(definition.model, PhasePart | Campaign):
            _ladders_exist(definition.model, definition.origin, library, report)
    if not report.faults:
        _compile_all(library, report)
    report.finish()


def _in_order(ladder: Ladder, report: Report) -> None:
    """Rungs stand in order of time, as far as lengths in different units can be told apart."""
    offsets = [Offset.parse(rung.at) for rung in ladder.rungs]
    for number, (one, following) in enumerate(pairwise(offsets), 1):
        side, next_side = _SIDES.index(one.side), _SIDES.index(following.side)
        counts = (one.span.count, following.span.count)
        nearer = counts[0] <= counts[1] if one.side == "before" else counts[0] >= counts[1]
        same = side == next_side and one.span.unit == following.span.unit and nearer
        if side > next_side or same or (one.side == "due" == following.side):
            report.add(
                f"ladder:{ladder.ladder}",
                ("rungs", number, "at"),
                "DEF-040",
                f"rung {number + 1} ({following}) must be later than rung {number} ({one})",
                f"第 {number + 1} 级（{following}）必须晚于第 {number} 级（{one}）",
            )


def _ladders_exist(
    part: PhasePart | Campaign, origin: str, library: Library, report: Report
) -> None:
    parts: list[tuple[Path, PhasePart | Campaign]] = [((), part)]
    if isinstance(part, Campaign):
        parts += [(("phases", number), phase) for number, phase in enumerate(part.phases)]
    for path, layer in parts:
        for workflow, chosen in layer.ladders.items():
            for deadline, ladder in chosen.items():
                if ladder not in library.ladders:
                    report.add(
                        origin,
                        (*path, "ladders", workflow, deadline),
                        "DEF-028",
                        f"ladder '{ladder}' is not known; known: {', '.join(library.ladders) or '-'}",
                        f"未知的督办阶梯“{ladder}”；已知：{', '.join(library.ladders) or '-'}",
                    )


def _compile_all(library: Library, report: Report) -> None:
    """Compile every workflow as it will run: bare, and in each phase of each campaign."""
    for name in library.workflows:
        compile_rules(library.rules(name, None, None), report)
        for campaign in library.campaigns.values():
            if name in campaign.uses:
                for phase in [None, *campaign.phases]:
                    compile_rules(library.rules(name, campaign, phase), report)


class WorkflowCheck:
    """The checks of one workflow."""

    def __init__(self, workflow: Workflow, library: Library, report: Report) -> None:
        self.workflow, self.library, self.report = workflow, library, report
        self.origin = f"workflow:{workflow.workflow}"
        self.states = set(workflow.states)
        self.triggers = {t.trigger for t in workflow.transitions if t.trigger}

    def run(self) -> None:
        """Run them all."""
        self._fields()
        for number, transition in enumerate(self.workflow.transitions):
            self._transition(transition, ("transitions", number))
        self._states()
        self._deadlines()
        self._facts()
        self._graph()
        self._never_won()
        self._semantics()

    def fault(self, path: Path, code: str, en: str, zh: str) -> None:
        """Note a fault of this workflow."""
        self.report.add(self.origin, path, code, en, zh)

    def known(
        self, names: Iterable[str], known: Iterable[str], path: Path, code: str, what: str, zh: str
    ) -> None:
        """Note each of *names* that is not among *known*, with the nearest that is."""
        among = sorted(known)
        for name in names:
            if name not in among:
                close = get_close_matches(name, among, 1, 0.6)
                hint = f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(among)}"
                hint_zh = f"；是否指“{close[0]}”？" if close else f"；已知：{', '.join(among)}"
                self.fault(
                    path,
                    code,
                    f"{what} '{name}' is not known{hint}",
                    f"未知的{zh}“{name}”{hint_zh}",
                )

    # ---- fields and states

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
            if name in RESERVED_FIELDS or (field.type == "choice" and name in _ROOTS):
                self.fault(
                    ("fields", name),
                    "DEF-034",
                    f"'{name}' is reserved; choose another name for the field",
                    f"“{name}”是保留名称，请换一个字段名",
                )

    def _states(self) -> None:
        for name, state in self.workflow.states.items():
            path = ("states", name)
            self.known(
                state.forbids, self.triggers, (*path, "forbids"), "DEF-035", "trigger", "操作"
            )
            if name == NEW:
                self.fault(path, "DEF-034", "'new' is where every case begins", "“new”是保留状态")

    # ---- transitions

    def _transition(self, transition: Transition, path: Path) -> None:
        sources = [s for s in transition.source if s != "*"]
        self.known(sources, {*self.states, NEW}, (*path, "source"), "DEF-020", "state", "状态")
        if transition.dest not in (None, "="):
            self.known(
                [transition.dest or ""], self.states, (*path, "dest"), "DEF-020", "state", "状态"
            )
        self._named(transition, path)
        self._asked(transition, path)
        self._opening(transition, path)
        self._leaving_the_end(transition, path)
        self.effects(transition.then, (*path, "then"))

    def _named(self, transition: Transition, path: Path) -> None:
        roles = {*self.workflow.roles, _ANYONE}
        self.known(transition.by, roles, (*path, "by"), "DEF-033", "role", "角色")
        self.known(
            transition.not_by, self.triggers, (*path, "not_by"), "DEF-035", "trigger", "操作"
        )
        if transition.trigger and _RESERVED.match(transition.trigger):
            self.fault(
                (*path, "trigger"),
                "DEF-034",
                f"'{transition.trigger}' is reserved; choose another name for the trigger",
                f"“{transition.trigger}”是保留名称，请换一个操作名",
            )

    def _asked(self, transition: Transition, path: Path) -> None:
        own = [name for name, asked in transition.asks.items() if asked == OWN]
        self.known(own, self.workflow.fields, (*path, "asks"), "DEF-037", "field", "字段")
        for name, asked in transition.asks.items():
            if isinstance(asked, Field) and name in self.workflow.fields:
                self.fault(
                    (*path, "asks", name),
                    "DEF-038",
                    f"'{name}' is a field of the case; ask for it by its name alone",
                    f"“{name}”已是事项字段，只需写字段名",
                )
        names = {*self.workflow.fields, *transition.asks}
        self.known(transition.requires, names, (*path, "requires"), "DEF-037", "field", "字段")

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

    # ---- effects

    def effects(self, effects: list[Effect], path: Path) -> None:
        """Check what effects name."""
        for number, effect in enumerate(effects):
            at = (*path, number)
            self._effect(effect, at)
            if effect.each is not None:
                name = effect.each.removeprefix("case.")
                lists = [n for n, f in self.workflow.fields.items() if f.type == "list"]
                self.known([name], lists, (*at, "each"), "DEF-037", "list field", "列表字段")

    def _effect(self, effect: Effect, at: Path) -> None:
        deadlines = [d for d in (effect.extend, effect.stop, effect.resume, effect.restart) if d]
        roles = {*self.workflow.roles}
        # Only a rung knows the owner of its deadline.
        owner = {"owner"} if self.origin.startswith("ladder:") else set()
        checks: list[tuple[Iterable[str], Iterable[str], str, str, str]] = [
            (effect.set or {}, self.workflow.fields, "DEF-037", "field", "字段"),
            (effect.notify or [], {*roles, *owner}, "DEF-033", "role", "角色"),
            (
                [effect.fire] if effect.fire and effect.on == "this" else [],
                self.triggers,
                "DEF-035",
                "trigger",
                "操作",
            ),
            (
                [effect.open] if effect.open else [],
                self.library.workflows,
                "DEF-039",
                "workflow",
                "流程",
            ),
            (deadlines, self.workflow.deadlines, "DEF-029", "deadline", "时限"),
            ([effect.hand_over] if effect.hand_over else [], roles, "DEF-033", "role", "角色"),
        ]
        for names, known, code, what, zh in checks:
            self.known(names, known, at, code, what, zh)

    # ---- deadlines, ladders, facts

    def _deadlines(self) -> None:
        for name, deadline in self.workflow.deadlines.items():
            path = ("deadlines", name)
            states = [*deadline.runs_in, *deadline.waits_in]
            self.known(states, self.states, path, "DEF-020", "state", "状态")
            self.known(
                [deadline.owner], self.workflow.roles, (*path, "owner"), "DEF-033", "role", "角色"
            )
            self.known(
                deadline.follows,
                self.workflow.fields,
                (*path, "follows"),
                "DEF-037",
                "field",
                "字段",
            )
            self._extension(name, deadline.extension)
            self._again(name, deadline)
            if deadline.ladder is not None:
                ladders = self.library.ladders
                self.known(
                    [deadline.ladder], ladders, (*path, "ladder"), "DEF-028", "ladder", "督办阶梯"
                )
                self._ladder(deadline.ladder)

    def _ladder(self, name: str) -> None:
        """Check what the rungs of a ladder name: a ladder is checked for each workflow that uses it."""
        ladder = self.library.ladders.get(name)
        here, self.origin = self.origin, f"ladder:{name}"
        for number, rung in enumerate(ladder.rungs if ladder else []):
            self.effects(rung.then, ("rungs", number, "then"))
        self.origin = here

    def _extension(self, name: str, extension: Extension | None) -> None:
        if extension is not None and extension.request is not None:
            path = ("deadlines", name, "extension", "request")
            self.known([extension.request], self.triggers, path, "DEF-035", "trigger", "操作")

    def _again(self, name: str, deadline: Deadline) -> None:
        """What happens on entering again must be said where a case can leave and come back."""
        runs, waits = set(deadline.runs_in), set(deadline.waits_in)
        moves = {state: set(self._next(state, reopening=False)) for state in self.states}
        away = _closure(runs & self.states, moves) - runs - waits
        back = [s for s in sorted(away) if _closure({s}, moves) & runs]
        if deadline.again is None and back:
            self.fault(
                ("deadlines", name),
                "DEF-057",
                f"a case may come back from '{back[0]}': say 'again: waits', 'same due' or 'anew'",
                f"事项可能从“{back[0]}”返回：请写明 again: waits、same due 或 anew",
            )

    def _facts(self) -> None:
        for name, fact in self.workflow.facts.items():
            path = ("facts", name)
            self.known([fact.workflow], self.library.workflows, path, "DEF-039", "workflow", "流程")

    # ---- the graph

    def _graph(self) -> None:
        moves = {state: set(self._next(state)) for state in (*self.states, NEW)}
        reached = _closure({NEW}, moves)
        for state in self.workflow.states:
            if state not in reached:
                self.fault(
                    ("states", state),
                    "DEF-024",
                    f"state '{state}' cannot be reached",
                    f"状态“{state}”无法到达",
                )
        final = {name for name, state in self.workflow.states.items() if state.final}
        backwards: dict[str, set[str]] = {state: set() for state in moves}
        for state, nexts in moves.items():
            for following in nexts & moves.keys():
                backwards[following].add(state)
        ending = _closure(final, backwards)
        for state in self.workflow.states:
            if final and state in reached and state not in ending:
                self.fault(
                    ("states", state),
                    "DEF-025",
                    f"from '{state}' no final state can be reached",
                    f"从“{state}”无法到达任何终止状态",
                )

    def _next(self, state: str, *, reopening: bool = True) -> Iterator[str]:
        for transition in self.workflow.transitions:
            if transition.reopen and not reopening:
                continue
            everywhere = "*" in transition.source and not (
                state in self.states and self.workflow.states[state].final
            )
            if transition.dest and (state in transition.source or (everywhere and state != NEW)):
                yield state if transition.dest == "=" else transition.dest

    def _never_won(self) -> None:
        """A candidate behind an unconditional one of the same source and trigger can never win."""
        seen: dict[tuple[str, str], int] = {}
        for number, transition in enumerate(self.workflow.transitions):
            trigger = transition.trigger
            if trigger is None:
                continue
            sources = self._sources(transition)
            before = [source for source in sources if (source, trigger) in seen]
            # One that leaves everything may well be written to catch what others left.
            if before and (len(before) == len(sources) or "*" not in transition.source):
                first = seen[before[0], trigger] + 1
                self.fault(
                    ("transitions", number),
                    "DEF-022",
                    f"this '{trigger}' from '{before[0]}' can never be taken: "
                    f"transition {first} has no condition and comes first",
                    f"“{before[0]}”下的这个“{trigger}”永远不会执行：第 {first} 个流转没有条件且在前",
                )
            if not transition.conditions and not transition.unless:
                for source in sources:
                    seen.setdefault((source, trigger), number)

    def _sources(self, transition: Transition) -> list[str]:
        named = [source for source in transition.source if source != "*"]
        if "*" in transition.source:
            named += [name for name, state in self.workflow.states.items() if not state.final]
        return named

    def _semantics(self) -> None:
        """The last word has `transitions` itself: it must accept the definition."""
        if self.report.faults:
            return
        try:
            candidates = _candidates(self.workflow, self.library)
            build(self.workflow.states, candidates, lambda *_: True)
        except Exception as error:  # whatever the library says is a fault of the file
            said = str(error)
            self.fault(("transitions",), "DEF-027", f"transitions: {said}", f"transitions：{said}")


def _candidates(workflow: Workflow, library: Library) -> list[Candidate]:
    machine = compile_rules(library.rules(workflow.workflow, None, None), Report())
    found = {c.index: c for row in machine.table.values() for c in row}
    return [found[index] for index in sorted(found)]


def _closure(start: set[str], moves: Mapping[str, set[str]]) -> set[str]:
    reached, queue = set(start), list(start)
    while queue:
        for following in moves.get(queue.pop(), ()):
            if following not in reached:
                reached.add(following)
                queue.append(following)
    return reached
