"""Conditions that can never hold, transitions that others always forestall, and circles without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from duban.engine.definition.expressions import Expression
from duban.engine.definition.faults import Path, Report
from duban.engine.definition.logic import NOTHING, Reader, Terms, together
from duban.engine.definition.machine import NEW, Candidate, Machine

_LONGEST_CIRCLE = 6
_MOST_CIRCLES = 200
# What follows from a move: where the case is, since when, and its clocks.
_MOVED = ("is.", "entered.", "due.", "first_due.", "met.", "lapsed.", "runs.", "extended.")
# What else an effect may change, by its action.
_CHANGES = {
    "extend": ("due.", "lapsed.", "extended."),
    "stop": ("due.", "lapsed.", "met.", "runs."),
    "resume": ("due.", "lapsed.", "met.", "runs."),
    "restart": ("due.", "first_due.", "lapsed.", "met.", "runs."),
    "open": ("fact.",),
    "link": ("fact.",),
}
# Names that an automatic transition cannot read, or effects of which anything may follow.
_UNKNOWN = frozenset({"fire", "issue", "strike"})


class ConditionCheck:
    """The checks of the conditions of one compiled workflow."""

    def __init__(self, machine: Machine, report: Report) -> None:
        self.machine, self.report = machine, report
        self.origin = f"workflow:{machine.workflow.workflow}"
        self.reader = Reader(choices_of(machine))
        self.candidates = _candidates(machine)
        self._seen: dict[tuple[int, str, bool], Terms] = {}
        self._read_before: dict[tuple[str, str, bool], Terms] = {}
        self._lost: dict[int, dict[str, bool]] = {}

    def run(self) -> None:
        """Run them all."""
        for candidate in self.candidates:
            self._can_hold(candidate)
        for row in self.machine.table.values():
            self._forestalled(row)
        for row in self.machine.automatic.values():
            self._forestalled(row)
        self._report_forestalled()
        for circle in self._circles():
            self._endless(circle)

    # ---- what can hold

    def _known(self, state: str) -> Mapping[str, bool]:
        states = self.machine.states
        region = _region(states.get(state))
        # Of other regions nothing is known; before it is opened a case is nowhere.
        here = {s for s, model in states.items() if state == NEW or _region(model) == region}
        return {f"is.{s}": s == state for s in here}

    def _terms(self, candidate: Candidate, state: str) -> Terms:
        key = (candidate.index, state, True)
        if key not in self._seen:
            self._seen[key] = together(self._parts(candidate, state))
        return self._seen[key]

    def _parts(self, candidate: Candidate, state: str) -> Iterator[Terms]:
        for condition in _wanted(candidate):
            yield self._ways(condition, state, True)
        for condition in candidate.unless:
            yield self._ways(condition, state, False)

    def _ways(self, condition: Expression, state: str, holds: bool) -> Terms:
        here = any(name.startswith("is.") for name in condition.names)
        key = (condition.source, state if here else "", holds)
        if key not in self._read_before:
            known = self._known(state).get if here else _nothing
            self._read_before[key] = self.reader.terms(condition.source, known, holds)
        return self._read_before[key]

    def _fails(self, candidate: Candidate, state: str) -> Terms:
        """Return in which ways *candidate* does not hold in *state*."""
        key = (candidate.index, state, False)
        if key not in self._seen:
            ways = [self._ways(c, state, False) for c in _wanted(candidate)]
            ways += [self._ways(c, state, True) for c in candidate.unless]
            self._seen[key] = tuple(dict.fromkeys(term for way in ways for term in way))
        return self._seen[key]

    def _can_hold(self, candidate: Candidate) -> None:
        never = [s for s in sorted(candidate.sources) if self._terms(candidate, s) == NOTHING]
        path = _path(candidate)
        if never and len(never) == len(candidate.sources):
            en = "these conditions can never hold together; the transition is never taken"
            if len([*candidate.conditions, *candidate.unless]) + (candidate.when is not None) == 1:
                en = "this condition can never hold; the transition is never taken"
            zh = "该条件永远不可能成立，流转永远不会执行"
            self.report.add_value(self.origin, path, "DEF-171", en, zh)
        elif never and "*" not in self.machine.workflow.transitions[candidate.index].source:
            en = f"from '{never[0]}' this can never hold; take it out of 'source'"
            zh = f"在“{never[0]}”下该条件不可能成立；请从 source 中去掉"
            self.report.warn(self.origin, path, "DEF-172", en, zh)

    # ---- what comes too late

    def _forestalled(self, row: Sequence[Candidate]) -> None:
        """Note who can never have its turn: whenever it holds, one before it holds too."""
        for number, later in enumerate(row[1:], 1):
            for state in sorted(later.sources):
                before = [c for c in row[:number] if state in c.sources]
                bare = any(not c.when and not c.conditions and not c.unless for c in before)
                mine = self._terms(later, state)
                if before and not bare and mine != NOTHING:
                    rest = together([mine, *(self._fails(c, state) for c in before)])
                    self._lost.setdefault(later.index, {})[state] = rest == NOTHING

    def _report_forestalled(self) -> None:
        for candidate in self.candidates:
            lost = self._lost.get(candidate.index, {})
            if lost and len(lost) == len(candidate.sources) and all(lost.values()):
                en = "this can never be taken: whenever it holds, one before it holds and is taken"
                zh = "永远不会执行：它成立时，排在前面的总会先成立并执行"
                self.report.add(self.origin, ("transitions", candidate.index), "DEF-170", en, zh)

    # ---- circles of automatic transitions

    def _circles(self) -> Iterator[list[tuple[str, Candidate]]]:
        """Yield rounds of automatic transitions that lead back to where they began."""
        found = 0
        for start in sorted(self.machine.automatic):
            waiting: list[list[tuple[str, Candidate]]] = [
                [(start, c)] for c in self.machine.automatic[start]
            ]
            while waiting and found < _MOST_CIRCLES:
                path = waiting.pop()
                to = _dest(*path[-1])
                if to == start:
                    found += 1
                    yield path
                # Each round is found from the first of its states alone.
                elif to > start and len(path) < _LONGEST_CIRCLE and to not in {s for s, _ in path}:
                    waiting += [[*path, (to, c)] for c in self.machine.automatic.get(to, ())]

    def _endless(self, circle: Sequence[tuple[str, Candidate]]) -> None:
        parts: list[Terms] = []
        changed = _changed(circle)
        if changed is None:
            return
        for state, candidate in circle:
            if any(name.startswith(changed) for name in _read(candidate)):
                return
            parts.append(self._terms(candidate, state))
            parts += [self._fails(c, state) for c in _before(candidate, self.machine, state)]
        if together(parts) == NOTHING:
            return
        states = [state for state, _ in circle]
        round_ = " → ".join([*states, states[0]])
        self.report.add(
            self.origin,
            ("transitions", circle[0][1].index),
            "DEF-182",
            f"automatic transitions go round without end: {round_}; "
            "let what they do make a condition false",
            f"自动流转会无休止循环：{round_}；请让其效果使条件不再成立",
        )


def choices_of(machine: Machine) -> dict[str, str]:
    """Return the names of the choices of fields and inputs (``grade.major``) with their values."""
    fields = dict(machine.fields)
    for candidate in _candidates(machine):
        fields.update(candidate.asks)
    return {f"{name}.{choice}": choice for name, f in fields.items() for choice in f.choices}


def _candidates(machine: Machine) -> list[Candidate]:
    rows = (*machine.table.values(), *machine.automatic.values())
    found = {candidate.index: candidate for row in rows for candidate in row}
    return [found[index] for index in sorted(found)]


def _region(state: object) -> object:
    return getattr(state, "region", None)


def _path(candidate: Candidate) -> Path:
    at: Path = ("transitions", candidate.index)
    if candidate.when is not None:
        return (*at, "when")
    return (*at, "conditions" if candidate.conditions else "unless")


def _dest(state: str, candidate: Candidate) -> str:
    return state if candidate.dest in (None, "=") else str(candidate.dest)


def _before(candidate: Candidate, machine: Machine, state: str) -> list[Candidate]:
    return [c for c in machine.automatic.get(state, ()) if c.index < candidate.index]


def _wanted(candidate: Candidate) -> tuple[Expression, ...]:
    when = (candidate.when,) if candidate.when is not None else ()
    return (*when, *candidate.conditions)


def _nothing(_: str) -> None:
    return None


def _read(candidate: Candidate) -> Iterator[str]:
    for expression in (*_wanted(candidate), *candidate.unless):
        # Where the case is was taken into account already.
        yield from (name for name in expression.names if not name.startswith("is."))


def _changed(circle: Sequence[tuple[str, Candidate]]) -> tuple[str, ...] | None:
    """Return what a round may change, as beginnings of names; None when that cannot be told."""
    changed: list[str] = []
    for _, candidate in circle:
        if candidate.dest is not None:
            changed += _MOVED
        for effect in candidate.effects:
            if effect.action in _UNKNOWN:
                return None
            changed += _CHANGES.get(effect.action, ())
            for name in effect.model.set or {}:
                changed += [f"case.{name}", f"given.{name}"]
        if candidate.reopen:
            changed.append("episode")
    return tuple(changed)
